"""Discovery as a part of the night: in a process of its own, while the database counts, and never longer than allowed.

The job that removes reads no value (docs/adr/0019, 0025): only what was found comes back from over there. It stops no
removal. What it finds stands in the report, and its counts are judged by the gate.
"""

import atexit
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from carddata_retention.discovered import NOT_READ, SUPPRESSION, Discovered, Remedy
from carddata_retention.errors import BlindError, RetentionError
from carddata_retention.model import Finding, Severity
from carddata_retention.nights import DISCOVERY, Hooks, Running
from carddata_retention.quality import Question
from carddata_retention.settings import Config

PATIENCE_S = 60  # beyond its minutes: for the window in hand, and for judging
_BEGINNING = ("import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
              "from carddata_retention.nightly_discovery import answer_once; answer_once()")


def begun(run: Running) -> Callable[[], Discovered] | None:
    """Begin it where the configuration asks for it; what is returned waits for its end."""
    config = run.stage.config
    if config.discovery.nightly_minutes is None:
        return None
    limits = config.limits.model_copy(update={"max_minutes": config.discovery.nightly_minutes})
    return apart(config.model_copy(update={"limits": limits}), run.stage.clocks.host)


def take_in(run: Running, waiting: Callable[[], Discovered] | None) -> list[Question]:
    """What was found, into the night; and what the gate is asked about it. A discovery that failed is a finding."""
    if waiting is None:
        return []
    try:
        told = waiting()
    except RetentionError as wrong:
        said = f"{wrong.cause} {wrong.cure}".strip()
        run.findings.append(Finding("discovery_failed", Severity.WARN, None, None, said,
                                    f"今夜の探索は終わらなかった。原因と対処(英文): {said}"))
        return []
    run.discovered = told.findings
    undeclared = [f for f in told.findings if f.remedy in (Remedy.DECLARE, Remedy.REDACT)]
    return [Question("discovery", {
        "columns": told.columns_scanned, "critical": sum(f.severity == "critical" for f in told.findings),
        "undeclared": len(undeclared),
        "not_read": sum(f.kind == NOT_READ and f.severity == "high" for f in told.findings),
        "suppressions_expired": sum(f.kind == SUPPRESSION for f in told.findings),
        "unfinished": int(told.unfinished is not None),
    }, DISCOVERY)]


def apart(config: Config, host: datetime) -> Callable[[], Discovered]:
    """Start the other process; the function waits for its answer. It raises what was raised there, or BlindError."""
    process = subprocess.Popen([sys.executable, "-I", "-c", _BEGINNING], stdin=subprocess.PIPE,  # noqa: S603
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    atexit.register(process.kill)
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # its exit code tells
        pickle.dump(sys.path, process.stdin)
        pickle.dump((config, host), process.stdin)
        process.stdin.flush()

    def waiting() -> Discovered:
        told = b""
        with suppress(subprocess.TimeoutExpired):
            told, _ = process.communicate(timeout=config.limits.max_minutes * 60 + PATIENCE_S)
        process.kill()
        atexit.unregister(process.kill)
        if process.wait():
            raise BlindError("discovery_lost", "The discovery of tonight ended, or was silent, before it had answered.",
                             not_done="Nothing was found out.", cure="carddata-retention discover")
        answer: Any = pickle.loads(told)  # noqa: S301 - of our own process
        if isinstance(answer, RetentionError):
            raise answer
        assert isinstance(answer, Discovered)
        return answer

    return waiting


def answer_once() -> None:
    """The other process: be asked, discover, answer. What a library prints is nobody's answer."""
    from carddata_retention.discover import discover  # and with it numpy, which the night itself has no use for

    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        config, host = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
        hooks = Hooks(lambda: bool(told), lambda: host.astimezone(UTC), lambda *_: None)
        answer: Any
        try:
            answer = discover(config, host, hooks)
        except RetentionError as lesson:
            answer = lesson
        pickle.dump(answer, answers)
