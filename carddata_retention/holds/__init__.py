"""Legal holds: placed, looked at again, released; never deleted. A hold beats every removal.

Placing one locks what a batch locks for the same records (`naming.py`), so it comes before a removal or after it, never
beside: where it comes too late, it says when the record was removed. A hold on a whole target waits for the batches
under way. A hold on many records has one number and a row for each of them: it is released as a whole.
"""

from carddata_retention.holds.many import Bulk, RefusedRow, place_by_query, place_from_csv
from carddata_retention.holds.placing import BASES, Order, place_on_record, place_on_subject, place_on_target
from carddata_retention.holds.standing import in_force, release, review

__all__ = ["BASES", "Bulk", "Order", "RefusedRow", "in_force", "place_by_query", "place_from_csv", "place_on_record",
           "place_on_subject", "place_on_target", "release", "review"]
