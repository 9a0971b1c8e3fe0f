"""What a token, a holder and an expiry can look like, as SQL: cheap tests first and no regular expression.

Expressions only, each true or false of one row. Over a million cards one regular expression cost more than the
whole scan, so the questions here are lengths, prefixes and character classes, in each database's own spelling.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import sqlalchemy as sa

from carddata_retention.moments import Condition

Column = sa.ColumnElement[Any]
Columns = tuple[tuple[Column, Condition], ...]
SHORTEST_TOKEN = 4
MONTHS = [f"{n:02}" for n in range(1, 13)]
SEPARATORS = "-/."
ODD_CHARACTERS = " @\t\n\r"


@dataclass(frozen=True, slots=True)
class Words:
    """The few questions about text that every database spells its own way."""

    dialect: str

    def text(self, column: Column) -> Column:
        return sa.func.trim(sa.cast(column, sa.String))

    def length(self, text: Column) -> Column:
        return sa.func.length(text) if self.dialect == "sqlite" else sa.func.char_length(text)

    def more_than_blanks(self, column: Column, filled: Condition) -> Condition:
        """`filled`, and not with blanks alone."""
        textual = isinstance(column.type, sa.String | sa.types.NullType)
        return sa.and_(filled, self.text(column) != "") if textual else filled

    def digits_only(self, text: Column) -> Condition:
        if self.dialect == "sqlite":
            return sa.not_(self._glob(text, "*[^0-9]*"))
        if self.dialect == "postgresql":
            return sa.func.translate(text, "0123456789", "") == ""
        return without(text, "0123456789") == ""

    def beyond_ascii(self, text: Column) -> Condition:
        if self.dialect == "sqlite":
            return self._glob(text, "*[^ -~]*")
        return sa.func.octet_length(text) != sa.func.char_length(text)

    @staticmethod
    def _glob(text: Column, pattern: str) -> Condition:
        return text.bool_op("GLOB")(pattern)


def without(text: Column, characters: str) -> Column:
    """`text` without any of `characters`."""
    return reduce(lambda left, character: sa.func.replace(left, character, ""), characters, text)


@dataclass(frozen=True, slots=True)
class Card:
    """The card fields of one target: which are filled, and with something that can be what it is declared to be.

    Each field is its columns, each with the condition that something stands in it: more than blanks or its mask.
    """

    words: Words
    holder: Columns
    number: Columns
    expiry: Columns

    @staticmethod
    def has(field: Columns) -> Condition:
        """True where any column of the field is filled."""
        return sa.or_(sa.false(), *(present for _, present in field))

    def _number(self) -> Column:
        """The number as text; the parts of a split one side by side."""
        parts = [sa.case((present, self.words.text(c)), else_="") for c, present in self.number]
        return reduce(lambda left, right: left.concat(right), parts)

    def card_shaped(self) -> Condition:
        """13 to 19 digits, blanks and hyphens aside, that begin like a card of a known scheme."""
        if not self.number:
            return sa.false()
        whole = self._number()
        bare = without(whole, " -")
        return sa.and_(
            sa.func.substr(whole, 1, 1).in_(["2", "3", "4", "5", "6"]),
            self.words.length(bare).between(13, 19),
            self.words.digits_only(bare),
        )

    def malformed(self) -> Condition:
        """Filled with something that is neither a token nor a card number: a remark, a name, a mail address."""
        if not self.number:
            return sa.false()
        whole = self._number()
        length = self.words.length(whole)
        odd = self.words.length(without(whole, ODD_CHARACTERS)) < length  # cheaper than five LIKEs
        wrong = sa.or_(length < SHORTEST_TOKEN, odd, self.words.beyond_ascii(whole))
        return sa.and_(self.has(self.number), wrong, sa.not_(self.card_shaped()))

    def holder_missing(self) -> Condition:
        """A number without the name of its holder."""
        if not self.holder:
            return sa.false()
        return sa.and_(self.has(self.number), sa.not_(self.has(self.holder)))

    def expiry_impossible(self) -> Condition:
        """Filled with something that is no month of any year, or with half of one."""
        if not self.expiry:
            return sa.false()
        if len(self.expiry) == 1:
            column, present = self.expiry[0]
            return sa.and_(present, self._no_month(column))
        (first, one), (second, other) = self.expiry[:2]
        # Month before year is the declared order; a first column of four digits is the year all the same.
        month = sa.case((self.words.length(self.words.text(first)) == 4, self.words.text(second)),
                        else_=self.words.text(first))
        wrong = sa.or_(sa.not_(one), sa.not_(other), month.not_in([*MONTHS, *(str(n) for n in range(1, 10))]))
        return sa.and_(self.has(self.expiry), wrong)

    def _no_month(self, column: Column) -> Condition:
        if isinstance(column.type, sa.Date | sa.DateTime):
            if self.words.dialect == "postgresql":
                return sa.not_(sa.func.isfinite(column))
            return sa.func.month(column) == 0
        text = self.words.text(column)
        month = self._month_of(text, number=not isinstance(column.type, sa.String))
        digits = self.words.digits_only(without(sa.func.substr(text, 1, 10), SEPARATORS))
        return sa.or_(month.not_in(MONTHS), sa.not_(digits))

    def _month_of(self, text: Column, *, number: bool) -> Column:
        """The two digits of the month in YYYY-MM, MM/YY, MM/YYYY, YYYYMM, MMYYYY, MMYY, YYMM or an ISO date."""

        def part(start: int, count: int) -> Column:
            return sa.func.substr(text, start, count)

        def parted(after: int) -> Condition:
            return part(after + 1, 1).in_(list(SEPARATORS))

        length = self.words.length(text)
        lost_zero = sa.literal("0").concat(part(1, 1))
        return sa.case(
            (sa.and_(sa.or_(length == 7, length >= 10), parted(4)), part(6, 2)),
            (sa.and_(length == 6, parted(4)), sa.literal("0").concat(part(6, 1))),
            (sa.and_(length.in_([5, 7]), parted(2)), part(1, 2)),
            (sa.and_(length.in_([4, 6]), parted(1)), lost_zero),
            (sa.and_(length.in_([6, 8]), part(1, 2).in_(["19", "20"])), part(5, 2)),
            (length == 6, part(1, 2)),
            (sa.and_(length == 4, part(1, 2).in_(MONTHS)), part(1, 2)),
            (length == 4, part(3, 2)),
            *([(length == 3, lost_zero)] if number else []),
            else_="",
        )
