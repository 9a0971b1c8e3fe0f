"""Everything that the page of a period shows, gathered before a template sees it. Bounded, however long the period."""

from typing import Any

from carddata_retention.report.canonical import digest
from carddata_retention.report.conclusions import PeriodView, conclusions, policy_versions
from carddata_retention.report.controls import short
from carddata_retention.report.days import gaps
from carddata_retention.report.grid import Pages, grids, night_rows, not_passed, steps
from carddata_retention.report.overview import nights_said
from carddata_retention.report.page import voice
from carddata_retention.report.period_json import period_json
from carddata_retention.report.rollup import MOST_DAYS_BETWEEN, RollUp
from carddata_retention.report.speech import Phrase, Speech, number, phrase
from carddata_retention.report.totals import total
from carddata_retention.report.verdict import Tone
from carddata_retention.reporting_period import PeriodKind

NIGHT_ROWS = 100
GAP_ROWS = 40
VERIFICATION_ROWS = 200
_SECTIONS = {"p1": None, "p2": None, "p3": "P2", "p4": "P3", "p5": "P6", "p6": "P8", "p7": "P4"}
_SUMS = ("opening", "increase", "decrease", "purged", "gone", "elsewhere", "difference", "closing")


def workpaper(rolled: RollUp) -> str:
    """The number that people quote."""
    return f"CDR-{rolled.period}-P"


def context(view: PeriodView, speech: Speech, pages: Pages) -> dict[str, Any]:
    """The names that the template uses."""
    rolled, nights = view.roll_up, view.roll_up.nights
    concluded = conclusions(view)
    tones: dict[str, Tone] = {c.no: c.tone for c in concluded}
    if nights.nights.missed and tones["P2"] == "ok":
        tones["P2"] = nights.gaps_tone
    json_digest = digest(period_json(view))
    return {
        **voice(speech), **_tables(view, pages), "speech": speech, "languages": speech.languages, "number": number,
        "view": view, "rolled": rolled, "nights": nights, "tally": nights.nights, "tone": nights.tone,
        "headline": nights_said(nights), "sentences": _sentences(rolled), "conclusions": concluded,
        "sections": [(id, tones[no] if no else None) for id, no in _SECTIONS.items()], "tones": tones,
        "months": grids(speech, nights.days, pages), "steps": steps(nights.days), "digest": json_digest,
        "last_seal": nights.last_run.seal if nights.last_run else None, "short": short, "workpaper": workpaper(rolled),
        "versions": ", ".join(f"v{version}" for version in policy_versions(rolled)), "most": MOST_DAYS_BETWEEN,
        "footer": f"{workpaper(rolled)}  ·  period.json SHA-256 {json_digest[:4]}…{json_digest[-4:]}",
    }


def _tables(view: PeriodView, pages: Pages) -> dict[str, Any]:
    nights, monthly = view.roll_up.nights, view.roll_up.period.kind is PeriodKind.MONTH
    listed = nights.days if monthly else not_passed(nights.days)
    found = gaps(nights.days)
    sums = {name: sum(getattr(target, name) for target in view.roll_up.roll_forward) for name in _SUMS}
    return {
        "rows": night_rows(listed[-NIGHT_ROWS:], pages), "monthly": monthly, "gaps": found[:GAP_ROWS],
        "all_gaps": len(found), "looks": [
            (look, pages.of(look.run), total(look.run.targets, "remaining_due").value)
            for look in nights.verifications[-VERIFICATION_ROWS:]
        ],
        "yearly": view.roll_up.period.kind is PeriodKind.YEAR, "sums": sums, "columns": _SUMS,
        "unverified": sum(not run.verified for run in nights.runs),
        "uncounted": sum(target.uncounted for target in view.roll_up.roll_forward),
        "elsewhere": any(target.elsewhere for target in view.roll_up.roll_forward),
        "seals": nights.chain.sealed,
    }


def _sentences(rolled: RollUp) -> list[Phrase]:
    nights = rolled.nights
    said = []
    if not rolled.over:
        said.append(phrase("note", "open", last=rolled.period.last.isoformat(), until=nights.until.isoformat()))
    if nights.days[0].day > rolled.period.first:
        said.append(phrase("note", "began", first=nights.days[0].day.isoformat()))
    return [*said, phrase("next", f"period.{nights.tone}", longest=nights.longest_interval, most=MOST_DAYS_BETWEEN)]
