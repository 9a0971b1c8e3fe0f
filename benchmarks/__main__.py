"""python -m benchmarks purge | oltp | profile | detect | discover. What each measures: README.md."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import oltp, tables
from benchmarks.billing import AS_OF, Size
from benchmarks.contender import Task
from benchmarks.contest import CONTENDERS, Contest, available
from benchmarks.ground import Ground, ground, machine, tune
from benchmarks.profile import profile
from tests.servers import ServerMissing, Servers, Session

BESIDE = ("limit", "hand", "product")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 where contenders left different rows, 2 where there is no such server."""
    given = _parser().parse_args(arguments)
    if given.contenders and (unknown := set(given.contenders) - set(CONTENDERS)):
        print(f"no such contender: {', '.join(sorted(unknown))}; there are: {', '.join(CONTENDERS)}", file=sys.stderr)
        return 2
    if given.command == "discover":
        return _discover(given)
    if given.database == "sqlite":
        print("no server to measure: sqlite is for discover alone", file=sys.stderr)
        return 2
    if given.command == "detect":
        return _detect(given)
    try:
        with _server(given.database, Size(given.cards)) as built:
            facts = {"command": given.command, "cards": given.cards, "as_of": AS_OF.isoformat(),
                     "machine": machine(built.template, built.dialect)}
            found, agree = COMMANDS[given.command](built, given)
    except ServerMissing as missing:
        print(f"no {given.database} server here: {missing}", file=sys.stderr)
        return 2
    _write(given.json, facts | found)
    return 0 if agree else 1


def _detect(given: argparse.Namespace) -> int:
    from benchmarks import detect  # the process of a contender imports this module too, and its memory is measured

    compared = detect.Comparison().run(given.rows)
    for table in compared.tables():
        tables.show(table)
    for name in compared.missing:
        print(f"{name}: not installed")
    _write(given.json, {"command": "detect", "rows": given.rows} | compared.as_json())
    return 0


def _write(path: Path | None, facts: dict[str, Any]) -> None:
    if path:
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS, "detect", "discover"])
    parser.add_argument("--database", choices=("postgresql", "mariadb", "sqlite"), default="postgresql",
                        help="sqlite: discover only")
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="of all contenders; the median counts (purge, discover)")
    parser.add_argument("--contenders", type=lambda text: text.split(","), help=f"some of {', '.join(CONTENDERS)}")
    parser.add_argument("--rows", type=int, default=20_000, help="of each column (detect), of each table (discover)")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    parser.add_argument("--stats", type=Path, help="a file for cProfile (profile)")
    return parser


@contextmanager
def _server(dialect: str, size: Size) -> Iterator[Ground]:
    session = Session()
    servers = Servers(session.root)
    try:
        with servers.database(dialect) as empty:
            tune(empty.url, dialect)
        with ground(servers, dialect, size) as built:
            yield built
    finally:
        servers.close()
        session.end()


def _discover(given: argparse.Namespace) -> int:
    from benchmarks import discovery

    session = Session()
    servers = Servers(session.root)
    try:
        measured = discovery.compare(servers, given.database, given.rows, given.rounds)
    except ServerMissing as missing:
        print(f"no {given.database} server here: {missing}", file=sys.stderr)
        return 2
    finally:
        servers.close()
        session.end()
    tables.show(discovery.shown(given.database, measured))
    _write(given.json, {"command": "discover", "rows": given.rows, "database": given.database,
                        "measured": [asdict(m) for m in measured]})
    return 0


def _purge(built: Ground, given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    contest = Contest(built)
    contest.scan()
    for measured in contest.run(given.contenders or available(built.dialect), given.rounds):
        print(f"{measured.contender}: {measured.seconds:.2f} s, {measured.removed:,} removed", flush=True)
    tables.show(tables.ratios(contest))
    if any("nothing_due" in m.notes for m in contest.measured):
        tables.show(tables.phases(contest))
    for complaint in contest.disagree:
        print(f"NOT THE SAME ROWS  {complaint}")
    if not contest.disagree:
        print("every contender left the same rows")
    return {"scans_s": contest.scans_s, "disagree": contest.disagree,
            "measured": [asdict(m) for m in contest.measured]}, not contest.disagree


def _oltp(built: Ground, given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    stretches: list[oltp.Latency] = []
    for some in oltp.oltp(built, given.contenders or BESIDE):
        stretches += some
    tables.show(tables.latencies(stretches))
    return {"per_second": oltp.PER_SECOND, "clients": oltp.CLIENTS, "latencies": oltp.as_json(stretches)}, True


def _profile(built: Ground, given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    with built.copy() as url:
        found = profile(Task(built, url, "cards"), given.stats)
    for phase, part in found["phases"].items():
        title = (f"{phase}: {part['wall_s']} s, client CPU {part['client_cpu_s']} s, "
                 f"in statements {part['in_statements_s']} s")
        tables.show(tables.statements(title, part["statements"][:14]))
    return found, True


COMMANDS = {"purge": _purge, "oltp": _oltp, "profile": _profile}

if __name__ == "__main__":
    sys.exit(main())
