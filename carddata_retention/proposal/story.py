"""`init`: look at a database, and write down what its configuration could be. Nothing is changed there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.config import url_from_environment
from carddata_retention.db import open_database, seen_as
from carddata_retention.errors import BlindError, UsageError
from carddata_retention.identity import stamp
from carddata_retention.own_tables import own_tables
from carddata_retention.proposal import choice, rights, written
from carddata_retention.proposal.picture import picture
from carddata_retention.settings import Evidence
from carddata_retention.toml_text import UNKNOWN, quoted

NOTHING = "Nothing was written."
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration that a person completes: its text, its SQL, and what it says in one line each."""

    toml: str
    targets: tuple[str, ...]
    services: tuple[str, ...]
    indexes: tuple[str, ...]
    grants: tuple[str, ...]

    @property
    def open(self) -> int:
        """How many places a person must fill in."""
        return sum(line.partition("#")[0].count(quoted(UNKNOWN)) for line in self.toml.splitlines())

    def told(self, path: Path) -> list[str]:
        """What a person reads, with the command to type next."""
        return [
            *(f"target {t}" for t in self.targets),
            f"services could be in: {', '.join(self.services) or 'no table that was found'}",
            f"{UNKNOWN} stands in {self.open} place{'s' * (self.open != 1)}: answer, and read every line. Then:",
            f"  carddata-retention check --config {path}",
        ]

    def as_json(self) -> dict[str, Any]:
        """The answer of `init --json`."""
        return {"schema": 1, "toml": self.toml, "fill_in": self.open, "targets": list(self.targets),
                "services": list(self.services), "indexes": list(self.indexes), "grants": list(self.grants)}


def propose(variable: str, base: Path, host: datetime) -> Proposal:
    """Look at the database that an environment variable names; a SQLite file is found from `base`.

    Raises ConfigError for the URL, BlindError where the database cannot be looked at or no card field is found.
    """
    db = open_database(url_from_environment(variable), base)
    evidence = Evidence()
    try:
        own = own_tables(db.dialect, evidence.schema_, evidence.prefix)
        seen = picture(db, own, stamp(host))
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The database", not_done=NOTHING) from None
    finally:
        db.close()
    draft = choice.draft(seen)
    if not draft.targets:
        near = ", ".join([*draft.never, *draft.texts, *draft.unsure][:MOST_NAMED])
        raise BlindError("no_card_fields", f"No column of the {len(seen.tables)} tables that this login sees holds "
                         f"card fields, by name and value{f'; nearest to it are {near}' if near else ''}.",
                         not_done=NOTHING, cure="Look at the URL and its schema, and GRANT SELECT to this login.")
    dialect = db.engine.dialect
    made, given = rights.indexes(draft, dialect), rights.grants(draft, dialect)
    return Proposal(
        written.toml(draft, variable, made, given),
        tuple(f"{t.table.place}: {'redact' if t.redact else 'delete'}" for t in draft.targets),
        tuple(s.table.place for s in draft.services), tuple(made), tuple(given),
    )


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """The file that a proposal goes into, made before anybody looks, 0600; gone again where nothing came.

    Raises UsageError rather than replace one, or where it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError("out_exists", f"There is a file {path} already.", not_done=NOTHING,
                         cure="Name another one: carddata-retention init --url-env NAME --out FILE") from None
    except OSError as wrong:
        raise UsageError("out_unwritable", f"{path} cannot be written: {type(wrong).__name__}.", not_done=NOTHING,
                         cure="Name a folder that is there and that this user may write into.") from None
    whole = False
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        whole = True
    finally:
        if not whole:
            path.unlink(missing_ok=True)
