"""A house whose nights are struck: many customers who are due, small batches, and what must hold after every blow."""

import random
import time
from itertools import count
from pathlib import Path

from bench import TARGETS, alive, empty_house, evidence_of, fresh, nothing_is_half_done
from nightly import House
from servers import Database
from small_house import COMPARED, declared_anew, small_gate

from reliability.claims import Claims
from reliability.job import Ended, Job

CUSTOMERS = 800
SETTLED_S = 1.0
AT_ANY_TIME, A_BATCH_S = 0.25, 0.03
BATCH_MS = 1  # after the first batch, of five hundred, each has twenty: most moments of a run lie inside one of many


class Struck:
    """The house, who is due in it, and the claims that hold whatever happens to it."""

    def __init__(self, house: House, claims: Claims, folder: Path) -> None:
        self.house, self.claims = house, claims
        self.said: dict[str, str] = {}
        self.due: set[int] = set()
        self._keys = count(100)
        self._told = folder / "told.json"

    def fill(self, number: int = CUSTOMERS) -> None:
        """New customers, so that at least so many are due."""
        if (missing := number - len(self.due & alive(self.house, TARGETS[0]))) > 0:
            self.due |= fresh(self.house, self._keys, missing)

    def note(self, blow: str, ended: Ended) -> None:
        """Keep the words of each way to end once."""
        if ended.cause is not None:
            self.said.setdefault(f"{blow}: {ended.name}", ended.cause)

    def job(self) -> Job:
        """Tonight's run."""
        return Job(self.house, self._told)

    def at_a_moment(self, job: Job, usual: Ended, rng: random.Random) -> bool:
        """Wait until some moment of a run that is like the usual one; False where it was over before.

        Mostly inside the removal, though its batches take less time than everything around them.
        """
        if rng.random() < AT_ANY_TIME:
            return job.wait(seconds=rng.uniform(0, usual.seconds))
        return job.wait(batches=rng.randint(1, usual.begun), seconds=rng.uniform(0, A_BATCH_S))

    def nothing_is_half_done(self, when: str) -> None:
        """Removed = tombstones = sum of batches, nothing twice, no card without its children.

        The server may still be carrying out the COMMIT of a job that is dead, so what looks wrong is looked at again.
        """
        try:
            nothing_is_half_done(self.house, self.due)
        except AssertionError:
            time.sleep(SETTLED_S)
        with self.claims.about(when):
            nothing_is_half_done(self.house, self.due)

    def all_is_gone(self, when: str) -> None:
        """All that was due is gone exactly once, nothing else is, and every seal fits."""
        self.nothing_is_half_done(when)
        with self.claims.about(when):
            gone = evidence_of(self.house)
            self.claims.hold(gone == dict.fromkeys(TARGETS, self.due), f"{when}: not all that was due is gone")
            looked = self.house.verify()
            self.claims.hold(looked.exit_code == 0, f"{when}: verify ends with {looked.exit_code}")

    def finishes(self, when: str) -> Ended:
        """The next night ends with exit 0, and it is true."""
        ended = self.job().ended()
        self.claims.hold(ended.exit == 0, f"{when}: the next night ends with {ended.name}")
        self.all_is_gone(when)
        return ended

    def committed(self) -> int:
        """How many batches the last run has committed."""
        run, batch = self.house.own("run"), self.house.own("batch")
        return int(self.house.execute(f"SELECT count(*) FROM {batch} WHERE run_id = "
                                      f"(SELECT run_id FROM {run} ORDER BY number DESC LIMIT 1)")[0][0])

    def log_in(self, url: str) -> None:
        """From now on the job uses this login."""
        self.house = declared_anew(self.house, url, limits=self.house.config.limits.model_dump(exclude_none=True))


def struck(database: Database, folder: Path, claims: Claims, connections: int = 1, batch_ms: int = BATCH_MS) -> Struck:
    """A new house, with the shipped gate cut to a few expectations."""
    small_gate(folder, COMPARED)
    house = declared_anew(empty_house(database, folder),
                          limits={"target_batch_ms": batch_ms, "connections": connections})
    return Struck(house, claims, folder)
