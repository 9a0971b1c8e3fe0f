"""What a database refuses is told by codes, never by its words; the codes are those of real refusals."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from logins import login
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import open_database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.lock import only_run
from carddata_retention.redact import Trouble, login_refused, safe, trouble

VALUE = "4929123412341234"
TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, card_token VARCHAR(40) NOT NULL, CONSTRAINT one UNIQUE (card_token))"


def refusal(db: sa.Engine, *statements: str) -> SQLAlchemyError:
    """What the last of the statements is refused with."""
    *before, last = statements
    with db.connect() as connection:
        for statement in before:
            connection.exec_driver_sql(statement)
        with pytest.raises(SQLAlchemyError) as refused:
            connection.exec_driver_sql(last)
        return refused.value


@pytest.fixture
def db(database) -> Iterator[sa.Engine]:
    """Our own engine, on a table that has a card value in it."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql(f"INSERT INTO t VALUES (1, '{VALUE}')")
    opened = open_database(sa.make_url(database.url), Path())
    yield opened.engine
    opened.close()


REFUSED = [
    (f"INSERT INTO t VALUES (2, '{VALUE}')", Trouble.CONSTRAINT),
    ("INSERT INTO t VALUES (1, 'x')", Trouble.CONSTRAINT),
    ("UPDATE t SET card_token = NULL", Trouble.CONSTRAINT),
    ("SELECT * FROM cards", Trouble.MISSING),
    ("SELECT holder FROM t", Trouble.MISSING),
    ("SELECT * FROM", Trouble.OTHER),
]


@pytest.mark.parametrize(("statement", "meaning"), REFUSED)
def test_a_refused_statement_is_known_by_its_code_and_its_words_are_not_repeated(db, statement, meaning):
    error = refusal(db, statement)

    assert trouble(error) is meaning
    assert VALUE not in safe(error)
    assert VALUE not in str(seen_as(error, "The statement"))
    assert safe(error).split(", ")[0] == type(error.orig).__name__
    assert len(safe(error).split(", ")) >= 2  # type, and the code that a DBA looks up


def test_the_drivers_own_words_do_carry_the_value_so_this_is_needed(db):
    assert VALUE in str(refusal(db, f"INSERT INTO t VALUES (2, '{VALUE}')"))


def test_a_check_that_prints_the_failing_row_prints_it_to_nobody(database, db):
    if database.dialect == "sqlite":
        return
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE t ADD CONSTRAINT filled CHECK (card_token <> '')")

    error = refusal(db, "UPDATE t SET card_token = ''")

    assert trouble(error) is Trouble.CONSTRAINT
    assert VALUE not in safe(error)
    if database.dialect == "postgresql":
        assert "constraint filled" in safe(error)


def test_a_cast_that_prints_the_value_prints_it_to_nobody(postgresql_database):
    with postgresql_database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("INSERT INTO t VALUES (1, 'tok_4929123412341234')")

    error = refusal(postgresql_database.engine, "SELECT card_token::bigint FROM t")

    assert VALUE in str(error)
    assert trouble(error) is Trouble.OTHER
    assert VALUE not in safe(error)


@pytest.mark.parametrize("statement", ["SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", "UPDATE t SET id = 2"],
                         ids=["asked not to wait", "waited its time"])
def test_a_row_that_somebody_holds_is_locked(database, db, statement):
    if database.dialect == "sqlite" and "NOWAIT" in statement:
        return
    with database.engine.connect() as holder, db.connect() as connection:
        holder.exec_driver_sql("UPDATE t SET card_token = 'held' WHERE id = 1")
        if database.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout = 100")

        with pytest.raises(SQLAlchemyError) as refused:
            connection.exec_driver_sql(statement)

    assert trouble(refused.value) is Trouble.LOCKED


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_one_of_two_that_wait_for_each_other_may_try_again(new_database, dialect):
    import threading

    database = new_database(dialect)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    refused: list[SQLAlchemyError] = []
    both_hold_one = threading.Barrier(2)

    def cross(first: int, second: int) -> None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql(f"UPDATE t SET card_token = 'x{first}' WHERE id = {first}")
            both_hold_one.wait(30)
            try:
                connection.exec_driver_sql(f"UPDATE t SET card_token = 'y{first}' WHERE id = {second}")
            except SQLAlchemyError as error:
                refused.append(error)

    threads = [threading.Thread(target=cross, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [trouble(e) for e in refused] == [Trouble.TRANSIENT]


def test_a_serialization_failure_may_be_tried_again(postgresql_database):
    engine = postgresql_database.engine.execution_options(isolation_level="SERIALIZABLE")
    with postgresql_database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("INSERT INTO t VALUES (1, 'a')")
    with engine.connect() as one, engine.connect() as other:
        one.exec_driver_sql("SELECT * FROM t")
        other.exec_driver_sql("UPDATE t SET card_token = 'b'")
        other.commit()
        with pytest.raises(SQLAlchemyError) as refused:
            one.exec_driver_sql("UPDATE t SET card_token = 'c'")
    assert trouble(refused.value) is Trouble.TRANSIENT


ENDED = {"postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
         "mariadb": ("SELECT connection_id()", "KILL {}")}


@pytest.mark.parametrize("dialect", list(ENDED))
@pytest.mark.parametrize("begin", [
    lambda db: db.snapshot(), lambda db: db.frozen(), lambda db: db.transaction(),
    lambda db: only_run(db, "scope", "holder", lambda: "nobody")], ids=["snapshot", "frozen", "transaction", "lock"])
def test_a_session_that_ends_between_the_pools_question_and_the_first_statement_is_a_lost_connection(
    new_database, dialect, begin
):
    database = new_database(dialect)
    db = open_database(sa.make_url(database.url), Path())
    who, end = ENDED[dialect]

    @sa.event.listens_for(db.engine, "checkout")
    def kill(raw, _record, _proxy):
        with raw.cursor() as cursor:
            cursor.execute(who)
            (number,) = cursor.fetchone()
        raw.rollback()
        with database.engine.begin() as admin:
            admin.exec_driver_sql(end.format(number))

    with pytest.raises((SQLAlchemyError, BlindError)) as refused, begin(db) as connections:
        (connections[0] if isinstance(connections, tuple) else connections).exec_driver_sql("SELECT 1")
    db.close()
    lost = refused.value
    assert (lost.code if isinstance(lost, BlindError) else trouble(lost)) in ("connection_lost", Trouble.DISCONNECTED)


@pytest.mark.parametrize("dialect", list(ENDED))
def test_a_session_that_the_server_ended_is_a_lost_connection(new_database, dialect):
    database = new_database(dialect)
    ours = open_database(sa.make_url(database.url), Path()).engine
    who, end = ENDED[dialect]
    with ours.connect() as connection:
        number = connection.exec_driver_sql(who).scalar_one()
        with database.engine.begin() as admin:
            admin.exec_driver_sql(end.format(number))
        with pytest.raises(SQLAlchemyError) as refused:
            connection.exec_driver_sql("SELECT 1")
        connection.invalidate()
    ours.dispose()

    assert trouble(refused.value) is Trouble.DISCONNECTED


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_right_that_is_missing_is_denied(new_database, dialect):
    database = new_database(dialect)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
    with login(database) as who:
        who.grant(("SELECT (id)", "t"))
        engine = sa.create_engine(who.url, poolclass=sa.NullPool)
        found = [trouble(refusal(engine, s)) for s in (
            "DELETE FROM t", "UPDATE t SET card_token = ''", "SELECT card_token FROM t", "CREATE TABLE mine (id INTEGER)",
        )]

    assert found == [Trouble.DENIED] * 4


def test_rows_that_a_policy_hides_are_row_security_and_not_a_missing_right(postgresql_database):
    with postgresql_database.engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    with login(postgresql_database) as who:
        who.grant(("SELECT", "t"))
        ours = open_database(sa.make_url(who.url), Path())
        error = refusal(ours.engine, "SELECT * FROM t")
        ours.close()

    assert trouble(error) is Trouble.ROW_SECURITY


def read_only(database, dialect: str) -> SQLAlchemyError:
    ours = open_database(sa.make_url(database.url), Path())
    try:
        with ours.snapshot() as connection, pytest.raises(SQLAlchemyError) as refused:
            connection.exec_driver_sql("DELETE FROM t")
        return refused.value
    finally:
        ours.close()


def test_a_snapshot_takes_no_write(database, db):
    error = read_only(database, database.dialect)

    assert trouble(error) is Trouble.READ_ONLY
    assert seen_as(error, "It").code == "read_only"
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 1


def test_a_transaction_that_lost_its_session_is_a_lost_connection():
    assert trouble(sa.exc.PendingRollbackError(VALUE)) is Trouble.DISCONNECTED


def test_a_connection_that_breaks_off_without_a_code_is_a_lost_connection():
    """A server that is ordered to stop at once may be gone before it says why, and the pool may not have noticed."""
    broken = sa.exc.OperationalError("SELECT 1", {}, psycopg.OperationalError("sending query failed"))
    assert trouble(broken) is Trouble.DISCONNECTED


def test_a_full_disk_is_said_to_be_one(sqlite_database):
    with sqlite_database.engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("PRAGMA max_page_count = 5")
        with pytest.raises(SQLAlchemyError) as refused:
            connection.exec_driver_sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
                                       "INSERT INTO t SELECT i, 'token ' || i FROM n")

    assert trouble(refused.value) is Trouble.DISK_FULL


@pytest.mark.parametrize(("dialect", "change", "denied"), [
    ("postgresql", {"username": "nobody_of_that_name"}, True),
    ("postgresql", {"database": "no_such_database"}, False),
    ("mariadb", {"username": "nobody_of_that_name", "password": "x"}, True),
    ("mariadb", {"database": "no_such_database"}, False),
])
def test_a_login_that_is_refused_is_told_apart_from_a_database_that_is_not_there(new_database, dialect, change, denied):
    url = sa.make_url(new_database(dialect).url).set(**change)
    with pytest.raises(SQLAlchemyError) as refused:
        sa.create_engine(url).connect()
    assert login_refused(refused.value) is denied
    ours = open_database(url, Path())

    with pytest.raises(BlindError) as told, ours.snapshot():
        pass

    assert told.value.code == ("login_denied" if denied else "database_unreachable")


def test_a_login_that_may_not_log_in_is_refused_by_name(postgresql_database):
    with login(postgresql_database) as who:
        who.tell("ALTER ROLE {who} NOLOGIN")
        with pytest.raises(BlindError) as told, open_database(sa.make_url(who.url), Path()).snapshot():
            pass
    assert told.value.code == "login_denied"


@pytest.mark.parametrize("error", [ValueError(VALUE), KeyError(VALUE), sa.exc.ArgumentError(VALUE)])
def test_of_any_other_exception_only_the_type_is_said(error):
    assert safe(error) == type(error).__name__


def test_what_sqlalchemy_itself_refuses_is_nothing_that_a_database_said():
    assert trouble(sa.exc.ArgumentError(VALUE)) is Trouble.OTHER


LESSONS = {Trouble.MISSING: "schema_moved", Trouble.CONSTRAINT: "database_error", Trouble.OTHER: "database_error"}


@pytest.mark.parametrize(("statement", "meaning"), REFUSED)
def test_each_trouble_has_its_lesson(db, statement, meaning):
    error = seen_as(refusal(db, statement), "It", not_done="Some was.")

    assert (error.code, error.exit, error.not_done) == (LESSONS[meaning], 40, "Some was.")
    assert seen_as(error, "It") is error


def test_a_full_disk_is_said_by_name(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'full.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE grown (id integer)")
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        with pytest.raises(sa.exc.OperationalError) as refused:
            connection.exec_driver_sql("INSERT INTO grown WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                       "FROM n LIMIT 10000) SELECT i FROM n")
        error = seen_as(refused.value, "The ledger")
    engine.dispose()

    assert (error.code, error.exit) == ("disk_full", 40)
    assert error.cure
