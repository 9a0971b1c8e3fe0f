"""The pages beside those of the nights: the overview and the periods. Rendered from the ledger, scanned, then put in
their place.

No page is ever read. Whether a night's or a period's page is still there is asked of the file system, for its link.
"""

from collections.abc import Iterable
from pathlib import Path

from carddata_retention.history import History
from carddata_retention.report import leaks
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.formats import Artefact, render_roll_up
from carddata_retention.report.grid import Pages
from carddata_retention.report.html import render_overview
from carddata_retention.report.keeping import remove_replaced
from carddata_retention.report.overview import Site
from carddata_retention.report.publish import cleared, put, refuse_leak
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
    made = {OVERVIEW: Artefact(render_overview(history, site, languages).encode())}
    return put(directory, cleared(made, NOT_REBUILT, "carddata-retention report"))[0]


def publish_period(view: PeriodView, history: History, directory: Path, formats: Iterable[str],
                   languages: tuple[Language, ...]) -> tuple[Path, ...]:
    """Write the files that `formats.py` names below `<directory>/<period>/`, in place of those of an earlier report.

    Raises RefusedError where a card number shows, ConfigError where a format is not installed, OSError where the folder
    takes no file.
    """
    period = str(view.roll_up.period)
    again = f"carddata-retention report --period {period}"
    refuse_leak(leaks.in_value(view, "period", frozenset()), NO_PERIOD, again)
    made = render_roll_up(view, pages(history, directory, "../"), formats, languages)
    written = put(directory / period, cleared(made, NO_PERIOD, again))
    remove_replaced(directory / period, written)
    return written
