"""The commands of a night: its run, its dry run, its second look, its report."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from carddata_retention import console
from carddata_retention.cli.front import (
    DEFAULT_CONFIG,
    AsOf,
    ConfigOption,
    Json,
    app,
    asked,
    hooks,
    load_config,
    now,
    tell,
)
from carddata_retention.errors import Exit, FailedError, UsageError


@app.command()
def run(config: ConfigOption = DEFAULT_CONFIG, as_of: AsOf = None, json: Json = False) -> None:
    """The night: plan, gate, purge, verify, report. The only command that cron needs."""
    from carddata_retention.run import night

    tell(night(*asked(config, as_of), hooks()), json)


@app.command()
def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOf = None,
    files: Annotated[Path | None, typer.Option("--files", metavar="DIRECTORY", help="Search the database's own files "
                                               "for values from standard input, one on each line.")] = None,
    json: Json = False,
) -> None:
    """The independent look: nothing due is left, the evidence holds. Read-only."""
    from carddata_retention.afterwards import verify_night

    if files is not None:
        search_files(files, json)
    tell(verify_night(*asked(config, as_of), hooks()), json)


def search_files(directory: Path, json: bool) -> NoReturn:
    """What removed values still stand in, by file and number; 20 where any does."""
    from carddata_retention.remanence.search import search

    looked = search(directory, sys.stdin.buffer)
    error = FailedError("value_on_disk", f"{len(looked.found)} of {looked.files} files hold what was searched for.",
                        not_done="Nothing was changed by this look.",
                        cure="carddata-retention residue says what empties each place.") if looked.found else None
    code = int(error.exit) if error else 0
    if json:
        answer = {"schema": 1, "mode": "verify-files", "exit_code": code, "files": looked.files, "bytes": looked.size,
                  "values": looked.values, "found": [{"file": f.file, "count": f.count} for f in looked.found]}
        console.say_json({**answer, **({"error": error.as_json()} if error else {})})
    else:
        for found in looked.found:
            console.say(f"{found.count:8,}  {found.file}")
        console.say(f"{looked.values} values searched for in {looked.files:,} files, {looked.size:,} bytes")
    if error:
        console.error(error)
    sys.exit(code)


@app.command()
def unlock(
    config: ConfigOption = DEFAULT_CONFIG,
    end: Annotated[bool, typer.Option("--end", help="End the session that holds the lock.")] = False,
) -> None:
    """Who holds the lock of the run; for one that died while the server still believes in its session."""
    from carddata_retention.unlocking import unlock as free

    held = free(load_config(config), now(), end=end).holder
    console.say("nobody holds the lock" if held is None else f"ended: {held}")


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Can we see, may we remove, does everything fit? Each finding with its cure."""
    from carddata_retention.check import check_all

    lessons = check_all(load_config(config), now())
    code = Exit.worst(*(lesson.exit for lesson in lessons))
    if json:
        answer = {"schema": 1, "mode": "check", "exit_code": int(code), "problems": [x.as_json() for x in lessons]}
        console.say_json({**answer, **({"error": lessons[0].as_json()} if lessons else {})})
    else:
        for lesson in lessons:
            console.error(lesson)
        console.say("nothing stands in the way of a run" if not lessons else f"{len(lessons)} problems")
    sys.exit(int(Exit.BLIND if lessons else Exit.CLEAN))


@app.command()
def report(
    config: ConfigOption = DEFAULT_CONFIG,
    run_id: Annotated[str | None, typer.Option("--run", metavar="ID", help="Of this run; else the last.")] = None,
    period: Annotated[
        str | None, typer.Option("--period", metavar="PERIOD", help="Roll up 2026-11, 2026-Q3 or 2026 instead.")
    ] = None,
) -> None:
    """Build the report of a completed run again, or that of a month, a quarter or a year, from the ledger."""
    from carddata_retention.afterwards import report_again
    from carddata_retention.period_report import report_period
    from carddata_retention.reporting_period import ReportingPeriod

    if period is None:
        for path in report_again(load_config(config), now(), run_id):
            console.say(path)
        return
    if run_id is not None:
        raise UsageError("report_input", "--run is of one night, --period of many.", not_done="No report was built.",
                         cure=f"carddata-retention report --period {period}")
    wanted = ReportingPeriod.parse(period)
    built = report_period(load_config(config), now(), wanted)
    for path in built.files:
        console.say(path)
    if built.broken is not None:
        raise built.broken


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="A new folder for the sample.")] = Path("demo"),
    cards: Annotated[int, typer.Option("--cards", min=100, max=1_000_000)] = 20_000,
) -> None:
    """A sample billing database of a hosting company and a whole night on it."""
    from carddata_retention import narrator
    from carddata_retention.afterwards import verify_night
    from carddata_retention.demo import build_billing, write_configuration
    from carddata_retention.report.formats import FORMATS, installed
    from carddata_retention.run import night, plan_night

    as_of = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise UsageError("demo_exists", f"{directory} is there already.",
                         cure=f"Remove it, or name another: carddata-retention demo --dir {directory}-2") from None
    console.log(f"building a billing database with {cards:,} cards in {directory} …")
    build_billing(directory / "billing.db", cards=cards, as_of=as_of)
    if missing := sorted(set(FORMATS) - set(installed())):
        console.log(f"without the formats {', '.join(missing)}: pip install 'carddata-retention[excel,pdf]'")
    config, lent = load_config(write_configuration(directory, installed())), hooks()
    console.log("the dry run: what would be removed, nothing is written …")
    narrator.night(plan_night(config, now(), None, lent)[0])
    console.log("\nthe night …")
    told = night(config, now(), None, lent)
    narrator.night(told)
    console.log("\nthe independent look …")
    looked = verify_night(config, now(), None, lent)
    narrator.night(looked)
    for path in narrator.documents(told):
        console.say(f"open {path}")
    sys.exit(int(Exit.worst(Exit(told.exit_code), Exit(looked.exit_code))))
