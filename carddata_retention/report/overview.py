"""The overview of all nights: what its page shows, gathered before a template sees it. Bounded, however old the ledger.

The verdict, the equation and the calendars are of the last twelve months; earlier months are one row each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from carddata_retention.history import History
from carddata_retention.report.days import Calendar
from carddata_retention.report.grid import Pages, grids, night_rows, not_passed, steps
from carddata_retention.report.page import voice
from carddata_retention.report.rollup import ChainState, RollUp, Stretch, Timeline, periods_since, roll_up, stretch
from carddata_retention.report.rollup import timeline as timeline_of
from carddata_retention.report.speech import Phrase, Speech, number, phrase
from carddata_retention.report.totals import total
from carddata_retention.reporting_period import PeriodKind, ReportingPeriod

MONTHS = 12
RECENT_NIGHTS = 21
NIGHTS_NOT_PASSED = 100
EARLIER_MONTHS = 60
PERIODS = 40


@dataclass(frozen=True, slots=True)
class Site:
    """What is said beside the nights: where they were, how long reports are kept, and what has a page already."""

    database: str
    tool_version: str
    chain: ChainState
    keep_nights_days: int | None
    keep_periods_days: int | None
    pages: Pages
    periods: frozenset[str]


def chain_said(chain: ChainState) -> Phrase:
    """What recomputing the chain has shown."""
    if chain.broken is not None:
        return phrase("note", "chain.bad", cause=chain.broken)
    return phrase("note", "chain.na") if chain.sealed is None else phrase("note", "chain.ok", sealed=chain.sealed)


def nights_said(nights: Stretch) -> Phrase:
    """The verdict as a sentence."""
    return phrase("verdict", "nights", **nights.nights._asdict())


def overview(history: History, site: Site, speech: Speech) -> dict[str, Any]:
    """The names that the template uses. The history holds at least one run."""
    known = timeline_of(history)
    calendar = known.calendar
    last = calendar.days[-1].day
    months = periods_since(calendar.days[0].day, last, PeriodKind.MONTH)
    shown = stretch(known, months[:MONTHS][-1].first, last, last, site.chain)
    recent = shown.days[-RECENT_NIGHTS:]
    earlier = not_passed(calendar.days[: -RECENT_NIGHTS])
    return {
        **voice(speech), "speech": speech, "languages": speech.languages, "number": number, "site": site,
        "nights": shown, "tally": shown.nights, "tone": shown.tone, "headline": nights_said(shown),
        "sentences": _sentences(shown, site.chain), "latest_href": site.pages.of(calendar.days[-1].last),
        "months": grids(speech, shown.days, site.pages), "steps": steps(shown.days),
        "rows": night_rows([*earlier[-NIGHTS_NOT_PASSED:], *recent], site.pages), "recent": len(recent),
        "all_nights": len(recent) + len(earlier), "scope": _scope(shown, calendar),
        "earlier_months": _told(known, months[MONTHS:][:EARLIER_MONTHS], last),
        "periods": _told(known, _periods(calendar.days[0].day, last, months), last),
        "kept": _kept(site), "footer": f"CDR-NIGHTS  ·  {last}",
    }


def _sentences(shown: Stretch, chain: ChainState) -> list[Phrase]:
    night, longest = shown.days[-1], shown.longest_interval
    return [
        phrase("note", "latest", as_of=night.day.isoformat(), purged=night.purged,
               remaining=night.count("remaining_due")),
        phrase("note", "interval", longest=longest) if longest is not None else phrase("note", "interval.none"),
        chain_said(chain),
    ]


def _scope(shown: Stretch, calendar: Calendar) -> list[Phrase]:
    first, last = (shown.days[i].day.isoformat() for i in (0, -1))
    said = [phrase("note", "scope", first=first, last=last)]
    if calendar.apart:
        removed = sum(total(run.targets, "purged").value or 0 for run in calendar.apart)
        said.append(phrase("note", "scope.apart", n=len(calendar.apart), purged=removed))
    return said


def _periods(first: date, last: date, months: Sequence[ReportingPeriod]) -> list[ReportingPeriod]:
    """Years, quarters and the latest months."""
    wanted = [p for kind in (PeriodKind.YEAR, PeriodKind.QUARTER) for p in periods_since(first, last, kind)]
    return sorted([*wanted, *months[:MONTHS]], key=lambda p: (-p.last.toordinal(), p.first))[:PERIODS]


def _told(known: Timeline, periods: Sequence[ReportingPeriod], last: date) -> list[RollUp]:
    return [roll_up(known, period, last, ChainState(None)) for period in periods]


def _kept(site: Site) -> Phrase:
    def said(days: int | None) -> Phrase:
        return phrase("note", "kept.always") if days is None else phrase("note", "kept.days", n=days)

    return phrase("note", "kept", nights=said(site.keep_nights_days), periods=said(site.keep_periods_days))
