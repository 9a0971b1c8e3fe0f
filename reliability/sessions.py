"""Every session of the run is ended by the server, before one statement of a whole night after the other.

A DBA does that, a proxy, a failover. Inside the removal the run opens new ones and goes on; anywhere else it may end,
but by a name that says what happened.
"""

import random
import traceback
from collections import Counter
from pathlib import Path

from bench import kill_sessions, watching
from servers import Servers
from sqlalchemy import Connection

from carddata_retention.errors import RetentionError
from reliability.claims import Claims, Found, Progress
from reliability.nights import Struck, struck

PRODUCT = "carddata_retention"
FRESH = 3
FINISH_EVERY = 50


def sessions(servers: Servers, dialect: str, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """`number` nights, each of which loses its sessions once; all statements of a night, where there are fewer."""
    rng, claims = random.Random(seed), Claims()
    ends = Counter[str]()
    with servers.database(dialect) as database:
        house = struck(database, folder, claims)
        with watching(house.house, None) as heard:
            house.fill(FRESH)
            house.house.night()
        gaps = range(len(heard)) if number >= len(heard) else sorted(rng.sample(range(len(heard)), number))
        for turn, gap in enumerate(gaps, start=1):
            house.fill(FRESH)
            ends[_night(house, gap)] += 1
            house.nothing_is_half_done(f"sessions lost before statement {gap}")
            if turn % FINISH_EVERY == 0 or turn == len(gaps):
                house.finishes(f"sessions lost before statement {gap}")
                say(f"{turn} of {len(gaps)} nights")
    rows = [{"ended with": end, "nights": nights} for end, nights in ends.most_common()]
    return Found("all sessions lost before a statement of the night", rows, claims.broken, {"statements": len(heard)})


def _night(house: Struck, gap: int) -> str:
    before: list[str] = []

    def lose(text: str, number: int, _: Connection) -> None:
        if number == gap:
            before.append(text)
            kill_sessions(house.house)

    try:
        with watching(house.house, lose):
            told = house.house.night()
    except RetentionError as lesson:
        return f"{int(lesson.exit)} {lesson.code}"
    except Exception as unforeseen:
        inside = [frame for frame in traceback.extract_tb(unforeseen.__traceback__) if PRODUCT in frame.filename]
        place = " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(inside))
        house.claims.hold(False, f"sessions lost before statement {gap}, {before[0][:40]!r}: "
                                 f"{type(unforeseen).__name__} at {place}")
        return "1 (no name)"
    if told.exit_code == 0:
        house.all_is_gone(f"sessions lost before statement {gap}, and exit 0")
        return "0"
    return f"{told.exit_code} {next((f.id for f in told.findings if f.id != 'killed_run'), '')}"
