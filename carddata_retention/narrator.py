"""A night told to a person: in a few lines, target by target, so that the totals visibly add up.

Apart from `console.py`, for the help of a command needs none of what a night is made of.
"""

from pathlib import Path

from carddata_retention.console import log, number, paragraph, say, say_wrapped
from carddata_retention.errors import Exit
from carddata_retention.model import Finding, Mode, Night, Severity, State, TargetResult
from carddata_retention.sealed import Comparison
from carddata_retention.status import FORECAST_STEPS

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


def night(told: Night) -> None:
    """A whole night, target by target, so that the totals visibly add up."""
    say(f"{told.mode} {told.run_id} · as of {told.as_of} ({told.zone})")
    for cutoff in told.cutoffs:
        until = "up to and including" if cutoff.cutoff_inclusive else "before"
        own = f" · acquired under v{cutoff.version}" if len(told.cutoffs) > 1 else ""
        say(f"policy {told.policy_id} v{told.policy_version}{own} · due: service ended {until} {cutoff.cutoff}")
    for target in told.targets:
        _target(target, told.mode)
    if told.comparison is not None:
        _comparison(told.comparison)
    _findings(told.findings)
    code = Exit(told.exit_code)
    sentences = PLAN_SENTENCES if told.mode is Mode.PLAN else EXIT_SENTENCES
    say(f"\nexit {told.exit_code}: {sentences.get(code, EXIT_SENTENCES.get(code, ''))}")
    for path in documents(told):
        say(f"report: {path}")


def documents(told: Night) -> list[str]:
    """What a person opens: each file of the report, but the folder of the CSV files in their stead."""
    paths = [Path(path) for path in told.artefacts]
    return list(dict.fromkeys(str(path.parent if path.suffix == ".csv" else path) for path in paths))


def _target(target: TargetResult, mode: Mode) -> None:
    say(f"\n{target.name} · {target.disposition} · {target.state}")
    if target.population is None:
        return
    parts = " + ".join(f"{word} {number(getattr(target, word))}" for word in (*KEPT, *TO_PURGE))
    say_wrapped(f"population {number(target.population)} = {parts}")
    if target.undetermined_reasons:
        reasons = ", ".join(f"{r} {number(n)}" for r, n in sorted(target.undetermined_reasons.items()))
        say_wrapped(f"undetermined: {reasons}")
    if mode is Mode.PLAN:
        say_wrapped(f"a run would {target.disposition} {number(target.to_purge)}")
    elif target.purged is not None:
        say_wrapped(f"to purge {number(target.to_purge)} = purged {number(target.purged)} + skipped "
                     f"{number(target.skipped)} + failed {number(target.failed)}")
        for word, reasons_of in (("skipped", target.skipped_reasons), ("failed", target.failed_reasons)):
            if reasons_of:
                say_wrapped(f"{word}: " + ", ".join(f"{r} {number(n)}" for r, n in sorted(reasons_of.items())))
        for table, count in sorted(target.children_removed.items()):
            say_wrapped(f"with them: {table} {number(count)}")
    if mode is not Mode.PLAN:
        say_wrapped(f"still due {number(target.remaining_due)}")
    ahead = " · ".join(f"{days} d: {number(count)}" for days, count in target.forecast.items()
                       if days in FORECAST_STEPS)
    say_wrapped(f"becoming due within {ahead}")


def _comparison(told: Comparison) -> None:
    say(f"\nif version {told.version} decided")
    for target in told.targets:
        say_wrapped(f"{target.name}: due earlier {number(target.earlier)} · later {number(target.later)} · on the same "
                    f"day {number(target.equal)} · only as it is {number(target.only_tonight)} · only then "
                    f"{number(target.only_compared)} · neither {number(target.neither)}; due tonight "
                    f"{number(target.due_compared)} instead of {number(target.due_tonight)}")


def _findings(findings: tuple[Finding, ...]) -> None:
    order = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFO: 2}
    for finding in sorted(findings, key=lambda f: order[f.severity]):
        count = "" if finding.count is None else f" ({finding.count:,})"
        log(f"{finding.severity:5} {finding.id}{count}" + (f" · {finding.target}" if finding.target else ""))
        paragraph(finding.reason, "      ")


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
