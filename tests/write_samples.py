"""`make samples`: nights on a demonstration database, two of them missed, and every page that follows from them."""

import itertools
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sample_reports import KEPT, SAMPLES, TOLD, Told, rendered

import carddata_retention
from carddata_retention import archive, period_report
from carddata_retention.config import load
from carddata_retention.demo import build_billing, write_configuration
from carddata_retention.nights import Hooks
from carddata_retention.policy import in_force
from carddata_retention.report.grid import Pages
from carddata_retention.report.overview import Site
from carddata_retention.report.rollup import ChainState
from carddata_retention.report.views import location_views, policy_view
from carddata_retention.reporting_period import ReportingPeriod
from carddata_retention.run import night
from carddata_retention.stage import open_stage

LAST = date(2026, 10, 31)  # the end of a month, so that the report of its period can be signed
BUILT = LAST - timedelta(days=3)  # what becomes due in the days after it, the last nights remove
NIGHTS = (8, 7, 6, 4, 3, 2, 0)  # days before the last one; two were missed
CARDS = 4000


def main() -> None:
    """Writes docs/samples/ anew."""
    with tempfile.TemporaryDirectory() as folder:
        told = some_nights(Path(folder))
    shutil.rmtree(SAMPLES, ignore_errors=True)
    for name, content in {TOLD.name: KEPT.dump_json(told), **rendered(told)}.items():
        path = SAMPLES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sys.stdout.write(f"{path.relative_to(SAMPLES.parent.parent)}\n")


def some_nights(folder: Path) -> Told:
    """The last of the nights and what the ledger remembers of all."""
    build_billing(folder / "billing.db", cards=CARDS, as_of=BUILT)
    config = load(write_configuration(folder, ("json",)))
    for days in NIGHTS:
        began = datetime(LAST.year, LAST.month, LAST.day, 17, tzinfo=UTC) - timedelta(days=days + 1)
        ticks = itertools.count(1)
        hooks = Hooks(told_to_stop=lambda: False, progress=lambda *_: None,
                      moment=lambda began=began, ticks=ticks: began + timedelta(seconds=next(ticks)))
        last = night(config, began, None, hooks)
    with open_stage(config, "plan", began + timedelta(days=1), LAST) as stage, stage.db.snapshot() as connection:
        history = archive.history(connection, stage.ledger)
        chain = ChainState(stage.ledger.check_chain(connection))
        period = period_report.view_of(stage, ReportingPeriod.parse(f"{LAST:%Y-%m}"), history, chain)
        site = Site(stage.database, carddata_retention.__version__, chain, None, None, Pages(frozenset(), ""), frozenset())
    anonymous = replace(last, host="batch-01", os_user="retention", artefacts=())
    return Told(anonymous, history, policy_view(config, in_force(config, LAST)), location_views(config), site, period)


if __name__ == "__main__":
    main()
