"""The pages beside those of the nights: the overview and the periods. Rendered from the ledger, scanned, then put in
their place.

No page is ever read. Whether a night's or a period's page is still there is asked of the file system, for its link.
"""

from collections.abc import Iterable
from pathlib import Path

from carddata_retention.errors import RefusedError
from carddata_retention.history import History
from carddata_retention.report import leaks
from carddata_retention.report.canonical import canonical_bytes
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.grid import Pages
from carddata_retention.report.html import render_overview, render_period
from carddata_retention.report.overview import Site
from carddata_retention.report.period_json import period_json
from carddata_retention.report.publish import put
from carddata_retention.report.speech import Language

OVERVIEW = "index.html"
NO_PERIOD = "No report of the period was published. Its nights are in the ledger as they were."
NOT_REBUILT = "The overview of nights stays as it was. The night itself is published; what it removed stays removed."


def pages(history: History, directory: Path, way: str = "") -> Pages:
    """The runs whose page is there, for links from a page that lies `way` from the folder of reports."""
    there = (run.run_id for run in history.runs if (directory / str(run.as_of) / run.run_id / "night.html").is_file())
    return Pages(frozenset(there), way)


def periods(names: Iterable[str], directory: Path) -> frozenset[str]:
    """The periods whose report is there."""
    return frozenset(name for name in names if (directory / name / "period.html").is_file())


def publish_overview(history: History, site: Site, directory: Path, languages: tuple[Language, ...]) -> Path:
    """Write `index.html`. Raises RefusedError where a card number shows, OSError where the folder takes no file."""
    content = render_overview(history, site, languages).encode()
    _refuse_leak(OVERVIEW if leaks.in_document(content) else None, NOT_REBUILT)
    return put(directory, {OVERVIEW: content})[0]


def publish_period(view: PeriodView, history: History, directory: Path, formats: Iterable[str],
                   languages: tuple[Language, ...]) -> tuple[Path, ...]:
    """Write `<period>/period.html` and `period.json` below `directory`, as far as `formats` name them.

    Raises RefusedError where a card number shows, OSError where the folder takes no file.
    """
    _refuse_leak(leaks.in_value(view, "period", frozenset()), NO_PERIOD)
    contents: dict[str, bytes] = {}
    if "html" in formats:
        contents["period.html"] = render_period(view, pages(history, directory, "../"), languages).encode()
    if "json" in formats:
        contents["period.json"] = canonical_bytes(period_json(view))
    for name, content in contents.items():
        _refuse_leak(name if leaks.in_document(content) else None, NO_PERIOD)
    return put(directory / str(view.roll_up.period), contents)


def _refuse_leak(place: str | None, not_done: str) -> None:
    if place is not None:
        raise RefusedError("report_leak", f"Something in {place} has the shape of a card number.", not_done=not_done,
                           cure="Mend the name that holds it, then type: carddata-retention report")
