"""The tables of sections 5 to 12 as typed rows: counts that foot, records with their dates, reasons, expectations."""

from collections.abc import Sequence
from datetime import date, timedelta

from carddata_retention.model import Mode, Night
from carddata_retention.report import tables
from carddata_retention.report.cells import (
    Abridged,
    Cell,
    Column,
    ColumnKind,
    Conclusion,
    Joined,
    Row,
    Share,
    Table,
    Words,
    code,
    reason,
)
from carddata_retention.report.controls import days_past
from carddata_retention.report.speech import number, phrase
from carddata_retention.report.totals import KEPT, OWED, read, total
from carddata_retention.report.verdict import Tone, family


def _label(key: str, mark: str = "") -> Words:
    said = phrase("label", key)
    return Joined((said, mark), " ") if mark else said


def _heads(night: Night, first: str, *more: Column) -> tuple[Column, ...]:
    counts = (Column(t.name, "count") for t in night.targets)
    return (Column(phrase("label", first)), *counts, Column(phrase("label", "total"), "count"), *more)


def _counts(night: Night, head: Words, name: str, *more: Cell) -> tuple[Cell, ...]:
    return (head, *(read(t, name) for t in night.targets), total(night.targets, lambda t: read(t, name)), *more)


def _gap(night: Night, name: str, mark: str, *more: Cell) -> tuple[Cell, ...]:
    differences = (read(t, name) for t in night.targets)
    return (_label("difference", mark), *differences, total(night.targets, lambda t: read(t, name)).value, *more)


def control_totals(night: Night) -> list[Table]:
    """5-1 to 5-3: the population, its outcome, and the table's own rows."""
    population = total(night.targets, "population").value

    def row(head: Words, name: str) -> tuple[Cell, ...]:
        return _counts(night, head, name, Share(total(night.targets, lambda t: read(t, name)).value, population))

    statuses = [[Row(row(code("status", s.value), s.value)) for s in group] for group in (KEPT, OWED)]
    return [
        Table("t5-1", phrase("label", "t5-1"), _heads(night, "status", Column(phrase("label", "share"), "share")), (
            *statuses[0], Row(row(_label("kept_sub"), "kept"), "sub"),
            *statuses[1], Row(row(_label("to_purge_sub"), "to_purge"), "sub"),
            Row(_gap(night, "population_gap", "", None)),
            Row(row(_label("population", "Σ"), "population"), "foot"),
        )),
        Table("t5-2", phrase("label", "t5-2"), _heads(night, "outcome"), (
            *(Row(_counts(night, _label(key), key)) for key in ("purged", "skipped", "failed")),
            Row(_counts(night, _label("to_purge", "Σ"), "to_purge"), "sub"),
            Row(_gap(night, "outcome_gap", "Σ"), "foot"),
        )),
        Table("t5-3", phrase("label", "t5-3"), _heads(night, "item"), (
            *(Row(_counts(night, _label(key), key)) for key in ("population", "out_of_scope", "outside")),
            Row(_counts(night, _label("table_rows", "Σ"), "table_rows"), "sub"),
            Row(_counts(night, _label("expected_rows"), "expected_recount")),
            Row(_counts(night, _label("recount"), "recount")),
            Row(_gap(night, "recount_gap", "⇄"), "foot"),
        )),
    ]


def overdue(night: Night) -> list[Table]:
    """6-1 and 6-2: how many were past the grace, and which of them were purged."""
    out = [Table("t6-1", phrase("label", "t6-1"), _heads(night, "item"),
                 (Row(_counts(night, _label("overdue_before"), "overdue")),))]
    if late := tables.overdue(night):
        rows = tuple(
            Row((t.reference, t.target, day_of(t.first_purgeable_day), days_past(t, night.as_of),
                 _label("purged_tonight")))
            for t in late)
        caption = phrase("note", "t6-2", n=len(rows), total=total(night.targets, "overdue").value)
        out.append(Table("t6-2", caption, columns(
            ("reference", "reference"), "target", ("first_purgeable", "date"), ("days_overdue", "count"), "outcome",
        ), rows, tables.OVERDUE_ROWS))
    return out


def purged(night: Night, start_letter: str) -> list[Table]:
    """7-1 to 7-3: how it was done, the records, and what was left; a dry run and a look have none."""
    if family(night.mode) != "run":
        return []
    children = [tuple(f"{table} {number(rows)}" for table, rows in t.children_removed.items()) for t in night.targets]
    rows = [Row((t.name, code("disposition", t.disposition.value), t.purged, Joined(each, " · ") if each else None))
            for t, each in zip(night.targets, children, strict=True)]
    gone = sum(sum(t.children_removed.values()) for t in night.targets)
    rows.append(Row((_label("total"), None, total(night.targets, "purged"), gone or None), "foot"))
    out = [Table("t7-1", phrase("label", "t7-1"),
                 columns("target", "disposition", ("purged", "count"), "children"), tuple(rows))]
    if night.purged_sample:
        out.append(_records(night, start_letter))
    if left := tables.left(night):
        rows = [Row((Joined((_label(line.outcome), ": ", code("skip", line.reason), " ", line.reason)),
                     *line.counts, line.total, code("next", line.next))) for line in left]
        out.append(Table("t7-3", phrase("label", "t7-3"),
                         _heads(night, "reason", Column(phrase("label", "next"))), tuple(rows)))
    return out


def _records(night: Night, start_letter: str) -> Table:
    rows = tuple(
        Row((t.reference, t.target, t.service_end or None, day_of(t.start_day),
             Abridged(t.rule, tables.article(t.rule)) if t.rule else None, day_of(t.last_retained_day),
             Abridged(t.purged_at, tables.tonight(night.as_of, t.purged_at)),
             code("disposition", t.disposition.value), t.batch_no))
        for t in night.purged_sample)
    caption = phrase("note", "t7-2", n=len(rows), total=total(night.targets, "purged").value)
    return Table("t7-2", caption, columns(
        ("reference", "reference"), "target", ("ended", "instant"),
        ("start_day" if start_letter == "S" else "start_day.E", "date"), "article", ("last_day", "date"),
        ("purged_at", "instant"), "disposition", ("batch", "count"),
    ), rows, tables.PURGED_ROWS)


def verification(night: Night, tones: dict[str, Tone]) -> list[Table]:
    """8-1: what is still due after the run."""
    lines: Sequence[tuple[str, str, int | None, Tone]] = (
        ("still_due", "remaining_due", None if night.mode is Mode.PLAN else 0, tones["s8"]),
        ("arrived", "arrived", None, tones["arrived"]),
        ("residue", "residue", 0, tones["residue"]),
    )
    rows = tuple(Row((_label(key), *(read(t, name) for t in night.targets), expected, Conclusion(tone)))
                 for key, name, expected, tone in lines)
    heads = _heads(night, "check")[:-1]
    return [Table("t8-1", phrase("label", "t8-1"),
                  (*heads, Column(phrase("label", "expected"), "count"), Column(phrase("label", "result"))), rows)]


def holds(night: Night) -> list[Table]:
    """9-1: the legal holds in force, those first whose review comes first."""
    if not night.holds:
        return []
    rows = tuple(Row((h.id, code("scope", h.scope), h.target, h.items, h.basis, h.placed_by, h.placed_at, h.review_by,
                      Conclusion("att" if tables.overdue_review(night, h) else "ok"))) for h in night.holds)
    caption = phrase("note", "t9-1", n=len(rows), total=night.holds_in_force)
    return [Table("t9-1", caption, columns("hold_id", "scope", "target", ("items", "count"), "basis", "placed_by",
                                           ("placed_at", "instant"), ("review_by", "date"), "review"), rows,
                  tables.HOLD_ROWS)]


def requests(night: Night) -> list[Table]:
    """9-2: requests of individuals by kind: what became of them since the night before, and how many are open."""
    if not night.requests:
        return []
    rows = tuple(Row((code("request", t.kind.value), t.received, t.granted, t.refused, t.closed, t.open))
                 for t in night.requests)
    heads = ("received", "granted", "refused", "answered", "open")
    return [Table("t9-2", phrase("label", "t9-2"), columns("request", *((key, "count") for key in heads)), rows)]


def undetermined(night: Night) -> list[Table]:
    """10-1: what nobody can date, by reason."""
    lines = tables.undetermined(night)
    if not lines:
        return []
    rows = [Row((Joined((code("und", line.reason), " ", line.reason)), *line.counts, line.total,
                 Joined(line.examples, "\n") if line.examples else None)) for line in lines]
    rows.append(Row(_counts(night, _label("total"), "undetermined", None), "foot"))
    return [Table("t10-1", phrase("label", "t10-1"),
                  _heads(night, "reason", Column(phrase("label", "examples"), "reference")), tuple(rows))]


def quality(night: Night) -> list[Table]:
    """11-1: what was expected of the data, failed ones first."""
    judged = tables.quality(night)
    if not judged:
        return []
    rows = tuple(
        Row((Joined((q.id, reason(q)), "\n") if q.reason else q.id, q.target, code("severity", q.severity.value),
             q.checked, q.observed, q.limit,
             Conclusion("ok" if q.passed else "bad" if q.severity.value == "block" else "att")))
        for q in judged)
    return [Table("t11-1", phrase("note", "t11-1", n=len(rows), total=len(night.quality)), columns(
        "expectation", "target", "severity", ("checked", "count"), ("observed", "count"), ("limit", "count"), "result",
    ), rows, tables.QUALITY_ROWS)]


def discovered(night: Night) -> list[Table]:
    """11-3: card data that the discovery of tonight found, gravest first; what is declared comes last."""
    if not night.discovered:
        return []
    rows = tuple(Row((f.place, f.kind, code("found", f.severity), f.count, f.declared))
                 for f in night.discovered)
    caption = phrase("note", "t11-3", n=min(len(rows), tables.FOUND_ROWS), total=len(rows))
    return [Table("t11-3", caption, columns("place", "class", "severity", ("count", "count"), "declared_in"), rows,
                  tables.FOUND_ROWS)]


def forecast(night: Night) -> list[Table]:
    """12-1: what becomes purgeable, cumulative."""
    rows = tuple(
        Row((Joined((phrase("label", "days", n=days), (night.as_of + timedelta(days=days)).isoformat()), " "),
             *(t.forecast.get(days) for t in night.targets), count))
        for days, count in tables.forecast(night))
    return [Table("t12-1", phrase("label", "t12-1"), _heads(night, "within"), rows)] if rows else []


def columns(*heads: str | tuple[str, ColumnKind]) -> tuple[Column, ...]:
    """Columns by the keys of their labels; a pair says the kind, text where nothing is said."""
    pairs: list[tuple[str, ColumnKind]] = [(head, "text") if isinstance(head, str) else head for head in heads]
    return tuple(Column(phrase("label", key), kind) for key, kind in pairs)


def day_of(text: str) -> date | None:
    """A day of the evidence; None where a request, and no deadline, made the record due."""
    return date.fromisoformat(text) if text else None
