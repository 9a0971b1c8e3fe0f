"""Discovery in exports and logs: whatever they are packed, written and separated like, streamed."""

import csv
import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from billing import configuration
from nightly import hooks
from undeclared import Numbers

from carddata_retention.config import load
from carddata_retention.discover import discover_files
from carddata_retention.discovered import Discovered, Found
from carddata_retention.discovery import files
from carddata_retention.errors import BlindError

ROWS = 200


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Discovered]:
    """Discovery of files below the test's folder."""
    (tmp_path / "retention.toml").write_text(configuration("sqlite", "sqlite:///none.db"), encoding="utf-8")
    config = load(tmp_path / "retention.toml")

    def ask(*paths: Path, **more: Any) -> Discovered:
        return discover_files(config, datetime.now(UTC), hooks(), paths, **more)

    return ask


def counts(found: Discovered, folder: Path, kind: str = "card-number") -> dict[str, int]:
    return {f.place.removeprefix(f"{folder}/"): f.count for f in found.findings if f.kind == kind}


def lines(seed: int = 1, rows: int = ROWS) -> list[str]:
    numbers = Numbers(seed)
    return [f"2026-01-{n % 28 + 1:02d} 10:00:00 INFO 決済 カード番号={numbers.card()} を受付" if n % 2 else "電話あり" for n in range(rows)]


PACKED: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress}
ENCODINGS = ["utf-8", "utf-8-sig", "cp932", "utf-16"]


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_log_is_read_whatever_it_is_written_in(tmp_path, read, encoding, packed, end):
    path = tmp_path / f"app.log{packed}"
    path.write_bytes(PACKED[packed](end.join(lines()).encode(encoding)))
    found = read(path)
    assert counts(found, tmp_path) == {path.name: ROWS // 2}
    assert found.rows_scanned == ROWS


def test_one_file_may_be_written_in_two_encodings(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 4000)
    path = tmp_path / "app.log"
    path.write_bytes(b"".join(f"{line}\n".encode("cp932" if n < ROWS // 2 else "utf-8") for n, line in enumerate(lines())))
    assert counts(read(path), tmp_path) == {"app.log": ROWS // 2}


@pytest.mark.parametrize("at_once", [64, 1000, 5000])
def test_no_number_is_lost_where_one_piece_ends_and_the_next_begins(tmp_path, read, monkeypatch, at_once):
    monkeypatch.setattr(files, "AT_ONCE", at_once)
    (tmp_path / "app.log").write_text("\n".join(lines()), encoding="utf-8")
    assert counts(read(tmp_path / "app.log"), tmp_path) == {"app.log": ROWS // 2}


def test_a_line_without_an_end_is_read_in_pieces(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "PIECE", 1000)
    (tmp_path / "one.txt").write_text(" ".join(lines()), encoding="utf-8")
    found = read(tmp_path / "one.txt", keys=tmp_path / "places.csv")
    assert counts(found, tmp_path)["one.txt"] >= ROWS // 2
    assert {row["key"] for row in places(tmp_path)} == {"1"}


def places(folder: Path) -> list[dict[str, str]]:
    with (folder / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(path: Path, *, header: bool = True, delimiter: str = ",", encoding: str = "utf-8") -> None:
    numbers = Numbers(3)
    with path.open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        if header:
            out.writerow(["id", "氏名", "カード番号", "cvv", "memo"])
        for n in range(ROWS):
            out.writerow([n, "山田 太郎", numbers.card(), 100 + n, "折り返し\n電話" if n % 3 else ""])


@pytest.mark.parametrize(("name", "delimiter", "encoding"), [
    ("a.csv", ",", "utf-8"), ("a.csv", ",", "cp932"), ("a.tsv", "\t", "utf-8"), ("A.CSV", ",", "utf-8-sig")])
def test_a_table_is_told_by_its_columns(tmp_path, read, name, delimiter, encoding):
    table(tmp_path / name, delimiter=delimiter, encoding=encoding)
    found = read(tmp_path / name, keys=tmp_path / "places.csv")
    assert counts(found, tmp_path) == {f"{name}.カード番号": ROWS}
    assert counts(found, tmp_path, "cvv") == {f"{name}.cvv": ROWS}
    assert found.exit == 30
    assert found.columns_scanned == 5
    rows = [int(row["key"]) for row in places(tmp_path) if row["class"] == "card-number"]
    assert rows == list(range(2, ROWS + 2)), "the header is row 1"


def test_a_table_without_a_header_loses_no_row_and_names_no_value(tmp_path, read):
    table(tmp_path / "a.csv", header=False)
    found = read(tmp_path / "a.csv")
    assert counts(found, tmp_path) == {"a.csv.column 3": ROWS}


def test_ragged_rows_and_names_that_come_twice_are_read(tmp_path, read):
    number = Numbers(4).card
    rows = ["pan,pan", *(f"{number()},{number()},{number()}" for _ in range(ROWS))]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    assert counts(read(tmp_path / "a.csv"), tmp_path) == {"a.csv.pan": ROWS, "a.csv.pan 2": ROWS, "a.csv.column 3": ROWS}


def test_a_quote_that_never_ends_is_a_finding_and_no_memory(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 2000)
    (tmp_path / "a.csv").write_text('a,b\n1,"' + "x\n" * 5000, encoding="utf-8")
    found = read(tmp_path / "a.csv")
    assert [(f.kind, f.severity) for f in found.findings] == [("not-read", "high")]
    assert found.exit == 40


def test_json_lines_are_told_by_path(tmp_path, read):
    numbers = Numbers(5)
    rows = [json.dumps({"at": n, "payment": {"card": {"number": numbers.card()}}}) for n in range(ROWS)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    finding = next(f for f in read(tmp_path / "a.jsonl").findings if f.kind == "card-number")
    assert (finding.count, dict(finding.paths)) == (ROWS, {"$.payment.card.number": ROWS})


def test_a_folder_is_read_whole_and_a_damaged_file_in_it_stops_no_other(tmp_path, read):
    below = tmp_path / "exports" / "2026"
    below.mkdir(parents=True)
    (below / "app.log").write_text("\n".join(lines()), encoding="utf-8")
    (below / "cut.log.gz").write_bytes(gzip.compress(b"x" * 100_000)[:-20])
    (below / "nothing.csv").touch()
    found = read(tmp_path / "exports")
    assert counts(found, tmp_path) == {"exports/2026/app.log": ROWS // 2}
    unread = [f for f in found.findings if f.kind == "not-read"]
    assert [f.place for f in unread] == [(below / "cut.log.gz").as_posix()]
    assert found.exit == 40


def test_a_path_that_is_not_there_is_told(tmp_path, read):
    with pytest.raises(BlindError) as caught:
        read(tmp_path / "gone.csv")
    assert caught.value.code == "file_missing"


def test_a_file_of_a_kind_whose_library_is_missing_teaches_what_to_install(tmp_path, read, monkeypatch):
    import sys

    for module in ("zstandard", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.log.zst").write_bytes(files.ZSTD + b"....")
    (tmp_path / "a.parquet").write_bytes(files.PARQUET + b"....")
    found = read(tmp_path / "a.log.zst", tmp_path / "a.parquet")
    assert [f.kind for f in found.findings] == ["not-read"] * 2
    assert all("carddata-retention[exports]" in f.advice for f in found.findings)


def test_zstd_is_read_where_its_library_is_installed(tmp_path, read):
    zstandard = pytest.importorskip("zstandard", reason="zstd: pip install zstandard")
    packed = zstandard.ZstdCompressor().compress("\n".join(lines()).encode())
    (tmp_path / "app.log.zst").write_bytes(packed + zstandard.ZstdCompressor().compress("\n".join(["", *lines(2)]).encode()))
    assert counts(read(tmp_path / "app.log.zst"), tmp_path) == {"app.log.zst": ROWS}


def test_parquet_is_read_where_its_library_is_installed(tmp_path, read):
    pa = pytest.importorskip("pyarrow", reason="Parquet: pip install pyarrow")
    import pyarrow.parquet as pq

    number = Numbers(6).card
    pq.write_table(pa.table({
        "text": [number() for _ in range(ROWS)], "whole": [int(number()) for _ in range(ROWS)],
        "raw": [f"カード番号 {number()}".encode("cp932") for _ in range(ROWS)],
        "inside": [{"card": {"number": number()}} for _ in range(ROWS)],
        "amount": [1.5] * ROWS, "gone": pa.array([None] * ROWS, pa.string()),
    }), tmp_path / "a.parquet", row_group_size=70)
    found = read(tmp_path / "a.parquet")
    assert counts(found, tmp_path) == {f"a.parquet.{c}": ROWS for c in ("text", "whole", "raw", "inside")}


def test_what_a_file_holds_is_a_location_to_paste(tmp_path, read):
    import tomllib

    (tmp_path / "app.log").write_text("\n".join(lines()), encoding="utf-8")
    found = read(tmp_path / "app.log")
    assert [p["name"] for p in tomllib.loads(found.proposal)["locations"]] == [(tmp_path / "app.log").as_posix()]
    numbers: list[Found] = [f for f in found.findings if f.kind == "card-number"]
    assert "location" in numbers[0].advice


def test_the_memory_does_not_grow_with_the_file(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 100_000)

    def peak(rows: int) -> int:
        with (tmp_path / "a.log").open("w", encoding="utf-8") as file:
            for _ in range(rows // ROWS):
                file.write("\n".join(lines()) + "\n")
        tracemalloc.start()
        read(tmp_path / "a.log")
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    few, many = peak(10_000), peak(40_000)
    assert many < 1.5 * few
