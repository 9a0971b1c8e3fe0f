"""Runs of the past for tests of overviews and roll-ups: one line each, the rest follows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from carddata_retention import archive, identity
from carddata_retention.history import History, Notice, PastRun
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.model import (
    Disposition,
    Finding,
    Mode,
    Night,
    QualityResult,
    Severity,
    State,
    TargetResult,
)

FIRST = date(2026, 6, 1)
EXIT = {State.CLEAN: 0, State.INCOMPLETE: 10, State.FAILED: 20, State.REFUSED: 30, State.BLIND: 40, State.BROKEN: 50}


def counted(name: str = "cards", *, held: int = 1000, purged: int = 5, undetermined: int = 12, left: int = 0,
            disposition: Disposition = Disposition.DELETE, blank: int = 0, gap: int = 0, gone: int = 0) -> TargetResult:
    """A target that holds `held` records with card data before the run; its recount differs by `gap`."""
    population = held + blank
    deleted = purged if disposition is Disposition.DELETE else 0
    return TargetResult(
        name, name, disposition, State.CLEAN, population=population, blank=blank, held=0, requested=0,
        active=population - blank - purged - left - gone - undetermined, undetermined=undetermined, retained=0,
        overdue=0, due=purged + left + gone, out_of_scope=0, table_rows=population, purged=purged, skipped=left + gone,
        failed=0, arrived=0, residue=0, remaining_due=left, recount=population - deleted - gone + gap,
        skipped_reasons={"gone": gone} if gone else {},
    )


def uncounted(name: str = "cards") -> TargetResult:
    return TargetResult(name, name, Disposition.DELETE, State.BLIND)


def past(number: int, as_of: date, verdict: State = State.CLEAN, *targets: TargetResult, late: int = 0,
         notices: tuple[Notice, ...] = (), failed: int = 0) -> PastRun:
    """A run that was held `late` days after its as-of date, at two in the morning in Tokyo."""
    day = as_of + timedelta(days=late)
    ended = datetime.combine(day, time(2, 7), UTC) - timedelta(hours=9)
    return PastRun(
        run_id=f"{ended:%Y%m%dT%H%M%S}Z-{number:06x}", number=number, mode=Mode.RUN, as_of=as_of, began_on=day,
        ended_on=day, finished_at=ended, verdict=verdict, exit_code=EXIT[verdict], policy_version="2",
        policy_digest="88f5e095cb" * 6 + "abcd", seal=f"{number:064x}",
        targets=targets or ((uncounted(),) if verdict is State.BLIND else (counted(),)), notices=notices,
        expectations=14, expectations_failed=failed,
    )


def nights(first: date, last: date, *, without: Iterable[date] = (), **changed: Any) -> History:
    """A clean run for every day but those `without` one."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    kept = [day for day in days if day not in set(without)]
    return History(tuple(replace(past(i, day), **changed) for i, day in enumerate(kept, start=1)))


def as_told(run: PastRun, database: str = "billing") -> Night:
    """The night that a run of the past would have told."""
    return Night(
        run_id=run.run_id, mode=run.mode, as_of=run.as_of, zone="Asia/Tokyo", started_at=run.finished_at,
        finished_at=run.finished_at, host="batch", os_user="retention", tool_version="0.1.0", tool_digest="7d0c" * 16,
        database=database,
        login="ret_purge", policy_id="card-data-notice", policy_version=run.policy_version,
        policy_digest=run.policy_digest, cutoffs=(), targets=run.targets,
        findings=(Finding("for_the_record", Severity.INFO, None, None, "Left out of a history."),
                  *(Finding(n.id, n.severity, None, n.count, "Its words are left out.") for n in run.notices)),
        quality=tuple(QualityResult(f"q{i}", "cards", Severity.WARN, i >= run.expectations_failed, 0, 1, 0, "")
                      for i in range(run.expectations)),
        verdict=run.verdict, exit_code=run.exit_code, timings_s={},
    )


def remember(ledger: Ledger, runs: Iterable[PastRun], key: EvidenceKey, *, killed: frozenset[str] = frozenset()) -> None:
    """Write runs into a ledger and seal them; one that was killed is sealed without a result."""
    ledger.create()
    for run in runs:
        began = identity.stamp(run.finished_at)
        with ledger.db.transaction() as connection:
            ledger.begin(connection, {
                "run_id": run.run_id, "database_name": "billing.db", "mode": run.mode.value, "as_of": run.as_of.isoformat(), "started_at": began,
                "host": "batch", "os_user": "retention", "process": 1, "tool_version": "0.1.0",
                "policy_version": run.policy_version, "policy_digest": run.policy_digest, "salt": "0" * 32,
            })
            ended = archive.closing(as_told(run), began)
            ledger.seal(connection, run.run_id, key, {"verdict": State.FAILED.value} if run.run_id in killed else ended)


WARNED = Notice("missed_nights", Severity.WARN, 1)
