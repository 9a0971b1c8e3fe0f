"""Discovery as a part of the night: found apart, judged by the gate, told in every format, and never in the way."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nightly import House
from servers import Database
from small_house import small_gate
from strange import ONE_EACH, told
from undeclared import undeclared

from carddata_retention import nightly_discovery
from carddata_retention.afterwards import report_again
from carddata_retention.config import load
from carddata_retention.errors import BlindError
from carddata_retention.report.count_sheets import discovered
from carddata_retention.report.json_schema import night_schema

SUITE = {"discovery": {"discovery_critical", "discovery_undeclared", "discovery_not_read", "discovery_suppression_expired"}}


def house_with(database: Database, folder: Path, more: str, **sections: Any) -> House:
    house = undeclared(database, folder, limits={"first_run": "allow"}, **sections)
    told(database, "INSERT INTO services VALUES (1, 1, NULL)")
    small_gate(folder, ONE_EACH | SUITE)
    path = folder / "retention.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return replace(house, config=load(path))


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    return house_with(sqlite_database, tmp_path, "\n[discovery]\nnightly_minutes = 5\n")


def test_what_discovery_finds_stands_in_the_night_is_judged_and_stops_nothing(house):
    import jsonschema

    night = house.night()
    assert {"cvv", "card-number"} <= {f.kind for f in night.discovered}
    judged = {q.id: q.passed for q in night.quality if q.target == "[discovery]"}
    assert judged == {"discovery_critical": False, "discovery_undeclared": False, "discovery_not_read": True,
                      "discovery_suppression_expired": True}
    assert {f.id for f in night.findings} >= {"discovery_critical", "discovery_undeclared"}
    assert night.exit_code == 0
    page = next(Path(p) for p in night.artefacts if p.endswith("night.json"))
    whole = json.loads(page.read_text(encoding="utf-8"))
    assert ("main.cards.cvv", "critical") in [(f["place"], f["severity"]) for f in whole["discovery"]]
    jsonschema.validate(whole, night_schema())
    (table,) = discovered(night)
    assert len(table.rows) == len(night.discovered)
    page.unlink()
    again = next(Path(p) for p in report_again(house.config, datetime.now(UTC), None) if str(p).endswith("night.json"))
    assert json.loads(again.read_text(encoding="utf-8"))["discovery"] == whole["discovery"]


def test_it_goes_on_from_night_to_night(house):
    house.night()
    remembered = (house.folder / "evidence" / "discovery.json").read_text(encoding="utf-8")
    assert '"upto"' in remembered
    told(house.database, "UPDATE cards SET token = NULL, cvv = NULL")
    assert not [f for f in house.night().discovered if f.severity == "critical"]


def test_a_night_without_it_is_as_it_was(sqlite_database, tmp_path):
    house = house_with(sqlite_database, tmp_path, "")
    night = house.night()
    assert night.discovered == ()
    assert not (tmp_path / "evidence" / "discovery.json").exists()
    page = next(Path(p) for p in night.artefacts if p.endswith("night.json"))
    assert "discovery" not in json.loads(page.read_text(encoding="utf-8"))


def test_a_discovery_that_cannot_read_is_a_finding_of_a_night_that_goes_on(sqlite_database, tmp_path, monkeypatch):
    monkeypatch.setenv("DISCOVER_URL", "sqlite:///gone.db")
    house = house_with(sqlite_database, tmp_path, "\n[discovery]\nnightly_minutes = 5\n")
    path = tmp_path / "retention.toml"
    text = path.read_text(encoding="utf-8").replace("[database]\n", '[database]\ndiscover_url_env = "DISCOVER_URL"\n')
    path.write_text(text, encoding="utf-8")
    house = replace(house, config=load(path))
    assert house.config.database.discover_url_env
    night = house.night()
    assert night.exit_code == 0
    assert "discovery_failed" in {f.id for f in night.findings}


def test_one_that_dies_is_told_and_not_waited_for(house, monkeypatch):
    monkeypatch.setattr(nightly_discovery, "_BEGINNING", "raise SystemExit(3)")
    with pytest.raises(BlindError) as lost:
        nightly_discovery.apart(house.config, None)()
    assert lost.value.code == "discovery_lost"
