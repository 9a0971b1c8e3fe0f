"""From a frozen result to files: rendered, scanned for card numbers, and only then put in their place.

Everything is rendered and scanned before the first byte is written where someone could read it. Each file
appears whole, by a rename; a leak or a full disk leaves nothing new behind.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from carddata_retention.errors import RefusedError
from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report import leaks
from carddata_retention.report.formats import Artefact, render
from carddata_retention.report.speech import Language
from carddata_retention.report.views import LocationView, PolicyView

_NO_HISTORY = History()

# A record's key stays in the ledger; no artefact prints it, so its shape is no leak.
_UNPUBLISHED = frozenset({"record_key"})
_NO_NIGHT = "No report was published. What the night removed stays removed; its evidence is in the ledger."
_AGAIN = "carddata-retention report --run ID"


def publish(
    night: Night,
    policy: PolicyView,
    locations: tuple[LocationView, ...],
    directory: Path,
    formats: Iterable[str],
    languages: tuple[Language, ...],
    history: History = _NO_HISTORY,
) -> tuple[Path, ...]:
    """Write the files that `formats.py` names below `<directory>/<as-of>/<run-id>/`; refuse a card number."""
    refuse_leak(leaks.in_value((night, policy, locations), "result", _UNPUBLISHED), _NO_NIGHT, _AGAIN)
    made = render(night, policy, locations, formats, languages, history)
    return put(directory / night.as_of.isoformat() / night.run_id, cleared(made, _NO_NIGHT, _AGAIN))


def cleared(made: Mapping[str, Artefact], not_done: str, again: str) -> dict[str, bytes]:
    """The contents of files, each scanned by itself. Raises RefusedError as `refuse_leak` does."""
    for name, artefact in made.items():
        refuse_leak(name if _leaks(artefact) else None, not_done, again)
    return {name: artefact.content for name, artefact in made.items()}


def _leaks(artefact: Artefact) -> bool:
    """Each text of its own: numbers of neighbouring cells make no card number together."""
    if artefact.texts is None:
        return leaks.in_document(artefact.content)
    return any(leaks.in_document(text.encode()) for text in artefact.texts)


def refuse_leak(place: str | None, not_done: str, again: str) -> None:
    """Raises RefusedError where there is a place that leaks; `again` is the command that builds anew."""
    if place is not None:
        raise RefusedError("report_leak", f"Something in {place} has the shape of a card number.", not_done=not_done,
                           cure=f"Mend the name, reason or query that holds it, then type: {again}")


def put(folder: Path, contents: dict[str, bytes]) -> tuple[Path, ...]:
    """All files under temporary names first, then all renames."""
    finals = {folder / name: content for name, content in contents.items()}
    waiting = {final.with_name(f".{final.name}.{os.getpid()}.tmp"): final for final in finals}
    folders = sorted({folder, *(final.parent for final in finals)}, reverse=True)
    try:
        for each in folders:
            each.mkdir(parents=True, exist_ok=True)
        for temporary, final in waiting.items():
            with temporary.open("wb") as file:
                file.write(finals[final])
                file.flush()
                os.fsync(file.fileno())
        for temporary, final in waiting.items():
            temporary.replace(final)
    except OSError:
        for temporary in waiting:
            temporary.unlink(missing_ok=True)
        for each in folders:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise
    return tuple(waiting.values())
