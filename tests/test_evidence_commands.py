"""The commands of evidence as an auditor and a DBA type them; each in a process of its own, without a terminal."""

import json
import os
import stat
import subprocess
import sys

import pytest
from small_house import small_house


@pytest.fixture(scope="module")
def house(servers, tmp_path_factory):
    with servers.database("sqlite") as database:
        made = small_house(database, tmp_path_factory.mktemp("house"))
        assert made.night().exit_code == 0
        yield made


def carddata(house, *arguments):
    return subprocess.run([sys.executable, "-m", "carddata_retention.cli", *map(str, arguments)], cwd=house.folder,
                          text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=os.environ)


def answer(house, *arguments):
    done = carddata(house, *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def file_of(house):
    return next((house.folder / "evidence").glob("*.jsonl"))


def some_reference(house):
    lines = map(json.loads, file_of(house).read_text().splitlines())
    return next(line["reference"] for line in lines if line["kind"] == "tombstone")


def test_evidence_that_holds_is_0_and_its_counts_and_head_are_said(house):
    code, said = answer(house, "evidence", "verify")
    head = json.loads(file_of(house).read_text().splitlines()[-1])
    assert (code, said["exit_code"], said["complaints"]) == (0, 0, [])
    assert (said["runs"], said["tombstones"], said["head"]) == (1, head["tombstones"], head["seal"])
    assert list(said["keys"]) == [head["key_id"]]
    assert carddata(house, "evidence", "verify", "--head", head["seal"]).returncode == 0
    assert carddata(house, "evidence", "verify", "--head", "0" * 64).returncode == 50


def test_evidence_that_was_changed_is_50_and_names_the_line(house, tmp_path):
    text = file_of(house).read_text()
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / file_of(house).name).write_text(text.replace('"kind":"tombstone"', '"kind": "tombstone"', 1))
    line = next(n for n, one in enumerate(text.splitlines(), 1) if '"kind":"tombstone"' in one)

    code, said = answer(house, "evidence", "verify", "--dir", tmp_path / "e", "--keys", house.folder / "evidence/keys.json")

    assert (code, said["error"]["code"]) == (50, "evidence_changed")
    assert line in {c["line"] for c in said["complaints"]}


def test_a_folder_without_evidence_is_not_said_to_hold(house, tmp_path):
    assert carddata(house, "evidence", "verify", "--dir", tmp_path).returncode == 40
    assert carddata(house, "evidence", "verify", "--dir", tmp_path / "nowhere").returncode == 40


def test_keys_that_were_named_must_be_there(house, tmp_path):
    code, said = answer(house, "evidence", "verify", "--keys", tmp_path / "nowhere.json")
    assert (code, said["error"]["code"]) == (2, "keys_unreadable")


def test_what_is_no_reference_is_not_written_down(house):
    before = set((house.folder / "evidence").rglob("*.json"))
    code, said = answer(house, "resolve", "4111 1111 1111 1111")
    assert (code, said["error"]["code"], "4111" in json.dumps(said)) == (2, "reference_form", False)
    assert set((house.folder / "evidence").rglob("*.json")) == before


def test_keys_that_are_none_are_a_taught_error(house, tmp_path):
    (tmp_path / "keys.json").write_text("[]")
    code, said = answer(house, "evidence", "verify", "--keys", tmp_path / "keys.json")
    assert (code, said["error"]["code"]) == (2, "keys_unreadable")


def test_a_proof_is_written_for_its_owner_alone_and_verifies(house, tmp_path):
    proof = tmp_path / "proof.json"
    assert carddata(house, "evidence", "prove", some_reference(house), "--out", proof).returncode == 0
    assert stat.S_IMODE(proof.stat().st_mode) == 0o600
    assert carddata(house, "evidence", "verify", proof).returncode == 0
    told = json.loads(proof.read_text())
    told["record"]["removed_at"] = "2020-01-01T00:00:00Z"
    proof.write_text(json.dumps(told))
    assert carddata(house, "evidence", "verify", proof).returncode == 50
    assert carddata(house, "evidence", "prove", "f" * 32).returncode == 2


def test_a_file_that_is_missing_is_written_again_as_it_was(house):
    path, content = file_of(house), file_of(house).read_bytes()
    path.unlink()
    done = carddata(house, "evidence", "export")
    assert (done.returncode, done.stdout.strip()) == (0, str(path))
    assert path.read_bytes() == content
    assert carddata(house, "evidence", "export").stdout == ""


def test_a_reference_leads_back_to_its_record_and_that_is_noted(house):
    code, said = answer(house, "resolve", some_reference(house))
    assert (code, len(said["records"])) == (0, 1)
    record = said["records"][0]
    assert (record["purged_at"] is not None, record["target"] in ("cards", "payments")) == (True, True)
    before = set((house.folder / "evidence" / "spool").iterdir())
    assert carddata(house, "resolve", "f" * 32).returncode == 2
    noted = set((house.folder / "evidence" / "spool").iterdir()) - before
    assert [(json.loads(json.loads(p.read_text())["facts"])["found"], stat.S_IMODE(p.stat().st_mode)) for p in noted] == [(0, 0o600)]


def test_a_record_that_is_there_is_found_by_its_reference_too(house):
    key = str(house.rows("cards")[0][0])
    explained = answer(house, "explain", "cards", key)[1]
    found = answer(house, "resolve", explained["reference"])[1]["records"]
    assert [(r["target"], str(r["key"]), r["purged_at"]) for r in found] == [("cards", key, None)]


def test_what_cannot_be_noted_is_not_told(house, tmp_path):
    spool = house.folder / "evidence" / "spool"
    spool.mkdir(exist_ok=True)
    kept = spool.rename(tmp_path / "spool")
    spool.write_text("in the way")
    try:
        code, said = answer(house, "resolve", some_reference(house))
    finally:
        spool.unlink()
        kept.rename(spool)
    assert (code, said["error"]["code"], "records" in said) == (20, "event_unwritable", False)


def test_after_a_rotation_old_evidence_holds_and_old_references_are_known(house):
    reference = some_reference(house)
    assert carddata(house, "evidence", "rotate").returncode == 0
    assert carddata(house, "evidence", "verify").returncode == 0
    assert carddata(house, "verify").returncode in (0, 40)
    assert answer(house, "resolve", reference)[0] == 0
