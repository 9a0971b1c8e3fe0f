"""The evidence key: a file of its own, 0600, made by the first run. Two secrets: one names records in keyed hashes, one
signs seals (Ed25519). Their bytes leave this module only as hashes and signatures.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carddata_retention.errors import BlindError
from carddata_retention.verifier.form import unsigned

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key of earlier runs: it still names and verifies, and signs nothing any more."""

    secret: bytes = field(repr=False)
    public: str


@dataclass(frozen=True, slots=True)
class EvidenceKey:
    """The key of references and seals, with the id that evidence names it by.

    `former` are the keys of earlier runs by their ids; None for one that is lost, whose runs are held to the chain
    alone.
    """

    key_id: str
    secret: bytes = field(repr=False)
    signing: bytes = field(repr=False)
    former: Mapping[str, FormerKey | None] = field(default_factory=dict, repr=False, hash=False)

    @property
    def public(self) -> str:
        """The public half of the signing key, in base64."""
        raw = Ed25519PrivateKey.from_private_bytes(self.signing).public_key().public_bytes_raw()
        return base64.b64encode(raw).decode()

    def publics(self) -> dict[str, str]:
        """Every public key that is known, by its id."""
        return {name: former.public for name, former in self.former.items() if former} | {self.key_id: self.public}

    def sign(self, seal: str) -> str:
        """The signature of a seal, in hex."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).sign(seal.encode()).hex()

    def signs(self, key_id: str | None, signature: str | None, seal: str) -> bool:
        """Whether this signature of a seal is one that this key, or the former one of that id, made."""
        if key_id is not None and self.former.get(key_id, self) is None:
            return True
        return not unsigned({"key_id": key_id, "signature": signature, "seal": seal}, self.publics())

    def secret_of(self, key_id: str | None) -> bytes | None:
        """The secret of a run by the id of its key; a run that is not sealed yet has this one's. None: it is lost."""
        if key_id is None or key_id == self.key_id:
            return self.secret
        former = self.former.get(key_id)
        return former.secret if former else None

    def rotated(self) -> "EvidenceKey":
        """A new key that knows this one as former; the old signing half is gone with this one's file."""
        fresh = _fresh()
        return replace(fresh, former={**self.former, self.key_id: FormerKey(self.secret, self.public)})

    def _written(self) -> str:
        """The text of the key's file."""
        def text(raw: bytes) -> str:
            return base64.b64encode(raw).decode()

        former = {name: {"hmac": text(k.secret), "public": k.public} if k else None for name, k in self.former.items()}
        kept = {"key_id": self.key_id, "hmac": text(self.secret), "ed25519": text(self.signing)}
        return json.dumps(kept | ({"former": former} if former else {})) + "\n"


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
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BlindError("key_damaged", f"The evidence key {path.name} is not one.",
                         cure="Restore it from its backup; never write a new one over it.") from None


def _read(stored: Any) -> EvidenceKey:
    former = {str(name): None if known is None else FormerKey(_secret(known["hmac"]), str(known["public"]))
              for name, known in stored.get("former", {}).items()}
    for known in filter(None, former.values()):
        _secret(known.public)  # as long as a secret
    return EvidenceKey(str(stored["key_id"]), _secret(stored["hmac"]), _secret(stored["ed25519"]), former)


def _secret(text: str) -> bytes:
    secret = base64.b64decode(text, validate=True)
    if len(secret) != SECRET_BYTES:
        raise ValueError  # a short one could be guessed, an empty one is none
    return secret


def _fresh() -> EvidenceKey:
    return EvidenceKey(f"k{secrets.token_hex(4)}", secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES))


def rotate(path: Path) -> tuple[EvidenceKey, EvidenceKey]:
    """Put a new key in the place of the one in this file; returns the old one and the new one. Raises BlindError."""
    old = load_key(path, create=False)
    new = old.rotated()
    beside = path.with_name(f"{path.name}.{new.key_id}")
    try:
        _whole(beside, new)
        beside.replace(path)
    except OSError as wrong:
        raise BlindError("key_unwritable", f"The new evidence key cannot be written: {type(wrong).__name__}.",
                         not_done="The old key is still in use.",
                         cure="Give the job's user the right to write there.") from None
    return old, new


def _whole(path: Path, key: EvidenceKey) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(key._written())
        file.flush()
        os.fsync(file.fileno())


def _create(path: Path) -> EvidenceKey:
    """Make the file whole or not at all: of two first runs that meet, both read the key of whichever came first."""
    key = _fresh()
    own = path.with_name(f"{path.name}.{key.key_id}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _whole(own, key)
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
