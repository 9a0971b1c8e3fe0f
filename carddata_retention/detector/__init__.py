"""Finding card data in text: pure, without database or files.

`look` says what stands in one page of values of one column (or lines of a file), `look_once` the same where many are
alike; a `Population` adds up pages, for only a whole column can tell cards from business numbers: cards pass the check
digit always, other numbers one time in ten.
"""

from carddata_retention.detector.hits import Hits
from carddata_retention.detector.kinds import Confidence, Kind, Severity, Verdict, Why
from carddata_retention.detector.look import decode, look
from carddata_retention.detector.names import ColumnName, read_name
from carddata_retention.detector.population import VERSION, Population
from carddata_retention.detector.repeats import look_once

__all__ = [
    "VERSION", "ColumnName", "Confidence", "Hits", "Kind", "Population", "Severity", "Verdict", "Why",
    "decode", "look", "look_once", "read_name",
]  # fmt: skip
