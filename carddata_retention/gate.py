"""The judge of the gate in a process of its own: great-expectations takes seconds to load, and memory until the end.

It loads while the database is counting, and ends with its answer. Only counts and names go to it.
"""

import atexit
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from carddata_retention import quality
from carddata_retention.errors import BlindError, RetentionError
from carddata_retention.model import QualityResult
from carddata_retention.nights import Judge

LONGEST_S = 600
# Not multiprocessing: it would run the caller's main module once more, and that may be a night.
_BEGINNING = ("import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
              "from carddata_retention.gate import answer_once; answer_once()")


def judge_apart() -> Judge:
    """A judge in a process that starts now, and ends when it has answered once; in ours, where none can be started."""
    try:
        return _Apart().judge_all
    except OSError:
        return quality.judge_all


class _Apart:
    """Our end of it. In a session of its own: signals are the night's to answer."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-c", _BEGINNING], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True)
        atexit.register(self._process.kill)
        self._say(sys.path)

    def judge_all(self, questions: Sequence[quality.Question], directory: Path | None) -> tuple[QualityResult, ...]:
        """`quality.judge_all` over there. Raises what it raises, and BlindError where the judge is lost."""
        self._say((tuple(questions), directory))
        with suppress(subprocess.TimeoutExpired):
            told, _ = self._process.communicate(timeout=LONGEST_S)
        self._process.kill()
        atexit.unregister(self._process.kill)
        if self._process.wait():
            raise BlindError("gate_blind", "The judge of the gate ended, or was silent, before it had answered.",
                             cure="carddata-retention plan")
        answer: Any = pickle.loads(told)  # noqa: S301 - of our own process
        if isinstance(answer, RetentionError):
            raise answer
        return tuple(answer)

    def _say(self, value: Any) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(value, self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its exit code tells


def answer_once() -> None:
    """The other process: load, be asked, answer. What a library prints is nobody's answer."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service manager sends it to everybody
    gc.disable()  # a fifth of the loading; whoever ends with one answer leaves no garbage behind
    heard: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        quality.load()
        answer: Any
        try:
            answer = quality.judge_all(*heard.get())
        except RetentionError as lesson:
            answer = lesson
        pickle.dump(answer, answers)


def _listen(heard: "SimpleQueue[Any]") -> None:
    """Hand on what is asked. Where the night has ended, nobody will: then loading would be for nothing."""
    try:
        heard.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - of our own process
    except EOFError:
        os._exit(0)
