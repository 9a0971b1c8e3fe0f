"""`discover` as a person and a script get it: the answer's shape, its exit codes, its words on a narrow terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from nightly import House
from servers import Database
from strange import told
from undeclared import Numbers, undeclared

SHAPE = {"place", "class", "count", "share", "confidence", "severity", "population", "advice"}


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    return undeclared(sqlite_database, tmp_path)


def test_the_answer_has_the_keys_that_scripts_rely_on(house, answer):
    code, out, _ = answer("discover", "--config", house.folder / "retention.toml", "--json")
    said = json.loads(out)
    assert code == said["exit_code"] == 30
    assert said["schema"] == 1
    assert {"run_id", "columns_scanned", "rows_scanned", "bytes_scanned", "timings_s", "findings"} <= set(said)
    assert set(said["timings_s"]) == {"fetch", "scan"}
    assert all(set(f) >= SHAPE and set(f["population"]) == {"card_shaped", "luhn_pass"} for f in said["findings"])
    assert said["error"]["code"] == "card_data_found"
    assert all(said["error"][word] for word in ("cause", "not_done", "cure"))
    among = next(f for f in said["findings"] if f["place"] == "main.cards.token" and f["class"] == "card-number")
    assert (among["count"], among["severity"], round(among["share"], 3)) == (3, "critical", 0.01)


def test_the_gravest_comes_first_and_no_line_is_wider_than_the_terminal(house, answer):
    code, out, _ = answer("discover", "--config", house.folder / "retention.toml", COLUMNS="60")
    before, _, after = out.partition("To paste into the configuration")
    assert code == 30
    assert [line for line in before.splitlines() if len(line) > 60 and " " in line[60:]] == []
    severities = [line.split(" · ")[0] for line in before.splitlines() if line.count(" · ") == 2]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert after.rstrip().splitlines()[-1].startswith("exit 30: ")


@pytest.mark.parametrize(("statements", "code"), [
    ((), 30), (("UPDATE cards SET token = NULL, cvv = NULL",), 0)])
def test_0_is_said_only_where_nothing_critical_stands(house, answer, statements, code):
    told(house.database, *statements)
    assert answer("discover", "--config", house.folder / "retention.toml")[0] == code


def test_what_is_not_card_data_is_not_found(house, answer):
    _, out, _ = answer("discover", "--config", house.folder / "retention.toml", "--json")
    places = {f["place"] for f in json.loads(out)["findings"]}
    assert not {p for p in places if p.endswith((".order_no", ".amount", ".small", ".id", ".note"))}


def test_references_are_those_of_the_evidence_key(house, answer):
    from carddata_retention import evidence
    from carddata_retention.keys import load_key

    path = house.folder / "retention.toml"
    assert "such as" not in answer("discover", "--config", path)[1]
    secret = load_key(house.config.path(house.config.evidence.key_file), create=True).secret
    _, out, _ = answer("discover", "--config", path, "--full", "--json")
    among = next(f for f in json.loads(out)["findings"] if f["place"] == "main.cards.token" and f["class"] == "card-number")
    assert among["examples"] == [evidence.reference(secret, "cards", str(n)) for n in (1, 2, 3)]


def test_files_are_read_instead_and_the_database_is_not_asked(house, answer, tmp_path):
    (tmp_path / "app.log").write_text("\n".join(f"カード番号 {Numbers(n).card()}" for n in range(50)), encoding="utf-8")
    told(house.database, "DROP TABLE numbers")
    code, out, _ = answer("discover", tmp_path / "app.log", "--config", house.folder / "retention.toml", "--json")
    said = json.loads(out)
    assert code == 0
    assert [(f["place"], f["class"], f["count"]) for f in said["findings"]] == [
        ((tmp_path / "app.log").as_posix(), "card-number", 50)]


@pytest.mark.parametrize(("spoil", "code"), [("sqlite:///gone.db", "database_missing"), ("oracle://x", "config_dialect")])
def test_a_database_that_cannot_be_read_is_40_with_its_cure(house, answer, spoil, code):
    path: Any = house.folder / "spoilt.toml"
    path.write_text((house.folder / "retention.toml").read_text(encoding="utf-8").replace(house.database.url, spoil), encoding="utf-8")
    left, out, _ = answer("discover", "--config", path, "--json")
    assert (left, json.loads(out)["error"]["code"]) == (40, code)
