"""Every failure that a person meets, as one tree.

Each error is a short lesson: a stable code, the cause, what was NOT done because of it, and the command to
type next. No error ever carries a value from a customer's table; `redact.py` turns foreign exceptions into
these at the edge. The exit codes stand here once; `docs/exit-codes.md` is checked against them by a test.
"""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What the process says to cron. `precedence` decides where several hold."""

    CLEAN = 0
    BUG = 1
    USAGE = 2
    INCOMPLETE = 10
    FAILED = 20
    REFUSED = 30
    BLIND = 40
    BUSY = 41
    BROKEN = 50

    @classmethod
    def worst(cls, *codes: "Exit") -> "Exit":
        """The first of 50, 40, 20, 30, 10, 0 among `codes`; CLEAN where there are none."""
        order = (cls.BUG, cls.BROKEN, cls.BLIND, cls.BUSY, cls.FAILED, cls.REFUSED, cls.INCOMPLETE)
        return next((code for code in order if code in codes), cls.CLEAN)


class RetentionError(Exception):
    """Base of all errors of this product.

    `code` is stable and machine-readable; `cause` one sentence; `not_done` what the reader can rely on not
    having happened; `cure` the command or the text to paste next.
    """

    exit = Exit.BUG

    def __init__(self, code: str, cause: str, *, not_done: str = "Nothing was removed.", cure: str = "") -> None:
        super().__init__(f"{code}: {cause}")
        self.code = code
        self.cause = cause
        self.not_done = not_done
        self.cure = cure

    def __reduce__(self) -> tuple[Any, ...]:
        """All of it, for another process."""
        return _again, (type(self), self.code, self.cause, self.not_done, self.cure)

    def as_json(self) -> dict[str, str]:
        """The `error` object of every `--json` answer of exit 10 and above."""
        return {"code": self.code, "cause": self.cause, "not_done": self.not_done, "cure": self.cure}


def _again(kind: type[RetentionError], code: str, cause: str, not_done: str, cure: str) -> RetentionError:
    return kind(code, cause, not_done=not_done, cure=cure)


class UsageError(RetentionError):
    """The command line asks for something that does not exist: an unknown record, a date that is none."""

    exit = Exit.USAGE


class BlindError(RetentionError):
    """We cannot see or cannot know: configuration, connection, permission, row security, schema."""

    exit = Exit.BLIND


class ConfigError(BlindError):
    """The configuration cannot be used as it is written."""


class RefusedError(RetentionError):
    """Gate, breaker, approval or clock said no before anything was removed."""

    exit = Exit.REFUSED


class FailedError(RetentionError):
    """A batch could not be carried out; it was rolled back whole."""

    exit = Exit.FAILED


class BusyError(RetentionError):
    """Another run holds the lock."""

    exit = Exit.BUSY


class BrokenError(RetentionError):
    """The evidence chain does not verify."""

    exit = Exit.BROKEN
