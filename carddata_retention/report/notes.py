"""The sections of a night for a format that has no template: tables, and the sentences beside them."""

from carddata_retention.model import Mode, Night
from carddata_retention.report import tables
from carddata_retention.report.cells import Table, spoken
from carddata_retention.report.certificate import SIGNERS, refusal
from carddata_retention.report.controls import short
from carddata_retention.report.cover import times
from carddata_retention.report.document import Part
from carddata_retention.report.reperformance import reperformance
from carddata_retention.report.speech import Language, Phrase, Speech, phrase
from carddata_retention.report.totals import total
from carddata_retention.report.verdict import family
from carddata_retention.report.views import LocationView, PolicyView
from carddata_retention.report.words import SECTIONS


def parts(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], sheets: tuple[Table, ...], language: Language
) -> tuple[Part, ...]:
    """The sections in their order, in one language; the cover is the front, and the certificate the last page."""
    beside, asked = notes(night, policy, locations, language), tables.query(night)

    def part(id: str) -> Part:
        own = tuple(table for table in sheets if f"s{table.section}" == id)
        below = tuple(beside.get(id, ()))
        if id != "s16":
            return Part(id, own, below, asked.text if asked and id == "s8" else "")
        signers = () if refusal(night) else SIGNERS
        return Part(id, own, below, signed=True, lead=spoken(_note("s16.lead"), language) if signers else "",
                    signers=signers)

    return tuple(part(id) for id in SECTIONS if id != "s1")


def notes(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], language: Language
) -> dict[str, list[str]]:
    """What stands under the tables of each section, in one language."""
    uncounted = ", ".join(t.name for t in night.targets if t.population is None)
    partial = [_note("partial", names=uncounted)] if uncounted else []
    phrases: dict[str, list[Phrase]] = {
        "s4": [_note("s4.note" if locations else "s4.none", n=len(locations))],
        "s5": [_note("recount"), _note("ticks"), *partial],
        "s6": [_note(_by_count("s6", total(night.targets, "overdue").value), n=policy.grace_days)],
        "s7": [_purged(night)],
        "s8": _verification(night),
        "s9": [_note("s9.unknown" if night.holds_in_force is None else "s9.none" if not night.holds else "s9.note",
                     held=total(night.targets, "held").value)],
        "s10": [_note(_undetermined(night))],
        "s11": [_note("s11.note" if night.quality else "s11.none")],
        "s12": [] if tables.forecast(night) else [_note("s12.none")],
        "s13": [] if night.findings else [_note("s13.none")],
        "s14": [_note("s14.note")] if night.evidence_head else [_note("s14.none"), _note("s14.note")],
        "s16": [why] if (why := refusal(night)) else [],
    }
    said = {section: [spoken(each, language) for each in some] for section, some in phrases.items()}
    said["s14"] += tables.commands(night)
    return said | {"s15": _by_hand(night, policy, language)}


def _note(key: str, **facts: object) -> Phrase:
    return phrase("note", key, **facts)


def _by_count(section: str, count: int | None) -> str:
    return f"{section}.{'unknown' if count is None else 'some' if count else 'none'}"


def _undetermined(night: Night) -> str:
    found = _by_count("s10", total(night.targets, "undetermined").value)
    return "s10.note" if found == "s10.some" else found


def _purged(night: Night) -> Phrase:
    if family(night.mode) != "run":
        dry = night.mode is Mode.PLAN
        return _note("s7.dry" if dry else "s7.look", n=total(night.targets, lambda t: t.to_purge).value)
    if not night.purged_sample:
        return _note("s7.none", n=total(night.targets, "purged").value)
    return _note("s7.note", fields=", ".join(dict.fromkeys(t.fields for t in night.purged_sample)))


def _verification(night: Night) -> list[Phrase]:
    asked = tables.query(night)
    if asked is None:
        return [_note("s8.plan" if night.mode is Mode.PLAN else "s8.none")]
    login = night.verification_login
    how = _note("s8.query", digest=short(asked.digest), login=login or "—", when=times(night)[0])
    return [how, _note("s8.samelogin", login=night.login)] if login == night.login else [how]


def _by_hand(night: Night, policy: PolicyView, language: Language) -> list[str]:
    told = reperformance(night, policy, Speech((language,)))
    steps = [f"{number}. {step.striptags()}" for number, step in enumerate(told["rule"], start=1)]
    length = told["length"]
    right = spoken(_note("always", day=told["start_letter"]), language)
    lines = [*steps, f"{told['formula']}   {right}", f"N = {length.months or length.days}"]
    return lines if told["example"] else [*lines, spoken(_note("s15.none"), language)]
