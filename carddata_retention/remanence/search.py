"""Search the files of a data directory for values that should be gone: what `residue` says may be there, looked at.

The values come from whoever asks, one on each line of standard input, and stay in memory: those of a card that was put
into the billing data for this purpose, or of one that a person wants to see gone. The product itself never has a
removed value (docs/adr/0019). What is found is told as a file and a number, never as the value.
"""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from carddata_retention.errors import BlindError, UsageError

SHORTEST = 6
ENCODINGS = ("utf-8", "utf-16-le", "cp932", "latin-1")


@dataclass(frozen=True, slots=True)
class Found:
    """How often any of the values stands in one file; `file` is relative to the directory."""

    file: str
    count: int


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through, and where something was found."""

    files: int
    size: int
    values: int
    found: tuple[Found, ...]


def search(directory: Path, values: Iterable[str]) -> Searched:
    """Every regular file below a directory, as its bytes are on the disk.

    Raises UsageError for no value or one so short that it would stand anywhere, BlindError where a file cannot be read:
    what was not looked at is never said to be clean.
    """
    wanted = [value for line in values if (value := line.strip())]
    if not wanted or any(len(value) < SHORTEST for value in wanted):
        raise UsageError("search_values", f"The search needs values of at least {SHORTEST} characters, one on each "
                         "line of standard input.", not_done="No file was searched.",
                         cure="carddata-retention verify --files DATA_DIRECTORY < values.txt")
    needles, number, size = tuple(dict.fromkeys(_written(wanted))), 0, 0
    found = []
    for path in _files(directory):
        try:
            count = _count(path, needles)
            size += path.stat().st_size
        except FileNotFoundError:
            continue  # a server removes files of its own while we look
        except OSError as wrong:
            raise BlindError("file_unreadable", f"{path.relative_to(directory)} is unreadable: {type(wrong).__name__}.",
                             not_done="The search was not finished.",
                             cure="Search as the user of the database server, or as root.") from None
        number += 1
        found += [Found(path.relative_to(directory).as_posix(), count)] if count else []
    return Searched(number, size, len(wanted), tuple(found))


def _written(values: Sequence[str]) -> Iterator[bytes]:
    for value in values:
        for encoding in ENCODINGS:
            try:
                yield value.encode(encoding)
            except UnicodeEncodeError:
                continue


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        raise UsageError("search_directory", f"There is no directory {directory.name}.", not_done="No file was read.",
                         cure="PostgreSQL: SHOW data_directory; MariaDB: SELECT @@datadir; SQLite: the file's folder")
    return (path for path in sorted(directory.rglob("*")) if path.is_file() and not path.is_symlink())


def _count(path: Path, needles: Sequence[bytes]) -> int:
    if not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(_times(content, needle) for needle in needles)


def _times(content: mmap.mmap, needle: bytes) -> int:
    number, at = 0, content.find(needle)
    while at >= 0:
        number, at = number + 1, content.find(needle, at + 1)
    return number
