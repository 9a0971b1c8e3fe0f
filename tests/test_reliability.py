"""Each command of `reliability` with a handful of rounds: what it claims holds, and it would notice if it did not."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from servers import PRODUCT, ServerMissing, Servers

import reliability.__main__ as front
import reliability.crashes as crashing
from carddata_retention.purge import batch
from reliability.claims import Found, summed
from reliability.deadlocks import deadlocks
from reliability.failover import failover
from reliability.full import full
from reliability.job import load_the_judge
from reliability.kills import kills
from reliability.plug import Plug, own_server
from reliability.races import places, races
from reliability.sessions import sessions
from reliability.small_disk import NoDiskError

# Minutes of servers that are killed and disks that are filled: too long, and too easily disturbed, for every change.
ASKED_FOR = "CARDDATA_RELIABILITY"
pytestmark = pytest.mark.skipif(os.environ.get(ASKED_FOR) != "1", reason=f"{ASKED_FOR}=1 asks for it")
SERVERS = ("postgresql", "mariadb")
SEED = 7
Shared = Callable[[Servers, str, int, int, Path, Callable[[str], None]], Found]


@pytest.fixture(params=SERVERS)
def dialect(request: pytest.FixtureRequest, new_database: Any) -> str:
    """The databases that are servers; whoever shares the session's needs no database of it."""
    new_database(request.param)
    return str(request.param)


@pytest.fixture(scope="module", params=SERVERS)
def plug(request: pytest.FixtureRequest) -> Iterator[Plug]:
    """A server of this module's own, for it is killed."""
    try:
        with own_server(request.param) as one:
            yield one
    except ServerMissing as missing:
        pytest.skip(f"NOT TESTED: {PRODUCT[request.param]}: no server here ({missing})")


@pytest.fixture
def judged_here() -> None:
    """The judge of the gate is loaded once for all jobs."""
    load_the_judge()


def told(words: str) -> None:
    """Nobody looks at the progress."""


def test_no_change_by_others_removes_a_record_early(servers, dialect, tmp_path):
    found = races(servers, dialect, 6, SEED, tmp_path, told)
    assert found.broken == []
    kinds = {row["change"]: row for row in found.rows}
    assert len(kinds) == sum(len(place.wanted) + len(place.company) for place in places(dialect))
    assert sum(row["tried"] >= 6 for row in found.rows) >= sum(len(place.wanted) for place in places(dialect))
    assert {row["removed early"] for row in found.rows} == {0}
    assert kinds["order anew"]["of them not in time"] == 0 < kinds["order anew, no foreign key"]["of them not in time"]


def test_a_removal_that_locks_no_subject_is_found_out(servers, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "lock_subjects", lambda _connection, _locks, subjects: set(subjects))
    found = races(servers, "postgresql", 8, SEED, tmp_path, told)
    early = {row["change"] for row in found.rows if row["removed early"]}
    assert {"reactivate", "order anew"} <= early
    assert any("order anew (committed" in broken or "reactivate (committed" in broken for broken in found.broken)


def test_a_job_that_is_killed_leaves_nothing_half_done(servers, dialect, tmp_path, judged_here):
    found = kills(servers, dialect, 3, SEED, tmp_path, told)
    assert found.broken == []
    assert found.rows[0]["kills"] + found.rows[0]["came too late"] == 3


def test_sessions_that_are_lost_leave_nothing_half_done(servers, dialect, tmp_path):
    found = sessions(servers, dialect, 6, SEED, tmp_path, told)
    assert found.broken == []
    assert sum(row["nights"] for row in found.rows) == 6


def test_a_server_that_dies_leaves_nothing_half_done(plug, tmp_path, judged_here, monkeypatch):
    monkeypatch.setattr(crashing, "STARTED_LATE", 0)  # a run waits ten seconds for a server that does not come back
    found = crashing.crashes(plug, 2, SEED, tmp_path, told)
    assert found.broken == []
    assert [row["runs"] for row in found.rows] == [1, 1]


def test_a_full_disk_leaves_nothing_half_done(plug, tmp_path, judged_here):
    try:
        found = full(plug, 1, SEED, tmp_path, told)
    except NoDiskError as missing:
        pytest.skip(str(missing))
    assert found.broken == []
    assert [row["runs"] for row in found.rows] == [1] * 4


def test_a_database_that_takes_no_more_writes_leaves_nothing_half_done(plug, tmp_path, judged_here):
    found = failover(plug, 1, SEED, tmp_path, told)
    assert found.broken == []
    assert [row["runs"] for row in found.rows] == [1] * (3 if plug.dialect == "postgresql" else 2)


def test_quarrels_over_locks_are_gone_through_again(servers, dialect, tmp_path):
    found = deadlocks(servers, dialect, 3, SEED, tmp_path, told)
    assert found.broken == []
    assert all(row["finished by themselves"] == row["runs"] == 3 for row in found.rows)
    assert sum(row["disturbed"] for row in found.rows) > 0


@pytest.mark.parametrize(("broken", "code"), [([], 0), (["a card too early"], 1)])
def test_a_broken_claim_is_exit_1_and_every_figure_is_written(plug, tmp_path, monkeypatch, capsys, broken, code):
    found = Found("nothing", [{"what": "x", "times": 3}], broken, {"seen": 1})
    monkeypatch.setattr(front, "own_server", lambda _: nullcontext(plug))
    monkeypatch.setitem(front.COMMANDS, "races", front.Command(lambda *_: found, 5))
    out = tmp_path / "out.json"
    assert front.main(["races", "--database", plug.dialect, "--json", str(out)]) == code
    written = json.loads(out.read_text())
    assert (written["races"]["rows"], written["races"]["broken"]) == ([{"what": "x", "times": 3}], broken)
    assert written["races"]["number"] == 5
    assert all(words in capsys.readouterr().out for words in broken)


def test_rows_of_one_name_are_added_up_and_of_the_most_the_most_counts():
    rows = [{"by": "a", "runs": 1, "most at once": 2}, {"by": "b", "runs": 5}, {"by": "a", "runs": 2, "most at once": 1}]
    assert summed(rows, "by") == [{"by": "a", "runs": 3, "most at once": 2}, {"by": "b", "runs": 5}]
