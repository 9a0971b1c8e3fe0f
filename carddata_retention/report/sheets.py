"""Every numbered table of the report as typed rows, in page order: what XLSX, CSV and PDF are made of.

The numbers are those of the page, by the same functions over the same frozen night; a test reads all formats back
and compares them cell by cell.
"""

from carddata_retention.model import Night, Status
from carddata_retention.report import count_sheets, tables
from carddata_retention.report.canonical import digest, night_json
from carddata_retention.report.cells import Cell, Conclusion, Joined, Row, Table, code, reason
from carddata_retention.report.certificate import certificate
from carddata_retention.report.controls import controls, dated
from carddata_retention.report.count_sheets import columns, day_of
from carddata_retention.report.cover import version_changes
from carddata_retention.report.reperformance import hand_formula, period_in_words
from carddata_retention.report.sampling_sheet import by_stratum, sample
from carddata_retention.report.speech import number, phrase
from carddata_retention.report.table_forms import conclusions_table, pairs
from carddata_retention.report.views import Length, LocationView, PolicyView


def sheets(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], scanned: int | None
) -> tuple[Table, ...]:
    """All tables of a night. `scanned` is the number of artefacts that the leak scan has to clear."""
    concluded = controls(night, policy, scanned)
    tones = tables.tones(night, {c.no: c.tone for c in concluded})
    letter, _ = hand_formula(policy.convention, Length.of(policy.version.period))
    return (
        conclusions_table(phrase("label", "t2-1"), "control", "A", concluded),
        *_policy(night, policy),
        _places(night, policy, locations),
        *count_sheets.control_totals(night),
        *count_sheets.overdue(night),
        *count_sheets.purged(night, letter),
        *count_sheets.verification(night, tones),
        *count_sheets.holds(night),
        *count_sheets.requests(night),
        *count_sheets.undetermined(night),
        *count_sheets.quality(night),
        *count_sheets.discovered(night),
        *count_sheets.forecast(night),
        *_exceptions(night),
        _evidence(night, scanned),
        *_example(night, letter),
        *sample(night, policy),
        *by_stratum(night),
        *certificate(night, policy, locations),
    )


def _policy(night: Night, policy: PolicyView) -> list[Table]:
    version, said = policy.version, policy.convention.value
    period = (period_in_words(Length.of(version.period)), f" {version.period} · {said} (",
              phrase("note", f"convention.{said}"), f") · {policy.zone}")
    source = (f"{policy.service_end_table}: {', '.join(policy.service_end_columns)} · ",
              code("kind", policy.service_end_kind.value), " · ", phrase("note", f"midnights.{policy.midnights}"))
    terms = pairs("t3-1", phrase("label", "t3-1"), ("item", "content"), [
        ("purpose", version.purpose or None), ("acquirer", version.acquirer or None),
        ("recipients", "、".join(version.recipients) or None), ("trigger", version.trigger), ("period", Joined(period)),
        ("applies", phrase("note", "applies.acquisition" if policy.at_acquisition else "applies.current")),
        ("grace", phrase("note", "grace", n=policy.grace_days)), ("source", Joined(source)),
        ("justification", version.justification or None),
        ("owner_since", f"{version.owner or '—'} / {version.effective_from}"),
        ("before", Joined(tuple(version_changes(policy)), "\n")),
    ])
    bounds = [Row((f"v{c.version}", c.trigger, c.column, code("kind", c.kind.value),
                   f"{'≤' if c.cutoff_inclusive else '<'} {c.cutoff}", c.decided, c.records)) for c in night.cutoffs]
    heads = columns("policy", "trigger", "column", "kind", ("bound", "instant"), ("decided", "count"),
                    ("records", "count"))
    return [terms, Table("t3-2", phrase("label", "t3-2"), heads, tuple(bounds) or (Row((None,) * len(heads)),))]


def _places(night: Night, policy: PolicyView, locations: tuple[LocationView, ...]) -> Table:
    own = Row((night.database, policy.version.owner or None, phrase("label", "erases"),
               phrase("note", "s4.own", n=len(night.targets))))
    others = (Row((p.name, p.owner or None, code("reach", p.reach), p.note or None)) for p in locations)
    return Table("t4-1", phrase("label", "t4-1"), columns("place", "owner", "reach", "note"), (own, *others))


def _exceptions(night: Night) -> list[Table]:
    checked = tuple(Row((phrase("label", c.key), c.count, c.detail, Conclusion(c.tone))) for c in tables.checks(night))
    out = [Table("t13-1", phrase("label", "t13-1"), columns("item", ("count", "count"), "content", "result"), checked)]
    if night.findings:
        rows = tuple(Row((f.id, code("severity", f.severity.value), f.target, f.count, reason(f)))
                     for f in tables.findings(night))
        caption = phrase("note", "t13-2", n=len(rows), total=len(rows))
        heads = columns("finding", "severity", "target", ("count", "count"), "reason")
        out.append(Table("t13-2", caption, heads, rows, tables.FINDING_ROWS))
    return out


def _evidence(night: Night, scanned: int | None) -> Table:
    shown = night.artefacts[: tables.FINDING_ROWS]
    return pairs("t14-1", phrase("label", "t14-1"), ("item", "value"), [
        ("head", night.evidence_head), ("previous_head", night.previous_head), *_sealed(night),
        ("policy_digest", night.policy_digest), ("tool_digest", night.tool_digest),
        ("json_digest", digest(night_json(night))),
        ("leak_scan", phrase("note", "scan.none") if scanned is None else phrase("note", "scan.done", n=scanned)),
        ("artefacts", Joined(shown, " · ") if shown else None),
    ])


def _sealed(night: Night) -> list[tuple[str, Cell]]:
    sealed = night.sealed
    if sealed is None:
        return []
    return [("run_number", Joined((number(sealed.number), " (", phrase("label", "epoch"), f" {sealed.epoch})"))),
            ("tombstones", sealed.tombstones), ("root", sealed.root), ("signature", sealed.signature),
            ("key", Joined((sealed.key_id, " · ", phrase("label", "fingerprint"), " ", sealed.fingerprint or "—")))]


def _example(night: Night, letter: str) -> list[Table]:
    known = dated(night)
    shown = next((t for t in known if t.status is Status.DUE), next(iter(known), None))
    if shown is None:
        return []
    return [pairs("t15-1", phrase("label", "t15-1"), ("step", "value"), [
        ("reference", f"{shown.reference} · {shown.target}"), ("ended", shown.service_end),
        ("start_day" if letter == "S" else "start_day.E", day_of(shown.start_day)), ("article", shown.rule),
        ("last_day", day_of(shown.last_retained_day)), ("first_purgeable", day_of(shown.first_purgeable_day)),
    ])]
