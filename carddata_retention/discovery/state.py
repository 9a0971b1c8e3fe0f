"""What discovery remembers between two calls: how far each column was read, by which detector, and what was counted.

A file beside the exported evidence, 0600, for whoever only looks may write nothing into the database (docs/adr/0025).
Counts and positions: a position is the key of a row, as the ledger keeps it; a key that itself looks like card data is
never written, and its table is read from the start each time.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carddata_retention.detector import VERSION, Population
from carddata_retention.errors import BlindError, BusyError, FailedError

FORMAT = 2


@dataclass(slots=True)
class Column:
    """What is known of one column. `upto` is the position behind which nothing was read yet; None for the beginning.

    `named` says that the form of its values was looked at too. `since` is when the reading began that the counts are
    of, `looked` when its end was reached last, both ISO 8601 in UTC. `examples` are references of rows, `paths` counts
    of JSON paths, by class.
    """

    type: str
    named: bool = True
    upto: list[str] | None = None
    complete: bool = False
    rows: int = 0
    since: str | None = None
    looked: str | None = None
    population: Population = field(default_factory=Population)
    examples: dict[str, list[str]] = field(default_factory=dict)
    paths: dict[str, dict[str, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew."""
        self.upto, self.complete, self.since, self.looked = None, False, None, None
        self.rows = 0
        self.population, self.examples, self.paths = Population(), {}, {}

    def as_json(self) -> dict[str, Any]:
        """Counts, positions and keyed references."""
        return {"type": self.type, "named": self.named, "upto": self.upto, "complete": self.complete, "rows": self.rows,
                "since": self.since, "looked": self.looked,
                "population": self.population.as_json(), "examples": self.examples, "paths": self.paths}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Column":
        """What `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(**{**saved, "population": Population.from_json(saved["population"])})


class State:
    """The memory of one database: table -> column -> what is known.

    A round is one reading of everything, in as many calls as it takes: `round` is when the one that is going on began,
    ISO 8601 in UTC; None between two rounds.
    """

    def __init__(self, path: Path, database: str) -> None:
        self.path, self.database = path, database
        self.round: str | None = None
        self.tables: dict[str, dict[str, Column]] = {}

    def load(self) -> None:
        """Recall what was saved; nothing where another detector, database or format wrote it, or it is no such file.

        Raises BlindError where the file is there and cannot be read.
        """
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            if (saved["format"], saved["detector"], saved["database"]) == (FORMAT, VERSION, self.database):
                self.round = saved["round"]
                self.tables = {table: {name: Column.from_json(c) for name, c in columns.items()}
                               for table, columns in saved["tables"].items()}
        except FileNotFoundError:
            return
        except OSError as wrong:
            raise BlindError("state_unreadable", f"{self.path.name} cannot be read: {type(wrong).__name__}.",
                             not_done="Nothing was read.", cure=f"chown to the job's user; chmod 600 {self.path.name}"
                             ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # a memory that cannot be used is none: everything is read again

    def done(self, table: str, columns: Sequence[str]) -> bool:
        """Whether the round that is going on has read these columns to their end."""
        known = self.tables.get(table, {})
        return all(name in known and known[name].complete and (known[name].looked or "") >= (self.round or "~")
                   for name in columns)

    def save(self) -> None:
        """Whole or not at all. Raises FailedError."""
        whole = {"format": FORMAT, "detector": VERSION, "database": self.database, "round": self.round,
                 "tables": {table: {name: c.as_json() for name, c in columns.items()}
                            for table, columns in self.tables.items()}}
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                beside.unlink()
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(whole, file, ensure_ascii=False, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as wrong:
            raise FailedError("state_unwritable", f"{self.path.name} cannot be written: {type(wrong).__name__}.",
                              not_done="What was read is not remembered; the next call begins where this one began.",
                              cure="Give this user the right to write there, or name another file: [discovery] state."
                              ) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """One discovery at a time: two would forget what the other read. Raises BusyError, FailedError."""
        path = self.path.with_name(f"{self.path.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as wrong:
            raise FailedError("state_unwritable", f"{path.name} cannot be made: {type(wrong).__name__}.",
                              not_done="Nothing was read.", cure="Give this user the right to write there, or name "
                              "another file: [discovery] state.") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BusyError("discovery_running", "Another discovery of this database is running.",
                            not_done="Nothing was read.", cure="Wait for it to end; its lock ends with it.") from None
        finally:
            os.close(handle)
