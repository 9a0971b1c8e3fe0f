"""How well and how fast card numbers are found in text whose truth is known, beside what others would take.

The text is that of the tests (`tests/hard_text.py`), from another seed: sentences that the detector was developed on,
sentences written afterwards, hard forms, columns with cards, and columns of decoys, in which every find is wrong.
"""

import os
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hard_templates
import hard_text
from rich.table import Table

from benchmarks.finders import Finder, finders

SEED = 20261127


@dataclass(slots=True)
class Score:
    """What a finder did in one part of the text."""

    wanted: int = 0
    found: int = 0
    wrong: int = 0
    columns: int = 0
    columns_with_wrong: int = 0
    size: int = 0
    cpu_s: float = 0.0

    def add(self, part: hard_text.Part, said: Iterable[int], seconds: float) -> None:
        """One more column."""
        pairs = list(zip(said, part.cards, strict=True))
        wrong = sum(max(got - truth, 0) for got, truth in pairs)
        self.wanted += sum(part.cards)
        self.found += sum(min(got, truth) for got, truth in pairs)
        self.wrong += wrong
        self.columns += 1
        self.columns_with_wrong += wrong > 0
        self.size += part.size
        self.cpu_s += seconds

    @property
    def recall(self) -> float | None:
        """Of what is there, how much was found."""
        return self.found / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        """Of what was found, how much is there."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else None

    @property
    def speed(self) -> float:
        """Megabytes of UTF-8 for each second of CPU, from strings in to findings out."""
        return self.size / 1e6 / self.cpu_s if self.cpu_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """Counts and figures."""
        return {"wanted": self.wanted, "found": self.found, "wrong": self.wrong, "columns": self.columns,
                "columns_with_wrong": self.columns_with_wrong, "bytes": self.size, "cpu_s": round(self.cpu_s, 4),
                "recall": self.recall, "precision": self.precision, "mb_per_cpu_s": round(self.speed, 2)}


def parts(rows: int, seed: int = SEED) -> Iterator[tuple[str, hard_text.Part]]:
    """Every column with the part of the comparison that it belongs to."""
    texts = {
        "sentences, developed on": hard_text.free_text(seed, rows, hard_templates.TUNED),
        "sentences, held out": hard_text.free_text(seed, rows, hard_templates.HELD_OUT),
        "sentences, written last": hard_text.free_text(seed, rows, hard_templates.FRESH),
        "crowded, developed on": hard_text.crowded(seed, rows, hard_templates.TUNED),
        "crowded, held out": hard_text.crowded(seed, rows, hard_templates.HELD_OUT),
        "crowded, written last": hard_text.crowded(seed, rows, hard_templates.FRESH),
        "letters, held out": hard_text.letters(seed, rows, hard_templates.HELD_OUT),
        "hard forms": hard_text.hard_forms(seed, max(rows // 10, 1)),
        "columns": hard_text.columns(seed, rows),
        "decoys": hard_text.decoys(seed, rows),
    }
    yield from ((name, part) for name, columns in texts.items() for part in columns)


@dataclass(slots=True)
class Comparison:
    """The scores of every finder by part of the text, and who is not installed."""

    scores: dict[str, dict[str, Score]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def run(self, rows: int, among: dict[str, Finder | None] | None = None) -> "Comparison":
        """Let every finder look at everything."""
        chosen = finders() if among is None else among
        self.missing = [name for name, finder in chosen.items() if finder is None]
        for name, part in parts(rows):
            for finder, work in chosen.items():
                if work is not None:
                    begun = time.process_time()
                    said = work(part.rows, part.column)
                    seconds = time.process_time() - begun
                    self.scores.setdefault(finder, {}).setdefault(name, Score()).add(part, said, seconds)
        return self

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        found = {finder: {name: score.as_json() for name, score in by.items()} for finder, by in self.scores.items()}
        return {"seed": SEED, "machine": machine(), "not_installed": self.missing, "finders": found}

    def tables(self) -> Iterator[Table]:
        """One table for each part."""
        for name in next(iter(self.scores.values())):
            table = Table(title=name, title_justify="left")
            for column in ("finder", "MB / CPU s", "/ product", "recall", "precision", "wrong", "columns with wrong"):
                table.add_column(column, justify="left" if column == "finder" else "right")
            fastest = self.scores["product"][name].speed if "product" in self.scores else 0.0
            for finder, by_part in self.scores.items():
                score = by_part[name]
                ratio = f"{score.speed / fastest:.2f}" if fastest else ""
                table.add_row(finder, f"{score.speed:.1f}", ratio, _share(score.recall), _share(score.precision),
                              f"{score.wrong:,}", f"{score.columns_with_wrong} of {score.columns}")
            yield table


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def machine() -> dict[str, Any]:
    """What the figures depend on. No host name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.machine(), "cores": os.cpu_count(),
            "python": platform.python_version(), "load_1_min": os.getloadavg()[0]}
