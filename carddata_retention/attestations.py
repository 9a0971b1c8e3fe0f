"""Attested service ends: two people and a document settle when the services of a subject ended, where the data cannot.

An attestation is never deleted, only withdrawn, or overtaken: once a night has seen that the data speak for themselves,
or that the services are no longer those it was made for, it is never used again. Whoever withdraws one waits for the
batches under way, so that none comes between what it decided and what is removed.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.errors import UsageError
from carddata_retention.identity import stamp
from carddata_retention.instants import parse_day, parse_instant
from carddata_retention.lock import close_gate
from carddata_retention.naming import naming
from carddata_retention.period import resolve
from carddata_retention.records import key_for_person
from carddata_retention.schema import BoundSchema
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage
from carddata_retention.status import REASON, SETTLED_BY_AN_END, Standing
from carddata_retention.subject_facts import Subject

NOTHING = "Nothing was attested."


@dataclass(frozen=True, slots=True)
class Statement:
    """What is attested: on which day the last service ended, by which document, by whom, and who agrees."""

    ended: str
    document: str
    by: str
    second: str

    def __post_init__(self) -> None:
        if not self.document.strip():
            raise _refused("attest_document", "An attestation needs the document that says when the service ended.",
                           "--document TEXT: which one, not what it says")
        if not self.by.strip() or not self.second.strip() or _folded(self.by) == _folded(self.second):
            raise _refused("attest_second", "An attestation needs two people; one under two spellings is one.",
                           "--by NAME --second ANOTHER")

    def day(self, zone: ZoneInfo, earliest: date, today: date) -> date:
        """The day that is attested, in the policy's zone. Raises UsageError where that cannot be one."""
        moment = parse_instant(self.ended.strip())
        day = parse_day(self.ended.strip())
        if moment is not None:
            day = (moment if moment.tzinfo else resolve(moment, zone)).astimezone(zone).date()
        if day is None:
            raise _refused("attest_ended", "When the service ended is neither a date nor an instant.",
                           "--ended 2019-03-31, or --ended 2019-03-31T18:00:00+09:00")
        if not earliest <= day <= today:
            raise _refused("attest_ended", f"An end is attested that lies after {today}, or before {earliest}.",
                           "Give the day on which the last service ended; [service_end] earliest bounds it.")
        return day


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation as it is listed. `state` is in force, withdrawn or overtaken; the subject is in plain text."""

    id: str
    subject: str
    ended_on: str
    reason: str
    document: str
    attested_by: str
    second: str
    attested_at: str
    state: str


def attest_end(config: Config, host: datetime, subject: str, said: Statement) -> str:
    """Attest when the last service of a subject ended; returns the id, or several where it is written in several ways.

    Raises UsageError where the data say it themselves, where no end could settle it, or where one is attested already.
    """
    with naming(config, host, NOTHING) as names:
        stage, schema, zone = names.stage, names.schema, ZoneInfo(config.policy.zone)
        day = said.day(zone, config.service_end.earliest, stage.clocks.today)
        who, table = _subject(stage, schema, subject), stage.ledger.tables.attestation

        def attest(connection: Connection) -> str:
            services, reason = _undetermined(connection, who)
            if who.begins_after(connection, day, zone):
                raise _refused("attest_ended", "A service of this subject began after the day that is attested.",
                               "Give the day on which the last of them ended.")
            if who.contradicts(connection, day, zone):
                raise _refused("attest_ended", "By the column of another policy version a service ended later.",
                               "Give the day after which none of the versions finds an end.")
            own = who.name(connection)
            items = sorted(who.names_elsewhere(connection, schema) | ({own} if own is not None else set()))
            if not items:
                raise _refused("unknown_subject", "Nobody is this subject: no service and no record.",
                               "Look at the value.")
            known = sa.select(table.c.id).where(stage.ledger.tables.attestations().open_, table.c.item.in_(items))
            if (other := connection.execute(known).scalar()) is not None:
                raise _refused("already_attested", f"An end is attested already: {other}.",
                               f"carddata-retention request withdraw-attestation {other} --by NAME --reason TEXT")
            row = {"ended": said.ended.strip(), "ended_on": day.isoformat(), "services": services, "reason": reason,
                   "document": said.document.strip(), "attested_by": said.by.strip(), "second": said.second.strip(),
                   "attested_at": stamp(host)}
            made = {f"a{host:%Y%m%d}-{secrets.token_hex(4)}": item for item in items}
            connection.execute(table.insert(), [
                {**row, "id": one, "item": item, "subject": item if own is None else own}
                for one, item in made.items()])
            return ", ".join(made)

        return names.patiently(attest, "attest end", lambda made: {"attestation": made})


def withdraw(config: Config, host: datetime, attestation: str, by: str, reason: str) -> int:
    """End an attestation; its row stays. Returns how many records it had already let go.

    Raises UsageError for one that is not in force, or without a name and a reason.
    """
    if not by.strip() or not reason.strip():
        raise UsageError("attest_withdrawal", "A withdrawal needs who withdraws and why.",
                         not_done="The attestation is in force.", cure="--by NAME --reason TEXT")
    with naming(config, host, "The attestation was not changed.") as names:
        tables = names.stage.ledger.tables

        def end(connection: Connection) -> int:
            close_gate(connection, tables.run)
            row, mine = tables.attestation, sa.and_(tables.attestation.c.id == attestation, tables.attestations().open_)
            done: Any = connection.execute(row.update().where(mine).values(
                withdrawn_by=by.strip(), withdrawn_at=stamp(host), withdrawal_reason=reason.strip()))
            if done.rowcount != 1:
                raise UsageError("unknown_attestation", f"No attestation {attestation} is in force.",
                                 not_done="Nothing was changed.", cure="carddata-retention request attestations")
            stone, deadline = tables.tombstone.c, tables.deadline.c
            gone = sa.select(sa.func.count()).select_from(tables.tombstone.join(tables.deadline, sa.and_(
                deadline.run_id == stone.run_id, deadline.service_end == stone.service_end)))
            return int(connection.execute(gone.where(deadline.attestation == attestation)).scalar_one())

        return names.patiently(end, "attest withdraw", lambda gone: {"attestation": attestation, "removed": gone})


def known(config: Config, host: datetime) -> list[Attested]:
    """Every attestation there ever was, the latest first. Read-only."""
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return []
        table = stage.ledger.tables.attestation
        rows = connection.execute(sa.select(table).order_by(table.c.attested_at.desc(), table.c.id)).mappings()
        return [Attested(row["id"], key_for_person(row["item"]), row["ended_on"], row["reason"], row["document"],
                         row["attested_by"], row["second"], row["attested_at"],
                         "withdrawn" if row["withdrawn_at"] else "overtaken" if row["overtaken_at"] else "in force")
                for row in rows]


def overtake(stage: Stage, schema: BoundSchema, run_id: str, at: str) -> int:
    """End the attestations that are needed no more or were made for other services; returns how many."""
    table, open_ = stage.ledger.tables.attestation, stage.ledger.tables.attestations().open_
    rulings, zone = stage.rulings(schema), stage.policy.rule.zone
    with stage.db.transaction() as connection:
        over = []
        for attestation, subject, services, day in connection.execute(
                sa.select(table.c.id, table.c.subject, table.c.services, table.c.ended_on).where(open_)).all():
            who = Subject.named(rulings, stage.db.dialect, subject)
            counted, stands = who.asked(connection)
            needed = counted == services and any(s in SETTLED_BY_AN_END for s in stands)
            if not needed or who.contradicts(connection, date.fromisoformat(day), zone):
                over.append(attestation)
        if over:
            connection.execute(table.update().where(table.c.id.in_(over), open_).values(
                overtaken_at=at, overtaken_by=run_id))
    return len(over)


def _subject(stage: Stage, schema: BoundSchema, given: str) -> Subject:
    try:
        return Subject.given(stage.rulings(schema), stage.db.dialect, given)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise _refused("subject_form", "What was given is not of the type of the service ends' subject.",
                       "Give the value as the database writes it.") from None


def _undetermined(connection: Connection, who: Subject) -> tuple[int, str]:
    """How many services a subject has, and why nobody can date them. Raises UsageError where an end settles nothing."""
    services, stands = who.asked(connection)
    undated = [s for s in stands if s in SETTLED_BY_AN_END]
    if not undated:
        raise _refused("not_undetermined", "A service of this subject is open." if Standing.ACTIVE in stands else
                       "The services of this subject say themselves when they ended, and what they say counts.",
                       "carddata-retention explain TARGET KEY")
    return services, REASON[max(undated)]


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def _refused(code: str, cause: str, cure: str) -> UsageError:
    return UsageError(code, cause, not_done=NOTHING, cure=cure)
