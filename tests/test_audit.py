"""The hand-written audit query agrees with `verify` and the oracle, before and after a night, on three databases."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
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
    text = re.sub(r"(?<!:):(?!cutoff|earliest)", r"\\:", text)
    values = {"cutoff": in_utc(dialect, cutoff_by_hand(as_of)), "earliest": in_utc(dialect, EARLIEST)}
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
            due = verify.due_statement(stage.decider(bound, target, registers=registers)).subquery()
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
