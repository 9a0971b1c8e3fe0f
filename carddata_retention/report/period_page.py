"""Everything that the page of a period shows, gathered before a template sees it. Bounded, however long the period."""

from typing import Any

from carddata_retention.report.cells import Table
from carddata_retention.report.conclusions import PeriodView, conclusions
from carddata_retention.report.grid import NightRow, Pages, grids, steps
from carddata_retention.report.page import voice
from carddata_retention.report.period_cover import COMMAND, SECTIONS, SIGNERS, period_front, period_notes
from carddata_retention.report.period_sheets import listed_looks, listed_nights, period_sheets, policies, refusal
from carddata_retention.report.speech import Speech, number
from carddata_retention.report.verdict import TONES, Tone

# The conclusion that a section's own verdict is.
_CONCLUDED = {"p3": "P2", "p4": "P3", "p5": "P6", "p6": "P8", "p7": "P4"}
Links = list[dict[int, str | None]]


def context(view: PeriodView, speech: Speech, pages: Pages) -> dict[str, Any]:
    """The names that the template uses."""
    rolled, nights, front = view.roll_up, view.roll_up.nights, period_front(view)
    concluded = conclusions(view)
    by_number: dict[str, Tone] = {c.no: c.tone for c in concluded}
    if nights.nights.missed and by_number["P2"] == "ok":
        by_number["P2"] = nights.gaps_tone
    tones = {id: by_number[no] for id, no in _CONCLUDED.items()}
    tables: dict[str, list[Table]] = {id: [] for id in SECTIONS}
    for table in period_sheets(view):
        if table.paper_rows != 0:
            tables[f"p{table.section}"].append(table.on_paper())
    return {
        **voice(speech), "speech": speech, "languages": speech.languages, "number": number, "view": view,
        "rolled": rolled, "nights": nights, "tally": nights.nights, "front": front, "conclusions": concluded,
        "sections": [(id, tones.get(id)) for id in SECTIONS], "tones": tones, "policies": policies(view),
        "tables": tables, "notes": period_notes(view), "links": _links(view, pages), "command": COMMAND,
        "months": grids(speech, nights.days, pages), "steps": steps(nights.days),
        "signers": () if refusal(rolled) else SIGNERS,
        "footer": f"{front.workpaper}  ·  period.json SHA-256 {front.digest[:4]}…{front.digest[-4:]}",
    }


def _links(view: PeriodView, pages: Pages) -> dict[str, Links]:
    """By table, and row by row: where the text of a column leads."""
    return {
        "t3-2": [{0: row.href, 3: _worst(row, pages)} for row in listed_nights(view.roll_up, pages)],
        "t4-1": [{4: pages.of(look.run)} for look in listed_looks(view.roll_up)],
    }


def _worst(row: NightRow, pages: Pages) -> str | None:
    """The page of an earlier run of the night whose verdict was worse than the last one's."""
    if row.day.worst == row.day.tone:
        return None
    return next((pages.of(run) for run in row.day.runs if TONES[run.verdict] == row.day.worst), None)
