"""One target held against the catalogue: its key, its card fields, what hangs on it, and what stands in the way."""

import hashlib
import json
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from carddata_retention import settings, targets
from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.conditions import condition
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.families import KEPT, Child, family, nothing_refers_to
from carddata_retention.forms import LooseText, acquired, comparable, exact
from carddata_retention.key_text import is_steady
from carddata_retention.model import Disposition
from carddata_retention.moments import Condition
from carddata_retention.service_binding import BoundService


@dataclass(frozen=True, slots=True)
class BoundTarget:
    """One target, ready to be read and removed from."""

    declared: settings.Target
    name: TableName
    target: targets.Target
    children: tuple[Child, ...]
    kept_as_they_are: tuple[str, ...]
    triggers: tuple[str, ...]
    fingerprint: str


def bind_target(catalogue: Catalogue, what: settings.Target, service: BoundService, *,
                at_acquisition: bool) -> BoundTarget:
    """Hold one target against the catalogue; `created` only where it decides. Raises BlindError, ConfigError or
    RefusedError."""
    label = f"target {what.name}"
    name = catalogue.find(what.table, label)
    catalogue.must_roll_back(name, f"Target {what.name}")
    known = catalogue.columns(name)
    emptied = what.emptied() if what.disposition is Disposition.REDACT else {}
    direct = [] if isinstance(what.subject, settings.SubjectPath) else what.subject
    first_hop = what.subject.through[0].from_ if isinstance(what.subject, settings.SubjectPath) else []
    itself = [c for c in catalogue.updated_by_themselves(name) if c not in emptied] if emptied else []
    created = what.created if at_acquisition else None
    wanted = [*what.key, *direct, *first_hop, *what.fields.columns, *what.also, *itself,
              *([created.column] if created else [])]
    table = catalogue.bound(name, wanted, label)
    _key_is_unique(catalogue, name, what, table)
    _keys_are_steady(catalogue, name, what, table)
    stored = _stored_keys(catalogue, name, what, table)
    if emptied:
        _can_be_emptied(catalogue, name, what, emptied)
        nothing_refers_to(catalogue, name, list(emptied), what.name)
        children: tuple[Child, ...] = ()
    else:
        children = family(catalogue, name, tuple(what.key), what)
        parents = [c for child in children for c in child.parent_columns]
        table = catalogue.bound(name, [*wanted, *parents], label)
    for key, type_ in stored.items():
        table.c[key].type = type_
    triggers = tuple(catalogue.triggers(name))
    target = targets.Target(
        name=what.name,
        table=table,
        key=tuple(table.c[k] for k in what.key),
        fields=tuple(table.c[f] for f in what.fields.columns),
        emptied={c: _masked(table.c[c], mask, what.name) for c, mask in emptied.items()},
        disposition=what.disposition,
        dialect=catalogue.dialect,
        where=condition(catalogue, table, what.where, "IS TRUE", f"targets.{what.name}.where") if what.where else None,
        subjects=tuple(table.c[s] for s in direct),
        fields_filled=tuple(
            _filled(table.c[c], emptied.get(c), catalogue.dialect, what.name) for c in what.fields.columns
        ),
        also_filled=tuple(_filled(table.c[c], None, catalogue.dialect, what.name) for c in what.also),
        created=acquired(table.c[created.column], created, catalogue.dialect, label) if created else None,
    )
    if isinstance(what.subject, settings.SubjectPath):
        target = _with_path(catalogue, target, what.subject, label)
    _subjects_can_meet(catalogue, name, target, what, service)
    used = {c: [str(known[c]["type"]), known[c]["nullable"]] for c in dict.fromkeys(wanted)}
    arriving = [str(k) for k in catalogue.arriving(name)]
    print_of = json.dumps([str(name), what.key, used, arriving, triggers, emptied], sort_keys=True)
    return BoundTarget(what, name, target, children, tuple(itself), triggers,
                       hashlib.sha256(print_of.encode()).hexdigest())


def _with_path(catalogue: Catalogue, target: targets.Target, path: settings.SubjectPath, label: str) -> targets.Target:
    before: Any = target.table
    hops = []
    for n, hop in enumerate(path.through, start=1):
        place = f"{label}, subject.through"
        name = catalogue.find(hop.table, place)
        catalogue.must_roll_back(name, place)
        following = path.through[n].from_ if n < len(path.through) else [path.column]
        here = catalogue.bound(name, [*hop.to, *following], place).alias(f"carddata_hop_{n}")
        links = [(before.c[a], here.c[b]) for a, b in zip(hop.from_, hop.to, strict=True)]
        for a, b in links:
            if not comparable(a.type, b.type, catalogue.dialect):
                raise ConfigError("subject_type", f"{place}: {a.key} is {a.type}, and {hop.table}.{b.key} is {b.type}.",
                                  not_done=KEPT, cure="Join columns of one type.")
        hops.append(targets.Hop(here, tuple(a for a, _ in links), tuple(b for _, b in links)))
        before = here
    return replace(target, path=tuple(hops), path_subject=before.c[path.column])


def _subjects_can_meet(catalogue: Catalogue, name: TableName, target: targets.Target, what: settings.Target,
                       service: BoundService) -> None:
    """Raises ConfigError where a subject and the service ends' subject are of different sorts."""
    subject = service.source.subject
    sides = [target.path_subject] if target.path_subject is not None else list(target.subjects)
    for side in sides:
        mine, theirs = side.type, subject.type
        if catalogue.dialect == "sqlite":  # there a bound column has no type; what the catalogue declares is asked
            mine = catalogue.columns(name)[str(side.key)]["type"] if not target.path else mine
            theirs = catalogue.columns(service.table)[str(subject.key)]["type"] if service.table else theirs
        if isinstance(mine, sa.Float) or not is_steady(mine, catalogue.dialect):
            raise _unsteady("subject_type", f"Target {what.name}: the subject {side.key}", str(mine),
                            "Give it an exact type")
        if not comparable(mine, theirs, catalogue.dialect):
            raise ConfigError(
                "subject_type", f"Target {what.name}: the subject {side.key} is {mine}, and {subject.key} of the "
                f"service ends is {theirs}.", not_done=KEPT,
                cure="Give both one type, or cast it in service_end.query.",
            )


def _filled(column: sa.ColumnElement[Any], mask: str | None, dialect: str, target: str) -> Condition:
    conditions: list[Condition] = [column.is_not(None)]
    if isinstance(column.type, sa.String | sa.types.NullType):
        conditions.append(exact(column, dialect) != exact(sa.literal("", sa.String()), dialect))
        if mask is not None:
            conditions.append(exact(column, dialect) != exact(sa.literal(mask, sa.String()), dialect))
    elif mask is not None:
        conditions.append(column != _masked(column, mask, target))
    return sa.and_(*conditions)


_MASKS: tuple[tuple[Any, Any], ...] = ((sa.Integer, int), (sa.Numeric, Decimal), (sa.Float, float), (sa.Uuid, UUID))


def _masked(column: sa.ColumnElement[Any], mask: str | None, target: str) -> Any:
    if mask is not None and isinstance(column.type, LooseText) and column.type.written_as is not None:
        return sa.cast(sa.literal(mask, sa.String()), column.type.written_as)
    if mask is None or isinstance(column.type, sa.String | sa.types.NullType):
        return mask
    make = next((make for types, make in _MASKS if isinstance(column.type, types)), None)
    try:
        if make is not None:
            return make(mask)
    except (ValueError, InvalidOperation):
        pass
    raise ConfigError("mask_type", f"Target {target}: the mask of {column.key} is no value of its type {column.type}.",
                      not_done=KEPT, cure='Choose a mask of the column\'s own type, such as "0", or "null".')


def _key_is_unique(catalogue: Catalogue, name: TableName, what: settings.Target, table: sa.Table) -> None:
    keys = catalogue.unique_keys(name)
    if sorted(what.key) not in [sorted(k) for k in keys]:
        offered = ", ".join(str(list(k)) for k in keys) or "none"
        raise BlindError("no_unique_key", f"Target {what.name}: {what.key} is not unique in {name}.",
                         not_done=KEPT, cure=f"Name a unique key; the table has: {offered}.")
    known = catalogue.columns(name)
    loose = [k for k in what.key if known[k]["nullable"]]
    if not loose:
        return
    primary = sorted(what.key) == sorted(catalogue.primary_key(name))
    if primary and catalogue.dialect == "sqlite":
        # SQLite lets a primary key be NULL unless it says NOT NULL; what counts is whether a row makes use of it.
        nameless = sa.select(sa.literal(1)).select_from(table).where(sa.or_(*(table.c[k].is_(None) for k in loose)))
        if catalogue.connection.execute(nameless.limit(1)).first() is None:
            return
    elif primary:
        return
    raise BlindError("nullable_key", f"Target {what.name}: {loose[0]} is unique but may be NULL, and a row "
                     "without it could not be named.", not_done=KEPT,
                     cure=f"Make {name}.{loose[0]} NOT NULL, or name the primary key.")


def _keys_are_steady(catalogue: Catalogue, name: TableName, what: settings.Target, table: sa.Table) -> None:
    """Raises ConfigError for a key that is written now this way and now that: a hold by its text could miss it."""
    for key in what.key:
        declared = catalogue.columns(name)[key]["type"]
        # A type that SQLite does not know is text or a number there; that a REAL is no exact number it knows.
        if not is_steady(table.c[key].type, catalogue.dialect) or isinstance(declared, sa.Float):
            raise _unsteady("key_type", f"Target {what.name}: the key {key}", str(declared), "Name another unique key")


def _unsteady(code: str, what: str, type_: str, cure: str) -> ConfigError:
    return ConfigError(code, f"{what} is {type_}, which has no text that is always the same, so a legal hold by it "
                       "could miss the record.", not_done=KEPT,
                       cure=f"{cure}: whole or decimal numbers, text, bytes, UUIDs, days and moments can be named.")


_STORED: dict[str, Any] = {"integer": sa.BigInteger(), "blob": sa.LargeBinary()}


def _stored_keys(catalogue: Catalogue, name: TableName, what: settings.Target, table: sa.Table) -> dict[str, Any]:
    """The types of a SQLite key of which the declared type says nothing certain: what is stored there decides.

    Raises BlindError where values of several types stand there that the declared type does not tell apart by their
    text, ConfigError for a floating point number.
    """
    if catalogue.dialect != "sqlite":
        return {}
    found: dict[str, Any] = {}
    for key in what.key:
        if catalogue.is_rowid(name, key):
            found[key] = _STORED["integer"]
            continue
        type_ = catalogue.columns(name)[key]["type"]
        kinds = sorted(catalogue.connection.execute(sa.select(sa.func.typeof(table.c[key])).distinct()).scalars())
        if "real" in kinds:
            raise _unsteady("key_type", f"Target {what.name}: a value of the key {key}", "a floating point number",
                            "Name another unique key")
        # A column of numbers keeps as text only what is no number.
        if len(kinds) > 1 and not (kinds == ["integer", "text"] and isinstance(type_, sa.Integer | sa.Numeric)):
            raise BlindError("mixed_key", f"Target {what.name}: the type of {key} lets values of several types stand "
                             f"in it, and they do: {', '.join(kinds)}.", not_done=KEPT,
                             cure="Declare its type (INTEGER or TEXT), or name another unique key.")
        if "blob" in kinds or (kinds and isinstance(type_, sa.types.NullType | sa.LargeBinary) and kinds[0] in _STORED):
            found[key] = _STORED[kinds[0]]
    return found


def _can_be_emptied(
    catalogue: Catalogue, name: TableName, what: settings.Target, emptied: dict[str, str | None]
) -> None:
    known = catalogue.columns(name)
    unique = {c for key in catalogue.unique_keys(name) for c in key}
    for column, mask in emptied.items():
        seen = known[column]
        if seen.get("computed") is not None:
            raise BlindError("generated_column", f"Target {what.name}: {column} is computed by the database and cannot "
                             "be emptied.", not_done=KEPT, cure="Declare the columns that it is computed from instead.")
        if mask is None:
            if not seen["nullable"]:
                cure = f"ALTER TABLE {name}: drop the NOT NULL of {column}" + (
                    "." if column in what.also else ', or give it a mask: redact = { … = { mask = "***" } }.')
                raise BlindError("not_null", f"Target {what.name}: {column} is NOT NULL, and NULL is to be written.",
                                 not_done=KEPT, cure=cure)
            continue
        length, words = getattr(seen["type"], "length", None), getattr(seen["type"], "enums", None)
        if words is not None and mask not in words:
            raise ConfigError("mask_type", f"Target {what.name}: the mask of {column} is no word of its enumeration.",
                              not_done=KEPT, cure="Choose one of its words, or add one.")
        if words is None and length is not None and len(mask) > length:
            raise BlindError("mask_too_long", f"Target {what.name}: the mask of {column} has {len(mask)} characters, "
                             f"the column {length}.", not_done=KEPT, cure="Choose a shorter mask.")
        if column in unique:
            raise BlindError("unique_field", f"Target {what.name}: {column} is unique, so one mask cannot stand in "
                             "two rows.", not_done=KEPT, cure="Write null, or drop the unique index.")
