"""Every numbered table of a period as typed rows, in page order: what all its formats are made of.

The nights and the verifications stand with the last one first, so that a page, which shows the first rows, shows the
latest.
"""

from collections.abc import Sequence

from carddata_retention.report.canonical import digest
from carddata_retention.report.cells import Cell, Column, Conclusion, Joined, Row, Table, Words, code
from carddata_retention.report.conclusions import PeriodView, conclusions, policy_versions
from carddata_retention.report.count_sheets import columns
from carddata_retention.report.days import gaps
from carddata_retention.report.grid import NightRow, Pages, night_rows, not_passed
from carddata_retention.report.overview import nights_said
from carddata_retention.report.period_json import period_json
from carddata_retention.report.rollup import RollUp, Verification
from carddata_retention.report.speech import Phrase, number, phrase
from carddata_retention.report.table_forms import conclusions_table, pairs
from carddata_retention.report.totals import Sum, total
from carddata_retention.report.verdict import Tone
from carddata_retention.reporting_period import PeriodKind

NIGHT_ROWS = 100
GAP_ROWS = 40
VERIFICATION_ROWS = 200
_TONES: tuple[Tone, ...] = ("ok", "att", "bad", "miss")
_TERMS = ("opening", "increase", "decrease", "purged", "gone", "elsewhere", "difference")
_HEADS = {"purged": "purged_minus", "gone": "gone_minus", "elsewhere": "elsewhere_minus",
          "difference": "difference_plus"}


def period_sheets(view: PeriodView) -> tuple[Table, ...]:
    """All tables of a period."""
    rolled = view.roll_up
    return (
        conclusions_table(phrase("label", "t2-1p"), "conclusion", "P", conclusions(view)),
        *_gaps(rolled), *_nights(rolled), *_months(view), *_verifications(rolled), *_roll_forward(rolled),
        *_places(view),
        pairs("t7-1", phrase("label", "t7-1p"), ("item", "value"), [
            ("seals", rolled.nights.chain.sealed),
            ("last_seal", rolled.nights.last_run.seal if rolled.nights.last_run else None),
            ("policies", policies(view)), ("period_digest", digest(period_json(view))),
        ]),
        *_to_sign(view),
    )


def listed_nights(rolled: RollUp, pages: Pages) -> list[NightRow]:
    """The nights of table 3-2 in its order: all of a month, of a longer period those that did not pass."""
    nights = rolled.nights.days
    return night_rows(nights if rolled.period.kind is PeriodKind.MONTH else not_passed(nights), pages)


def listed_looks(rolled: RollUp) -> Sequence[Verification]:
    """The verifications of table 4-1 in its order."""
    return rolled.nights.verifications[::-1]


def policies(view: PeriodView) -> str:
    """The policy, and the versions of it that were judged by."""
    return f"{view.policy_id} {', '.join(f'v{version}' for version in policy_versions(view.roll_up))}"


def days_said(view: PeriodView) -> Words:
    """The period by its name, its length and its days."""
    period = view.roll_up.period
    days = f") · {period.first} → {period.last} · {view.zone}"
    return Joined((f"{period} (", phrase("code", f"period.{period.kind.value}"), days))


def _total() -> Words:
    return Joined((phrase("label", "total"), "Σ"), " ")


def _gaps(rolled: RollUp) -> list[Table]:
    found = gaps(rolled.nights.days)
    if not found:
        return []
    rows = [Row((gap.first, gap.last, gap.nights)) for gap in found]
    rows.append(Row((_total(), None, rolled.nights.nights.missed), "foot"))
    return [Table("t3-1", phrase("note", "t3-1p", n=len(found), total=len(found)),
                  columns(("from", "date"), ("to", "date"), ("nights_n", "count")), tuple(rows), GAP_ROWS)]


def _nights(rolled: RollUp) -> list[Table]:
    listed, monthly = listed_nights(rolled, Pages()), rolled.period.kind is PeriodKind.MONTH
    if not listed:
        return []
    rows = tuple(
        Row((row.day.day, Conclusion(row.day.tone), row.day.last.exit_code if row.day.last else None,
             len(row.day.runs) or None, row.day.purged, row.day.count("remaining_due"), row.day.count("undetermined"),
             _noticed(row)))
        for row in listed)
    said = phrase("note", "t3-2m" if monthly else "t3-2p", n=len(rows), total=rolled.nights.nights.scheduled)
    heads = columns(("night", "date"), "outcome_night", ("exit", "count"), ("runs", "count"), ("purged", "count"),
                    ("still_due", "count"))
    undetermined = Column(phrase("code", "status.undetermined"), "count")
    return [Table("t3-2", said, (*heads, undetermined, *columns("finding")), rows, NIGHT_ROWS)]


def _noticed(row: NightRow) -> Words | None:
    said: list[Words] = [Joined((n.id, number(n.count)), " ") if n.count is not None else n.id for n in row.notices]
    if row.more:
        said.append(phrase("note", "more", n=row.more))
    if row.day.days_late:
        said.append(phrase("note", "late", n=row.day.days_late))
    if row.day.worst != row.day.tone:
        said.append(phrase("note", "worst", tone=phrase("code", row.day.worst)))
    return Joined(tuple(said), " · ") if said else None


def _months(view: PeriodView) -> list[Table]:
    if view.roll_up.period.kind is PeriodKind.MONTH:
        return []

    def row(head: Words, rolled: RollUp) -> tuple[Cell, ...]:
        nights = rolled.nights
        return (head, *nights.nights, nights.purged, len(nights.verifications), nights.longest_interval,
                Conclusion(nights.tone if rolled.held else "miss"))

    heads = (*columns("month", ("nights_n", "count")), *(Column(phrase("code", tone), "count") for tone in _TONES),
             *columns(("purged", "count"), ("verifications", "count"), ("longest", "count"), "outcome_night"))
    rows = (*(Row(row(str(month.period), month)) for month in view.months), Row(row(_total(), view.roll_up), "foot"))
    return [Table("t3-3", phrase("label", "t3-3p"), heads, rows)]


def _verifications(rolled: RollUp) -> list[Table]:
    looks, yearly = listed_looks(rolled), rolled.period.kind is PeriodKind.YEAR
    if not looks:
        return []
    rows = tuple(Row((look.run.ended_on, look.interval_days, total(look.run.targets, "remaining_due").value,
                      look.run.as_of, look.run.run_id)) for look in looks)
    heads = columns(("date", "date"), ("interval", "count"), ("still_due", "count"), ("as_of", "date"))
    return [Table("t4-1", phrase("note", "t4-1p", n=len(rows), total=len(rows)), (*heads, Column("run", "reference")),
                  rows, 0 if yearly else VERIFICATION_ROWS)]


def _roll_forward(rolled: RollUp) -> list[Table]:
    found = rolled.roll_forward
    if not found:
        return []
    terms = [name for name in _TERMS if name != "elsewhere" or any(target.elsewhere for target in found)]
    heads = columns("target", *((_HEADS.get(name, name), "count") for name in (*terms, "closing")))
    rows = [Row((target.target, *(getattr(target, name) for name in terms),
                 Sum(target.closing, not target.recounted))) for target in found]
    closing = Sum(sum(target.closing for target in found), not all(target.recounted for target in found))
    rows.append(Row((_total(), *(sum(getattr(target, name) for target in found) for name in terms), closing), "foot"))
    return [Table("t5-1", phrase("label", "t5-1p"), heads, tuple(rows))]


def _places(view: PeriodView) -> list[Table]:
    if not view.locations:
        return []
    rows = tuple(Row((place.name, place.owner or None, code("reach", place.reach), place.note or None))
                 for place in view.locations)
    return [Table("t6-1", phrase("label", "t6-1p"), columns("place", "owner", "reach", "note"), rows)]


def refusal(rolled: RollUp) -> Phrase | None:
    """Why nobody can sign for this period yet; None where they can."""
    return None if rolled.over else phrase("note", "p8.open", last=rolled.period.last.isoformat())


def _to_sign(view: PeriodView) -> list[Table]:
    """8-1: what people sign for, or nothing where `refusal` says why."""
    rolled = view.roll_up
    if refusal(rolled) is not None:
        return []
    facts = {c.no: c.fact for c in conclusions(view)}
    said = Joined((phrase("code", rolled.nights.tone), " — ", nights_said(rolled.nights)))
    return [pairs("t8-1", phrase("label", "t8-1p"), ("item", "content"), [
        ("range", days_said(view)), ("verdict", said), ("verifications", facts["P3"]),
        *((no, facts[no]) for no in ("P4", "P5", "P6", "P8")),
        ("policies", policies(view)), ("database", view.database), ("version", view.tool_version),
        ("period_digest", digest(period_json(view))),
    ])]
