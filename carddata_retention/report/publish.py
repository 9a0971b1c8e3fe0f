"""From a frozen night to files: rendered, scanned for card numbers, and only then put in their place.

Everything is rendered and scanned before the first byte is written where someone could read it. Each file
appears whole, by a rename; a leak or a full disk leaves nothing new behind.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from carddata_retention.errors import RefusedError
from carddata_retention.history import History
from carddata_retention.model import Night
from carddata_retention.report import leaks
from carddata_retention.report.canonical import canonical_bytes, night_json
from carddata_retention.report.html import render_html
from carddata_retention.report.speech import Language
from carddata_retention.report.views import LocationView, PolicyView

FORMATS = ("html", "json")
_NO_HISTORY = History()

# A record's key stays in the ledger; no artefact prints it, so its shape is no leak.
_UNPUBLISHED = frozenset({"record_key"})


def publish(
    night: Night,
    policy: PolicyView,
    locations: tuple[LocationView, ...],
    directory: Path,
    formats: Iterable[str],
    languages: tuple[Language, ...],
    history: History = _NO_HISTORY,
) -> tuple[Path, ...]:
    """Write `<as-of>/<run-id>/night.html` and `night.json` below `directory`; refuse where a card number shows."""
    _refuse_leak(leaks.in_value((night, policy, locations), "result", _UNPUBLISHED))
    wanted = tuple(f for f in FORMATS if f in set(formats))
    contents: dict[str, bytes] = {}
    if "html" in wanted:
        page = render_html(night, policy, locations, languages=languages, scanned=len(wanted), history=history)
        contents["night.html"] = page.encode()
    if "json" in wanted:
        contents["night.json"] = canonical_bytes(night_json(night))
    for name, content in contents.items():
        _refuse_leak(name if leaks.in_document(content) else None)
    return put(directory / night.as_of.isoformat() / night.run_id, contents)


def _refuse_leak(place: str | None) -> None:
    if place is not None:
        raise RefusedError(
            "report_leak",
            f"Something in {place} has the shape of a card number.",
            not_done="No report was published. What the night removed stays removed; its evidence is in the ledger.",
            cure="Mend the name, reason or query that holds it, then type: carddata-retention report --run ID",
        )


def put(folder: Path, contents: dict[str, bytes]) -> tuple[Path, ...]:
    """All files under temporary names first, then all renames."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = {folder / f".{name}.{os.getpid()}.tmp": folder / name for name in contents}
    try:
        for (temporary, final) in waiting.items():
            with temporary.open("wb") as file:
                file.write(contents[final.name])
                file.flush()
                os.fsync(file.fileno())
        for temporary, final in waiting.items():
            temporary.replace(final)
    except OSError:
        for temporary in waiting:
            temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise
    return tuple(waiting.values())
