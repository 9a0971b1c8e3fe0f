"""Each command that only looks leaves an audit event with its outcome; what writes to the ledger notes itself there."""

import sys
from typing import Any

from carddata_retention import console
from carddata_retention.cli import front
from carddata_retention.errors import RetentionError

# `run` and `apply` have rows of their own; `resolve` notes itself before it tells anything.
LOOKING = ("plan", "approve", "verify", "explain", "residue", "report", "discover", "hold list", "request list",
           "request disclose", "evidence prove", "evidence export", "evidence rotate")
_facts: dict[str, Any] = {}


def about(**facts: Any) -> None:
    """What the event of this command will say besides its name: names and counts, never a key or a value."""
    _facts.update(facts)


def leave_event(code: int) -> None:
    """Note the command that is over. Before the first run has made a key there is nothing to note by.

    Where the spool takes no file a look is told all the same, and the log says that it was not noted.
    """
    facts, what = dict(_facts), _command()
    _facts.clear()
    config = front.forget_config()
    if config is None or what is None:
        return
    from carddata_retention import identity, spool

    try:
        if (key := identity.key_if_any(config)) is not None:
            spool.note(config, key, front.now(), what, facts, code)
    except RetentionError as wrong:
        console.log(f"this command was not noted: {wrong.cause}")


def _command() -> str | None:
    typed = [word for word in sys.argv[1:3] if not word.startswith("-")]
    return next((what for what in (" ".join(typed), *typed[:1]) if what in LOOKING), None)
