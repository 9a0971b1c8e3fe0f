"""A night that removes nothing and says 0 must be impossible.

Each silent fault of the trade is made on a real database: the night gives it a name and an exit that is not 0, the
rows are as they were, and a target that can be seen is not stopped by one that cannot.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from logins import EMPTIED, login
from nightly import AS_OF
from servers import DIALECTS, PRODUCT, Database, ServerMissing, Servers, Session
from small_house import contents, declared_anew, small, small_house

from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.errors import BlindError, ConfigError, RetentionError
from carddata_retention.model import Night, State

DAY = timedelta(days=1)
SERVERS = ("postgresql", "mariadb")


def codes(night: Night, target: str) -> set[str]:
    return {f.id for f in night.findings if f.target == target}


def only_blind(night: Night, target: str, code: str) -> None:
    """One target is blind by this name, and every other one did all of its work."""
    assert (night.exit_code, night.verdict) == (40, State.BLIND)
    for each in night.targets:
        if each.name == target:
            assert (each.state, each.purged) == (State.BLIND, None)
            assert code in codes(night, target)
        else:
            assert (each.state, each.failed, each.remaining_due) == (State.CLEAN, 0, 0)
            assert each.purged == each.to_purge > 0


def all_blind(night: Night, code: str) -> None:
    assert (night.exit_code, {t.state for t in night.targets}) == (40, {State.BLIND})
    assert all(code in codes(night, t.name) for t in night.targets)


@contextmanager
def blind(code: str) -> Iterator[None]:
    """The whole night is refused its sight, by this name and with exit 40."""
    with pytest.raises(BlindError) as told:
        yield
    assert (told.value.code, told.value.exit) == (code, 40)
    assert told.value.cause
    assert told.value.cure


@pytest.fixture(params=SERVERS)
def server(request, new_database) -> Database:
    """A database that has logins."""
    return new_database(request.param)


# Who sees how much


def test_the_rights_that_the_tests_take_away_are_enough_when_they_are_there(server, tmp_path):
    with login(server) as who:
        house = small_house(server, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()

        night = house.night()

    assert night.exit_code == 0
    assert all(t.purged == t.to_purge > 0 for t in night.targets)


@pytest.mark.parametrize("forced", [False, True], ids=["", "forced"])
def test_row_level_security_that_hides_cards_is_no_empty_night(postgresql_database, tmp_path, forced):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        who.tell("ALTER TABLE cards ENABLE ROW LEVEL SECURITY",
                 "CREATE POLICY own ON cards USING (customer_id = 1)")
        if forced:  # then even the table's owner sees only what the policy shows
            who.tell("GRANT CREATE ON SCHEMA public TO {who}", "ALTER TABLE cards OWNER TO {who}",
                     "ALTER TABLE cards FORCE ROW LEVEL SECURITY")
        before = house.rows("cards")

        night = house.night()

        only_blind(night, "cards", "row_security")
        assert house.rows("cards") == before


def test_row_level_security_on_the_service_ends_blinds_every_target(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        who.tell("ALTER TABLE services ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON services USING (id = 1)")
        before = contents(house)

        all_blind(house.night(), "row_security")

        assert contents(house) == before


MISSING_RIGHTS = {
    ("postgresql", "cards"): [("SELECT", "cards"), ("DELETE", "cards"), ("UPDATE (card_token)", "cards"),
                              ("DELETE", "card_usage"), ("SELECT", "card_usage"), ("UPDATE (amount)", "card_usage")],
    ("postgresql", "payments"): [("SELECT", "payments"), ("UPDATE (card_token)", "payments"),
                                 ("UPDATE (last4)", "payments")],
    ("mariadb", "cards"): [("DELETE", "cards"), ("DELETE", "card_usage")],
    ("mariadb", "payments"): [(f"UPDATE ({EMPTIED})", "payments"), ("UPDATE (last4)", "payments")],
}


@pytest.mark.parametrize("target", ["cards", "payments"])
def test_a_missing_right_blinds_its_target_by_name_and_no_other(server, tmp_path, target):
    with login(server) as who:
        house = small_house(server, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        before = house.rows(target)
        missing, *more = MISSING_RIGHTS[server.dialect, target]
        who.revoke(missing)

        only_blind(house.night(), target, "permission_denied")

        who.grant(missing)
        for right in more:
            who.revoke(right)
            assert [p.code for p in check_all(house.config, datetime.now(UTC))] == ["permission_denied"], right
            who.grant(right)
        assert house.rows(target) == before


def test_a_table_that_mariadb_shows_to_nobody_without_a_right_on_it_is_missing(mariadb_database, tmp_path):
    with login(mariadb_database) as who:
        house = small_house(mariadb_database, tmp_path, url=who.url)
        who.grant(*(r for r in who.rights() if r[1] != "payments"))
        who.may_make_our_tables()

        only_blind(house.night(), "payments", "table_missing")


def test_a_column_of_the_service_ends_that_may_not_be_read_blinds_every_target(server, tmp_path):
    with login(server) as who:
        house = small_house(server, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        who.revoke(("SELECT", "services"))
        who.grant(("SELECT (id, customer_id, kind, status, started_at)", "services"))
        before = contents(house)

        with suppress(BlindError):
            night = house.night()
            assert night.exit_code == 40
        assert contents(house) == before


def test_no_right_to_make_our_tables_is_said_before_anything_is_counted(server, tmp_path):
    with login(server) as who:
        house = small_house(server, tmp_path, url=who.url)
        who.grant(*who.rights())
        before = contents(house)

        with blind("permission_denied"):
            house.night()

        assert contents(house) == before


def test_a_right_that_is_missing_on_our_own_tables_is_said_before_anything_is_removed(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path)
        declared_anew(house, limits={"first_run": "approve"}).night()  # makes our tables, as their owner, and no more
        who.grant(*who.rights())
        who.tell("GRANT USAGE ON SCHEMA carddata TO {who}",
                 "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA carddata TO {who}")
        theirs = declared_anew(house, who.url)
        before = contents(house)

        for right in (("INSERT", "carddata.tombstone"), ("SELECT", "carddata.hold")):
            who.revoke(right)
            with blind("permission_denied"):
                theirs.night()
            who.grant(right)

        assert contents(house) == before


# What it is that is seen


@pytest.mark.parametrize(("dialect", "materialized"), [("sqlite", ""), ("postgresql", "MATERIALIZED ")])
def test_a_view_in_the_place_of_a_table_is_not_taken_for_one(new_database, tmp_path, dialect, materialized):
    house = small_house(new_database(dialect), tmp_path)
    house.execute("ALTER TABLE cards RENAME TO cards_behind")
    house.execute(f"CREATE {materialized}VIEW cards AS SELECT * FROM cards_behind WHERE 1 = 0")

    only_blind(house.night(), "cards", "not_a_table")


def test_a_view_of_service_ends_stops_the_night(database, tmp_path):
    house = small_house(database, tmp_path)
    house.execute("ALTER TABLE services RENAME TO services_behind")
    house.execute("CREATE VIEW services AS SELECT * FROM services_behind")
    before = contents(house)

    with blind("not_a_table"):
        house.night()

    assert contents(house) == before


def test_a_schema_that_moved_between_two_nights_is_named(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night(as_of=AS_OF - DAY).exit_code == 0

    for change, code in (("ALTER TABLE payments RENAME COLUMN card_token TO token", "column_missing"),
                         ("ALTER TABLE payments RENAME TO payments_2026", "table_missing")):
        house.execute(change)
        night = house.night()

        assert (night.exit_code, [t.state for t in night.targets]) == (40, [State.CLEAN, State.BLIND])
        assert code in codes(night, "payments")


def test_an_empty_table_in_the_place_of_the_old_one_is_blindness_and_not_a_clean_night(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night(as_of=AS_OF - DAY).exit_code == 0
    house.execute("ALTER TABLE payments RENAME TO payments_old")
    house.execute("CREATE TABLE payments (id INTEGER PRIMARY KEY, customer_id INTEGER, method TEXT, amount INTEGER,"
                  " card_holder TEXT, card_token TEXT, card_exp TEXT, last4 TEXT, brand TEXT)")

    night = house.night()

    assert (night.exit_code, [t.state for t in night.targets]) == (40, [State.CLEAN, State.BLIND])
    assert "empty_table" in codes(night, "payments")


def test_an_empty_table_that_may_be_empty_is_let_through_only_where_nothing_was_in_it_before(sqlite_database, tmp_path):
    """may_be_empty is no leave to lose the rows: the gate remembers how many there were."""
    may = {"targets": {"payments": {"may_be_empty": True}}}
    house = small_house(sqlite_database, tmp_path, **may)
    assert house.night(as_of=AS_OF - DAY).exit_code == 0
    house.execute("DELETE FROM payments")

    night = house.night()

    assert (night.exit_code, [t.state for t in night.targets]) == (30, [State.CLEAN, State.REFUSED])
    assert "rows_collapsed" in codes(night, "payments")


def test_an_empty_table_earlier_in_the_search_path_is_no_clean_night(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        who.tell("CREATE SCHEMA shadow", "CREATE TABLE shadow.payments (LIKE public.payments INCLUDING ALL)",
                 "GRANT USAGE ON SCHEMA shadow TO {who}", "GRANT ALL ON shadow.payments TO {who}",
                 "ALTER ROLE {who} SET search_path = shadow, public")
        before = house.rows("payments")

        night = house.night()

        assert night.exit_code == 40
        assert "empty_table" in codes(night, "payments")
        assert house.rows("payments") == before


def test_empty_service_ends_blind_every_target(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.execute("DELETE FROM services")
    before = contents(house)

    all_blind(house.night(), "empty_service_ends")

    assert contents(house) == before


def test_a_condition_that_leaves_no_service_end_blinds_every_target(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, service_end={"where": "kind = 'no such kind'"})
    house.execute("UPDATE services SET kind = 'vps' WHERE kind IS NULL")  # a row is dropped only where it is FALSE
    before = contents(house)

    all_blind(house.night(), "empty_service_ends")

    assert contents(house) == before


def test_a_first_night_on_which_no_service_ever_ends_asks_for_a_person(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, service_end={"terminated": ["Closed"]}, limits={"first_run": "approve"})
    house.execute("DELETE FROM payments WHERE card_holder IS NULL")

    night = house.night()

    assert night.exit_code == 30
    assert all("nobody_ended" in codes(night, t.name) for t in night.targets)


def test_a_wrong_database_is_not_a_database_without_work(new_database, database, tmp_path):
    house = small_house(database, tmp_path)
    other = new_database(database.dialect)
    with other.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE something_else (id INTEGER)")
    wrong = declared_anew(house, other.url)

    with blind("table_missing"):
        wrong.night()
    with blind("table_missing"):
        wrong.plan()
    with other.engine.connect() as connection:
        assert not [n for n in sa.inspect(connection).get_table_names() if n.startswith("carddata")]
        assert "carddata" not in sa.inspect(connection).get_schema_names()


def test_a_column_that_cannot_be_null_is_found_before_the_night(postgresql_database, tmp_path):
    house = small_house(postgresql_database, tmp_path)
    house.execute("DELETE FROM payments WHERE card_holder IS NULL")
    house.execute("ALTER TABLE payments ALTER COLUMN card_holder SET NOT NULL")
    before = house.rows("payments")

    only_blind(house.night(), "payments", "not_null")

    assert house.rows("payments") == before


def test_a_table_whose_engine_cannot_roll_back_is_refused_its_night(mariadb_database, tmp_path):
    house = small_house(mariadb_database, tmp_path)
    with mariadb_database.engine.begin() as connection:
        keys = connection.exec_driver_sql(
            "SELECT table_name, constraint_name FROM information_schema.referential_constraints "
            "WHERE constraint_schema = database() AND table_name IN ('cards', 'card_usage')").all()
        for name, key in keys:
            connection.exec_driver_sql(f"ALTER TABLE {name} DROP FOREIGN KEY {key}")
        connection.exec_driver_sql("ALTER TABLE card_usage ENGINE = MyISAM")

    only_blind(house.night(), "cards", "not_transactional")


# What takes no write


def test_a_login_that_may_only_read_is_told_so(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        who.tell("ALTER ROLE {who} SET default_transaction_read_only = on")
        with blind("read_only"):
            house.night()
        who.tell("ALTER ROLE {who} SET default_transaction_read_only = off")
        assert house.night(as_of=AS_OF - DAY).exit_code == 0
        who.tell("ALTER ROLE {who} SET default_transaction_read_only = on")

        with blind("read_only"):
            house.night()


@pytest.fixture
def own_mariadb() -> Iterator[Database]:
    """A server of the test's own: read_only is the whole server's, and other tests run beside this one."""
    session = Session()
    servers = Servers(session.root)
    try:
        with servers.database("mariadb") as database:
            yield database
    except ServerMissing as missing:
        pytest.skip(f"NOT TESTED: {PRODUCT['mariadb']}: no server here ({missing})")
    finally:
        servers.close()
        session.end()


def test_a_mariadb_replica_is_told_apart_from_a_night_without_work(own_mariadb, tmp_path):
    with login(own_mariadb) as who:
        house = small_house(own_mariadb, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        assert house.night(as_of=AS_OF - DAY).exit_code == 0
        before = contents(house)
        house.execute("SET GLOBAL read_only = 1")

        with blind("read_only"):
            house.night()
        with blind("read_only"):  # a login that could write all the same does not write on a replica
            declared_anew(house).night()

        assert contents(house) == before


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so the night is spent as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_folder(servers, sqlite_database) -> Path:
    """A folder that everybody may write in, whoever owns the folders above it."""
    folder = servers.root / f"{Path(sqlite_database.url).stem}.folder"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_a_sqlite_file_without_the_right_to_write_is_told_so(sqlite_database, public_folder):
    house = small_house(sqlite_database, public_folder)
    file = Path(str(sa.make_url(sqlite_database.url).database))
    lock = file.with_name(file.name + ".carddata-lock")
    lock.touch()
    lock.chmod(0o666)  # whoever comes next may lock; what may not be written is the database
    file.chmod(0o444)
    before = contents(house)

    with blind("read_only"), as_nobody():
        house.night()

    assert contents(house) == before


def test_a_sqlite_folder_without_the_right_to_write_is_told_so(sqlite_database, public_folder):
    house = small_house(sqlite_database, public_folder)
    Path(str(sa.make_url(sqlite_database.url).database)).chmod(0o444)

    with blind("lock_unwritable"), as_nobody():
        house.night()


# What swallows the work


SWALLOWS_DELETE = {
    "postgresql": ["CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                   "CREATE TRIGGER t BEFORE DELETE ON cards FOR EACH ROW EXECUTE FUNCTION swallow()"],
    "sqlite": ["CREATE TRIGGER t BEFORE DELETE ON cards BEGIN SELECT RAISE(IGNORE); END"],
    # MariaDB's triggers cannot make a DELETE vanish; one that fails with a number of its own is the nearest.
    "mariadb": ["CREATE TRIGGER t BEFORE DELETE ON cards FOR EACH ROW SIGNAL SQLSTATE '45000' "
                "SET MESSAGE_TEXT = 'not on my watch'"],
}
SWALLOWS_UPDATE = {
    "postgresql": ["CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN NEW.{0} = OLD.{0}; RETURN NEW; END'",
                   "CREATE TRIGGER t BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION keep()"],
    "mariadb": ["CREATE TRIGGER t BEFORE UPDATE ON payments FOR EACH ROW SET NEW.{0} = OLD.{0}"],
    "sqlite": ["CREATE TRIGGER t AFTER UPDATE OF {0} ON payments WHEN OLD.{0} IS NOT NULL "
               "BEGIN UPDATE payments SET {0} = OLD.{0} WHERE id = NEW.id; END"],
}
SWALLOWS_CHILD = {
    "postgresql": [SWALLOWS_DELETE["postgresql"][0],
                   "CREATE TRIGGER t BEFORE DELETE ON card_usage FOR EACH ROW EXECUTE FUNCTION swallow()"],
    "sqlite": ["CREATE TRIGGER t BEFORE DELETE ON card_usage BEGIN SELECT RAISE(IGNORE); END"],
    "mariadb": [SWALLOWS_DELETE["mariadb"][0].replace(" ON cards ", " ON card_usage ")],
}


def failed_whole(night: Night, target: str) -> None:
    """Every candidate of the target failed, nothing of it was committed, and the run says 20."""
    assert (night.exit_code, night.verdict) == (20, State.FAILED)
    for each in night.targets:
        if each.name == target:
            assert (each.state, each.purged, each.skipped) == (State.FAILED, 0, 0)
            assert each.failed == each.to_purge == each.remaining_due > 0
        else:
            assert (each.state, each.remaining_due) == (State.CLEAN, 0)


def test_a_trigger_that_swallows_the_delete_is_a_failed_night(database, tmp_path):
    house = small_house(database, tmp_path, small(4))
    for statement in SWALLOWS_DELETE[database.dialect]:
        house.execute(statement)
    before = house.rows("cards"), house.rows("card_usage")

    night = house.night()

    failed_whole(night, "cards")
    assert (house.rows("cards"), house.rows("card_usage")) == before
    assert house.execute(f"SELECT count(*) FROM {house.own('tombstone')} WHERE target = 'cards'")[0][0] == 0


def test_a_trigger_that_swallows_the_delete_of_children_keeps_the_records_too(database, tmp_path):
    billing = small(4)
    used = {u.card_id for u in billing.usage}
    house = small_house(database, tmp_path, replace(billing, cards=tuple(c for c in billing.cards if c.id in used)))
    for statement in SWALLOWS_CHILD[database.dialect]:
        house.execute(statement)
    before = house.rows("cards"), house.rows("card_usage")

    failed_whole(house.night(), "cards")

    assert (house.rows("cards"), house.rows("card_usage")) == before


@pytest.mark.parametrize(("dialect", "column"), [*((d, "card_token") for d in DIALECTS), ("sqlite", "last4")])
def test_a_trigger_that_puts_a_field_back_is_a_failed_night(new_database, tmp_path, dialect, column):
    database, billing = new_database(dialect), small(4)
    house = small_house(database, tmp_path, replace(billing, payments=tuple(
        replace(p, card_token="tok_fa1ce0b2d3c4e5f6", last4="0000") for p in billing.payments)))
    for statement in SWALLOWS_UPDATE[database.dialect]:
        house.execute(statement.format(column))
    before = house.rows("payments")

    failed_whole(house.night(), "payments")

    assert house.rows("payments") == before


def test_rows_that_come_back_behind_our_back_are_residue(database, tmp_path):
    house = small_house(database, tmp_path, small(4))
    columns = "id, customer_id, cardholder_name, card_token, exp_month, exp_year"
    old = ", ".join(f"OLD.{c.strip()}" for c in columns.split(","))
    again = f"INSERT INTO cards ({columns}) VALUES ({old})"
    if database.dialect == "mariadb":
        # No trigger may write the table that it watches: another session's writing stands for the restore.
        moment = _restoring(house, columns)
    else:
        moment = None
        for statement in {
            "postgresql": ["CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS "
                           f"'BEGIN {again}; RETURN NULL; END'",
                           "CREATE CONSTRAINT TRIGGER t AFTER DELETE ON cards DEFERRABLE INITIALLY DEFERRED "
                           "FOR EACH ROW EXECUTE FUNCTION again()"],
            "sqlite": [f"CREATE TRIGGER t AFTER DELETE ON cards BEGIN {again}; END"],
        }[database.dialect]:
            house.execute(statement)

    night = house.night(hooks=moment) if moment else house.night()

    cards = night.targets[0]
    assert (night.exit_code, cards.state) == (20, State.FAILED)
    assert cards.remaining_due == cards.to_purge > 0
    if database.dialect == "sqlite":  # its trigger fires inside the batch, which sees the row and is undone
        assert (cards.purged, cards.failed, cards.residue) == (0, cards.to_purge, 0)
    else:
        assert (cards.purged, cards.failed, cards.residue) == (cards.to_purge, 0, cards.to_purge)


def _restoring(house, columns):
    from nightly import hooks

    house.execute("CREATE TABLE cards_copy AS SELECT * FROM cards")

    def progress(target: str, _done: int, _total: int) -> None:
        if target == "cards":
            house.execute(f"INSERT IGNORE INTO cards ({columns}) SELECT {columns} FROM cards_copy")

    return replace(hooks(), progress=progress)


def test_a_commit_that_never_happens_is_a_failed_night(postgresql_database, tmp_path):
    house = small_house(postgresql_database, tmp_path, small(4))
    house.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'")
    house.execute("CREATE CONSTRAINT TRIGGER t AFTER DELETE ON cards DEFERRABLE INITIALLY DEFERRED "
                  "FOR EACH ROW EXECUTE FUNCTION refuse()")
    before = house.rows("cards"), house.rows("card_usage")

    night = house.night()

    failed_whole(night, "cards")
    assert (house.rows("cards"), house.rows("card_usage")) == before
    assert house.execute("SELECT count(*) FROM carddata.tombstone WHERE target = 'cards'")[0][0] == 0


def test_a_deferred_foreign_key_that_fails_only_at_the_commit_is_a_failed_night_on_sqlite(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, small(4))
    house.execute("CREATE TABLE kept (card INTEGER PRIMARY KEY REFERENCES cards (id) DEFERRABLE INITIALLY DEFERRED)")
    house.execute("CREATE TRIGGER t AFTER DELETE ON cards BEGIN INSERT INTO kept VALUES (OLD.id); END")
    house = declared_anew(house, targets={"cards": {"children": [
        {"table": "card_usage", "columns": ["card_id"], "disposition": "delete"},
        {"table": "kept", "columns": ["card"], "disposition": "delete"}]}})
    before = house.rows("cards"), house.rows("card_usage")

    failed_whole(house.night(), "cards")

    assert (house.rows("cards"), house.rows("card_usage")) == before


# Whom we cannot reach


SECRET = "nevershown9471"


def unreachable(dialect: str) -> str:
    return {"postgresql": f"postgresql://job:{SECRET}@/billing?host=/nowhere",
            "mariadb": f"mariadb://job:{SECRET}@localhost/billing?unix_socket=/nowhere/here.sock"}[dialect]


def said(error: RetentionError) -> str:
    return " ".join([str(error), repr(error), *error.as_json().values(), repr(error.__cause__)])


@pytest.mark.parametrize("dialect", SERVERS)
def test_a_database_that_does_not_answer_is_blindness_and_its_password_is_never_said(tmp_path, monkeypatch, dialect,
                                                                                     sqlite_database):
    house = small_house(sqlite_database, tmp_path)
    monkeypatch.setenv("CARDDATA_DATABASE_URL", unreachable(dialect))
    far = declared_anew(house, unreachable(dialect))

    for command in (far.night, far.plan, far.verify):
        with pytest.raises(BlindError) as told:
            command()
        assert (told.value.code, told.value.exit) == ("database_unreachable", 40)
        assert SECRET not in said(told.value)


def test_a_wrong_password_is_told_apart_and_is_never_said(server, tmp_path, monkeypatch):
    with login(server, password="right" + SECRET) as who:
        if server.dialect == "postgresql":
            _ask_for_passwords(server, who.name)
        house = small_house(server, tmp_path)
        url = who.url.replace("right" + SECRET, "wrong" + SECRET)
        monkeypatch.setenv("CARDDATA_DATABASE_URL", url)
        before = contents(house)

        with pytest.raises(BlindError) as told:
            declared_anew(house, url).night()

        assert (told.value.code, told.value.exit) == ("login_denied", 40)
        assert SECRET not in said(told.value)
        assert contents(house) == before


def _ask_for_passwords(server: Database, name: str) -> None:
    """The tests' PostgreSQL trusts everybody; this one login has to prove who it is."""
    with server.engine.connect() as connection:
        file = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
    rules = file.read_text()
    file.write_text(f"local all {name} scram-sha-256\n{rules}")
    with server.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        loaded = "SELECT count(*) FROM pg_hba_file_rules"
        assert connection.exec_driver_sql(loaded).scalar_one() > 0


def test_a_database_that_was_lost_before_the_look_again_is_no_clean_night(postgresql_database, tmp_path, monkeypatch):
    house = small_house(postgresql_database, tmp_path)
    monkeypatch.setenv("CARDDATA_VERIFY_URL", unreachable("postgresql"))
    looking = declared_anew(house)
    text = (house.folder / "retention.toml").read_text().replace(
        "[database]\n", '[database]\nverify_url_env = "CARDDATA_VERIFY_URL"\n')
    (house.folder / "retention.toml").write_text(text)
    looking = replace(looking, config=load(house.folder / "retention.toml"))

    night = looking.night()

    all_blind(night, "database_unreachable")
    assert house.execute(f"SELECT count(*) FROM {house.own('tombstone')}")[0][0] > 0  # it was removed, and recorded
    assert not any(SECRET in f.reason for f in night.findings)
    assert declared_anew(house).night().exit_code == 0


def test_a_verifiers_login_that_is_declared_and_not_there_stops_the_night_before_anything_is_removed(
        database, tmp_path, monkeypatch):
    house = small_house(database, tmp_path)
    file = tmp_path / "retention.toml"
    file.write_text(file.read_text().replace("[database]\n", '[database]\nverify_url_env = "CARDDATA_VERIFY_URL"\n'))
    monkeypatch.delenv("CARDDATA_VERIFY_URL", raising=False)
    before = contents(house)
    with pytest.raises(ConfigError) as missing:
        replace(house, config=load(file)).night()
    assert missing.value.code == "config_url_env"
    assert contents(house) == before


# One blind target never stops the others


def test_verify_and_plan_go_on_past_a_blind_target_as_the_night_does(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night(as_of=None).exit_code == 0
    house.execute("DELETE FROM payments")

    looked, (planned, plan, _) = house.verify(), house.plan(as_of=None)

    for told in (looked, planned):
        assert (told.exit_code, [t.state for t in told.targets]) == (40, [State.CLEAN, State.BLIND])
        assert "empty_table" in codes(told, "payments")
    assert [t.name for t in plan.plan.targets] == ["cards"]


def test_a_night_between_two_that_are_blind_is_remembered_as_what_it_was(sqlite_database, tmp_path):
    """A blind night teaches the next one nothing: the counts of the last good one stay what tonight is held to."""
    house = small_house(sqlite_database, tmp_path)
    good = house.night(as_of=AS_OF - DAY)
    remembered = house.execute(f"SELECT result FROM {house.own('target')} WHERE name = 'payments'")
    house.execute("ALTER TABLE payments RENAME TO away")
    assert house.night(as_of=AS_OF - DAY).exit_code == 40
    house.execute("ALTER TABLE away RENAME TO payments")

    assert good.exit_code == 0
    assert house.execute(f"SELECT result FROM {house.own('target')} WHERE name = 'payments'") == remembered
    assert house.night(as_of=AS_OF - DAY).exit_code == 0
