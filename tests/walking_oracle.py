"""The deadline rule once more, told as a walk: one day after another, with a calendar of its own.

It adds no period to any date and imports nothing of the product, not even `datetime`. A start day waits until the
walk comes past its corresponding day, or past the end of a month that has no such day.
"""

from collections.abc import Iterator

Day = tuple[int, int, int]


def is_month_end(year: int, month: int, day: int) -> bool:
    """Whether the next day is the first of a month."""
    if month == 2:
        leap = year % 400 == 0 or (year % 4 == 0 and year % 100 != 0)
        return day == (29 if leap else 28)
    return day == (30 if month in (4, 6, 9, 11) else 31)


def days_from(year: int) -> Iterator[Day]:
    """Every day from 1 January of `year` on, without end."""
    month, day = 1, 1
    while True:
        yield year, month, day
        if not is_month_end(year, month, day):
            day += 1
        else:
            day, month = 1, month + 1
            if month > 12:
                month, year = 1, year + 1


def walk(
    first_year: int, last_year: int, most: int, *, monthly: bool = False
) -> Iterator[tuple[Day, int, Day, Day, Day]]:
    """Yield (start day, units, last day under jp-civil-code, under eu-1182-71, under anniversary).

    Every start day of first_year..last_year with 1..most years, or months where `monthly`.
    """
    waiting: dict[tuple[int, int], list[tuple[Day, int]]] = {}
    yesterday: Day = (0, 0, 0)
    for today in days_from(first_year):
        year, month, day = today
        season = 0 if monthly else month
        met = [(start, count, yesterday, today, yesterday) for start, count in waiting.pop((season, day), [])]
        if is_month_end(year, month, day):
            for missing in range(day + 1, 32):
                met += [(start, count, today, today, yesterday) for start, count in waiting.pop((season, missing), [])]
        for found in met:
            yield found
            start, count = found[:2]
            if count < most:
                waiting.setdefault((season, start[2]), []).append((start, count + 1))
        if first_year <= year <= last_year:
            waiting.setdefault((season, day), []).append((today, 1))
        elif not any(waiting.values()):
            return
        yesterday = today
