"""SQLite: the pages of the file itself, and the log beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from carddata_retention.remanence.trace import Trace, asked, size
from carddata_retention.schema import BoundTarget


def places(connection: Connection, _targets: Sequence[BoundTarget]) -> Iterator[Trace]:
    """The file and its log. Every run removes with secure_delete on; what the application deleted itself it did not."""
    free = asked(connection, "SELECT freelist_count FROM pragma_freelist_count", lambda row: int(row[0])) or 0
    yield Trace(
        "free pages of the file", None, "possible" if free else "none", "new rows overwrite them" if free else None,
        f"{free:,} free pages; those that this product freed were overwritten with zeros (secure_delete), those that "
        "others freed perhaps not.", "VACUUM;" if free else "")
    file = Path(str(connection.engine.url.database))
    log = file.with_name(file.name + "-wal")
    length = log.stat().st_size if log.exists() else 0
    yield Trace(
        "write-ahead log beside the file", None, "possible" if length else "none",
        "the next checkpoint that nobody's look is in the way of" if length else None,
        f"{size(length)} in {log.name}.", "PRAGMA wal_checkpoint(TRUNCATE);" if length else "")
