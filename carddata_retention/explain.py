"""One record's story: its status now, the service end that decides, the article, the deadline, holds, requests."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence
from carddata_retention.db import seen_as
from carddata_retention.errors import RetentionError, UsageError
from carddata_retention.keys import load_key
from carddata_retention.ledger import Ledger
from carddata_retention.model import Status
from carddata_retention.moments import as_text
from carddata_retention.period import resolve
from carddata_retention.policy import Policy
from carddata_retention.records import Ground, key_for_person, key_from_person, key_values
from carddata_retention.register import Register
from carddata_retention.schema import bind
from carddata_retention.settings import Config, nearest
from carddata_retention.stage import open_stage
from carddata_retention.status import REASON, Standing
from carddata_retention.tables import Decider


def explain_record(config: Config, host: datetime, as_of: date | None, target: str, key: str) -> dict[str, Any]:
    """Everything that decides one record, without a card value.

    Raises UsageError for an unknown target or record, and the target's own error where it cannot be read.
    """
    names = [t.name for t in config.targets]
    if target not in names:
        raise UsageError("unknown_target", f"There is no target {target}{nearest(target, names)}.", not_done="",
                         cure="Name one of [[targets]].")
    with open_stage(config, "plan", host, as_of) as stage, stage.db.snapshot() as connection:
        try:
            schema = bind(connection, stage.db.dialect, config, stage.policy)
            bound = schema.targets[target]
            if isinstance(bound, RetentionError):
                raise bound
            registers = stage.ledger.exists(connection)
            decider = stage.decider(schema, bound, registers=registers,
                                    attested=registers and stage.attested(connection))
            text = key_from_person(bound.target, key)
            judged = decider.row()
            row = connection.execute(
                sa.select(judged.status(), judged.standing, bound.target.in_scope(), judged.held, judged.requested,
                          bound.target.key_text(), judged.end_text,
                          *([] if judged.version is None else [judged.version]))
                .where(bound.target.key_is(key_values(bound.target, text)))
            ).first()
            text = text if row is None else row[5]  # 'a' where the key is 'A' to the database
            path = config.path(config.evidence.key_file)
            secret = load_key(path, create=False).secret if path.exists() else None
            name = evidence.reference(secret, str(bound.name), text) if secret else None
            stone = _tombstone(stage.ledger, connection, target, (text, name)) if registers else None
            holds = _holds(decider, connection, text)
            requests = _requests(decider, stage.ledger, connection, text) if registers else []
        except SQLAlchemyError as refused:
            raise seen_as(refused, f"Target {target}") from None
        if row is None and stone is None:
            raise UsageError("unknown_record", f"{target} has no such record, and the ledger no tombstone of one.",
                             not_done="", cure="Look at the key: a JSON array for a composite one.")
        story: dict[str, Any] = {
            "target": target, "key": key_for_person(text),
            "reference": name,
            "as_of": stage.policy.as_of.isoformat(),
            **_version(stage.policy, _decided_by(decider, row, stone)),
            "convention": stage.policy.rule.convention.value,
        }
        story |= {"holds": holds, "requests": requests}
        if stone is not None:
            story |= {"purged_at": stone.purged_at, "purged_by_run": stone.run_id, "purged_as": stone.status}
        return story | (_decision(decider, row) if row is not None else _of_stone(stone))


def _decided_by(decider: Decider, row: Any, stone: Any) -> str:
    return decider.version_at(*row[7:]) if row is not None else str(stone.policy_version)


def _version(policy: Policy, name: str) -> dict[str, Any]:
    """The version that decides the record, and what it says; nothing where none does."""
    found = next((d for d in policy.deciding if d.version.version == name), None)
    return {"policy_version": name or None, "trigger": found.version.trigger if found else None,
            "period": str(found.rule.period) if found else None}


def _decision(decider: Decider, row: Any) -> dict[str, Any]:
    status, standing = Status(row[0]), Standing(row[1])
    ground = Ground.read(decider, row[6]) if row[6] is not None else None
    end, deadline = ground.last() if ground else (None, None)
    return {
        "status": status.value if row[2] else "out_of_scope",
        "reason": REASON.get(standing) if status is Status.UNDETERMINED else None,
        "held": bool(row[3]), "requested": bool(row[4]),
        "service_end": as_text(end) or None, "service_end_local": _local(ground, end),
        "start_day": deadline.start_day.isoformat() if deadline else None,
        "last_retained_day": deadline.last_retained_day.isoformat() if deadline else None,
        "first_purgeable_day": deadline.first_purgeable_day.isoformat() if deadline else None,
        "rule": ground.cited(deadline) if ground and deadline else None,
        "attestation": ground.attestation if ground else None,
    }


def _local(ground: Ground | None, end: datetime | date | None) -> str | None:
    """The end on a clock of the policy zone; a date has no clock."""
    if ground is None or not isinstance(end, datetime):
        return None
    zone = ground.ruling.service.end.reading.zone
    return (resolve(end, zone) if zone is not None else end).astimezone(ground.ruling.rule.zone).isoformat()


def _holds(decider: Decider, connection: sa.Connection, text: str) -> list[dict[str, Any]]:
    """The holds in force that keep the record: which, on what basis, until when to be reviewed."""
    if decider.holds is None:
        return []
    target, hold = decider.target, decider.holds.table.c
    query = (
        sa.select(hold.id, hold.scope, hold.basis, hold.review_by).distinct()
        .select_from(target.table.join(decider.holds.table, decider.holds.names(target)))
        .where(decider.holds.open_, target.key_is(key_values(target, text))).order_by(hold.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _requests(decider: Decider, ledger: Ledger, connection: sa.Connection, text: str) -> list[dict[str, Any]]:
    """The open requests of individuals that name the record: what they ask, since when, whether granted."""
    target, request = decider.target, ledger.tables.request.c
    register = Register(ledger.tables.request, request.closed_at.is_(None), loosely=False)
    query = (
        sa.select(request.id, request.kind, request.scope, request.received_at, request.granted_at).distinct()
        .select_from(target.table.join(register.table, register.names(target)))
        .where(register.open_, target.key_is(key_values(target, text))).order_by(request.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _of_stone(stone: Any) -> dict[str, Any]:
    return {
        "status": "purged", "reason": None, "held": False, "requested": stone.status == Status.REQUESTED,
        "service_end": stone.service_end or None, "service_end_local": None, "start_day": stone.start_day or None,
        "last_retained_day": stone.last_retained_day or None,
        "first_purgeable_day": stone.first_purgeable_day or None, "rule": stone.rule or None,
        "attestation": stone.attestation,
    }


def _tombstone(ledger: Ledger, connection: sa.Connection, target: str, names: tuple[str, str | None]) -> Any:
    """The last one by the record's key, or by the reference of one that was taken in again."""
    stone, run = ledger.tables.tombstone.c, ledger.tables.run.c
    query = ledger.told(sa.select(ledger.tables.tombstone).where(
        stone.target == target, sa.or_(sa.and_(stone.record_key == names[0], stone.digest.is_(None)),
                                       sa.and_(stone.record_key == names[1], stone.digest.is_not(None)))))
    return connection.execute(query.order_by(run.number.desc()).limit(1)).first()
