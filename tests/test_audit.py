"""The hand-written audit query agrees with `verify` and the oracle, before and after a night, on three databases."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from acquired import acquired, created, declare
from billing import Billing, Card, Customer, Payment, Service, generate
from example import SQL, commands, example
from nightly import AS_OF, House
from oracle import Rules, answers
from servers import Database
from small_house import LEAN, ONE_EACH, small_gate

from carddata_retention import verify
from carddata_retention.schema import bind
from carddata_retention.stage import open_stage

JST = timezone(timedelta(hours=9))
EARLIEST = datetime(1990, 1, 1, tzinfo=JST)
TODAY = datetime.now(JST).date()


def cutoff_by_hand(as_of: date) -> datetime:
    """As sql/audit/README.md says it."""
    day = min(as_of.day, 28) if as_of.month == 2 and as_of.day == 29 else as_of.day
    return datetime(as_of.year - 5, as_of.month, day, tzinfo=JST)


def audited(house: House, as_of: date) -> dict[str, int]:
    """What an auditor reads, with the file alone."""
    dialect = house.database.dialect
    name = "residue-sqlite.sql" if dialect == "sqlite" else "residue.sql"
    text = (SQL / "audit" / name).read_text("utf-8").replace(":SS", "SS")
    text = re.sub("^--.*$", "", text, flags=re.M).strip().rstrip(";")
    if dialect == "postgresql":
        text = text.replace("carddata_", "carddata.")
    by_hand = cutoff_by_hand(as_of)
    return answered(house, text, {
        "cutoff": in_utc(dialect, by_hand), "earliest": in_utc(dialect, EARLIEST),
        "tonight": in_utc(dialect, datetime(as_of.year, as_of.month, as_of.day, tzinfo=JST)),
        "attested_before": by_hand.date().isoformat()})


def answered(house: House, text: str, values: dict[str, Any]) -> dict[str, int]:
    text = re.sub(rf"(?<!:):(?!{'|'.join(values)})", r"\\:", text)
    with house.connection() as connection:
        return dict(connection.execute(sa.text(text), values).all())


def prepared(database: Database, folder: Path, billing: Billing) -> House:
    """The example before its first night, with our tables as a DBA makes them: holds and requests stand in them."""
    small_gate(folder, ONE_EACH)
    house = example(database, folder, billing, **LEAN)
    for command in commands((SQL / "schema" / f"{database.dialect}.sql").read_text("utf-8")):
        house.execute(command)
    return house


def in_utc(dialect: str, moment: datetime) -> Any:
    utc = moment.astimezone(UTC)
    if dialect == "sqlite":
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return utc if dialect == "postgresql" else utc.replace(tzinfo=None)


def looked(house: House, as_of: date) -> dict[str, int]:
    """What the product's own independent look counts, target by target."""
    with open_stage(house.config, "verify", datetime.now(UTC), as_of) as stage, stage.db.snapshot() as connection:
        bound = bind(connection, stage.db.dialect, house.config, stage.policy)
        registers = stage.ledger.exists(connection)
        found = {}
        for name, target in bound.usable.items():
            due = verify.due_statement(stage.decider(
                bound, target, registers=registers, attested=registers and stage.attested(connection))).subquery()
            found[name] = connection.execute(sa.select(sa.func.count()).select_from(due)).scalar_one()
        return found


@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_with_verify_before_and_after_a_night(database, tmp_path, seed):
    billing = generate(AS_OF, size=150, seed=seed, dirty=database.dialect == "sqlite")
    truth = {name: len(a.purge) for name, a in answers(billing, Rules(AS_OF)).items()}
    house = prepared(database, tmp_path, billing)

    assert audited(house, AS_OF) == looked(house, AS_OF) == truth
    assert min(truth.values()) > 5

    if seed == 1:
        house.night()
        assert audited(house, AS_OF) == looked(house, AS_OF) == {"cards": 0, "payments": 0}


def test_it_counts_nothing_of_a_day_too_early_and_everything_of_its_day(database, tmp_path):
    """Each record by its own: the first day on which the audit counts it is the day on which it may go."""
    house = prepared(database, tmp_path, one_each([
        datetime(2019, 2, 28, 23, 59, tzinfo=JST), datetime(2020, 2, 28, 12, tzinfo=JST),
        datetime(2020, 2, 29, 12, tzinfo=JST), datetime(2023, 12, 31, 23, 59, 59, tzinfo=JST),
        datetime(2024, 1, 1, tzinfo=JST), datetime(2023, 2, 27, 15, tzinfo=UTC)]))
    firsts = [date(2024, 3, 1), date(2025, 3, 1), date(2025, 3, 1), date(2029, 1, 1), date(2029, 1, 2),
              date(2028, 3, 1)]

    for first in firsts:
        for as_of in (first - timedelta(days=1), first):
            expected = sum(f <= as_of for f in firsts)
            assert audited(house, as_of)["cards"] == expected, as_of
            assert looked(house, as_of)["cards"] == expected, as_of


def one_each(ends: list[Any], **changed: Any) -> Any:
    """One customer, one service, one card and one payment for each end."""
    empty = generate(AS_OF, size=1)
    numbers = range(1, len(ends) + 1)
    service = {"kind": "vps", "status": "closed", "started_at": datetime(2010, 4, 1, tzinfo=JST)} | changed
    return replace(
        empty, usage=(), customers=tuple(Customer(n, "山田") for n in numbers),
        services=tuple(Service(id=n, customer_id=n, provision_ended_at=end, use_ended_at=end, **service)
                       for n, end in zip(numbers, ends, strict=True)),
        cards=tuple(Card(n, n, "HANAKO SATO", "tok_fa1ce0b2d3c4e5f6", 9, 2024) for n in numbers),
        payments=tuple(Payment(n, n, "card", 524, "HANAKO SATO", "tok_fa1ce0b2d3c4e5f6", "2024-09", "0000", "JCB")
                       for n in numbers))


ENDED = datetime(2019, 6, 30, 12, tzinfo=JST)


def both_say(house: House, due: int) -> bool:
    return audited(house, AS_OF) == looked(house, AS_OF) == {"cards": due, "payments": due}


ODDITIES: list[tuple[str, Any, int]] = [
    ("status", "closed", 1), ("status", "Closed", 0), ("status", "CLOSED", 0), ("status", "closed ", 0),
    ("status", " closed", 0), ("status", "closedclosed", 0), ("status", "", 0), ("status", None, 0),
    ("status", "active", 0), ("kind", None, 1), ("kind", "draft", 0), ("started_at", None, 1),
    ("started_at", ENDED, 1), ("started_at", ENDED + timedelta(microseconds=1), 0),
]


def in_two_steps(house: House, rows: list[tuple[dict[str, Any], int]]) -> None:
    """Services take their rows; first those that must not count, so that none of them hides behind one that must."""
    assert both_say(house, 0)
    for due in (0, 1):
        for number, (row, counts) in enumerate(rows, start=1):
            if counts == due:
                values = {name: in_utc(house.database.dialect, v) if isinstance(v, datetime) else v
                          for name, v in ({"status": "closed"} | row).items()}
                house.execute(f"UPDATE services SET {', '.join(f'{name} = :{name}' for name in values)} WHERE id = :id",
                              id=number, **values)
        assert both_say(house, due * sum(counts for _, counts in rows))


def test_an_oddity_is_in_the_way_for_both(database, tmp_path):
    house = prepared(database, tmp_path, one_each([ENDED] * len(ODDITIES), status="active"))

    in_two_steps(house, [({column: value}, due) for column, value, due in ODDITIES])


TEXTS = [
    ("2019-06-30 12:00", 1), ("2019-06-30T12:00Z", 1), ("2019-06-30T12:00:00.5", 1), (" 2019-06-30 12:00:00 ", 1),
    ("2021-11-20T00:00:00+09:00", 0), ("2021-11-19T23:59:59.999999+09:00", 1), ("2021-11-19 15:00:00", 0),
    ("2021-11-19 14:59:59.999999", 1), ("2021-11-19T09:59:59.9-05:00", 1), ("2021-11-19T10:00-05:00", 0),
    ("", 0), ("0", 0), ("2019", 0), ("2019-06", 0), ("2019-06-30", 0), ("2019-02-31 12:00:00", 0),
    ("0000-00-00 00:00:00", 0), ("2019-06-30 25:00:00", 0), ("2019-06-30 12:60", 0), ("2019-06-30 12:00:61", 0),
    ("2019-06-30 12:00:00 JST", 0), ("解約済み", 0), ("1970-01-01 00:00:00", 0), ("now", 0), ("2458665.5", 0),
    ("２０１９-06-30 12:00", 0), ("2019-06-30 12:00:00.", 0), ("2019-06-30 12:00:", 0),
]


def test_text_that_is_no_moment_never_becomes_due(sqlite_database, tmp_path):
    house = prepared(sqlite_database, tmp_path, one_each([ENDED] * len(TEXTS), status="active"))

    in_two_steps(house, [({"provision_ended_at": text, "use_ended_at": text}, due) for text, due in TEXTS])


def test_holds_keep_and_requests_remove_for_both(database, tmp_path):
    house = prepared(database, tmp_path, one_each([ENDED, datetime(2026, 1, 1, tzinfo=JST)]))

    for scope, target, item in (("record", "cards", "2"), ("subject", None, "2"), ("target", "cards", None)):
        for register in ("hold", "request"):
            house.tamper(f"DELETE FROM {house.own(register)}")

        house.execute(f"INSERT INTO {house.own('request')} (id, scope, target, item, kind, received_at, granted_at) "
                      "VALUES ('r', :scope, :target, :item, 'erase', 't', 't')", scope=scope, target=target, item=item)
        requested = audited(house, AS_OF)
        assert requested == looked(house, AS_OF) == {"cards": 2, "payments": 2 if scope == "subject" else 1}, scope

        house.execute(f"INSERT INTO {house.own('hold')} (id, scope, target, item, basis, placed_by, placed_at) "
                      "VALUES ('h', :scope, :target, :item, 'court', 'p', 't')", scope=scope, target=target, item=item)
        assert audited(house, AS_OF) == looked(house, AS_OF) == {
            "cards": 0 if scope == "target" else 1, "payments": 1}, scope


def test_what_comes_back_after_the_night_is_found_by_both(database, tmp_path):
    house = prepared(database, tmp_path, one_each([ENDED, ENDED]))
    house.night(TODAY)
    assert audited(house, TODAY) == {"cards": 0, "payments": 0}

    house.execute("INSERT INTO cards (id, customer_id, card_token) VALUES (1, 1, 'tok_fa1ce0b2d3c4e5f6')")
    house.execute("UPDATE payments SET last4 = '0000' WHERE id = 2")
    night = house.verify()

    assert audited(house, TODAY) == {t.name: t.remaining_due for t in night.targets} == {"cards": 1, "payments": 1}
    assert night.exit_code == 20


def test_attested_ends_count_for_both_where_they_may(database, tmp_path):
    """One customer for each fact about an attestation; of two thirds of them nothing may go."""
    long_ago, tonight = datetime(1971, 1, 1, 12, tzinfo=JST), datetime(2026, 11, 20, tzinfo=JST)
    begun = datetime(2020, 1, 1, tzinfo=JST)
    facts: list[tuple[Any, dict[str, Any], tuple[str, ...], int, dict[str, Any], int]] = [
        (None, {}, ("2019-03-31",), 1, {}, 1),                             # no end
        (None, {}, ("2021-11-19",), 1, {}, 1), (None, {}, ("2021-11-20",), 1, {}, 0),
        (long_ago, {}, ("2019-03-31",), 1, {}, 1),                         # not believed
        (ENDED, {"started_at": begun}, ("2019-03-31",), 1, {}, 1),         # before its start
        (tonight, {"started_at": tonight + timedelta(days=1)}, ("2019-03-31",), 1, {}, 0),  # ahead
        (None, {"status": "active"}, ("2019-03-31",), 1, {}, 0), (None, {}, (), 1, {}, 0),
        (None, {}, ("2019-03-31",), 2, {}, 0),                             # made for other services
        (None, {}, ("2019-03-31", "2019-04-01"), 1, {}, 0),                # two that contradict each other
        (None, {}, ("2019-03-31",), 1, {"withdrawn_at": "t"}, 0), (None, {}, ("2019-03-31",), 1, {"overtaken_at": "t"}, 0),
        (datetime(2025, 1, 1, tzinfo=JST), {}, ("2019-03-31",), 1, {}, 0),  # the data say it themselves
        (None, {"kind": "draft"}, ("2019-03-31",), 0, {}, 1), (None, {"kind": "draft"}, ("2019-03-31",), 1, {}, 0),
    ]
    billing = one_each([end for end, *_ in facts])
    services = tuple(replace(s, **facts[s.id - 1][1]) for s in billing.services)
    house = prepared(database, tmp_path, replace(billing, services=services))
    assert both_say(house, 0)
    for customer, (_, _, days, made_for, ended, _) in enumerate(facts, start=1):
        for day in days:
            values = {"withdrawn_at": None, "overtaken_at": None} | ended
            house.execute(
                f"INSERT INTO {house.own('attestation')} (id, item, subject, ended, ended_on, services, reason, document, "
                "attested_by, second, attested_at, withdrawn_at, overtaken_at) VALUES (:id, :item, :item, :day, :day, "
                ":services, 'no_end', 'd', 'b', 's', 't', :withdrawn_at, :overtaken_at)",
                id=f"a{customer}-{day}", item=str(customer), day=day, services=made_for, **values)

    assert both_say(house, sum(due for *_, due in facts))
    house.execute("UPDATE services SET status = 'active'")
    nobody = sum(due for *_, services, _, due in facts if services == 0)
    assert both_say(house, nobody)


def test_at_acquisition_it_agrees_with_verify_before_and_after_a_night(database, tmp_path):
    first, second = date(2010, 1, 1), date(2014, 4, 1)
    billing = generate(AS_OF, size=150, seed=4, dirty=database.dialect == "sqlite")
    when = acquired(billing, AS_OF)
    small_gate(tmp_path, ONE_EACH)
    house = example(database, tmp_path, billing, **LEAN, policy={"applies": "at-acquisition"},
                    targets=created("aware", database.dialect))
    declare(house, when, "aware")
    for command in commands((SQL / "schema" / f"{database.dialect}.sql").read_text("utf-8")):
        house.execute(command)

    def by_the_auditor() -> dict[str, int]:
        dialect = database.dialect
        name = "residue-at-acquisition" + ("-sqlite" if dialect == "sqlite" else "")
        text = (SQL / "audit" / f"{name}.sql").read_text("utf-8").replace(":SS", "SS")
        text = re.sub("^--.*$", "", text, flags=re.M).strip().rstrip(";")
        text = text.replace("carddata_", "carddata.") if dialect == "postgresql" else text
        moments = {"begins_1": datetime(first.year, 1, 1, tzinfo=JST), "begins_2": datetime(second.year, 4, 1, tzinfo=JST),
                   "cutoff_1": cutoff_by_hand(AS_OF), "cutoff_2": cutoff_by_hand(AS_OF), "earliest": EARLIEST,
                   "tomorrow": datetime(2026, 11, 21, tzinfo=JST)}
        return answered(house, text, {name: in_utc(dialect, moment) for name, moment in moments.items()})

    truth = {name: len(a.purge) for name, a in answers(billing, Rules(AS_OF, acquired=when)).items()}
    assert by_the_auditor() == looked(house, AS_OF) == truth
    assert min(truth.values()) > 5
    house.night()
    assert by_the_auditor() == looked(house, AS_OF) == {"cards": 0, "payments": 0}
