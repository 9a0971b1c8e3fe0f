"""The judge in a process of its own says what it would say in ours, and a judge who is lost lets nothing through."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from billing import generate
from nightly import AS_OF, build
from test_quality import columns_of

from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.gate import judge_apart
from carddata_retention.quality import Question, judge_all


def questions(**wrong: int) -> list[Question]:
    counts = dict.fromkeys(columns_of("target"), 0) | {"rows": 7} | wrong
    return [Question("target", counts, "cards")]


def children() -> set[int]:
    """The processes that this one has started and that have not ended."""
    return {int(n) for task in Path("/proc/self/task").iterdir() for n in (task / "children").read_text().split()}


def test_the_judge_over_there_says_what_it_says_here_and_is_gone_then():
    asked, before = questions(key_duplicates=1), children()
    assert judge_apart()(asked, None) == judge_all(asked, None)
    assert children() == before


def test_a_suite_that_is_misspelt_is_told_as_it_is_told_here(tmp_path):
    (tmp_path / "target.json").write_text("{}")
    told = []
    for judge in (judge_all, judge_apart()):
        with pytest.raises(ConfigError) as wrong:
            judge(questions(), tmp_path)
        told.append((type(wrong.value), str(wrong.value), wrong.value.as_json()))
    assert told[0] == told[1]


def test_a_judge_who_is_lost_lets_nothing_through():
    before = children()
    judge = judge_apart()
    (over_there,) = children() - before
    os.kill(over_there, signal.SIGKILL)
    with pytest.raises(BlindError) as lost:
        judge(questions(), None)
    assert lost.value.code == "gate_blind"


def test_where_no_process_can_be_started_the_night_judges_in_its_own(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert judge_apart()(questions(key_duplicates=1), None) == judge_all(questions(key_duplicates=1), None)


def test_a_night_loads_no_great_expectations_into_its_own_process(sqlite_database, tmp_path):
    build(sqlite_database, tmp_path, generate(AS_OF, size=20))
    probe = (
        "import sys, carddata_retention.cli as cli\n"
        f"sys.argv = ['x', 'run', '--as-of', '{AS_OF}', '--config', {str(tmp_path / 'retention.toml')!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as left: print('LEFT', left.code, [m for m in ('numpy', 'pandas', 'great_expectations') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert told.stdout.splitlines()[-1] == "LEFT 0 []"


def test_a_judge_ends_with_the_night_that_was_killed():
    probe = ("import os, signal\nfrom test_gate import children\nfrom carddata_retention.gate import judge_apart\n"
             "judge_apart()\nprint(*children(), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)")
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False,
                          cwd=Path(__file__).parent)
    process = Path("/proc") / told.stdout.strip()
    assert process.name.isdigit()
    patience = time.monotonic() + 60
    while process.exists() and time.monotonic() < patience:
        time.sleep(0.05)
    assert not process.exists()
