"""The house has five floors; a floor imports only floors below it. Read from the source, never by importing it.

    5  front door   what a person types and reads
    4  story        the order of a night, and its shorter paths
    3  doors        touch the world; no door knows another
       hinges       used by the doors, never the other way round
    2  rules        pure values and expressions
    1  words        what everything is called

A module that is not in the table fails: whoever adds a room says on which floor it lies.
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "carddata_retention"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE

TABLE = {
    "words": ["model", "individuals", "sealed", "errors", "redact", "discovered"],
    "rules": [
        "period", "instants", "calculator", "toml_text", "sections", "policy_settings", "target_settings", "discovery_settings", "settings", "policy",
        "moments", "forms", "shapes", "status", "shares",
        "services", "acquisition", "attested", "key_text", "key_lists", "targets", "register", "subjects", "tables", "own_tables", "guards", "many_rows",
        "issuers", "detector", "layout", "records", "letters", "letter_words", "plan", "breakers", "evidence", "digests", "assets", "verifier", "history", "reporting_period",
    ],
    "hinges": ["config", "db", "catalogue", "conditions", "families", "service_binding", "target_binding", "orphans", "schema",
        "keys", "approval", "lock", "events", "checking", "installation", "chain", "worklist", "ledger", "stage", "identity", "naming", "subject_facts"],
    "doors": [
        "sight", "samples", "sampling", "scan", "measures", "quality", "purge", "verify", "holds", "export", "report", "demo", "explain",
        "archive", "attestations", "observations", "upkeep", "proofs", "spool", "planned_rows", "discovery",
    ],
    "story": ["nights", "planning", "permission", "standing", "trimming", "unlocking", "comparison", "continuity", "resolving", "gate", "survey", "publication", "check", "statements", "afterwards",
        "period_report", "remanence", "subject_requests", "discover", "proposal", "nightly_discovery", "run"],
    "front door": ["console", "narrator", "discovery_told", "cli"],
}
LEVELS = list(TABLE)
LEVEL = {room: level for level, rooms in enumerate(TABLE.values()) for room in rooms}
DOORS = LEVELS.index("doors")

MAY_READ_THE_CLOCK = {"cli"}
CLOCKS = {
    "date": {"today"},
    "datetime": {"now", "utcnow", "today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime"},
}
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 60
NO_ROOM = {"utils", "util", "helpers", "helper", "common", "misc"}


def room_of(path: Path) -> str:
    """The name in the table: of a module, or of the package that it belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


MODULES = sorted(p for p in ROOT.rglob("*.py") if "_assets" not in p.parts and p != ROOT / "__init__.py")
IDS = [p.relative_to(ROOT).as_posix() for p in MODULES]
each_module = pytest.mark.parametrize("path", MODULES, ids=IDS)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_rooms(tree: ast.Module, package: tuple[str, ...] = (PACKAGE,)) -> Iterator[str]:
    """Every room of ours that is imported anywhere in the module, also inside functions and by relative imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [tuple(n.name.split(".")) for n in node.names]
        elif isinstance(node, ast.ImportFrom):
            before = package[: len(package) - node.level + 1] if node.level else ()
            module = (*before, *(node.module.split(".") if node.module else ()))
            names = [(*module, n.name) for n in node.names]
        else:
            continue
        yield from (n[1] for n in names if n[0] == PACKAGE and len(n) > 1 and not n[1].startswith("__"))


def rooms_imported_by(path: Path) -> set[str]:
    return set(imported_rooms(parse(path), (PACKAGE, *path.relative_to(ROOT).parts[:-1])))


def complaint(importer: str, imported: str) -> str | None:
    """Why `importer` may not import `imported`, or None where it may."""
    for room in (importer, imported):
        if room not in LEVEL:
            return f"{room} is on no floor; add it to the table"
    if importer == imported:
        return None
    above, below = LEVEL[importer], LEVEL[imported]
    if below > above:
        return f"{importer} ({LEVELS[above]}) imports {imported} ({LEVELS[below]}), which lies above it"
    if above == below == DOORS:
        return f"{importer} imports {imported}, and doors do not know each other"
    return None


def clock_reads(tree: ast.Module) -> list[int]:
    """The lines that ask what day or time it is, however the module or the class was named on import."""
    meaning: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            meaning |= {n.asname or n.name: (n.name,) for n in node.names if n.name in ("time", "datetime")}
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            meaning |= {n.asname or n.name: (node.module, n.name) for n in node.names}
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (path := dotted(node)):
            whole = meaning.get(path[0], ()) + path[1:]
            if len(whole) >= 2 and whole[-1] in CLOCKS.get(whole[-2], ()) and whole[0] in ("time", "datetime"):
                lines.append(node.lineno)
    return lines


def dotted(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return (*before, node.attr)
    return ()


@each_module
def test_imports_only_what_lies_below(path: Path) -> None:
    room = room_of(path)
    found = {complaint(room, other) for other in rooms_imported_by(path)} | {complaint(room, room)}
    assert sorted(found - {None}, key=str) == []


def test_no_floor_goes_round_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        room = room_of(path)
        graph.setdefault(room, set()).update(rooms_imported_by(path) - {room})
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@each_module
def test_only_the_front_door_reads_the_clock(path: Path) -> None:
    lines = clock_reads(parse(path))
    assert room_of(path) in MAY_READ_THE_CLOCK or lines == []


@each_module
def test_a_module_is_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@each_module
def test_a_function_fits_on_a_screen(path: Path) -> None:
    functions = [n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: n for f in functions if (n := (f.end_lineno or 0) - f.lineno + 1) > MOST_LINES_OF_A_FUNCTION}
    assert long == {}


@each_module
def test_a_module_is_named_for_what_it_knows(path: Path) -> None:
    assert path.stem not in NO_ROOM


# The test itself is held to account: each rule is broken once, and must say so.


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("model", "period", False),  # a word knows no rule
        ("policy", "period", True),  # rules build on rules
        ("tables", "db", False),  # a rule touches nothing
        ("db", "scan", False),  # a hinge never uses a door
        ("scan", "db", True),
        ("scan", "purge", False),  # doors do not know each other
        ("report", "report", True),  # a door of several modules is one door
        ("purge", "run", False),
        ("run", "purge", True),
        ("run", "cli", False),
        ("cli", "run", True),
        ("scan", "attic", False),  # on no floor
    ],
)
def test_the_floors_are_enforced(importer: str, imported: str, allowed: bool) -> None:
    assert (complaint(importer, imported) is None) is allowed


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import carddata_retention.db", ()),
        ("from carddata_retention import db", ()),
        ("from carddata_retention.db import connect", ()),
        ("from . import db", ()),
        ("from .db import connect", ()),
        ("from .. import db", ("report",)),
        ("from ..db import connect", ("report",)),
        ("from .words import word", ("db",)),
        ("def late():\n    from carddata_retention.db import connect", ()),
    ],
)
def test_every_way_to_import_is_seen(source: str, package: tuple[str, ...]) -> None:
    assert list(imported_rooms(ast.parse(source), (PACKAGE, *package))) == ["db"]


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("from datetime import date\ndate.today()", True),
        ("from datetime import datetime as dt\ndt.now()", True),
        ("import datetime\ndatetime.datetime.now(datetime.UTC)", True),
        ("import time as t\nt.time()", True),
        ("from time import time\ntime()", True),
        ("from datetime import datetime\nclock = datetime.now", True),
        ("import time\ntime.monotonic()", False),
        ("from time import perf_counter\nperf_counter()", False),
        ("from datetime import date\ndate(2024, 2, 29)", False),
        ("def f(time):\n    return time.time", False),
    ],
)
def test_the_clock_is_seen_under_any_name(source: str, reads: bool) -> None:
    assert bool(clock_reads(ast.parse(source))) is reads


def test_the_table_names_each_room_once() -> None:
    rooms = [room for rooms in TABLE.values() for room in rooms]
    assert len(rooms) == len(set(rooms))
