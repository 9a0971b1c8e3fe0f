"""`plan --compare-version`: what another version of the notice would change, counted as the oracle counts it."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from acquired import acquired, created, declare
from billing import Billing, generate
from nightly import AS_OF, House
from oracle import Rules, Verdict, answers
from servers import Database
from small_house import lean

VERSIONS = ((date(2010, 1, 1), "provision_ended_at", "P5Y"), (date(2014, 4, 1), "use_ended_at", "P3Y"),
            (date(2027, 4, 1), "use_ended_at", "P6Y"))
TRIGGER = {"provision_ended_at": "service_provision_end", "use_ended_at": "service_use_end"}
POLICY = {"versions": [{"version": str(n), "effective_from": day, "trigger": TRIGGER[column], "period": period}
                       for n, (day, column, period) in enumerate(VERSIONS, start=1)]}
KINDS = ("earlier", "later", "equal", "only_tonight", "only_compared", "neither")


def how(tonight: Verdict, other: Verdict) -> str:
    one, two = tonight.first_purgeable_day, other.first_purgeable_day
    if one is None or two is None:
        return "neither" if one is two else "only_compared" if one is None else "only_tonight"
    return "equal" if one == two else "earlier" if two < one else "later"


def by_hand(billing: Billing, rules: Rules, version: int) -> dict[str, dict[str, int]]:
    """Each record twice, by the oracle."""
    tonight = answers(billing, rules)
    other = answers(billing, replace(rules, chosen=VERSIONS[version - 1], acquired=None))
    found = {}
    for name, answer in tonight.items():
        pairs = [(v, other[name].verdicts[key]) for key, v in answer.verdicts.items() if v.status != "blank"]
        counted = Counter(how(*pair) for pair in pairs)
        found[name] = {kind: counted[kind] for kind in KINDS} | {
            "due_tonight": sum(v.status in ("due", "overdue") for v, _ in pairs),
            "due_compared": sum(v.status in ("due", "overdue") for _, v in pairs)}
    return found


def told(house: House, version: str) -> dict[str, dict[str, int]]:
    from datetime import UTC, datetime

    from nightly import hooks

    from carddata_retention.run import plan_night

    night = plan_night(house.config, datetime.now(UTC), AS_OF, hooks(), compare=version)[0]
    assert night.comparison is not None
    assert night.comparison.version == version
    return {t.name: {word: getattr(t, word) for word in (*KINDS, "due_tonight", "due_compared")}
            for t in night.comparison.targets}


@pytest.mark.parametrize("applies", ["current", "at-acquisition"])
def test_it_counts_what_the_oracle_counts(database: Database, tmp_path: Path, applies: str) -> None:
    billing = generate(AS_OF, size=150, seed=9, years=3)
    house = lean(database, tmp_path, billing, policy=POLICY | {"applies": applies},
                 targets=created("aware", database.dialect))
    when = acquired(billing, AS_OF)
    declare(house, when, "aware")
    rules = Rules(AS_OF, versions=VERSIONS, acquired=when if applies == "at-acquisition" else None)
    seen: set[str] = set()
    for version in (1, 2, 3):
        expected = by_hand(billing, rules, version)
        assert told(house, str(version)) == expected
        seen |= {kind for counts in expected.values() for kind in KINDS if counts[kind]}
    assert seen == set(KINDS)


def test_the_version_in_force_changes_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    house = lean(sqlite_database, tmp_path, generate(AS_OF, size=60, years=3), policy=POLICY)
    for counts in told(house, "2").values():
        assert {k: counts[k] for k in ("earlier", "later", "only_tonight", "only_compared")} == dict.fromkeys(
            ("earlier", "later", "only_tonight", "only_compared"), 0)
        assert counts["equal"]
        assert counts["due_tonight"] == counts["due_compared"]


def test_the_answer_has_it_only_when_asked_and_says_it_in_words(sqlite_database: Any, tmp_path: Path, answer: Any) -> None:
    lean(sqlite_database, tmp_path, generate(AS_OF, size=30, years=3), policy=POLICY)
    plan = ("plan", "--config", tmp_path / "retention.toml", "--as-of", AS_OF)
    assert "comparison" not in json.loads(answer(*plan, "--json")[1])
    code, out, _ = answer(*plan, "--json", "--compare-version", "1")
    comparison = json.loads(out)["comparison"]
    assert (code, comparison["version"], [t["name"] for t in comparison["targets"]]) == (0, "1", ["cards", "payments"])
    code, out, _ = answer(*plan, "--compare-version", "3")
    assert code == 0
    assert "if version 3 decided" in out
    assert "cards: due earlier " in out
    code, out, _log = answer(*plan, "--compare-version", "4", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "unknown_version")
