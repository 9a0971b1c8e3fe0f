"""The rows of a plan in a file beside it: written while the database sends them, read back to tell them again.

A row is known by its key, its subjects and the service end that decided it: whatever of these changed since makes it
another row, which nobody has approved.

Only a plan that is carried out loads numpy: 14 MiB that a night by itself has no use for.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from carddata_retention.errors import RefusedError
from carddata_retention.plan import MAKE_ANEW, PlannedTarget
from carddata_retention.verifier.form import canonical

if TYPE_CHECKING:
    import numpy as np

KNOWN_BY = ("key", "subjects", "service_end")
_BYTES = 16
_END = b"."  # numpy drops zeros at the end of its bytes


class RowsWriter:
    """One target after the other into the file of the rows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._whole = hashlib.sha256()

    def write(self, row: Mapping[str, Any]) -> None:
        """One row: target, key, subjects, status, service_end and first_purgeable_day; no value of a card."""
        line = canonical(dict(row)) + b"\n"
        self._whole.update(line)
        self._file.write(line)

    def begin_target(self) -> None:
        """The rows of another target follow. Those of one that broke off stay in the file, and no plan names it."""
        self._whole = hashlib.sha256()

    def end_target(self) -> str:
        """The digest of the rows of this target, in hex."""
        return self._whole.hexdigest()


@dataclass(frozen=True, slots=True)
class PlannedRows:
    """The rows of one target as a sorted array of short digests: 17 MB for a million."""

    known: "np.ndarray[Any, np.dtype[np.bytes_]]"

    def holds(self, page: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Of each row whether the plan names this very one."""
        wanted = _array(b"".join(map(_short, page)))
        places = self.known.searchsorted(wanted)
        there = places < len(self.known)
        there[there] = self.known[places[there]] == wanted[there]
        return [bool(x) for x in there]

    def __len__(self) -> int:
        return len(self.known)


def read_rows(path: Path, planned: PlannedTarget) -> PlannedRows:
    """The rows of one target. Raises RefusedError where they are not those that the plan was made with."""
    whole, found = hashlib.sha256(), bytearray()
    mark = b'"target":' + canonical(planned.name) + b"}"
    try:
        with path.open("rb") as file:
            for line in file:
                if line.rstrip().endswith(mark):
                    whole.update(line)
                    found += _short(json.loads(line))
    except (OSError, ValueError, KeyError, TypeError):
        whole.update(b"unreadable")
    if whole.hexdigest() != planned.rows_digest:
        raise RefusedError("plan_rows_changed", f"{path.name} does not hold the rows of {planned.name} that the plan "
                           "was made with.", cure=f"Keep it beside the plan, as it was written. {MAKE_ANEW}")
    rows = _array(found)
    rows.sort()
    return PlannedRows(rows)


def _short(row: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical([row[name] for name in KNOWN_BY])).digest()[:_BYTES] + _END


def _array(digests: bytes | bytearray) -> "np.ndarray[Any, np.dtype[np.bytes_]]":
    import numpy as np

    return np.frombuffer(digests, dtype=f"S{_BYTES + len(_END)}")
