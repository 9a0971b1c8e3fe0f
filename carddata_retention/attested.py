"""Attested service ends: what two people and a document say where the services of a subject do not, as SQL.

An attestation is used only where the services of its subject are those that it was made for (as many as then), where
not one of them is open, and only for those that nobody can date. It never moves a date that the data have: the later
of the two decides. Two in force for one subject contradict each other, and neither is used.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from carddata_retention import key_text
from carddata_retention.model import Kind
from carddata_retention.moments import Condition
from carddata_retention.period import Bound, Reading
from carddata_retention.policy import Bounds
from carddata_retention.services import Column, constant
from carddata_retention.status import FORECAST_DAYS, RETAINED_WITHIN, SETTLED_BY_AN_END, Standing

# A person says on which day a service ended: it could be used through that day.
DAYS = Reading(Kind.INCLUSIVE_DATE)


@dataclass(frozen=True, slots=True)
class Attestations:
    """Our table of attested ends; `open_` says which of its rows are in force."""

    table: sa.Table
    open_: Condition

    def alone(self, subject: Column, what: Column) -> Column:
        """Of the one attestation in force for a subject, what is asked; NULL where there is none, or more than one."""
        single = sa.case((sa.func.count() == 1, sa.func.max(what)))
        mine = sa.select(single).select_from(self.table).where(
            self.open_, self.table.c.item == key_text.in_sql(subject))
        return mine.correlate_except(self.table).scalar_subquery()

    def made_for(self, subject: Column, services: Column) -> Condition:
        """True where an attestation was made for a subject that had as many services as it has now."""
        return self.alone(subject, self.table.c.services) == services

    def standing(self, subject: Column, bounds: Bounds, *, ahead: bool) -> Column:
        """How a service stands whose end is the attested day: the last lines of `services.standing`."""
        steps = FORECAST_DAYS if ahead else ()
        return self.alone(subject, sa.case(
            (sa.not_(self.covered(bounds.over)), constant(Standing.ACTIVE)),
            (self.covered(bounds.overdue), constant(Standing.OVERDUE)),
            (self.covered(bounds.due), constant(Standing.DUE)),
            *((self.covered(bounds.due_within[n]), constant(RETAINED_WITHIN[n])) for n in steps),
            else_=constant(Standing.RETAINED)))

    def mark(self, subject: Column) -> Column:
        """The day and the id of the attestation, as a deciding text has them."""
        row = self.table.c
        return self.alone(subject, row.ended_on.concat("|").concat(row.id))

    def without_services(self, subject: Column, what: Column) -> Column:
        """What is asked, where it was attested that a subject without services has none."""
        return sa.case((self.made_for(subject, sa.literal_column("0")), what))

    def covered(self, bound: Bound) -> Condition:
        """True for a row whose day is covered by the bound."""
        day: Any = self.table.c.ended_on
        value = sa.literal(bound.value.isoformat(), sa.String())
        covered: Condition = day <= value if bound.inclusive else day < value
        return covered


def settles(greatest: Column) -> Condition:
    """True where the greatest standing of a subject's services is one that an end would settle."""
    return greatest.between(constant(min(SETTLED_BY_AN_END)), constant(max(SETTLED_BY_AN_END)))
