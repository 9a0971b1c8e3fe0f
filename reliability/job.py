"""`carddata-retention run` in a process of its own, which tells how far it is, so that it can be hit in the middle."""

import json
import mmap
import os
import signal
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nightly import House
from processes import child_of, command, waited
from tqdm.auto import tqdm

from carddata_retention import quality
from carddata_retention.purge.batch import remove_batch

NUMBERS = struct.Struct("=qq")
KILLED = -signal.SIGKILL
LOOK_EVERY_S = 0.001


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its exit code, or minus the signal that ended it, and the error that it told."""

    exit: int
    error: str | None
    cause: str | None
    seconds: float
    begun: int
    refused: int

    @property
    def name(self) -> str:
        """As tables have it."""
        return f"{self.exit} {self.error or ''}".strip() if self.exit >= 0 else signal.Signals(-self.exit).name


def load_the_judge() -> None:
    """Once, in the parent of all jobs: by itself each would take seconds for it, and most blows would hit that."""
    quality.load()
    # Its own lock is shared by all children, and one that is killed in it holds up the next.
    tqdm.set_lock(threading.RLock())


class Job:
    """A run that was just started, and counts its batches where we can see it."""

    def __init__(self, house: House, told: Path) -> None:
        self._told = told
        self._told.unlink(missing_ok=True)
        self._shared = mmap.mmap(-1, NUMBERS.size)
        self._began = time.monotonic()
        self._ended: Ended | None = None
        self._child = child_of(lambda: _run(house, told, self._shared))

    @property
    def batches(self) -> tuple[int, int]:
        """How many batches have begun, and how many of them were rolled back."""
        begun, refused = NUMBERS.unpack_from(self._shared)
        return begun, refused

    def over(self) -> bool:
        """Whether the process has ended."""
        if self._ended is None and os.waitid(os.P_PID, self._child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            self.ended()
        return self._ended is not None

    def wait(self, *, batches: int = 0, seconds: float = 0.0) -> bool:
        """Until so many batches have begun, and then so long; False where the job was over before that."""
        until: float | None = None
        while not self.over():
            if until is None and self.batches[0] >= batches:
                until = time.monotonic() + seconds
            if until is not None and time.monotonic() >= until:
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def kill(self) -> None:
        """kill -9."""
        if self._ended is None:
            os.kill(self._child, signal.SIGKILL)

    def ended(self) -> Ended:
        """Wait for its end."""
        if self._ended is None:
            code = waited(self._child)
            self._ended = Ended(code, *_error(self._told), time.monotonic() - self._began, *self.batches)
        return self._ended


def _run(house: House, told: Path, shared: mmap.mmap) -> None:
    counting = threading.Lock()

    def note(begun: int, refused: int) -> None:
        with counting:
            before = NUMBERS.unpack_from(shared)
            NUMBERS.pack_into(shared, 0, before[0] + begun, before[1] + refused)

    def counted(*arguments: Any) -> int:
        note(1, 0)
        try:
            return remove_batch(*arguments)
        except BaseException:
            note(0, 1)
            raise

    with (patch("carddata_retention.purge.engine.remove_batch", counted),
          patch("carddata_retention.gate.judge_apart", lambda: quality.judge_all)):
        command(house, "--json", told=str(told))


def _error(told: Path) -> tuple[str | None, str | None]:
    try:
        error = json.loads(told.read_text(encoding="utf-8")).get("error", {})
    except (OSError, ValueError):
        return None, None
    return error.get("code"), error.get("cause")
