"""What an individual may ask about card data (開示等の請求), how it may be refused, and how many did."""

from dataclasses import dataclass
from enum import StrEnum


class RequestKind(StrEnum):
    """開示, 訂正・追加, 削除."""

    DISCLOSE = "disclose"
    CORRECT = "correct"
    ERASE = "erase"


class Ground(StrEnum):
    """The three grounds of the notice for refusing, which are those of APPI art. 33(2), items 1 to 3, in this order."""

    RIGHTS = "rights"
    BUSINESS = "business"
    LAW = "law"


@dataclass(frozen=True, slots=True)
class RequestTally:
    """Requests of one kind: what became of them since the night before, and how many are open now."""

    kind: RequestKind
    received: int
    granted: int
    refused: int
    closed: int
    open: int
