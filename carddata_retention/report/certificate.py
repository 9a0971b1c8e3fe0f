"""The certificate of erasure: what three people sign, or the reason why there is nothing to sign.

It is made only where records were removed, their absence was read back, and the evidence holds. What was not removed
stands in it as an exception.
"""

from carddata_retention.model import Disposition, Night, State
from carddata_retention.report.cells import Cell, Joined, Table, Words
from carddata_retention.report.controls import short
from carddata_retention.report.cover import times
from carddata_retention.report.speech import Phrase, number, phrase
from carddata_retention.report.table_forms import pairs
from carddata_retention.report.totals import add, total
from carddata_retention.report.verdict import family
from carddata_retention.report.views import LocationView, PolicyView

SIGNERS = tuple(phrase("label", who) for who in ("performed_by", "reviewed_by", "approved_by"))


def refusal(night: Night) -> Phrase | None:
    """Why nobody can sign for this night; None where they can."""
    purged = total(night.targets, "purged").value
    residue = add(t.residue for t in night.targets if t.purged)
    if night.verdict is State.BROKEN:
        return phrase("note", "s16.broken")
    if family(night.mode) != "run" or not purged:
        return phrase("note", "s16.nothing")
    if residue is None:
        return phrase("note", "s16.unread", n=purged)
    return phrase("note", "s16.residue", n=residue) if residue else None


def certificate(night: Night, policy: PolicyView, locations: tuple[LocationView, ...]) -> list[Table]:
    """16-1, or nothing where `refusal` says why."""
    if refusal(night) is not None:
        return []
    counted = [t for t in night.targets if t.purged]
    purged = total(night.targets, "purged").value
    each = " + ".join(f"{number(t.purged)} {t.name}" for t in counted)
    deleted, redacted = (sum(t.purged or 0 for t in counted if t.disposition is d) for d in Disposition)
    lines: list[tuple[str, Cell]] = [
        ("erased_fields", Joined(tuple(_fields(night, t.name) for t in counted), "\n")),
        ("records", f"{number(purged)} = {each}"),
        ("method", phrase("note", "s16.method", deleted=deleted, redacted=redacted)),
        ("ended_before", _bound(night)),
        ("performed", times(night)[0]),
        ("read_back", phrase("note", "s16.verified", n=purged, left=0, login=night.verification_login or "—")),
        ("exceptions", _exceptions(night, locations)),
        ("policy", f"{night.policy_id} v{night.policy_version} · sha256 {short(night.policy_digest)}"),
        ("run_mode", f"{night.run_id} · carddata-retention {night.tool_version} · {night.os_user}@{night.host}"),
        ("database", night.database),
        ("head", night.evidence_head),
    ]
    return [pairs("t16-1", phrase("label", "t16-1"), ("item", "content"), lines)]


def _fields(night: Night, target: str) -> Words:
    """The fields that went, as the tombstones say; where the night holds none of a target, it says where they are."""
    known = dict.fromkeys(field.strip() for t in night.purged_sample if t.target == target
                          for field in t.fields.split(","))
    return Joined((f"{target}: ", ", ".join(known) or phrase("note", "s16.fields")))


def _bound(night: Night) -> Words:
    bounds = [f"{'≤' if c.cutoff_inclusive else '<'} {c.cutoff}" for c in night.cutoffs]
    return Joined(tuple(bounds), "\n") if bounds else "—"


def _exceptions(night: Night, locations: tuple[LocationView, ...]) -> Words:
    sums = {name: total(night.targets, name).value for name in ("skipped", "failed", "remaining_due", "undetermined",
                                                               "held")}
    return phrase("note", "s16.except", places=len(locations), **sums)
