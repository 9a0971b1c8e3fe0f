"""The product on the bench: one whole night as the command line spends it, and a second one with nothing left to do.

Nothing of the product is replaced. Stopwatches are laid around its own rooms, so that finding (the freeze of the
candidates) and removing can be held against the same two parts of the SQL written by hand.
"""

import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy import Engine, event

from benchmarks.billing import AS_OF
from benchmarks.clock import Measured, peak_memory_mib
from benchmarks.contender import Task
from carddata_retention import export, gate, measures, run, sight, survey, verify
from carddata_retention.config import load
from carddata_retention.ledger import Ledger
from carddata_retention.model import Night
from carddata_retention.nights import Hooks, Running
from carddata_retention.settings import Config
from tests.billing_tables import configuration

ROOMS: tuple[tuple[Any, str, str], ...] = (
    (survey, "see", "plan: see"), (survey, "count", "plan: count"), (survey, "freeze", "plan: freeze"),
    (survey, "measure", "plan: measure"), (measures, "measure_service", "plan: measure services"),
    (measures, "measure_target", "plan: measure target"),
    (sight, "may_remove", "plan: may remove"), (run, "_judge", "gate: judge"),
    (survey, "tally", "verify: tally"), (verify, "look", "verify: look"), (run, "_seal", "seal"),
    (Ledger, "check_chain", "seal: chain"), (export.Copy, "publish", "seal: export"),
)


def product(task: Task, measured: Measured) -> None:
    """A night of one target; `seconds` is the freeze of its candidates and their removal, `phases_s` has the rest."""
    with tempfile.TemporaryDirectory() as folder, sessions_that_remove(task.table) as removing:
        config = configured(task, Path(folder))
        with measured.whole(task.ground.used):
            told = night(config, measured)
        whole, measured.seconds = measured.seconds, measured.phases_s["plan: freeze"] + measured.phases_s["purge"]
        measured.removed = told.targets[0].purged or 0
        measured.longest_transaction_s = told.timings_s["longest_transaction"]
        measured.notes = {
            "whole_night_s": round(whole, 3), "timings_s": told.timings_s, "exit": int(told.exit_code),
            "connections": task.connections, "sessions_that_removed": len(removing),
            "findings": sorted({f.id for f in told.findings}),
        }
        if told.exit_code:
            raise RuntimeError(f"the night ended with {told.exit_code}: {measured.notes['findings']}")
        idle = Measured("product, nothing due")
        with idle.whole(task.ground.used):
            again = night(config, idle)
        measured.notes["nothing_due"] = {"seconds": round(idle.seconds, 3), "timings_s": again.timings_s,
                                         "phases_s": rounded(idle.phases_s), "log_bytes": idle.log_bytes,
                                         "removed": again.targets[0].purged}


def configured(task: Task, folder: Path, **limits: Any) -> Config:
    """The configuration of a house that has this one target, with the limits of the product itself."""
    other = "payments" if task.table == "cards" else "cards"
    file = folder / "retention.toml"
    file.write_text(configuration(
        task.dialect, task.url, targets={"cards": {"children": None}} | {other: None},
        limits={"connections": task.connections, "max_rows": 100_000_000, **limits},
    ), encoding="utf-8")
    return load(file)


def night(config: Config, measured: Measured) -> Night:
    """One night under the stopwatches."""
    hooks = Hooks(told_to_stop=lambda: False, moment=lambda: datetime.now(UTC), progress=lambda *_: None,
                  judge=gate.judge_apart)
    with ExitStack() as stack:
        for room, name, phase in ROOMS:
            if hasattr(room, name):  # a room that was rebuilt loses its stopwatch, not the whole measurement
                stack.enter_context(patch.object(room, name, timed(getattr(room, name), phase, measured)))
        stack.enter_context(patch.object(Running, "timed", both_clocks(Running.timed, measured)))
        return run.night(config, datetime.now(UTC), AS_OF, hooks)


def timed(work: Callable[..., Any], phase: str, measured: Measured) -> Callable[..., Any]:
    """`work` under a stopwatch."""
    def watched(*args: Any, **more: Any) -> Any:
        with measured.phase(phase):
            return work(*args, **more)
    return watched


def both_clocks(original: Any, measured: Measured) -> Any:
    """The product's own phases, with the moments at which they began and ended, and the memory after each."""
    @contextmanager
    def watched(running: Any, phase: str) -> Any:
        with measured.phase(phase), original(running, phase):
            yield
        measured.memory_after_mib[phase] = round(peak_memory_mib(), 1)
    return watched


@contextmanager
def sessions_that_remove(table: str) -> Any:
    """The database sessions that sent a removal: `connections` is an upper bound, this is how many there were."""
    removing: set[int] = set()
    removal = re.compile(rf'(DELETE FROM|UPDATE) (\S+\.)?["`]?{table}\b')

    def sent(connection: sa.Connection, _cursor: Any, text: str, *_: Any) -> None:
        if removal.match(text):
            removing.add(id(connection.connection.driver_connection))

    event.listen(Engine, "before_cursor_execute", sent)
    try:
        yield removing
    finally:
        event.remove(Engine, "before_cursor_execute", sent)


def rounded(phases: dict[str, float]) -> dict[str, float]:
    """Milliseconds are enough."""
    return {name: round(seconds, 3) for name, seconds in phases.items()}
