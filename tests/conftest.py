"""Fixtures that every test may use: real, new, empty databases. How the servers live and die: servers.py."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from servers import DIALECTS, PRODUCT, Database, ServerMissing, Servers, Session

NOT_TESTED = "NOT TESTED: "
REQUIRED = "CARDDATA_REQUIRE_DATABASES"
SESSION = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[SESSION] = Session()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["servers"] = str(node.config.stash[SESSION].root)


def pytest_unconfigure(config: pytest.Config) -> None:
    if session := config.stash.get(SESSION, None):
        session.end()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A database that was not there is said aloud: a green line alone would claim too much."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in skipped if isinstance(report.longrepr, tuple)]
    for reason, count in sorted(Counter(r for r in reasons if r.startswith(NOT_TESTED)).items()):
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"{reason} ({count} tests)", red=True, bold=True)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """The session's servers; `with servers.database("mariadb") as db` where a fixture needs another lifetime."""
    config = request.config
    given = getattr(config, "workerinput", None)
    found = Servers(Path(given["servers"]) if given else config.stash[SESSION].root)
    yield found
    found.close()


@pytest.fixture
def new_database(servers: Servers) -> Iterator[Callable[[str], Database]]:
    """A function from a dialect to a new empty database; all of them are gone after the test."""
    with ExitStack() as stack:

        def make(dialect: str) -> Database:
            try:
                return stack.enter_context(servers.database(dialect))
            except ServerMissing as missing:
                reason = f"{NOT_TESTED}{PRODUCT[dialect]}: no server here ({missing})"
            if os.environ.get(REQUIRED) == "1":
                pytest.fail(f"{reason}, and {REQUIRED}=1 asks for it", pytrace=False)
            pytest.skip(reason)

        yield make


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, new_database: Callable[[str], Database]) -> Database:
    """A new empty database; the test runs once on each kind."""
    return new_database(request.param)


@pytest.fixture
def sqlite_database(new_database: Callable[[str], Database]) -> Database:
    return new_database("sqlite")


@pytest.fixture
def postgresql_database(new_database: Callable[[str], Database]) -> Database:
    return new_database("postgresql")


@pytest.fixture
def mariadb_database(new_database: Callable[[str], Database]) -> Database:
    return new_database("mariadb")
