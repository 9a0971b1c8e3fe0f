"""Who runs this, where, by which key and under which name in the ledger."""

import getpass
import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

import carddata_retention
from carddata_retention.db import seen_as
from carddata_retention.keys import EvidenceKey, load_key
from carddata_retention.model import Mode
from carddata_retention.settings import Config
from carddata_retention.stage import Stage
from carddata_retention.verifier import form


def run_facts(stage: Stage, run_id: str, mode: Mode, plan_digest: str | None = None) -> Mapping[str, Any]:
    """The row by which a run introduces itself to the ledger; with the digest of the plan that it carries out."""
    clocks, policy = stage.clocks, stage.policy
    return {
        "run_id": run_id, "database_name": database_name(stage),
        "mode": mode.value, "as_of": policy.as_of.isoformat(), "started_at": stamp(clocks.host),
        "database_clock": stamp(clocks.database) if clocks.database else None, "host": socket.gethostname(),
        "os_user": os_user(), "process": os.getpid(), "tool_version": carddata_retention.__version__,
        "policy_version": policy.version.version, "policy_digest": policy.digest,
        "plan_digest": plan_digest, "salt": secrets.token_hex(16),
    }


def database_name(stage: Stage) -> str:
    """The name of the database or of SQLite's file, without product, version, host or folder."""
    return stage.database.rpartition(" · ")[2]


def stamp(moment: datetime) -> str:
    """An instant as the ledger writes it: ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def new_run_id(host: datetime) -> str:
    """A name that sorts by time and meets no other."""
    return f"{host.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def os_user() -> str:
    """The operating system's name for whoever runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def event(key: EvidenceKey, at: datetime, what: str, outcome: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A signed event. `outcome` is the exit code; `facts` are names, counts and references, never a value."""
    body = {"id": secrets.token_hex(16), "at": stamp(at), "what": what, "os_user": os_user(),
            "host": socket.gethostname(), "outcome": outcome, "facts": form.canonical(dict(facts)).decode()}
    return {**body, "key_id": key.key_id, "signature": key.sign(form.event_digest(body))}


@cache
def tool_digest() -> str:
    """SHA-256 over the name and the bytes of every file of this installation that decides something, in hex."""
    root, whole = Path(carddata_retention.__file__).parent, hashlib.sha256()
    files = (path for path in root.rglob("*") if path.suffix in (".py", ".json", ".sql", ".j2"))
    for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
        whole.update(f"{path.relative_to(root).as_posix()}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def scope(config: Config) -> str:
    """What the lock is about: one schema or prefix of one database."""
    return f"carddata-retention/{config.evidence.schema_}/{config.evidence.prefix}"


def ourselves() -> str:
    """How we introduce ourselves to whoever finds the lock taken."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def holder(stage: Stage) -> str:
    """Who holds the lock, from the ledger."""
    try:
        with stage.db.snapshot() as connection:
            return stage.ledger.holder(connection) if stage.ledger.exists(connection) else "another run"
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None


def key_if_any(config: Config) -> EvidenceKey | None:
    """The evidence key for a look that writes nothing: None before the first run has made it."""
    path = config.path(config.evidence.key_file)
    return load_key(path, create=False) if path.exists() else None
