"""The report of a month, a quarter or a year: rolled up from the ledger, whose chain is recomputed first. Read-only."""

from dataclasses import dataclass
from datetime import date, datetime

import carddata_retention
from carddata_retention import archive, identity, publication
from carddata_retention.errors import BrokenError, UsageError
from carddata_retention.history import History
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.rollup import ChainState, months, roll_up, timeline
from carddata_retention.report.site import publish_period
from carddata_retention.report.views import location_views
from carddata_retention.reporting_period import ReportingPeriod
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The files of a period, and why the chain of evidence does not hold, which they tell too."""

    files: tuple[str, ...]
    broken: BrokenError | None


def report_period(config: Config, host: datetime, period: ReportingPeriod) -> PeriodReport:
    """Build the report of a period, and the overview that links to it. Today is what the clocks of host and database
    say.

    Raises ConfigError where a format is not installed, UsageError for a period that has not begun or holds no completed
    run, BrokenError where a run cannot even be read, RefusedError on a leak, FailedError where no file can be written.
    """
    publication.ready(config)
    with open_stage(config, "plan", host, None) as stage:
        _has_begun(period, stage.clocks.today)
        history, chain, broken = _read(stage)
        view = view_of(stage, period, history, chain)
    with publication.writable(config, f"--period {period}"):
        files = publish_period(view, history, config.path(config.report.directory), config.report.formats,
                               tuple(config.report.languages))
    return PeriodReport((*map(str, files), *publication.overview(config, view.database, chain, history)), broken)


def _has_begun(period: ReportingPeriod, today: date) -> None:
    if period.first > today:
        raise UsageError("period_ahead", f"The period {period} begins on {period.first}, and today is {today}.",
                         not_done="No report was built.", cure="Ask for a period that has begun.")


def _read(stage: Stage) -> tuple[History, ChainState, BrokenError | None]:
    with stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return History(), ChainState(None), None
        try:
            chain, broken = ChainState(stage.ledger.check_chain(connection, identity.key_if_any(stage.config))), None
        except BrokenError as wrong:
            chain, broken = ChainState(None, wrong.cause), wrong
        return archive.history(connection, stage.ledger), chain, broken


def view_of(stage: Stage, period: ReportingPeriod, history: History, chain: ChainState) -> PeriodView:
    """Everything that the report of a period says. Raises UsageError where no run of it was completed."""
    known, today = timeline(history), stage.clocks.today
    rolled = roll_up(known, period, today, chain)
    if not rolled.held:
        held = f"The first night of the ledger is {known.calendar.first}." if history.runs else "No run ever was."
        raise UsageError("period_without_run", f"No run of {period} was completed. {held}",
                         not_done="No report was built.", cure="carddata-retention report --period YYYY-MM, of a month "
                         "with a completed run")
    return PeriodView(rolled, tuple(months(known, period, today)), location_views(stage.config), stage.database,
                      stage.config.policy.zone, stage.policy.id, carddata_retention.__version__)
