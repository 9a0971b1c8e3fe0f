"""Answering a request: granted or refused, with its letter in the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from carddata_retention import letters
from carddata_retention.errors import RefusedError, UsageError
from carddata_retention.identity import stamp
from carddata_retention.individuals import Ground, RequestKind
from carddata_retention.letters import Head, Held, Letter, Notice
from carddata_retention.naming import Naming, naming
from carddata_retention.settings import Config
from carddata_retention.subject_requests import intake
from carddata_retention.subject_requests.intake import NOT_RECORDED, Claim
from carddata_retention.subject_requests.inventory import Inventory, Whose, inventory
from carddata_retention.target_settings import CARD_FIELDS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did: the request's number and state, and what it knows to tell. `letter` where one was written."""

    id: str
    kind: RequestKind
    state: str  # received, granted, closed
    letter: Letter | None = None
    held: tuple[Held, ...] = ()
    holds: tuple[str, ...] = ()
    fee_yen: int | None = None
    records: Mapping[str, int] = field(default_factory=dict)
    closed_at: str | None = None


def ask(config: Config, host: datetime, kind: RequestKind, claim: Claim) -> Answer:
    """Record a request as received. Raises UsageError or RefusedError, as `intake.named` does."""
    with naming(config, host, NOT_RECORDED) as names:

        def take(connection: Connection) -> Answer:
            whose = intake.named(connection, names, claim)
            if kind is RequestKind.ERASE:
                _is_worth_erasing(connection, names, whose)
            return Answer(intake.receive(connection, names, kind, claim, whose, host), kind, "received")

        return names.patiently(take, "request receive", _about)


def _is_worth_erasing(connection: Connection, names: Naming, whose: Whose) -> None:
    """Raises UsageError where the same is asked for already or nothing is held, RefusedError where it was removed."""
    before = intake.erasures_of(connection, names.stage.ledger.tables, whose)
    if before and before[0].closed_at is None:
        raise UsageError("request_open", f"Request {before[0].id} asks for the same and is open.",
                         not_done=NOT_RECORDED,
                         cure=f"carddata-retention request erase {before[0].id} --granted-by NAME")
    if inventory(connection, names, whose).held:
        return
    done = next((row for row in before if row.granted_at is not None), None)
    if done is not None:
        raise _already_removed(done.id, done.closed_at)
    raise UsageError("nothing_held", "No target holds card data of this.", not_done=NOT_RECORDED,
                     cure="carddata-retention request disclose --subject ID says so in a letter.")


def _already_removed(number: str, moment: str) -> RefusedError:
    return RefusedError("already_removed", f"What this names was already removed on {moment}, by request {number}.",
                        not_done=NOT_RECORDED, cure=f"carddata-retention request letter {number}")


def disclose(config: Config, host: datetime, number: str, granted_by: str) -> Answer:
    """Answer a request for disclosure, and close it. Raises UsageError, and what keeps any target from being read."""

    def answer(names: Naming, connection: Connection, head: Head, whose: Whose, _: Any) -> Answer:
        found, notice = inventory(connection, names, whose), _notice(names)
        letter = letters.disclosed(head, notice, found.held, found.holds)
        _close(connection, names, host, head.number, granted_by, letter, fee_yen=notice.fee_yen)
        return Answer(head.number, RequestKind.DISCLOSE, "closed", letter, found.held, found.holds, notice.fee_yen)

    return _decided(config, host, number, RequestKind.DISCLOSE, granted_by, answer)


def correct(config: Config, host: datetime, number: str, granted_by: str, fields: Sequence[str]) -> Answer:
    """Note that a correction was done, of which fields, and close the request. Raises UsageError."""
    wanted = [name for name in CARD_FIELDS if name in fields]
    if not wanted or set(fields) - set(wanted):
        raise UsageError("request_fields", f"A correction is of {', '.join(CARD_FIELDS)}, one or more.",
                         not_done=NOT_RECORDED, cure="--field holder")

    def answer(names: Naming, connection: Connection, head: Head, *_: Any) -> Answer:
        letter = letters.corrected(head, wanted)
        _close(connection, names, host, head.number, granted_by, letter, fields=",".join(wanted))
        return Answer(head.number, RequestKind.CORRECT, "closed", letter)

    return _decided(config, host, number, RequestKind.CORRECT, granted_by, answer)


def grant_erasure(config: Config, host: datetime, number: str, granted_by: str) -> Answer:
    """Grant an erasure: from now on its records are REQUESTED, whatever their deadline; where a night has removed them
    meanwhile, it is closed. Raises UsageError."""

    def answer(names: Naming, connection: Connection, head: Head, whose: Whose, _: Any) -> Answer:
        found = inventory(connection, names, whose)
        if not found.held:
            letter = letters.erased(head, _notice(names), None)
            _close(connection, names, host, number, granted_by, letter)
            return Answer(number, RequestKind.ERASE, "closed", letter, closed_at=stamp(host))
        letter = letters.erasing(head, _notice(names), found.records, found.holds)
        intake.write(connection, names.stage.ledger.tables, head.number, undecided=True, granted_by=granted_by,
                     granted_at=stamp(host), letter_ja=letter.ja, letter_en=letter.en)
        return Answer(head.number, RequestKind.ERASE, "granted", letter, found.held, found.holds,
                      records=found.records)

    return _decided(config, host, number, RequestKind.ERASE, granted_by, answer)


def refuse(config: Config, host: datetime, number: str, refused_by: str, ground: str, reason: str) -> Answer:
    """Refuse a request that waits for a decision, on one of the three grounds and with a reason. Raises UsageError."""
    if ground not in list(Ground) or not reason.strip():
        raise UsageError("request_ground", f"A refusal needs one ground ({', '.join(Ground)}) and a reason.",
                         not_done=NOT_RECORDED, cure="--ground law --reason TEXT")
    intake.no_card_number(reason)

    def answer(names: Naming, connection: Connection, head: Head, _: Whose, row: Any) -> Answer:
        kind = RequestKind(row.kind)
        letter = letters.refused(head, kind, Ground(ground), reason)
        moment = stamp(host)
        intake.write(connection, names.stage.ledger.tables, head.number, undecided=True, refused_by=refused_by,
                     refused_at=moment, closed_at=moment, ground=ground, reason=reason, letter_ja=letter.ja,
                     letter_en=letter.en)
        return Answer(head.number, kind, "closed", letter)

    return _decided(config, host, number, None, refused_by, answer)


def letter_of(config: Config, host: datetime, number: str) -> Answer:
    """The letter of a request as things stand; that of an erasure which a night has finished is written when it is
    first asked for. Raises UsageError for a request without one."""
    with naming(config, host, NOT_RECORDED) as names:

        def tell(connection: Connection) -> Answer:
            row, _ = intake.read(connection, names.stage.ledger.tables, number)
            kind = RequestKind(row.kind)
            if row.letter_ja is None:
                raise UsageError("no_letter", f"Request {number} is not decided yet, so it has no letter.", not_done="",
                                 cure="carddata-retention request list")
            letter = Letter(row.letter_ja, row.letter_en)
            if kind is RequestKind.ERASE and row.closed_at and row.granted_at and row.closed_at != row.granted_at:
                day = datetime.fromisoformat(row.closed_at).astimezone(names.stage.policy.rule.zone).date()
                letter = letters.erased(_head(names, row, day), _notice(names), day)
                request = names.stage.ledger.tables.request
                connection.execute(request.update().where(request.c.id == number).values(
                    letter_ja=letter.ja, letter_en=letter.en))
            state = "closed" if row.closed_at else "granted"
            return Answer(number, kind, state, letter, fee_yen=row.fee_yen, closed_at=row.closed_at)

        return names.patiently(tell)


def must_be_granted(config: Config, host: datetime, number: str) -> None:
    """Raises UsageError unless this is an erasure that was granted and is open, RefusedError where it is done."""
    with naming(config, host, NOT_RECORDED) as names, names.stage.db.snapshot() as connection:
        row, _ = intake.read(connection, names.stage.ledger.tables, number, RequestKind.ERASE)
        if row.granted_at is None:
            raise UsageError("request_undecided", f"Request {number} was not granted.", not_done="Nothing was removed.",
                             cure=f"carddata-retention request erase {number} --granted-by NAME --now")
        if row.closed_at is not None:
            raise _already_removed(number, row.closed_at)


def left_of(config: Config, host: datetime, number: str) -> Inventory:
    """What an open erasure still waits for, and the holds that keep it."""
    with naming(config, host, NOT_RECORDED) as names, names.stage.db.snapshot() as connection:
        _, whose = intake.read(connection, names.stage.ledger.tables, number)
        return inventory(connection, names, whose)


def _about(answer: Answer) -> Mapping[str, Any]:
    return {"request": answer.id, "kind": answer.kind.value, "state": answer.state}


def _decided(config: Config, host: datetime, number: str, kind: RequestKind | None, by: str,
             answer: Callable[[Naming, Connection, Head, Whose, Any], Answer]) -> Answer:
    if not by.strip():
        raise UsageError("request_by", "A decision needs who made it.", not_done=NOT_RECORDED, cure="--granted-by NAME")
    intake.no_card_number(by)
    with naming(config, host, NOT_RECORDED) as names:

        def act(connection: Connection) -> Answer:
            row, whose = intake.read(connection, names.stage.ledger.tables, number, kind)
            return answer(names, connection, _head(names, row, names.stage.clocks.today), whose, row)

        return names.patiently(act, "request decide", _about)


def _close(connection: Connection, names: Naming, host: datetime, number: str, by: str, letter: Letter,
           **values: Any) -> None:
    moment = stamp(host)
    intake.write(connection, names.stage.ledger.tables, number, undecided=True, granted_by=by, granted_at=moment,
                 closed_at=moment, letter_ja=letter.ja, letter_en=letter.en, **values)


def _head(names: Naming, row: Any, answered: date) -> Head:
    return Head(row.id, date.fromisoformat(row.received_at[:10]), answered, names.stage.policy.version.acquirer)


def _notice(names: Naming) -> Notice:
    policy, config = names.stage.policy, names.stage.config
    places = tuple(f"{place.name} ({place.owner})" if place.owner else place.name for place in config.locations)
    return Notice(policy.version.purpose, tuple(policy.version.recipients), policy.rule.period, policy.version.trigger,
                  places, config.requests.fee_yen)
