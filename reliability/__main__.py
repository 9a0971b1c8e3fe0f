"""python -m reliability races | kills | sessions | servers | disk | failover | deadlocks | all: docs/reliability.md."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from servers import ServerMissing

from benchmarks.ground import machine
from reliability.claims import Found, Progress
from reliability.crashes import crashes
from reliability.deadlocks import deadlocks
from reliability.failover import failover
from reliability.full import full
from reliability.kills import kills
from reliability.plug import Plug, own_server
from reliability.races import races
from reliability.sessions import sessions
from reliability.small_disk import NoDiskError

WIDE = 200
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Command:
    """What one word does, and how often where nobody says."""

    work: Callable[[Plug, int, int, Path, Progress], Found]
    number: int


COMMANDS = {
    "races": Command(lambda plug, *more: races(plug.servers, plug.dialect, *more), 1000),
    "kills": Command(lambda plug, *more: kills(plug.servers, plug.dialect, *more), 200),
    "sessions": Command(lambda plug, *more: sessions(plug.servers, plug.dialect, *more), 400),
    "servers": Command(crashes, 50),
    "disk": Command(full, 10),
    "failover": Command(failover, 20),
    "deadlocks": Command(lambda plug, *more: deadlocks(plug.servers, plug.dialect, *more), 50),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 where a claim was broken, 2 where something cannot be tried on this machine."""
    given = _parser().parse_args(arguments)
    names = list(COMMANDS) if given.command == "all" else [given.command]
    answers: dict[str, Any] = {}
    codes = []
    try:
        with own_server(given.database) as plug:
            with plug.servers.database(given.database) as empty:
                facts = machine(empty.url, given.database)
            for name in names:
                codes.append(_carry_out(name, plug, given, answers))
    except ServerMissing as missing:
        print(f"no {given.database} server here: {missing}", file=sys.stderr)
        return 2
    if given.json:
        whole = {"database": given.database, "seed": given.seed, "machine": facts, **answers}
        given.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if 1 in codes else max(codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reliability", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS, "all"])
    parser.add_argument("--database", choices=("postgresql", "mariadb"), default="postgresql")
    parser.add_argument("--number", type=int, help="how often; else "
                        + ", ".join(f"{name} {command.number}" for name, command in COMMANDS.items()))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="a file for every figure")
    return parser


def _carry_out(name: str, plug: Plug, given: argparse.Namespace, answers: dict[str, Any]) -> int:
    command = COMMANDS[name]
    number = given.number or command.number
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{name}, {time.monotonic() - began:.0f} s: {words}", file=sys.stderr, flush=True)

    try:
        with tempfile.TemporaryDirectory() as folder:
            found = command.work(plug, number, given.seed, Path(folder), say)
    except NoDiskError as missing:
        print(f"NOT TRIED  {name}: {missing}")
        return 2
    seconds = round(time.monotonic() - began, 1)
    answers[name] = {"number": number, "seconds": seconds, **asdict(found)}
    _show(found, f"{plug.dialect}: {found.title}, {seconds:,.0f} s")
    return 1 if found.broken else 0


def _show(found: Found, title: str) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    table = Table(title=title, title_justify="left")
    columns = dict.fromkeys(column for row in found.rows for column in row)
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left")
    for row in found.rows:
        values = (row.get(column, 0) for column in columns)
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in values))
    console.print(table)
    for name, value in found.facts.items():
        console.print(f"{name}: {value}", highlight=False, markup=False)
    for name, words in found.said.items():
        console.print(f"{name}: {words}", highlight=False, markup=False)
    for broken in found.broken[:MOST_SHOWN]:
        console.print(f"BROKEN  {broken}", highlight=False, markup=False)
    console.print("every claim held" if not found.broken else f"{len(found.broken)} claims were broken")


if __name__ == "__main__":
    sys.exit(main())
