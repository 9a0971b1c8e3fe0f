"""The letters by themselves: both languages say the same facts, the articles are cited as each language cites them."""

import re
from datetime import date
from itertools import product

import pytest

from carddata_retention import letters
from carddata_retention.individuals import Ground, RequestKind
from carddata_retention.letter_words import law_ja, length_en, length_ja
from carddata_retention.letters import Head, Held, Letter, Notice, Term
from carddata_retention.period import Period

HEAD = Head("r20261127-0011aabb", date(2026, 11, 20), date(2026, 11, 27), "ACME privacy officer")
ENDED = Term("ended", date(2024, 2, 29), date(2029, 2, 28), date(2029, 3, 1), "Civil Code art. 140, 143(2) proviso")
HELD = (Held("cards", 2, {"holder": 2, "number": 2, "expiry": 1}, ENDED), Held("payments", 1, {"number": 1}, Term("active")),
        Held("payments", 3, {}, Term("undetermined")))


def notice(fee: int | None = 1415, places: tuple[str, ...] = ("call recordings (Customer centre)",)) -> Notice:
    return Notice("settling the price of the service", ("issuers", "partners"), Period.parse("P5Y"), "service_use_end", places, fee)


def every_letter() -> dict[str, Letter]:
    found = {f"disclosed {len(held)} {holds} {fee}": letters.disclosed(HEAD, notice(fee), held, holds)
             for held, holds, fee in product((HELD, ()), (("h1", "h2"), ()), (1415, None))}
    found |= {f"erasing {holds} {places}": letters.erasing(HEAD, notice(places=places), {"cards": 2, "payments": 1}, holds)
              for holds, places in product((("h1",), ()), (("paper",), ()))}
    found |= {f"erased {day}": letters.erased(HEAD, notice(), day) for day in (date(2026, 11, 27), None)}
    found |= {f"refused {kind} {ground}": letters.refused(HEAD, kind, ground, "a court asked for it")
              for kind, ground in product(RequestKind, Ground)}
    return found | {"corrected": letters.corrected(HEAD, ["holder", "expiry"])}


LETTERS = every_letter()


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_both_languages_have_the_same_parts_and_facts_and_keep_to_themselves(letter):
    parts = [re.findall(r"^(\d)\. ", text, re.M) for text in (letter.ja, letter.en)]
    lines = [len(re.findall(r"^   [・-]", text, re.M)) for text in (letter.ja, letter.en)]
    assert parts[0] == parts[1] != []
    assert lines[0] == lines[1]
    for fact in (HEAD.number, HEAD.sender):
        assert fact in letter.ja
        assert fact in letter.en
    assert letter.en.isascii()
    assert ("2026年11月20日" in letter.ja, "20 November 2026" in letter.en) == (True, True)
    assert not re.search(r"\b(the|of|and|is|was)\b", letter.ja.replace("settling the price of the service", "")
                         .replace("a court asked for it", ""))
    assert ("拝啓" in letter.ja, "敬具" in letter.ja, "以上" in letter.ja, "Yours faithfully" in letter.en) == (True,) * 4


def test_a_letter_names_a_fee_only_where_there_is_one():
    with_fee, without = (letters.disclosed(HEAD, notice(fee), HELD, ()) for fee in (1415, None))
    assert ("1,415円" in with_fee.ja, "JPY 1,415" in with_fee.en) == (True, True)
    assert ("手数料" in without.ja, "Fee" in without.en) == (False, False)
    assert "1,415" not in letters.erasing(HEAD, notice(), {"cards": 1}, ()).en


@pytest.mark.parametrize(("rule", "said"), [
    ("Civil Code art. 140, 143(2)", "民法第140条、第143条第2項"),
    ("Civil Code art. 140 proviso, 143(1)", "民法第140条ただし書、第143条第1項"),
    ("Civil Code art. 140, 143(2) proviso", "民法第140条、第143条第2項ただし書"),
    ("Civil Code art. 140, 141", "民法第140条、第141条"),
    ("Regulation 1182/71 art. 3(2)(c)", "規則(EEC, Euratom)1182/71 第3条第2項(c)"),
    ("anniversary", "応当日による計算"),
])
def test_articles_are_cited_in_japanese(rule, said):
    assert law_ja(rule) == said


@pytest.mark.parametrize(("period", "ja", "en"), [
    ("P5Y", "5年間", "5 years"), ("P1Y", "1年間", "1 year"), ("P18M", "18か月間", "18 months"), ("P90D", "90日間", "90 days"),
])
def test_a_period_is_said_in_words(period, ja, en):
    assert (length_ja(Period.parse(period)), length_en(Period.parse(period))) == (ja, en)
