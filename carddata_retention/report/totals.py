"""Sums over targets and the identities that the report shows footing.

A count that was not taken is None and stays None: a sum over targets of which one was not counted is marked
as partial, so that no reader takes it for the whole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from carddata_retention.model import NOTHING_OWED, Disposition, Outcome, SkipReason, Status, TargetResult

KEPT = (Status.ACTIVE, Status.RETAINED, Status.BLANK, Status.HELD, Status.UNDETERMINED)
OWED = (Status.REQUESTED, Status.DUE, Status.OVERDUE)
OUTCOMES = (Outcome.PURGED, Outcome.SKIPPED, Outcome.FAILED)

Reader = Callable[[TargetResult], int | None]


class Sum(NamedTuple):
    """A total, and whether some target is missing from it."""

    value: int | None
    partial: bool = False


def count_of(target: TargetResult, name: str) -> int | None:
    """A count by its field name."""
    value: int | None = getattr(target, name)
    return value


def add(parts: Iterable[int | None]) -> int | None:
    """The sum of counts, or None where one of them was not taken."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)


def less(whole: int | None, *parts: int | None) -> int | None:
    """`whole` minus `parts`, or None where one of them was not taken."""
    rest = add(parts)
    return None if whole is None or rest is None else whole - rest


def total(targets: Sequence[TargetResult], read: str | Reader) -> Sum:
    """The sum of one count over those targets for which it was taken."""
    counts = [count_of(t, read) if isinstance(read, str) else read(t) for t in targets]
    taken = [c for c in counts if c is not None]
    return Sum(sum(taken) if taken else None, 0 < len(taken) < len(counts))


def kept(target: TargetResult) -> int | None:
    """Everything that stays: blank, held, active, undetermined, retained."""
    return add(count_of(target, status.value) for status in KEPT)


def to_purge(target: TargetResult) -> int | None:
    """Everything that is owed: requested, due, overdue."""
    return target.to_purge


def population_gap(target: TargetResult) -> int | None:
    """population − kept − to purge; 0 or the page says so."""
    return less(target.population, kept(target), target.to_purge)


def outcome(target: TargetResult) -> int | None:
    """purged + skipped + failed."""
    return add(count_of(target, name.value) for name in OUTCOMES)


def outcome_gap(target: TargetResult) -> int | None:
    """to purge − purged − skipped − failed; 0 or the page says so."""
    return less(target.to_purge, outcome(target))


def outside(target: TargetResult) -> int | None:
    """Rows of the table that are neither in scope nor out-of-scope card data."""
    return less(target.table_rows, target.population, target.out_of_scope)


def expected_recount(target: TargetResult) -> int | None:
    """What an independent look after the night must count: deleted rows are gone, redacted ones stay.

    Rows that others removed are known where they were candidates; other traffic of the night is not.
    """
    deleted = (target.purged or 0) if target.disposition is Disposition.DELETE else 0
    return less(target.population, deleted, target.skipped_reasons.get(SkipReason.GONE.value, 0))


def recount_gap(target: TargetResult) -> int | None:
    """Independent recount − expected; 0 or the page says so."""
    return less(target.recount, expected_recount(target))


_DERIVED: Mapping[str, Reader] = {
    "kept": kept,
    "to_purge": to_purge,
    "population_gap": population_gap,
    "outcome_gap": outcome_gap,
    "outside": outside,
    "expected_recount": expected_recount,
    "recount_gap": recount_gap,
}


def read(target: TargetResult, name: str) -> int | None:
    """A count of one target, or a number derived from its counts, by name."""
    reader = _DERIVED.get(name)
    return reader(target) if reader else count_of(target, name)


def reasons(targets: Sequence[TargetResult], field: str) -> dict[str, int]:
    """The reasons of one kind over all targets, the most frequent first."""
    out: dict[str, int] = {}
    for target in targets:
        found: Mapping[str, int] = getattr(target, field)
        for reason, count in found.items():
            out[reason] = out.get(reason, 0) + count
    return dict(sorted(out.items(), key=lambda item: (-item[1], item[0])))


def still_owed(targets: Sequence[TargetResult]) -> int:
    """Skipped records after which something is still to be done."""
    settled = {reason.value for reason in NOTHING_OWED}
    return sum(n for reason, n in reasons(targets, "skipped_reasons").items() if reason not in settled)
