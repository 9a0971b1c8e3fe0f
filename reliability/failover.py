"""The database takes no more writes in the middle of a run: it is told so, or another one takes its place."""

import random
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa
from bench import kill_sessions
from logins import login
from nightly import House
from servers import Database
from standby import standby

from reliability.blows import Blow, struck_by
from reliability.claims import Claims, Found, Progress, Row, summed
from reliability.nights import Struck, struck
from reliability.plug import Plug, own_server

IN_ONE_HOUSE = 10
SWITCH = {
    "postgresql": ("ALTER SYSTEM SET default_transaction_read_only = on",
                   "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"),
    "mariadb": ("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"),
}


def failover(plug: Plug, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """Each blow `number` times; a standby takes over only on PostgreSQL, each time from a server of its own."""
    rng, claims = random.Random(seed), Claims()
    rows: list[Row] = []
    said: dict[str, str] = {}
    for done in range(0, number, IN_ONE_HOUSE):
        here = min(IN_ONE_HOUSE, number - done)
        at = folder / f"house-{done}"
        at.mkdir()
        with plug.servers.database(plug.dialect) as database, ExitStack() as stack:
            house = struck(database, at, claims)
            _as_a_mere_login(house, stack)
            blows = _read_only(house.house)
            rows += struck_by(house, blows, here * len(blows), rng)
            said |= house.said
        say(f"read-only: {done + here} of {number} times each")
    for turn in range(number if plug.dialect == "postgresql" else 0):
        at = folder / f"standby-{turn}"
        at.mkdir()
        found, words = _promoted(at, claims, rng)
        rows += found
        said |= words
        say(f"promoted: {turn + 1} of {number} times")
    return Found("the database takes no more writes in mid-run", summed(rows, "blow"), claims.broken, said=said)


def _as_a_mere_login(house: Struck, stack: ExitStack) -> None:
    """MariaDB's read_only stops nobody who may set it, so the job has the rights that it needs and no others."""
    if house.house.database.dialect == "mariadb":
        who = stack.enter_context(login(house.house.database))
        who.grant(*who.rights())
        who.may_make_our_tables()
        house.log_in(who.url)


def _read_only(house: House) -> Sequence[Blow]:
    on, off, *more = SWITCH[house.database.dialect]

    def told(statement: str) -> None:
        with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for each in (statement, *more):
                connection.exec_driver_sql(each)

    def demoted() -> None:
        told(on)
        kill_sessions(house)

    return (Blow("read-only", lambda: told(on), lambda: told(off)),
            Blow("read-only, all sessions ended", demoted, lambda: told(off)))


def _promoted(folder: Path, claims: Claims, rng: random.Random) -> tuple[list[Row], dict[str, str]]:
    """The server dies, and its standby takes its place; what had not reached the standby never happened."""
    with (own_server("postgresql") as plug, plug.servers.database("postgresql") as first,
          standby(first, plug.root) as other):
        hosts = f"{first.engine.url.query['host']},{other.url.query['host']}"
        url = first.engine.url.update_query_dict({"host": hosts, "target_session_attrs": "read-write"})
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        house = struck(Database("postgresql", url.render_as_string(), engine), folder, claims)

        def promote() -> None:
            plug.kill()
            with other.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SELECT pg_promote()")

        rows = struck_by(house, (Blow("standby promoted", promote, lambda: None),), 1, rng)
        plug.start()  # so that it can be asked to drop its database
        return rows, house.said
