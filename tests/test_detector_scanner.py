"""The scanner on arrays finds exactly what the plain one finds, and the plain one finds what a card number is."""

import card_oracle
import hard_numbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carddata_retention.detector import look, look_once
from carddata_retention.detector.characters import MARGIN, characters
from carddata_retention.detector.runs import runs_of
from carddata_retention.detector.windows import windows_of
from carddata_retention.issuers import TEST_NUMBERS, issued, lengths_of, luhn

DIGITS = st.one_of(
    st.text("0123456789", min_size=1, max_size=20),
    st.text("45", min_size=4, max_size=4),
    st.text("0123456789", min_size=4, max_size=4),
    st.text("0123456789", min_size=6, max_size=6),
    st.randoms(use_true_random=False).map(hard_numbers.card),
    st.randoms(use_true_random=False).map(lambda r: hard_numbers.grouped(hard_numbers.card(r), r.choice(" -./_\u3000"))),
    st.randoms(use_true_random=False).map(lambda r: hard_numbers.wide(hard_numbers.card(r))),
    st.sampled_from(["4111", "1111", "12", "27", "2024", "0", "00", "𝟒𝟏𝟏𝟏", "٤١١١"]),
)
SIGNS = st.sampled_from([*" -./_+\u3000\u00a0ー", " - ", "  ", "", '","', '", "', '":"', "[", '"', "a", "あ", "カ", "\0", "\n", "=", "。"])
TEXTS = st.lists(st.tuples(DIGITS, SIGNS), max_size=12).map(lambda parts: "".join(a + b for a, b in parts))
REPEATED = st.tuples(st.text("0123456789", min_size=4, max_size=4), st.integers(3, 9), st.sampled_from(" -")).map(
    lambda t: t[2].join([t[0]] * t[1])
)


def found(text: str) -> list[tuple[int, int, int, bool, bool, bool]]:
    """Begin, end, length, issued, passing and split of every number that the product finds."""
    page = characters(text)
    runs = runs_of(page.classes)
    windows = windows_of(runs)
    return [
        (int(runs.start[a]) - MARGIN, int(runs.start[b] + runs.size[b]) - MARGIN, int(n), bool(i), bool(p), bool(s))
        for a, b, n, i, p, s in zip(windows.first, windows.last, windows.length, windows.issued, windows.passes, windows.split, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXTS, st.sampled_from(["", "JCB", "TARO YAMADA", "123", "card no 4556737586899855"])),
                min_size=1, max_size=8), st.randoms(use_true_random=False), st.booleans())
def test_texts_that_come_again_are_looked_at_once_and_found_in_every_row(texts, chance, shapes):
    page = [chance.choice(texts) for _ in range(300)]
    whole, once = look(page, shapes=shapes), look_once(page, shapes=shapes)
    assert once.filled == whole.filled
    for part in ("row", "kind", "cell", "passes"):
        assert getattr(once, part).tolist() == getattr(whole, part).tolist(), part


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, REPEATED))
@example("4242 4242 4242 4242 4242 4242 4242 4242")
@example("4111111111111111.00 4111111111111111.53 0.4111111111111111")
@example('["4111","1111","1111","1111"]')
@example("2024-01-05-4111-1111-1111-1111-12")
@example("4929 - 3177 - 3592 - 8466")
@example("9999 4929 3177 3592 8467")
@example("4929 3177 3592 8467 4929 3177 3592 8466 1")
@example('{"a":"3782","b":"822463","c":"10006"}')
@example('{"bin":"492931","middle":"773592","last":"8466"}')
@example('["49293177", "35928466"]')
@example("")
@example("4" * 16 + " " + "1" * 13)
def test_the_scanner_on_arrays_finds_what_the_plain_one_finds(text: str) -> None:
    plain = [(n.start, n.end, len(n.digits), n.issued, n.passes, n.split) for n in card_oracle.numbers(text)]
    assert found(text) == plain


@pytest.mark.parametrize("issuer", hard_numbers.ISSUERS)
@pytest.mark.parametrize("sign", ["", " ", "-", "\u3000"])
def test_a_number_of_every_issuer_is_found_in_every_layout(issuer: str, sign: str) -> None:
    import random

    for seed in range(20):
        number = hard_numbers.card(random.Random(seed), issuer)
        text = hard_numbers.grouped(number, sign) if sign else number
        assert found(f"No {text}, ok") == [(3, 3 + len(text), len(number), True, True, False)]


def test_a_wrong_check_digit_never_passes() -> None:
    number = "4929317735928461"
    right = [d for d in "0123456789" if luhn(number[:-1] + d)]
    assert len(right) == 1
    for digit in "0123456789":
        assert [p for *_, p, _ in found(number[:-1] + digit)] == [digit in right]


def test_every_published_test_number_passes_and_is_known() -> None:
    for number in TEST_NUMBERS:
        page = characters(number)
        windows = windows_of(runs_of(page.classes))
        assert (windows.test.tolist(), windows.passes.tolist()) == ([True], [True]), len(number)


@pytest.mark.parametrize(
    ("prefix", "lengths"),
    [(4999, (13, 16, 19)), (5099, ()), (5100, (16,)), (5599, (16,)), (5600, ()), (2220, ()), (2221, (16,)), (2720, (16,)), (2721, ()),
     (3399, ()), (3400, (15,)), (3499, (15,)), (3500, ()), (3527, ()), (3528, (16, 19)), (3589, (16, 19)), (3590, ()), (3700, (15,)),
     (3059, (14, 16)), (3060, ()), (3095, (14, 16)), (6010, ()), (6011, (16, 19)), (6012, ()), (6439, ()), (6440, (16, 19)),
     (6599, (16, 19)), (6600, ()), (6199, ()), (6200, (16, 17, 18, 19)), (6300, ()), (8100, (16, 19)), (8200, ()), (9999, ())],
)
def test_the_edges_of_every_range_of_the_issuers(prefix: int, lengths: tuple[int, ...]) -> None:
    assert lengths_of(prefix) == lengths
    assert [n for n in range(10, 22) if issued(f"{prefix:04}".ljust(n, "7"))] == list(lengths)
