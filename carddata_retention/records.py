"""A record's key as the ledger writes it, and a record's own deadline.

The key is one text, whatever the columns of the key are.

One column is its own text, as `key_text.py` says it; several are joined by U+001F, which no key holds. People read and
write a JSON array instead. In a statement the database writes the text: `targets.Target.key_text`.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from carddata_retention.attested import DAYS
from carddata_retention.errors import FailedError, UsageError
from carddata_retention.key_text import KEY_SEPARATOR, in_python, reader
from carddata_retention.model import Deadline
from carddata_retention.moments import as_text
from carddata_retention.policy import Policy
from carddata_retention.services import Ruling
from carddata_retention.tables import Decider
from carddata_retention.targets import Target


def key_values(target: Target, text: str) -> tuple[Any, ...]:
    """A key's text turned back into what a statement binds. Raises ValueError and the like where it does not fit."""
    return all_key_values(target, [text])[0]


def all_key_values(target: Target, texts: Iterable[str]) -> list[tuple[Any, ...]]:
    """The same for many."""
    readers = [reader(c.type) for c in target.key]
    if len(readers) == 1:
        return [(readers[0](text),) for text in texts]
    return [tuple(read(part) for read, part in zip(readers, text.split(KEY_SEPARATOR), strict=True)) for text in texts]


def key_from_person(target: Target, given: str) -> str:
    """KEY of the command line: the value, or a JSON array for a composite key. Raises UsageError.

    The text is the one that the database would write: a person's 007 is 7, and hex in capitals is hex.
    """
    parts: list[Any] = [given]
    try:
        if len(target.key) > 1:
            parts = json.loads(given)
        texts = [p if isinstance(p, str) else json.dumps(p) for p in parts]
        # Half a character cannot be sent to any database, and no text of PostgreSQL holds a zero.
        if any(mark in text.encode() for text in texts for mark in (b"\0", KEY_SEPARATOR.encode())):
            raise ValueError
        return KEY_SEPARATOR.join(in_python(c.type, reader(c.type)(t)) for c, t in zip(target.key, texts, strict=True))
    except (ValueError, TypeError, KeyError, ArithmeticError):
        names = ", ".join(str(c.key) for c in target.key)
        raise UsageError("key_form", f"The key of {target.name} is ({names}); what was given is not one.",
                         cure='Give the value, or a JSON array for a composite key: \'["a", 1]\'') from None


def key_for_person(text: str) -> str:
    """The form in which people read a key."""
    parts = text.split(KEY_SEPARATOR)
    return parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)


class Ground(NamedTuple):
    """What decided a record: the version, the last end that its services have, the end that was attested, or both.

    The database writes it as one text, which is frozen, asked for again by the removal, and kept by the tombstone: the
    end alone; where a version was chosen, its place and the end, parted by `|`; where an end was attested, the place or
    nothing, the end or nothing, the attested day, and the id of the attestation.
    """

    ruling: Ruling
    end: datetime | date | None
    attested: date | None = None
    attestation: str | None = None

    @classmethod
    def read(cls, decider: Decider, text: str, ruling: Ruling | None = None) -> "Ground":
        """Read what the database wrote; `ruling` is that of a text without a place, else the only one."""
        if "|" not in text:  # there are as many as ends, and almost all are so
            mine = ruling or decider.rulings[-1]
            return cls(mine, mine.service.end.from_text(text))
        place, end, day, attestation = [*text.split("|"), "", ""][:4]
        mine = decider.rulings[int(place) - 1] if place else ruling or decider.rulings[-1]
        return cls(mine, mine.service.end.from_text(end) if end else None,
                   date.fromisoformat(day) if day else None, attestation or None)

    def last(self) -> tuple[datetime | date, Deadline]:
        """The end that decides, and what follows from it: of what the data and the people say, the later."""
        rule, found = self.ruling.rule, []
        if self.end is not None:
            found.append((self.end, rule.deadline(self.end, self.ruling.service.end.reading)))
        if self.attested is not None:
            found.append((self.attested, rule.deadline(self.attested, DAYS)))
        return found[0] if len(found) == 1 else max(found, key=lambda one: one[1].first_purgeable_day)

    def cited(self, deadline: Deadline) -> str:
        """The article that decided, and the attestation where the data alone could not."""
        return deadline.rule + (f"; end attested: {self.attestation}" if self.attestation else "")


def follows(decider: Decider, policy: Policy, text: str | None, due: bool) -> dict[str, str | None]:
    """What follows from what decided a record, as the database wrote it down: a row of the ledger's `deadline`.

    `due` says that the cutoff chose a record for this, not a request alone. Raises FailedError where the rule, asked of
    this one end, disagrees, and where there is no end to ask it of.
    """
    ground = None if text is None else Ground.read(decider, text)
    end, deadline = (None, None) if ground is None else ground.last()
    if ground is None or deadline is None or (due and deadline.first_purgeable_day > policy.as_of):
        raise FailedError(
            "cutoff_disagrees",
            f"Target {decider.target.name}: the cutoff chose a record whose own deadline has not come.",
            not_done="The run stopped; nothing further was removed.",
            cure="Keep the database as it is and report this as a bug with the policy section of the file.",
        )
    return {"ended_at": as_text(end), "start_day": deadline.start_day.isoformat(),
            "last_retained_day": deadline.last_retained_day.isoformat(),
            "first_purgeable_day": deadline.first_purgeable_day.isoformat(),
            "rule": ground.cited(deadline), "policy_version": ground.ruling.version, "attestation": ground.attestation}
