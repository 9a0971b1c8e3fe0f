"""Fixtures that every test may use: real, new, empty databases. How the servers live and die: servers.py."""

import gc
import io
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """xdist 3.8 writes a test's group where pytest 9.2 looks no more; unread, each worker builds what one should."""
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Where all databases are asked for, a test that does without one has failed, whoever skipped it."""
    report = yield
    missing = report.skipped and isinstance(report.longrepr, tuple) and NOT_TESTED in report.longrepr[2]
    if missing and os.environ.get(REQUIRED) == "1":
        report.outcome, report.longrepr = "failed", f"{report.longrepr[2]}, and {REQUIRED}=1 asks for it"
    return report


_frozen: list[bool] = []


def pytest_runtest_logfinish() -> None:
    """What great-expectations brings stays until the end: a sixth of all time went into looking through it for garbage.

    Whether it is frozen is not asked of Python, which would count every object.
    """
    if not _frozen and "great_expectations" in sys.modules:
        _frozen.append(True)
        gc.collect()
        gc.freeze()


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


@contextmanager
def databases(servers: Servers) -> Iterator[Callable[[str], Database]]:
    with ExitStack() as stack:

        def make(dialect: str) -> Database:
            try:
                return stack.enter_context(servers.database(dialect))
            except ServerMissing as missing:
                pytest.skip(f"{NOT_TESTED}{PRODUCT[dialect]}: no server here ({missing})")

        yield make


@pytest.fixture
def new_database(servers: Servers) -> Iterator[Callable[[str], Database]]:
    """A function from a dialect to a new empty database; all of them are gone after the test."""
    with databases(servers) as make:
        yield make


@pytest.fixture(scope="module")
def lasting_database(servers: Servers) -> Iterator[Callable[[str], Database]]:
    """The same, gone after the module: for a fixture whose database several tests only read, or set right again."""
    with databases(servers) as make:
        yield make


# Stories whose statements the other tests try on all three: each runs on SQLite, and on one of the servers, which one by
# its name. CARDDATA_RELIABILITY=1 runs them on all three.
STORIES = {f"test_{name}" for name in (
    "afterwards", "at_acquisition", "attestations", "blindness", "breakers", "check", "comparison", "continuity", "draw",
    "evidence_commands", "events", "explain", "history", "keeping", "leaks", "ledger", "lost_holds", "many_holds", "plan", "remanence",
    "requests", "sampling", "trimming", "unlock", "verify")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`database` is a new empty database; a test runs once on each kind, a story on two."""
    if "database" not in metafunc.fixturenames:
        return
    kinds = list(DIALECTS)
    if metafunc.module.__name__ in STORIES and os.environ.get("CARDDATA_RELIABILITY") != "1":
        servers = [kind for kind in kinds if kind != "sqlite"]
        kinds = ["sqlite", servers[crc32(metafunc.function.__name__.encode()) % len(servers)]]
    metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, new_database: Callable[[str], Database]) -> Database:
    """A new empty database of the kind that `pytest_generate_tests` gives."""
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


@pytest.fixture
def answer(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Any, str, str]]]:
    """A command line in this process, for what a command says: its exit, its stdout and its stderr."""
    from carddata_retention import cli, gate, quality

    # As whoever calls a night as a library: great-expectations is loaded once for all tests, not once for each answer.
    monkeypatch.setattr(gate, "judge_apart", lambda: quality.judge_all)

    def ask(*arguments: Any, stdin: str = "", **environment: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["carddata-retention", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as left:
            cli.main()
        return (left.value.code, *capfd.readouterr())

    mask, handlers = os.umask(0o077), {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    yield ask
    os.umask(mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)
