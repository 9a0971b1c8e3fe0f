"""The sample that an auditor recomputes: some records of each stratum, drawn by a seed that nobody could choose.

The seed is the seal of the run before. Living strata are drawn in the database by SHA-256 over seed and key: those
that are held, those that nobody can date, those whose deadline comes next. Of what was purged, places in the list of
the night are drawn one after the other by SHA-256 over seed, target and the number of the draw: anybody can draw them
again from the exported evidence.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import digests
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.model import Status, Tombstone
from carddata_retention.moments import as_text
from carddata_retention.records import Ground
from carddata_retention.sealed import Sampled, Stratum
from carddata_retention.status import REASON, RETAINED_WITHIN, Standing
from carddata_retention.tables import Decider

EACH = 25
SEED = "carddata_seed"
NEAR_DAYS = (1, 7, 30)
_DRAWS = 8 * EACH


def draw_statement(decider: Decider) -> sa.Select[Any]:
    """Stratum, key, standing and end of at most EACH records of each living stratum, by SEED: one scan."""
    judged, target = decider.looking_ahead().scan(), decider.target
    seed = sa.bindparam(SEED, type_=sa.String(), required=True)
    near = judged.standing.in_([RETAINED_WITHIN[days].value for days in NEAR_DAYS])
    status = judged.status()
    stratum = sa.case(
        (status == Status.HELD.value, Stratum.HELD.value),
        (status == Status.UNDETERMINED.value, Stratum.UNDETERMINED.value),
        (sa.and_(status == Status.RETAINED.value, near), Stratum.NEAR.value))
    version = [] if judged.version is None else [judged.version.label("version")]
    rows = sa.select(
        stratum.label("stratum"), target.key_text().label("record_key"), judged.standing.label("standing"),
        judged.end_text.label("service_end"), *version, digests.leaf(seed, target.key_text()).label("drawn"),
    ).select_from(judged.source).where(target.in_scope(), stratum.is_not(None)).subquery("carddata_strata").c
    # The nearest deadlines first; the other strata have no order but that of the draw.
    nearest = sa.case((rows.stratum == Stratum.NEAR.value, rows.standing), else_=0)
    place = sa.func.row_number().over(partition_by=rows.stratum, order_by=(nearest, rows.drawn)).label("place")
    said = [rows.stratum, rows.record_key, rows.standing, rows.service_end, *([rows.version] if version else [])]
    ordered = sa.select(*said, place).subquery("carddata_draw").c
    return sa.select(*list(ordered)[:-1]).where(ordered.place <= EACH).order_by(ordered.stratum, ordered.place)


def living(connection: Connection, decider: Decider, seed: str,
           reference: Callable[[str], str]) -> list[Sampled]:
    """The drawn records that stay, with what the rule says of each."""
    drawn = []
    for stratum, key, standing, text, *place in connection.execute(draw_statement(decider), {SEED: seed}):
        said = Sampled(decider.target.name, Stratum(stratum), reference(key), decider.version_at(*place),
                       REASON.get(Standing(standing), ""), "")
        drawn.append(said if text is None else _dated(said, Ground.read(decider, text)))
    return drawn


def _dated(said: Sampled, ground: Ground) -> Sampled:
    end, deadline = ground.last()
    return replace(said, service_end=as_text(end), start_day=deadline.start_day.isoformat(),
                   last_retained_day=deadline.last_retained_day.isoformat(),
                   first_purgeable_day=deadline.first_purgeable_day.isoformat(), rule=ground.cited(deadline))


def places(seed: str, target: str, among: int) -> Iterator[int]:
    """Places from 1 to `among`, as they are drawn; the same one may come twice."""
    for number in range(_DRAWS):
        drawn = hashlib.sha256(f"{seed}:{target}:{number}".encode()).digest()
        yield int.from_bytes(drawn) % among + 1


def purged(connection: Connection, ledger: Ledger, run_id: str, target: str, key: EvidenceKey,
           seed: str) -> list[Sampled]:
    """At most EACH of the records that the run has purged of a target."""
    stone = ledger.tables.tombstone.c
    last = connection.execute(
        sa.select(sa.func.max(stone.seq)).where(stone.run_id == run_id, stone.target == target)).scalar()
    if last is None:
        return []
    wanted = list(dict.fromkeys(places(seed, target, last)))
    found = dict(ledger.tombstones_at(connection, run_id, key, target, wanted))
    return [_of_stone(found[place]) for place in wanted if place in found][:EACH]


def _of_stone(stone: Tombstone) -> Sampled:
    return Sampled(stone.target, Stratum.PURGED, stone.reference, stone.policy_version, stone.status.value,
                   stone.service_end, stone.start_day, stone.last_retained_day, stone.first_purgeable_day, stone.rule)
