"""The commands that only look: one record's story, the rule by itself, what is still on disk."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from carddata_retention import console
from carddata_retention.cli.auditing import about
from carddata_retention.cli.front import DEFAULT_CONFIG, AsOf, ConfigOption, Json, app, asked, load_config, now
from carddata_retention.errors import UsageError


@app.command()
def explain(
    target: Annotated[str, typer.Argument(metavar="TARGET")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The value, a JSON array, or - for standard input.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """One record: status, service end, start day, article, deadline, holds."""
    from carddata_retention.explain import explain_record

    given = sys.stdin.readline().strip() if key == "-" else key
    story = explain_record(*asked(config, as_of), target, given)
    about(target=target)  # one that is declared: what was typed may be anything
    if json:
        console.say_json({"schema": 1, **story})
    else:
        for word, value in story.items():
            console.say(f"{word.replace('_', ' '):22} {'—' if value is None else value}")


@app.command()
def deadline(
    moment: Annotated[str | None, typer.Argument(metavar="INSTANT|DATE")] = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="-", help="Read many from a CSV file or - .")] = None,
    convention: Annotated[str, typer.Option("--convention")] = "jp-civil-code",
    zone: Annotated[str, typer.Option("--zone")] = "Asia/Tokyo",
    period: Annotated[str, typer.Option("--period")] = "P5Y",
    kind: Annotated[str, typer.Option("--kind", help="instant, inclusive-date or exclusive-date.")] = "instant",
    json: Json = False,
) -> None:
    """The rule by itself: the start day, the last day retained, the first purgeable day, the article."""
    from carddata_retention.calculator import calculate, calculate_csv

    given = {"convention": convention, "zone": zone, "period": period, "kind": kind}
    if (moment is None) == (csv is None):
        raise UsageError("deadline_input", "Give one INSTANT or DATE, or --csv FILE.",
                         cure="carddata-retention deadline 2019-02-28T12:00:00+09:00")
    if csv is not None:
        with rows_of(csv) as source:
            calculate_csv(source, sys.stdout, given)
        return
    answer = calculate(moment or "", **given)
    if answer["error"]:
        raise UsageError("deadline_input", f"This cannot be computed: {answer['error']}.", not_done="",
                         cure="carddata-retention deadline --help")
    if json:
        console.say_json({"schema": 1, "service_end": moment, **given, **answer})
    else:
        for word in ("start_day", "last_retained_day", "first_purgeable_day", "rule"):
            console.say(f"{word.replace('_', ' '):20} {answer[word]}")


@app.command()
def residue(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """What may still be on disk of what was removed: where, until when, and what would empty it."""
    from carddata_retention.remanence import traces

    found = traces(load_config(config), now())
    if json:
        console.say_json({"schema": 1, "mode": "residue", "exit_code": 0, "places": [t.as_json() for t in found]})
    else:
        console.places(found)


@contextmanager
def rows_of(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as wrong:
        raise UsageError("csv_unreadable", f"{name} cannot be read: {type(wrong).__name__}.") from None
