"""What is measured of one contender, and how: seconds, the longest transaction, the memory of its process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Measured:
    """One contender in one round. Times are seconds of the monotonic clock, which all processes share."""

    contender: str
    began: float = 0.0
    seconds: float = 0.0
    removed: int = 0
    longest_transaction_s: float = 0.0
    phases_s: dict[str, float] = field(default_factory=dict)
    spans: list[tuple[str, float, float]] = field(default_factory=list)  # phase, begin, end
    cpu_s: float = 0.0  # of the client's process
    server_cpu_s: float = 0.0  # of all the server's processes
    memory_mib: float = 0.0  # peak resident set of the client's process, when it was done
    memory_before_mib: float = 0.0  # and when it began: interpreter and imports
    memory_after_mib: dict[str, float] = field(default_factory=dict)  # the peak, at the end of each phase
    log_bytes: int = 0  # WAL or redo, of the whole server while the contender ran
    scaled: float = 1.0  # the seconds are those of a sample, times this
    looked_at: int | None = None  # a sample: only keys up to here were looked at
    notes: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def whole(self, server: Callable[[], tuple[int, float]]) -> Iterator[None]:
        """Around all that counts; imports and the making of empty tables stay outside."""
        self.memory_before_mib, before = peak_memory_mib(), server()
        self.began, cpu = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            self.seconds = time.monotonic() - self.began
            self.cpu_s = time.process_time() - cpu
            self.memory_mib = peak_memory_mib()
            after = server()
            self.log_bytes, self.server_cpu_s = after[0] - before[0], round(after[1] - before[1], 2)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the seconds of a part."""
        began = time.monotonic()
        try:
            yield
        finally:
            ended = time.monotonic()
            self.phases_s[name] = self.phases_s.get(name, 0.0) + ended - began
            self.spans.append((name, began, ended))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Around a transaction that holds locks on the customers' rows."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.longest_transaction_s = max(self.longest_transaction_s, time.monotonic() - began)


def peak_memory_mib() -> float:
    """The most that this process ever had in memory. Not `ru_maxrss`: across exec that keeps the parent's peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
