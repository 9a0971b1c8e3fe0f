"""The front door: commands, options, exit codes. The clock is read here and nowhere else.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO
from zoneinfo import ZoneInfo

import typer

from carddata_retention import __version__, console
from carddata_retention.errors import Exit, RetentionError, UsageError

if TYPE_CHECKING:
    from carddata_retention.model import Night
    from carddata_retention.nights import Hooks
    from carddata_retention.settings import Config

app = typer.Typer(
    name="carddata-retention", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None,  # plain help: drawing boxes would take longer than everything else
    help="Removes card data from a billing database when its retention period is over, and proves it.",
)

ConfigOption = Annotated[Path, typer.Option("--config", envvar="CARDDATA_CONFIG", help="The configuration file.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="Judge by this date instead of today.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DEFAULT_CONFIG = Path("retention.toml")


def main() -> NoReturn:
    """Run a command and leave with its true exit code; an unforeseen error says only its type."""
    try:
        app(prog_name="carddata-retention", standalone_mode=True)
    except RetentionError as wrong:
        _leave(wrong)
    except Exception as unforeseen:  # the last wall: a driver's words may hold a card value, so they are not repeated
        _leave(console.lesson(unforeseen))
    sys.exit(0)


def _leave(wrong: RetentionError) -> NoReturn:
    if "--json" in sys.argv:
        console.say_json({"schema": 1, "exit_code": int(wrong.exit), "error": wrong.as_json()})
    console.error(wrong)
    sys.exit(int(wrong.exit))


def _now() -> datetime:
    return datetime.now(UTC)


def _day(text: str | None) -> date | None:
    from carddata_retention.instants import parse_day

    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise UsageError("as_of_form", "--as-of is no date.", cure="Write it as YYYY-MM-DD.")
    return day


def _load(path: Path) -> "Config":
    from carddata_retention.config import load

    return load(path)


def _asked(path: Path, as_of: str | None) -> "tuple[Config, datetime, date | None]":
    """The configuration, the time and the as-of date of a command; a wrong word is told before a missing file."""
    day = _day(as_of)
    return _load(path), _now(), day


def _hooks() -> "Hooks":
    """The stop sign of SIGTERM and SIGINT: the batch in hand is finished, then the run stops."""
    from carddata_retention.nights import Hooks

    told: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        told.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return Hooks(told_to_stop=lambda: bool(told), moment=_now, progress=console.progress)


def _tell(told: "Night", as_json: bool) -> NoReturn:
    from carddata_retention.report.canonical import night_json

    if as_json:
        error = console.night_error(told)
        console.say_json({**night_json(told), **({"error": error} if error else {})})
    else:
        console.night(told)
    sys.exit(told.exit_code)


@contextmanager
def _csv(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as wrong:
        raise UsageError("csv_unreadable", f"{name} cannot be read: {type(wrong).__name__}.") from None


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"carddata-retention {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Removes card data from a billing database when its retention period is over, and proves it."""
    os.umask(0o077)


@app.command()
def run(config: ConfigOption = DEFAULT_CONFIG, as_of: AsOf = None, json: Json = False) -> None:
    """The night: plan, gate, purge, verify, report. The only command that cron needs."""
    from carddata_retention.run import night

    _tell(night(*_asked(config, as_of), _hooks()), json)


@app.command()
def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan here, for apply.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements and the database's query plan.")] = False,
    json: Json = False,
) -> None:
    """The dry run: counts, reasons, statements; writes nothing to the database."""
    from carddata_retention.run import plan_night

    told, frozen, statements = plan_night(*_asked(config, as_of), _hooks())
    if out is not None:
        frozen.write(out)
        console.log(f"plan {frozen.digest[:16]} written to {out}; carry it out with: carddata-retention apply {out}")
    if sql and not json:
        for title, text in statements:
            console.say(f"-- {title}\n{text}\n")
    _tell(told, json)


@app.command()
def apply(plan_file: Annotated[Path, typer.Argument(metavar="PLAN")], config: ConfigOption = DEFAULT_CONFIG,
          json: Json = False) -> None:
    """Remove exactly what a plan says, or refuse."""
    from carddata_retention.plan import read_plan
    from carddata_retention.run import night

    _tell(night(_load(config), _now(), None, _hooks(), read_plan(plan_file)), json)


@app.command()
def verify(config: ConfigOption = DEFAULT_CONFIG, as_of: AsOf = None, json: Json = False) -> None:
    """The independent look: nothing due is left, the evidence holds. Read-only."""
    from carddata_retention.afterwards import verify_night

    _tell(verify_night(*_asked(config, as_of), _hooks()), json)


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, json: Json = False) -> None:
    """Can we see, may we remove, does everything fit? Each finding with its cure."""
    from carddata_retention.check import check_all

    lessons = check_all(_load(config), _now())
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
    story = explain_record(*_asked(config, as_of), target, given)
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

    asked = {"convention": convention, "zone": zone, "period": period, "kind": kind}
    if (moment is None) == (csv is None):
        raise UsageError("deadline_input", "Give one INSTANT or DATE, or --csv FILE.",
                         cure="carddata-retention deadline 2019-02-28T12:00:00+09:00")
    if csv is not None:
        with _csv(csv) as source:
            calculate_csv(source, sys.stdout, asked)
        return
    answer = calculate(moment or "", **asked)
    if answer["error"]:
        raise UsageError("deadline_input", f"This cannot be computed: {answer['error']}.", not_done="",
                         cure="carddata-retention deadline --help")
    if json:
        console.say_json({"schema": 1, "service_end": moment, **asked, **answer})
    else:
        for word in ("start_day", "last_retained_day", "first_purgeable_day", "rule"):
            console.say(f"{word.replace('_', ' '):20} {answer[word]}")


@app.command()
def report(
    config: ConfigOption = DEFAULT_CONFIG,
    run_id: Annotated[str | None, typer.Option("--run", metavar="ID", help="Of this run; else the last.")] = None,
) -> None:
    """Build the report of a completed run again, from the ledger."""
    from carddata_retention.afterwards import report_again

    for path in report_again(_load(config), _now(), run_id):
        console.say(path)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="A new folder for the sample.")] = Path("demo"),
    cards: Annotated[int, typer.Option("--cards", min=100, max=1_000_000)] = 20_000,
) -> None:
    """A sample billing database of a hosting company and a whole night on it."""
    from carddata_retention.afterwards import verify_night
    from carddata_retention.demo import build_billing, write_configuration
    from carddata_retention.run import night, plan_night

    as_of = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise UsageError("demo_exists", f"{directory} is there already.",
                         cure=f"Remove it, or name another: carddata-retention demo --dir {directory}-2") from None
    console.log(f"building a billing database with {cards:,} cards in {directory} …")
    build_billing(directory / "billing.db", cards=cards, as_of=as_of)
    config, hooks = _load(write_configuration(directory)), _hooks()
    console.log("the dry run: what would be removed, nothing is written …")
    console.night(plan_night(config, _now(), None, hooks)[0])
    console.log("\nthe night …")
    told = night(config, _now(), None, hooks)
    console.night(told)
    console.log("\nthe independent look …")
    looked = verify_night(config, _now(), None, hooks)
    console.night(looked)
    for path in told.artefacts:
        console.say(f"open {path}")
    sys.exit(int(Exit.worst(Exit(told.exit_code), Exit(looked.exit_code))))


if __name__ == "__main__":
    main()
