"""Ledgers of service ends: what stands in the column, and what becomes of the card that it pays for.

Every night judges by 2026-11-20 with a period of five years in Asia/Tokyo unless a test says otherwise, so an end
is due where S, the first Japanese date that begins at or after it, is 2021-11-20 or earlier, and overdue up to 12.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from nightly import AS_OF, House
from servers import Database
from strange import CARDS, MOMENT, TEXT, establish, keys, moment, refusal, statuses, told, zone

from carddata_retention.errors import ConfigError
from carddata_retention.model import State

Entry = tuple[str, str]
GOES = {"due", "overdue"}


def house_of(database: Database, folder: Any, column: str, literals: Sequence[str], *, more: str = "",
             extra: Sequence[str] = (), **service_end: Any) -> House:
    """One customer, one service and one card for each literal, numbered from 1."""
    extra = extra or [""] * len(literals)
    rows = ", ".join(f"({n}, {text}{also})" for n, (text, also) in enumerate(zip(literals, extra, strict=True), 1))
    cards = ", ".join(f"({n}, {n}, 'tok_{n:012}')" for n in range(1, len(literals) + 1))
    return establish(database, folder, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {column}{more})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES {rows}", f"INSERT INTO cards VALUES {cards}",
    ], service_end={"zone": None} | service_end)


def told_apart(house: House, expected: Sequence[str], as_of: date = AS_OF) -> None:
    """Both shapes of the decision give every card the status that its line says."""
    assert statuses(house, as_of) == dict(enumerate(expected, 1))


def judged(house: House, expected: Sequence[str], as_of: date = AS_OF) -> None:
    """Every card has the status that its line says, and a night removes those that go and no other."""
    told_apart(house, expected, as_of)
    night = house.night(as_of)
    target = night.targets[0]
    assert keys(house) == [n for n, status in enumerate(expected, 1) if status not in GOES]
    assert (target.purged, target.remaining_due, target.state) == (
        sum(s in GOES for s in expected), 0, State.CLEAN), night.findings


# An end as a Japanese clock shows it, the card's status where midnights are read as within the day, and where exact.
LEDGER: list[tuple[str, str, str]] = [
    ("1970-12-31 23:59:59", "implausible_end", "implausible_end"),
    ("1971-01-01 12:00:00", "overdue", "overdue"),
    ("2012-02-29 12:00:00", "overdue", "overdue"),
    ("2021-11-11 23:59:59", "overdue", "overdue"),
    ("2021-11-12 00:00:00", "due", "overdue"),
    ("2021-11-12 00:00:01", "due", "due"),
    ("2021-11-19 23:59:59", "due", "due"),
    ("2021-11-20 00:00:00", "retained", "due"),
    ("2021-11-20 00:00:01", "retained", "retained"),
    ("2021-11-20 09:00:00", "retained", "retained"),
    ("2026-11-19 23:59:59", "retained", "retained"),
    ("2026-11-20 00:00:00", "active", "retained"),
    ("2026-11-20 00:00:01", "active", "active"),
    ("2199-01-01 00:00:00", "active", "active"),
]
TOKYO = ZoneInfo("Asia/Tokyo")


def instants() -> list[datetime]:
    return [datetime.fromisoformat(text).replace(tzinfo=TOKYO) for text, *_ in LEDGER]


def naive(where: str) -> list[str]:
    return [f"'{m.astimezone(ZoneInfo(where)).replace(tzinfo=None)}'" for m in instants()]


def unix(per_second: int) -> list[str]:
    return [str(round(m.timestamp() * per_second)) for m in instants()]


FORMS: dict[str, tuple[str, str, Any, dict[str, str]]] = {
    "PostgreSQL timestamptz": (
        "postgresql", "TIMESTAMPTZ", lambda: [f"'{m.isoformat()}'" for m in instants()], {}),
    "PostgreSQL timestamptz of whole seconds": (
        "postgresql", "TIMESTAMPTZ(0)", lambda: [f"'{m.astimezone(UTC).isoformat()}'" for m in instants()], {}),
    **{f"PostgreSQL timestamp in {where}": ("postgresql", "TIMESTAMP", lambda w=where: naive(w), {"zone": where})
       for where in ("UTC", "Asia/Tokyo", "America/New_York")},
    "PostgreSQL seconds": ("postgresql", "BIGINT", lambda: unix(1), {"encoding": "unix"}),
    "PostgreSQL milliseconds": ("postgresql", "BIGINT", lambda: unix(1000), {"encoding": "unix-ms"}),
    "PostgreSQL seconds as numeric": ("postgresql", "NUMERIC(20,6)", lambda: unix(1), {"encoding": "unix"}),
    "PostgreSQL seconds as double": ("postgresql", "DOUBLE PRECISION", lambda: unix(1), {"encoding": "unix"}),
    **{f"MariaDB DATETIME in {where}": ("mariadb", "DATETIME(6)", lambda w=where: naive(w), {"zone": where})
       for where in ("UTC", "Asia/Tokyo", "America/New_York")},
    "MariaDB DATETIME of whole seconds": ("mariadb", "DATETIME", lambda: naive("UTC"), {"zone": "UTC"}),
    "MariaDB seconds": ("mariadb", "BIGINT UNSIGNED", lambda: unix(1), {"encoding": "unix"}),
    "MariaDB milliseconds": ("mariadb", "BIGINT", lambda: unix(1000), {"encoding": "unix-ms"}),
    "MariaDB seconds as DECIMAL": ("mariadb", "DECIMAL(20,6)", lambda: unix(1), {"encoding": "unix"}),
    "MariaDB seconds as DOUBLE": ("mariadb", "DOUBLE", lambda: unix(1), {"encoding": "unix"}),
    **{f"SQLite text in {where}": ("sqlite", "TEXT", lambda w=where: naive(w), {"zone": where})
       for where in ("UTC", "Asia/Tokyo", "America/New_York")},
    "SQLite text with offsets": ("sqlite", "TEXT", lambda: [f"'{m.isoformat()}'" for m in instants()], {}),
    "SQLite text in a DATETIME column": ("sqlite", "DATETIME", lambda: naive("UTC"), {"zone": "UTC"}),
    "SQLite seconds": ("sqlite", "INTEGER", lambda: unix(1), {"encoding": "unix"}),
    "SQLite milliseconds": ("sqlite", "NUMERIC", lambda: unix(1000), {"encoding": "unix-ms"}),
}


THROUGH_A_NIGHT = ("PostgreSQL timestamptz", "PostgreSQL timestamp in Asia/Tokyo", "PostgreSQL seconds as double",
                   "MariaDB DATETIME in Asia/Tokyo", "MariaDB seconds", "SQLite text in Asia/Tokyo", "SQLite milliseconds")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_ledger_is_judged_alike_in_every_column_that_can_hold_an_instant(new_database, tmp_path, form):
    dialect, column, literals, declared = FORMS[form]
    database = new_database(dialect)
    house = house_of(database, tmp_path, column, literals(), **declared)
    told_apart(house, [entry[1] for entry in LEDGER])
    exact = establish(database, tmp_path, [], service_end={"zone": None, "midnights": "exact"} | declared)
    (judged if form in THROUGH_A_NIGHT else told_apart)(exact, [entry[2] for entry in LEDGER])


def test_a_timestamp_of_mariadb_is_an_instant_whatever_the_session_shows(mariadb_database, tmp_path):
    # TIMESTAMP begins in 1970 and ends in 2038.
    lines = [entry for entry in LEDGER if "1971" < entry[0] < "2038"]
    ends = [f"FROM_UNIXTIME({datetime.fromisoformat(e[0]).replace(tzinfo=TOKYO).timestamp():.0f})" for e in lines]
    house = house_of(mariadb_database, tmp_path, "TIMESTAMP(6) NULL", ends, open_sentinels=["9999-12-31"])
    judged(house, [entry[1] for entry in lines])


DATES: list[tuple[str, str, str]] = [  # the date, as the last day of use, as the first day without
    ("1970-12-31", "implausible_end", "implausible_end"),
    ("2012-02-29", "overdue", "overdue"),
    ("2021-11-11", "overdue", "overdue"),
    ("2021-11-12", "due", "overdue"),
    ("2021-11-13", "due", "due"),
    ("2021-11-19", "due", "due"),
    ("2021-11-20", "retained", "due"),
    ("2021-11-21", "retained", "retained"),
    ("2026-11-19", "retained", "retained"),
    ("2026-11-20", "active", "retained"),
    ("2026-11-21", "active", "active"),
]


@pytest.mark.parametrize("kind", ["inclusive-date", "exclusive-date"])
def test_a_date_is_a_last_day_or_a_first_day_without(database, tmp_path, kind):
    column = "TEXT" if database.dialect == "sqlite" else "DATE"
    house = house_of(database, tmp_path, column, [f"'{day}'" for day, *_ in DATES], kind=kind)
    (judged if kind == "inclusive-date" else told_apart)(
        house, [entry[1 if kind == "inclusive-date" else 2] for entry in DATES])


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mariadb"])
def test_an_hour_that_a_clock_shows_twice_is_read_as_the_later(new_database, tmp_path, dialect):
    # In Sydney 02:00-02:59 came twice on 4 April 2021; the first pass began at midnight in Tokyo.
    ledger = [("'2021-04-04 01:59:59'", "due"), ("'2021-04-04 02:00:00'", "retained"),
              ("'2021-04-04 02:59:59'", "retained"), ("'2021-04-04 03:00:00'", "retained")]
    column = {"sqlite": "TEXT", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}[dialect]
    house = house_of(new_database(dialect), tmp_path, column, [e[0] for e in ledger], zone="Australia/Sydney",
                     midnights="exact")
    told_apart(house, [e[1] for e in ledger], date(2026, 4, 4))


def test_infinity_is_open_and_minus_infinity_is_no_date(postgresql_database, tmp_path):
    ledger = [("'infinity'", "active"), ("'-infinity'", "unreadable_end"), ("NULL", "active"),
              ("'2021-11-19 12:00+00'", "due"), ("'0044-03-15 12:00+00 BC'", "implausible_end"),
              ("'29999-01-01 00:00+00'", "active")]
    judged(house_of(postgresql_database, tmp_path, "TIMESTAMPTZ", [e[0] for e in ledger]), [e[1] for e in ledger])


def test_infinity_and_dates_beyond_the_calendar_of_python_as_dates(postgresql_database, tmp_path):
    ledger = [("'infinity'", "active"), ("'-infinity'", "unreadable_end"), ("'2021-11-18'", "due"),
              ("'0044-03-15 BC'", "implausible_end"), ("'29999-01-01'", "active")]
    judged(house_of(postgresql_database, tmp_path, "DATE", [e[0] for e in ledger], kind="inclusive-date"),
           [e[1] for e in ledger])


@pytest.mark.parametrize(("column", "declared"), [
    ("DATETIME", {"zone": "UTC"}), ("TIMESTAMP NULL", {}), ("DATE", {"kind": "inclusive-date"}),
])
def test_the_zero_dates_of_mariadb_are_no_dates(mariadb_database, tmp_path, column, declared):
    partly = "'2021-00-00'" if column != "TIMESTAMP NULL" else "'0000-00-00'"
    ledger = [("'0000-00-00'", "unreadable_end"), (partly, "unreadable_end"), ("NULL", "active"),
              ("'2021-11-18'", "due")]
    with mariadb_database.engine.connect() as connection:
        connection.exec_driver_sql("SET GLOBAL sql_mode = ''")
    try:
        mariadb_database.engine.dispose()
        house = house_of(mariadb_database, tmp_path, column, [e[0] for e in ledger], **declared)
    finally:
        with mariadb_database.engine.connect() as connection:
            connection.exec_driver_sql("SET GLOBAL sql_mode = DEFAULT")
    assert [statuses(house)[n] for n in (1, 2, 3, 4)] == [e[1] for e in ledger]


def test_dirty_text_of_sqlite_is_kept_and_never_due(sqlite_database, tmp_path):
    ledger = [
        ("'2021-11-19T14:59:59Z'", "due"), ("' 2021-11-19 14:59:59 '", "due"), ("'2021-11-19 14:59'", "due"),
        ("'2021-11-19T24:00:00+09:00'", "retained"), ("'2021-11-19T14:59:59.9999999Z'", "retained"),
        ("''", "unreadable_end"), ("NULL", "active"), ("' '", "unreadable_end"), ("'0'", "unreadable_end"),
        ("'2021'", "unreadable_end"), ("'2021-02-31 00:00:00'", "unreadable_end"), ("2021", "unreadable_end"),
        ("1609459200", "unreadable_end"), ("X'32303231'", "unreadable_end"), ("'now'", "unreadable_end"),
        ("'2021-06-30'", "unreadable_end"), ("'解約済み'", "unreadable_end"), ("'2021/06/30 12:00'", "unreadable_end"),
        ("'0000-00-00 00:00:00'", "unreadable_end"), ("'2021-06-30 25:00:00'", "unreadable_end"),
        ("1e999", "unreadable_end"),
    ]
    house = house_of(sqlite_database, tmp_path, "BLOB", [e[0] for e in ledger], zone="UTC")
    judged(house, [e[1] for e in ledger])


def test_dirty_numbers_of_sqlite_are_kept_and_never_due(sqlite_database, tmp_path):
    ledger = [("1637334000", "retained"), ("1637333999", "due"), ("1637333999.5", "due"), ("'1637333999'", "unreadable_end"),
              ("''", "unreadable_end"), ("NULL", "active"), ("1e300", "unreadable_end"), ("-1e300", "unreadable_end"),
              ("0", "implausible_end"), ("X'00'", "unreadable_end")]
    house = house_of(sqlite_database, tmp_path, "BLOB", [e[0] for e in ledger], encoding="unix")
    judged(house, [e[1] for e in ledger])


def test_numbers_that_are_no_moment_are_no_dates_on_postgresql(postgresql_database, tmp_path):
    ledger = [("'NaN'", "unreadable_end"), ("'infinity'", "unreadable_end"), ("1637333999.25", "due"), ("NULL", "active")]
    house = house_of(postgresql_database, tmp_path, "DOUBLE PRECISION", [e[0] for e in ledger], encoding="unix")
    judged(house, [e[1] for e in ledger])


def test_a_fraction_of_a_second_stays_in_the_evidence(database, tmp_path):
    column = {"sqlite": "REAL", "postgresql": "NUMERIC(20, 1)", "mariadb": "DECIMAL(20, 1)"}[database.dialect]
    house = house_of(database, tmp_path, column, ["1637333998.5"], encoding="unix")
    judged(house, ["due"])
    follows = house.execute(f"SELECT t.service_end, d.ended_at FROM {house.own('tombstone')} t "
                            f"JOIN {house.own('deadline')} d ON d.run_id = t.run_id AND d.service_end = t.service_end")
    assert follows == [("1637333998.5", "2021-11-19T14:59:58.500000Z")]


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_column_too_small_for_the_bounds_is_compared_all_the_same(new_database, tmp_path, dialect):
    ledger = [("1637333999", "due"), ("2147483647", "active"), ("0", "implausible_end"), ("NULL", "active")]
    judged(house_of(new_database(dialect), tmp_path, "INTEGER", [e[0] for e in ledger], encoding="unix"),
           [e[1] for e in ledger])


# What the columns are, what is declared, and the code and words of the answer.
MISFITS = {
    "naive without a zone": (
        {"postgresql": "TIMESTAMP", "mariadb": "DATETIME"}, {}, "zone_missing", 'zone = "UTC"'),
    "a date declared an instant": (
        {"postgresql": "DATE", "mariadb": "DATE"}, {}, "kind_mismatch", 'kind = "inclusive-date"'),
    "an instant declared a date": (
        {"postgresql": "TIMESTAMPTZ", "mariadb": "DATETIME"}, {"kind": "inclusive-date"}, "kind_mismatch",
        'kind = "instant"'),
    "a number without an encoding": (
        {"postgresql": "BIGINT", "mariadb": "BIGINT"}, {}, "kind_mismatch", 'encoding = "unix"'),
    "text declared a number": (
        {"postgresql": "TEXT", "mariadb": "VARCHAR(40)"}, {"encoding": "unix"}, "kind_mismatch", "means a number"),
    "text": ({"postgresql": "TEXT", "mariadb": "VARCHAR(40)"}, {}, "kind_mismatch", "service_end.query"),
    "a number declared a date": (
        {"postgresql": "BIGINT", "mariadb": "BIGINT", "sqlite": "INTEGER"},
        {"encoding": "unix", "kind": "inclusive-date"}, "kind_mismatch", "means an instant"),
}


@pytest.mark.parametrize(("name", "dialect"), [(n, d) for n, (columns, *_) in MISFITS.items() for d in columns])
def test_a_column_that_is_not_what_is_declared_is_refused(new_database, tmp_path, name, dialect):
    columns, declared, code, words = MISFITS[name]
    house = house_of(new_database(dialect), tmp_path, columns[dialect], ["NULL"], **declared)
    with pytest.raises(ConfigError) as caught:
        statuses(house)
    assert caught.value.code == code
    assert words in caught.value.cause + caught.value.cure
    if name == "a number declared a date":  # told on all three; a night is bound as this look is
        with pytest.raises(ConfigError):
            house.night()
        assert keys(house) == [1]


ENDED = "2021-11-15 12:00:00"


def lived(database: Database, folder: Any, ledger: Sequence[tuple[list[tuple[Any, ...]], str]], columns: str,
          **service_end: Any) -> House:
    """One customer for each line, with as many services as the line tells."""
    rows = [f"({n}, {', '.join(values)})" for n, (services, _) in enumerate(ledger, 1) for values in services]
    return establish(database, folder, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]}{columns})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES {', '.join(rows)}",
        f"INSERT INTO cards VALUES {', '.join(f'({n}, {n}, NULL)' for n in range(1, len(ledger) + 1))}",
    ], service_end=service_end)


def test_without_a_status_an_end_that_is_missing_means_open(database, tmp_path):
    past, late = moment(database, ENDED), moment(database, "2022-11-01 12:00:00")
    ledger = [([(past,)], "due"), ([(past,), ("NULL",)], "active"), ([("NULL",)], "active"), ([], "no_service"),
              ([(past,), (late,)], "retained"), ([(past,), (moment(database, "1970-06-01 00:00:00"),)],
                                                 "implausible_end")]
    told_apart(lived(database, tmp_path, ledger, ""), [e[1] for e in ledger])


STATUS = [
    ("'closed'", "due"), ("'Closed'", "active"), ("'CLOSED'", "active"), ("'closed '", "active"), ("'解約'", "due"),
    ("''", "active"), ("NULL", "active"), ("'suspended'", "active"), ("'100%'", "due"),
]


@pytest.mark.parametrize("type_", ["text", "char", "loose"])
def test_a_status_ends_a_service_only_letter_by_letter(database, tmp_path, type_):
    kinds = {
        "text": TEXT,
        "char": dict.fromkeys(TEXT, "CHAR(12)"),
        "loose": {"sqlite": "TEXT COLLATE NOCASE", "postgresql": "CITEXT",
                  "mariadb": "VARCHAR(12) COLLATE utf8mb4_general_ci"},
    }
    if database.dialect == "postgresql" and type_ == "loose":
        told(database, "CREATE EXTENSION citext")
    lines = [e for e in STATUS if not (type_ == "char" and e[0] == "'closed '")]  # CHAR keeps no trailing blank
    ledger = [([(moment(database, ENDED), status)], expected) for status, expected in lines]
    ledger += [([("NULL", "'closed'")], "no_end"), ([("NULL", "'open'")], "active")]
    house = lived(database, tmp_path, ledger, f", status {kinds[type_][database.dialect]}", status="status",
                  terminated=["closed", "解約", "100%"])
    assert statuses(house) == dict(enumerate((expected for _, expected in ledger), 1))


def test_an_enumeration_is_a_status(database, tmp_path):
    kinds = {"sqlite": "TEXT", "postgresql": "state", "mariadb": "ENUM('open', 'closed', '')"}
    if database.dialect == "postgresql":
        told(database, "CREATE TYPE state AS ENUM ('open', 'closed')")
    past = moment(database, ENDED)
    ledger = [([(past, "'closed'")], "due"), ([(past, "'open'")], "active"), ([(past, "NULL")], "active")]
    house = lived(database, tmp_path, ledger, f", status {kinds[database.dialect]}", status="status",
                  terminated=["closed"])
    told_apart(house, [e[1] for e in ledger])


@pytest.mark.parametrize("terminated", [[8, 9], ["8", "9"]], ids=["numbers", "digits"])
def test_a_number_is_a_status(database, tmp_path, terminated):
    past = moment(database, ENDED)
    ledger = [([(past, "9")], "due"), ([(past, "8")], "due"), ([(past, "0")], "active"), ([(past, "NULL")], "active")]
    house = lived(database, tmp_path, ledger, ", status SMALLINT", status="status", terminated=terminated)
    (judged if terminated == [8, 9] else told_apart)(house, [e[1] for e in ledger])


def test_a_truth_value_is_a_status(database, tmp_path):
    past = moment(database, ENDED)
    ledger = [([(past, "TRUE")], "due"), ([(past, "FALSE")], "active"), ([(past, "NULL")], "active")]
    house = lived(database, tmp_path, ledger, ", closed BOOLEAN", status="closed", terminated=[True])
    told_apart(house, [e[1] for e in ledger])


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_word_can_never_be_a_number_that_is_a_status(new_database, tmp_path, dialect):
    # MariaDB reads 'closed' as 0: every open service would be over.
    database = new_database(dialect)
    house = lived(database, tmp_path, [([(moment(database, ENDED), "0")], "")], ", status INTEGER", status="status",
                  terminated=["closed"])
    with pytest.raises(ConfigError) as caught:
        house.night()
    assert (caught.value.code, keys(house)) == ("terminated_type", [1])


def test_where_drops_a_service_only_where_it_is_false(database, tmp_path):
    past = moment(database, ENDED)
    ledger = [([(past, "'paid'"), ("NULL", "'100% draft: \"下書き\"'")], "due"), ([(past, "'paid'"), ("NULL", "NULL")], "active"),
              ([("NULL", "'100% draft: \"下書き\"'")], "no_service"), ([("NULL", "'trial'")], "active")]
    house = lived(database, tmp_path, ledger, f", plan {TEXT[database.dialect]}",
                  where="plan NOT LIKE '100% draft: \"下_き\"%' -- no drafts")
    judged(house, [e[1] for e in ledger])


def test_sentinels_are_open_in_the_zone_of_the_policy_and_of_the_column(database, tmp_path):
    ledger = [([(moment(database, text),)], expected) for text, expected in (
        ("9999-12-31 00:00:00", "active"), ("1900-01-01 00:00:00", "active"), ("1899-12-31 15:00:00", "active"),
        ("1899-12-31 14:59:59", "implausible_end"), ("1900-01-02 00:00:00", "implausible_end"),
        ("1989-12-31 14:59:59", "implausible_end"), ("1989-12-31 15:00:00", "overdue"), (ENDED, "due"))]
    house = lived(database, tmp_path, ledger, "", zone="UTC", open_sentinels=["9999-12-31", "1900-01-01"],
                  earliest=date(1990, 1, 1))
    told_apart(house, [e[1] for e in ledger])


def test_an_end_before_its_start_is_not_believed(database, tmp_path):
    past = moment(database, ENDED)
    ledger = [([(past, past)], "due"), ([(past, moment(database, "2021-11-15 12:00:01"))], "end_before_start"),
              ([(past, "NULL")], "due"), ([(past, moment(database, "2001-01-01 00:00:00"))], "due")]
    house = lived(database, tmp_path, ledger, f", since {MOMENT[database.dialect]}", started="since")
    told_apart(house, [e[1] for e in ledger])


# The end's column, the start's, the zone, and for one end the starts with what becomes of the card.
STARTS = {
    "aware and naive": ("TIMESTAMPTZ", "TIMESTAMP", {"zone": "Asia/Tokyo"}, "'2021-11-15 12:00+09'", [
        ("'2021-11-15 12:00'", "due"), ("'2021-11-15 12:01'", "end_before_start")]),
    "naive and aware": ("TIMESTAMP", "TIMESTAMPTZ", {"zone": "Asia/Tokyo"}, "'2021-11-15 12:00'", [
        ("'2021-11-15 12:00+09'", "due"), ("'2021-11-15 12:01+09'", "end_before_start")]),
    "aware and a date": ("TIMESTAMPTZ", "DATE", {}, "'2021-11-15 01:00+09'", [
        ("'2021-11-15'", "due"), ("'2021-11-16'", "end_before_start")]),
    "a date and aware": ("DATE", "TIMESTAMPTZ", {"kind": "inclusive-date"}, "'2021-11-15'", [
        ("'2021-11-15 23:59+09'", "due"), ("'2021-11-16 00:00+09'", "end_before_start")]),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_of_another_type_is_brought_into_one_zone(postgresql_database, tmp_path, name):
    end, start, declared, value, ledger = STARTS[name]
    house = house_of(postgresql_database, tmp_path, end, [value] * len(ledger), more=f", since {start}",
                     extra=[f", {literal}" for literal, _ in ledger], started="since", **declared)
    told_apart(house, [e[1] for e in ledger])


def test_where_mariadb_knows_no_zones_a_start_is_believed_within_a_day(mariadb_database, tmp_path):
    ledger = [("'2021-11-15 00:00:00'", "due"), ("'2021-11-16 00:00:00'", "due"), ("'2021-11-17 12:00:00'", "end_before_start")]
    house = house_of(mariadb_database, tmp_path, "TIMESTAMP NULL", ["'2021-11-15 12:00:00'"] * 3, more=", since DATETIME",
                     extra=[f", {e[0]}" for e in ledger], started="since", zone="Asia/Tokyo")
    told_apart(house, [e[1] for e in ledger])


@pytest.mark.parametrize(("dialect", "column"), [("postgresql", "TEXT"), ("mariadb", "VARCHAR(20)"), ("mariadb", "BIGINT")])
def test_a_start_that_is_no_time_is_refused(new_database, tmp_path, dialect, column):
    database = new_database(dialect)
    house = house_of(database, tmp_path, MOMENT[dialect], ["NULL"], more=f", since {column}", extra=[", NULL"],
                     started="since", **zone(database))
    with pytest.raises(ConfigError) as caught:
        statuses(house)
    assert (caught.value.code, "started" in caught.value.cause) == ("kind_mismatch", True)


def test_the_last_end_of_several_subjects_decides_and_any_open_one_keeps(database, tmp_path):
    past, late, open_ = (moment(database, t) for t in (ENDED, "2022-11-01 12:00:00", "2099-01-01 00:00:00"))
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, payer INTEGER, user_of INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES (1, {past}), (2, {late}), (3, {open_}), (4, {past}), (1, {past})",
        "INSERT INTO cards VALUES (1, 1, 4, 'a'), (2, 1, 2, 'a'), (3, 3, 1, 'a'), (4, 1, NULL, 'a'), (5, NULL, 1, 'a'), "
        "(6, NULL, NULL, 'a'), (7, 1, 99, 'a'), (8, 3, 99, 'a')",
    ], targets=[CARDS | {"subject": ["payer", "user_of"]}])
    judged(house, ["due", "retained", "active", "due", "due", "no_subject", "no_service", "active"])


@pytest.mark.parametrize("hops", [1, 2])
def test_a_subject_is_found_through_other_tables_and_may_be_several(database, tmp_path, hops):
    past, late = moment(database, ENDED), moment(database, "2022-11-01 12:00:00")
    through = [{"table": "contract_parties", "from": ["contract_id"], "to": ["contract_id"]}]
    column = "customer_id"
    if hops == 2:
        through.append({"table": "parties", "from": ["party_id"], "to": ["id"]})
    else:
        column = "party_id"
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        "CREATE TABLE parties (id INTEGER PRIMARY KEY, customer_id INTEGER)",
        "CREATE TABLE contract_parties (contract_id INTEGER, party_id INTEGER)",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, contract_id INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES (1, {past}), (2, {late}), (3, NULL), (4, {past})",
        "INSERT INTO parties VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, NULL), (9, 9)",
        "INSERT INTO contract_parties VALUES (10, 1), (20, 1), (20, 4), (30, 1), (30, 2), (40, 1), (40, 3), (50, 9), "
        "(60, NULL), (80, 1), (80, 9)",
        "INSERT INTO cards VALUES (1, 10, 'a'), (2, 20, 'a'), (3, 30, 'a'), (4, 40, 'a'), (5, 50, 'a'), (6, 60, 'a'), "
        "(7, 70, 'a'), (8, 80, 'a'), (9, NULL, 'a')",
    ], targets=[CARDS | {"subject": {"column": column, "through": through}}])
    (judged if hops == 2 else told_apart)(house, ["due", "due", "retained", "active", "no_service", "no_subject",
                                                  "no_subject", "no_service", "no_subject"])


def test_a_where_may_name_a_column_that_the_way_to_the_subject_has_too(database, tmp_path):
    text, past = TEXT[database.dialect], moment(database, ENDED)
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (id INTEGER, customer_id INTEGER, status {text}, ended_at {MOMENT[database.dialect]})",
        f"CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, status {text})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, order_id INTEGER, status {text}, token {text})",
        f"INSERT INTO services VALUES (1, 1, 'real', {past}), (2, 1, 'draft', NULL), (3, 2, 'real', NULL), "
        f"(4, 3, NULL, {past}), (5, 4, 'draft', {past})",
        "INSERT INTO orders VALUES (1, 1, 'paid'), (2, 2, 'paid'), (3, 3, 'draft'), (4, 4, 'paid'), (5, NULL, 'paid')",
        "INSERT INTO cards VALUES (1, 1, 'ok', 'a'), (2, 2, 'ok', 'a'), (3, 3, 'ok', 'a'), (4, 4, 'ok', 'a'), "
        "(5, 5, 'ok', 'a')",
    ], service_end={"where": "status <> 'draft'"}, targets=[CARDS | {"where": "status = 'ok'", "subject": {
        "column": "customer_id", "through": [{"table": "orders", "from": ["order_id"], "to": ["id"]}]}}])
    judged(house, ["due", "active", "due", "no_service", "no_subject"])


def test_text_and_number_are_never_the_same_subject(database, tmp_path):
    # MariaDB reads '1abc' as 1 and would judge one customer by another's services.
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id {TEXT[database.dialect]}, ended_at {MOMENT[database.dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES ('1abc', {moment(database, ENDED)})", "INSERT INTO cards VALUES (1, 1, 'a')",
    ])
    error = refusal(house)
    assert error.code == "subject_type"
    assert "the subject customer_id is INTEGER" in error.cause
    assert "VARCHAR" in error.cause or "TEXT" in error.cause
    assert (house.night().targets[0].state, keys(house)) == (State.BLIND, [1])


def test_text_and_number_never_meet_on_the_way_to_a_lock_or_through_a_path(new_database, tmp_path):
    database = new_database("mariadb")
    house = establish(database, tmp_path, [
        "CREATE TABLE customers (id VARCHAR(20) PRIMARY KEY)",
        "CREATE TABLE services (customer_id INTEGER, ended_at DATETIME)",
        "CREATE TABLE contracts (id VARCHAR(20), customer_id INTEGER)",
        "CREATE TABLE cards (id INTEGER PRIMARY KEY, contract_id INTEGER, customer_id INTEGER, token VARCHAR(20))",
    ], targets=[CARDS | {"subject": {"column": "customer_id", "through": [
        {"table": "contracts", "from": ["contract_id"], "to": ["id"]}]}}])
    error = refusal(house)
    assert (error.code, "contracts.id" in error.cause) == ("subject_type", True)
    with pytest.raises(ConfigError) as caught:
        statuses(House(database, house.folder, house.config.model_copy(update={"subject": _customers()}), house.tables))
    assert (caught.value.code, "customers.id" in caught.value.cause) == ("subject_type", True)


def _customers() -> Any:
    from carddata_retention.settings import SubjectSection

    return SubjectSection(table="customers", key="id")


QUERY = """-- the last event of each contract; 100% of them, "quoted", ':colon'
SELECT e.customer_id, max(e.happened_at) AS ended_at, min(e.state) AS state
FROM events e WHERE e.note NOT LIKE '100%:test' OR e.note IS NULL
GROUP BY e.customer_id  -- one row for each customer
;
"""


@pytest.mark.parametrize("closed_by", ["locks", "quiet-window"])
def test_a_query_says_when_services_ended(database, tmp_path, closed_by):
    past, late = moment(database, ENDED), moment(database, "2022-11-01 12:00:00")
    race = {"race": "quiet-window"} if closed_by == "quiet-window" else {
        "locks": [{"table": "events", "subject": "customer_id"}]}
    (tmp_path / "ends.sql").write_text(QUERY, encoding="utf-8")
    text = TEXT[database.dialect]
    house = establish(database, tmp_path, [
        f"CREATE TABLE events (customer_id INTEGER, happened_at {MOMENT[database.dialect]}, state {text}, note {text})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {text})",
        f"INSERT INTO events VALUES (1, {past}, 'closed', NULL), (2, {past}, 'closed', 'x'), (2, {late}, 'closed', 'x'), "
        f"(3, {past}, 'active', NULL), (4, {past}, 'closed', NULL), (4, {late}, 'closed', '100%:test'), (5, NULL, 'closed', '')",
        "INSERT INTO cards VALUES (1, 1, 'a'), (2, 2, 'a'), (3, 3, 'a'), (4, 4, 'a'), (5, 5, 'a'), (6, 6, 'a')",
    ], service_end={"table": None, "query": "ends.sql", "status": "state", "terminated": ["closed"], **race})
    (judged if closed_by == "locks" else told_apart)(house, ["due", "retained", "active", "due", "no_end", "no_service"])


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_declared_quiet_window_is_held_against_writers_or_told_to_be_open(new_database, tmp_path, dialect):
    database = new_database(dialect)
    text, past = TEXT[dialect], moment(database, ENDED)
    (tmp_path / "ends.sql").write_text("SELECT customer_id, max(happened_at) AS ended_at FROM events GROUP BY customer_id")
    house = establish(database, tmp_path, [
        f"CREATE TABLE events (customer_id INTEGER, happened_at {MOMENT[dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {text})",
        f"INSERT INTO events VALUES (1, {past}), (2, {past})", "INSERT INTO cards VALUES (1, 1, 'a'), (2, 2, 'a')",
    ], service_end={"table": None, "query": "ends.sql", "race": "quiet-window", "status": None, "terminated": None})
    if dialect == "mariadb":
        assert [(f.target, "quiet-window" in f.reason) for f in house.plan()[0].findings if f.id == "race_open"] == [
            ("cards", True)]
        return
    assert not [f for f in house.plan()[0].findings if f.id == "race_open"]
    with database.engine.connect() as writer:
        writer.exec_driver_sql("INSERT INTO events VALUES (3, NULL)")
        night = house.night()
        assert (night.exit_code, [t.purged for t in night.targets]) == (10, [0])
        writer.rollback()
    assert house.night().exit_code == 0
    assert house.execute("SELECT count(*) FROM cards")[0][0] == 0


@pytest.mark.parametrize(("subject", "words"), [
    (None, "Name the table of the subjects in [subject], and add a foreign key from services (customer_id) to it"),
    ({"table": "customers", "key": "id"}, "No validated foreign key leads from services (customer_id) to customers"),
])
@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_an_open_race_is_told_with_what_is_missing_here(new_database, tmp_path, dialect, subject, words):
    database = new_database(dialect)
    house = establish(database, tmp_path, [
        "CREATE TABLE customers (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[dialect]})",
        "INSERT INTO customers VALUES (1)", f"INSERT INTO services VALUES (1, {moment(database, ENDED)})",
        "INSERT INTO cards VALUES (1, 1, 'a')",
    ], subject=subject)

    (finding,) = (f for f in house.plan()[0].findings if f.id == "race_open")

    assert words in finding.reason
    assert subject is None or "[subject]" not in finding.reason


@pytest.mark.parametrize(("query", "code", "words"), [
    ("SELECT nonsense FROM nowhere", "query_refused", "by hand"),
    ("SELECT 1 AS customer_id, 2 AS ended_on", "column_missing", "the nearest is ended_on"),
])
def test_a_query_that_does_not_work_is_refused(database, tmp_path, query, code, words):
    (tmp_path / "ends.sql").write_text(query, encoding="utf-8")
    house = establish(database, tmp_path, [f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})"],
                      service_end={"table": None, "query": "ends.sql", "race": "quiet-window"})
    with pytest.raises(ConfigError) as caught:
        statuses(house)
    assert caught.value.code == code
    assert words in caught.value.cause + caught.value.cure
