"""Everything that the page shows, gathered from the night before a template sees it."""

from datetime import timedelta
from typing import Any

from markupsafe import Markup

from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report import figures, tables
from carddata_retention.report.canonical import digest, night_json, ruling_cutoff
from carddata_retention.report.cells import Cell, reason, spoken
from carddata_retention.report.certificate import SIGNERS, certificate, refusal
from carddata_retention.report.controls import controls, days_past, short
from carddata_retention.report.cover import change, equation, times, version_changes, workpaper
from carddata_retention.report.reperformance import reperformance
from carddata_retention.report.sampling import strata
from carddata_retention.report.speech import Speech, number, phrase
from carddata_retention.report.totals import KEPT, OWED, read, total
from carddata_retention.report.trends import trends
from carddata_retention.report.verdict import family, headline, next_step, tone, word
from carddata_retention.report.views import LocationView, PolicyView
from carddata_retention.report.words import SECTIONS

_UNBROKEN = 20


def _lists(night: Night) -> dict[str, Any]:
    """The longer tables, each bounded; a template never walks a whole night."""
    purged = night.purged_sample[: tables.PURGED_ROWS]
    overdue = tables.overdue(night)[: tables.OVERDUE_ROWS]
    return {
        "purged": purged,
        "purged_fields": ", ".join(dict.fromkeys(t.fields for t in purged)),
        "left": tables.left(night),
        "overdue": overdue,
        "overdue_total": total(night.targets, "overdue").value,
        "undetermined": tables.undetermined(night),
        "quality": tables.quality(night)[: tables.QUALITY_ROWS],
        "discovered": night.discovered[: tables.FOUND_ROWS],
        "findings": tables.findings(night)[: tables.FINDING_ROWS],
        "checks": tables.checks(night),
        "holds": night.holds[: tables.HOLD_ROWS],
        "strata": strata(night),
        "commands": tables.commands(night),
        "steps": tables.forecast(night),
        "windows": tables.windows(night),
        "sql": tables.query(night),
        "children_total": sum(sum(t.children_removed.values()) for t in night.targets),
        "uncounted": ", ".join(t.name for t in night.targets if t.population is None),
        "artefacts": night.artefacts[: tables.FINDING_ROWS],
    }


def context(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], speech: Speech, scanned: int | None,
    history: History,
) -> dict[str, Any]:
    """The names that the templates use."""
    concluded = controls(night, policy, scanned)
    tones = tables.tones(night, {c.no: c.tone for c in concluded})
    population = total(night.targets, "population").value
    local_time, utc_time = times(night)

    def percent(count: int | None) -> str:
        return "—" if count is None or not population else f"{100 * count / population:.2f}%"

    json_digest = digest(night_json(night))
    section_tones = {"s2": tone(night), **tones}
    return {
        **reperformance(night, policy, speech),
        **_lists(night),
        **voice(speech),
        "night": night, "policy": policy, "locations": locations, "speech": speech, "scanned": scanned,
        "languages": speech.languages, "family": family(night.mode), "workpaper": workpaper(night),
        "tone": tone(night), "word": word(night), "tones": tones, "controls": concluded, "equation": equation(night),
        "sections": [(id, section_tones.get(id)) for id in SECTIONS],
        "headline": headline(night), "next_step": next_step(night, policy.grace_days),
        "delta": {name: change(night, name) for name in ("purged", "undetermined", "held", "overdue")},
        "policy_changed": night.previous is not None and night.previous.policy_digest != night.policy_digest,
        "version_changes": version_changes(policy), "cutoff": ruling_cutoff(night),
        "local_time": local_time, "utc_time": utc_time, "digest": json_digest,
        "trends": trends(speech, night.as_of, history),
        "footer": f"{workpaper(night)}  ·  night.json SHA-256 {json_digest[:4]}…{json_digest[-4:]}",
        "kept_statuses": [s.value for s in KEPT], "owed_statuses": [s.value for s in OWED],
        "statuses": [s.value for s in (*KEPT, *OWED)],
        "count": read, "total": lambda name: total(night.targets, lambda t: read(t, name)),
        "percent": percent, "by": lambda days: (night.as_of + timedelta(days=days)).isoformat(),
        "figures": figures, "severity_tones": tables.SEVERITY_TONES, "overdue_review": tables.overdue_review,
        "tonight": lambda when: tables.tonight(night.as_of, when), "article": tables.article, "number": number,
        "certified": certificate(night, policy, locations), "no_certificate": refusal(night), "signers": SIGNERS,
        "short": short, "days_past": days_past,
    }


def _reference(text: str) -> Markup:
    """A keyed reference that may break in the middle: thirty-two characters are too wide for paper."""
    half = (len(text) + 1) // 2 if len(text) > _UNBROKEN else len(text)
    return Markup('<code class="ref">{}<wbr>{}</code>').format(text[:half], text[half:])


def _words(speech: Speech, cell: Cell) -> Markup:
    """A typed cell in every language of the report; a text that is the same in all of them stands once."""
    said = {lang: Markup("<br>").join(spoken(cell, lang).split("\n")) for lang in speech.languages}
    if len(set(said.values())) == 1:
        return said[speech.languages[0]]
    return Markup("").join(Markup('<span lang="{}">{}</span>').format(lang, text) for lang, text in said.items())


def voice(speech: Speech) -> dict[str, Any]:
    """How a template asks for words."""
    return {
        "say": speech.say,
        "words": lambda cell: _words(speech, cell),
        "reason": lambda of: _words(speech, reason(of)),
        "title": lambda id: speech.say(phrase("section", id)),
        "label": lambda key, **facts: speech.say(phrase("label", key, **facts)),
        "note": lambda key, **facts: speech.say(phrase("note", key, **facts)),
        "code": speech.code,
        "coded": lambda key: phrase("code", key),
        "plain": lambda group, key: speech.plain(phrase(group, key)),
        "mono": lambda text: Markup("<code>{}</code>").format(text),
        "ref": _reference,
        "faint": lambda text: Markup('<span class="z">{}</span>').format(text),
        "ticks": lambda mark: Markup('<span class="tk">{}</span>').format(mark) if mark else "",
    }
