"""The drawings, as inline SVG. Beside each stands the table with the same numbers.

Every drawing is made at the width at which it is read, so that its text keeps its size: the population bar
has a second, narrow drawing for a phone. Absence is drawn as a dashed slot, never as 0.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from carddata_retention.model import Night, Status, TargetResult
from carddata_retention.report.speech import Phrase, Speech, number, phrase
from carddata_retention.report.totals import OWED, count_of, kept, outcome_gap, population_gap, recount_gap, total

FILL = {
    Status.ACTIVE: Markup('class="f-act"'),
    Status.RETAINED: Markup('class="f-ret"'),
    Status.BLANK: Markup('class="f-bla"'),
    Status.HELD: Markup('fill="url(#hatchH)"'),
    Status.UNDETERMINED: Markup('fill="url(#hatchU)"'),
    Status.REQUESTED: Markup('class="f-req"'),
    Status.DUE: Markup('class="f-due"'),
    Status.OVERDUE: Markup('class="f-ovd"'),
}
BODY = (Status.ACTIVE, Status.RETAINED, Status.BLANK)
TIP = (Status.HELD, Status.UNDETERMINED, *OWED)
_PLAIN = Markup("")
_SMALL = Markup('class="s"')
_BOLD = Markup('class="b"')
_NAME_PLACES = 13
_LARGEST_TIP = 0.05


def rect(x: float, y: float, width: float, height: float, paint: Markup, title: str = "") -> Markup:
    """A rectangle in the units of its drawing."""
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" {}>{}</rect>').format(
        x, y, width, height, paint, Markup("<title>{}</title>").format(title) if title else ""
    )


def text(x: float, y: float, content: str, attributes: Markup = _PLAIN) -> Markup:
    """A text that is the same in every language."""
    return Markup('<text x="{:.1f}" y="{:.1f}" {}>{}</text>').format(x, y, attributes, content)


def _said(speech: Speech, x: float, y: float, what: Phrase, attributes: Markup = _PLAIN) -> Markup:
    """One text element for each language: SVG text cannot hold spans that are hidden."""
    return Markup("").join(
        text(x, y, speech.in_one(what, lang).striptags(), Markup('lang="{}" {}').format(lang, attributes))
        for lang in speech.languages
    )


def svg(width: int, height: float, label: str, parts: Iterable[Markup], attributes: Markup = _PLAIN) -> Markup:
    """A drawing with its label."""
    return Markup('<svg viewBox="0 0 {} {:.0f}" role="img" aria-label="{}" {}>{}</svg>').format(
        width, height, label, attributes, Markup("").join(parts)
    )


def _segments(
    speech: Speech, target: TargetResult, statuses: Sequence[Status], box: tuple[float, float, float], labels: str
) -> list[Markup]:
    """Rectangles side by side in proportion to their counts; `labels` writes shares inside or counts below."""
    x, y, width = box
    counts = [(status, count_of(target, status.value) or 0) for status in statuses]
    whole = sum(n for _, n in counts) or 1
    out: list[Markup] = []
    for status, count in counts:
        if not count:
            continue
        share = width * count / whole
        name = speech.plain(phrase("code", f"status.{status.value}"))
        out.append(rect(x, y, max(share - 0.8, 1.4), 26, FILL[status], f"{name} {number(count)}"))
        if labels == "share" and share > 40:
            percent = f"{100 * count / (target.population or 1):.1f}%"
            out.append(text(x + 6, y + 17, percent, Markup('class="b" style="font-weight:400"')))
        if labels == "count" and status is Status.OVERDUE:
            style = Markup('class="s" text-anchor="end" style="fill:var(--s-ovd);font-weight:620"')
            out.append(text(box[0] + width, y + 39, number(count), style))
        elif labels == "count" and share > 6 * len(number(count)):
            out.append(text(x + 1, y + 39, number(count), _SMALL))
        x += share
    return out


def _fitting(name: str) -> str:
    """A name cut to the room beside its bar; a Japanese character takes two places."""
    places = 0
    for i, char in enumerate(name):
        places += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if places > _NAME_PLACES:
            return f"{name[:i]}…"
    return name


def _bar(speech: Speech, target: TargetResult, wide: bool, top: float) -> list[Markup]:
    """One target: its whole population as 100 %, and beside it the tip that matters, enlarged."""
    name = _fitting(target.name)
    mono = Markup('class="b" style="font-family:var(--mono)"')
    y = top + (4 if wide else 20)
    left, right, edge = (104.0, 534.0, 880.0) if wide else (0.0, 340.0, 340.0)
    head = [text(0, top + (18 if wide else 14), name, mono)]
    if wide:
        head.append(text(0, top + 33, number(target.population)))
    else:
        head.append(text(340, top + 14, number(target.population), Markup('text-anchor="end"')))
    if target.population is None:
        slot = Markup('fill="none" stroke="var(--miss)" stroke-dasharray="3 3"')
        return [*head, rect(left, y, edge - left, 26, slot),
                _said(speech, left + 8, y + 17, phrase("note", "fig.notcounted"))]
    body = sum(count_of(target, s.value) or 0 for s in BODY)
    tip = sum(count_of(target, s.value) or 0 for s in TIP)
    share = tip / (body + tip) if body + tip else 0.0
    if not tip or share > _LARGEST_TIP:
        border = left + (edge - left) * (1 - share)
        return [
            *head,
            *_segments(speech, target, BODY, (left, y, border - left), "share"),
            *_segments(speech, target, TIP, (border, y, edge - border), "count"),
        ]
    dark = max((right - left) * share, 1.5)
    zoom, zoom_y = (590.0, y) if wide else (60.0, y + 36)
    # The guides lead from the two ends of the dark tip to the two ends of its enlargement.
    start, bottom, lands = (right, y, zoom_y + 26) if wide else (right - dark, y + 26, zoom_y)
    upper = f"M{start:.1f} {bottom:.0f}L{zoom:.0f} {zoom_y:.0f}"
    lower = f"M{right:.1f} {y + 26:.0f}L{zoom if wide else edge:.0f} {lands:.0f}"
    percent = f"{100 * share:.2f}%"
    return [
        *head,
        *_segments(speech, target, BODY, (left, y, right - dark - left), "share"),
        rect(right - dark, y, dark, 26, Markup('class="f-ink"')),
        Markup('<path d="{}" class="ax" stroke-dasharray="2 2"/>').format(upper + lower),
        text(562, y + 17, percent, Markup('class="s" text-anchor="middle"')) if wide else
        text(0, zoom_y + 17, percent, _SMALL),
        *_segments(speech, target, TIP, (zoom, zoom_y, edge - zoom), "count"),
    ]


def population(speech: Speech, night: Night) -> Markup:
    """The 100 % bars of all targets, drawn once wide and once narrow."""
    label = speech.plain(phrase("label", "fig.population"))
    wide = [part for i, t in enumerate(night.targets) for part in _bar(speech, t, True, 54 * i)]
    narrow = [part for i, t in enumerate(night.targets) for part in _bar(speech, t, False, 104 * i)]
    rows = max(len(night.targets), 1)
    drawings = (
        svg(880, 54 * rows - 4, label, wide, Markup('class="wide"')),
        svg(340, 104 * rows, label, narrow, Markup('class="nar"')),
    )
    return Markup("").join(drawings)


def _box(speech: Speech, x: float, y: float, width: float, fill: str, what: Phrase, count: int | None) -> Markup:
    return Markup("").join((
        rect(x, y, width, 40, Markup('rx="2" fill="var(--tint)" stroke="var(--rule)"')),
        rect(x, y, 4, 40, Markup('class="{}"').format(fill)),
        _said(speech, x + 11, y + 15, what),
        text(x + 11, y + 32, number(count), Markup('class="b" style="font-size:13.5px"')),
    ))


def tree(speech: Speech, night: Night) -> Markup:
    """The equation as boxes: population into kept and to purge, to purge into its outcomes."""
    targets = night.targets
    sums = {name: total(targets, name).value for name in ("population", "purged", "skipped", "failed")}
    links = ((112, 98, 150, 42), (112, 98, 150, 150), (262, 150, 306, 98), (262, 150, 306, 146), (262, 150, 306, 194))
    paths = [
        Markup('<path d="M{} {}C{} {} {} {} {} {}" fill="none" class="ax"/>').format(
            x, y, (x + u) // 2, y, (x + u) // 2, v, u, v)
        for x, y, u, v in links
    ]
    foots = not any(population_gap(t) or outcome_gap(t) for t in targets)
    gaps = [recount_gap(t) for t in targets]
    agreed = "fig.norecount" if None in gaps or not gaps else "fig.recountgap" if any(gaps) else "fig.recounted"
    boxes = [
        _box(speech, 0, 78, 112, "f-ink", phrase("label", "population"), sums["population"]),
        _box(speech, 150, 22, 112, "f-act", phrase("label", "kept"), total(targets, kept).value),
        _box(speech, 150, 130, 112, "f-due", phrase("label", "to_purge"), total(targets, lambda t: t.to_purge).value),
        _box(speech, 306, 78, 124, "f-due", phrase("label", "purged"), sums["purged"]),
        _box(speech, 306, 126, 124, "f-att", phrase("label", "skipped"), sums["skipped"]),
        _box(speech, 306, 174, 124, "f-ovd", phrase("label", "failed"), sums["failed"]),
        text(306, 42, "Σ", _SMALL),
        _said(speech, 320, 42, phrase("label", "fig.foot" if foots else "fig.nofoot"), _SMALL),
        text(306, 57, "⇄", _SMALL),
        _said(speech, 320, 57, phrase("label", agreed), _SMALL),
    ]
    return svg(430, 218, speech.plain(phrase("label", "fig.tree")), paths + boxes)


def forecast(speech: Speech, windows: Sequence[tuple[int, int, int]]) -> Markup:
    """Deadlines ahead, one bar from zero for each window of days."""
    most = max((count for *_, count in windows), default=0) or 1
    slot, foot = 420 / max(1, len(windows)), 132
    parts: list[Markup] = []
    for n, (first, last, count) in enumerate(windows):
        middle, height = 5 + slot * (n + 0.5), 100 * count / most
        if count:
            parts.append(rect(middle - slot * 0.36, foot - height, slot * 0.72, height, Markup('class="f-series"'),
                              f"{first}\u2013{last}: {number(count)}"))
        parts.append(text(middle, foot - height - 6, number(count), Markup('class="s" text-anchor="middle"')))
        parts.append(text(middle, foot + 16, f"{last}", Markup('class="s" text-anchor="middle"')))
    parts.append(Markup('<path d="M5 {0}H425" class="ax"/>').format(foot))
    parts.append(_said(speech, 425, foot + 34, phrase("label", "days.ahead"), Markup('class="s" text-anchor="end"')))
    return svg(430, foot + 42, speech.plain(phrase("label", "fig.forecast")), parts)
