"""The decision table: enumerated over its whole domain, and the same in Python and in SQL, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from itertools import combinations_with_replacement, pairwise, product
from typing import Any

import pytest
import sqlalchemy as sa
from billing import configuration
from example import SQL, commands
from nightly import AS_OF
from servers import Database

from carddata_retention import verify
from carddata_retention.config import load
from carddata_retention.model import TO_PURGE, Status
from carddata_retention.period import Reading
from carddata_retention.policy import in_force
from carddata_retention.schema import BoundTarget, bind
from carddata_retention.stage import open_stage
from carddata_retention.status import (
    FORECAST_DAYS,
    REASON,
    Acquired,
    End,
    Record,
    Service,
    Standing,
    decide,
    standing,
    status_of,
)

NESTED = [frozenset(d for d in FORECAST_DAYS if d >= least) for least in (*FORECAST_DAYS, 366)]
FLAGS = ("over", "implausible", "before_start", "overdue", "due")
ANY = "."

# end, terminated (y, n, - where no status is declared), over, implausible, before_start, overdue, due
TABLE = """
    .          n  . . . . .  active
    open       .  . . . . .  active
    none       y  . . . . .  no_end
    none       -  . . . . .  active
    unreadable .  . . . . .  unreadable_end
    read       .  n . . . .  active
    read       .  y y . . .  implausible_end
    read       .  y n y . .  end_before_start
    read       .  y n n y .  overdue
    read       .  y n n n y  due
    read       .  y n n n n  retained
"""


def every_service() -> Iterator[Service]:
    for end, terminated, within in product(End, (True, False, None), NESTED):
        for flags in product((True, False), repeat=len(FLAGS)):
            yield Service(end, terminated, due_within=within, **dict(zip(FLAGS, flags, strict=True)))


def by_the_table(service: Service) -> list[str]:
    """The standings of all lines that fit, in their order."""
    said = {True: "y", False: "n", None: "-"}
    facts = [service.end.value, said[service.terminated], *(said[getattr(service, f)] for f in FLAGS)]
    lines = [line.split() for line in TABLE.strip().splitlines()]
    return [line[-1] for line in lines if all(w in (ANY, f) for w, f in zip(line, facts, strict=False))]


def test_one_service_stands_as_the_first_line_that_fits_says():
    wrong = []
    for service in every_service():
        expected = by_the_table(service)[0]
        if expected == "retained":
            nearest = min(service.due_within, default=None)
            expected = f"retained_{nearest}" if nearest else "retained"
        if standing(service).name.lower() != expected:
            wrong.append((service, expected))
    assert wrong == []
    assert len(list(every_service())) == 4 * 3 * len(NESTED) * 32


def test_every_line_of_the_table_decides_something():
    deciding = {by_the_table(s)[0] for s in every_service()}
    assert deciding == {line.split()[-1] for line in TABLE.strip().splitlines()}


ONE_OF_EACH = {standing(s): s for s in every_service()}
ORDER = ("active", "no_subject", "no_service", "no_end", "unreadable_end", "implausible_end", "end_before_start")
UNDATED = ORDER[1:]
UNDECIDED = ("no_created", "no_policy_version")
SETTLED = ("no_service", "no_end", "unreadable_end", "implausible_end", "end_before_start")


def test_a_service_can_stand_in_every_way_but_those_of_having_none():
    assert set(Standing) - set(ONE_OF_EACH) == {
        Standing.NO_SERVICE, Standing.NO_SUBJECT, Standing.NO_CREATED, Standing.NO_POLICY_VERSION}


def expected_of(record: Record) -> tuple[str, str | None]:
    """Status and reason, worked out from the words of the decision table and not by a greatest number."""
    if record.blank:
        return "blank", None
    if record.held:
        return "held", None
    if record.requested:
        return "requested", None
    stands = {standing(s).name.lower() for services in record.services for s in services}
    stands |= {"no_service" for services in record.services if not services}
    stands |= set() if record.services else {"no_subject"}
    if "active" in stands:
        return "active", None
    for reason in UNDATED:
        if reason in stands:
            return "undetermined", reason
    if any(s.startswith("retained") for s in stands):
        return "retained", None
    return ("due" if "due" in stands else "overdue"), None


def every_record() -> Iterator[Record]:
    """All flags, with no subject, one or two, each with no service, one or two of every standing."""
    some = [(), *((s,) for s in ONE_OF_EACH.values()), *combinations_with_replacement(ONE_OF_EACH.values(), 2)]
    few = [(), *((s,) for s in ONE_OF_EACH.values())]
    subjects = [(), *((s,) for s in some), *product(few, few)]
    for services, (blank, held, requested) in product(subjects, product((True, False), repeat=3)):
        yield Record(blank, held, requested, services)


def test_every_record_has_one_status_and_a_reason_exactly_where_it_is_undetermined():
    seen = set()
    for record in every_record():
        decision = decide(record)
        assert (decision.status.value, decision.reason) == expected_of(record), record
        assert (decision.reason is not None) is (decision.status is Status.UNDETERMINED)
        seen.add((decision.status, decision.reason))
    assert {s for s, _ in seen} == set(Status)
    assert {r for _, r in seen} - {None} == set(UNDATED) == set(REASON.values()) - set(UNDECIDED)


def test_a_record_that_no_version_decides_is_undetermined_unless_all_versions_call_it_active():
    few = [(), *((s,) for s in ONE_OF_EACH.values())]
    reasons = {Acquired.UNKNOWN: "no_created", Acquired.BY_NONE: "no_policy_version"}
    for acquired, first, second in product(reasons, few, few):
        active = all(Standing.ACTIVE in map(standing, services) for services in (first, second))
        decision = decide(Record(False, False, False, (first,), acquired, ((second,),)))
        expected = ("active", None) if active else ("undetermined", reasons[acquired])
        assert (decision.status.value, decision.reason) == expected, (acquired, first, second)
    for acquired in reasons:
        assert decide(Record(False, False, False, (), acquired, ((),))).reason == "no_subject"
        for flags in ((True, False, False), (False, True, False), (False, False, True)):
            plain = decide(Record(*flags, ((ONE_OF_EACH[Standing.DUE],),)))
            assert decide(Record(*flags, ((ONE_OF_EACH[Standing.DUE],),), acquired, ((),))).status is plain.status


ATTESTED = [ONE_OF_EACH[s] for s in (Standing.OVERDUE, Standing.DUE, Standing.RETAINED_90, Standing.RETAINED,
                                     Standing.ACTIVE)]


def test_an_attested_end_settles_what_nobody_can_date_and_nothing_else():
    some = [(), *((s,) for s in ONE_OF_EACH.values()), *combinations_with_replacement(ONE_OF_EACH.values(), 2)]
    for services, attested in product(some, ATTESTED):
        without = decide(Record(False, False, False, (services,)))
        decision = decide(Record(False, False, False, (services,), attested=(attested,)))
        if without.reason not in SETTLED:
            assert decision == without
            continue
        known = [standing(s) for s in (*services, attested)]
        # Whatever the data can date themselves still counts: the latest of all ends decides.
        assert decision.standing is max(s for s in known if s.name.lower() not in SETTLED), (services, attested)
    for reason in (Acquired.UNKNOWN, Acquired.BY_NONE):
        assert decide(Record(False, False, False, ((),), reason, attested=(ATTESTED[0],))).reason in UNDECIDED
    one_of_two = Record(False, False, False, ((), ()), attested=(ATTESTED[0], None))
    assert decide(one_of_two).reason == "no_service"


def test_the_status_by_services_alone_is_one_for_each_standing():
    assert {s.name: status_of(s).value for s in Standing} == {
        "OVERDUE": "overdue", "DUE": "due", "ACTIVE": "active",
        **dict.fromkeys(("RETAINED", *(f"RETAINED_{d}" for d in FORECAST_DAYS)), "retained"),
        **{reason.upper(): "undetermined" for reason in (*UNDATED, *UNDECIDED)}}


# The same table as SQL

JST = timezone(timedelta(hours=9))
STARTED = datetime(2010, 4, 1, tzinfo=JST)


@dataclass(frozen=True)
class Kind:
    """A service as a row, and the facts about it on 20 November 2026, worked out by hand."""

    status: str | None
    ended: datetime | str | None
    facts: Service
    started: datetime | None = STARTED


def ended(year: int, month: int, day: int, **time: int) -> datetime:
    return datetime(year, month, day, **time, tzinfo=JST)


def closed(end: datetime | str | None, facts: Service, started: datetime | None = STARTED) -> Kind:
    return Kind("closed", end, replace(facts, terminated=True), started)


READ = Service(End.READ, True, over=True)
PURGEABLE = replace(READ, due=True, due_within=frozenset(FORECAST_DAYS))
LONG_AGO = replace(PURGEABLE, overdue=True)


def kinds(dialect: str) -> list[Kind]:
    unreadable = {"sqlite": "2021-02-31", "postgresql": "-infinity", "mariadb": "0000-00-00 00:00:00"}[dialect]
    found = [
        Kind("active", None, Service(End.NONE, False)),
        Kind("active", ended(2019, 6, 30), replace(LONG_AGO, terminated=False)),
        Kind("Closed", ended(2019, 6, 30), replace(LONG_AGO, terminated=False)),
        Kind("closed ", ended(2019, 6, 30), replace(LONG_AGO, terminated=False)),
        Kind(None, ended(2019, 6, 30), replace(LONG_AGO, terminated=False)),
        closed(ended(9999, 12, 31, hour=12), Service(End.OPEN)),
        closed(ended(1900, 1, 1, hour=12), Service(End.OPEN)),
        closed(ended(2026, 11, 20), Service(End.READ)),
        closed(None, Service(End.NONE)),
        closed(unreadable, Service(End.UNREADABLE)),
        closed(ended(1989, 12, 31, hour=23), replace(LONG_AGO, implausible=True), started=None),
        closed(ended(1970, 1, 1, hour=9), replace(LONG_AGO, implausible=True, before_start=True)),
        closed(ended(2020, 1, 1), replace(LONG_AGO, before_start=True), started=ended(2020, 1, 1, microsecond=1)),
        closed(ended(2020, 1, 1), LONG_AGO, started=None),
        closed(ended(2021, 11, 11, hour=23, minute=59), LONG_AGO),
        closed(ended(2021, 11, 12), PURGEABLE),
        closed(ended(2021, 11, 19, hour=23, minute=59, second=59), PURGEABLE),
        closed(ended(2026, 11, 19, hour=23), READ),
    ]
    for before, days in pairwise((0, *FORECAST_DAYS)):
        first, last = 20 + before, 19 + days
        within = frozenset(d for d in FORECAST_DAYS if d >= days)
        for offset in {first, last}:
            found.append(closed(ended(2021, 11, 1) + timedelta(days=offset - 1), replace(READ, due_within=within)))
    if dialect == "postgresql":
        found.append(closed("infinity", Service(End.OPEN)))
    return found


@dataclass
class World:
    """Customers with every combination of services, and what is known of each of them."""

    services: dict[int, tuple[Service, ...]]
    rows: list[dict[str, Any]]
    held: set[int]
    requested: set[int]


def world(dialect: str) -> World:
    made = World({}, [], set(), set())
    few = [(), *((k,) for k in kinds(dialect))]
    for copies, mark in ((few, None), (few, made.held), (few, made.requested),
                         (list(combinations_with_replacement(kinds(dialect), 2)), None)):
        for services in copies:
            number = len(made.services) + 1
            made.services[number] = tuple(k.facts for k in services)
            if mark is not None:
                mark.add(number)
            drafts = [("draft", Kind("active", None, Service(End.NONE, False), None))]
            made.rows += [{"customer": number, "kind": kind, "status": k.status, "started": k.started, "ended": k.ended}
                          for kind, k in [*(("vps", k) for k in services), *drafts]]
    return made


@dataclass(frozen=True)
class Row:
    """A record as it is stored, by whose services it is decided, and what is said of it."""

    id: int
    subjects: tuple[int | None, ...]
    token: str | None
    said: frozenset[str] = frozenset()


SAID = [frozenset(), frozenset({"held"}), frozenset({"requested"}), frozenset({"held", "requested"})]


def numbered(entries: Any) -> list[Row]:
    return [Row(n, *entry) for n, entry in enumerate(entries, start=1)]


def rows_of(target: str, made: World) -> list[Row]:
    singles = [None, *(n for n, services in made.services.items() if len(services) < 2)]
    plain = [n for n in singles if n not in made.held | made.requested]
    if target == "records":
        every = [None, *made.services]
        return numbered([((n,), token, said) for n in every for token in ("tok_fa1ce", None, "***")
                         for said in (SAID if n in plain else SAID[:1])])
    marked = [n for n in singles if n in made.held | made.requested][::7]
    pairs = list(product([*plain, *marked], repeat=2))
    if target == "pairs":
        return numbered([(pair, "tok_fa1ce") for pair in pairs])
    return numbered([*(((n,), "tok_fa1ce") for n in [*plain, *marked]), ((), "tok_fa1ce"), ((None, None), "tok_fa1ce"),
                     *((pair, "tok_fa1ce") for pair in pairs)])


def fill(database: Database, made: World, stored: dict[str, list[Row]]) -> None:
    dialect = database.dialect
    text = sa.String(40)
    moment: Any = text if dialect != "postgresql" else sa.DateTime(timezone=True)
    if dialect == "mariadb":
        moment = sa.dialects.mysql.DATETIME(fsp=6)
    metadata = sa.MetaData()
    integer, key = sa.Integer(), {"primary_key": True, "autoincrement": False}
    tables = [
        sa.Table("customers", metadata, sa.Column("id", integer, **key)),
        sa.Table("services", metadata, sa.Column("customer", integer, index=True), sa.Column("kind", text),
                 sa.Column("status", text), sa.Column("started", moment), sa.Column("ended", moment)),
        sa.Table("records", metadata, sa.Column("id", integer, **key), sa.Column("first", integer),
                 sa.Column("token", text)),
        sa.Table("pairs", metadata, sa.Column("id", integer, **key), sa.Column("first", integer),
                 sa.Column("second", integer), sa.Column("token", text)),
        sa.Table("journeys", metadata, sa.Column("id", integer, **key), sa.Column("token", text)),
        sa.Table("legs", metadata, sa.Column("journey", integer, index=True), sa.Column("first", integer)),
    ]
    journeys = stored["journeys"]
    contents = [
        [{"id": n} for n in made.services],
        [{**r, "started": literal(r["started"], dialect), "ended": literal(r["ended"], dialect)} for r in made.rows],
        [{"id": r.id, "first": r.subjects[0], "token": r.token} for r in stored["records"]],
        [{"id": r.id, "first": r.subjects[0], "second": r.subjects[1], "token": r.token} for r in stored["pairs"]],
        [{"id": r.id, "token": r.token} for r in journeys],
        [{"journey": r.id, "first": s} for r in journeys for s in r.subjects],
    ]
    with database.engine.begin() as connection:
        if dialect == "mariadb":
            connection.exec_driver_sql("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        metadata.create_all(connection)
        for table, rows in zip(tables, contents, strict=True):
            names = ", ".join(f"{c.name}" for c in table.columns)
            values = ", ".join(f"CAST(:{c.name} AS timestamptz)" if c.type is moment and dialect == "postgresql"
                               else f":{c.name}" for c in table.columns)
            connection.execute(sa.text(f"INSERT INTO {table.name} ({names}) VALUES ({values})"), rows)
        for command in commands((SQL / "schema" / f"{dialect}.sql").read_text("utf-8")):
            connection.exec_driver_sql(command)
        own = "carddata." if dialect == "postgresql" else "carddata_"
        for table, more, value, numbers, word in (
            ("hold", "basis, placed_by, placed_at", "'b', 'p', 't'", made.held, "held"),
            ("request", "kind, received_at, granted_at", "'erase', 't', 't'", made.requested, "requested"),
        ):
            scopes = [{"id": f"s{n}", "scope": "subject", "target": None, "item": str(n)} for n in numbers]
            scopes += [{"id": f"r{r.id}", "scope": "record", "target": "records", "item": str(r.id)}
                       for r in stored["records"] if word in r.said]
            scopes.append({"id": "t", "scope": "target", "target": word, "item": None})
            names = f"(id, scope, target, item, {more})"
            insert = f"INSERT INTO {own}{table} {names} VALUES (:id, :scope, :target, :item, {value})"
            connection.execute(sa.text(insert), scopes)


def literal(moment: datetime | str | None, dialect: str) -> str | None:
    if not isinstance(moment, datetime):
        return moment
    text = (moment - timedelta(hours=9)).replace(tzinfo=None).isoformat(" ")
    return f"{text}+00" if dialect == "postgresql" else text


def target(table: str, subject: Any) -> dict[str, Any]:
    return {"table": table, "key": ["id"], "subject": subject, "disposition": "redact", "fields": {"number": "token"},
            "redact": {"number": {"mask": "***"}}}


UNBLANK = set(Status) - {Status.BLANK}
SEEN = {"records": set(Status), "held": {Status.BLANK, Status.HELD}, "pairs": UNBLANK, "journeys": UNBLANK,
        "requested": {Status.BLANK, Status.HELD, Status.REQUESTED}}
PATH = {"column": "first", "through": [{"table": "legs", "from": ["id"], "to": ["journey"]}]}
TARGETS = {
    "records": target("records", "first"), "held": target("records", "first"), "requested": target("records", "first"),
    "pairs": target("pairs", ["first", "second"]), "journeys": target("journeys", PATH),
}


def truth(name: str, row: Row, made: World) -> Record:
    subjects = {s for s in row.subjects if s is not None}
    said = row.said if name == "records" else frozenset({name}) & {"held", "requested"}
    return Record(
        blank=row.token in (None, "", "***"),
        held="held" in said or bool(subjects & made.held),
        requested="requested" in said or bool(subjects & made.requested),
        services=tuple(made.services[s] for s in subjects),
    )


def test_sql_decides_every_record_as_python_does(database, tmp_path):
    """Scan, row, what is removed and what the independent look calls due, over every combination of facts."""
    made = world(database.dialect)
    stored = {name: rows_of(name, made) for name in ("records", "pairs", "journeys")}
    fill(database, made, stored)
    (tmp_path / "retention.toml").write_text(configuration(
        database.dialect, database.url, subject={"table": "customers", "key": "id"},
        service_end={"subject": "customer", "started": "started", "triggers": {
            "service_use_end": "ended", "service_provision_end": "ended"}},
        targets={"cards": None, "payments": None, **{n: {"name": n, **t} for n, t in TARGETS.items()}},
    ), encoding="utf-8")
    config = load(tmp_path / "retention.toml")

    with open_stage(config, "plan", datetime.now(JST), AS_OF) as stage, stage.db.snapshot() as connection:
        schema = bind(connection, stage.db.dialect, config, stage.policy)
        for name, bound in schema.targets.items():
            assert isinstance(bound, BoundTarget), bound
            decider = stage.decider(schema, bound, registers=True)
            rows = stored[bound.name.name]
            decisions = {r.id: decide(truth(name, r, made)) for r in rows}
            expected = {k: (d.status.value, int(d.standing), d.status in TO_PURGE) for k, d in decisions.items()}

            together = {k: (s, int(Standing.RETAINED) if Standing.RETAINED_1 <= n <= Standing.RETAINED else n, p)
                        for k, (s, n, p) in expected.items()}
            full = decider.looking_ahead()
            for judged, meant in ((full.scan(), expected), (full.row(), expected), (decider.scan(), together),
                                  (decider.row(), together)):
                query = sa.select(*decider.target.key, judged.status(), judged.standing, judged.to_purge())
                found = {r[0]: (r[1], r[2], bool(r[3])) for r in connection.execute(query.select_from(judged.source))}
                assert different(found, meant, rows) == []
            due = {int(r.record_key) for r in connection.execute(verify.due_statement(decider))}
            assert due == {k for k, d in decisions.items() if d.status in TO_PURGE}
            assert {d.status for d in decisions.values()} == SEEN[name]


def different(found: dict[int, Any], expected: dict[int, Any], rows: list[Row]) -> list[Any]:
    assert found.keys() == expected.keys()
    return [(r, found[r.id], expected[r.id]) for r in rows if found[r.id] != expected[r.id]][:5]


@pytest.mark.parametrize("day", [AS_OF, date(2028, 2, 29), date(2029, 3, 1)])
def test_the_greatest_standing_is_the_latest_end(day, tmp_path, sqlite_database):
    """Why one MAX may decide: the standing by the end alone never falls as the end moves later."""
    (tmp_path / "retention.toml").write_text(configuration("sqlite", sqlite_database.url), encoding="utf-8")
    bounds = in_force(load(tmp_path / "retention.toml"), day).in_force.bounds(Reading())
    ends = [datetime(day.year - 6, 1, 1, tzinfo=JST) + timedelta(hours=12 * n) for n in range(6 * 731)]

    def covered(bound: Any, end: datetime) -> bool:
        return end <= bound.value if bound.inclusive else end < bound.value

    stands = [standing(Service(
        End.READ, True, over=covered(bounds.over, e), due=covered(bounds.due, e), overdue=covered(bounds.overdue, e),
        due_within=frozenset(d for d, b in bounds.due_within.items() if covered(b, e)))) for e in ends]

    assert stands == sorted(stands)
    assert {Standing.OVERDUE, Standing.DUE, Standing.RETAINED} < set(stands)
