"""What a command that only looks has revealed, as signed events in a folder of their own: it may write no table."""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from carddata_retention.errors import FailedError
from carddata_retention.identity import os_user, stamp
from carddata_retention.keys import EvidenceKey
from carddata_retention.settings import Config
from carddata_retention.verifier import form


def note(config: Config, key: EvidenceKey, host: datetime, what: str, facts: Mapping[str, Any]) -> None:
    """Write one event: who did what, when. Raises FailedError where the folder takes no file; then nothing is told."""
    event = {"what": what, "at": stamp(host), "os_user": os_user(), **facts}
    body = {"event": event, "key_id": key.key_id, "signature": key.sign(form.digest(event))}
    folder = config.path(config.evidence.directory) / "spool"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{host:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        raise FailedError("event_unwritable", f"The event cannot be written: {type(wrong).__name__}.",
                          not_done="Nothing was revealed: what is not logged is not told.",
                          cure="Give this user the right to write to spool/ in the evidence folder.") from None
