"""What the database itself refuses, whoever asks: to change or remove evidence, to make a hold disappear.

Triggers, as data: which table, which change, when it is refused. They bind the owner of the tables too, until somebody
drops them, which a database's own audit shows. What they let through the chain of seals would still tell.
"""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from carddata_retention.own_tables import OwnTables

Change = Literal["UPDATE", "DELETE"]
SAYS = "carddata: evidence is only added"
# What a hold names and what people attest never changes.
HOLD = ("id", "scope", "target", "item", "basis", "placed_by", "placed_at")
ENDS = ("id", "item", "subject", "ended_on", "document", "attested_by", "second", "attested_at")


@dataclass(frozen=True, slots=True)
class Guard:
    """One refusal. `when` is a condition over OLD and NEW, the same text for each database."""

    name: str
    table: sa.Table
    change: Change
    when: str


def guards(tables: OwnTables) -> list[Guard]:
    """Every refusal. Of a run that was killed, and so is not sealed yet, a restore may put back what the files know."""
    run = tables.run.fullname
    sealed = f"EXISTS (SELECT 1 FROM {run} WHERE run_id = OLD.run_id AND seal IS NOT NULL)"  # noqa: S608 - names of ours
    kept = f"EXISTS (SELECT 1 FROM {run} WHERE run_id = OLD.run_id AND seal IS NOT NULL AND trimmed_at IS NULL)"  # noqa: S608
    wanted: list[tuple[sa.Table, Change, str]] = [
        *((table, "UPDATE", "1 = 1") for table in (tables.tombstone, tables.deadline, tables.batch, tables.event)),
        (tables.tombstone, "DELETE", kept), (tables.deadline, "DELETE", sealed), (tables.batch, "DELETE", sealed),
        (tables.event, "DELETE", f"OLD.number <= (SELECT COALESCE(MAX(last_event), 0) FROM {run})"),  # noqa: S608
        (tables.run, "DELETE", "OLD.seal IS NOT NULL"),
        (tables.run, "UPDATE", "OLD.seal IS NOT NULL AND (OLD.trimmed_at IS NOT NULL OR NEW.trimmed_at IS NULL "
                               "OR NEW.seal <> OLD.seal)"),
        (tables.hold, "DELETE", "1 = 1"), (tables.hold, "UPDATE", f"OLD.released_at IS NOT NULL OR {_changed(HOLD)}"),
        (tables.request, "DELETE", "1 = 1"), (tables.attestation, "DELETE", "1 = 1"),
        (tables.attestation, "UPDATE",
         f"OLD.withdrawn_at IS NOT NULL OR OLD.overtaken_at IS NOT NULL OR {_changed(ENDS)}"),
    ]
    return [Guard(f"{table.name}_no_{change.lower()}", table, change, when) for table, change, when in wanted]


def _changed(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"COALESCE(NEW.{c}, '') <> COALESCE(OLD.{c}, '')" for c in columns)


def statements(dialect: str, tables: OwnTables) -> list[str]:
    """The statements that make the guards."""
    return [s for guard in guards(tables) for s in _SAID[dialect](guard)]


def script(dialect: str, tables: OwnTables) -> str:
    """The same as a script for a DBA."""
    made = statements(dialect, tables)
    if dialect == "mariadb":  # its client would end a statement at the first semicolon in a body
        return "\n".join(["DELIMITER $$", *(f"{s}$$" for s in made), "DELIMITER ;"]) + "\n"
    return "\n".join(f"{s};" for s in made) + "\n"


def _postgresql(guard: Guard) -> list[str]:
    where = f"{guard.table.schema}.{guard.name}"
    body = (f"BEGIN IF {guard.when} THEN RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'restrict_violation'; END IF; "
            f"RETURN {'NEW' if guard.change == 'UPDATE' else 'OLD'}; END").replace("'", "''")
    return [f"CREATE FUNCTION {where}() RETURNS trigger LANGUAGE plpgsql AS '{body}'",
            f"CREATE TRIGGER {guard.name} BEFORE {guard.change} ON {guard.table.fullname} FOR EACH ROW "
            f"EXECUTE FUNCTION {where}()"]


def _mariadb(guard: Guard) -> list[str]:
    return [f"CREATE TRIGGER {guard.name} BEFORE {guard.change} ON {guard.table.fullname} FOR EACH ROW "
            f"IF {guard.when} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{SAYS}'; END IF"]


def _sqlite(guard: Guard) -> list[str]:
    return [f"CREATE TRIGGER {guard.name} BEFORE {guard.change} ON {guard.table.fullname} WHEN {guard.when} "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"]


_SAID = {"postgresql": _postgresql, "mariadb": _mariadb, "sqlite": _sqlite}
