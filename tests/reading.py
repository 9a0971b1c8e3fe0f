"""Reads the formats of a report back, each without the code that wrote it: cells of HTML, XLSX, CSV and text of PDF."""

import csv
import io
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

NOT_TESTED = "NOT TESTED: "


def squeezed(text: str) -> str:
    """A text without any white space: where a line breaks is no matter of its content."""
    return re.sub(r"\s+", "", text)


class _Tables(HTMLParser):
    """The numbered tables of a page in one language, heading row first."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.captions: dict[str, str] = {}
        self._id = ""
        self._where = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table" and re.fullmatch(r"t\d+-\d+", id := dict(attrs).get("id") or ""):
            self._id, self.tables[id], self.captions[id] = id, [], ""
        elif self._id and tag == "tr":
            self.tables[self._id].append([])
        elif self._id and tag in ("th", "td"):
            self.tables[self._id][-1].append("")
            self._where = "cell"
        elif self._id and tag == "caption":
            self._where = "caption"

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._id = ""
        if tag in ("th", "td", "caption"):
            self._where = ""

    def handle_data(self, data: str) -> None:
        if self._id and self._where == "cell":
            self.tables[self._id][-1][-1] += data
        elif self._id and self._where == "caption":
            self.captions[self._id] += data


def html_tables(page: str) -> tuple[dict[str, list[list[str]]], dict[str, str]]:
    """Rows and captions by the id of the table, without white space."""
    found = _Tables()
    found.feed(page)
    rows = {id: [[squeezed(cell) for cell in row] for row in rows] for id, rows in found.tables.items()}
    return rows, {id: squeezed(text) for id, text in found.captions.items()}


def workbook(content: bytes, *, values: bool = False) -> Workbook:
    """A workbook with its formulas, or with the values that they carry."""
    return load_workbook(io.BytesIO(content), data_only=values)


def csv_rows(content: bytes) -> list[list[str]]:
    """The rows of a CSV file, its heading first; the mark and the line ends are asked for."""
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def program(name: str, package: str, *, everywhere: bool = True) -> str:
    """The path of a program; a test without it says so aloud. `everywhere`: where databases must be, it must be too."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{NOT_TESTED if everywhere else ''}{name}: not installed here (Debian: {package})")
    return found


def pdf_text(content: bytes, folder: Path) -> str:
    """The text of a PDF in the order in which it was drawn."""
    reader, file = program("pdftotext", "poppler-utils"), folder / "paper.pdf"
    file.write_bytes(content)
    done = subprocess.run([reader, "-raw", "-enc", "UTF-8", file, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def recalculated(content: bytes, folder: Path) -> Workbook:
    """The workbook after LibreOffice has computed every formula anew, whatever value it carried."""
    office, home = program("soffice", "libreoffice-calc-nogui", everywhere=False), folder / "office"
    (home / "user").mkdir(parents=True)
    (home / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        '<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">'
        "<value>0</value></prop></item></oor:items>\n", encoding="utf-8")
    before, out = folder / "before.xlsx", folder / "out"
    before.write_bytes(content)
    subprocess.run([office, f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", "xlsx", "--outdir", out,
                    before], check=True, capture_output=True, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return load_workbook(out / "before.xlsx", data_only=True)
