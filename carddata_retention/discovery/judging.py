"""What is said of a column once it is known whole: its findings, each with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from carddata_retention.detector import ColumnName, Kind, Population, Severity, Verdict
from carddata_retention.discovered import ADVICE, BLIND, NOT_READ, SUPPRESSION, Answered, Found, Remedy, Unread
from carddata_retention.discovery.columns import kinds_of

NEVER_KEPT = (Kind.CVV, Kind.TRACK, Kind.PIN_BLOCK)
FIELDS = {Kind.CARD_NUMBER: "number", Kind.TOKEN: "number", Kind.HOLDER: "holder", Kind.EXPIRY: "expiry"}
MOSTLY = 0.5  # of its values: below it a column is no field of its own but a text in which something stands


@dataclass(frozen=True, slots=True)
class Place:
    """Where findings stand. `role` is the field that `target` declares the column as; `composed` says that a value is
    more than one field: a document, bytes, a text."""

    name: str
    says: ColumnName | None
    role: str | None = None
    target: str | None = None
    composed: bool = False
    file: bool = False


def declared_as(place: Place, population: Population) -> Kind | None:
    """The class that a target declares a column as; None where none does."""
    if place.role is None or place.says is None:
        return None
    numbers = sum(v.count for v in population.verdicts(place.says) if v.kind is Kind.CARD_NUMBER)
    return kinds_of(place.role, place.says, numbers, population.filled)


def findings(place: Place, population: Population) -> list[Found]:
    """The verdicts on a column or file, gravest first as the detector gives them."""
    declared = declared_as(place, population)
    return [_finding(place, v, declared, not place.composed and is_field(population, v))
            for v in population.verdicts(place.says, declared)]


def is_field(population: Population, verdict: Verdict) -> bool:
    """Whether a column holds this class and nothing beside it. To empty it would else lose what stands around it."""
    return min(verdict.count, population.filling(verdict.kind)) >= MOSTLY * max(population.filled, 1)


def _finding(place: Place, verdict: Verdict, declared: Kind | None, mostly: bool) -> Found:
    severity, remedy = str(verdict.severity), _remedy(verdict.kind, declared, mostly, place.file)
    if remedy in (Remedy.EMPTY, Remedy.REPLACE):
        severity = str(Severity.CRITICAL)
    if remedy is Remedy.WAIT:
        severity = str(Severity.INFO)
    return Found(place.name, str(verdict.kind), verdict.count, verdict.share, str(verdict.confidence), severity,
                 verdict.card_shaped, verdict.luhn_pass, remedy, ADVICE[remedy].format(target=place.target),
                 declared=place.target if remedy is Remedy.WAIT else None)


def _remedy(kind: Kind, declared: Kind | None, mostly: bool, file: bool) -> Remedy:
    if kind in NEVER_KEPT:
        return Remedy.EMPTY
    if declared is not None:
        return Remedy.REPLACE if kind is Kind.CARD_NUMBER and declared is Kind.TOKEN else Remedy.WAIT
    if kind in (Kind.TEST_NUMBER, Kind.MASKED):
        return Remedy.ASK if kind is Kind.TEST_NUMBER else Remedy.KNOW
    if file:
        return Remedy.LOCATE
    return Remedy.DECLARE if mostly and kind in FIELDS else Remedy.REDACT


def not_read(unread: Sequence[Unread]) -> Iterator[Found]:
    """What was not looked into, as findings: never silence."""
    for each in unread:
        severity = "high" if each.why in BLIND else "info"
        yield Found(each.place, NOT_READ, 0, 0.0, "high", severity, 0, 0, Remedy.READ, each.lesson)


def answered(found: Sequence[Found], suppressions: Sequence[Answered]) -> tuple[list[Found], list[Answered]]:
    """The findings that stay, and each suppression with what it did.

    `suppressions` come as in-force or expired. One that has expired suppresses nothing, and is a finding itself.
    """
    held: Mapping[tuple[str, str], Answered] = {(s.place, s.kind): s for s in suppressions if s.state == "in-force"}
    counts = {(f.place, f.kind): f.count for f in found}
    stay = [f for f in found if (f.place, f.kind) not in held]
    told = []
    for each in suppressions:
        there = (each.place, each.kind) in counts
        state = each.state if each.state == "expired" or there else "unused"
        told.append(Answered(each.place, each.kind, each.reason, each.owner, each.expires, state,
                             counts.get((each.place, each.kind), 0)))
        if state == "expired":
            stay.append(Found(each.place, SUPPRESSION, told[-1].count, 0.0, "high", "warning", 0, 0, Remedy.DECIDE,
                              f"The suppression of {each.kind} expired on {each.expires}; {each.owner} answered for "
                              "it. Mend the finding, or decide again until when it may stay."))
    return stay, told
