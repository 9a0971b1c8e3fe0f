"""What a person at a terminal, or cron's mail, reads: lines, a progress bar, an error as a lesson.

Data goes to stdout, everything else to stderr. Without a terminal there is no progress line and no colour.
"""

import json
import os
import shutil
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carddata_retention.errors import RetentionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carddata_retention.remanence import Trace

_lost: list[str] = []


def occupy_closed_files() -> None:
    """Put something in the place of a closed stdout or stderr: else the next file that is opened would get its number,
    a database's among them, and be written into.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    if sys.stdout is None:
        _lost.append("closed")
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8")


def everything_said() -> bool:
    """Whether all that was said on stdout has left this process; what has not is given up."""
    try:
        sys.stdout.flush()
    except OSError as refused:
        _lost.append(type(refused).__name__)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try once more, and leave with a code of its own
    return not _lost


def say(text: str = "") -> None:
    """A line of data. One that cannot be written stops no run; it is told at the end."""
    try:
        sys.stdout.write(text + "\n")
    except OSError as refused:
        _lost.append(type(refused).__name__)


def log(text: str) -> None:
    """A line about what is going on; nothing depends on it."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")


def say_json(value: Any) -> None:
    """One JSON object."""
    say(json.dumps(value, ensure_ascii=False, indent=2))


def number(count: int | None) -> str:
    """A count with thousands commas; a count that was not taken is no zero."""
    return "—" if count is None else f"{count:,}"


def progress(target: str, done: int, total: int) -> None:
    """How far a target is, on one line of a terminal; nothing under cron."""
    if sys.stderr.isatty():
        width = 24
        filled = width * done // max(total, 1)
        sys.stderr.write(f"\r{target[:20]:20} {'█' * filled}{'·' * (width - filled)} {done:,}/{total:,}")
        sys.stderr.write("\n" if done >= total else "")
        sys.stderr.flush()


def error(wrong: RetentionError) -> None:
    """An error as a lesson: code, cause, what was not done, what to type next."""
    log(f"carddata-retention: {wrong.code}")
    paragraph(wrong.cause, "  ")
    if wrong.not_done:
        paragraph(wrong.not_done, "  ")
    if wrong.cure:
        log("  → " + wrong.cure.replace("\n", "\n    "))


def lesson(unforeseen: Exception) -> RetentionError:
    """An exception that nobody foresaw, without its words: a driver's may hold a card value.

    What a database refuses is a matter of sight (40); everything else is a bug (1), told by its type and place.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from carddata_retention.db import seen_as
    from carddata_retention.redact import Trouble, safe, trouble

    recorded = "What was committed before is recorded in the ledger; nothing else was removed."
    if isinstance(unforeseen, SQLAlchemyError) and trouble(unforeseen) is not Trouble.OTHER:
        return seen_as(unforeseen, "The database", not_done=recorded)
    frame = unforeseen.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame is not None else "?"
    return RetentionError("bug", f"An unforeseen error: {safe(unforeseen)} at {place}.", not_done=recorded,
                          cure="Report it with this line; it holds no data.")


def places(found: "Sequence[Trace]") -> None:
    """Where removed values may still lie, each with what ends that."""
    for trace in found:
        say(f"\n{trace.place} · {trace.state}")
        say_wrapped(trace.why)
        if trace.until:
            say_wrapped(f"until: {trace.until}")
        if trace.cure:
            say(f"  → {trace.cure}")
    say("\nThe removal is complete for every query. VACUUM alone is no erasure; backups follow their own retention.")


def say_wrapped(text: str) -> None:
    """A paragraph of data, no wider than the terminal."""
    say(textwrap.fill(text, _width(), initial_indent="  ", subsequent_indent="    ", break_long_words=False))


def paragraph(text: str, indent: str) -> None:
    """A paragraph about what is going on."""
    for line in text.splitlines():
        log(textwrap.fill(line, _width(), initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                          break_on_hyphens=False))


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 110)
