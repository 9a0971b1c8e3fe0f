"""The report tells what the night holds: the same numbers, both languages, never a value, all or nothing."""

import dataclasses
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from carddata_retention.errors import RefusedError
from carddata_retention.individuals import RequestKind, RequestTally
from carddata_retention.model import (
    Convention,
    CutoffView,
    Disposition,
    Finding,
    Kind,
    Mode,
    Night,
    PreviousNight,
    QualityResult,
    Severity,
    State,
    Status,
    TargetResult,
    Tombstone,
)
from carddata_retention.report import leaks
from carddata_retention.report.canonical import canonical_bytes, digest, night_json
from carddata_retention.report.controls import controls
from carddata_retention.report.html import render_html
from carddata_retention.report.publish import publish
from carddata_retention.report.reperformance import RULES
from carddata_retention.report.sentences import VERDICTS
from carddata_retention.report.speech import CATALOGUE, Language
from carddata_retention.report.views import Length, LocationView, PolicyView, VersionView
from carddata_retention.report.words import Text
from carddata_retention.sealed import Hold, Sampled, Sealed, Stratum, UndeterminedExample

BOTH: tuple[Language, ...] = ("ja", "en")
PAN = "4111111111111111"  # the test number of the card schemes


def target(name: str, **counts: Any) -> TargetResult:
    """A target whose identities hold unless a test breaks them."""
    base: dict[str, Any] = {
        "table": name, "disposition": Disposition.DELETE, "state": State.CLEAN, "population": 412_906, "blank": 0,
        "held": 37, "requested": 2, "active": 301_448, "undetermined": 418, "retained": 110_489, "overdue": 9,
        "due": 503, "out_of_scope": 0, "table_rows": 412_906, "purged": 514, "skipped": 0, "failed": 0, "arrived": 0,
        "residue": 0, "remaining_due": 0, "recount": 412_392,
        "undetermined_reasons": {"no_end": 241, "no_service": 122, "end_before_start": 32, "no_subject": 23},
        "children_removed": {"card_usage": 33_102}, "forecast": {1: 24, 7: 861, 30: 1_538, 90: 5_021, 365: 21_907},
    }
    return TargetResult(name=name, **(base | counts))


CARDS = target("cards")
PAYMENTS = target(
    "payments", disposition=Disposition.REDACT, population=748_118, blank=96_204, held=112, requested=3,
    active=455_020, undetermined=655, retained=194_860, overdue=3, due=1_261, out_of_scope=12, table_rows=801_440,
    purged=1_264, skipped=3, remaining_due=2, recount=748_118, state=State.INCOMPLETE, children_removed={},
    undetermined_reasons={"no_end": 390, "no_service": 148, "unreadable_end": 117},
    skipped_reasons={"locked": 2, "no_longer_due": 1},
    forecast={1: 61, 7: 1_948, 30: 3_470, 90: 11_344, 365: 49_446},
)
BLIND = TargetResult("applications", "applications", Disposition.REDACT, State.BLIND)


def tombstone(i: int, **changed: Any) -> Tombstone:
    values: dict[str, Any] = {
        "run_id": "20261124T020004-7f3a", "batch_no": 1 + i // 100, "target": "cards", "record_key": f'["{i}"]',
        "reference": f"{i:04x}a7b049c8d1e2" * 2, "status": Status.OVERDUE if i % 50 == 7 else Status.DUE,
        "disposition": Disposition.DELETE, "fields": "holder, number, expiry",
        "service_end": "2021-11-23T18:30:00+09:00", "start_day": "2021-11-24", "last_retained_day": "2026-11-23",
        "first_purgeable_day": "2026-11-24", "rule": "140·143(2)", "policy_version": "2",
        "purged_at": "2026-11-24T02:02:11+09:00",
    }
    if values["status"] is Status.OVERDUE:
        values |= {"start_day": "2021-11-05", "last_retained_day": "2026-11-04", "first_purgeable_day": "2026-11-05"}
    return Tombstone(**(values | changed))


SQL = """select count(*) from payments p
 where p.card_token is not null and not exists (select 1 from carddata_hold h where h.record_key = p.id)
   and (select max(s.use_ended_at) from services s where s.customer_id = p.customer_id) <= :cutoff"""


def drawn(i: int, **changed: Any) -> Sampled:
    values: dict[str, Any] = {
        "target": "cards", "stratum": Stratum.PURGED, "reference": f"{i:032x}", "policy_version": "2", "reason": "due",
        "service_end": "2021-11-22T18:00:00+00:00", "start_day": "2021-11-24", "last_retained_day": "2026-11-23",
        "first_purgeable_day": "2026-11-24", "rule": "Civil Code art. 140, 143(2)"}
    return Sampled(**(values | changed))


def night(**changed: Any) -> Night:
    """The night of the design's mock, as far as the model can tell it."""
    before = PreviousNight("20261122T020003-11bc", date(2026, 11, 22), datetime(2026, 11, 21, 17, 9, tzinfo=UTC),
                           "88f5e095cb" * 6 + "abcd", State.CLEAN,
                           {"cards": target("cards", purged=70, undetermined=415, held=40, overdue=0)})
    values: dict[str, Any] = {
        "run_id": "20261124T020004-7f3a", "mode": Mode.RUN, "as_of": date(2026, 11, 24), "zone": "Asia/Tokyo",
        "started_at": datetime(2026, 11, 23, 17, 0, 4, tzinfo=UTC),
        "finished_at": datetime(2026, 11, 23, 17, 7, 51, tzinfo=UTC), "host": "batch-03", "os_user": "retention",
        "tool_version": "0.1.0", "tool_digest": "7d0c" * 16, "database": "postgresql billing@db-primary", "login": "ret_purge",
        "policy_id": "card-data-notice", "policy_version": "2", "policy_digest": "88f5e095cb" * 6 + "abcd",
        "cutoffs": (CutoffView("2", "service_use_end", "services.use_ended_at", Kind.INSTANT,
                               "2021-11-24T00:00:00+09:00", True, 1_861),),
        "targets": (CARDS, PAYMENTS),
        "findings": (Finding("missed_night", Severity.WARN, None, 1, "No run was recorded for 2026-11-23."),
                     Finding("midnight_share", Severity.INFO, "cards", 6_812, "0.6 % of the ends are at midnight.")),
        "quality": (QualityResult("key_unique", "cards", Severity.BLOCK, True, 0, 412_906, 0, "The key is unique."),
                    QualityResult("end_before_start", "payments", Severity.WARN, False, 96, 748_118, 50,
                                  "A service that ends before it starts cannot be dated.")),
        "verdict": State.INCOMPLETE, "exit_code": 10,
        "timings_s": {"plan": 61.2, "gate": 9.013_123_9, "purge": 301.0, "verify": 90.5, "longest_transaction": 0.097},
        "purged_sample": tuple(tombstone(i) for i in range(200)),
        "holds": (Hold("h1", "subject", None, "dispute", "legal", "2026-01-05T02:00:00Z", "2026-07-01"),
                  Hold("h2", "record", "cards", "authority", "legal", "2026-02-05T02:00:00Z", None, 118)),
        "requests": (RequestTally(RequestKind.DISCLOSE, 2, 1, 0, 1, 1), RequestTally(RequestKind.ERASE, 3, 2, 1, 1, 4)),
        "holds_in_force": 2, "sampled": tuple(drawn(i) for i in range(25)), "sample_seed": "a072c63ad41dd96ff7fad9ee447391bf",
        "undetermined_examples": (UndeterminedExample("cards", "no_end", "8b8c18adea8511f0a1b2c3d4e5f60718"),
                                  UndeterminedExample("payments", "unreadable_end", "f2ff3e3ba0e64c1d" * 2)),
        "sealed": Sealed(177, 1, 1_842, "5b4e951160b23c1b40768ce727f675968e5b5e79fe3acbdd2c004ae3c0ca991e",
                         "a072c63ad41dd96ff7fad9ee447391bfcaa2489b98a963da8c9ee14bf4defb80",
                         "03b9087cf792f846f40ba6d7ff4272a3c1831f4d50ec217fb039423300d126ab", "kee6e951f",
                         "b367993d88feeac5272ece4e4f9e9a14", "ec5584611494e6f3" * 8),
        "verification_sql": SQL, "verification_login": "ret_verify",
        "artefacts": ("2026-11-24/20261124T020004-7f3a/night.html",), "previous": before,
    }
    return Night(**(values | changed))


NOTICE = VersionView("2", date(2014, 4, 1), "service_use_end", "P5Y", "サービスの代金を決済するため",
                     "個人情報保護管理者", ("カード発行会社", "加盟または提携先"),
                     "Risk management", "Disputes and refunds")
POLICY = PolicyView(
    "card-data-notice", "Asia/Tokyo", Convention.JP_CIVIL_CODE, 7, NOTICE,
    dataclasses.replace(NOTICE, version="1", effective_from=date(2010, 1, 1), trigger="service_provision_end"),
    "services", ("use_ended_at",), Kind.INSTANT, "within",
)
PLACES = (LocationView("nightly backup", "Backup operations", "none", "kept 35 days"),
          LocationView("call recordings", "Customer centre", "none", ""))


def page(of: Night, **options: Any) -> str:
    return render_html(of, POLICY, PLACES, **options)


def cell(html: str, table: str, row: str) -> list[str]:
    """The numbers of one row of a table, found by its English heading."""
    body = re.search(rf'<table class="[^"]*" id="{table}">.*?</table>', html, re.S)
    assert body, table
    for line in re.findall(r"<tr.*?</tr>", body[0], re.S):
        if re.search(rf'<th scope="row".*<span lang="en">{re.escape(row)}</span>', line):
            return [re.sub(r"<[^>]+>", "", n) for n in re.findall(r'<td class="n">(.*?)</td>', line)]
    raise AssertionError(f"{table} has no row {row}")


@pytest.mark.parametrize(("row", "name"), [
    ("Active", "active"), ("Retained", "retained"), ("Blank", "blank"), ("Held", "held"), ("Requested", "requested"),
    ("Undetermined", "undetermined"), ("Due", "due"), ("Overdue", "overdue"), ("Population", "population"),
])
def test_each_count_of_the_population_stands_on_the_page(row: str, name: str) -> None:
    counts = [getattr(t, name) for t in (CARDS, PAYMENTS)]
    assert cell(page(night()), "t5-1", row)[:3] == [f"{n:,}" for n in (*counts, sum(counts))]


def test_totals_visibly_foot() -> None:
    html = page(night())
    assert cell(html, "t5-1", "Difference")[:3] == ["0", "0", "0"]
    assert cell(html, "t5-2", "Difference") == ["0", "0", "0"]
    assert cell(html, "t5-3", "Difference") == ["0", "0", "0"]
    assert cell(html, "t5-3", "Expected recount") == ["412,392", "748,118", "1,160,510"]


def tone(of: Night, no: str, scanned: int | None = None) -> str:
    return next(c.tone for c in controls(of, POLICY, scanned) if c.no == no)


@pytest.mark.parametrize("broken", [
    {"active": 301_449}, {"purged": 513}, {"table_rows": 412_000}, {"population": None},
])
def test_a_total_that_does_not_foot_fails_the_population_control(broken: dict[str, Any]) -> None:
    assert tone(night(), "C2") == "ok"
    assert tone(night(targets=(target("cards", **broken), PAYMENTS)), "C2") == "bad"


def test_a_recount_that_differs_asks_for_a_look() -> None:
    assert tone(night(targets=(target("cards", recount=412_391),)), "C2") == "att"
    gone = {"purged": 513, "skipped": 1, "skipped_reasons": {"gone": 1}}
    assert tone(night(targets=(target("cards", **gone),)), "C2") == "ok"
    assert tone(night(targets=(target("cards", recount=412_391, **gone),)), "C2") == "att"


def test_a_gap_is_shown_as_a_number() -> None:
    assert cell(page(night(targets=(target("cards", recount=412_000),))), "t5-3", "Difference") == ["−392", "−392"]


def test_an_early_removal_is_seen_and_so_is_a_record_that_had_to_stay() -> None:
    early = tombstone(0, last_retained_day="2026-11-24", first_purgeable_day="2026-11-25")
    held = tombstone(0, status=Status.HELD)
    assert tone(night(), "C4") == "ok"
    assert tone(night(purged_sample=(early,)), "C4") == "bad"
    assert tone(night(purged_sample=(early,)), "C3") == "bad"
    assert tone(night(purged_sample=(held,)), "C6") == "bad"
    on_request = tombstone(0, status=Status.REQUESTED, first_purgeable_day="2027-01-01")
    assert tone(night(purged_sample=(tombstone(1), on_request)), "C4") == "ok"


def test_nothing_passes_by_assertion() -> None:
    bare = night(
        mode=Mode.PLAN, previous=None, purged_sample=(), sealed=None, verification_sql=None,
        targets=(target("cards", purged=None, skipped=None, failed=None, arrived=None, residue=None, recount=None,
                        overdue=0, due=512, remaining_due=514),),
    )
    assert [c.tone for c in controls(bare, POLICY, None)] == ["na"] * 10
    assert tone(night(), "C10", scanned=2) == "ok"
    assert tone(night(), "C9") == "na"  # a run extends the chain; only verify recomputes it
    assert tone(night(mode=Mode.VERIFY), "C9") == "ok"


SIGNED = Finding("plan_approved", Severity.INFO, None, None, "The plan was carried out.", "計画を実施した。")


@pytest.mark.parametrize(("changed", "no", "expected"), [
    ({"policy_version": "1"}, "C1", "bad"),
    ({"findings": (SIGNED,)}, "C1", "ok"),
    ({"findings": (SIGNED,), "policy_version": "1"}, "C1", "bad"),
    ({"policy_digest": "0" * 64}, "C7", "att"),
    ({"policy_digest": "0" * 64, "findings": (SIGNED,)}, "C7", "ok"),
    ({"previous": None}, "C7", "na"),
    ({"verdict": State.BROKEN}, "C9", "bad"),
    ({"verdict": State.BROKEN, "mode": Mode.VERIFY}, "C9", "bad"),
    ({"targets": (target("cards", residue=1, remaining_due=1),)}, "C8", "bad"),
    ({"targets": (target("cards", residue=1, remaining_due=1),)}, "C5", "bad"),
    ({"targets": (BLIND,)}, "C5", "bad"),
    ({"as_of": date(2026, 11, 23), "targets": (target("cards", overdue=0, due=512),)}, "C5", "ok"),
    ({"targets": (target("cards", overdue=0, due=512),)}, "C5", "att"),
])
def test_a_control_follows_the_fact(changed: dict[str, Any], no: str, expected: str) -> None:
    assert tone(night(**changed), no) == expected


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("state", list(State))
def test_every_mode_and_state_has_a_verdict_with_a_number_and_a_next_step(mode: Mode, state: State) -> None:
    html = page(night(mode=mode, verdict=state, targets=(dataclasses.replace(CARDS, state=state), PAYMENTS)))
    head = re.search(r"<h1>(.*?)</h1><p>(.*?)</p>", html, re.S)
    assert head
    for lang in BOTH:
        said = re.findall(rf'<span lang="{lang}">(.*?)</span>', head[1])
        assert re.search(r"\d", said[-1]), said
        assert re.search(rf'<span lang="{lang}">.{{10,}}?</span>', head[2], re.S)
    for section in ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s10", "s11", "s12", "s13", "s14", "s15"):
        assert f'id="{section}"' in html


def test_a_dry_run_says_what_it_would_do_and_claims_nothing() -> None:
    html = page(night(mode=Mode.PLAN, verdict=State.CLEAN, exit_code=0))
    assert "would purge 1,781 of 1,161,024 records" in html
    assert "何も消去していない" in html
    assert 'id="t7-2"' not in html
    assert '<em><span lang="ja">試行</span><span lang="en">Dry run</span></em>' in html


def test_a_count_that_was_not_taken_is_a_dash_and_its_total_is_marked() -> None:
    html = page(night(targets=(CARDS, BLIND), verdict=State.BLIND, exit_code=40))
    assert cell(html, "t5-1", "Due") == ["503", "—", "503†", "0.12%"]
    assert "† Without the targets that could not be counted: applications" in html
    alone = page(night(targets=(BLIND,), verdict=State.BLIND, exit_code=40, previous=None, purged_sample=()))
    for row in ("Active", "Due", "Population", "Difference"):
        assert set(cell(alone, "t5-1", row)) == {"—"}
    equation = re.search(r'<div class="eq">.*?<p class="delta">', alone, re.S)
    assert equation
    assert set(re.findall(r'<a class="v[^>]*>(.*?)</a>', equation[0])) == {"—"}


def test_no_section_passes_while_a_target_was_not_counted() -> None:
    clean = target("cards", overdue=0, due=512, undetermined=0, active=301_866, undetermined_reasons={})
    seen = re.findall(r'<a href="#(s\d+)"><i>\d+</i>.*?(?:use href="#g-(\w+)"|<span></span>)',
                      page(night(targets=(clean, BLIND), verdict=State.BLIND, quality=(), findings=())), re.S)
    tones = dict(seen)
    assert {tones[s] for s in ("s5", "s8")} == {"bad"}
    assert {tones[s] for s in ("s6", "s7", "s10")} == {"na"}


def test_no_target_at_all_still_makes_a_page() -> None:
    assert "0 of 0 targets could not be seen" in page(night(targets=(), verdict=State.BLIND, exit_code=40))


def texts() -> list[tuple[str, Text]]:
    named = [(f"{group}.{key}", text) for group, pairs in CATALOGUE.items() for key, text in pairs.items()]
    return named + [(f"{name}.{i}", step) for name, steps in RULES.items() for i, step in enumerate(steps)]


@pytest.mark.parametrize(("name", "text"), texts(), ids=[name for name, _ in texts()])
def test_both_languages_tell_the_same_facts(name: str, text: Text) -> None:
    facts = [sorted(re.findall(r"{(\w+)", one)) for one in text]
    assert facts[0] == facts[1]
    assert text.ja.count("<code>") == text.en.count("<code>")
    assert all(text)


def test_the_page_holds_as_many_japanese_texts_as_english_ones() -> None:
    html = page(night(findings=(), quality=()))
    assert len(re.findall(r'lang="ja"', html)) - 1 == len(re.findall(r'lang="en"', html)) > 300


def test_one_language_alone_leaves_no_trace_of_the_other() -> None:
    english = page(night(), languages=("en",))
    assert '<html lang="en">' in english
    assert 'lang="ja"' not in english
    assert 'name="lg"' not in english
    assert 'lang="en"' not in page(night(), languages=("ja",))


@pytest.mark.parametrize("state", list(State))
def test_no_dead_anchor_no_second_id_no_outside_reference(state: State) -> None:
    for of in (night(verdict=state), night(targets=(BLIND,), purged_sample=(), findings=(), previous=None)):
        html = page(of)
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
        assert set(re.findall(r'aria-labelledby="([^"]+)"', html)) <= set(ids)
        assert not re.search(r'(?:src|href)="(?!#)|url\((?!#)|@import|https?:', html)


def test_no_cell_is_empty_and_every_row_is_as_wide_as_its_table() -> None:
    html = page(night())
    assert not re.search(r"<t[dh][^>]*></t[dh]>", html)
    for table in re.findall(r'<table class="t .*?</table>', html, re.S):
        rows = re.findall(r"<tr.*?</tr>", table, re.S)
        assert len({len(re.findall(r"<t[dh][ >]", row)) for row in rows}) == 1, table[:200]


def test_what_comes_from_outside_is_escaped() -> None:
    hostile = target("<script>alert(1)</script>", state=State.REFUSED)
    of = night(
        targets=(hostile,), verdict=State.REFUSED, database='"><img src=x>', verification_sql="select '<b>' </pre>",
        findings=(Finding("<i>", Severity.BLOCK, "<u>", 1, "</td><script>"),),
    )
    html = page(of)
    assert html.count("<script>") == 1
    for raw in ("<img", "<i>alert", "<u>", "'<b>'"):
        assert raw not in html


def test_ten_thousand_removals_make_no_longer_page() -> None:
    many = page(night(purged_sample=tuple(tombstone(i) for i in range(10_000)),
                      findings=tuple(Finding(f"f{i}", Severity.WARN, "cards", 1, "x" * 80) for i in range(5_000)),
                      verification_sql="select 1 -- " + "x" * 500_000))
    assert "first 20 of 1,778" in many
    assert "(40 of 5,000)" in many
    assert len(many.encode()) < 200_000


def test_json_keeps_its_shape_and_its_identities() -> None:
    told = night_json(night(targets=(CARDS, PAYMENTS, BLIND)))
    assert set(told) == {"schema", "run_id", "mode", "as_of", "cutoff", "cutoff_inclusive", "cutoffs", "policy",
                         "verdict", "exit_code", "targets", "timings_s", "quality", "findings", "artefacts"}
    assert (told["as_of"], told["cutoff"]) == ("2026-11-24", "2021-11-24T00:00:00+09:00")
    assert told["cutoff_inclusive"] is True
    assert told["policy"] == {"id": "card-data-notice", "version": "2", "digest": night().policy_digest}
    for t in told["targets"][:2]:
        kept = sum(t[n] for n in ("blank", "held", "active", "undetermined", "retained"))
        owed = t["requested"] + t["overdue"] + t["due"]
        assert t["population"] == kept + owed
        assert t["purged"] + t["skipped"] + t["failed"] == owed
        assert sum(t["undetermined_reasons"].values()) == t["undetermined"]
    assert told["targets"][1]["skipped_reasons"] == {"locked": 2, "no_longer_due": 1}
    assert told["targets"][0]["forecast"] == {"1": 24, "7": 861, "30": 1538, "90": 5021, "365": 21907}
    assert told["targets"][2]["population"] is None
    assert told["timings_s"]["gate"] == 9.013
    assert json.loads(canonical_bytes(told)) == told
    assert b", " not in canonical_bytes({"b": 1, "a": [1, 2], "c": "い"})
    assert canonical_bytes({"b": 1, "a": "い"}) == '{"a":"い","b":1}'.encode()


def test_published_files_carry_the_digest_that_the_page_prints(tmp_path: Path) -> None:
    made = publish(night(), POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
    folder = tmp_path / "2026-11-24" / "20261124T020004-7f3a"
    assert made == (folder / "night.html", folder / "night.json")
    assert sorted(folder.iterdir()) == sorted(made)
    assert digest(json.loads(made[1].read_bytes())) in made[0].read_text()
    assert "Leak scan of 2 artefacts; 0 hits" in made[0].read_text()
    assert publish(night(), POLICY, PLACES, tmp_path, ["json"], BOTH) == (folder / "night.json",)


def _with_field(rebuild: Callable[[Any], Night], value: Any, name: str, new: Any) -> Night:
    return rebuild(dataclasses.replace(value, **{name: new}))


def spots() -> list[tuple[str, Callable[[str], Night]]]:
    """Every place of a night that holds a text, and a night with another text there."""
    out: list[tuple[str, Callable[[str], Night]]] = []
    base = night()

    def descend(value: Any, path: str, rebuild: Callable[[Any], Night]) -> None:
        if type(value) is str:
            out.append((path, rebuild))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            for f in dataclasses.fields(value):
                descend(getattr(value, f.name), f"{path}.{f.name}", partial(_with_field, rebuild, value, f.name))
        elif isinstance(value, tuple) and value:
            descend(value[0], f"{path}[0]", lambda new: rebuild((new, *value[1:])))
        elif isinstance(value, dict) and value:
            key = next(iter(value))
            descend(value[key], f"{path}[{key}]", lambda new: rebuild({**value, key: new}))
            if isinstance(key, str):
                out.append((f"{path} key", lambda new: rebuild({new: value[key]})))

    descend(base, "night", lambda new: new)
    return out


SPOTS = spots()


@pytest.mark.parametrize(("path", "planted"), SPOTS, ids=[p for p, _ in SPOTS])
def test_a_card_number_anywhere_stops_publication(path: str, planted: Callable[[str], Night], tmp_path: Path) -> None:
    of = planted(f"card {PAN}")
    if path.endswith("record_key"):  # stays in the ledger; no artefact holds it
        made = publish(of, POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
        assert not any(PAN in p.read_text() for p in made)
        return
    with pytest.raises(RefusedError) as caught:
        publish(of, POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
    assert caught.value.code == "report_leak"
    assert PAN not in str(caught.value.as_json())
    assert not list(tmp_path.iterdir())


def test_the_finished_page_is_scanned_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carddata_retention.report.formats.render_html", lambda *_, **__: f"<p>{PAN[:8]}&#45;{PAN[8:]}")
    with pytest.raises(RefusedError, match=r"night\.html"):
        publish(night(), POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [
    PAN, "4111 1111 1111 1111", "4111-1111-1111-1111", "４１１１１１１１１１１１１１１１", "4111.1111.1111.1111",
    "4111\u200b1111\u200b1111\u200b1111", "4111\u00a01111\u20111111/1111", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "٤١١١١١١١١١١١١١١١", "card4111111111111111x", "378282246310005", "3782 822463 10005", "30569309025904",
    "3530111333300000", "6011111111111117", "5555555555554444", "2223003122003222", "6200000000000005",
    "paid 2021-11-24 4111111111111111", "4222222222222", "4917610000000000003",
    "411111 1111111111", "'4111_1111_1111_1111'",
])
def test_a_card_number_in_any_dress_is_seen(text: str) -> None:
    assert leaks.has_card_number(f"x {text} y")


@pytest.mark.parametrize("text", [
    "2026-11-24 02:00:04 2026-11-24 02:07:51", "20261124T020004-7f3a", "20261124020004", "88be-a7b0-49c8",
    "4111111111111112", "1234567890123456", "1764000000123456789", "4,111,111,111,111,111",
    "412,906 748,118 43,307", "41111111-1111-4111-8111-111111111111", "0000000000000000",
    "4111111111111111a7b0" * 2 + "4111111111111111a7b01234", "0.4111 0.1111 0.1111", "192.168.100.200 10.0.0.1",
])
def test_dates_counts_and_digests_cry_no_wolf(text: str) -> None:
    assert not leaks.has_card_number(f"x {text} y")


def test_publication_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publish(night(), POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
    old = [p.read_bytes() for p in before]
    calls: list[int] = []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        publish(night(host="other"), POLICY, PLACES, tmp_path, ("html", "json"), BOTH)
    assert [p.read_bytes() for p in before] == old
    assert sorted(before[0].parent.iterdir()) == sorted(before)


def test_the_page_depends_on_nothing_but_the_night() -> None:
    assert page(night()) == page(night())


@pytest.mark.parametrize(("convention", "formula"), [
    (Convention.JP_CIVIL_CODE,
     "=MIN(DATE(YEAR(S),MONTH(S)+N,DAY(S))-1, EOMONTH(DATE(YEAR(S),MONTH(S)+N,1),0))"),
    (Convention.EU_1182_71, "=MIN(DATE(YEAR(E),MONTH(E)+N,DAY(E)), EOMONTH(DATE(YEAR(E),MONTH(E)+N,1),0))"),
    (Convention.ANNIVERSARY, "=MIN(DATE(YEAR(E),MONTH(E)+N,DAY(E)), EOMONTH(DATE(YEAR(E),MONTH(E)+N,1),0))-1"),
])
def test_each_convention_brings_its_rule_and_formula(convention: Convention, formula: str) -> None:
    html = render_html(night(), dataclasses.replace(POLICY, convention=convention), PLACES)
    assert formula in html
    assert ("EDATE" in html) is (convention is Convention.JP_CIVIL_CODE)
    assert "2021-11-23T18:30:00+09:00" in html


@pytest.mark.parametrize(("period", "months", "days"), [
    ("P5Y", 60, 0), ("P1Y6M", 18, 0), ("P90D", 0, 90), ("P2W", 0, 14),
])
def test_a_period_is_read_for_printing(period: str, months: int, days: int) -> None:
    assert Length.of(period) == Length(months, days)


def test_each_verdict_is_written_for_each_kind_of_night() -> None:
    assert set(VERDICTS) == {f"{mode}.{state}" for mode in ("run", "plan", "verify") for state in State}


def test_a_break_inside_a_reference_neither_cries_wolf_nor_hides_a_number():
    reference = "a" * 16 + "4111111111111111"
    assert not leaks.in_document(f"<code>{reference[:16]}<wbr>{reference[16:]}</code>".encode())
    assert leaks.in_document(b"<code>41111111<wbr>11111111</code>")
