"""The evidence key: a file of its own, 0600, made by the first run. Its bytes leave this module only as hashes."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carddata_retention import evidence
from carddata_retention.errors import BlindError

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EvidenceKey:
    """The key of references and seals, with the id that evidence names it by.

    `former` are the keys of earlier runs by their ids, so that their signatures still verify; None for one that is
    lost, whose runs are held to the chain alone.
    """

    key_id: str
    secret: bytes = field(repr=False)
    former: Mapping[str, bytes | None] = field(default_factory=dict, repr=False, hash=False)

    def signs(self, key_id: str | None, signature: str | None, seal: str) -> bool:
        """Whether this signature of a seal is one that this key, or the former one of that id, makes."""
        if key_id not in (*self.former, self.key_id):
            return False
        secret = self.secret_of(key_id)
        return secret is None or signature == evidence.signature(secret, seal)

    def secret_of(self, key_id: str | None) -> bytes | None:
        """The secret of a run by the id of its key; a run that is not sealed yet has this one's. None: it is lost."""
        if key_id is None or key_id == self.key_id:
            return self.secret
        return self.former.get(key_id)


def load_key(path: Path, *, create: bool) -> EvidenceKey:
    """Read the key file; `create` makes one where there is none. Raises BlindError: unreadable or open to others."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not create:
            raise BlindError("key_missing", f"There is no evidence key {path.name}, though runs were signed with one.",
                             cure="Restore it from its backup; if it is lost for good, see docs/runbook.md.") from None
        return _create(path)
    except UnicodeDecodeError:
        text = ""
    except OSError as wrong:
        raise BlindError("key_unreadable", f"The evidence key {path.name} cannot be read: {type(wrong).__name__}.",
                         cure=f"chown to the job's user; chmod 600 {path.name}") from None
    if path.stat().st_mode & 0o077:
        raise BlindError("key_open", f"The evidence key {path.name} can be read by others.",
                         cure=f"chmod 600 {path.name}")
    try:
        stored = json.loads(text)
        former = {str(name): None if text is None else _secret(text) for name, text in stored.get("former", {}).items()}
        return EvidenceKey(str(stored["key_id"]), _secret(stored["hmac"]), former)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BlindError("key_damaged", f"The evidence key {path.name} is not one.",
                         cure="Restore it from its backup; never write a new one over it.") from None


def _secret(text: str) -> bytes:
    secret = base64.b64decode(text, validate=True)
    if len(secret) != SECRET_BYTES:
        raise ValueError  # a short one could be guessed, an empty one is none
    return secret


def _create(path: Path) -> EvidenceKey:
    """Make the file whole or not at all: of two first runs that meet, both read the key of whichever came first."""
    key = EvidenceKey(f"k{secrets.token_hex(4)}", secrets.token_bytes(SECRET_BYTES))
    body = json.dumps({"key_id": key.key_id, "hmac": base64.b64encode(key.secret).decode()}) + "\n"
    own = path.with_name(f"{path.name}.{key.key_id}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(own, path)
        except FileExistsError:
            return load_key(path, create=False)
        finally:
            own.unlink()
    except OSError as wrong:
        raise BlindError("key_unwritable", f"The evidence key {path.name} cannot be made: {type(wrong).__name__}.",
                         cure="Give the job's user the right to write there.") from None
    return key
