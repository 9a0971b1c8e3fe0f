"""What card data is held of a subject or a record: counts, filled fields, terms and holds. No value leaves."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.letters import Held, Term
from carddata_retention.moments import Condition
from carddata_retention.naming import Naming
from carddata_retention.period import resolve
from carddata_retention.records import Ground, key_values
from carddata_retention.schema import BoundTarget
from carddata_retention.status import Standing, status_of
from carddata_retention.tables import Decider
from carddata_retention.target_settings import CARD_FIELDS
from carddata_retention.targets import path_rows


@dataclass(frozen=True, slots=True)
class Whose:
    """What a request names: a record by target and the key's text, or a subject by the texts that columns have of it.
    """

    scope: str
    items: tuple[str, ...]
    target: str | None = None

    def of(self, names: Naming, bound: BoundTarget) -> Condition:
        """True for its records in a target."""
        target = bound.target
        if self.scope == "record":
            same = target.name == self.target
            return target.key_is(key_values(target, self.items[0])) if same else sa.false()
        values = [names.subject(text) for text in self.items]
        if target.path_subject is not None:
            return path_rows(target, [sa.literal(1)]).where(target.path_subject.in_(values)).exists()
        return sa.or_(*(column.in_(values) for column in target.subjects))


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was found: by target and term; the holds in force on it, by number; how many records are held."""

    held: tuple[Held, ...]
    holds: tuple[str, ...]
    under_hold: int

    @property
    def records(self) -> dict[str, int]:
        """Target -> its records that hold card data."""
        found: Counter[str] = Counter()
        for one in self.held:
            found[one.target] += one.records
        return dict(found)


def inventory(connection: Connection, names: Naming, whose: Whose) -> Inventory:
    """Look into every target. Raises what keeps one of them from being read: half an answer would be a wrong one."""
    held: list[Held] = []
    holds: set[str] = set()
    under_hold = 0
    for name in names.schema.targets:
        bound = names.target(name)
        decider = names.stage.decider(names.schema, bound, registers=True, attested=names.stage.attested(connection))
        found, number = _of_target(connection, names, bound, decider, whose)
        held += found
        under_hold += number
        holds |= set(_holds(connection, names, bound, decider, whose))
    return Inventory(tuple(held), tuple(sorted(holds)), under_hold)


def _of_target(connection: Connection, names: Naming, bound: BoundTarget, decider: Decider,
               whose: Whose) -> tuple[list[Held], int]:
    target, judged = bound.target, decider.row()
    filled = dict(zip(bound.declared.fields.columns, target.fields_filled, strict=True))
    fields = {name: sa.or_(*(filled[c] for c in columns)) for name in CARD_FIELDS
              if (columns := getattr(bound.declared.fields, name))}
    said = [sa.case((condition, 1), else_=0).label(f"carddata_{name}") for name, condition in fields.items()]
    rows = connection.execute(
        sa.select(judged.standing, sa.case((judged.held, 1), else_=0).label("carddata_held"), judged.end_text, *said)
        .select_from(judged.source).where(whose.of(names, bound), target.holds_something()))
    counts: Counter[Term] = Counter()
    by_field: dict[Term, Counter[str]] = {}
    under_hold = 0
    for standing, is_held, text, *rest in rows:
        term = _term(decider, Standing(standing), text)
        counts[term] += 1
        under_hold += is_held
        by_field.setdefault(term, Counter()).update(
            {name: flag for name, flag in zip(fields, rest, strict=True) if flag})
    return [Held(target.name, number, {n: by_field[term][n] for n in fields if by_field[term][n]}, term)
            for term, number in counts.items()], under_hold


def _term(decider: Decider, standing: Standing, text: str | None) -> Term:
    status = status_of(standing).value
    if status in ("active", "undetermined"):
        return Term(status)
    if text is None:
        return Term("undetermined")
    ground = Ground.read(decider, text)
    end, deadline = ground.last()
    day = end
    if isinstance(end, datetime):
        zone = ground.ruling.service.end.reading.zone
        day = (resolve(end, zone) if zone is not None else end).astimezone(ground.ruling.rule.zone).date()
    return Term("ended", day, deadline.last_retained_day, deadline.first_purgeable_day, deadline.rule)


def _holds(connection: Connection, names: Naming, bound: BoundTarget, decider: Decider, whose: Whose) -> list[str]:
    assert decider.holds is not None
    hold = decider.holds.table
    source = bound.target.table.join(hold, decider.holds.names(bound.target))
    return list(connection.execute(sa.select(hold.c.id).distinct().select_from(source).where(
        decider.holds.open_, whose.of(names, bound), bound.target.holds_something())).scalars())
