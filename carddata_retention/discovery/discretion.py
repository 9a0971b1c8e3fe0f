"""What must not be repeated: a key, a name of a JSON object or a header that is a card number itself."""

from collections.abc import Sequence

import numpy as np

from carddata_retention.detector import Kind, look
from carddata_retention.detector.kinds import CODE

LEAST_DIGITS = 13
SECRET = [CODE[k] for k in (Kind.CARD_NUMBER, Kind.TEST_NUMBER, Kind.TRACK)]


def revealing(texts: Sequence[str]) -> set[int]:
    """Which of the texts hold a number with the shape and the check digit of a card."""
    if not any(sum(map(str.isdigit, text)) > LEAST_DIGITS - 1 for text in texts):
        return set()
    hits = look(texts, shapes=False)
    return set(hits.row[hits.passes & np.isin(hits.kind, SECRET)].tolist())
