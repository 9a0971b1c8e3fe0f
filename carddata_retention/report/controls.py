"""The ten controls, each concluded from the facts of the night and from nothing else.

A control for which the night brings no evidence is `na`; it never passes by assertion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from carddata_retention.model import TO_PURGE, Mode, Night, State, Status, Tombstone
from carddata_retention.report.speech import DASH, Phrase, phrase
from carddata_retention.report.totals import add, outcome_gap, outside, population_gap, recount_gap, total
from carddata_retention.report.verdict import Tone
from carddata_retention.report.views import PolicyView
from carddata_retention.sealed import Sampled, Stratum

REMOVING = (Mode.RUN, Mode.APPLY)
_FULL_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Control:
    """One conclusion, the fact it rests on, and the place where the reader can check it."""

    no: str
    tone: Tone
    fact: Phrase
    anchor: str


def short(digest: str | None) -> str:
    """Enough of a digest to compare by eye."""
    if not digest:
        return DASH
    return digest if len(digest) <= _FULL_DIGITS else f"{digest[:_FULL_DIGITS]}…"


def missed_nights(night: Night) -> int | None:
    """Days between the last completed run and tonight on which there was none."""
    return None if night.previous is None else max(0, (night.as_of - night.previous.as_of).days - 1)


def dated(night: Night) -> list[Tombstone]:
    """The purged records that a deadline made due; an erasure request needs none."""
    return [t for t in night.purged_sample if t.status is not Status.REQUESTED and t.first_purgeable_day]


def days_past(tombstone: Tombstone, as_of: date) -> int:
    """Days from the first purgeable day to tonight; negative would be an early removal."""
    return (as_of - date.fromisoformat(tombstone.first_purgeable_day)).days


def _consistent(record: Tombstone | Sampled, as_of: date) -> bool:
    first = date.fromisoformat(record.first_purgeable_day)
    last = date.fromisoformat(record.last_retained_day)
    return (first - last).days == 1 and first <= as_of and date.fromisoformat(record.start_day) <= last


def _policy(night: Night, policy: PolicyView) -> Control:
    version = policy.version
    facts = {"version": version.version, "since": version.effective_from.isoformat()}
    gaps = sum(not text for text in (version.purpose, version.owner, version.justification))
    if version.version != night.policy_version or version.effective_from > night.as_of:
        return Control("C1", "bad", phrase("fact", "c1.mismatch", ran=night.policy_version, **facts), "t3-1")
    if gaps:
        return Control("C1", "att", phrase("fact", "c1.gaps", gaps=gaps, **facts), "t3-1")
    if _signed(night):
        return Control("C1", "ok", phrase("fact", "c1.signed", **facts), "t13-2")
    return Control("C1", "na", phrase("fact", "c1.approval", **facts), "t3-1")


def _signed(night: Night) -> bool:
    """Whether the run carried out a plan, made under its policy, that two people signed."""
    return any(finding.id == "plan_approved" for finding in night.findings)


def _population(night: Night) -> Control:
    targets = night.targets
    population = total(targets, "population").value
    missing = sum(t.population is None for t in targets)
    if missing or not targets:
        fact = phrase("fact", "c2.uncounted", all=len(targets), missing=missing)
        return Control("C2", "bad", fact, "t5-1")
    gaps = [gap for t in targets for gap in (population_gap(t), outcome_gap(t)) if gap is not None]
    gaps += [rest for t in targets if (rest := outside(t)) is not None and rest < 0]
    gap = sum(map(abs, gaps))
    if gap:
        return Control("C2", "bad", phrase("fact", "c2.gap", population=population, gap=gap), "t5-3")
    if any(t.recount is None for t in targets):
        return Control("C2", "na", phrase("fact", "c2.norecount", population=population), "t5-3")
    if gap := sum(abs(recount_gap(t) or 0) for t in targets):
        return Control("C2", "att", phrase("fact", "c2.recount", population=population, gap=gap), "t5-3")
    return Control("C2", "ok", phrase("fact", "c2.pass", population=population, gap=gap), "t5-1")


def _nothing_purged(night: Night) -> Phrase | None:
    if night.mode is Mode.PLAN:
        return phrase("fact", "dry")
    if night.mode is Mode.VERIFY:
        return phrase("fact", "look")
    return None if total(night.targets, "purged").value else phrase("fact", "nothing")


def _deadlines(night: Night) -> Control:
    purged = total(night.targets, "purged").value
    judged = dated(night)
    if nothing := _nothing_purged(night):
        return Control("C3", "na", nothing, "s15")
    if not judged:
        return Control("C3", "na", phrase("fact", "nosample", purged=purged), "s15")
    drawn = [s for s in night.sampled if s.stratum is Stratum.PURGED and s.first_purgeable_day]
    known: dict[tuple[str, str], Tombstone | Sampled] = {(s.target, s.reference): s for s in drawn}
    known |= {(t.target, t.reference): t for t in judged}  # one may be among the first and drawn as well
    bad = sum(not _consistent(s, night.as_of) for s in known.values())
    fact = phrase("fact", "c3.pass", purged=purged, checked=len(known), bad=bad)
    return Control("C3", "bad" if bad else "ok", fact, "s15")


def _early(night: Night) -> Control:
    purged = total(night.targets, "purged").value
    days = [days_past(t, night.as_of) for t in dated(night)]
    if night.mode in REMOVING and purged == 0:
        return Control("C4", "ok", phrase("fact", "c4.nothing", purged=0), "s7")
    if nothing := _nothing_purged(night):
        return Control("C4", "na", nothing, "s7")
    if night.latest_deadline is not None:  # of every record that the run has removed
        days.append((night.as_of - date.fromisoformat(night.latest_deadline)).days)
    if not days:
        return Control("C4", "na", phrase("fact", "nosample", purged=purged), "s7")
    bad = sum(d < 0 for d in days)
    checked = night.dated_removals if night.latest_deadline is not None else len(days)
    fact = phrase("fact", "c4.pass", margin=min(days), bad=bad, purged=purged, checked=checked)
    return Control("C4", "bad" if bad else "ok", fact, "s7")


def _late(night: Night) -> Control:
    targets = night.targets
    unknown = sum(t.remaining_due is None for t in targets)
    overdue, remaining = total(targets, "overdue").value, total(targets, "remaining_due").value
    if unknown or not targets:
        return Control("C5", "bad", phrase("fact", "c5.uncounted", missing=unknown), "t8-1")
    if night.mode is Mode.PLAN:
        tone: Tone = "att" if overdue else "na"
        return Control("C5", tone, phrase("fact", "c5.plan", due=remaining, overdue=overdue), "t5-1")
    missed = missed_nights(night)
    if night.verdict is State.FAILED or any(t.residue for t in targets):
        tone = "bad"
    else:
        tone = "att" if remaining or overdue or missed else "ok"
    return Control("C5", tone, phrase("fact", "c5.run", remaining=remaining, overdue=overdue, missed=missed), "t8-1")


def _holds(night: Night) -> Control:
    held = total(night.targets, "held").value
    bad = sum(t.status not in TO_PURGE for t in night.purged_sample)
    if bad:
        return Control("C6", "bad", phrase("fact", "c6.bad", bad=bad, held=held), "s7")
    after = add(t.held_after for t in night.targets)
    if after is None or held is None or night.mode not in REMOVING:
        return Control("C6", "na", phrase("fact", "c6.none", held=held), "s9")
    # Fewer than before: released meanwhile, or removed by others; our own removals are in the sample above.
    return Control("C6", "ok" if after >= held else "att", phrase("fact", "c6.pass", held=held, after=after), "s9")


def _change(night: Night) -> Control:
    before = night.previous
    if before is None:
        return Control("C7", "na", phrase("fact", "c7.first"), "t13-1")
    same = before.policy_digest == night.policy_digest
    key = "c7.same" if same else "c7.signed" if _signed(night) else "c7.changed"
    return Control("C7", "att" if key == "c7.changed" else "ok", phrase("fact", key, run=before.run_id), "t13-1")


def _effective(night: Night) -> Control:
    purged, residue = total(night.targets, "purged").value, add(t.residue for t in night.targets)
    known = total(night.targets, "residue").value
    if known:
        return Control("C8", "bad", phrase("fact", "c8.bad", purged=purged, residue=known), "t8-1")
    if nothing := _nothing_purged(night):
        return Control("C8", "na", nothing, "t8-1")
    if residue is None:
        return Control("C8", "na", phrase("fact", "c8.na", purged=purged), "t8-1")
    return Control("C8", "ok", phrase("fact", "c8.pass", purged=purged, residue=residue), "t8-1")


def _intact(night: Night) -> Control:
    head = short(night.evidence_head)
    if night.verdict is State.BROKEN:
        return Control("C9", "bad", phrase("fact", "c9.bad", head=head), "s14")
    # The head alone proves nothing: somebody must have recomputed every seal.
    if night.mode is Mode.VERIFY or night.chain_verified is not None:
        return Control("C9", "ok", phrase("fact", "c9.pass", head=head), "s14")
    return Control("C9", "na", phrase("fact", "c9.na", head=head, before=short(night.previous_head)), "s14")


def controls(night: Night, policy: PolicyView, scanned: int | None) -> Sequence[Control]:
    """C1 to C10. `scanned` is the number of artefacts that the leak scan has to clear before publication."""
    confidential = (
        Control("C10", "na", phrase("fact", "c10.na"), "s14")
        if scanned is None
        else Control("C10", "ok", phrase("fact", "c10.pass", n=scanned), "s14")
    )
    return (
        _policy(night, policy), _population(night), _deadlines(night), _early(night), _late(night),
        _holds(night), _change(night), _effective(night), _intact(night), confidential,
    )
