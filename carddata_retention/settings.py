"""What the configuration file may say, section by section, and what does not fit together.

Names here are the interface that users rely on; docs/configuration.md explains each. The JSON Schema for
editors is exported from these models. `config.py` reads the file; `schema.py` holds the names against the
database's catalogue.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from carddata_retention.discovery_settings import Discovery, Suppression
from carddata_retention.policy_settings import (
    Lock,
    PolicySection,
    ServiceEndSection,
    SubjectSection,
    Trigger,
    Version,
)
from carddata_retention.sections import Section, nearest
from carddata_retention.target_settings import Child, Created, Fields, Hop, Mask, SubjectPath, Target

__all__ = [
    "Approval", "Child", "Config", "Created", "DatabaseSection", "Discovery", "Evidence", "Fields", "Format", "Hop",
    "Limits", "Location", "Lock", "Mask", "Person", "PolicySection", "Quality", "Report", "Requests", "Section",
    "ServiceEndSection", "SubjectPath", "SubjectSection", "Suppression", "Target", "Trigger", "Version", "nearest",
    "parsed_url",
]

LEAST_KEPT_DAYS = 365
KEY_BYTES = 32
Format = Literal["html", "json", "xlsx", "csv", "pdf"]

PASSWORD_WORDS = ("password", "passwd", "sslpassword", "ssl_key_password")


class DatabaseSection(Section):
    url: str | None = None
    url_env: str | None = None
    url_file: str | None = None
    verify_url_env: str | None = None
    plan_url_env: str | None = None
    register_url_env: str | None = None
    discover_url_env: str | None = None

    @field_validator("url")
    @classmethod
    def _no_password(cls, text: str | None) -> str | None:
        if text is not None:
            url = parsed_url(text)
            if url.password is not None or any(word in url.query for word in PASSWORD_WORDS):
                raise PydanticCustomError(
                    "password", 'a password must not stand in this file; write url_env = "CARDDATA_DATABASE_URL"')
        return text

    @model_validator(mode="after")
    def _one_source(self) -> "DatabaseSection":
        if sum(x is not None for x in (self.url, self.url_env, self.url_file)) != 1:
            raise ValueError("needs exactly one of url_env, url_file and url")
        return self


def parsed_url(text: str) -> URL:
    """The URL of a database. Raises ValueError, which says nothing of the text."""
    try:
        return make_url(text.strip())
    except (ArgumentError, ValueError):
        # The URL may hold a password: neither it nor the parser's words about it are repeated.
        raise ValueError("the database URL is not one; write dialect://user@host/name") from None


class Limits(Section):
    max_share: float = Field(0.05, gt=0, le=1)
    min_rows: int = Field(1000, ge=0)
    first_run: Literal["approve", "allow"] = "approve"
    max_shift: float = Field(0.05, gt=0, le=1)
    max_rows: int = Field(1_000_000, ge=1)
    max_minutes: float = Field(120, gt=0)
    target_batch_ms: int = Field(100, ge=1)
    connections: int = Field(1, ge=1, le=32)  # an upper bound: fewer may be used
    rows_per_second: int = Field(0, ge=0)
    stop_file: str = "STOP"
    nice: float = Field(0.0, ge=0, le=100)
    replica_lag_s: float | None = Field(None, gt=0)
    replica_url_envs: list[str] = Field([])
    throttle_sql: str | None = Field(None, min_length=1)
    max_pause_minutes: float = Field(10, gt=0)


class Location(Section):
    name: str
    owner: str = ""
    reach: str = "none"
    note: str = ""


class Quality(Section):
    expectations: str | None = None


class Report(Section):
    directory: str = "reports"
    languages: list[Literal["ja", "en"]] = Field(["ja", "en"], min_length=1)
    formats: list[Format] = Field(["html", "json"], min_length=1)
    keep_nights_days: int | None = None
    keep_periods_days: int | None = None

    @field_validator("keep_nights_days", "keep_periods_days")
    @classmethod
    def _twelve_months(cls, days: int | None) -> int | None:
        if days is not None and days < LEAST_KEPT_DAYS:
            raise ValueError(f"PCI DSS 10.5 asks for twelve months; write at least {LEAST_KEPT_DAYS}, or leave it out "
                             "to keep them for ever")
        return days


class Person(Section):
    name: str = Field(min_length=1)
    public_key: str
    may: list[Literal["plan", "approve"]] = Field(["plan", "approve"], min_length=1)

    @field_validator("public_key")
    @classmethod
    def _ed25519(cls, text: str) -> str:
        try:
            if len(base64.b64decode(text, validate=True)) == KEY_BYTES:
                return text
        except ValueError:
            pass
        raise ValueError("is no public key; carddata-retention approve --new-key FILE makes one and says what to write")


class Approval(Section):
    expires_hours: float = Field(72, gt=0, le=24 * 31)
    people: list[Person] = Field([])

    @model_validator(mode="after")
    def _two_people(self) -> "Approval":
        keys = [p.public_key for p in self.people]
        if len(set(keys)) != len(keys):
            raise ValueError("people: two have the same key; each needs a key of their own")
        if self.people and not any("approve" in p.may for p in self.people):
            raise ValueError("people: nobody may approve, so nothing could ever be approved")
        return self


class Requests(Section):
    """What is said of requests of individuals: the fee of a disclosure, and how long one may stay open."""

    fee_yen: int | None = Field(None, ge=0)
    open_days: int = Field(14, ge=0)


class Evidence(Section):
    key_file: str = "evidence.key"
    directory: str = "evidence"
    schema_: str = Field("carddata", alias="schema", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,40}$")
    prefix: str = Field("carddata_", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,40}$")
    keep_keys_days: int | None = Field(None, ge=LEAST_KEPT_DAYS)


class Config(Section):
    """The whole file. `base` is the folder that relative paths are relative to."""

    policy: PolicySection
    database: DatabaseSection
    service_end: ServiceEndSection
    subject: SubjectSection | None = None
    targets: list[Target] = Field(min_length=1)
    limits: Limits = Limits()
    locations: list[Location] = Field([])
    discovery: Discovery = Discovery()
    quality: Quality = Quality()
    report: Report = Report()
    requests: Requests = Requests()
    evidence: Evidence = Evidence()
    approval: Approval = Approval()
    base: Path = Field(default=Path(), exclude=True, repr=False)

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        names = [t.name for t in self.targets]
        if len(set(names)) != len(names):
            raise ValueError("targets: two have the same name; each needs its own")
        undated = [t.name for t in self.targets if t.created is None]
        if self.policy.applies == "at-acquisition" and undated:
            raise ValueError('applies = "at-acquisition" needs to know when each record was acquired: give target '
                             f'{undated[0]} created = {{ column = "…", kind = "instant", zone = "UTC" }}')
        for version in self.policy.versions:
            if version.trigger not in self.service_end.triggers:
                near = nearest(version.trigger, self.service_end.triggers)
                raise ValueError(f"policy version {version.version} names the trigger {version.trigger}, "
                                 f"which [service_end.triggers] does not have{near}")
        return self

    def path(self, relative: str) -> Path:
        """A path of the file, made absolute."""
        return (self.base / relative).resolve()

    def digest(self, *parts: str) -> str:
        """SHA-256 of the canonical form of `parts` of the file: what an approval is for."""
        whole = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(
            json.dumps([whole[p] for p in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).hexdigest()
