"""Counting by status and freezing the candidates: the database decides the rows, in one pass for each target.

Only counts and a few keys reach the client, never a card field.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.key_text import in_sql
from carddata_retention.model import Status
from carddata_retention.status import FORECAST_DAYS, REASON, RETAINED_WITHIN, Standing
from carddata_retention.tables import Decider

SUBJECT = "carddata_subject_"


@dataclass(frozen=True, slots=True)
class Counts:
    """One target's population by status, what lies outside it, and (reason, key) of some whom nobody can date."""

    by_status: dict[Status, int]
    reasons: dict[str, int]
    forecast: dict[int, int]
    out_of_scope: int
    table_rows: int
    examples: tuple[tuple[str, str], ...] = ()
    decided_by: dict[str, int] = field(default_factory=dict)
    due_by: dict[str, int] = field(default_factory=dict)

    @property
    def population(self) -> int:
        """All rows in scope."""
        return sum(self.by_status.values())

    def as_result(self) -> dict[str, Any]:
        """The fields of a target's result that these counts fill."""
        return {
            **{status.value: number for status, number in self.by_status.items()}, "population": self.population,
            "undetermined_reasons": self.reasons, "forecast": self.forecast, "out_of_scope": self.out_of_scope,
            "table_rows": self.table_rows, "decided_by": self.decided_by, "due_by": self.due_by,
        }


def count_statement(decider: Decider) -> sa.Select[Any]:
    """Counts by scope, status and standing, and two keys of those whom nobody can date: one scan of the target, one of
    the services."""
    judged, target = decider.looking_ahead().scan(), decider.target
    scope = sa.case((target.in_scope(), "in"), (target.outside(), "out"), else_="other")
    undated = sa.case((judged.status() == Status.UNDETERMINED.value, target.key_text()))
    rows = sa.select(
        scope.label("scope"), judged.status().label("status"), judged.standing.label("standing"),
        undated.label("undated"), *([] if judged.version is None else [judged.version.label("version")])
    ).select_from(judged.source).subquery("carddata_judged").c
    alike = (rows.scope, rows.status, rows.standing, *([] if judged.version is None else [rows.version]))
    return sa.select(*alike, sa.func.count().label("number"), sa.func.min(rows.undated).label("first"),
                     sa.func.max(rows.undated).label("last")).group_by(*alike)


def count(connection: Connection, decider: Decider) -> Counts:
    """Count a target's rows by status and reason, in the database."""
    by_status: Counter[Status] = Counter()
    reasons: Counter[str] = Counter()
    standings: Counter[Standing] = Counter()
    scopes: Counter[str] = Counter()
    examples = []
    decided_by, due_by = (Counter({ruling.version: 0 for ruling in decider.rulings}) for _ in range(2))
    for scope, status, standing, *place, number, first, last in connection.execute(count_statement(decider)):
        scopes[scope] += number
        if scope != "in":
            continue
        by_status[Status(status)] += number
        decided_by[decider.version_at(*place)] += number
        if status in (Status.DUE, Status.OVERDUE):
            due_by[decider.version_at(*place)] += number
        if status == Status.UNDETERMINED:
            reason = REASON[Standing(standing)]
            reasons[reason] += number
            examples += [(reason, key) for key in dict.fromkeys((first, last))]
        if status == Status.RETAINED:
            standings[Standing(standing)] += number
    forecast = {
        days: sum(standings[RETAINED_WITHIN[n]] for n in FORECAST_DAYS if n <= days) for days in FORECAST_DAYS
    }
    return Counts({s: by_status[s] for s in Status}, dict(reasons), forecast, scopes["out"], sum(scopes.values()),
                  tuple(sorted(examples)), {v: n for v, n in decided_by.items() if v}, dict(due_by))


def held_statement(decider: Decider) -> sa.Select[Any]:
    """How many records in scope hold something and are covered by a legal hold."""
    target = decider.target
    held = decider.holds.covers(target) if decider.holds is not None else sa.false()
    return sa.select(sa.func.count()).select_from(target.table).where(
        target.in_scope(), sa.not_(target.blank()), held)


def held_now(connection: Connection, decider: Decider) -> int:
    """The same, asked; nobody is held before the first run has made the register."""
    return int(connection.execute(held_statement(decider)).scalar_one()) if decider.holds is not None else 0


def planned_statement(decider: Decider) -> sa.Select[Any]:
    """The same with the subjects that a record names by itself: what a plan knows a row by."""
    names = [in_sql(column).label(f"{SUBJECT}{n}") for n, column in enumerate(decider.target.subjects, start=1)]
    return candidate_statement(decider).add_columns(*names).order_by("seq")


def candidate_statement(decider: Decider) -> sa.Select[Any]:
    """Place, key, status and end of what would be removed, in the order of subject and key.

    What belongs to one subject stands together: it is locked once, and two connections do not meet at it.
    """
    judged, target = decider.scan(), decider.target
    place = sa.func.row_number().over(order_by=(*target.subjects, *target.key))
    return (
        sa.select(place.label("seq"), target.key_text().label("record_key"), judged.status().label("status"),
                  judged.end_text.label("service_end"))
        .select_from(judged.source)
        .where(target.in_scope(), judged.to_purge())
    )
