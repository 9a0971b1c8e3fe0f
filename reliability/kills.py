"""kill -9 of the job at random moments. A batch is one transaction: either the whole of it happened, or nothing."""

import random
from collections import Counter
from itertools import cycle
from pathlib import Path

from servers import Servers

from reliability.claims import Claims, Found, Progress, Row, summed
from reliability.job import KILLED
from reliability.nights import Struck, struck

IN_ONE_HOUSE = 20  # then a new one: the ledger is read whole after every kill
CONNECTIONS = (1, 2)


def kills(servers: Servers, dialect: str, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """`number` kills of a run; after each one the ledger is held against the rows."""
    rng, claims = random.Random(seed), Claims()
    rows: list[Row] = []
    connections = cycle(CONNECTIONS)
    for done in range(0, number, IN_ONE_HOUSE):
        at = folder / f"house-{done}"
        at.mkdir()
        with servers.database(dialect) as database:
            using = next(connections)
            found = _killed(struck(database, at, claims, using), min(IN_ONE_HOUSE, number - done), using, rng)
        rows.append({"connections": using, **found})
        say(f"{min(done + IN_ONE_HOUSE, number)} of {number} kills")
    return Found("kill -9 of the job at random moments", summed(rows, "connections"), claims.broken)


def _killed(house: Struck, number: int, connections: int, rng: random.Random) -> Counter[str]:
    """Some kills in one house, and the night after them."""
    found = Counter[str]()
    house.fill()
    usual = house.finishes("before the first kill")
    for _ in range(number):
        house.fill()
        job = house.job()
        house.at_a_moment(job, usual, rng)
        job.kill()
        ended = job.ended()
        found["kills"] += ended.exit == KILLED
        found["came too late"] += ended.exit == 0
        house.claims.hold(ended.exit in (KILLED, 0), f"a run that was to be killed ended with {ended.name}")
        house.nothing_is_half_done("after a kill")
        if ended.exit == KILLED:
            found["between the first batch and the last"] += 0 < ended.begun < usual.begun
            redone = ended.begun - ended.refused - house.committed() if ended.begun else 0
            found["most batches redone"] = max(found["most batches redone"], redone)
            house.claims.hold(0 <= redone <= connections, f"{redone} batches were to be redone after a kill")
    house.finishes(f"after {number} kills")
    return found
