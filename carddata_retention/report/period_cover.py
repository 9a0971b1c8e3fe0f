"""What a period says before and beside its tables: verdict, equation, days; the sentences of each section."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from carddata_retention.report.canonical import digest
from carddata_retention.report.cells import Table, Words, spoken
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.days import gaps
from carddata_retention.report.document import Front, Part, Term
from carddata_retention.report.grid import Pages
from carddata_retention.report.overview import nights_said
from carddata_retention.report.period_json import period_json
from carddata_retention.report.period_sheets import days_said, listed_nights, policies, refusal
from carddata_retention.report.rollup import MOST_DAYS_BETWEEN, RollUp
from carddata_retention.report.speech import Language, Phrase, phrase
from carddata_retention.report.totals import Sum
from carddata_retention.reporting_period import PeriodKind

SECTIONS = tuple(f"p{number}" for number in range(1, 9))
SIGNERS = tuple(phrase("label", who) for who in ("prepared_by", "reviewed_by", "approved_by"))
COMMAND = "carddata-retention verify"


def workpaper(rolled: RollUp) -> str:
    """The number that people quote."""
    return f"CDR-{rolled.period}-P"


def period_front(view: PeriodView) -> Front:
    """What stands before the tables. A file of a period is as old as the day on which it was built."""
    rolled = view.roll_up
    nights, built = rolled.nights, datetime.combine(rolled.today, time(), ZoneInfo(view.zone))
    return Front(
        title=phrase("label", "period.report_title"), letter="P", workpaper=workpaper(rolled),
        name=f"{rolled.period.first} → {rolled.period.last}", day=rolled.today, made=built, tone=nights.tone,
        word=nights.tone, headline=nights_said(nights), sentences=_sentences(rolled), beside=(),
        equation=_equation(rolled), identity=_identity(view), digest=digest(period_json(view)),
    )


def _sentences(rolled: RollUp) -> tuple[Phrase, ...]:
    nights, said = rolled.nights, []
    if not rolled.over:
        said.append(phrase("note", "open", last=rolled.period.last.isoformat(), until=nights.until.isoformat()))
    if nights.days[0].day > rolled.period.first:
        said.append(phrase("note", "began", first=nights.days[0].day.isoformat()))
    return (*said, phrase("next", f"period.{nights.tone}", longest=nights.longest_interval, most=MOST_DAYS_BETWEEN))


def _equation(rolled: RollUp) -> tuple[Term, ...]:
    """scheduled = passed + attention + failed + missed; and what all nights removed."""
    counts = rolled.nights.nights
    parts = (("=", "ok", counts.passed), ("+", "att", counts.attention), ("+", "bad", counts.failed),
             ("+", "miss", counts.missed))
    return (Term("", phrase("label", "scheduled"), sum=Sum(counts.scheduled)),
            *(Term(op, phrase("code", tone), sum=Sum(count)) for op, tone, count in parts),
            Term(None), Term("", phrase("label", "purged_sum"), sum=Sum(rolled.nights.purged), start=True))


def _identity(view: PeriodView) -> tuple[tuple[Phrase, Words], ...]:
    rolled = view.roll_up
    pairs: list[tuple[str, Words]] = [
        ("workpaper", workpaper(rolled)), ("known_on", rolled.today.isoformat()), ("range", days_said(view)),
        ("policies", policies(view)), ("database", view.database), ("version", view.tool_version),
        ("period_digest", digest(period_json(view))),
    ]
    return tuple((phrase("label", key), said) for key, said in pairs)


def period_notes(view: PeriodView) -> dict[str, list[Phrase]]:
    """What stands under the tables of each section."""
    rolled = view.roll_up
    nights = rolled.nights
    missed = [] if gaps(nights.days) else [_note("gaps.none", n=nights.nights.scheduled)]
    passed = [] if listed_nights(rolled, Pages()) else [_note("nights.passed")]
    refused = refusal(rolled)
    return {
        "p2": [_note("basis")], "p3": [*missed, *passed], "p4": _verified(rolled), "p5": _forward(rolled),
        "p6": [_note("s4.note" if view.locations else "s4.none", n=len(view.locations))], "p7": [_note("chain.how")],
        "p8": [_note("p8.lead")] if refused is None else [refused],
    }


def _note(key: str, **facts: object) -> Phrase:
    return phrase("note", key, **facts)


def _verified(rolled: RollUp) -> list[Phrase]:
    nights = rolled.nights
    said = [_note("verification", most=MOST_DAYS_BETWEEN, until=nights.until.isoformat(), open=nights.open_days)]
    if unverified := sum(not run.verified for run in nights.runs):
        said.append(_note("unverified", n=unverified))
    if rolled.period.kind is PeriodKind.YEAR:
        said.append(_note("verifications.year", n=len(nights.verifications)))
    return said


def _forward(rolled: RollUp) -> list[Phrase]:
    if not rolled.roll_forward:
        return [_note("rollforward.none")]
    uncounted = sum(target.uncounted for target in rolled.roll_forward)
    return [_note("rollforward"), *([_note("rollforward.uncounted", n=uncounted)] if uncounted else [])]


def period_parts(view: PeriodView, sheets: tuple[Table, ...], language: Language) -> tuple[Part, ...]:
    """The sections in their order, in one language; the cover is the front, and the last page is signed."""
    notes = period_notes(view)
    refused = refusal(view.roll_up)

    def part(id: str) -> Part:
        own = tuple(table for table in sheets if f"p{table.section}" == id)
        said = tuple(spoken(each, language) for each in notes[id])
        if id != "p8":
            return Part(id, own, said, listing=COMMAND if id == "p7" else "")
        if refused is not None:
            return Part(id, own, said, signed=True)
        return Part(id, own, signed=True, lead=said[0], signers=SIGNERS)

    return tuple(part(id) for id in SECTIONS if id != "p1")
