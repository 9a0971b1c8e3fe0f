"""Requests of individuals about their card data (開示等の請求): received, decided, answered by a letter, closed.

A disclosure tells what is held, never the values. A granted erasure makes its records REQUESTED: a night removes them
with everything else, or one for this request alone (`run.night` with its number), and closes it when nothing is left.
Rows are never deleted. Whom a request names and how identity was checked stand in the ledger only.
"""

from carddata_retention.subject_requests.answering import (
    Answer,
    ask,
    correct,
    disclose,
    grant_erasure,
    left_of,
    letter_of,
    must_be_granted,
    refuse,
)
from carddata_retention.subject_requests.intake import Claim, OpenRequest, open_requests

__all__ = ["Answer", "Claim", "OpenRequest", "ask", "correct", "disclose", "grant_erasure", "left_of", "letter_of",
           "must_be_granted", "open_requests", "refuse"]
