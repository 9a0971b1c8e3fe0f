"""What all commands share: the application, its options, the clock, and how an answer leaves.

The clock is read here and nowhere else.
"""

import os
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from carddata_retention import __version__, console
from carddata_retention.errors import UsageError

if TYPE_CHECKING:
    from carddata_retention.model import Night
    from carddata_retention.nights import Hooks
    from carddata_retention.settings import Config

# As people meet them; `--help` lists them so.
COMMANDS = ("demo", "init", "check", "plan", "approve", "apply", "run", "verify", "report", "explain", "deadline",
            "hold", "request", "discover", "evidence", "resolve", "residue", "unlock")


class _InOrder(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)


app = typer.Typer(
    name="carddata-retention", cls=_InOrder, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None,  # plain help: drawing boxes would take longer than everything else
    help="Removes card data from a billing database when its retention period is over, and proves it.",
)

ConfigOption = Annotated[Path, typer.Option("--config", envvar="CARDDATA_CONFIG", help="The configuration file.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="Judge by this date instead of today.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DEFAULT_CONFIG = Path("retention.toml")
_loaded: "list[Config]" = []


def now() -> datetime:
    """The host's time in UTC."""
    return datetime.now(UTC)


def _day(text: str | None) -> date | None:
    from carddata_retention.instants import parse_day

    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise UsageError("as_of_form", "--as-of is no date.", cure="Write it as YYYY-MM-DD.")
    return day


def load_config(path: Path) -> "Config":
    """The configuration of a command. Raises ConfigError."""
    from carddata_retention.config import load

    _loaded[:] = [load(path)]
    return _loaded[0]


def forget_config() -> "Config | None":
    """The configuration that this command has read, for the last time."""
    return _loaded.pop() if _loaded else None


def asked(path: Path, as_of: str | None) -> "tuple[Config, datetime, date | None]":
    """The configuration, the time and the as-of date of a command; a wrong word is told before a missing file."""
    day = _day(as_of)
    return load_config(path), now(), day


def hooks() -> "Hooks":
    """What a night is lent. SIGTERM and SIGINT are its stop sign: the batch in hand is finished, then the run stops."""
    from carddata_retention.gate import judge_apart
    from carddata_retention.nights import Hooks

    told: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        told.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return Hooks(told_to_stop=lambda: bool(told), moment=now, progress=console.progress, judge=judge_apart,
                 log=console.log)


def tell(told: "Night", as_json: bool) -> NoReturn:
    """Say how a night came out, and leave with its exit code."""
    from carddata_retention import narrator
    from carddata_retention.report.canonical import night_json

    if as_json:
        error = narrator.night_error(told)
        console.say_json({**night_json(told), **({"error": error} if error else {})})
    else:
        narrator.night(told)
    sys.exit(told.exit_code)


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
