"""Whether the removal keeps its word while everything around it goes wrong. Outside the wheel; see docs/reliability.md.

Nothing of the product is replaced, and no test decides here by a time. Others change rows at every statement of a
batch, the job is killed, its server is killed, its disk fills, its database turns read-only, and afterwards the ledger
is held against the rows.
"""

import sys
from pathlib import Path

# The bench of the tests, on which all of this stands: its modules name each other as pytest lets them.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
