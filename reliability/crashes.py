"""The whole database server dies in the middle of a run, and is started again from the files that it left.

Sometimes at once: the run waits for it and goes on. Sometimes only after the run has given up.
"""

import random
from pathlib import Path

from reliability.blows import Blow, struck_by
from reliability.claims import Claims, Found, Progress, Row, summed
from reliability.nights import struck
from reliability.plug import Plug

IN_ONE_HOUSE = 10
STARTED_LATE = 0.2


def crashes(plug: Plug, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """`number` crashes of the server, by turns killed and told to stop at once."""
    rng, claims = random.Random(seed), Claims()
    stop = "immediate shutdown" if plug.dialect == "postgresql" else "shutdown"
    blows = (Blow("kill -9", plug.kill, plug.start, STARTED_LATE), Blow(stop, plug.stop, plug.start, STARTED_LATE))
    rows: list[Row] = []
    said: dict[str, str] = {}
    for done in range(0, number, IN_ONE_HOUSE):
        at = folder / f"house-{done}"
        at.mkdir()
        with plug.servers.database(plug.dialect) as database:
            house = struck(database, at, claims)
            rows += struck_by(house, blows, min(IN_ONE_HOUSE, number - done), rng)
        said |= house.said
        say(f"{min(done + IN_ONE_HOUSE, number)} of {number} crashes")
    return Found("the whole server dies in mid-run", summed(rows, "blow"), claims.broken, said=said)
