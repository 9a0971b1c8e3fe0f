"""The sample reports of docs/samples/: made of a kept night, so that anybody can see whether they are current.

`told.json` holds what some nights on a demonstration database told; the pages beside it follow from it alone.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.formats import FORMATS, render, render_roll_up
from carddata_retention.report.grid import Pages
from carddata_retention.report.html import render_overview
from carddata_retention.report.overview import Site
from carddata_retention.report.views import LocationView, PolicyView

SAMPLES = Path(__file__).resolve().parent.parent / "docs" / "samples"
TOLD = SAMPLES / "told.json"
# Of the tables of a night these two show what a CSV file looks like.
TABLES = ("csv/t5-1.csv", "csv/t15-2.csv")
# And of the period one file of each format.
OF_THE_PERIOD = ("period.html", "period.json", "period.ja.xlsx", "period.en.pdf")


@dataclass(frozen=True)
class Told:
    """Everything that the pages are made of."""

    night: Night
    history: History
    policy: PolicyView
    places: tuple[LocationView, ...]
    site: Site
    period: PeriodView


KEPT = TypeAdapter(Told)


def rendered(told: Told) -> dict[str, bytes]:
    """Every file of the samples by its name below the folder, but the kept night itself."""
    files = {name: made.content for name, made in render(
        told.night, told.policy, told.places, FORMATS, ("ja", "en"), told.history).items()}
    nights = {name: content for name, content in files.items() if not name.startswith("csv/") or name in TABLES}
    rolled_up = render_roll_up(told.period, Pages(frozenset(), ""), FORMATS, ("ja", "en"))
    return {**nights, "index.html": render_overview(told.history, told.site, ("ja", "en")).encode(),
            **{name: rolled_up[name].content for name in OF_THE_PERIOD}}
