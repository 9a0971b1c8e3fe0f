"""The sections that say WHAT: the targets, their card fields, and the rows that hang on them."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from carddata_retention.model import Disposition, Kind
from carddata_retention.policy_settings import Encoding
from carddata_retention.sections import Columns, Section, ZoneName

CARD_FIELDS = ("holder", "number", "expiry")


class Hop(Section):
    table: str
    from_: Columns = Field(alias="from")
    to: Columns

    @model_validator(mode="after")
    def _pairs(self) -> "Hop":
        if len(self.from_) != len(self.to):
            raise ValueError("from and to differ in length; each column of the one is joined to one of the other")
        return self


class SubjectPath(Section):
    """`column` stands in the last table of `through`; each hop joins `from` (before) to `to` (here)."""

    column: str
    through: list[Hop] = Field(min_length=1)


class Mask(Section):
    mask: str


# Which of several forms is meant is decided by the value's own shape, so that an error speaks of that form alone.
# The tags stand in angle brackets: config.py takes them out of the place that an error names.
def _form_of_emptied(value: Any) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<mask>" if isinstance(value, dict | Mask) else "<word>"


def _form_of_subject(value: Any) -> str:
    return "<path>" if isinstance(value, dict | SubjectPath) else "<columns>"


OneEmptied = Annotated[
    Annotated[Literal["null"], Tag("<word>")] | Annotated[Mask, Tag("<mask>")], Discriminator(_form_of_emptied)
]
Emptied = Annotated[
    Annotated[Literal["null"], Tag("<word>")] | Annotated[Mask, Tag("<mask>")]
    | Annotated[list[OneEmptied], Tag("<list>")],
    Discriminator(_form_of_emptied),
]
Subject = Annotated[
    Annotated[Columns, Tag("<columns>")] | Annotated[SubjectPath, Tag("<path>")],
    Discriminator(_form_of_subject),
]


class Fields(Section):
    """The card fields of the notice: カード名義, カード番号, 有効期間. Each may be missing or split."""

    holder: Columns | None = None
    number: Columns | None = None
    expiry: Columns | None = None

    @model_validator(mode="after")
    def _some(self) -> "Fields":
        if not self.columns:
            raise ValueError("names no column; a target holds at least one of holder, number and expiry")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All declared card columns, in the order holder, number, expiry."""
        return tuple(c for group in (self.holder, self.number, self.expiry) for c in group or ())


class Redact(Section):
    """What a redaction writes into each field: nothing, or a mask; a list where the field is split."""

    holder: Emptied = "null"
    number: Emptied = "null"
    expiry: Emptied = "null"


class Child(Section):
    table: str
    columns: Columns
    disposition: Literal["delete", "null"] = "delete"
    children: list["Child"] = Field([])

    @model_validator(mode="after")
    def _consistent(self) -> "Child":
        if self.disposition == "null" and self.children:
            raise ValueError('children belong to disposition = "delete": a row that is let go stays, and so do they')
        return self


class Created(Section):
    """When a record was acquired. A date is the day itself: no longer usable on it, nothing is acquired."""

    column: str
    kind: Literal[Kind.INSTANT, Kind.INCLUSIVE_DATE] = Kind.INSTANT
    zone: ZoneName | None = None
    encoding: Encoding = "native"


class Target(Section):
    name: str = Field(pattern=r"^[\w .-]{1,64}$")
    table: str
    key: Columns
    subject: Subject
    fields: Fields
    disposition: Disposition
    redact: Redact = Field({}, validate_default=True)
    also: list[str] = Field([])
    where: str | None = None
    children: list[Child] = Field([])
    created: Created | None = None
    may_be_empty: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> "Target":
        if self.disposition is Disposition.DELETE and (self.redact.model_fields_set or self.also):
            raise ValueError('redact and also belong to disposition = "redact"')
        if self.disposition is Disposition.REDACT and self.children:
            raise ValueError("children belong to disposition = \"delete\": a redacted row stays, and so do they")
        for name in CARD_FIELDS:
            columns, forms = getattr(self.fields, name), getattr(self.redact, name)
            if name in self.redact.model_fields_set and columns is None:
                raise ValueError(f"redact.{name} names a field that fields does not declare")
            if isinstance(forms, list) and len(forms) != len(columns):
                raise ValueError(f"redact.{name} has {len(forms)} entries for {len(columns)} columns")
        emptied = [*self.fields.columns, *self.also]
        if len(set(emptied)) != len(emptied):
            raise ValueError("fields and also name a column twice")
        if self.created is not None and self.created.column in emptied:
            raise ValueError("created names a column that a redaction empties: with it would go which version decides")
        if set(self.key) & set(emptied):
            raise ValueError("a key column is also a card field: its value would have to stay in the evidence")
        return self

    def emptied(self) -> dict[str, str | None]:
        """Column -> what a redaction writes: None, or the declared mask."""
        out: dict[str, str | None] = {}
        for name in CARD_FIELDS:
            columns: list[str] = getattr(self.fields, name) or []
            forms = getattr(self.redact, name)
            each = forms if isinstance(forms, list) else [forms] * len(columns)
            out |= {c: f.mask if isinstance(f, Mask) else None for c, f in zip(columns, each, strict=True)}
        return out | dict.fromkeys(self.also)
