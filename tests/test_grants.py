"""sql/grants/ is enough for the five logins, and not one thing more: tried on PostgreSQL and MariaDB."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from billing import configuration, generate
from example import SQL, SUBJECT, commands, example
from nightly import AS_OF, House, hooks
from servers import Database
from small_house import LEAN, ONE_EACH, small_gate

from carddata_retention import holds, subject_requests
from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.discover import discover
from carddata_retention.discovered import NOT_READ
from carddata_retention.errors import Exit
from carddata_retention.holds import Order
from carddata_retention.individuals import RequestKind
from carddata_retention.model import Night
from carddata_retention.proposal import propose
from carddata_retention.subject_requests import Claim

ORDER = Order("dispute", "legal", date(2027, 1, 31))
ROLES = {"remover": "CARDDATA_DATABASE_URL", "planner": "CARDDATA_PLAN_URL", "verifier": "CARDDATA_VERIFY_URL",
         "registrar": "CARDDATA_REGISTER_URL", "discoverer": "CARDDATA_DISCOVER_URL"}
TODAY = datetime.now(ZoneInfo("Asia/Tokyo")).date()
DENIED = {"postgresql": ("42501", "25006"), "mariadb": (1142, 1143, 1044, 1227, 1370)}


@dataclass(frozen=True)
class Logins:
    """The example, reached by five logins with the rights of sql/grants/."""

    house: House
    names: dict[str, str]
    urls: dict[str, str]

    def refuses(self, role: str, statement: str) -> bool:
        """Whether the database itself says no for want of a right; nothing is ever committed."""
        engine = sa.create_engine(self.urls[role], poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
                connection.rollback()
            return False
        except sa.exc.DBAPIError as refused:
            code = refused.orig.args[0] if self.house.database.dialect == "mariadb" else refused.orig.sqlstate
            assert code in (*DENIED["postgresql"], *DENIED["mariadb"]), f"{statement}: {code}"
            return True


@dataclass(frozen=True)
class Worked:
    """What each login has done with these rights: a plan, a night, a look."""

    logins: Logins
    planned: Night
    shown: list[tuple[str, str]]
    night: Night
    looked: Night


ONCE_EACH = [pytest.param(d, marks=pytest.mark.xdist_group(f"grants-{d}")) for d in ("postgresql", "mariadb")]


@pytest.fixture(scope="module", params=ONCE_EACH)
def worked(request: pytest.FixtureRequest, lasting_database: Callable[[str], Database],
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    """One plan, night and look for all; the tests only ask for what is refused, and commit nothing that stays."""
    with pytest.MonkeyPatch.context() as monkeypatch, logged_in(
            lasting_database(request.param), tmp_path_factory.mktemp(request.param), monkeypatch) as found:
        planned, _, shown = found.house.plan(TODAY, sql=True)
        yield Worked(found, planned, shown, found.house.night(TODAY), found.house.verify())


@pytest.fixture
def logins(worked: Worked) -> Logins:
    return worked.logins


@contextmanager
def logged_in(server: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logins]:
    house = example(server, folder, generate(AS_OF, size=60))
    small_gate(folder, ONE_EACH)
    (folder / "retention.toml").write_text(configuration(server.dialect, server.url, **LEAN, subject=SUBJECT, database={
        "url": None, "url_env": ROLES["remover"], "plan_url_env": ROLES["planner"], "verify_url_env": ROLES["verifier"],
        "register_url_env": ROLES["registrar"], "discover_url_env": ROLES["discoverer"],
    }), encoding="utf-8")
    house = replace(house, config=load(folder / "retention.toml"))
    names = {role: f"{role}_{uuid.uuid4().hex[:8]}" for role in ROLES}
    urls = {role: sa.make_url(server.url).set(username=name).render_as_string(hide_password=False)
            for role, name in names.items()}
    for role, variable in ROLES.items():
        monkeypatch.setenv(variable, urls[role])
    word, suffix = ("ROLE {} LOGIN", "") if server.dialect == "postgresql" else ("USER {}", "@'%%'")
    try:
        told(server, *(f"CREATE {word.format(name + suffix)}" for name in names.values()))
        told(server, *commands((SQL / "schema" / f"{server.dialect}.sql").read_text("utf-8")))
        told(server, *granted(server, names))
        yield Logins(house, names, urls)
    finally:
        for name in names.values():
            with suppress(sa.exc.SQLAlchemyError):
                told(server, *([f"DROP OWNED BY {name}", f"DROP ROLE {name}"] if server.dialect == "postgresql"
                               else [f"DROP USER {name}@'%%'"]))


def granted(server: Database, names: dict[str, str]) -> list[str]:
    """The file, with its placeholders replaced as its head says."""
    return commands(replaced(server, names, (SQL / "grants" / f"{server.dialect}.sql").read_text("utf-8")))


def replaced(server: Database, names: dict[str, str], text: str) -> str:
    for role, name in names.items():
        text = re.sub(rf"\b{role}\b", name, text)
    return re.sub(r"\bbilling\.", f"{sa.make_url(server.url).database}.", text).replace("%", "%%")


def told(server: Database, *statements: str) -> None:
    with server.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_each_login_can_do_its_work(worked):
    logins, planned, night, looked = worked.logins, worked.planned, worked.night, worked.looked

    assert [(n.exit_code, n.login.split("@")[0]) for n in (planned, night, looked)] == [
        (0, logins.names["planner"]), (0, logins.names["remover"]), (0, logins.names["verifier"])]
    assert night.verification_login.split("@")[0] == logins.names["verifier"]
    assert [t.purged for t in night.targets] == [t.to_purge for t in planned.targets]
    assert all(t.purged for t in night.targets)
    assert len(worked.shown) > 20


def test_the_discoverer_reads_every_column_and_init_sees_what_was_declared(logins):
    house = logins.house
    declared = {t.name for t in house.config.targets}

    found = discover(house.config, datetime.now(UTC), hooks())
    proposal = propose(ROLES["discoverer"], house.folder, datetime.now(UTC))

    assert [f.place for f in found.findings if f.kind == NOT_READ and f.severity == "high"] == []
    assert found.exit is not Exit.BLIND
    assert {t.partition(":")[0].rpartition(".")[2] for t in proposal.targets} == declared


@pytest.mark.parametrize("role", ["planner", "verifier", "discoverer"])
def test_who_only_looks_cannot_write_anything_anywhere(logins, role):
    own = logins.house.own
    tables = ["customers", "services", "cards", "card_usage", "payments",
              *map(own, ("run", "batch", "tombstone", "deadline", "work", "target", "hold", "request"))]

    for table in tables:
        column = "id" if not table.startswith("carddata") else "run_id" if table.rpartition("carddata")[2][1:] in (
            "run", "batch", "tombstone", "deadline", "work", "target") else "id"
        assert logins.refuses(role, f"DELETE FROM {table}"), table
        assert logins.refuses(role, f"UPDATE {table} SET {column} = {column}"), table
        assert logins.refuses(role, f"INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE 1 = 0"), table
    assert logins.refuses(role, "CREATE TABLE mine (a integer)")
    assert logins.refuses(role, "DROP TABLE payments" if logins.house.database.dialect == "mariadb"
                          else "LOCK TABLE payments IN EXCLUSIVE MODE")


def test_the_remover_cannot_touch_what_is_not_declared(logins):
    logins.house.execute("CREATE TABLE bystander (id integer PRIMARY KEY, secret varchar(20))")
    forbidden = [
        "DELETE FROM customers", "DELETE FROM services", "DELETE FROM payments", "DELETE FROM bystander",
        "SELECT secret FROM bystander", "SELECT amount FROM payments", "UPDATE payments SET amount = 0",
        "UPDATE payments SET method = 'bank'", "UPDATE payments SET customer_id = 1",
        "UPDATE cards SET customer_id = 1", "UPDATE services SET use_ended_at = NULL",
        "UPDATE services SET status = 'closed'", "UPDATE customers SET id = 1",
        "INSERT INTO cards (id) VALUES (99999)", "INSERT INTO services (id) VALUES (99999)",
        "UPDATE card_usage SET amount = 0", "CREATE TABLE mine (a integer)",
    ]

    assert [s for s in forbidden if not logins.refuses("remover", s)] == []


def test_the_remover_cannot_change_or_remove_evidence_or_holds(logins):
    own = logins.house.own
    forbidden = [
        *(f"DELETE FROM {own(t)}" for t in ("run", "batch", "tombstone", "deadline", "hold", "request",
                                               "attestation")),
        *(f"UPDATE {own(t)} SET {c} = {c}" for t, c in (
            ("batch", "digest"), ("tombstone", "status"), ("deadline", "rule"), ("hold", "released_at"), ("request", "granted_at"),
            ("attestation", "withdrawn_at"), ("attestation", "ended_on"), ("attestation", "services"))),
        f"UPDATE {own('request')} SET granted_by = 'me', closed_at = 'now'",
        f"INSERT INTO {own('attestation')} (id, item) VALUES ('a', '1')",
        f"INSERT INTO {own('hold')} (id, scope) VALUES ('h', 'target')",
        f"INSERT INTO {own('request')} (id, scope) VALUES ('r', 'target')",
    ]

    assert [s for s in forbidden if not logins.refuses("remover", s)] == []


def test_the_registrar_holds_and_answers_and_can_remove_nothing(logins):
    house, own, now = logins.house, logins.house.own, datetime.now(UTC)
    card, customer = house.execute("SELECT id, customer_id FROM cards WHERE customer_id IS NOT NULL ORDER BY id")[0]

    for hold in (holds.place_on_record(house.config, now, "cards", str(card), ORDER),
                 holds.place_on_subject(house.config, now, str(customer), ORDER),
                 holds.place_on_target(house.config, now, "payments", ORDER)):
        holds.release(house.config, now, hold, "legal", "settled")
    number = subject_requests.ask(house.config, now, RequestKind.ERASE, Claim("desk", "seen", subject=str(customer))).id
    subject_requests.refuse(house.config, now, number, "DPO", "law", "kept by law")

    forbidden = ["DELETE FROM cards", "DELETE FROM payments", "UPDATE payments SET card_token = NULL",
                 "UPDATE cards SET card_token = NULL", "UPDATE services SET use_ended_at = NULL",
                 *(f"DELETE FROM {own(t)}" for t in ("hold", "request", "run", "tombstone", "work")),
                 f"UPDATE {own('run')} SET seal = seal", f"INSERT INTO {own('tombstone')} (run_id) VALUES ('r')"]
    assert [s for s in forbidden if not logins.refuses("registrar", s)] == []


def writing_rights(dialect: str) -> list[str]:
    text = (SQL / "grants" / f"{dialect}.sql").read_text("utf-8")
    return [c for c in commands(text) if re.match(r"GRANT .*(UPDATE|DELETE|INSERT)", c)]


def test_no_right_to_write_is_more_than_is_needed(logins):
    """Without any one of them `check` says that a right is missing; with all of them nothing stands in the way."""
    server, unmissed = logins.house.database, []
    rights = [replaced(server, logins.names, right) for right in writing_rights(server.dialect)]
    assert complaints(logins.house) == set()

    for right in rights:
        what, who = right.removeprefix("GRANT ").replace("SELECT, ", "").rsplit(" TO ", 1)
        told(server, f"REVOKE {what} FROM {who}")
        unmissed += [right] if "permission_denied" not in complaints(logins.house) else []
        told(server, right)

    assert len(rights) >= 8
    assert unmissed == []


def complaints(house: House) -> set[str]:
    return {lesson.code for lesson in check_all(house.config, datetime.now(UTC))}


def test_a_cascade_that_nobody_declared_is_seen_with_these_rights(logins):
    logins.house.execute(
        "CREATE TABLE notes (id integer PRIMARY KEY, card_id integer, "
        "FOREIGN KEY (card_id) REFERENCES cards (id) ON DELETE CASCADE)")
    try:
        assert "undeclared_foreign_key" in complaints(logins.house)

        planned = logins.house.plan(TODAY)[0]

        assert {t.name: t.state.value for t in planned.targets}["cards"] == "refused"
        assert "undeclared_foreign_key" in {f.id for f in planned.findings}
    finally:
        logins.house.execute("DROP TABLE notes")
