"""The evidence outside the database: one file for each run, with all that its seal is computed from.

A restored database knows only the evidence of its own time; these files are what remains of the rest. They hold
no key of a record. Their form is that of `verifier/`, by which an auditor reads them without us.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from carddata_retention.chain import NOT_SEALED, Batches, Row
from carddata_retention.errors import BlindError, FailedError
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.verifier import form

_HEAD_BYTES = 8192
_NEEDED = {"number": int, "epoch": int, "tombstones": int} | dict.fromkeys(
    ("run_id", "database_name", "as_of", "root", "previous", "seal", "key_id", "signature"), str)


class Copy:
    """The file of a run, written while its tombstones go by on their way into the tree of its seal.

    Nothing of it is seen before `publish`; a folder that takes no file says so there, and does not stop the seal.
    """

    def __init__(self, ledger: Ledger, run_id: str, directory: Path) -> None:
        self._ledger, self._run_id, self._directory = ledger, run_id, directory
        self._file: _NewFile | None = None
        self._check = ""
        self._wrong: OSError | None = None

    def passing(self, connection: Connection, row: Row, batches: Batches,
                stones: Iterator[form.Entry]) -> Iterator[form.Entry]:
        """The same tombstones; all that stands before them in the file is written first."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._file = _NewFile(path_of(self._directory, self._run_id))
        except OSError as wrong:
            self._wrong = wrong
        for entry in _before_stones(connection, self._ledger, row, batches):
            self._write(entry)
        for stone in stones:
            self._write(_entry_of(stone))
            yield stone

    def publish(self, connection: Connection, key: EvidenceKey) -> Path:
        """Put the sealed run's file in its place, and that of every sealed run before it whose file is missing: one
        that was killed, or whose folder took no file. Each whole or not at all.

        Raises FailedError where the folder takes no file.
        """
        export_missing(connection, self._ledger, key, self._directory, but=self._run_id)
        self._write(_head(self._ledger, *self._ledger.sealed_rows(connection, self._run_id)))
        try:
            if self._wrong is None and self._file is not None:
                return self._file.publish()
        except OSError as wrong:
            self._wrong = wrong
        assert self._wrong is not None
        raise _unwritable(self._wrong) from None

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self._wrong is None and self._file is not None:
            text, self._check = form.line(self._check, entry)
            try:
                self._file.write(text)
            except OSError as wrong:
                self._wrong = wrong


def export_missing(connection: Connection, ledger: Ledger, key: EvidenceKey, directory: Path, *,
                   but: str = "") -> list[Path]:
    """Write every sealed run whose file is missing, except those of a lost key, whose references nobody can compute.

    Raises FailedError where the folder takes no file.
    """
    run = ledger.tables.run.c
    sealed = connection.execute(select(run.run_id, run.key_id).where(run.seal.is_not(None), run.run_id != but)
                                .order_by(run.number)).all()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _publish_keys(directory, key)
        return [_write(connection, ledger, run_id, secret, directory) for run_id, key_id in sealed
                if not path_of(directory, run_id).exists() and (secret := key.secret_of(key_id)) is not None]
    except OSError as wrong:
        raise _unwritable(wrong) from None


def path_of(directory: Path, run_id: str) -> Path:
    """The file of a run."""
    return directory / f"{run_id}.jsonl"


def heads(directory: Path) -> list[form.Entry]:
    """The head of each file, in the order of their numbers; of a file that is not whole, none.

    Raises BlindError for a file that cannot be read: it may be the last.
    """
    found = [head for path in directory.glob("*.jsonl") if (head := _head_of(path)) is not None]
    return sorted(found, key=lambda head: int(head["number"]))


def _head_of(path: Path) -> form.Entry | None:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _HEAD_BYTES))
            last = file.read().splitlines()[-1:]
    except OSError as wrong:
        raise BlindError("evidence_unreadable", f"{path.name} in the evidence folder cannot be read: "
                         f"{type(wrong).__name__}.", cure="Give the job's user the right to read it, or move away what "
                         "is no evidence.") from None
    try:
        head = json.loads(last[0])
        whole = head["kind"] == "head" and all(isinstance(head[name], kind) for name, kind in _NEEDED.items())
        return {**head, "path": path} if whole else None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None


def _publish_keys(directory: Path, key: EvidenceKey) -> None:
    """The public keys beside the evidence; one that was lost meanwhile stays there."""
    path = directory / form.KEYS
    try:
        known = form.read_keys(path)
    except ValueError:
        known = {}  # somebody damaged it: what we know ourselves stands there again
    if (wanted := known | key.publics()) != known:
        _put(path, [form.canonical(wanted) + b"\n"])


def _write(connection: Connection, ledger: Ledger, run_id: str, secret: bytes, directory: Path) -> Path:
    path = path_of(directory, run_id)
    _put(path, _lines(_entries(connection, ledger, run_id, secret)))
    return path


def _lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    check = ""
    for entry in entries:
        text, check = form.line(check, entry)
        yield text


def _entries(connection: Connection, ledger: Ledger, run_id: str, secret: bytes) -> Iterator[Mapping[str, Any]]:
    row, batches = ledger.sealed_rows(connection, run_id)
    yield from _before_stones(connection, ledger, row, batches)
    for stone in ledger.exported_stones(connection, row, batches, secret):
        yield _entry_of(stone)
    yield _head(ledger, row, batches)


def _before_stones(connection: Connection, ledger: Ledger, row: Row, batches: Batches) -> Iterator[Mapping[str, Any]]:
    yield {"format": form.FORMAT, "kind": "run", **{k: v for k, v in row.items() if k not in NOT_SEALED}}
    for event in ledger.events_since(connection, *ledger.sealed_events(connection, row["run_id"])):
        yield {"kind": "event", **event}
    for batch in batches.values():
        yield {"kind": "batch", **batch}
    for follows in ledger.deadline_rows(connection, row["run_id"]).mappings():
        yield {"kind": "deadline", **follows}


def _entry_of(stone: form.Entry) -> form.Entry:
    return {"kind": "tombstone", **stone}


def _head(ledger: Ledger, row: Row, batches: Batches) -> form.Entry:
    head = form.head(row, ledger.facts(row, batches), row["tombstones"], row["root"], row["previous_seal"])
    return {"kind": "head", **head, "seal": row["seal"], "key_id": row["key_id"], "signature": row["signature"]}


class _NewFile:
    """A file for its owner alone that is whole when it is seen."""

    def __init__(self, path: Path) -> None:
        self._path, self._temporary = path, path.with_name(path.name + ".new")
        self._temporary.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self.write = self._file.write

    def publish(self) -> Path:
        """Bring it to the disk, then into its place."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._temporary.replace(self._path)
        return self._path


def _put(path: Path, lines: Iterable[bytes]) -> None:
    file = _NewFile(path)
    for text in lines:
        file.write(text)
    file.publish()


def _unwritable(wrong: OSError) -> FailedError:
    return FailedError("evidence_unwritable", f"The evidence folder takes no file: {type(wrong).__name__}.",
                       not_done="The removal and its evidence in the database stand; this copy and the report do not.",
                       cure="Give the job's user the right to write there; then: carddata-retention evidence export, "
                            "and carddata-retention report. The next run writes again, too.")
