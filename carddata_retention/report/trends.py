"""Three measures over the last nights, each as a drawing and as the table of the same numbers, weeks as rows.

Counts are bars from zero; a level is a line whose scale says where it starts. A missed night is a dashed slot: it has
no value, and the line does not cross it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from carddata_retention.history import History
from carddata_retention.report.days import Day, calendar
from carddata_retention.report.figures import rect, svg, text
from carddata_retention.report.speech import Phrase, Speech, number, phrase

NIGHTS = 60
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 430.0, 14.0, 86.0
_SLOT = (_RIGHT - _LEFT) / NIGHTS
_SLOT_PAINT = Markup('fill="none" stroke="var(--miss)" stroke-dasharray="2 2"')
_AXIS = Markup('class="s" text-anchor="middle"')

Measure = Callable[[Day], int | None]


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure: its drawing, what the drawing says, and the weeks of its table; None for a day that is none of the
    nights shown."""

    key: str
    nights: int
    said: Phrase
    drawing: Markup
    weeks: tuple[tuple[date, tuple[Day | None, ...]], ...]
    measure: Measure


def _failed(day: Day) -> int | None:
    return None if day.last is None else day.last.expectations_failed


MEASURES: dict[str, tuple[Measure, bool]] = {
    "removals": (lambda day: day.purged, False),
    "undetermined": (lambda day: day.count("undetermined"), True),
    "failed_expectations": (_failed, False),
}


def trends(speech: Speech, as_of: date, history: History) -> dict[str, Trend]:
    """The trends up to the night of `as_of`; none where the history does not reach it."""
    days = [day for day in calendar(history).days if as_of - timedelta(days=NIGHTS) < day.day <= as_of]
    if not days or days[-1].day != as_of or days[-1].last is None:
        return {}
    return {key: _trend(speech, key, days) for key in MEASURES}


def _trend(speech: Speech, key: str, days: Sequence[Day]) -> Trend:
    measure, level = MEASURES[key]
    values = [measure(day) for day in days]
    known = [value for value in values if value is not None]
    start, top = _scale(min(known, default=0) if level else 0, max(known, default=0))
    said = phrase("note", "fig.line", start=start) if level else phrase("note", "fig.bars", most=max(known, default=0))

    def height(value: int) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - start) / (top - start)

    parts = [*_grid(start, top, height), *_slots(speech, days), *(_line if level else _bars)(days, values, height),
             *_dates(days)]
    label = speech.plain(phrase("label", f"fig.{key}", n=len(days)))
    return Trend(key, len(days), said, svg(430, 106, label, parts), _weeks(days), measure)


def _scale(least: int, most: int) -> tuple[int, int]:
    """Where the axis starts and ends: round numbers, two steps apart, about the values."""
    step = _round_up(max(most - least, 1) / 2)
    start = least // step * step
    while start + 2 * step < most:
        step = _round_up(step + 1)
        start = least // step * step
    return start, start + 2 * step


def _round_up(value: float) -> int:
    unit = 1
    while True:
        for digit in (1, 2, 5):
            if digit * unit >= value:
                return digit * unit
        unit *= 10


def _x(days: Sequence[Day], place: int) -> float:
    return _RIGHT - _SLOT * (len(days) - place) + 1


def _grid(start: int, top: int, height: Callable[[int], float]) -> list[Markup]:
    parts = []
    for value in (start, (start + top) // 2, top):
        y = height(value)
        parts.append(Markup('<path d="M{:.0f} {:.1f}H{:.0f}" class="{}"/>').format(
            _LEFT, y, _RIGHT, "ax" if value == start else "gr"))
        parts.append(text(_LEFT - 5, y + 3.5, number(value), Markup('class="s" text-anchor="end"')))
    return parts


def _slots(speech: Speech, days: Sequence[Day]) -> list[Markup]:
    missed = speech.plain(phrase("code", "miss"))
    return [rect(_x(days, i), _TOP, _SLOT - 2, _BOTTOM - _TOP, _SLOT_PAINT, f"{day.day} {missed}")
            for i, day in enumerate(days) if not day.runs]


def _bars(days: Sequence[Day], values: Sequence[int | None], height: Callable[[int], float]) -> list[Markup]:
    parts = []
    for i, (day, value) in enumerate(zip(days, values, strict=True)):
        if value:
            tall = max(_BOTTOM - height(value), 1.4)
            paint = Markup('class="f-due"') if i == len(days) - 1 else Markup('class="f-series"')
            parts.append(rect(_x(days, i), _BOTTOM - tall, _SLOT - 2, tall, paint, f"{day.day} {number(value)}"))
    return parts + _tonight(days, values[-1], height)


def _line(days: Sequence[Day], values: Sequence[int | None], height: Callable[[int], float]) -> list[Markup]:
    path, pen_down = "", False
    for i, value in enumerate(values):
        if value is not None:
            path += f"{'L' if pen_down else 'M'}{_x(days, i) + _SLOT / 2 - 1:.1f} {height(value):.1f}"
        pen_down = value is not None
    parts = [Markup('<path class="ln" d="{}"/>').format(path)]
    if values[-1] is not None:
        parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3" class="f-due"/>').format(
            _x(days, len(days) - 1) + _SLOT / 2 - 1, height(values[-1])))
    return parts + _tonight(days, values[-1], height)


def _tonight(days: Sequence[Day], value: int | None, height: Callable[[int], float]) -> list[Markup]:
    """Tonight's number above its mark."""
    y = height(value) - 6 if value is not None else _BOTTOM - 4
    return [text(_RIGHT, y, number(value), Markup('text-anchor="end" class="b" style="font-size:11px"'))]


def _dates(days: Sequence[Day]) -> list[Markup]:
    """Tonight, and every first of a month that stands clear of it."""
    ticks = [(i, day) for i, day in enumerate(days) if day.day.day == 1 and i < len(days) - 6]
    return [
        *(text(_x(days, i) + 2, 100, f"{day.day:%m-%d}", _AXIS) for i, day in ticks),
        text(_RIGHT, 100, f"{days[-1].day:%m-%d}", Markup('class="s" text-anchor="end"')),
    ]


def _weeks(days: Sequence[Day]) -> tuple[tuple[date, tuple[Day | None, ...]], ...]:
    known = {day.day: day for day in days}
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    weeks = []
    while monday <= days[-1].day:
        weeks.append((monday, tuple(known.get(monday + timedelta(days=n)) for n in range(7))))
        monday += timedelta(days=7)
    return tuple(weeks)
