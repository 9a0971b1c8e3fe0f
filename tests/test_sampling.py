"""The sample that an auditor draws again and recomputes: seeded, complete about its gaps, right for every day."""

import calendar
import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest
from reading import recalculated, workbook
from test_report import CARDS, PAYMENTS, PLACES, POLICY, drawn, night

from carddata_retention.model import Convention, Night, TargetResult
from carddata_retention.report.cells import Blank, Formula, Row, Table, spoken
from carddata_retention.report.cover import front
from carddata_retention.report.sampling import last_day, next_day, strata
from carddata_retention.report.sampling_sheet import sample
from carddata_retention.report.sheets import sheets
from carddata_retention.report.views import PolicyView
from carddata_retention.report.xlsx import render_xlsx
from carddata_retention.sampling import EACH
from carddata_retention.sealed import Sampled, Stratum

HEAD = 3
ALONE = {"held": 0, "undetermined": 0, "forecast": {}}  # no other stratum
# Ends of months, both 29 Februaries of a leap year and none, every day of two years.
DAYS = [date(2019, 12, 25) + timedelta(days=n) for n in range(800)]


def by_hand(convention: Convention, start: date, months: int, days: int) -> date:
    """What a spreadsheet's DATE, EOMONTH and MIN give, written without the product's rule and without a spreadsheet."""
    if days:
        return start + timedelta(days=days - (convention is not Convention.EU_1182_71))
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    overflowing = first + timedelta(days=start.day - 1)  # DATE(2021, 2, 30) is 2 March
    end = date(year, month + 1, calendar.monthrange(year, month + 1)[1])
    if convention is Convention.JP_CIVIL_CODE:
        return min(overflowing - timedelta(days=1), end)
    last = min(overflowing, end)
    return last if convention is Convention.EU_1182_71 else last - timedelta(days=1)


def policy(convention: Convention = Convention.JP_CIVIL_CODE, period: str = "P5Y") -> PolicyView:
    version = dataclasses.replace(POLICY.version, period=period)
    return dataclasses.replace(POLICY, convention=convention, version=version)


def purged(i: int, start: date, under: PolicyView, target: str = "cards") -> Sampled:
    last = last_day(under.convention, under.version.period, under.zone, start)
    return drawn(i, target=target, start_day=start.isoformat(), last_retained_day=last.isoformat(),
                 first_purgeable_day=next_day(last).isoformat())


def sheet(of: Night, under: PolicyView = POLICY) -> Table:
    return sample(of, under)[0]


@pytest.mark.parametrize("period", ["P5Y", "P18M", "P1M", "P90D", "P2W"])
@pytest.mark.parametrize("convention", list(Convention))
def test_each_formula_carries_what_a_spreadsheet_would_give(convention: Convention, period: str) -> None:
    under = policy(convention, period)
    months, days = {"P5Y": (60, 0), "P18M": (18, 0), "P1M": (1, 0), "P90D": (0, 90), "P2W": (0, 14)}[period]
    seen = set()
    for row in sheet(many_days(under, DAYS), under).rows:
        start = row.cells[6]
        assert isinstance(start, date)
        seen.add(start)
        last, first, differs = (cell for cell in row.cells if isinstance(cell, Formula))
        expected = by_hand(convention, start, months, days)
        assert (last.value, first.value, differs.value) == (expected, expected + timedelta(days=1), 0), start
    assert seen == set(DAYS)


def test_a_stored_day_that_is_wrong_differs() -> None:
    right = purged(0, date(2021, 11, 24), POLICY)
    early = dataclasses.replace(right, last_retained_day="2026-11-22")
    late = dataclasses.replace(right, first_purgeable_day="2026-11-25")
    for stored, count in ((right, 0), (early, 1), (late, 1)):
        assert different(sheet(night(targets=(CARDS,), sampled=(stored,))).rows[0]) == count


def different(row: Row) -> object:
    formula = row.cells[12]
    assert isinstance(formula, Formula)
    return formula.value


def test_each_stratum_of_each_target_is_named_and_one_without_a_draw_is_seen() -> None:
    mixed = tuple(drawn(i, target="payments" if i % 2 else "cards", stratum=kind, reason="no_end" if kind is Stratum.UNDETERMINED
                        else "") for i, kind in enumerate(Stratum))
    of = night(sampled=mixed)
    found = [(s.target, s.kind, len(s.drawn)) for s in strata(of)]
    assert ("cards", Stratum.PURGED, 1) in found
    assert ("payments", Stratum.PURGED, 0) in found
    rows = {spoken(row.cells[0], "en"): row for row in sheet(of).rows}
    assert [spoken(c, "en") for c in rows["Purged (payments)"].cells[:4]] == ["Purged (payments)", "1,264", "—", "—"]
    assert spoken(rows["Undetermined (payments)"].cells[2], "ja") == "終了したが終了日なし"
    assert [(s.target, s.kind) for s in strata(of)] == sorted(
        ((s.target, s.kind) for s in strata(of)), key=lambda pair: (pair[0], list(Stratum).index(pair[1])))
    assert sample(night(targets=(), sampled=()), POLICY) == []


def test_a_request_without_a_deadline_has_nothing_to_recompute() -> None:
    asked = drawn(0, reason="requested", start_day="", last_retained_day="", first_purgeable_day="", service_end="")
    row = sheet(night(targets=(CARDS,), sampled=(asked,))).rows[0]
    assert row.cells[5:13] == (None,) * 8
    assert [isinstance(c, Blank) for c in row.cells[13:15]] == [True, True]


def test_a_record_of_the_version_before_is_recomputed_by_its_own_period() -> None:
    before = dataclasses.replace(POLICY.version, version="1", period="P3Y")
    under = dataclasses.replace(POLICY, previous=before)
    old = dataclasses.replace(purged(0, date(2021, 11, 24), policy(period="P3Y")), policy_version="1")
    row = sheet(night(targets=(CARDS,), sampled=(old,)), under).rows[0]
    assert row.cells[7] == 36
    assert different(row) == 0
    unknown = dataclasses.replace(old, policy_version="0")
    assert sheet(night(targets=(CARDS,), sampled=(unknown,)), under).rows[0].cells[7] is None


def many_days(under: PolicyView, starts: list[date]) -> Night:
    """A night of as many targets as these start days need strata; every record is drawn."""
    graves = tuple(purged(i, start, under, f"t{i // EACH}") for i, start in enumerate(starts))
    names = dict.fromkeys(t.target for t in graves)
    return night(targets=tuple(TargetResult(**{**fields(CARDS), "name": n, **ALONE}) for n in names), sampled=graves)


def fields(of: TargetResult) -> dict[str, object]:
    return {f.name: getattr(of, f.name) for f in dataclasses.fields(of)}


def spoilt(table: Table) -> Table:
    """The table with wrong values under its formulas, so that a program which trusts them is found out."""
    rows = tuple(dataclasses.replace(row, cells=tuple(
        dataclasses.replace(c, value=7 if isinstance(c.value, int) else date(1999, 9, 9)) if isinstance(c, Formula) else c
        for c in row.cells)) for row in table.rows)
    return dataclasses.replace(table, rows=rows)


@pytest.mark.parametrize(("convention", "period"), [
    (Convention.JP_CIVIL_CODE, "P5Y"), (Convention.JP_CIVIL_CODE, "P90D"), (Convention.EU_1182_71, "P18M"),
    (Convention.ANNIVERSARY, "P5Y"),
])
def test_a_real_spreadsheet_recomputes_the_same_days(convention: Convention, period: str, tmp_path: Path) -> None:
    under = policy(convention, period)
    of = many_days(under, [d for d in DAYS if d.day in (1, 28, 29, 30, 31) or d.month == 2])
    wrong = dataclasses.replace(of.sampled[40], last_retained_day="2020-01-01")
    of = dataclasses.replace(of, sampled=(*of.sampled[:40], wrong, *of.sampled[41:]))
    table = sheet(of, under)
    found = recalculated(render_xlsx(front(of, under), (spoilt(table),), "en"), tmp_path)["15-2"]
    assert len(table.rows) >= 150
    for row, typed in zip(found.iter_rows(min_row=HEAD + 2, values_only=True), table.rows, strict=True):
        for read, meant in zip(row, typed.cells, strict=True):
            if isinstance(meant, Formula):
                value = read.date() if isinstance(meant.value, date) else read
                assert value == meant.value, row
    assert found["A3"].value == sum(1 for row in table.rows if different(row) == 1) == 1


def test_the_count_of_differences_stands_above_the_sample_and_is_live() -> None:
    wrong = dataclasses.replace(drawn(1), last_retained_day="2026-11-01")
    of = night(targets=(CARDS, PAYMENTS), sampled=(drawn(0), wrong))
    content = render_xlsx(front(of, POLICY), sheets(of, POLICY, PLACES, 1), "en")
    live, carried = workbook(content)["15-2"], workbook(content, values=True)["15-2"]
    assert live["A3"].value == f"=SUM(M5:M{live.max_row})"
    assert carried["A3"].value == 1
    assert carried["B3"].value == "Records that differ from the recomputation"
    assert live["K5"].value == "=MIN(DATE(YEAR(G5),MONTH(G5)+H5,DAY(G5))-1, EOMONTH(DATE(YEAR(G5),MONTH(G5)+H5,1),0))"
