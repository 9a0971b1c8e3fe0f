"""Search the files of a data directory for values that should be gone: what `residue` says may be there, looked at.

The values come from whoever asks, one on each line of standard input, and stay in memory: those of a card that was put
into the billing data for this purpose, or of one that a person wants to see gone. The product itself never has a
removed value (docs/adr/0019). What is found is told as a file and a number, never as the value.
"""

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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


def search(directory: Path, values: Iterable[bytes]) -> Searched:
    """Every file below a directory, links followed, as its bytes are on the disk. A value is a line of bytes.

    Raises UsageError for no value or one so short that it would stand anywhere, BlindError where a file or a folder
    cannot be read: what was not looked at is never said to be clean.
    """
    wanted = [value for line in values if (value := line.strip())]
    if not wanted or any(len(value) < SHORTEST for value in wanted):
        raise UsageError("search_values", f"The search needs values of at least {SHORTEST} bytes, one on each "
                         "line of standard input.", not_done="No file was searched.",
                         cure="carddata-retention verify --files DATA_DIRECTORY < values.txt")
    if not directory.is_dir():
        raise UsageError("search_directory", f"There is no directory {directory.name}.", not_done="No file was read.",
                         cure="PostgreSQL: SHOW data_directory; MariaDB: SELECT @@datadir; SQLite: the file's folder")
    needles, number, size = tuple(dict.fromkeys(_written(wanted))), 0, 0
    found = []
    for path in _files(directory):
        try:
            count = _count(path, needles)
            size += path.stat().st_size
        except FileNotFoundError:
            continue  # a server removes files of its own while we look
        except OSError as wrong:
            raise _unreadable(path, directory, wrong) from None
        number += 1
        found += [Found(path.relative_to(directory).as_posix(), count)] if count else []
    if not number:
        raise BlindError("nothing_searched", f"There is no file in {directory.name}.", not_done="Nothing was searched.",
                         cure="Name the server's data directory.")
    return Searched(number, size, len(wanted), tuple(found))


def _written(values: Sequence[bytes]) -> Iterator[bytes]:
    for value in values:
        yield value
        try:
            text = value.decode()
        except UnicodeDecodeError:
            continue  # bytes of another encoding are searched as they are
        for encoding in ENCODINGS:
            with suppress(UnicodeEncodeError):
                yield text.encode(encoding)


def _files(directory: Path) -> Iterator[Path]:
    """Regular files, whatever links lead to them: PostgreSQL's log and tablespaces may lie elsewhere."""
    def refuse(wrong: OSError) -> None:
        raise _unreadable(Path(str(wrong.filename)), directory, wrong)

    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(directory, onerror=refuse, followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            below.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        yield from (path for name in sorted(names) if (path := Path(folder) / name).is_file())


def _unreadable(path: Path, directory: Path, wrong: OSError) -> BlindError:
    name = path.relative_to(directory).as_posix() if path.is_relative_to(directory) else path.name
    return BlindError("file_unreadable", f"{name} is unreadable: {type(wrong).__name__}.",
                      not_done="The search was not finished.",
                      cure="Search as the user of the database server, or as root.")


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
