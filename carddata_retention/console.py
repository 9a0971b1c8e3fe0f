"""What a person at a terminal, or cron's mail, reads: a night in a few lines, an error as a lesson.

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

from carddata_retention.errors import Exit, RetentionError
from carddata_retention.model import Finding, Mode, Night, Severity, State, TargetResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carddata_retention.remanence import Trace

EXIT_SENTENCES = {
    Exit.CLEAN: "everything due is purged, and an independent look proves it.",
    Exit.INCOMPLETE: "healthy but not finished; the next run takes up the rest.",
    Exit.FAILED: "due records remain because of errors.",
    Exit.REFUSED: "at least one target was refused before anything was removed from it.",
    Exit.BLIND: "we cannot see; nothing was proved.",
    Exit.BUSY: "another run holds the lock.",
    Exit.BROKEN: "the evidence chain is broken.",
}
PLAN_SENTENCES = {
    Exit.CLEAN: "this is what a run would do; nothing was written.",
    Exit.REFUSED: "a run would be refused for at least one target; nothing was written.",
    Exit.BLIND: "a run would be blind; nothing was written.",
}
KEPT = ("blank", "held", "active", "undetermined", "retained")
TO_PURGE = ("requested", "overdue", "due")


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
    _paragraph(wrong.cause, "  ")
    if wrong.not_done:
        _paragraph(wrong.not_done, "  ")
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
        _say_wrapped(trace.why)
        if trace.until:
            _say_wrapped(f"until: {trace.until}")
        if trace.cure:
            say(f"  → {trace.cure}")
    say("\nThe removal is complete for every query. VACUUM alone is no erasure; backups follow their own retention.")


def night(told: Night) -> None:
    """A whole night, target by target, so that the totals visibly add up."""
    cutoff = told.cutoffs[0]
    until = "up to and including" if cutoff.cutoff_inclusive else "before"
    say(f"{told.mode} {told.run_id} · as of {told.as_of} ({told.zone})")
    say(f"policy {told.policy_id} v{told.policy_version} · due: service ended {until} {cutoff.cutoff}")
    for target in told.targets:
        _target(target, told.mode)
    _findings(told.findings)
    code = Exit(told.exit_code)
    sentences = PLAN_SENTENCES if told.mode is Mode.PLAN else EXIT_SENTENCES
    say(f"\nexit {told.exit_code}: {sentences.get(code, EXIT_SENTENCES.get(code, ''))}")
    for path in told.artefacts:
        say(f"report: {path}")


def _target(target: TargetResult, mode: Mode) -> None:
    say(f"\n{target.name} · {target.disposition} · {target.state}")
    if target.population is None:
        return
    parts = " + ".join(f"{word} {number(getattr(target, word))}" for word in (*KEPT, *TO_PURGE))
    _say_wrapped(f"population {number(target.population)} = {parts}")
    if target.undetermined_reasons:
        reasons = ", ".join(f"{r} {number(n)}" for r, n in sorted(target.undetermined_reasons.items()))
        _say_wrapped(f"undetermined: {reasons}")
    if mode is Mode.PLAN:
        _say_wrapped(f"a run would {target.disposition} {number(target.to_purge)}")
    elif target.purged is not None:
        _say_wrapped(f"to purge {number(target.to_purge)} = purged {number(target.purged)} + skipped "
                     f"{number(target.skipped)} + failed {number(target.failed)}")
        for word, reasons_of in (("skipped", target.skipped_reasons), ("failed", target.failed_reasons)):
            if reasons_of:
                _say_wrapped(f"{word}: " + ", ".join(f"{r} {number(n)}" for r, n in sorted(reasons_of.items())))
        for table, count in sorted(target.children_removed.items()):
            _say_wrapped(f"with them: {table} {number(count)}")
    if mode is not Mode.PLAN:
        _say_wrapped(f"still due {number(target.remaining_due)}")
    ahead = " · ".join(f"{days} d: {number(count)}" for days, count in target.forecast.items())
    _say_wrapped(f"becoming due within {ahead}")


def _findings(findings: tuple[Finding, ...]) -> None:
    order = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFO: 2}
    for finding in sorted(findings, key=lambda f: order[f.severity]):
        count = "" if finding.count is None else f" ({finding.count:,})"
        log(f"{finding.severity:5} {finding.id}{count}" + (f" · {finding.target}" if finding.target else ""))
        _paragraph(finding.reason, "      ")


def _say_wrapped(text: str) -> None:
    say(textwrap.fill(text, _width(), initial_indent="  ", subsequent_indent="    ", break_long_words=False))


def _paragraph(text: str, indent: str) -> None:
    for line in text.splitlines():
        log(textwrap.fill(line, _width(), initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                          break_on_hyphens=False))


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 110)


def night_error(told: Night) -> dict[str, str] | None:
    """The `error` object of a night that ended with 10 or more."""
    if told.exit_code < Exit.INCOMPLETE:
        return None
    worst = next(t for t in told.targets if t.state == told.verdict)
    finding = next((f for f in told.findings if f.target == worst.name and (
        f.severity is Severity.BLOCK or worst.state is State.BLIND)), None)
    left = worst.remaining_due if worst.remaining_due is not None else worst.to_purge
    return {
        "code": finding.id if finding else told.verdict.value,
        "cause": finding.reason if finding else f"Target {worst.name}: {EXIT_SENTENCES[Exit(told.exit_code)]}",
        "not_done": f"{number(left)} due records of {worst.name} were not removed.",
        "cure": "carddata-retention check" if worst.state is State.BLIND else "carddata-retention plan",
    }
