"""How fast a purge is, held against SQL written by hand on the same data. Outside the wheel; see README.md.

Every contender removes the same rows from its own copy of one seeded database, in its own process, and afterwards the
rows that are left are compared. Timings decide nothing here: they are printed, and people judge them.
"""

import sys
from pathlib import Path

# The hard text of the tests (detect): its modules name each other as pytest lets them.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
