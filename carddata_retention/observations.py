"""What a night has to say about itself as findings: values with a code, a severity, a count and a reason."""

from collections.abc import Sequence
from datetime import date

from carddata_retention.model import Finding, Hold, PreviousNight, QualityResult, Severity
from carddata_retention.schema import BoundService, BoundTarget


def missed_nights(previous: PreviousNight | None, as_of: date) -> list[Finding]:
    """A finding where whole nights passed without a completed run."""
    missed = (as_of - previous.as_of).days - 1 if previous else 0
    if missed <= 0:
        return []
    return [Finding("missed_nights", Severity.WARN, None, missed, "Nights without a completed run since the last one. "
                    "What was due then is removed now. Look at the scheduler.")]


def bound_findings(bound: BoundTarget, service: BoundService) -> list[Finding]:
    """What a DBA should know about a target that can be worked on."""
    found = []
    if not service.indexed:
        found.append(Finding("no_index", Severity.WARN, bound.declared.name, None, "No index begins with the subject "
                             "column of the service ends: every batch scans the whole table. CREATE INDEX on it."))
    if service.race_closed_by is None:
        found.append(Finding("race_open", Severity.WARN, bound.declared.name, None,
                             f"A service inserted in the moment of a removal is not seen. {service.race_cure}"))
    if bound.triggers:
        found.append(Finding("triggers", Severity.INFO, bound.declared.name, len(bound.triggers), "Triggers fire on "
                             "removal; one that keeps history would copy what is being erased."))
    return found


def killed_run(run_id: str) -> Finding:
    """An earlier run died without its seal."""
    return Finding("killed_run", Severity.WARN, None, None, f"Run {run_id} was killed; what it removed is recorded, "
                   "and the rest is taken up now.")


STOPPED = {
    "signal": "The run was told to stop.",
    "stop_file": "The stop file is there; remove it when you are done.",
    "time_budget": "max_minutes was over.",
    "throttled": "A brake stayed on for max_pause_minutes: replica lag, throttle_sql, or a question without an answer.",
    "locked": "Others kept the whole file, or the tables of the quiet window, locked.",
    "table_locked": "Others kept a whole table locked: record after record could not be touched.",
    "too_many_failures": "One removal after the other failed.",
}


def stopped_early(target: str, why: str) -> Finding:
    """The candidates of a target were not gone through to the end."""
    return Finding("stopped_early", Severity.WARN, target, None, f"{STOPPED[why]} The next run takes up what was not "
                   "reached.")


def locked_past_grace(target: str, count: int, grace_days: int) -> Finding:
    """Others have kept due records locked for too many nights."""
    return Finding("locked_past_grace", Severity.WARN, target, count, f"Others have locked these due records in every "
                   f"night for more than {grace_days} days, so they could not be removed. Find the session that never "
                   "ends its transaction, and end it.")


def restored(since: str | None, runs: int, tombstones: int) -> Finding:
    """The ledger was older than the exported evidence."""
    night = f"to the night of {since}" if since else "to before its first night"
    return Finding("database_restored", Severity.WARN, None, runs, f"The database went back {night}: the exported "
                   f"evidence has {runs} later runs with {tombstones} removals. A run takes them into the ledger again "
                   "and begins a new epoch; records that came back are due again.")


def overdue_reviews(holds: Sequence[Hold], as_of: date) -> list[Finding]:
    """Legal holds that nobody has looked at by the day on which somebody was to."""
    overdue = sum(h.review_by is not None and h.review_by < as_of.isoformat() for h in holds)
    if not overdue:
        return []
    return [Finding("hold_review_overdue", Severity.WARN, None, overdue, "Legal holds were to be reviewed before "
                    "tonight; they stay in force. carddata-retention hold list, then hold review or hold release.")]


def log_not_cut() -> Finding:
    """SQLite's log still holds pages as they were before the removal."""
    return Finding("log_not_cut", Severity.WARN, None, None, "Somebody's open look kept SQLite's log from being cut, "
                   "so removed values may still lie in the -wal file. End it, then: sqlite3 FILE 'PRAGMA "
                   "wal_checkpoint(TRUNCATE)'.")


def counts_are_old(target: str, command: str) -> Finding:
    """The planner still believes in the rows that were removed."""
    return Finding("statistics_old", Severity.INFO, target, None, "The table has shrunk, and this login could not "
                   f"count it anew. Its owner can: {command}")


def gate_findings(target: str | None, judged: tuple[QualityResult, ...]) -> list[Finding]:
    """One finding for each expectation that failed."""
    return [Finding(q.id, q.severity, target, q.observed, q.reason) for q in judged if not q.passed]


def shipped_suites(folder: str | None) -> Finding:
    """The configured folder of expectations is not there."""
    return Finding("shipped_suites", Severity.INFO, None, None, f"There is no folder {folder} beside the file; "
                   "the expectations that come with the product judged tonight.")
