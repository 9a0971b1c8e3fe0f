"""Runs of the past for tests of overviews and roll-ups: one line each, the rest follows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from carddata_retention.history import History, Notice, PastRun
from carddata_retention.model import Disposition, Mode, Severity, State, TargetResult

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


WARNED = Notice("missed_nights", Severity.WARN, 1)
