"""Files beside the database: CSV, JSON lines, text and logs, Parquet; plain, gzip or zstd; UTF-8, UTF-16 or CP932.

Read once from front to back, a few megabytes at a time. How a file is packed, its first bytes say; whether a text is a
table of fields is asked of its name. A row or a line is named by its number.
"""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import IO, Any

from carddata_retention.detector import decode
from carddata_retention.discovery.columns import PIECE
from carddata_retention.discovery.discretion import revealing
from carddata_retention.discovery.windows import OVERLAP, Texts
from carddata_retention.errors import BlindError

AT_ONCE = 2_000_000  # bytes of a text
LONGEST_LINE = 16_000_000  # then it is cut; a field of a table that is longer is an error
ROWS = 5_000
GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
TABLES = {".csv": ",", ".tsv": "\t"}
PACKED = (".gz", ".gzip", ".zst", ".zstd")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one file: column name -> texts; a text has one column, named ''. `numbers` is that of each row."""

    columns: dict[str, Texts]
    numbers: Sequence[int]

    def key_of(self, row: int) -> str:
        """The number of the row or line, from 1."""
        return str(self.numbers[row])


def found_files(paths: Sequence[Path]) -> list[Path]:
    """The files of the command line, and those below its folders. Raises BlindError for what is not there."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file())
        elif path.is_file():
            files.append(path)
        else:
            raise BlindError("file_missing", f"There is no file {path.name}.", not_done="Nothing was read.",
                             cure="Look at its name.")
    return files


def pages(path: Path) -> Iterator[Page]:
    """Everything in a file. Raises BlindError: damaged, or what reads it is not installed; OSError: unreadable."""
    with path.open("rb") as raw:
        head = raw.read(4)
        raw.seek(0)
        if head == PARQUET:
            yield from _parquet(path)
            return
        plain: Any = raw
        if head[:2] == GZIP or head == ZSTD:
            plain = gzip.GzipFile(fileobj=raw) if head[:2] == GZIP else _unpacked(raw, path)
        suffix = next((s for s in map(str.lower, reversed(path.suffixes)) if s not in PACKED), "")
        delimiter = TABLES.get(suffix)
        try:
            lines = _lines(_chunks(plain))
            yield from _text(lines) if delimiter is None else _table(lines, delimiter)
        except (EOFError, gzip.BadGzipFile, zlib.error, csv.Error) as wrong:
            raise _damaged(path, wrong) from None


def _damaged(path: Path, wrong: Exception) -> BlindError:
    return BlindError("file_damaged", f"{path.name} is damaged: {type(wrong).__name__}.",
                      not_done="Its rest was not read.", cure="Fetch it again, or read it as text under another name.")


def _missing(path: Path, what: str) -> BlindError:
    return BlindError("extra_missing", f"{path.name} is {what}, and what reads it is not installed.",
                      not_done="It was not read.", cure="pip install 'carddata-retention[exports]'")


def _unpacked(raw: IO[bytes], path: Path) -> Any:
    try:
        import zstandard
    except ImportError:
        raise _missing(path, "zstd") from None
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)


def _chunks(plain: IO[bytes]) -> Iterator[str]:
    """The text in pieces that end with a line, each decoded by itself: one log may be of several programs."""
    rest = b""
    while more := plain.read(AT_ONCE):
        if not rest and more[:2] in UTF16:
            yield from _sixteen(more, plain)
            return
        whole, end, rest = (rest + more).rpartition(b"\n")
        if not end and len(rest) > LONGEST_LINE:
            whole, rest = rest, b""
        if whole or end:
            yield _decoded(whole + end)
    if rest:
        yield _decoded(rest)


def _sixteen(head: bytes, plain: IO[bytes]) -> Iterator[str]:
    reader = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest = reader.decode(head)
    while more := plain.read(AT_ONCE):
        whole, end, rest = (rest + reader.decode(more)).rpartition("\n")
        yield whole + end
    yield rest


def _decoded(raw: bytes) -> str:
    text = decode(raw.removeprefix(codecs.BOM_UTF8))
    return raw.decode("utf-8", errors="replace") if text is None else text


def _lines(chunks: Iterator[str]) -> Iterator[list[str]]:
    """The lines of each chunk, without their ends."""
    for chunk in chunks:
        yield chunk.removesuffix("\n").split("\n")


def _text(lines: Iterator[list[str]]) -> Iterator[Page]:
    done = 0
    for some in lines:
        numbers: Sequence[int] = range(done + 1, done + len(some) + 1)
        done += len(some)
        if max(map(len, some)) > PIECE:
            cut = [(line[at:at + PIECE], number) for line, number in zip(some, numbers, strict=True)
                   for at in range(0, max(len(line), 1), PIECE - OVERLAP)]
            some, numbers = [text for text, _ in cut], [number for _, number in cut]
        yield Page({"": some}, numbers)


def _table(lines: Iterator[list[str]], delimiter: str) -> Iterator[Page]:
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader((f"{line}\n" for some in lines for line in some), delimiter=delimiter)
    header, done = next(rows, []), 0
    names = list(header) if _is_header(header) else []
    page = [header, *islice(rows, ROWS - 1)]
    while page:
        columns = list(zip_longest(*page))
        while len(names) < len(columns):
            names.append(f"column {len(names) + 1}")
        for n, name in enumerate(names):
            if name in names[:n]:
                names[n] = f"{name} {n + 1}"
        yield Page(dict(zip(names, columns, strict=False)), range(done + 1, done + len(page) + 1))
        done += len(page)
        page = list(islice(rows, ROWS))


def _is_header(row: Sequence[str]) -> bool:
    """Names, not values: none of them is empty or a number, or looks like card data."""
    return all(cell.strip() and not cell.strip().replace("-", "").isdigit() for cell in row) and not revealing(row)


def _parquet(path: Path) -> Iterator[Page]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise _missing(path, "Parquet") from None
    done = 0
    try:
        with pq.ParquetFile(path) as file:
            names = [f.name for f in file.schema_arrow if not _is_short(f.type, pa)]
            for batch in file.iter_batches(batch_size=ROWS, columns=names):
                columns = {name: _column(batch.column(n)) for n, name in enumerate(batch.schema.names)}
                yield Page(columns, range(done + 1, done + batch.num_rows + 1))
                done += batch.num_rows
    except pa.ArrowException as wrong:
        raise _damaged(path, wrong) from None


def _is_short(type_: Any, pa: Any) -> bool:
    """Of which no value is text or a number of 13 digits."""
    kinds = (pa.types.is_floating, pa.types.is_temporal, pa.types.is_boolean, pa.types.is_null)
    return any(is_kind(type_) for is_kind in kinds)


def _column(values: Any) -> Texts:
    return [None if v is None else v if isinstance(v, str) else decode(v) if isinstance(v, bytes) else str(v)
            for v in values.to_pylist()]
