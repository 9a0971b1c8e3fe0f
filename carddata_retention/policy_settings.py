"""The sections that decide WHEN: the versions of the privacy notice, the service ends, and whose they are."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from carddata_retention.errors import ConfigError
from carddata_retention.model import Convention, Kind
from carddata_retention.period import Period
from carddata_retention.sections import Section, ZoneName

Encoding = Literal["native", "unix", "unix-ms"]
Midnights = Literal["exact", "within"]


class Version(Section):
    """One version of the privacy notice."""

    version: str
    effective_from: date
    trigger: str
    period: str
    purpose: str = ""
    acquirer: str = ""
    recipients: list[str] = Field([])
    owner: str = ""
    justification: str = ""

    @field_validator("period")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            Period.parse(text)
        except ConfigError as wrong:
            raise ValueError(f"not a period that is longer than none and of one kind. {wrong.cure}") from None
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
    terminated: list[str | int | bool] = Field([])
    kind: Kind = Kind.INSTANT
    zone: ZoneName | None = None
    encoding: Encoding = "native"
    midnights: Midnights = "within"
    earliest: date = date(1971, 1, 1)
    open_sentinels: list[date] = Field([])
    where: str | None = None
    locks: list[Lock] = Field([])
    race: Literal["closed", "quiet-window"] = "closed"
    may_be_empty: bool = False
    triggers: dict[str, Annotated[Trigger, BeforeValidator(_trigger)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "ServiceEndSection":
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table and query")
        if self.query is not None and self.where is not None:
            raise ValueError("where belongs to table; write the condition into the query")
        if self.table is not None and self.locks:
            raise ValueError("locks belong to query; the rows of table are locked without being named")
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
