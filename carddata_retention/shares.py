"""Shares in integer permille, and what changed between two nights. Pure numbers.

A whole of fewer than a hundred is taken for a hundred, so that one row in a small table is never a flood.
"""

from dataclasses import dataclass

from carddata_retention.model import Disposition, TargetResult

FEWEST = 100
HISTORY = (
    "rows_before", "rows_lost", "rows_lost_permille", "active_rise_permille", "active_beyond_permille",
    "undetermined_rise_permille", "undetermined_beyond_permille", "forecast", "forecast_shortfall",
    "forecast_shortfall_permille",
)


def permille(part: int, whole: int) -> int:
    """Thousandths of `whole`, rounded down; a small whole counts as a hundred."""
    return part * 1000 // max(whole, FEWEST)


def history(
    tonight: TargetResult, previous: TargetResult | None, *, days: int, max_shift: float
) -> dict[str, int | None]:
    """Tonight's counts against last night's; all 0 where there is no night to compare with.

    `previous` is the last completed night that was not refused, under the same policy digest, and `days` how many
    days its as-of date lies before tonight's. What that night removed itself is no loss. `max_shift` is the
    configured share by which ACTIVE or UNDETERMINED may rise. A count that was not taken tonight stays None, which
    no judge accepts.
    """
    now = _Night.of(tonight, removed=0)
    if now is None:
        return dict.fromkeys(HISTORY)
    before = _Night.of(previous, removed=previous.purged or 0) if previous else None
    if previous is None or before is None or days < 0:
        return dict.fromkeys(HISTORY, 0)
    lost = max(0, before.rows - now.rows)
    active = _rise(now.active, now.filled, before.active, before.filled)
    undetermined = _rise(now.undetermined, now.filled, before.undetermined, before.filled)
    expected = max((n for d, n in previous.forecast.items() if d <= days), default=0) + (previous.remaining_due or 0)
    short = max(0, expected - now.to_purge - lost - now.set_aside_since(before))
    allowed = int(max_shift * 1000)
    return {
        "rows_before": before.rows,
        "rows_lost": lost,
        "rows_lost_permille": permille(lost, before.rows),
        "active_rise_permille": active,
        "active_beyond_permille": max(0, active - allowed),
        "undetermined_rise_permille": undetermined,
        "undetermined_beyond_permille": max(0, undetermined - allowed),
        "forecast": expected,
        "forecast_shortfall": short,
        "forecast_shortfall_permille": permille(short, expected),
    }


def _rise(now: int, of_now: int, before: int, of_before: int) -> int:
    """By how many permille of tonight's records a status rose; 0 where it fell or there was nothing before."""
    if not of_before:
        return 0
    return permille(max(0, now - before * of_now // of_before), of_now)


@dataclass(frozen=True, slots=True)
class _Night:
    """One night's numbers as they stood at its end: what it removed is gone, or blank."""

    rows: int
    filled: int
    blank: int
    held: int
    active: int
    undetermined: int
    to_purge: int

    @classmethod
    def of(cls, result: TargetResult, removed: int) -> "_Night | None":
        """None where a count was not taken."""
        counts = (result.table_rows, result.population, result.blank, result.held, result.active, result.undetermined,
                  result.to_purge)
        if any(c is None for c in counts):
            return None
        rows, population, blank, held, active, undetermined, to_purge = (c or 0 for c in counts)
        deleted = removed if result.disposition is Disposition.DELETE else 0
        return cls(rows - deleted, population - blank - removed, blank + removed - deleted, held, active, undetermined,
                   to_purge)

    def set_aside_since(self, before: "_Night") -> int:
        """Records that may have been held, reactivated, made undatable or emptied by others since."""
        pairs = ((self.held, before.held), (self.active, before.active), (self.undetermined, before.undetermined),
                 (self.blank, before.blank))
        return sum(max(0, now - then) for now, then in pairs)
