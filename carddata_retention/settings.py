"""What the configuration file may say, section by section, and what does not fit together.

Names here are the interface that users rely on; docs/configuration.md explains each. The JSON Schema for
editors is exported from these models. `config.py` reads the file; `schema.py` holds the names against the
database's catalogue.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from carddata_retention.errors import ConfigError
from carddata_retention.model import Convention, Disposition, Kind
from carddata_retention.period import Period


def nearest(word: str, known: Iterable[str]) -> str:
    """A half sentence that names the known word most like `word`; empty where none is."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""


def _zone(name: Any) -> Any:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError) as wrong:
        raise ValueError("not the name of a time zone; write one such as Asia/Tokyo or UTC") from wrong
    return name


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


ZoneName = Annotated[str, BeforeValidator(_zone)]
Columns = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
Encoding = Literal["native", "unix", "unix-ms"]
Midnights = Literal["exact", "within"]


class Section(BaseModel):
    """A table of the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Version(Section):
    """One version of the privacy notice."""

    version: str
    effective_from: date
    trigger: str
    period: str
    purpose: str = ""
    acquirer: str = ""
    recipients: list[str] = []
    owner: str = ""
    justification: str = ""

    @field_validator("period")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            Period.parse(text)
        except ConfigError as wrong:
            raise ValueError(f"{wrong.cause} {wrong.cure}") from wrong
        return text


class PolicySection(Section):
    id: str
    zone: ZoneName
    convention: Convention = Convention.JP_CIVIL_CODE
    applies: Literal["current", "at-acquisition"] = "current"
    grace_days: int = Field(7, ge=0, le=3650)
    versions: list[Version] = Field(min_length=1)

    @model_validator(mode="after")
    def _versions_differ(self) -> "PolicySection":
        for name, values in (
            ("version", [v.version for v in self.versions]),
            ("effective_from", [v.effective_from for v in self.versions]),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"two versions have the same {name}; each needs its own")
        return self


class DatabaseSection(Section):
    url: str | None = None
    url_env: str | None = None
    url_file: str | None = None
    verify_url_env: str | None = None
    plan_url_env: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "DatabaseSection":
        if sum(x is not None for x in (self.url, self.url_env, self.url_file)) != 1:
            raise ValueError("needs exactly one of url_env, url_file and url")
        if self.url is not None and parsed_url(self.url).password is not None:
            raise ValueError('a password must not stand in this file; write url_env = "CARDDATA_DATABASE_URL"')
        return self


def parsed_url(text: str) -> URL:
    try:
        return make_url(text.strip())
    except (ArgumentError, ValueError):
        # The URL may hold a password: neither it nor the parser's words about it are repeated.
        raise ValueError("the database URL is not one; write dialect://user@host/name") from None


class Trigger(Section):
    """The column of one trigger event; what it leaves out it takes from [service_end]."""

    column: str
    kind: Kind | None = None
    zone: ZoneName | None = None
    encoding: Encoding | None = None
    midnights: Midnights | None = None


class Lock(Section):
    table: str
    subject: str


def _trigger(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class ServiceEndSection(Section):
    table: str | None = None
    query: str | None = None
    subject: str
    started: str | None = None
    status: str | None = None
    terminated: list[str | int] = []
    kind: Kind = Kind.INSTANT
    zone: ZoneName | None = None
    encoding: Encoding = "native"
    midnights: Midnights = "within"
    earliest: date = date(1971, 1, 1)
    open_sentinels: list[date] = []
    where: str | None = None
    locks: list[Lock] = []
    race: Literal["closed", "quiet-window"] = "closed"
    may_be_empty: bool = False
    triggers: dict[str, Annotated[Trigger, BeforeValidator(_trigger)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "ServiceEndSection":
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table and query")
        if self.query is not None and self.where is not None:
            raise ValueError("where belongs to table; write the condition into the query")
        if self.query is not None and not self.locks and self.race == "closed":
            raise ValueError(
                'a query needs locks = [{ table = "…", subject = "…" }] or race = "quiet-window": '
                "grouped rows cannot be locked"
            )
        if (self.status is None) != (not self.terminated):
            raise ValueError('status and terminated go together: status = "status", terminated = ["closed"]')
        return self


class SubjectSection(Section):
    table: str
    key: str
    lock_column: str | None = None


class Hop(Section):
    table: str
    from_: Columns = Field(alias="from")
    to: Columns


class SubjectPath(Section):
    """`column` stands in the last table of `through`; each hop joins `from` (before) to `to` (here)."""

    column: str
    through: list[Hop] = Field(min_length=1)


class Mask(Section):
    mask: str


Emptied = Literal["null"] | Mask


class Fields(Section):
    """The card fields of the notice: カード名義, カード番号, 有効期間. Each may be missing or split."""

    holder: Columns | None = None
    number: Columns | None = None
    expiry: Columns | None = None

    @model_validator(mode="after")
    def _some(self) -> "Fields":
        if not self.columns:
            raise ValueError("names no column; a target holds at least one of holder, number and expiry")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All declared card columns, in the order holder, number, expiry."""
        return tuple(c for group in (self.holder, self.number, self.expiry) for c in group or ())


class Child(Section):
    table: str
    columns: Columns
    disposition: Literal["delete", "null"] = "delete"
    children: list["Child"] = []


class Created(Section):
    column: str
    kind: Kind = Kind.INSTANT
    zone: ZoneName | None = None


class Target(Section):
    name: str = Field(pattern=r"^[\w .-]{1,64}$")
    table: str
    key: Columns
    subject: Annotated[list[str] | SubjectPath, BeforeValidator(_as_list)]
    fields: Fields
    disposition: Disposition
    redact: dict[Literal["holder", "number", "expiry"], Emptied | list[Emptied]] = {}
    also: list[str] = []
    where: str | None = None
    children: list[Child] = []
    created: Created | None = None
    may_be_empty: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> "Target":
        if self.disposition is Disposition.DELETE and (self.redact or self.also):
            raise ValueError('redact and also belong to disposition = "redact"')
        if self.disposition is Disposition.REDACT and self.children:
            raise ValueError("children belong to disposition = \"delete\": a redacted row stays, and so do they")
        for name in self.redact:
            columns, forms = getattr(self.fields, name), self.redact[name]
            if columns is None:
                raise ValueError(f"redact.{name} names a field that fields does not declare")
            if isinstance(forms, list) and len(forms) != len(columns):
                raise ValueError(f"redact.{name} has {len(forms)} entries for {len(columns)} columns")
        if set(self.key) & {*self.fields.columns, *self.also}:
            raise ValueError("a key column is also a card field: its value would have to stay in the evidence")
        return self

    def emptied(self) -> dict[str, str | None]:
        """Column -> what a redaction writes: None, or the declared mask."""
        out: dict[str, str | None] = {}
        for name in ("holder", "number", "expiry"):
            columns: list[str] = getattr(self.fields, name) or []
            forms = self.redact.get(name, "null")
            each = forms if isinstance(forms, list) else [forms] * len(columns)
            out |= {c: f.mask if isinstance(f, Mask) else None for c, f in zip(columns, each, strict=True)}
        return out | dict.fromkeys(self.also)


class Limits(Section):
    max_share: float = Field(0.05, gt=0, le=1)
    min_rows: int = Field(1000, ge=0)
    first_run: Literal["approve", "allow"] = "approve"
    max_shift: float = Field(0.05, gt=0, le=1)
    max_rows: int = Field(1_000_000, ge=1)
    max_minutes: float = Field(120, gt=0)
    target_batch_ms: int = Field(100, ge=1)
    connections: int = Field(1, ge=1, le=32)
    rows_per_second: int = Field(0, ge=0)
    stop_file: str = "STOP"
    nice: float = Field(0.0, ge=0, le=100)
    replica_lag_s: float | None = Field(None, gt=0)
    throttle_sql: str | None = None
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
    formats: list[Literal["html", "json"]] = Field(["html", "json"], min_length=1)


class Evidence(Section):
    key_file: str = "evidence.key"
    directory: str = "evidence"
    schema_: str = Field("carddata", alias="schema", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,40}$")
    prefix: str = Field("carddata_", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,40}$")


class Config(Section):
    """The whole file. `base` is the folder that relative paths are relative to."""

    policy: PolicySection
    database: DatabaseSection
    service_end: ServiceEndSection
    subject: SubjectSection | None = None
    targets: list[Target] = Field(min_length=1)
    limits: Limits = Limits()
    locations: list[Location] = []
    quality: Quality = Quality()
    report: Report = Report()
    evidence: Evidence = Evidence()
    base: Path = Field(default=Path(), exclude=True, repr=False)

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        names = [t.name for t in self.targets]
        if len(set(names)) != len(names):
            raise ValueError("targets: two have the same name; each needs its own")
        for version in self.policy.versions:
            if version.trigger not in self.service_end.triggers:
                near = nearest(version.trigger, self.service_end.triggers)
                raise ValueError(f"policy version {version.version} names the trigger {version.trigger}, "
                                 f"which [service_end.triggers] does not have{near}")
        if self.policy.applies == "at-acquisition":
            raise ValueError('applies = "at-acquisition" is not supported by this version; write "current"')
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
