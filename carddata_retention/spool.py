"""The events of commands that only look: they may write no table, so each leaves a signed file for the next run.

The folder is `spool/` in the evidence folder, 0600. A run takes in what bears a signature that it knows, and removes
the files once the ledger has them.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from carddata_retention.errors import FailedError
from carddata_retention.identity import event
from carddata_retention.keys import EvidenceKey
from carddata_retention.settings import Config
from carddata_retention.verifier import form

_MEMBERS = set(form.OF_EVENT[1:])


def note(config: Config, key: EvidenceKey, host: datetime, what: str, facts: Mapping[str, Any],
         outcome: int = 0) -> None:
    """Write one event: who did what, when. Raises FailedError where the folder takes no file; then nothing is told."""
    body = event(key, host, what, outcome, facts)
    folder = _folder(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{host:%Y%m%dT%H%M%S.%fZ}-{body['id'][:8]}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        raise FailedError("event_unwritable", f"The event cannot be written: {type(wrong).__name__}.",
                          not_done="Nothing was revealed: what is not logged is not told.",
                          cure="Give this user the right to write to spool/ in the evidence folder.") from None


def waiting(config: Config, key: EvidenceKey) -> tuple[list[tuple[Path, dict[str, Any]]], list[Path]]:
    """The events that wait, in the order of their names, and the files that are none or bear no known signature."""
    found, foreign = [], []
    for path in sorted(_folder(config).glob("*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            signed = set(body) == _MEMBERS and type(body["outcome"]) is int and not form.unsigned(
                {**body, "seal": form.event_digest(body)}, key.publics())
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            signed = False
        if signed:
            found.append((path, body))
        else:
            foreign.append(path)
    return found, foreign


def _folder(config: Config) -> Path:
    return config.path(config.evidence.directory) / "spool"
