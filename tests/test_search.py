"""The search of raw files for values that should be gone: what is there is found, in whatever encoding, and never told."""

import json
import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from carddata_retention.errors import BlindError, UsageError
from carddata_retention.remanence.search import search

VALUES = ("山田 太郎 canary", "tok_canary_7f3a")
LINES = [value.encode() for value in VALUES]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp932"])
def test_a_value_is_found_in_each_encoding_and_counted_by_file(tmp_path, encoding):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"\0" * 5000 + "".join(VALUES).encode(encoding) * 3)
    (tmp_path / "b").write_bytes(b"nothing of it")
    (tmp_path / "empty").touch()
    looked = search(tmp_path, [f"{value}\n".encode() for value in VALUES])
    assert [(f.file, f.count) for f in looked.found] == [("deep/a", 6)]
    assert (looked.files, looked.values) == (3, 2)


@pytest.mark.parametrize("values", [[], [b"\n"], [b"short"], [*LINES, b"abc"]])
def test_values_that_would_stand_anywhere_are_refused(tmp_path, values):
    with pytest.raises(UsageError) as refused:
        search(tmp_path, values)
    assert refused.value.code == "search_values"


def test_what_a_link_leads_to_is_searched_too_and_once(tmp_path):
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    elsewhere.mkdir()
    data.mkdir()
    (elsewhere / "wal").write_bytes(LINES[1])
    (data / "pg_wal").symlink_to(elsewhere)
    (data / "round").symlink_to(data)
    assert [(f.file, f.count) for f in search(data, LINES).found] == [("pg_wal/wal", 1)]


def test_bytes_of_another_encoding_are_searched_as_they_are(tmp_path):
    value = "山田 太郎".encode("euc-jp")
    (tmp_path / "heap").write_bytes(value)
    assert search(tmp_path, [value]).found[0].count == 1


def test_an_empty_directory_is_not_said_to_be_clean(tmp_path):
    with pytest.raises(BlindError) as blind:
        search(tmp_path, LINES)
    assert blind.value.code == "nothing_searched"


def test_a_directory_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        search(tmp_path / "nowhere", LINES)
    assert refused.value.code == "search_directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_never_said_to_be_clean(tmp_path):
    (tmp_path / "locked").write_bytes(b"x")
    (tmp_path / "locked").chmod(0)
    with pytest.raises(BlindError) as blind:
        search(tmp_path, LINES)
    assert blind.value.code == "file_unreadable"


def verify_files(folder, *options):
    return subprocess.run([sys.executable, "-m", "carddata_retention.cli", "verify", "--files", str(folder), *options],
                          input="\n".join(VALUES), text=True, capture_output=True, check=False)


def test_sqlite_without_secure_delete_keeps_the_bytes_and_with_it_does_not(tmp_path):
    for secure, code in (("OFF", 20), ("ON", 0)):
        folder = tmp_path / secure
        folder.mkdir()
        engine = sa.create_engine(f"sqlite:///{folder / 'billing.db'}", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA secure_delete = {secure}")
            connection.exec_driver_sql("CREATE TABLE cards (holder TEXT, token TEXT)")
            connection.exec_driver_sql("INSERT INTO cards VALUES (?, ?)", VALUES)
            connection.commit()
            connection.exec_driver_sql("DELETE FROM cards")
            connection.commit()
        done = verify_files(folder, "--json")
        said = json.loads(done.stdout)
        assert (done.returncode, said["exit_code"], bool(said["found"])) == (code, code, bool(code))
        assert not any(value in done.stdout + done.stderr for value in VALUES)


def test_people_are_told_the_files_and_not_the_values(tmp_path):
    (tmp_path / "heap").write_bytes(VALUES[1].encode())
    done = verify_files(tmp_path)
    assert (done.returncode, "heap" in done.stdout, VALUES[1] in done.stdout) == (20, True, False)
    assert "value_on_disk" in done.stderr
