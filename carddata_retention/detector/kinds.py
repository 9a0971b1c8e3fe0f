"""What can be found, and how a finding is said. No value and no digit is ever part of it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The classes of card data; the order is part of the format of a saved population."""

    CARD_NUMBER = "card-number"
    TEST_NUMBER = "test-number"
    MASKED = "masked-number"
    TOKEN = "token"  # noqa: S105
    HOLDER = "holder"
    EXPIRY = "expiry"
    CVV = "cvv"
    TRACK = "track"
    PIN_BLOCK = "pin-block"


KINDS = tuple(Kind)
CODE = {kind: code for code, kind in enumerate(KINDS)}


class Confidence(StrEnum):
    """How sure a verdict is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Severity(StrEnum):
    """How grave it is where it was found."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Why(StrEnum):
    """What convinced the detector."""

    PASS_RATE = "pass-rate"  # noqa: S105  the numbers of this population pass Luhn as only cards do
    CONTEXT = "context"  # label, grouping, expiry beside it
    AMONG_TOKENS = "among-tokens"  # tokens that were made to fail Luhn, and some that pass
    PUBLISHED = "published"  # a published test number
    MASK = "mask"
    TRACK_LAYOUT = "track-layout"
    LABELLED = "labelled"  # the label in the text or the JSON key, and the value
    NAME_AND_VALUE = "name-and-value"  # the column's name, and its values


@dataclass(frozen=True, slots=True)
class Verdict:
    """One class of card data in one column or file.

    `count` of places where it stands; `share` of the rows, 0 to 1. `card_shaped` numbers have the length, layout and
    issuer of a card, and `luhn_pass` of them pass the check digit (both 0 for classes other than numbers).
    """

    kind: Kind
    count: int
    share: float
    confidence: Confidence
    severity: Severity
    card_shaped: int
    luhn_pass: int
    why: Why
