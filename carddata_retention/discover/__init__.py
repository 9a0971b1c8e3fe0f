"""Discovery as a story: card data that nobody declared, in a database or in files.

Read only from end to end; what is remembered lies in a file. The counts of a column are of all its rows that were read
so far, in this call or before; a column with a critical finding is read anew each time, so that what was mended goes
away.
"""

from carddata_retention.discover.files import discover_files
from carddata_retention.discover.tables import discover

__all__ = ["discover", "discover_files"]
