"""How many numbers of a population are cards: what its pass rate, its labels and its layout say together.

Cards pass Luhn always, other numbers one time in ten, numbers made to fail it never. A population is a mixture; its
share of cards is estimated by Bayes on a grid. The smallest populations are cells (`cells`), many of them with one
number, so each cell begins with what its own words and layout suggest, moved by what the numbers beside it turned out
to be: those with the same label, the same layout, the same word to the right, those of which the same is said. Then its
own numbers are counted. No number is counted twice.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Cell, Feature
from carddata_retention.detector.lexicon import Said
from carddata_retention.issuers import SHORTEST

Floats = npt.NDArray[np.float64]

CHANCE: Final = 0.1  # of a number that is no card to pass Luhn
_MADE_TO_FAIL = 1e-6  # the same where numbers were made to fail it
_SURE_TO_FAIL = np.log(1e-6)  # so improbable must so few passes be, by chance
BELIEVED: Final = 0.4
"""A passing number is counted where it is a card with this probability."""

_GRID = np.concatenate(([0.0], np.geomspace(1e-5, 0.5, 24), 1 - np.geomspace(0.5, 1e-3, 16)[1:], [0.9999]))
_SPIKE = 0.45  # of the prior's weight stands at each of its two ends: most populations are all cards or none
_NEVER = 1e-300
_BLOCK = 2048  # cells that are judged at a time

# Evidence in units of log odds, set by hand on texts made for it; docs/discovery-detector.md says how that was judged.
_SAID = {Said.NOTHING: 0.0, Said.CARD: 3.5, Said.PAYMENT: 2.0, Said.BUSINESS: -5.0}
_FEATURES = {
    Feature.GROUPED: 1.5,
    Feature.SPLIT: 1.0,
    Feature.GLUED: -1.0,
    Feature.JOINED: -2.0,
    Feature.EXPIRY: 4.0,
    Feature.CHECKED: -2.0,
}
_LENGTHS = {13: -4.0, 14: -1.5, 15: 0.5, 16: 0.0, 17: -2.5, 18: -2.5, 19: -0.5}


def _label(cell: Cell) -> Hashable:
    return (cell.said, cell.left) if cell.left else (cell.said, cell.length, cell.features)


_NEIGHBOURS: tuple[tuple[Callable[[Cell], Hashable], float], ...] = (
    (_label, 0.7),
    (lambda c: (c.said, c.length, c.features), 0.35),
    (lambda c: (c.said, c.right), 0.3),
    (lambda c: c.said, 0.25),
)
"""What makes numbers neighbours, and how much a cell hears from them (0 to 1 of what their numbers say)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of one population: those that an issuer may have issued, those of them that pass Luhn, and the others."""

    issued: int = 0
    passed: int = 0
    others: int = 0

    def __add__(self, more: "Tally") -> "Tally":
        return Tally(self.issued + more.issued, self.passed + more.passed, self.others + more.others)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """For each cell: the share of cards, how sure a passing number is one, and whether the others were made to fail."""

    share: Floats
    passing_is_card: Floats
    made_to_fail: npt.NDArray[np.bool_]


def judge(cells: Sequence[Cell], tallies: Sequence[Tally], prior: float) -> Beliefs:
    """What is believed of every cell of a column, beginning with the share that the column's name suggests."""
    counts = np.array([(t.issued, t.passed, t.others) for t in tallies], np.float64).reshape(-1, 3)
    suggested = _odds(np.full(len(cells), prior)) + np.array([evidence(c) for c in cells])
    heard = np.zeros(len(cells))
    chance = np.full(len(cells), CHANCE)
    for number, (key, weight) in enumerate(_NEIGHBOURS):
        together = _together(cells, counts, key)
        if number == 0:
            # a corporate number's check digit fixes Luhn's sum modulo 9, which makes passes rare though nobody meant it
            tokens = np.array([c.length > SHORTEST for c in cells], np.bool_)
            chance[_made_to_fail(together) & tokens] = _MADE_TO_FAIL
        share, _ = believe(_share(suggested), together - counts, chance)
        heard += weight * (_odds(share) - _odds(_share(suggested)))
    share, passing = believe(_share(suggested + heard), counts, chance)
    return Beliefs(share, passing, chance < CHANCE)


def evidence(cell: Cell) -> float:
    """What its words and its layout say for (positive) or against a cell, in log odds."""
    return _SAID[cell.said] + _LENGTHS[cell.length] + sum(w for f, w in _FEATURES.items() if f in cell.features)


def _together(cells: Sequence[Cell], counts: Floats, key: Callable[[Cell], Hashable]) -> Floats:
    """For each cell the counts of all that have the same key."""
    number: dict[Hashable, int] = {}
    group = np.array([number.setdefault(key(c), len(number)) for c in cells], np.int64)
    total = np.zeros((len(number), 3))
    np.add.at(total, group, counts)
    whole: Floats = total[group]
    return whole


def believe(prior: Floats, counts: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """Of each population the share of cards, and the probability that a passing number is one.

    `prior` is the share expected beforehand, `counts` has a row (issued, passed, others) for each, `chance` is that of
    a number that is no card to pass.
    """
    parts = [_believe(prior[at : at + _BLOCK], counts[at : at + _BLOCK], chance[at : at + _BLOCK])
             for at in range(0, len(prior), _BLOCK)]  # fmt: skip
    if not parts:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _believe(prior: Floats, counts: Floats, chance: Floats) -> tuple[Floats, Floats]:
    issued, passed, others = (counts[:, [i]] for i in range(3))
    decoys = (issued - passed) / (1 - CHANCE)
    begins_so = (decoys + 1) / (decoys + others + 1)
    no_card = 1 - _GRID[None, :]
    passing = _GRID + no_card * begins_so * chance[:, None]
    failing = no_card * begins_so * (1 - chance[:, None])
    unissued = no_card * (1 - begins_so)
    likely = passed * np.log(passing) + (issued - passed) * np.log(np.maximum(failing, _NEVER))
    likely += others * np.log(np.maximum(unissued, _NEVER))
    weights = np.exp(likely - likely.max(axis=1, keepdims=True)) * _prior(prior)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ _GRID, (weights * (_GRID / passing)).sum(axis=1)


def _prior(share: Floats) -> Floats:
    """Weights of the grid: most at no card or all cards, the rest over few cards and many, as the share suggests."""
    weights = np.empty((len(share), len(_GRID)))
    few = _GRID <= 0.5
    rest = 1 - 2 * _SPIKE
    weights[:, few] = (rest * (1 - share) / few.sum())[:, None]
    weights[:, ~few] = (rest * share / (~few).sum())[:, None]
    weights[:, 0] += 2 * _SPIKE * (1 - share)
    weights[:, -1] += 2 * _SPIKE * share
    return weights


def _made_to_fail(counts: Floats) -> npt.NDArray[np.bool_]:
    """Whether so few passes are not chance (Chernoff's bound of the binomial tail)."""
    issued, passed = counts[:, 0], counts[:, 1]
    rate = np.clip(passed / np.maximum(issued, 1), 1e-12, 1 - 1e-12)
    divergence = rate * np.log(rate / CHANCE) + (1 - rate) * np.log((1 - rate) / (1 - CHANCE))
    few: npt.NDArray[np.bool_] = (rate < CHANCE) & (-issued * divergence < _SURE_TO_FAIL)
    return few


def _share(odds: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-np.clip(odds, -9.0, 9.0)))
    return share


def _odds(share: Floats) -> Floats:
    share = np.clip(share, 0.001, 0.999)
    odds: Floats = np.log(share / (1 - share))
    return odds
