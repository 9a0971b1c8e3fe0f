"""The judge of the gate in a process of its own: great-expectations takes seconds to load, and memory until the end.

It loads while the database is counting, and ends with its answer. Only counts and names go to it.
"""

import atexit
import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from carddata_retention import quality
from carddata_retention.errors import BlindError, RetentionError
from carddata_retention.model import QualityResult
from carddata_retention.nights import Judge

LONGEST_S = 300


def judge_apart() -> Judge:
    """A judge in a process that starts now, and ends when it has answered once."""
    return _Apart().judge_all


class _Apart:
    """Our end of it."""

    def __init__(self) -> None:
        # Not forked: the night has threads and open connections, and the judge would hold them too.
        context = multiprocessing.get_context("spawn")
        self._ours, its = context.Pipe()
        self._process = context.Process(target=_judge, args=(its,))
        self._process.start()
        its.close()
        atexit.register(self._close)  # before multiprocessing's own, which would wait for a judge that waits for us

    def judge_all(self, questions: Sequence[quality.Question], directory: Path | None) -> tuple[QualityResult, ...]:
        """`quality.judge_all` over there. Raises what it raises, and BlindError where the judge is lost."""
        try:
            self._ours.send((questions, directory))
            answer: Any = self._ours.recv() if self._ours.poll(LONGEST_S) else None
        except (OSError, EOFError):
            answer = None
        finally:
            self._close()
        if isinstance(answer, RetentionError):
            raise answer
        if answer is None:
            raise BlindError("gate_blind", "The judge of the gate ended, or was silent, before it had answered.",
                             cure="carddata-retention plan")
        return tuple(answer)

    def _close(self) -> None:
        """The judge ends when nobody can ask it any more."""
        self._ours.close()
        self._process.join(timeout=5)
        self._process.kill()
        atexit.unregister(self._close)


def _judge(asked: Connection) -> None:
    """The other process. Signals are the night's to answer; what a library prints is nobody's answer."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    quality.load()
    try:
        questions, directory = asked.recv()
    except EOFError:
        return
    answer: Any
    try:
        answer = quality.judge_all(questions, directory)
    except RetentionError as lesson:
        answer = lesson
    asked.send(answer)
