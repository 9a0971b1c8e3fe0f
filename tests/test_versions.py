"""Which version decides: the decision table held equal to its SQL where versions differ and where ends are attested.

Every service end under one trigger with every one under the other, for every day of acquisition; scan, each, row, what
is removed, and what the independent look calls due. The facts are worked out by hand for 20 November 2026.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from itertools import combinations, product
from typing import Any

import pytest
import sqlalchemy as sa
from billing import configuration
from example import SQL, commands
from nightly import AS_OF
from servers import Database

from carddata_retention import verify
from carddata_retention.config import load
from carddata_retention.model import TO_PURGE
from carddata_retention.records import Ground
from carddata_retention.schema import BoundTarget, bind
from carddata_retention.stage import open_stage
from carddata_retention.status import (
    FORECAST_DAYS,
    Acquired,
    Decision,
    End,
    Record,
    Service,
    Standing,
    decide,
    status_of,
)

JST = timezone(timedelta(hours=9))
STARTED = datetime(2010, 4, 1, tzinfo=JST)
# Five years under the provision end from 2010, three under the use end from 2014, and one that nobody has reached.
VERSIONS = [
    {"version": "old", "effective_from": date(2010, 1, 1), "trigger": "provision_end", "period": "P5Y"},
    {"version": "new", "effective_from": date(2014, 4, 1), "trigger": "use_end", "period": "P3Y"},
    {"version": "to come", "effective_from": date(2026, 11, 21), "trigger": "use_end", "period": "P1M"},
]
YEARS = (5, 3)


def jst(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=JST)  # type: ignore[misc,arg-type]


def facts(end: Any, terminated: bool, years: int, started: datetime | None = STARTED) -> Service:
    """A service by its end, with nothing but the distance from tonight: due before the day so many years ago."""
    if end is None:
        return Service(End.NONE, terminated)
    if isinstance(end, str):
        return Service(End.UNREADABLE, terminated)
    if end.year == 9999:
        return Service(End.OPEN, terminated)

    def before(days: int) -> bool:
        day = AS_OF + timedelta(days=days)
        return bool(end < jst(day.year - years, day.month, day.day))

    return Service(End.READ, terminated, over=end < jst(2026, 11, 20), implausible=end < jst(1990, 1, 1),
                   before_start=started is not None and end < started, due=before(0), overdue=before(-8),
                   due_within=frozenset(d for d in FORECAST_DAYS if before(d)))


ENDS = [None, "unreadable", jst(9999, 12, 31, 12), jst(2027, 1, 31), jst(1970, 1, 1, 12), jst(2010, 3, 31),
        jst(2019, 6, 30), jst(2021, 11, 15), jst(2021, 11, 20), jst(2023, 11, 11, 23, 59), jst(2023, 11, 19, 23, 59),
        jst(2023, 11, 20), jst(2025, 1, 31)]
ACQUIRED: list[tuple[Any, int | Acquired]] = [
    (None, Acquired.UNKNOWN), ("unreadable", Acquired.UNKNOWN),
    (jst(2009, 12, 31, 23, 59, 59), Acquired.BY_NONE), (jst(2010, 1, 1), 0), (jst(2014, 3, 31, 23, 59, 59), 0),
    (jst(2014, 4, 1), 1), (jst(2026, 11, 20, 23, 59, 59), 1), (jst(2026, 11, 21), Acquired.BY_NONE),
    (jst(2027, 11, 20), Acquired.BY_NONE),
]
UNREADABLE = {"sqlite": "2021-02-31", "postgresql": "-infinity", "mariadb": "0000-00-00 00:00:00"}


@dataclass(frozen=True)
class Stored:
    """A service as a row."""

    status: str
    provided: Any
    used: Any

    def under(self, version: int) -> Service:
        return facts((self.provided, self.used)[version], self.status == "closed", YEARS[version])


@dataclass(frozen=True)
class Attested:
    """What is attested of a customer: the days, for how many services, and whether it was withdrawn."""

    days: tuple[date, ...]
    services: int
    withdrawn: bool = False


def customers() -> dict[int, tuple[Stored, ...]]:
    one = [Stored("closed", p, u) for p, u in product(ENDS, ENDS)] + [Stored("active", p, ENDS[6]) for p in ENDS[:7:3]]
    few = [Stored("closed", ENDS[n], ENDS[-n - 1]) for n in range(0, len(ENDS), 2)] + one[-2:]
    return dict(enumerate([(), *((s,) for s in one), *combinations(few, 2)], start=1))


def attestations(known: dict[int, tuple[Stored, ...]]) -> dict[int, Attested]:
    """Of two customers in three: what holds, for other services, withdrawn, and two that contradict each other."""
    days = (date(2019, 6, 30), date(2021, 11, 14), date(2023, 11, 19), date(2025, 1, 31), date(2026, 11, 20))
    made = {}
    for number, services in known.items():
        kind, day = number % 9, days[number % 5]
        if kind in (0, 1, 2, 3):
            made[number] = Attested((day,), len(services))
        elif kind == 4:
            made[number] = Attested((day,), len(services) + 1)
        elif kind == 5:
            made[number] = Attested((day,), len(services), withdrawn=True)
        elif kind == 6:
            made[number] = Attested((day, days[0]), len(services))
    return made | {1: Attested((days[0],), 0)}


def as_services(said: Attested | None, services: tuple[Stored, ...], version: int) -> Service | None:
    """An attested end as the facts of a service, where it may be used."""
    if said is None or said.withdrawn or len(said.days) > 1 or said.services != len(services):
        return None
    end = datetime.combine(said.days[0], datetime.min.time(), JST) + timedelta(hours=12)
    return replace(facts(end, True, YEARS[version], started=None), implausible=False)


def records() -> Iterator[tuple[int, tuple[int | None, ...], Any, int | Acquired]]:
    """Key, subjects, when acquired, by which version."""
    known = len(customers())
    singles = [(n,) for n in range(1, known + 1)]
    pairs = [(n, n * 7 % known + 1) for n in range(1, known + 1, 4)] + [(None, 1), (None, None)]
    key = 0
    for subjects in (*singles, *pairs):
        for moment, by in ACQUIRED:
            key += 1
            yield key, subjects, moment, by


def expected(subjects: tuple[int | None, ...], by: int | Acquired, known: dict[int, tuple[Stored, ...]],
             attested: dict[int, Attested]) -> Decision:
    mine = [n for n in dict.fromkeys(subjects) if n is not None]

    def services(version: int) -> Any:
        return tuple(tuple(s.under(version) for s in known[n]) for n in mine)

    version, acquired = (by, Acquired.KNOWN) if isinstance(by, int) and not isinstance(by, Acquired) else (0, by)
    return decide(Record(False, False, False, services(version), Acquired(acquired), (services(1),), tuple(
        as_services(attested.get(n), known[n], version) for n in mine)))


def literal(value: Any, dialect: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return UNREADABLE[dialect]
    text = (value - timedelta(hours=9)).replace(tzinfo=None).isoformat(" ")
    return f"{text}+00" if dialect == "postgresql" else text


def fill(database: Database, known: dict[int, tuple[Stored, ...]], attested: dict[int, Attested]) -> None:
    dialect = database.dialect
    moment = {"sqlite": "text", "postgresql": "timestamptz", "mariadb": "datetime(6)"}[dialect]
    cast = "CAST(:{} AS timestamptz)" if dialect == "postgresql" else ":{}"
    own = "carddata." if dialect == "postgresql" else "carddata_"
    rows = [{"owner": n, "status": s.status, "started": literal(STARTED, dialect),
             "provided": literal(s.provided, dialect), "used": literal(s.used, dialect)}
            for n, services in known.items() for s in services]
    cards = [{"id": key, "first": (*subjects, None)[0], "second": (*subjects, None)[1], "token": "tok_fa1ce",
              "acquired": literal(moment, dialect), "alone": len(subjects) == 1}
             for key, subjects, moment, _ in records()]
    made = [{"id": f"a{n}-{i}", "item": str(n), "ended_on": day.isoformat(), "services": said.services,
             "withdrawn_at": "t" if said.withdrawn else None}
            for n, said in attested.items() for i, day in enumerate(said.days)]
    legs = [{"card": c["id"], "owner": s} for c in cards for s in {c["first"], c["second"]} - {None}]
    with database.engine.begin() as connection:
        if dialect == "mariadb":
            connection.exec_driver_sql("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        for statement in (
            "CREATE TABLE customers (id integer PRIMARY KEY)",
            f"CREATE TABLE services (owner integer, status varchar(20), started {moment} NULL, provided {moment} NULL, "
            f"used {moment} NULL)", "CREATE INDEX services_owner ON services (owner)",
            *(f"CREATE TABLE {name} (id integer PRIMARY KEY, first integer, second integer, token varchar(40), "
              f"acquired {moment} NULL)" for name in ("tokens", "pairs", "journeys")),
            "CREATE TABLE legs (card integer, owner integer)", "CREATE INDEX legs_card ON legs (card)",
            *commands((SQL / "schema" / f"{dialect}.sql").read_text("utf-8")),
        ):
            connection.exec_driver_sql(statement)
        connection.execute(sa.text("INSERT INTO customers VALUES (:n)"), [{"n": n} for n in known])
        connection.execute(sa.text("INSERT INTO services VALUES (:owner, :status, " + ", ".join(
            cast.format(c) for c in ("started", "provided", "used")) + ")"), rows)
        for name in ("tokens", "pairs", "journeys"):
            connection.execute(sa.text(f"INSERT INTO {name} VALUES (:id, :first, :second, :token, "
                                       f"{cast.format('acquired')})"),
                               [c for c in cards if c["alone"] or name != "tokens"])
        connection.execute(sa.text("INSERT INTO legs VALUES (:card, :owner)"), legs)
        connection.execute(sa.text(
            f"INSERT INTO {own}attestation (id, item, subject, ended, ended_on, services, reason, document, attested_by, second, "
            "attested_at, withdrawn_at) VALUES (:id, :item, :item, :ended_on, :ended_on, :services, 'no_end', 'd', 'b', 's', "
            "'t', :withdrawn_at)"), made)


def declared(table: str, subject: Any, dialect: str) -> dict[str, Any]:
    zone = {} if dialect == "postgresql" else {"zone": "UTC"}
    return {"name": table, "table": table, "key": ["id"], "subject": subject, "disposition": "delete",
            "fields": {"number": "token"}, "created": {"column": "acquired", **zone}}


ONCE_EACH = [pytest.param(d, marks=pytest.mark.xdist_group(f"versions-{d}")) for d in ("sqlite", "postgresql", "mariadb")]


@pytest.fixture(scope="module", params=ONCE_EACH)
def world(request: pytest.FixtureRequest, lasting_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The database, its customers, what is attested, and where the configuration stands."""
    database = lasting_database(request.param)
    known = customers()
    attested = attestations(known)
    fill(database, known, attested)
    return database, known, attested, tmp_path_factory.mktemp("versions") / "retention.toml"


# The fourth, the version in force without attested ends, is tests/test_status.py.
@pytest.mark.parametrize(("applies", "with_attested"), [("at-acquisition", False), ("at-acquisition", True), ("current", True)])
def test_sql_decides_by_the_version_of_each_record_as_python_does(world, applies, with_attested):
    database, known, attested, path = world
    through = {"column": "owner", "through": [{"table": "legs", "from": ["id"], "to": ["card"]}]}
    path.write_text(configuration(
        database.dialect, database.url, policy={"applies": applies, "versions": VERSIONS},
        subject={"table": "customers", "key": "id"},
        service_end={"subject": "owner", "started": "started", "where": None, "triggers": {
            "provision_end": "provided", "use_end": "used"}, "open_sentinels": ["9999-12-31"]},
        targets={"cards": None, "payments": None, "tokens": declared("tokens", "first", database.dialect),
                 "pairs": declared("pairs", ["first", "second"], database.dialect),
                 "journeys": declared("journeys", through, database.dialect)},
    ), encoding="utf-8")
    config = load(path)
    used = attested if with_attested else {}
    seen = set()

    with open_stage(config, "plan", datetime.now(JST), AS_OF) as stage, stage.db.snapshot() as connection:
        schema = bind(connection, stage.db.dialect, config, stage.policy)
        for name, bound in schema.targets.items():
            assert isinstance(bound, BoundTarget), bound
            decider = stage.decider(schema, bound, registers=True, attested=with_attested)
            truth = {key: expected(subjects, by if applies == "at-acquisition" else 1, known, used)
                     for key, subjects, _, by in records() if name != "tokens" or len(subjects) == 1}
            full = decider.looking_ahead()
            shapes = [(full.scan(), True), (full.row(), True), (decider.scan(), False)]
            if database.dialect == "postgresql":
                shapes.append((full.each(), True))
            for judged, ahead in shapes:
                # Of its correlated questions a status would ask each many times over; a removal asks once.
                asked = judged.status() if judged.source is not decider.target.table else sa.null()
                query = sa.select(decider.target.key[0], asked, judged.standing, judged.to_purge(),
                                  judged.end_text, judged.version if judged.version is not None else sa.literal(2))
                wrong = []
                for key, status, standing, purge, text, place in connection.execute(query.select_from(judged.source)):
                    meant = truth[key]
                    number = meant.standing
                    if not ahead and Standing.RETAINED_1 <= number <= Standing.RETAINED:
                        number = Standing.RETAINED
                    found = (status or status_of(Standing(standing)), standing, bool(purge))
                    if found != (meant.status.value, number, meant.status in TO_PURGE):
                        wrong.append((key, found, meant))
                    assert (text is not None) == (number <= Standing.RETAINED), key
                    if meant.status in TO_PURGE:
                        ground = Ground.read(decider, text)
                        assert ground.last()[1].first_purgeable_day <= AS_OF
                        assert ground.ruling.version == ("old" if place == 1 else "new")
                    seen.add((meant.status.value, meant.reason, "|a" in (text or "")))
                assert wrong[:5] == []
            due = {int(r.record_key) for r in connection.execute(verify.due_statement(decider))}
            assert due == {k for k, d in truth.items() if d.status in TO_PURGE}
    assert {s for s, _, _ in seen} == {"active", "undetermined", "retained", "overdue", "due"}
    assert ({"no_created", "no_policy_version"} <= {r for _, r, _ in seen}) == (applies == "at-acquisition")
    assert {s for s, _, by in seen if by} == ({"retained", "overdue", "due"} if with_attested else set())
