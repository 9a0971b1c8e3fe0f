"""The auditor's verifier on evidence that a night has written, and on every way to tamper with it."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nightly import AS_OF
from small_house import come_anew, small_house

import carddata_retention.verifier
from carddata_retention.errors import BrokenError, UsageError
from carddata_retention.keys import EvidenceKey, load_key, rotate
from carddata_retention.proofs import prove
from carddata_retention.verifier import form
from carddata_retention.verifier.check import check_folder, check_proof

NIGHTS = 3


@pytest.fixture(scope="module")
def evidence(tmp_path_factory, servers):
    """The folder and the key of three nights, the key changed after the second."""
    folder = tmp_path_factory.mktemp("evidence")
    with servers.database("sqlite") as database:
        house = small_house(database, folder)
        for n in range(NIGHTS):
            before = house.rows("cards")
            assert house.night(as_of=AS_OF + timedelta(days=n - NIGHTS)).exit_code == 0
            come_anew(house, before, 100_000 * (n + 1))
            if n == 1:
                rotate(house.config.path(house.config.evidence.key_file))
        key = load_key(house.config.path(house.config.evidence.key_file), create=False)
        return house.config.path(house.config.evidence.directory), key


@pytest.fixture
def copy(evidence, tmp_path):
    shutil.copytree(evidence[0], tmp_path / "copy", ignore=shutil.ignore_patterns("spool"))
    return tmp_path / "copy"


def keys(evidence) -> dict[str, str]:
    key: EvidenceKey = evidence[1]
    return key.publics()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def with_most(folder: Path) -> Path:
    return max(files(folder), key=lambda path: path.stat().st_size)


def complaints(folder: Path, evidence, until: str | None = None) -> list:
    return check_folder(folder, keys(evidence), until).complaints


def test_what_a_night_writes_holds(evidence, copy):
    checked = check_folder(copy, keys(evidence))
    assert checked.complaints == []
    assert checked.files == NIGHTS
    assert checked.tombstones > 20
    assert form.read_keys(copy / form.KEYS) == keys(evidence)


def test_any_changed_line_is_found_and_named(evidence, copy):
    path = with_most(copy)
    lines = path.read_bytes().splitlines(keepends=True)
    for at, line in enumerate(lines):
        changed = bytearray(line)
        place = line.index(b":") + 2
        changed[place] = ord("7") if chr(changed[place]) != "7" else ord("8")
        path.write_bytes(b"".join([*lines[:at], bytes(changed), *lines[at + 1:]]))
        assert (path.name, at + 1) in {c[:2] for c in complaints(copy, evidence)}, line
    path.write_bytes(b"".join(lines))
    assert complaints(copy, evidence) == []


def test_any_removed_line_is_found_where_it_stood(evidence, copy):
    path = with_most(copy)
    lines = path.read_bytes().splitlines(keepends=True)
    for at in range(len(lines)):
        path.write_bytes(b"".join([*lines[:at], *lines[at + 1:]]))
        found = [c.line for c in complaints(copy, evidence) if c.file == path.name]
        assert (at + 1 if at + 1 < len(lines) else at) in found, lines[at]


def test_any_two_lines_that_changed_places_are_found(evidence, copy):
    path = with_most(copy)
    lines = path.read_bytes().splitlines(keepends=True)
    for at in range(len(lines) - 1):
        path.write_bytes(b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2:]]))
        found = [c.line for c in complaints(copy, evidence) if c.file == path.name]
        assert {at + 1, at + 2} & set(found), lines[at]


def test_an_added_tombstone_is_found(evidence, copy):
    path = with_most(copy)
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"kind":"tombstone"' in line)
    path.write_bytes(b"".join([*lines[:at], lines[at], *lines[at:]]))
    assert any(c.line == at + 2 and "twice" in c.what for c in complaints(copy, evidence))


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_file_that_was_cut_off_is_found(evidence, copy, cut):
    path = with_most(copy)
    lines = path.read_bytes().count(b"\n")
    path.write_bytes(path.read_bytes()[:-cut])
    assert (path.name, lines) in {c[:2] for c in complaints(copy, evidence)}


def rewritten(path: Path, change) -> None:
    """The file as somebody writes it who knows its form, but not the key: every check, the root and the seal anew."""
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    for entry in entries:
        entry.pop("check")
    change(entries)
    run = {k: v for k, v in entries[0].items() if k not in ("kind", "format")}
    batches = {(e["target"], e["batch_no"]): e for e in entries if e["kind"] == "batch"}
    tree = form_tree(run, batches, entries)
    facts = form.run_digest(run, [(*place, form.digest({k: v for k, v in b.items() if k != "kind"}))
                                  for place, b in batches.items()])
    head = form.head(run, facts, tree.size, tree.root(), entries[-1]["previous"])
    entries[-1] |= {**head, "seal": form.seal(head)}
    check, out = "", b""
    for entry in entries:
        text, check = form.line(check, entry)
        out += text
    path.write_bytes(out)


def form_tree(run, batches, entries):
    from carddata_retention.verifier.merkle import Tree, leaf_hash

    tree = Tree()
    for entry in entries:
        if entry["kind"] == "tombstone":
            tree.add(leaf_hash(form.leaf(run, batches[entry["target"], entry["batch_no"]], entry)))
    return tree


@pytest.mark.parametrize("change", [
    lambda entries: entries[0].update(os_user="somebody else"),
    lambda entries: next(e for e in entries if e["kind"] == "batch").update(removed_at="2001-01-01T00:00:00Z"),
    lambda entries: next(e for e in entries if e["kind"] == "tombstone").update(status="requested"),
    lambda entries: next(e for e in entries if e["kind"] == "tombstone").update(reference="0" * 32),
])
def test_evidence_that_was_written_anew_without_the_key_is_found_by_its_signature(evidence, copy, change):
    path = with_most(copy)
    rewritten(path, lambda entries: None)
    assert complaints(copy, evidence) == []
    rewritten(path, change)
    assert any("signature" in c.what for c in complaints(copy, evidence))


@pytest.mark.parametrize("change", [
    lambda head: head.pop("signature"), lambda head: head.update(signature=5), lambda head: head.pop("key_id"),
    lambda head: head.update(key_id=None),
])
def test_a_head_without_a_signature_is_never_taken_for_one_that_has_it(evidence, copy, change):
    for path in files(copy):
        rewritten(path, lambda entries: change(entries[-1]))
    assert {c.file for c in complaints(copy, evidence)} >= {path.name for path in files(copy)}


@pytest.mark.parametrize("kind", ["tombstone", "deadline", "head"])
def test_a_member_that_nobody_seals_is_found(evidence, copy, kind):
    path = with_most(copy)
    rewritten(path, lambda entries: next(e for e in entries if e["kind"] == kind).update(kept_by_bank="4111"))
    assert any("more or less" in c.what for c in complaints(copy, evidence))


@pytest.mark.parametrize("line", [
    b"", b"[]", b"{}", b'{"kind":7}', b'{"kind":"batch"}', b'{"kind":"tombstone","digest":1}', b'{"kind":"run","format":3}',
    b'{"a":"\\ud800","kind":"run"}', b"[" * 100_000, b'{"kind":"head","number":1e999}', b'{"kind":"batch","target":1,"batch_no":[]}',
    b"\x1b[2Jeverything holds", b"\xff\xfe",
])
def test_whatever_stands_in_a_file_it_is_a_complaint_and_no_crash(evidence, copy, line):
    path = with_most(copy)
    body = line[:-1] if line.endswith(b"}") else line
    check = form.check_of("", line)
    path.write_bytes(body + f',"check":"{check}"}}\n'.encode())
    found = [c for c in complaints(copy, evidence) if c.file == path.name]
    assert found
    assert all(c.what.isprintable() for c in found)


def test_a_folder_or_a_file_that_cannot_be_read_is_a_complaint(evidence, copy):
    (copy / "x.jsonl").mkdir()
    assert any(c.file == "x.jsonl" and "cannot be read" in c.what for c in complaints(copy, evidence))


def test_a_removed_file_is_found_and_the_last_one_by_the_seal_of_a_report(evidence, copy):
    heads = sorted((json.loads(p.read_bytes().splitlines()[-1]) | {"path": p} for p in files(copy)),
                   key=lambda head: head["number"])
    last = heads[-1]["seal"]
    heads[1]["path"].unlink()
    assert any("run 2 is missing" in c.what for c in complaints(copy, evidence))
    shutil.copy(evidence[0] / heads[1]["path"].name, copy)
    heads[2]["path"].unlink()
    assert complaints(copy, evidence) == []
    assert any(last in c.what for c in complaints(copy, evidence, until=last))
    assert complaints(copy, evidence, until=heads[1]["seal"]) == []


def test_a_key_that_is_not_trusted_signs_nothing(evidence, copy):
    key: EvidenceKey = evidence[1]
    found = check_folder(copy, {key.key_id: key.public}).complaints
    assert len(found) == 2
    assert all("not among the trusted keys" in c.what for c in found)


def references(folder: Path) -> list[str]:
    return [json.loads(line)["reference"] for path in files(folder) for line in path.read_bytes().splitlines()
            if b'"kind":"tombstone"' in line]


def test_each_removed_record_can_be_proved_and_the_proof_names_no_other(evidence, copy):
    every = references(copy)
    for reference in every:
        proof = prove(reference, copy)
        assert check_proof(proof, keys(evidence)) == []
        assert proof["record"]["reference"] == reference
        assert proof["record"]["removed_at"][:10] == f"{datetime.now(UTC):%Y-%m-%d}"
        assert [other for other in every if other in json.dumps(proof)] == [reference]


def test_a_proof_of_which_anything_was_changed_does_not_hold(evidence, copy):
    proof = prove(references(copy)[3], copy)
    for part, names in (("record", proof["record"]), ("head", proof["head"]), (None, ["index", "seal", "key_id",
                                                                                       "signature", "path"])):
        for name in names:
            changed = json.loads(json.dumps(proof))
            place = changed[part] if part else changed
            place[name] = place[name][1:] if isinstance(place[name], list) else f"{place[name]}0" \
                if isinstance(place[name], str) else 10**6
            assert check_proof(changed, keys(evidence)) != [], (part, name)
    assert check_proof({}, keys(evidence)) != []


def test_a_record_that_nobody_removed_cannot_be_proved(copy):
    with pytest.raises(UsageError) as unknown:
        prove("0" * 32, copy)
    assert unknown.value.code == "unknown_reference"


def test_evidence_that_does_not_hold_bears_no_proof(copy):
    reference = references(copy)[3]
    path = next(p for p in files(copy) if reference.encode() in p.read_bytes())
    rewritten(path, lambda entries: entries[0].update(os_user="somebody else"))
    with pytest.raises(BrokenError):
        prove(reference, copy)


def test_the_verifier_works_alone_on_a_machine_without_the_product(evidence, copy, tmp_path):
    shutil.copytree(Path(carddata_retention.verifier.__file__).parent, tmp_path / "alone" / "verifier",
                    ignore=shutil.ignore_patterns("__pycache__"))
    probe = ("import sys; sys.path.insert(0, sys.argv.pop(1)); sys.modules['carddata_retention'] = None\n"
             "from verifier.__main__ import main; sys.exit(main())")

    def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-I", "-c", probe, str(tmp_path / "alone"), *arguments],
                              capture_output=True, text=True, check=False)

    good = alone(str(copy))
    assert (good.returncode, "everything holds" in good.stdout) == (0, True), good.stderr
    (tmp_path / "proof.json").write_text(json.dumps(prove(references(copy)[0], copy)))
    proved = alone(str(tmp_path / "proof.json"), "--keys", str(copy / "keys.json"))
    assert (proved.returncode, "everything holds" in proved.stdout) == (0, True), proved.stderr
    with_most(copy).write_bytes(with_most(copy).read_bytes()[:-5])
    assert alone(str(copy)).returncode == 50
    (tmp_path / "empty").mkdir()
    nothing = alone(str(tmp_path / "empty"))
    assert (nothing.returncode, "holds" in nothing.stdout) == (40, False)
