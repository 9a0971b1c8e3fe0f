"""Blows that hit everything around a run that goes on: its server, its disk, its right to write.

A run that is hit may finish by itself, or must end with a name for what is wrong. Nothing may be half done, and the
next night finishes.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reliability.claims import Row
from reliability.job import Ended
from reliability.nights import CUSTOMERS, Struck

ENDS = (0, 10, 20, 40)


@dataclass(frozen=True, slots=True)
class Blow:
    """One way to hit a run. `mended_late` is how often it is mended only after the run has ended."""

    name: str
    strike: Callable[[], object]
    mend: Callable[[], object]
    mended_late: float = 1.0


def struck_by(house: Struck, blows: Sequence[Blow], number: int, rng: random.Random,
              customers: int = CUSTOMERS) -> list[Row]:
    """So many blows, each on a run of its own at a random moment; how the runs ended."""
    house.fill(customers)
    usual = house.finishes("before the first blow")
    rows: dict[str, Row] = {}
    for turn in range(number):
        blow = blows[turn % len(blows)]
        house.fill(customers)
        ended, in_time = _hit(house, blow, usual, rng)
        row = rows.setdefault(blow.name, {"blow": blow.name, "runs": 0, "hit before their end": 0})
        row["runs"] += 1
        row["hit before their end"] += in_time
        row[ended.name] = row.get(ended.name, 0) + 1
        house.note(blow.name, ended)
        house.claims.hold(ended.exit in ENDS and (ended.exit == 0 or ended.error),
                          f"{blow.name}: the run ended with {ended.name}")
        house.nothing_is_half_done(f"after {blow.name}")
        if ended.exit == 0:
            house.all_is_gone(f"after {blow.name} and exit 0")
        house.finishes(f"after {blow.name}")
    return list(rows.values())


def _hit(house: Struck, blow: Blow, usual: Ended, rng: random.Random) -> tuple[Ended, bool]:
    late = rng.random() < blow.mended_late
    job = house.job()
    in_time = house.at_a_moment(job, usual, rng)
    blow.strike()
    in_time = in_time and not job.over()
    if late:
        job.ended()
    blow.mend()
    return job.ended(), in_time
