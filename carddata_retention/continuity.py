"""Whether the ledger and the exported evidence tell one story, and how it goes on where a database went back.

A database that was restored from a backup has forgotten the runs since then; the files have not. Where the ledger is
the beginning of what the files say, the forgotten runs are taken in again, with references for the keys that nobody
can know, and the next run begins a new epoch. Where neither is the beginning of the other, somebody must decide.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import export, identity
from carddata_retention.db import seen_as
from carddata_retention.errors import BrokenError, ConfigError
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.stage import Stage
from carddata_retention.verifier import form
from carddata_retention.verifier.check import EvidenceFile

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The runs that the files know and the ledger does not, in their order; `since` is the day of its last run."""

    heads: tuple[form.Entry, ...]
    since: str | None
    epoch: int

    @property
    def tombstones(self) -> int:
        """How many removals the ledger does not know."""
        return sum(int(head["tombstones"]) for head in self.heads)


def forgotten(connection: Connection, ledger: Ledger, directory: Path) -> Forgotten | None:
    """What the ledger has forgotten; None where it knows every exported run. Raises BrokenError where they part ways.

    A file that is missing while the ledger knows its run is no matter: it is written again.
    """
    if not (heads := export.heads(directory)):
        return None
    known = _known(connection, ledger)
    missing: list[form.Entry] = []
    for head in heads:
        row = known.get(int(head["number"]))
        if row is not None and not _same(row, head):
            raise _parted(head, "the ledger and the exported evidence know different runs of that number")
        if row is None or row.seal is None:
            missing.append(head)
    if not missing:
        return None
    last = max((row for row in known.values() if row.seal is not None), key=lambda row: int(row.number), default=None)
    number, seal = (last.number, last.seal) if last is not None else (0, form.GENESIS)
    for head in missing:
        number += 1
        if (head["number"], head["previous"]) != (number, seal):
            raise _parted(head, "the ledger does not end where the exported evidence goes on")
        seal = head["seal"]
    return Forgotten(tuple(missing), last.as_of if last is not None else None,
                     max(int(head["epoch"]) for head in missing))


def _known(connection: Connection, ledger: Ledger) -> dict[int, Any]:
    if not ledger.exists(connection):
        return {}
    run = ledger.tables.run.c
    return {row.number: row for row in connection.execute(sa.select(run.number, run.run_id, run.seal, run.as_of))}


def _same(row: Any, head: form.Entry) -> bool:
    """One run; a backup in its middle knows it without its seal."""
    return bool(row.run_id == head["run_id"] and row.seal in (None, head["seal"]))


def first_ever(stage: Stage) -> bool:
    """Whether neither the ledger nor the exported evidence knows a run: only then may an evidence key be made.

    Raises BlindError where the ledger cannot be read.
    """
    if export.heads(stage.config.path(stage.config.evidence.directory)):
        return False
    try:
        with stage.db.snapshot() as connection:
            return not (stage.ledger.exists(connection) and stage.ledger.began(connection))
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None


def recall(connection: Connection, stage: Stage, key: EvidenceKey) -> Forgotten | None:
    """What a restored database has forgotten and the exported evidence has not, made part of the ledger again.

    In the transaction in which the next run begins: either the new epoch begins with it, or nothing was taken in.
    Raises as `forgotten` and `take_in` do.
    """
    directory = stage.config.path(stage.config.evidence.directory)
    if (lost := forgotten(connection, stage.ledger, directory)) is not None:
        take_in(connection, stage.ledger, lost, key, directory, identity.database_name(stage))
    return lost


def take_in(connection: Connection, ledger: Ledger, lost: Forgotten, key: EvidenceKey, directory: Path,
            database: str) -> None:
    """Write the forgotten runs into the ledger, from files that verify.

    Raises BrokenError where one does not, ConfigError where they are of another database.
    """
    if other := next((head["database_name"] for head in lost.heads if head["database_name"] != database), None):
        raise ConfigError("evidence_elsewhere", f"The evidence folder has runs of the database {other}, and this is "
                          f"{database}.", cure="Give each database its own evidence.directory and key_file. If this "
                          "one was restored under another name, see docs/runbook.md, After a restore.")
    try:
        keys = form.read_keys(directory / form.KEYS)
    except ValueError:
        keys = {}
    trusted = {name: public for name, public in keys.items() if key.former.get(name, key) is None} | key.publics()
    for head in lost.heads:
        path: Path = head["path"]
        file = EvidenceFile(path)
        if wrong := [c.what for c in file.complaints] + form.unsigned(file.head, trusted):
            raise BrokenError("evidence_changed", f"The exported evidence {path.name} does not hold: {wrong[0]}.",
                              cure="carddata-retention evidence verify; restore the folder from its backup.")
        _insert(connection, ledger, head, path)


def _insert(connection: Connection, ledger: Ledger, head: form.Entry, path: Path) -> None:
    tables, run_id = ledger.tables, head["run_id"]
    for table in (tables.tombstone, tables.deadline, tables.batch, tables.work, tables.run):
        connection.execute(table.delete().where(table.c.run_id == run_id))  # what a backup in its middle knows of it
    # Events that the backup knows and the files have under other numbers: the files are what was sealed.
    sealed_until = sa.select(sa.func.coalesce(sa.func.max(tables.run.c.last_event), 0)).scalar_subquery()
    connection.execute(tables.event.delete().where(tables.event.c.number > sealed_until))
    sealed = {"previous_seal": head["previous"], "salt": ""} | {
        name: head[name] for name in ("tombstones", "root", "seal", "key_id", "signature")}
    into = {"run": tables.run, "event": tables.event, "batch": tables.batch, "deadline": tables.deadline,
            "tombstone": tables.tombstone}
    more = {"run": sealed, "event": {}}
    with path.open("rb") as file:
        entries = _entries(file)
        while some := list(islice(entries, _AT_ONCE)):
            for kind, table in into.items():
                rows = [entry | more.get(kind, {"run_id": run_id}) for of, entry in some if of == kind]
                if rows:
                    connection.execute(table.insert(), rows)


def _entries(file: Any) -> Iterator[tuple[str, form.Entry]]:
    for raw in file:
        entry = json.loads(raw)
        kind = entry.pop("kind")
        for word in ("check", "format"):
            entry.pop(word, None)
        if kind == "tombstone":
            entry["record_key"] = entry.pop("reference")
        yield kind, entry


def _parted(head: form.Entry, why: str) -> BrokenError:
    return BrokenError("ledger_parted", f"At run number {head['number']} {why}.",
                       cure="Keep both as they are. Is evidence.directory that of another database? Otherwise call "
                            "whoever owns the evidence; see docs/runbook.md, After a restore.")
