"""The front door: commands, options, exit codes.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import sys
from typing import NoReturn

from carddata_retention import console
from carddata_retention.cli import nightly, questions
from carddata_retention.cli.front import app
from carddata_retention.errors import RetentionError

__all__ = ["main", "nightly", "questions"]


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
