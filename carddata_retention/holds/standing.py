"""Holds that stand: listed, looked at again, released."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.errors import UsageError
from carddata_retention.events import HOLD_RELEASED
from carddata_retention.identity import stamp
from carddata_retention.naming import note, patiently
from carddata_retention.records import key_for_person
from carddata_retention.sealed import Hold
from carddata_retention.settings import Config
from carddata_retention.stage import open_stage


def release(config: Config, host: datetime, hold_id: str, released_by: str, reason: str) -> None:
    """End a hold, all that it names; its rows stay. One that was lost is ended by its event alone.

    Raises UsageError for one that is not in force, or without a name and a reason.
    """
    if not released_by.strip() or not reason.strip():
        raise UsageError("hold_release", "A release needs who releases and why.", not_done="The hold is in force.",
                         cure="hold release ID --by NAME --reason TEXT")
    _change(config, host, hold_id, HOLD_RELEASED, released_by=released_by, released_at=stamp(host),
            release_reason=reason)


def review(config: Config, host: datetime, hold_id: str, reviewed_by: str, review_by: date) -> None:
    """Note that somebody has looked at a hold, and when it is to be looked at again. Raises UsageError as `release`."""
    if not reviewed_by.strip():
        raise UsageError("hold_review", "A review needs who looked.", not_done="The review is not noted.",
                         cure="hold review ID --by NAME --review-by YYYY-MM-DD")
    _change(config, host, hold_id, "hold review", reviewed_by=reviewed_by, reviewed_at=stamp(host),
            review_by=review_by.isoformat())


def in_force(config: Config, host: datetime) -> list[tuple[Hold, str | None]]:
    """Every hold in force, those first whose review comes first, and the key or subject where it names one. Read-only.
    """
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return []
        tables = stage.ledger.tables
        item = sa.func.min(tables.hold.c.item).label("item")
        rows = connection.execute(tables.holds_by_number().add_columns(item)).mappings()
        names = Hold.__dataclass_fields__
        return [(Hold(**{name: row[name] for name in names}), _named(row)) for row in rows]


def _named(row: Any) -> str | None:
    many = row["scope"] == "record" and row["items"] > 1
    return None if row["item"] is None or many else key_for_person(row["item"])


def _change(config: Config, host: datetime, hold_id: str, what: str, **values: str) -> None:
    with open_stage(config, "register", host, None) as stage:
        stage.ledger.create()
        hold = stage.ledger.tables.hold

        def change(connection: Connection) -> None:
            done: Any = connection.execute(hold.update().where(
                hold.c.id == hold_id, hold.c.released_at.is_(None)).values(**values))
            lost = what == HOLD_RELEASED and hold_id in stage.ledger.lost_holds(connection)
            if not done.rowcount and not lost:
                raise UsageError("unknown_hold", f"No hold {hold_id} is in force.", not_done="Nothing was changed.",
                                 cure="carddata-retention hold list")
            note(connection, stage, host, what, {"hold": hold_id})

        patiently(stage, change, "The hold was not changed.")
