"""The front door: commands, options, exit codes.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import sys
from typing import NoReturn

from carddata_retention import console
from carddata_retention.cli import (
    attesting,
    discovering,
    evidence,
    holding,
    nightly,
    planning,
    questions,
    requesting,
    starting,
)
from carddata_retention.cli.auditing import leave_event
from carddata_retention.cli.front import app
from carddata_retention.errors import BlindError, RetentionError

__all__ = ["attesting", "discovering", "evidence", "holding", "main", "nightly", "planning", "questions", "requesting",
           "starting"]


def main() -> NoReturn:
    """Run a command and leave with its true exit code; an unforeseen error says only its type.

    An answer that could not be written is no 0, for nobody has seen it; any other code stays what it is.
    """
    console.occupy_closed_files()
    code = _command()
    leave_event(code)
    if not console.everything_said():
        lost = BlindError("output_lost", "The answer could not be written to stdout, or not whole.",
                          not_done="What was removed is recorded in the ledger; nothing was undone.",
                          cure="Make room, or give stdout a place; then: carddata-retention report")
        console.error(lost)
        code = code or int(lost.exit)
    sys.exit(code)


def _command() -> int:
    try:
        app(prog_name="carddata-retention", standalone_mode=True)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except RetentionError as wrong:
        return _told(wrong)
    except Exception as unforeseen:  # the last wall: a driver's words may hold a card value, so they are not repeated
        return _told(console.lesson(unforeseen))
    return 0


def _told(wrong: RetentionError) -> int:
    if "--json" in sys.argv:
        console.say_json({"schema": 1, "exit_code": int(wrong.exit), "error": wrong.as_json()})
    console.error(wrong)
    return int(wrong.exit)
