"""Tables for people: ratios of contenders, phases of a night, latencies, statements."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.clock import Measured
from benchmarks.contest import Contest
from benchmarks.oltp import Latency


def scaled(measured: Measured) -> float:
    """Seconds for the whole table."""
    return measured.seconds * measured.scaled


def typical(contest: Contest, name: str) -> list[Measured]:
    """The rounds of a contender, the one with the median time first."""
    mine = sorted((m for m in contest.measured if m.contender == name), key=scaled)
    return [mine[(len(mine) - 1) // 2], *mine] if mine else []


def ratios(contest: Contest) -> Table:
    """Each contender's median against the limit and against the batches written by hand."""
    table = Table(title=f"{contest.ground.dialect}, {contest.ground.size.cards:,} cards", title_justify="left")
    for column in ("contender", "find s", "remove s", "sum s", "/ limit", "/ hand", "remove / hand", "longest tx ms",
                   "log MiB", "client MiB", "CPU s: client", "server", "removed"):
        table.add_column(column, justify="left" if column == "contender" else "right")
    for name in dict.fromkeys(m.contender for m in contest.measured):
        one, *rounds = typical(contest, name)
        limit, hand = (typical(contest, other) for other in _rivals(name))
        seconds = median(map(scaled, rounds))
        find, remove = _parts(one)
        mark = " (scaled)" if one.scaled != 1 else ""
        table.add_row(
            name + mark, _number(find), _number(remove * one.scaled), _number(seconds),
            _number(seconds / median(map(scaled, limit[1:]))) if limit else "",
            _number(seconds / median(map(scaled, hand[1:]))) if hand else "",
            _number(remove * one.scaled / _parts(hand[0])[1]) if hand else "",
            f"{one.longest_transaction_s * 1000:.0f}", f"{one.log_bytes / 2**20:.0f}",
            f"{one.memory_mib:.0f}", _number(one.cpu_s), _number(one.server_cpu_s), f"{one.removed:,}",
        )
    return table


def _rivals(name: str) -> tuple[str, str]:
    return ("redact-limit", "") if name.startswith("redact") else ("limit", "hand")


def _parts(measured: Measured) -> tuple[float, float]:
    """Seconds of finding and of removing."""
    found = measured.phases_s.get("find", measured.phases_s.get("plan: freeze", 0.0))
    return found, measured.phases_s.get("remove", measured.phases_s.get("purge", 0.0))


def phases(contest: Contest) -> Table:
    """Where the nights of the product went, and the night after it, which had nothing to do."""
    table = Table(title="Phases of the night, seconds", title_justify="left")
    nights = [typical(contest, name)[0] for name in dict.fromkeys(m.contender for m in contest.measured)
              if name.endswith(("product", "product-2"))]
    table.add_column("phase")
    for night in nights:
        table.add_column(night.contender, justify="right")
        table.add_column("nothing due", justify="right")
    for phase in dict.fromkeys(phase for night in nights for phase in night.phases_s):
        table.add_row(phase, *(_number(value) for night in nights for value in (
            night.phases_s.get(phase, 0.0), night.notes["nothing_due"]["phases_s"].get(phase, 0.0))))
    table.add_row("whole night", *(_number(value) for night in nights for value in (
        night.notes["whole_night_s"], night.notes["nothing_due"]["seconds"])))
    for name, seconds in contest.scans_s.items():
        table.add_row(f"(one {name} by hand)", _number(seconds))
    for phase in ("plan", "gate", "purge"):
        table.add_row(f"client MiB after {phase}", *(
            cell for night in nights for cell in (f"{night.memory_after_mib.get(phase, 0):.0f}", "")))
    return table


def latencies(stretches: Sequence[Latency]) -> Table:
    """Milliseconds beside each contender, and how much of the idle p99 that is."""
    table = Table(title="Latency of small transactions", title_justify="left")
    for column in ("beside", "seconds", "transactions", "p50 ms", "p99 ms", "max ms", "p99 / idle", "failed"):
        table.add_column(column, justify="left" if column == "beside" else "right")
    for s in stretches:
        times = s.p99_ms / stretches[0].p99_ms if stretches[0].p99_ms else 0.0
        table.add_row(s.beside, _number(s.seconds), f"{s.transactions:,}", _number(s.p50_ms), _number(s.p99_ms),
                      _number(s.max_ms), _number(times), str(s.failed))
    return table


def statements(phase: str, rows: Sequence[dict[str, Any]]) -> Table:
    """The dearest statements of one phase."""
    table = Table(title=phase, title_justify="left")
    for column in ("seconds", "times", "parameters", "statement"):
        table.add_column(column, justify="left" if column == "statement" else "right")
    for row in rows:
        table.add_row(_number(row["seconds"]), f"{row['times']:,}", f"{row['parameters']:,}", row["statement"])
    return table


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def show(*tables: Table) -> None:
    """Print to the terminal, as wide as it is; into a file wide enough for every column."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    for table in tables:
        console.print(table)
