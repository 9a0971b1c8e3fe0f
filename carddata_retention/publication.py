"""Handing a told night to the report, with the policy and the places that it speaks of."""

from carddata_retention.errors import FailedError
from carddata_retention.model import Night
from carddata_retention.policy import Policy
from carddata_retention.report.formats import require
from carddata_retention.report.publish import publish
from carddata_retention.report.views import location_views, policy_view
from carddata_retention.settings import Config


def ready(config: Config) -> None:
    """Whether every format can be written. Raises ConfigError; asked before anything is removed."""
    require(config.report.formats)


def published(config: Config, told: Night, policy: Policy) -> tuple[str, ...]:
    """Publish a night; returns the paths. Raises RefusedError on a leak, FailedError where no file can be written."""
    try:
        files = publish(told, policy_view(config, policy), location_views(config),
                        config.path(config.report.directory), config.report.formats, tuple(config.report.languages))
    except OSError as wrong:
        raise FailedError("report_unwritable", f"The report folder takes no file: {type(wrong).__name__}.",
                          not_done="No report was written. What was removed is recorded in the ledger.",
                          cure=f"Give the job's user the right to write to {config.report.directory}, or change "
                               f"report.directory; then: carddata-retention report --run {told.run_id}") from None
    return tuple(str(f) for f in files)
