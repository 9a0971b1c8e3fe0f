"""A night, a period or all nights as one self-contained page: no network, no library, the same on paper."""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report import page, period_page
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.grid import Pages
from carddata_retention.report.overview import Site, overview
from carddata_retention.report.speech import Language, Speech
from carddata_retention.report.views import LocationView, PolicyView

_NO_HISTORY = History()

# The page works without it: it only lets a link preset the switches and keeps <html lang> true.
_SCRIPT = Markup("""(function(){var q=new URLSearchParams(location.search),L=q.get('lang'),H=q.get('theme'),d=document;
function c(i){var e=d.getElementById(i);if(e)e.checked=true}
if(L==='en')c('lg-e');if(L==='ja')c('lg-j');if(H==='dark')c('th-d');if(H==='light')c('th-l');
function s(){var e=d.getElementById('lg-e');if(e)d.documentElement.lang=e.checked?'en':'ja'}
s();d.addEventListener('change',s)})();""")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("carddata_retention.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _rendered(template: str, names: dict[str, Any]) -> str:
    names["script"] = _SCRIPT
    names["script_hash"] = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    return _environment().get_template(template).render(names)


def render_html(
    night: Night,
    policy: PolicyView,
    locations: tuple[LocationView, ...],
    *,
    languages: tuple[Language, ...] = ("ja", "en"),
    scanned: int | None = None,
    history: History = _NO_HISTORY,
) -> str:
    """The page of a night. `scanned` says how many artefacts the leak scan must clear before it may be published;
    `history` is what the trends are drawn from."""
    return _rendered("night.html.j2", page.context(night, policy, locations, Speech(languages), scanned, history))


def render_overview(history: History, site: Site, languages: tuple[Language, ...]) -> str:
    """The page of all nights. The history holds at least one run."""
    return _rendered("index.html.j2", overview(history, site, Speech(languages)))


def render_period(view: PeriodView, pages: Pages, languages: tuple[Language, ...]) -> str:
    """The page of a period. `pages` are the nights that it can link to."""
    return _rendered("period.html.j2", period_page.context(view, Speech(languages), pages))
