"""The benchmarks measure the same work: every contender removes the same rows. What they measure decides no test."""

import os
from collections.abc import Iterator

import pytest
from servers import ServerMissing, Servers

from benchmarks import detect, finders, peers
from benchmarks.billing import CUTOFF, HOUR_OF_FIRST_END, SHARES, Fate, Size, fate, mixed
from benchmarks.clock import Measured
from benchmarks.contest import CONTENDERS, Contest
from benchmarks.ground import Ground, ground
from benchmarks.oltp import latency
from benchmarks.tables import ratios

CARDS = 1000
AMONG = ("limit", "hand", "product", "pandas", "orm", "redact-limit", "redact-product")


@pytest.fixture(scope="module")
def built(servers: Servers) -> Iterator[Ground]:
    try:
        with ground(servers, "postgresql", Size(CARDS)) as made:
            yield made
    except ServerMissing as missing:
        pytest.skip(f"NOT TESTED: PostgreSQL: no server here ({missing})")


@pytest.mark.skipif(os.environ.get("CARDDATA_RELIABILITY") != "1", reason="half a minute, for benchmarks alone")
def test_every_contender_removes_the_same_rows(built: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "SAMPLE", 300)  # row by row takes its time
    contest = Contest(built)
    measured = {m.contender: m for m in contest.run(AMONG, rounds=1, apart=False)}
    assert contest.disagree == []
    assert set(measured) == set(AMONG)
    removed = {name: m.removed for name, m in measured.items()}
    assert removed["limit"] == removed["hand"] == removed["product"] == removed["pandas"]
    assert 0 < removed["orm"] < removed["limit"]
    assert removed["redact-limit"] == removed["redact-product"]
    assert 0.1 < removed["limit"] / CARDS < 0.2
    assert measured["product"].notes["sessions_that_removed"] == 1
    assert measured["product"].notes["nothing_due"]["removed"] == 0
    assert ratios(contest).row_count == len(AMONG)


def test_who_removes_too_little_is_named(built: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(_task: object, _measured: Measured) -> None:
        """A contender that does nothing is the fastest of all."""

    monkeypatch.setitem(CONTENDERS, "idle", type(CONTENDERS["limit"])("idle", "cards", idle))
    contest = Contest(built)
    for _ in contest.run(("limit", "idle"), rounds=1, apart=False):
        pass
    assert len(contest.disagree) == 1
    assert contest.disagree[0].startswith("idle: ")


def test_the_data_are_the_same_every_time() -> None:
    assert [mixed(n) for n in (1, 2, 3)] == [mixed(n) for n in (1, 2, 3)]
    assert sum(permille for _, permille in SHARES) == 1000
    assert 0.13 < sum(fate(c) is Fate.DUE for c in range(20_000)) / 20_000 < 0.16
    assert HOUR_OF_FIRST_END < CUTOFF


def test_a_latency_belongs_to_the_moment_it_should_have_begun() -> None:
    samples = [(float(n), 0.001) for n in range(100)] + [(50.0, 0.8), (60.0, -1.0), (200.0, 9.0)]
    found = latency("x", samples, 0.0, 100.0)
    assert (found.transactions, found.failed) == (101, 1)
    assert (found.p50_ms, found.p99_ms, found.max_ms) == (1.0, 1.0, 800.0)


def test_finders_are_compared_on_the_same_text_and_the_missing_are_named() -> None:
    compared = detect.Comparison().run(40, {"product": finders.product, "regex": finders.regex, "nobody": None})
    assert compared.missing == ["nobody"]
    every = {name for name, _ in detect.parts(1)}
    assert {name: set(parts) for name, parts in compared.scores.items()} == {"product": every, "regex": every}
    wanted = {name: [score.wanted for score in parts.values()] for name, parts in compared.scores.items()}
    assert wanted["product"] == wanted["regex"]
    assert compared.scores["product"]["decoys"].wrong == 0 < compared.scores["regex"]["decoys"].wrong
    assert [table.row_count for table in compared.tables()] == [2] * len(wanted["product"])
