"""The front door as a user stands before it: true exit codes, data on stdout and the rest on stderr.

Real processes where the process is the matter: what it loads, where its streams lead, how it ends. What a command
says is asked in this one, which has the gate loaded already.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from billing import generate
from nightly import AS_OF
from small_house import lean

from carddata_retention.cli import app
from carddata_retention.cli.front import COMMANDS

HEAVY = ("pandas", "great_expectations", "sqlalchemy", "numpy", "jinja2")


def carddata(*arguments, cwd=None, stdin=None, **environment):
    """Run the installed command line without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "carddata_retention.cli", *map(str, arguments)], cwd=cwd, input=stdin, text=True,
        capture_output=True, env={**os.environ, **environment}, check=False,
    )


def test_help_lists_every_command_in_the_order_in_which_people_meet_them():
    made = {c.name or c.callback.__name__ for c in app.registered_commands} | {g.name for g in app.registered_groups}

    assert set(COMMANDS) == made
    shown = [line.split()[0] for line in carddata("--help").stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert [word for word in shown if word in COMMANDS] == list(COMMANDS)


def test_help_imports_nothing_heavy():
    probe = (
        "import sys, carddata_retention.cli as cli\n"
        f"for command in {COMMANDS!r}:\n"
        "    sys.argv = ['x', command, '--help']\n"
        "    try: cli.main()\n"
        "    except SystemExit as left: assert left.code == 0, command\n"
        f"    print('LOADED', command, [m for m in {HEAVY!r} if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert [line for line in told.stdout.splitlines() if line.startswith("LOADED")] == [
        f"LOADED {command} []" for command in COMMANDS], told.stderr
    assert told.stdout.count("Usage:") == len(COMMANDS)


def test_a_look_that_needs_no_gate_never_loads_pandas_or_great_expectations(sqlite_database, tmp_path):
    house = lean(sqlite_database, tmp_path, generate(AS_OF, size=20))
    house.night()
    looks = [["check"], ["verify", "--as-of", str(AS_OF)], ["explain", "payments", "1"], ["discover"]]
    probe = (
        "import sys, carddata_retention.cli as cli\n"
        f"for look in {looks!r}:\n"
        f"    sys.argv = ['x', *look, '--config', {str(tmp_path / 'retention.toml')!r}]\n"
        "    try: cli.main()\n"
        "    except SystemExit as left: assert left.code == 0, look\n"
        "    print('LOADED', look[0], [m for m in ('pandas', 'great_expectations') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert [line for line in told.stdout.splitlines() if line.startswith("LOADED")] == [
        "LOADED check []", "LOADED verify []", "LOADED explain []", "LOADED discover []"], told.stderr


def identities_hold(night, told):
    assert (told, night["exit_code"], night["verdict"], night["mode"]) == (0, 0, "clean", "run")
    assert "error" not in night
    for target in night["targets"]:
        parts = ("blank", "held", "requested", "active", "undetermined", "retained", "overdue", "due")
        assert target["population"] == sum(target[p] for p in parts)
        assert target["purged"] + target["skipped"] + target["failed"] == (
            target["requested"] + target["overdue"] + target["due"]) > 0
        assert target["remaining_due"] == target["arrived"] == target["residue"] == 0
        assert sum(target["undetermined_reasons"].values()) == target["undetermined"]
    assert {"plan", "gate", "purge", "verify", "report", "longest_transaction"} <= night["timings_s"].keys()
    assert all(Path(path).is_file() for path in night["artefacts"])


def test_one_json_object_on_stdout_and_its_identities_hold(database, tmp_path, answer):
    lean(database, tmp_path, generate(AS_OF, size=60))
    told, out, _ = answer("run", "--as-of", AS_OF, "--json", "--config", tmp_path / "retention.toml")
    identities_hold(json.loads(out), told)


def test_a_process_without_a_terminal_says_one_json_object_and_shows_no_progress_line(sqlite_database, tmp_path):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    told = carddata("run", "--as-of", AS_OF, "--json", "--config", tmp_path / "retention.toml")
    identities_hold(json.loads(told.stdout), told.returncode)
    assert "█" not in told.stderr + told.stdout
    assert "\r" not in told.stderr


def test_a_plan_gives_null_for_what_it_did_not_do(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    _, out, _ = answer("plan", "--as-of", AS_OF, "--json", "--config", tmp_path / "retention.toml")
    for target in json.loads(out)["targets"]:
        assert [target[w] for w in ("purged", "skipped", "failed", "arrived")] == [None] * 4
        assert target["remaining_due"] == target["requested"] + target["overdue"] + target["due"]


def test_every_exit_of_ten_and_above_carries_an_error_with_a_cure(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60), limits={"first_run": "approve"})
    told, out, _ = answer("run", "--as-of", AS_OF, "--json", "--config", tmp_path / "retention.toml")
    night = json.loads(out)
    assert told == night["exit_code"] == 30
    assert night["error"]["code"] == "first_run"
    assert set(night["error"]) == {"code", "cause", "not_done", "cure"}
    assert all(night["error"].values())


def test_a_configuration_that_is_not_there_is_a_lesson_and_exit_40(tmp_path):
    told = carddata("run", "--json", cwd=tmp_path)
    answer = json.loads(told.stdout)
    assert (told.returncode, answer["exit_code"], answer["error"]["code"]) == (40, 40, "config_not_found")
    assert "config_not_found" in told.stderr


@pytest.mark.parametrize("arguments", [["run", "--bogus"], ["run", "--as-of", "yesterday"], ["deadline"], ["fly"]])
def test_a_wrong_word_is_exit_2(arguments, tmp_path, monkeypatch, answer):
    monkeypatch.chdir(tmp_path)
    assert answer(*arguments)[0] == 2


def test_a_wrong_word_is_exit_2_of_the_process(tmp_path):
    assert carddata("fly", cwd=tmp_path).returncode == 2


def test_a_second_demo_in_the_same_folder_refuses_instead_of_mixing(tmp_path):
    (tmp_path / "demo").mkdir()
    told = carddata("demo", "--cards", "100", cwd=tmp_path)
    assert told.returncode == 2
    assert "demo_exists" in told.stderr


def test_the_configuration_is_found_by_the_environment(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=20))
    assert answer("check", CARDDATA_CONFIG=str(tmp_path / "retention.toml"))[0] == 0


def test_without_a_terminal_a_night_is_told_without_a_progress_line(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    told, out, err = answer("run", "--as-of", AS_OF, "--config", tmp_path / "retention.toml")
    assert told == 0
    assert "exit 0" in out
    assert "█" not in err + out
    assert "\r" not in err


def test_a_narrow_terminal_wraps_between_words(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    _, out, _ = answer("plan", "--as-of", AS_OF, "--config", tmp_path / "retention.toml", COLUMNS="50")
    body = [line for line in out.splitlines() if line.startswith("  ")]
    assert len(body) > 10
    assert max(map(len, body)) <= 50


def test_the_report_is_told_again_from_the_ledger(sqlite_database, tmp_path, answer):
    house = lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    night = house.night()
    first = Path(next(a for a in night.artefacts if a.endswith(".json"))).read_bytes()
    for artefact in night.artefacts:
        Path(artefact).unlink()
    told = carddata("report", "--run", night.run_id, "--config", tmp_path / "retention.toml")
    assert told.returncode == 0, told.stderr
    again = Path(next(p for p in told.stdout.split() if p.endswith(".json"))).read_bytes()
    before, after = json.loads(first), json.loads(again)
    assert {k: v for k, v in after.items() if k != "timings_s"} == {k: v for k, v in before.items() if k != "timings_s"}
    assert answer("report", "--run", "nobody", "--config", tmp_path / "retention.toml")[0] == 2


# An answer that nobody gets


def unheard(arguments, redirection, cwd):
    command = " ".join([sys.executable, "-m", "carddata_retention.cli", *arguments, redirection])
    return subprocess.run(["/bin/sh", "-c", command], cwd=cwd, capture_output=True, text=True, check=False)


def lost(told, redirection):
    assert told.returncode == 40, told.stderr
    assert "2>&-" in redirection or "output_lost" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(("form", "redirection"), [("--json", ">/dev/full"), ("--json", "<&- >&- 2>&-")])
def test_a_night_whose_answer_is_lost_is_done_and_recorded_and_is_no_0(sqlite_database, tmp_path, redirection, form):
    house = lean(sqlite_database, tmp_path, generate(AS_OF, size=60))

    lost(unheard(["run", "--as-of", str(AS_OF), form], redirection, tmp_path), redirection)

    assert house.execute("SELECT verdict FROM carddata_run") == [("clean",)]
    assert house.execute("SELECT count(*) FROM carddata_tombstone")[0][0] > 0
    assert house.execute("PRAGMA integrity_check") == [("ok",)]


def test_a_look_in_plain_words_at_a_closed_stdout_is_no_0_either(sqlite_database, tmp_path):
    house = lean(sqlite_database, tmp_path, generate(AS_OF, size=60))
    house.night()
    assert house.verify(AS_OF).exit_code == 0

    lost(unheard(["verify", "--as-of", str(AS_OF)], ">&-", tmp_path), ">&-")

    assert house.execute("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_code_that_says_something_stays_what_it_is(tmp_path, redirection):
    assert unheard(["deadline", "no-day"], redirection, tmp_path).returncode == 2
    (tmp_path / "retention.toml").write_text("[policy]")
    assert unheard(["run", "--json"], redirection, tmp_path).returncode == 40


def test_a_report_that_cannot_be_written_says_first_what_to_do_about_the_folder(sqlite_database, tmp_path, answer):
    lean(sqlite_database, tmp_path, generate(AS_OF, size=60), report={"directory": "/proc/nowhere"})

    told, out, _ = answer("run", "--as-of", AS_OF, "--json", "--config", tmp_path / "retention.toml")

    error = json.loads(out)["error"]
    assert (told, error["code"]) == (20, "report_unwritable")
    assert "/proc/nowhere" in error["cure"].split(";")[0]
