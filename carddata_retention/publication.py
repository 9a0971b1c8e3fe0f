"""Handing a told night, and the overview of all nights, to the report, with what the configuration says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain

import carddata_retention
from carddata_retention.errors import FailedError
from carddata_retention.history import History
from carddata_retention.model import Night, State
from carddata_retention.policy import Policy
from carddata_retention.report import keeping, site
from carddata_retention.report.formats import require
from carddata_retention.report.overview import Site
from carddata_retention.report.publish import publish
from carddata_retention.report.rollup import ChainState
from carddata_retention.report.views import location_views, policy_view
from carddata_retention.reporting_period import PeriodKind, ReportingPeriod
from carddata_retention.settings import Config

# After these nights everything was seen and let through; after any other no report is thrown away.
_HEALTHY = (State.CLEAN, State.INCOMPLETE)

def ready(config: Config) -> None:
    """Whether every format can be written. Raises ConfigError; asked before anything is removed."""
    require(config.report.formats)


@contextmanager
def writable(config: Config, again: str) -> Iterator[None]:
    """Raises FailedError where the folder of reports takes no file; `again` is the command that builds anew."""
    try:
        yield
    except OSError as wrong:
        raise FailedError("report_unwritable", f"The report folder takes no file: {type(wrong).__name__}.",
                          not_done="No report was written. What was removed is recorded in the ledger.",
                          cure=f"Give the job's user the right to write to {config.report.directory}, or change "
                               f"report.directory; then: carddata-retention report {again}") from None


def published(config: Config, told: Night, policy: Policy, history: History) -> tuple[str, ...]:
    """Publish a night; returns the paths. Raises RefusedError on a leak, FailedError where no file can be written."""
    with writable(config, f"--run {told.run_id}"):
        files = publish(told, policy_view(config, policy), location_views(config),
                        config.path(config.report.directory), config.report.formats, tuple(config.report.languages),
                        history.until(told.run_id))
    return tuple(str(f) for f in files)


def overview(config: Config, database: str, proof: ChainState, history: History) -> tuple[str, ...]:
    """Build the overview of all nights anew where HTML is wanted; `proof` is what recomputing the chain has shown.
    Returns its path.

    Raises RefusedError on a leak, FailedError where no file can be written.
    """
    if "html" not in config.report.formats or not history.runs:
        return ()
    directory = config.path(config.report.directory)
    days = {run.as_of for run in history.runs}
    names = set(chain.from_iterable((str(ReportingPeriod.around(day, kind)) for kind in PeriodKind) for day in days))
    beside = Site(database, carddata_retention.__version__, proof, config.report.keep_nights_days,
                  config.report.keep_periods_days, site.pages(history, directory), site.periods(names, directory))
    with writable(config, ""):
        return (str(site.publish_overview(history, beside, directory, tuple(config.report.languages))),)


def thrown_away(config: Config, told: Night, today: date, history: History) -> int:
    """Remove the reports that are older than the configuration keeps them; returns how many folders.

    Their age is counted from the earlier of the night's date and `today`, and only after a healthy night: a wrong clock
    must not empty the folder. Raises FailedError where a file cannot be removed.
    """
    if told.verdict not in _HEALTHY:
        return 0
    section, day = config.report, min(told.as_of, today)
    directory = config.path(section.directory)
    with writable(config, f"--run {told.run_id}"):
        return (keeping.remove_nights(directory, history, day, section.keep_nights_days)
                + keeping.remove_periods(directory, day, section.keep_periods_days))
