"""The evidence key: made once, whole, for its owner alone; a damaged one is never taken and never written over."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from carddata_retention.errors import BlindError
from carddata_retention.keys import EvidenceKey, load_key, rotate

ZERO = base64.b64encode(bytes(32)).decode()
GOOD = {"key_id": "k1", "hmac": ZERO, "ed25519": ZERO}


def test_the_first_run_makes_it_and_every_later_one_reads_the_same(tmp_path):
    path = tmp_path / "deep" / "evidence.key"

    made = load_key(path, create=True)

    assert len(made.secret) == 32
    assert load_key(path, create=True) == load_key(path, create=False) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["evidence.key"]


def test_of_first_runs_that_meet_all_have_one_key(tmp_path):
    with ThreadPoolExecutor(16) as many:
        keys = list(many.map(lambda _: load_key(tmp_path / "evidence.key", create=True), range(64)))

    assert len(set(keys)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.key"]


def test_its_bytes_are_not_in_its_own_words(tmp_path):
    key = load_key(tmp_path / "evidence.key", create=True)

    assert key.key_id in repr(key)
    assert repr(key.secret) not in repr(key)
    assert repr(key.signing) not in repr(key)


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"key_id": "k1"}', json.dumps(GOOD | {"hmac": ""}).encode(),
    json.dumps(GOOD | {"hmac": "not base64"}).encode(), json.dumps(GOOD | {"hmac": 7}).encode(),
    json.dumps(GOOD | {"hmac": base64.b64encode(bytes(31)).decode()}).encode(),
    json.dumps(GOOD | {"ed25519": ""}).encode(), json.dumps({"key_id": "k1", "hmac": ZERO}).encode(),
    json.dumps(GOOD | {"former": {"k0": ""}}).encode(), json.dumps(GOOD | {"former": {"k0": {"hmac": ZERO}}}).encode(),
    json.dumps(GOOD | {"former": {"k0": {"hmac": ZERO, "public": "AA=="}}}).encode(), json.dumps(GOOD | {"former": []}).encode(),
])
def test_a_damaged_key_is_not_taken_and_not_written_over(tmp_path, content):
    path = tmp_path / "evidence.key"
    path.write_bytes(content)
    path.chmod(0o600)

    for create in (True, False):
        with pytest.raises(BlindError) as wrong:
            load_key(path, create=create)
        assert (wrong.value.code, wrong.value.exit) == ("key_damaged", 40)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o606, 0o610])
def test_a_key_that_others_may_open_is_refused(tmp_path, mode):
    path = tmp_path / "evidence.key"
    load_key(path, create=True)
    path.chmod(mode)

    with pytest.raises(BlindError) as wrong:
        load_key(path, create=True)

    assert (wrong.value.code, wrong.value.cure) == ("key_open", "chmod 600 evidence.key")


def test_a_former_key_still_verifies_what_it_signed_and_a_lost_one_holds_nobody_up(tmp_path):
    path = tmp_path / "evidence.key"
    first = load_key(path, create=True)
    before, second = rotate(path)
    third = EvidenceKey("k3", bytes(32), b"3" * 32, {**second.former, "lost": None})

    assert before == first
    assert load_key(path, create=False) == second
    assert second.signs(first.key_id, first.sign("seal"), "seal")
    assert third.signs(first.key_id, first.sign("seal"), "seal")
    assert third.signs("k3", third.sign("seal"), "seal")
    assert third.signs("lost", "anything", "seal")
    assert not second.signs(first.key_id, first.sign("seal"), "another seal")
    assert not second.signs(first.key_id, second.sign("seal"), "seal")
    assert not second.signs("k4", second.sign("seal"), "seal")
    assert not second.signs(None, None, "seal")
    assert (second.secret_of(first.key_id), third.secret_of("lost")) == (first.secret, None)


def test_the_signing_half_of_a_former_key_is_gone_from_the_file(tmp_path):
    path = tmp_path / "evidence.key"
    first = load_key(path, create=True)
    rotate(path)

    assert base64.b64encode(first.secret).decode() in path.read_text()
    assert base64.b64encode(first.signing).decode() not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.key"]


def test_a_look_makes_no_key(tmp_path):
    with pytest.raises(BlindError) as wrong:
        load_key(tmp_path / "evidence.key", create=False)

    assert wrong.value.code == "key_missing"
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_made_is_a_taught_error(tmp_path):
    (tmp_path / "a file").touch()

    with pytest.raises(BlindError) as wrong:
        load_key(tmp_path / "a file" / "evidence.key", create=True)

    assert wrong.value.code in ("key_unwritable", "key_unreadable")
