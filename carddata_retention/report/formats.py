"""The formats of the report: what a night or a period is written as, under which names, and which extra each needs.

    night.html, night.json                  one file each, all languages in it
    night.ja.xlsx, night.ja.pdf             one for each language
    csv/t5-1.csv                            one for each numbered table, all languages in it

Those of a period begin with `period` instead.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple, get_args

from carddata_retention.errors import ConfigError
from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report.canonical import canonical_bytes, night_json
from carddata_retention.report.cells import Table
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.cover import front
from carddata_retention.report.csv_files import file_name, render_csv
from carddata_retention.report.document import Report
from carddata_retention.report.grid import Pages
from carddata_retention.report.html import render_html, render_period
from carddata_retention.report.notes import parts
from carddata_retention.report.period_cover import period_front, period_parts
from carddata_retention.report.period_json import period_json
from carddata_retention.report.period_sheets import period_sheets
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
    """Every file of a night by its name below its folder. Raises ConfigError as `require` does."""
    wanted = _wanted(formats)
    # Which tables there are does not hang on the count that some of them print.
    count = len(_names("night", wanted, languages, sheets(night, policy, locations, None)))
    tables = sheets(night, policy, locations, count)
    page = partial(render_html, night, policy, locations, languages=languages, scanned=count, history=history)
    report = Report("night", night_json(night), front(night, policy), tables, page,
                    partial(parts, night, policy, locations, tables))
    return _written(report, wanted, languages)


def render_roll_up(
    view: PeriodView, pages: Pages, formats: Iterable[str], languages: tuple[Language, ...]
) -> dict[str, Artefact]:
    """Every file of a period by its name below its folder; `pages` are the nights that its page can link to.

    Raises ConfigError as `require` does.
    """
    wanted, tables = _wanted(formats), period_sheets(view)
    report = Report("period", period_json(view), period_front(view), tables,
                    partial(render_period, view, pages, languages), partial(period_parts, view, tables))
    return _written(report, wanted, languages)


def _wanted(formats: Iterable[str]) -> list[Format]:
    asked = set(formats)
    wanted = [f for f in FORMATS if f in asked]
    require(wanted)
    return wanted


def _names(stem: str, wanted: list[Format], languages: tuple[Language, ...], tables: tuple[Table, ...]) -> list[str]:
    each = {"xlsx": [f"{stem}.{lang}.xlsx" for lang in languages], "csv": [file_name(table) for table in tables],
            "pdf": [f"{stem}.{lang}.pdf" for lang in languages]}
    return [name for f in wanted for name in each.get(f, [f"{stem}.{f}"])]


def _written(report: Report, wanted: list[Format], languages: tuple[Language, ...]) -> dict[str, Artefact]:
    out: dict[str, Artefact] = {}
    if "html" in wanted:
        out[f"{report.stem}.html"] = Artefact(report.page().encode())
    if "json" in wanted:
        out[f"{report.stem}.json"] = Artefact(canonical_bytes(report.told))
    if "xlsx" in wanted:
        out |= _workbooks(report, languages)
    if "csv" in wanted:
        out |= {file_name(table): Artefact(render_csv(table, languages)) for table in report.tables}
    if "pdf" in wanted:
        out |= _papers(report, languages)
    return out


def _workbooks(report: Report, languages: tuple[Language, ...]) -> dict[str, Artefact]:
    from carddata_retention.report.xlsx import render_xlsx, texts_in

    made = {f"{report.stem}.{lang}.xlsx": render_xlsx(report.front, report.tables, lang) for lang in languages}
    return {name: Artefact(content, texts_in(content)) for name, content in made.items()}


def _papers(report: Report, languages: tuple[Language, ...]) -> dict[str, Artefact]:
    from carddata_retention.report.pdf import render_pdf

    made = {f"{report.stem}.{lang}.pdf": render_pdf(report.front, report.parts(lang), lang) for lang in languages}
    return {name: Artefact(paper.content, paper.texts) for name, paper in made.items()}
