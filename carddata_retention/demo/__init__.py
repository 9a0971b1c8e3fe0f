"""The sample that `carddata-retention demo` works on: a hosting company's billing database, all invented.

`billing.py` builds the database, `configuration.py` writes the file that a night on it needs. The same seed and
as-of date give the same rows. Nobody in it exists, and no card number is in it: only tokens that cannot be one.
"""

from carddata_retention.demo.billing import build_billing
from carddata_retention.demo.configuration import write_configuration

__all__ = ["build_billing", "write_configuration"]
