"""The formats of the report: what a night is written as, under which names, and which extra of the package each needs.

    night.html, night.json                  one file each, all languages in it
    night.ja.xlsx, night.ja.pdf             one for each language
    csv/t5-1.csv                            one for each numbered table, all languages in it
"""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import NamedTuple, get_args

from carddata_retention.errors import ConfigError
from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report.canonical import canonical_bytes, night_json
from carddata_retention.report.cells import Table
from carddata_retention.report.csv_files import file_name, render_csv
from carddata_retention.report.html import render_html
from carddata_retention.report.sheets import sheets
from carddata_retention.report.speech import Language
from carddata_retention.report.views import LocationView, PolicyView
from carddata_retention.settings import Format

_NO_HISTORY = History()
FORMATS: tuple[Format, ...] = get_args(Format)

_EXTRAS: Mapping[str, tuple[str, str]] = {"xlsx": ("xlsxwriter", "excel"), "pdf": ("reportlab", "pdf")}


class Artefact(NamedTuple):
    """A file of the report, and the texts in it where its bytes are compressed."""

    content: bytes
    texts: tuple[str, ...] | None = None


def installed() -> tuple[Format, ...]:
    """The formats that this installation can write."""
    return tuple(f for f in FORMATS if f not in _EXTRAS or find_spec(_EXTRAS[f][0]))


def require(formats: Iterable[str]) -> None:
    """Raises ConfigError where a format needs an extra that is not installed."""
    for missing in (f for f in formats if f not in installed()):
        module, extra = _EXTRAS[missing]
        raise ConfigError("format_not_installed", f"report.formats names {missing}, and {module} is not installed.",
                          cure=f"pip install 'carddata-retention[{extra}]', or take {missing} out of report.formats.")


def render(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], formats: Iterable[str],
    languages: tuple[Language, ...], history: History = _NO_HISTORY,
) -> dict[str, Artefact]:
    """Every file by its name below the night's folder. Raises ConfigError as `require` does."""
    wanted = [f for f in FORMATS if f in set(formats)]
    require(wanted)
    # Which tables there are does not hang on the count that some of them print.
    count = len(_names(wanted, languages, sheets(night, policy, locations, None)))
    tables = sheets(night, policy, locations, count)
    out: dict[str, Artefact] = {}
    if "html" in wanted:
        page = render_html(night, policy, locations, languages=languages, scanned=count, history=history)
        out["night.html"] = Artefact(page.encode())
    if "json" in wanted:
        out["night.json"] = Artefact(canonical_bytes(night_json(night)))
    if "xlsx" in wanted:
        out |= _workbooks(night, policy, tables, languages)
    if "csv" in wanted:
        out |= {file_name(table): Artefact(render_csv(table, languages)) for table in tables}
    if "pdf" in wanted:
        out |= _papers(night, policy, locations, tables, languages)
    return out


def _names(wanted: list[Format], languages: tuple[Language, ...], tables: tuple[Table, ...]) -> list[str]:
    each = {"xlsx": [f"night.{lang}.xlsx" for lang in languages], "csv": [file_name(table) for table in tables],
            "pdf": [f"night.{lang}.pdf" for lang in languages]}
    return [name for f in wanted for name in each.get(f, [f"night.{f}"])]


def _workbooks(
    night: Night, policy: PolicyView, tables: tuple[Table, ...], languages: tuple[Language, ...]
) -> dict[str, Artefact]:
    from carddata_retention.report.xlsx import render_xlsx, texts_in

    made = {f"night.{lang}.xlsx": render_xlsx(night, policy, tables, lang) for lang in languages}
    return {name: Artefact(content, texts_in(content)) for name, content in made.items()}


def _papers(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], tables: tuple[Table, ...],
    languages: tuple[Language, ...],
) -> dict[str, Artefact]:
    from carddata_retention.report.pdf import render_pdf

    made = {f"night.{lang}.pdf": render_pdf(night, policy, locations, tables, lang) for lang in languages}
    return {name: Artefact(paper.content, paper.texts) for name, paper in made.items()}
