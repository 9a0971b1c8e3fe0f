"""From the counts of a column to verdicts: which cells are findings, and how grave and how sure they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from carddata_retention.detector.cells import Cell, Feature, unpack
from carddata_retention.detector.judgement import BELIEVED, Tally, judge
from carddata_retention.detector.kinds import KINDS, Confidence, Kind, Severity, Verdict, Why
from carddata_retention.detector.lexicon import Said
from carddata_retention.detector.names import ColumnName

ALWAYS_CRITICAL: Final = frozenset({Kind.CVV, Kind.TRACK, Kind.PIN_BLOCK})
"""What may not be kept after authorisation at all (PCI DSS 3.3)."""
_WARNING = frozenset({Kind.CARD_NUMBER, Kind.HOLDER, Kind.EXPIRY})
_MOSTLY = 0.6  # of the filled rows must look as the name says
_ONLY_BESIDE = frozenset({Kind.HOLDER, Kind.EXPIRY})  # coupons expire and bank accounts have holders too
_CARD_DATA = frozenset({Kind.CARD_NUMBER, Kind.MASKED, Kind.CVV, Kind.TRACK})
_SURE, _FAIRLY_SURE = 0.95, 0.8
_MANY = 20
_PIN_LENGTH = 16
_PRIORS = ((Kind.CARD_NUMBER, 0.9), (Kind.TOKEN, 0.3))
_PRIOR, _PRIOR_BUSINESS = 0.45, 0.05  # of a column's numbers to be cards, by its name


@dataclass(frozen=True, slots=True)
class Seen:
    """Counts of a column: rows, rows with any text, and for each cell how many candidates, and how many pass."""

    rows: int
    filled: int
    cells: Mapping[int, tuple[int, int]]


class Opinion:
    """What is thought of one column: its guilty cells, and the verdicts."""

    def __init__(self, seen: Seen, column: ColumnName | None, declared: Kind | None) -> None:
        self.rows, self.filled, self.declared = seen.rows, seen.filled, declared
        self.business = column is not None and column.business
        self.says = (column.says if column else frozenset()) | ({declared} if declared else set())
        self._cells = {unpack(code): (code, *n) for code, n in seen.cells.items()}
        self._tallies = _tallies(self._cells)
        self.shaped = sum(self._tallies.values(), Tally())
        beliefs = judge(list(self._tallies), list(self._tallies.values()), self._prior())
        self._is_card = dict(zip(self._tallies, beliefs.passing_is_card.tolist(), strict=True))
        self._made_to_fail = dict(zip(self._tallies, beliefs.made_to_fail.tolist(), strict=True))
        self.guilty = self._guilty()

    def _prior(self) -> float:
        named = [prior for kind, prior in _PRIORS if kind in self.says]
        return named[0] if named else _PRIOR_BUSINESS if self.business else _PRIOR

    def _guilty(self) -> frozenset[int]:
        """The cells whose candidates are findings."""
        found = [cell for cell in self._cells if cell.kind not in _ONLY_BESIDE and self._convinces(cell)]
        beside = any(cell.kind in _CARD_DATA and self._count(cell) for cell in found)
        for cell in self._cells:
            if cell.kind in _ONLY_BESIDE and (self._named(cell) or (beside and Feature.LABELLED in cell.features)):
                found.append(cell)
        return frozenset(self._cells[cell][0] for cell in found)

    def _convinces(self, cell: Cell) -> bool:
        if cell.kind is Kind.CARD_NUMBER:
            return Feature.ISSUED in cell.features and self._is_card[_number(cell)] >= BELIEVED
        if cell.kind is Kind.MASKED:
            whole = Feature.PART not in cell.features or Feature.LABELLED in cell.features
            return (whole or Kind.CARD_NUMBER in self.says) and cell.said is not Said.BUSINESS and not self.business
        if cell.kind in (Kind.TEST_NUMBER, Kind.TRACK) or Feature.LABELLED in cell.features:
            return True
        return self._named(cell)

    def _named(self, cell: Cell) -> bool:
        """Whether the column's name says this class, and most of its rows look like it."""
        if cell.kind not in self.says or Feature.LABELLED in cell.features:
            return False
        if cell.kind is Kind.PIN_BLOCK and cell.length != _PIN_LENGTH:
            return False
        same = [c for c in self._cells if c.kind is cell.kind and Feature.LABELLED not in c.features]
        alike = sum(self._cells[c][1] for c in same if c.kind is not Kind.PIN_BLOCK or c.length == _PIN_LENGTH)
        if cell.kind is Kind.TOKEN:
            alike -= sum(self._count(c) for c in self._cells if c.kind is Kind.CARD_NUMBER and self._convinces(c))
        return alike >= _MOSTLY * self.filled

    def _count(self, cell: Cell) -> int:
        return self._cells[cell][2]

    def verdicts(self) -> list[Verdict]:
        """One verdict for each class that was found, gravest first."""
        order = list(Severity)
        return sorted(self._verdicts(), key=lambda v: (order.index(v.severity), KINDS.index(v.kind)))

    def _verdicts(self) -> Iterator[Verdict]:
        for kind in KINDS:
            cells = [c for c, (code, _, _) in self._cells.items() if c.kind is kind and code in self.guilty]
            count = sum(map(self._count, cells))
            if not count:
                continue
            shaped = self.shaped if kind is Kind.CARD_NUMBER else Tally()
            share = min(1.0, count / max(self.rows, 1))
            yield Verdict(kind, count, share, self._confidence(kind, cells), self._severity(kind),
                          shaped.issued, shaped.passed, self._reason(kind, cells))  # fmt: skip

    def _severity(self, kind: Kind) -> Severity:
        if kind in ALWAYS_CRITICAL or (kind is Kind.CARD_NUMBER and Kind.TOKEN in self.says):
            return Severity.CRITICAL
        return Severity.WARNING if kind in _WARNING and kind is not self.declared else Severity.INFO

    def _confidence(self, kind: Kind, cells: list[Cell]) -> Confidence:
        if kind is not Kind.CARD_NUMBER:
            sure = kind in (Kind.TEST_NUMBER, Kind.TRACK, Kind.MASKED) or kind is self.declared
            return Confidence.HIGH if sure else Confidence.MEDIUM
        total = sum(map(self._count, cells))
        mean = sum(self._count(c) * self._is_card[_number(c)] for c in cells) / total
        return Confidence.HIGH if mean >= _SURE else Confidence.MEDIUM if mean >= _FAIRLY_SURE else Confidence.LOW

    def _reason(self, kind: Kind, cells: list[Cell]) -> Why:
        if kind is Kind.CARD_NUMBER:
            tally = sum((self._tallies[_number(c)] for c in cells), Tally())
            if tally.passed < tally.issued / 2 and all(self._made_to_fail[_number(c)] for c in cells):
                return Why.AMONG_TOKENS
            mostly = tally.issued >= _MANY and tally.passed >= _FAIRLY_SURE * tally.issued
            return Why.PASS_RATE if mostly else Why.CONTEXT
        fixed = {Kind.TEST_NUMBER: Why.PUBLISHED, Kind.MASKED: Why.MASK, Kind.TRACK: Why.TRACK_LAYOUT}
        if kind in fixed:
            return fixed[kind]
        return Why.LABELLED if any(Feature.LABELLED in c.features for c in cells) else Why.NAME_AND_VALUE


def _number(cell: Cell) -> Cell:
    """The cell under which a number is judged: issued or not, it is the same population."""
    return Cell(cell.kind, cell.length, cell.said, cell.features & ~Feature.ISSUED, cell.left, cell.right)


def _tallies(cells: Mapping[Cell, tuple[int, int, int]]) -> dict[Cell, Tally]:
    found: dict[Cell, Tally] = {}
    for cell, (_, count, passed) in cells.items():
        if cell.kind is Kind.CARD_NUMBER:
            issued = Feature.ISSUED in cell.features
            more = Tally(count, passed, 0) if issued else Tally(0, 0, count)
            found[_number(cell)] = found.get(_number(cell), Tally()) + more
    return found


