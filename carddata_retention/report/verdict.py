"""The verdict as a sentence: a word, a number, and what to do next."""

from typing import Literal

from carddata_retention.model import Mode, Night, Severity, State
from carddata_retention.report.sentences import NEXT
from carddata_retention.report.speech import Phrase, phrase
from carddata_retention.report.totals import still_owed, total

Tone = Literal["ok", "att", "bad", "na", "miss"]

TONES: dict[State, Tone] = {
    State.CLEAN: "ok",
    State.INCOMPLETE: "att",
    State.REFUSED: "att",
    State.FAILED: "bad",
    State.BLIND: "bad",
    State.BROKEN: "bad",
}


def tone(night: Night) -> Tone:
    """The colour of the verdict. A dry run that went well concludes nothing: nothing was removed or proven."""
    return "na" if (night.mode, night.verdict) == (Mode.PLAN, State.CLEAN) else TONES[night.verdict]


def word(night: Night) -> str:
    """The word of the verdict, as a key of the codes."""
    return "dry" if tone(night) == "na" else tone(night)


def family(mode: Mode) -> str:
    """`run`, `apply` and a request's own run remove and are told alike."""
    return "run" if mode in (Mode.APPLY, Mode.REQUEST) else mode.value


def _facts(night: Night, grace_days: int) -> dict[str, object]:
    stopped = [t.name for t in night.targets if t.state is night.verdict]
    names = ("population", "purged", "skipped", "failed", "residue")
    return {
        **{name: total(night.targets, name).value for name in names},
        "to_purge": total(night.targets, lambda t: t.to_purge).value,
        "remaining": total(night.targets, "remaining_due").value,
        "tomorrow": total(night.targets, lambda t: t.forecast.get(1)).value,
        "owed": still_owed(night.targets),
        "stopped": len(stopped),
        "all": len(night.targets),
        "names": ", ".join(stopped) or night.database,
        "warnings": sum(f.severity is not Severity.INFO for f in night.findings),
        "grace": grace_days,
    }


def headline(night: Night) -> Phrase:
    """What happened, with its number."""
    return phrase("verdict", f"{family(night.mode)}.{night.verdict.value}", **_facts(night, 0))


def next_step(night: Night, grace_days: int) -> Phrase:
    """What to do next; a look says the same as a run where it has nothing of its own to say."""
    own = f"{family(night.mode)}.{night.verdict.value}"
    return phrase("next", own if own in NEXT else f"run.{night.verdict.value}", **_facts(night, grace_days))
