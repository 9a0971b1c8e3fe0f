"""What another version of the notice would change, in numbers: how many records it would make due earlier or later.

No period is counted in SQL, so the database says how many records have which pair of ends, and the rule is asked about
each pair. Ends leave the database for that, keys and card fields do not.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import survey
from carddata_retention.nights import Running
from carddata_retention.policy import beside
from carddata_retention.records import Ground
from carddata_retention.schema import BoundTarget, bind
from carddata_retention.sealed import ComparedTarget, Comparison
from carddata_retention.services import Ruling
from carddata_retention.tables import Decider


def compare(run: Running, connection: Connection, version: str) -> Comparison:
    """Every readable target as it is decided tonight, and as one version alone would decide it.

    Raises UsageError for an unknown version.
    """
    stage = replace(run.stage, policy=beside(run.stage.policy, run.stage.config, version))
    schema = bind(connection, stage.db.dialect, stage.config, stage.policy)
    found = []
    for target in run.readable():
        with survey.alone(target, connection):
            bound = schema.targets[target.name]
            assert isinstance(bound, BoundTarget)  # it was, a moment ago and in this snapshot
            decider = stage.decider(schema, bound, registers=run.registers, attested=run.attested)
            found.append(compared(connection, decider, run.stage.policy.as_of))
    return Comparison(version, tuple(found))


def pairs_statement(decider: Decider) -> sa.Select[Any]:
    """How many records that hold something have which end tonight, and which under the compared version."""
    judged, target = decider.scan(), decider.target
    assert judged.compared is not None
    rows = sa.select(judged.end_text.label("tonight"), judged.compared[1].label("compared")).select_from(
        judged.source).where(target.in_scope(), sa.not_(target.blank())).subquery("carddata_pairs").c
    return sa.select(rows.tonight, rows.compared, sa.func.count()).group_by(rows.tonight, rows.compared)


def compared(connection: Connection, decider: Decider, as_of: date) -> ComparedTarget:
    """One target: its records by the first purgeable day that they have, and the one that they would have."""
    counted = dict.fromkeys(
        ("earlier", "later", "equal", "only_tonight", "only_compared", "neither", "due_tonight", "due_compared"), 0)
    rows = connection.execute(pairs_statement(decider), execution_options={"stream_results": True, "yield_per": 1000})
    for tonight_text, other_text, number in rows:
        tonight, other = _first_day(decider, tonight_text), _first_day(decider, other_text, decider.compared)
        counted[_how(tonight, other)] += number
        for word, day in (("due_tonight", tonight), ("due_compared", other)):
            counted[word] += number if day is not None and day <= as_of else 0
    return ComparedTarget(decider.target.name, **counted)


def _first_day(decider: Decider, text: str | None, ruling: Ruling | None = None) -> date | None:
    return None if text is None else Ground.read(decider, text, ruling).last()[1].first_purgeable_day


def _how(tonight: date | None, other: date | None) -> str:
    if tonight is None or other is None:
        return "neither" if tonight == other else "only_compared" if tonight is None else "only_tonight"
    return "equal" if tonight == other else "earlier" if other < tonight else "later"
