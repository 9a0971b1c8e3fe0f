"""From a key and its facts to a text in each language of the report.

What is filled in is escaped; counts get thousands commas, a count that was not taken is a dash, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from carddata_retention.report.form_words import FORM_LABELS, FORM_NOTES
from carddata_retention.report.history_words import HISTORY_CODES, HISTORY_LABELS, HISTORY_NOTES, HISTORY_VERDICTS
from carddata_retention.report.period_words import (
    PERIOD_FACTS,
    PERIOD_LABELS,
    PERIOD_NEXT,
    PERIOD_NOTES,
    PERIOD_SECTIONS,
)
from carddata_retention.report.sentences import FACTS, NEXT, NOTES, VERDICTS
from carddata_retention.report.words import CODES, LABELS, SECTIONS, Text

Language = Literal["ja", "en"]

DASH = "—"
MINUS = "−"

CATALOGUE: Mapping[str, Mapping[str, Text]] = {
    "section": SECTIONS | PERIOD_SECTIONS, "code": CODES | HISTORY_CODES,
    "label": LABELS | FORM_LABELS | HISTORY_LABELS | PERIOD_LABELS, "verdict": VERDICTS | HISTORY_VERDICTS,
    "next": NEXT | PERIOD_NEXT, "fact": FACTS | PERIOD_FACTS,
    "note": NOTES | FORM_NOTES | HISTORY_NOTES | PERIOD_NOTES,
}


def number(count: int | None) -> str:
    """1,234; a dash where the count was not taken; a true minus sign."""
    if count is None:
        return DASH
    return f"{count:,}".replace("-", MINUS)


def signed(count: int | None) -> str:
    """A change: +12, −3, ±0."""
    if count is None:
        return DASH
    return f"+{count:,}" if count > 0 else number(count) if count else "±0"


class Count:
    """A count inside a sentence. `{n:record}` prints the noun with it, in the plural where English wants it."""

    def __init__(self, value: int | None) -> None:
        self.value = value

    def __format__(self, noun: str) -> str:
        if not noun:
            return number(self.value)
        return f"{number(self.value)} {noun}{'' if self.value == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text to be said: where it stands and what is filled in. The tests read these without any HTML."""

    group: str
    key: str
    facts: Mapping[str, object]


def phrase(group: str, key: str, **facts: object) -> Phrase:
    """A phrase of the catalogue; a key that does not exist fails at once."""
    CATALOGUE[group][key]
    return Phrase(group, key, facts)


class Speech:
    """Says phrases in the languages of one report."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        self.languages = languages

    def _filled(self, text: Text, language: Language, facts: Mapping[str, object]) -> Markup:
        said: dict[str, object] = {}
        for name, fact in facts.items():
            if isinstance(fact, Phrase):
                fact = self.in_one(fact, language)
            elif isinstance(fact, Text):
                fact = Markup(getattr(fact, language))  # noqa: S704 -- our own words
            elif isinstance(fact, int) or fact is None:
                fact = Count(fact)
            said[name] = fact
        return Markup(getattr(text, language)).format(**said)  # noqa: S704 -- our own words; facts are escaped

    def in_one(self, what: Phrase, language: Language) -> Markup:
        """The phrase in one language, without a span."""
        return self._filled(CATALOGUE[what.group][what.key], language, what.facts)

    def text(self, text: Text, **facts: object) -> Markup:
        """A text in every language of the report, each marked with its own."""
        return Markup("").join(
            Markup('<span lang="{}">{}</span>').format(lang, self._filled(text, lang, facts))
            for lang in self.languages
        )

    def say(self, what: Phrase) -> Markup:
        """A phrase in every language of the report."""
        return self.text(CATALOGUE[what.group][what.key], **what.facts)

    def plain(self, what: Phrase) -> str:
        """A phrase for an attribute: all languages behind one another, no markup."""
        return " / ".join(self.in_one(what, lang).striptags() for lang in self.languages)

    def code(self, group: str | None, code: str) -> Markup:
        """What a machine-readable code means, or the code itself where it is none of ours."""
        known = CATALOGUE["code"].get(f"{group}.{code}" if group else code)
        return self.text(known) if known else Markup("<code>{}</code>").format(escape(code))
