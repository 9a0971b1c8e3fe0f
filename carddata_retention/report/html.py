"""The night as one self-contained page: no network, no library, the same in a browser and on paper."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from carddata_retention.model import Night
from carddata_retention.report.page import context
from carddata_retention.report.speech import Language, Speech
from carddata_retention.report.views import LocationView, PolicyView

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


def render_html(
    night: Night,
    policy: PolicyView,
    locations: tuple[LocationView, ...],
    *,
    languages: tuple[Language, ...] = ("ja", "en"),
    scanned: int | None = None,
) -> str:
    """The page. `scanned` says how many artefacts the leak scan must clear before this page may be published."""
    names = context(night, policy, locations, Speech(languages), scanned)
    names["script"] = _SCRIPT
    names["script_hash"] = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    return _environment().get_template("night.html.j2").render(names)
