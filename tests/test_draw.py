"""The auditor's sample: who is drawn, that nobody can choose, and that anybody can draw again."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from nightly import AS_OF
from servers import DIALECTS
from small_house import small, small_house

from carddata_retention.sampling import EACH, places
from carddata_retention.sealed import Stratum


@pytest.fixture(scope="module", params=[pytest.param(d, marks=pytest.mark.xdist_group(f"draw-{d}")) for d in DIALECTS])
def drawn_from(request, lasting_database, tmp_path_factory):
    """A house and its one night, for what only reads what was drawn."""
    house = small_house(lasting_database(request.param), tmp_path_factory.mktemp(request.param), small(300))
    return house, house.night()


def test_each_stratum_has_its_records_up_to_the_number_and_no_other(drawn_from):
    _, first = drawn_from
    drawn = Counter((s.target, s.stratum) for s in first.sampled)

    for target in first.targets:
        assert drawn[target.name, Stratum.PURGED] == min(EACH, target.purged)
        assert drawn[target.name, Stratum.UNDETERMINED] == min(EACH, target.undetermined)
        assert drawn[target.name, Stratum.NEAR] == min(EACH, target.forecast[30])
        assert drawn[target.name, Stratum.HELD] == min(EACH, target.held)
    assert max(drawn.values()) == EACH
    assert len({(s.target, s.reference) for s in first.sampled}) == len(first.sampled)


def test_what_is_near_has_not_come_and_what_was_purged_had_come(drawn_from):
    _, night = drawn_from
    for one in night.sampled:
        if one.stratum is Stratum.NEAR:
            assert AS_OF < date.fromisoformat(one.first_purgeable_day) <= AS_OF + timedelta(days=30)
        if one.stratum is Stratum.PURGED and one.reason != "requested":
            assert date.fromisoformat(one.first_purgeable_day) <= AS_OF
        if one.stratum is Stratum.UNDETERMINED:
            assert (one.reason != "", one.first_purgeable_day) == (True, "")


def test_the_purged_ones_can_be_drawn_again_from_the_exported_evidence_and_the_seal_before(drawn_from):
    house, night = drawn_from
    file = house.config.path(house.config.evidence.directory) / f"{night.run_id}.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    seed = lines[-1]["previous"]

    for target in night.targets:
        at = {line["seq"]: line["reference"] for line in lines
              if line["kind"] == "tombstone" and line["target"] == target.name}
        drawn = [at[place] for place in dict.fromkeys(places(seed, target.name, max(at))) if place in at][:EACH]
        told = [s.reference for s in night.sampled if (s.target, s.stratum) == (target.name, Stratum.PURGED)]
        assert (told, night.sample_seed) == (drawn, seed)


def test_another_seed_draws_others():
    assert list(places("a", "cards", 10**6)) == list(places("a", "cards", 10**6))
    assert not set(places("a", "cards", 10**6)) & set(places("b", "cards", 10**6))
    assert set(places("a", "cards", 3)) == {1, 2, 3}
