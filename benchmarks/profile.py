"""Where a night's time goes: each statement of each phase, how often, how long, and the CPU of the client beside it."""

import cProfile
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from benchmarks.billing import AS_OF
from benchmarks.clock import Measured
from benchmarks.contender import Task
from benchmarks.product import configured, night
from carddata_retention.nights import Running

MANY = re.compile(r"\((?:%\([^)]*\)s(?:::\w+)?|%s)(?:, (?:%\([^)]*\)s(?:::\w+)?|%s))+\)")
LONGEST_TEXT = 400


class Ear:
    """Hears every statement, COMMIT and ROLLBACK of the process, and knows the phase of the night."""

    def __init__(self) -> None:
        self.phase = "before"
        self.heard: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
        self.cpu_s: dict[str, float] = defaultdict(float)
        self.wall_s: dict[str, float] = defaultdict(float)

    def note(self, text: str, seconds: float, parameters: int) -> None:
        """One more of this statement."""
        entry = self.heard[self.phase][text]
        entry[0] += seconds
        entry[1] += 1
        entry[2] += parameters

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Until the end of the block."""
        def before(connection: Any, *_: Any) -> None:
            connection.info["asked_at"] = time.monotonic()

        def after(connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
            self.note(shortened(text), time.monotonic() - connection.info["asked_at"],
                      len(parameters) * len(parameters[0]) if many and parameters else len(parameters or ()))

        def ending(name: str) -> Any:
            original = getattr(DefaultDialect, name)

            def timed(dialect: Any, connection: Any) -> Any:
                began = time.monotonic()
                try:
                    return original(dialect, connection)
                finally:
                    self.note(name.removeprefix("do_").upper(), time.monotonic() - began, 0)
            return timed

        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "after_cursor_execute", after)
        with ExitStack() as stack:
            for name in ("do_commit", "do_rollback"):
                stack.enter_context(patch.object(DefaultDialect, name, ending(name)))
            stack.enter_context(patch.object(Running, "timed", self._following(Running.timed)))
            yield
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)

    def _following(self, original: Any) -> Any:
        @contextmanager
        def timed(running: Any, phase: str) -> Any:
            self.phase, wall, cpu = phase, time.monotonic(), time.process_time()
            with original(running, phase):
                yield
            self.wall_s[phase] += time.monotonic() - wall
            self.cpu_s[phase] += time.process_time() - cpu
            self.phase = f"after {phase}"
        return timed

    def dearest(self, phase: str, number: int) -> list[dict[str, Any]]:
        """The statements of a phase that took longest; seconds include waiting for the first rows, not reading on."""
        rows = sorted(self.heard[phase].items(), key=lambda item: -item[1][0])[:number]
        return [{"seconds": round(s, 4), "times": int(n), "parameters": int(p), "statement": text}
                for text, (s, n, p) in rows]


def shortened(text: str) -> str:
    """A statement without its blanks, its lists of parameters and its end."""
    text = re.sub(r"\s+", " ", MANY.sub("(…)", text))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT // 2]} … {text[-LONGEST_TEXT // 2:]}"


def profile(task: Task, stats: Path | None = None) -> dict[str, Any]:
    """One night, heard; with `stats` under cProfile as well, which makes the client's part about twice as slow."""
    ear, measured = Ear(), Measured("product")
    profiler = cProfile.Profile() if stats else None
    with tempfile.TemporaryDirectory() as folder:
        config = configured(task, Path(folder))
        with ear.listening(), measured.whole(task.ground.used):
            if profiler is not None:
                profiler.enable()
            night(config, measured)
            if profiler is not None:
                profiler.disable()
    if profiler is not None and stats is not None:
        profiler.dump_stats(stats)
    return {
        "as_of": AS_OF.isoformat(), "seconds": round(measured.seconds, 3),
        "phases_s": {name: round(s, 3) for name, s in measured.phases_s.items()},
        "phases": {phase: {
            "wall_s": round(ear.wall_s[phase], 3), "client_cpu_s": round(ear.cpu_s[phase], 3),
            "in_statements_s": round(sum(entry[0] for entry in heard.values()), 3),
            "statements": ear.dearest(phase, 40),
        } for phase, heard in ear.heard.items()},
    }
