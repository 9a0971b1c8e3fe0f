"""Every kind of change, at every statement of a batch, by sessions that commit at once or stay open until the end.

One run has several batches, and each gap of a batch has a customer for each kind of change. So a run tries gaps × kinds
interleavings, and each of them is judged by the place that the change took: before the removing statement, before the
COMMIT, or behind it.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bench import TARGETS, Bench, Round, add, alive, bench, empty_house, evidence_of, usages, watching
from changes import (
    CHANGED,
    EVENTS,
    GONE,
    LOCKED,
    NOT_DUE,
    PURGED,
    Event,
    correct_the_end,
    hold_subject,
    move,
    order_anew,
    reactivate,
    reactivate_the_second,
)
from nightly import House
from servers import Servers

from reliability.claims import Claims, Found, Progress, Row
from reliability.others import Others

OPEN = 0.4
NEED_TWO_SERVICES = (reactivate_the_second, correct_the_end)
OF_CHANGE = {event.change: event for event in EVENTS}
# Nothing keeps this one out: it counts where it was committed before the removing statement, which looks once more.
UNGUARDED = Event(order_anew, (NOT_DUE,), (PURGED, LOCKED), locked_out=False)


@dataclass(frozen=True)
class Place:
    """A house in which the race with a new service is closed by one lock or another, or is declared to be open.

    Of each of `wanted` as many interleavings are tried as were asked for; `company` is tried beside them.
    """

    name: str
    wanted: tuple[Event, ...]
    company: tuple[Event, ...] = ()
    foreign_key: bool = True
    overrides: dict[str, Any] = field(default_factory=dict)
    open_race: bool = False
    always_commits: bool = False

    def events(self, services: int) -> list[Event]:
        """What may happen in one gap to customers with so many services."""
        wanted = [event for event in self.wanted if services > 1 or event.change not in NEED_TWO_SERVICES]
        return wanted * (8 // len(wanted) or 1) + list(self.company)


def places(dialect: str) -> list[Place]:
    """Where a run can be interfered with on this database."""
    company = (OF_CHANGE[reactivate], OF_CHANGE[hold_subject])
    found = [Place("", EVENTS), Place("no foreign key", (UNGUARDED,), company, foreign_key=False, open_race=True)]
    if dialect == "postgresql":
        found.append(Place("quiet window", (OF_CHANGE[order_anew],), company, foreign_key=False,
                           overrides={"service_end": {"race": "quiet-window"}}, always_commits=True))
    return found


@dataclass(slots=True)
class Kind:
    """What came of one kind of change in one place."""

    name: str
    tried: int = 0
    happened: int = 0
    early: int = 0
    not_in_time: int = 0  # it happened before the COMMIT, and the rules allow that it did not count any more
    ends: Counter[str] = field(default_factory=Counter)
    gaps: Counter[int] = field(default_factory=Counter)

    def row(self) -> Row:
        """The line of the table."""
        ends = ("no_longer_due", "held_meanwhile", "moved", "gone", "locked")
        return {"change": self.name, "gaps": len(self.gaps), "tried": self.tried,
                "refused by a lock": self.tried - self.happened, "happened": self.happened,
                "removed early": self.early, "removed": self.ends["purged"], "of them not in time": self.not_in_time,
                **{end: self.ends[end] for end in ends}}


def races(servers: Servers, dialect: str, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """At least `number` interleavings of each kind of change in each place."""
    rng, claims = random.Random(seed), Claims()
    rows: list[Row] = []
    facts = Counter[str]()
    for place in places(dialect):
        at = folder / (place.name.replace(" ", "-") or "guarded")
        at.mkdir()
        with servers.database(dialect) as database:
            house = empty_house(database, at, **place.overrides)
            kinds = {event: Kind(", ".join(filter(None, (event.name, place.name))))
                     for event in (*place.wanted, *place.company)}
            _as_the_plan_says(house, place, claims)
            with bench(house) as b:
                keys = count(100)
                while (tried := min(kinds[event].tried for event in place.wanted)) < number:
                    say(f"{place.name or 'foreign key'}: {tried} of {number} of each kind")
                    facts += _round(b, place, rng, keys, kinds, claims)
                with claims.about("the chain of evidence"):
                    b.check()
            rows += [kind.row() for kind in kinds.values()]
            facts["tombstones"] += sum(map(len, evidence_of(house).values()))
    return Found("changes by others at every statement of a batch", rows, claims.broken, dict(facts))


def _as_the_plan_says(house: House, place: Place, claims: Claims) -> None:
    if not place.foreign_key:
        for key in sa.inspect(house.database.engine).get_foreign_keys("services"):
            house.execute(f"ALTER TABLE services DROP FOREIGN KEY {key['name']}" if house.database.dialect == "mariadb"
                          else f"ALTER TABLE services DROP CONSTRAINT {key['name']}")
    told = {finding.target for finding in house.plan()[0].findings if finding.id == "race_open"}
    wanted = set(TARGETS) if place.open_race else set()
    claims.hold(told == wanted, f"{place.name}: plan says race_open of {sorted(map(str, told))}")


def _round(b: Bench, place: Place, rng: random.Random, keys: Iterator[int], kinds: dict[Event, Kind],
           claims: Claims) -> Counter[str]:
    """One run with interference, and a quiet one that must remove exactly what is still due."""
    house, target = b.house, rng.choice(TARGETS)
    services, connections = rng.choice((1, 2, 2, 3)), rng.choice((1, 1, 1, 2))
    new = [next(keys) for _ in range(1100 if connections > 1 else rng.choice((60, 250, 700)))]
    add(house, *new, services=services)
    pace = b.pace(target_batch_ms=rng.choice((1, 100, 10_000)))
    pace.size = rng.choice((20, 80, 300))
    run_id = b.begin()
    candidates = b.freeze(run_id, target)
    engine = b.engine(run_id, target, pace, connections)
    with ExitStack() as stack:
        others = Others(house, target, place.events(services), rng, stack, _held_open(place, house, rng))
        with others.interfering() as watch, watching(house, watch):
            engine.run(candidates)
        with claims.about(f"run {run_id}"):
            came_out = b.finish(run_id, target, candidates, engine.stopped)
            _judge(house, target, new, others, came_out, kinds, claims)
            others.let_go()
            _quiet(b, target, new, others, came_out, claims)
    return Counter(runs=1, candidates=candidates, batches=others.batches, repeated=others.repeated)


def _held_open(place: Place, house: House, rng: random.Random) -> Callable[[Event], float]:
    """How often each kind of change is not committed at once."""
    moves = float(rng.random() < OPEN)  # all or none of a run: they move to one customer, whom an open one would lock

    def share(event: Event) -> float:
        if place.always_commits:
            return 0.0
        if event.change is move:
            return moves
        # What no lock keeps out, MariaDB's DELETE gives up at while it is not committed: that costs many attempts.
        return OPEN if event.locked_out or house.database.dialect != "mariadb" else OPEN / 4

    return share


def _judge(house: House, target: str, new: list[int], others: Others, came_out: Round, kinds: dict[Event, Kind],
           claims: Claims) -> None:
    left, proved = alive(house, target), evidence_of(house)[target]
    for key in new:
        end, each = came_out.ends[key], others.tries.get(key)
        right = each.right_ends(others.last[key]) if each else {PURGED}
        who = f"{came_out.run_id}, {target}: {each}"
        claims.hold(end in right, f"{who} came to {end} and not to {sorted(map(str, right))}")
        claims.hold((key in left) == (end not in (PURGED, GONE)), f"{who} came to {end}, but the row says otherwise")
        claims.hold((key in proved) == (end == PURGED), f"{who} came to {end}, but the tombstones say otherwise")
        if each:
            kind = kinds[each.event]
            kind.tried += 1
            kind.happened += each.happened
            kind.early += end == PURGED and PURGED not in (*right, *each.event.committed)
            kind.not_in_time += end == PURGED and each.came_before_the_end(others.last[key])
            kind.ends[end[1] or str(end[0])] += 1
            kind.gaps[each.gap] += 1
    owing = {LOCKED, CHANGED} & set(came_out.ends.values())
    claims.hold(came_out.tally.failed == 0, f"{came_out.run_id}: {came_out.tally.failed_reasons}")
    claims.hold(came_out.exit() == (10 if owing else 0), f"{came_out.run_id}: exit {came_out.exit()}")


def _quiet(b: Bench, target: str, new: list[int], others: Others, came_out: Round, claims: Claims) -> None:
    """With nobody else there a run removes what is still due, and nothing else."""
    owed: dict[str, set[int]] = {name: set() for name in TARGETS}
    for key in new:
        each, gone = others.tries.get(key), came_out.ends[key] in (PURGED, GONE)
        spared = each is not None and each.lasting and PURGED not in each.event.committed
        for name in TARGETS:
            if not (gone and name == target) and not (spared and each and (name == target or each.event.of_customer)):
                owed[name].add(key)
    before = evidence_of(b.house)
    for name in TARGETS:
        claims.hold(b.purge(name).exit() == 0, f"after {came_out.run_id}: the quiet run of {name} is not clean")
    after = evidence_of(b.house)
    for name in TARGETS:
        wrong = owed[name] ^ (after[name] - before[name])
        claims.hold(not wrong, f"after {came_out.run_id}: the quiet run of {name} is wrong about {sorted(wrong)[:5]}")
    cards = dict.fromkeys(alive(b.house, "cards"), 2)
    claims.hold(usages(b.house) == cards, f"after {came_out.run_id}: a card without its children, or children alone")
