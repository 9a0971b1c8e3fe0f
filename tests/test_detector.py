"""What the detector finds and what it leaves alone: every hard form, every decoy, every class, by name.

The texts are drawn from seeds by `hard_text`; of its families of sentences some were not before the developer's eyes.
"""

import random

import hard_numbers
import hard_text
import numpy as np
import pytest
from hard_templates import HELD_OUT, TUNED

from carddata_retention.detector import (
    VERSION,
    Confidence,
    Kind,
    Population,
    Severity,
    Verdict,
    Why,
    decode,
    look,
    read_name,
)
from carddata_retention.detector.kinds import KINDS

NUMBERS = (Kind.CARD_NUMBER, Kind.TEST_NUMBER, Kind.TRACK)


def population(rows, page: int = 500) -> Population:
    known = Population()
    for at in range(0, len(rows), page):
        some = rows[at : at + page]
        known.add(look(some), len(some))
    return known


def counted(part: hard_text.Part) -> list[int]:
    """How many numbers of each row the final verdict counts."""
    known = population(part.rows)
    hits = look(part.rows)
    numbers = np.isin(hits.kind, [KINDS.index(k) for k in NUMBERS])
    guilty = known.convicts(hits, read_name(part.column)) & numbers
    return np.bincount(hits.row[guilty], minlength=len(part.rows)).tolist()


def verdicts(rows, column: str | None = None, declared: Kind | None = None) -> dict[Kind, Verdict]:
    return {v.kind: v for v in population(rows).verdicts(read_name(column) if column else None, declared)}


def recall_and_precision(parts) -> tuple[float, float]:
    right = wanted = said = 0
    for part in parts:
        got = counted(part)
        right += sum(map(min, got, part.cards))
        wanted += sum(part.cards)
        said += sum(got)
    return right / wanted, right / said


@pytest.mark.parametrize("form", hard_text.HARD)
def test_a_hard_form_is_found(form: str) -> None:
    part = next(p for p in hard_text.hard_forms(101, 60) if p.name == form)
    assert sum(map(min, counted(part), part.cards)) >= 0.9 * sum(part.cards)


@pytest.mark.parametrize("form", hard_text.HARD)
def test_a_hard_form_is_found_once_where_it_is_the_only_one(form: str) -> None:
    make = hard_text.HARD[form]
    found = [len(population([make(random.Random(seed))]).verdicts()) for seed in range(20)]
    assert sum(n > 0 for n in found) >= 16


@pytest.mark.parametrize("decoy", hard_text.DECOYS)
@pytest.mark.parametrize("size", [40, 1000])
def test_a_decoy_is_left_alone(decoy: str, size: int) -> None:
    for seed in (7, 8):
        part = next(p for p in hard_text.decoys(seed, size) if p.name == decoy)
        found = population(part.rows).verdicts(read_name(part.column))
        assert found == []


@pytest.mark.parametrize("families", [TUNED, HELD_OUT], ids=["tuned", "held out"])
def test_cards_are_told_from_business_numbers_in_free_text(families) -> None:
    recall, precision = recall_and_precision(hard_text.free_text(55, 800, families))
    assert (recall >= 0.985, precision >= 0.98) == (True, True), (recall, precision)


def test_cards_are_found_in_columns_of_their_own_and_among_others() -> None:
    for part in hard_text.columns(33, 6000):
        got = counted(part)
        assert sum(map(min, got, part.cards)) >= 0.95 * sum(part.cards), part.name
        assert sum(got) <= 1.02 * sum(part.cards), part.name


def numbers(seed: int, size: int) -> list[str]:
    drawn = random.Random(seed)
    return [hard_numbers.card(drawn) for _ in range(size)]


def test_a_raw_number_in_a_column_of_tokens_is_critical() -> None:
    rows = numbers(1, 50)
    assert verdicts(rows)[Kind.CARD_NUMBER].severity is Severity.WARNING
    assert verdicts(rows, "card_token")[Kind.CARD_NUMBER].severity is Severity.CRITICAL
    assert verdicts(rows, "extra", Kind.TOKEN)[Kind.CARD_NUMBER].severity is Severity.CRITICAL
    assert verdicts(rows, "pan", Kind.CARD_NUMBER)[Kind.CARD_NUMBER].severity is Severity.INFO


def test_among_tokens_that_were_made_to_fail_every_passing_number_is_a_leak() -> None:
    drawn = random.Random(2)
    rows = [hard_text._failing(drawn) for _ in range(3000)] + [hard_numbers.card(drawn, "visa") for _ in range(3)]
    found = verdicts(rows, "card_token")
    assert (found[Kind.CARD_NUMBER].count, found[Kind.CARD_NUMBER].why) == (3, Why.AMONG_TOKENS)
    assert found[Kind.TOKEN].severity is Severity.INFO


def test_one_in_ten_passing_by_chance_is_no_leak() -> None:
    drawn = random.Random(3)
    known = population([hard_numbers.digits(drawn, 16, "4") for _ in range(3000)])
    shaped, passing = known.card_shaped
    assert (shaped, 240 < passing < 360, known.verdicts()) == (3000, True, [])


def test_a_column_of_cards_is_known_by_its_pass_rate() -> None:
    found = verdicts(numbers(4, 100), "extra1")[Kind.CARD_NUMBER]
    assert (found.count, found.share, found.confidence, found.why) == (100, 1.0, Confidence.HIGH, Why.PASS_RATE)
    assert (found.card_shaped, found.luhn_pass) == (100, 100)


CVV = [f"{n:03}" for n in range(0, 999, 7)]
NAMES = ["TARO YAMADA", "HANAKO SATO", "佐藤 太郎", "スズキ ハナコ"] * 10
EXPIRIES = {"MM/YY": "{m:02}/{y}", "MM/YYYY": "{m:02}/20{y}", "YYYY-MM": "20{y}-{m:02}", "MMYY": "{m:02}{y}", "YYMM": "{y}{m:02}", "YYYYMM": "20{y}{m:02}"}


HEX = [f"{random.Random(n).getrandbits(64):016X}" for n in range(60)]
NAMED = {
    "cvv": (CVV, "cvv", Kind.CVV), "camel": (CVV, "cardSecurityCode", Kind.CVV), "コード": (CVV, "セキュリティコード", Kind.CVV),
    "pin": (HEX, "pin_block", Kind.PIN_BLOCK), "holder": (NAMES, "card_holder_name", Kind.HOLDER), "名義": (NAMES, "カード名義", Kind.HOLDER),
    "month": ([str(m) for m in range(1, 13)], "exp_month", Kind.EXPIRY), "year": ([str(y) for y in range(2024, 2034)], "exp_year", Kind.EXPIRY),
    **{form: ([layout.format(m=m, y=27) for m in range(1, 13)], "有効期限", Kind.EXPIRY) for form, layout in EXPIRIES.items()},
    "token": ([f"tok_{n:08x}{n * 7:08x}" for n in range(60)], "card_token", Kind.TOKEN),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "column", "kind"), NAMED.values(), ids=NAMED)
def test_a_class_needs_the_name_and_the_value(rows: list[str], column: str, kind: Kind) -> None:
    assert kind in verdicts(rows, column)
    assert kind not in verdicts(rows, "remarks")
    assert kind not in verdicts(["n/a", "no", "-"] * 20, column)


@pytest.mark.parametrize("kind", [Kind.CVV, Kind.PIN_BLOCK])
def test_what_may_not_be_kept_is_critical_even_where_it_is_declared(kind: Kind) -> None:
    rows = CVV if kind is Kind.CVV else [f"{random.Random(n).getrandbits(64):016X}" for n in range(60)]
    assert verdicts(rows, "extra", kind)[kind].severity is Severity.CRITICAL


TRACKS = {
    "track 2": ";{pan}=27121011234567?", "track 2 without sentinels": "{pan}=2712101123456789", "track 2 of a chip": "{pan}D27121011234567F",
    "track 1": "%B{pan}^YAMADA/TARO^27121011234567?", "in a memo": "swiped: ;{pan}=27121011234567? ok",
}  # fmt: skip


@pytest.mark.parametrize("form", TRACKS)
def test_the_data_of_a_stripe_is_found_and_critical(form: str) -> None:
    rows = [TRACKS[form].format(pan=n) for n in numbers(5, 10)]
    found = verdicts(rows)
    assert (set(found), found[Kind.TRACK].count, found[Kind.TRACK].severity) == ({Kind.TRACK}, 10, Severity.CRITICAL)


@pytest.mark.parametrize("text", ["id={pan}=12", "{pan}=9999999999", "{pan}D12"])
def test_an_equals_sign_alone_makes_no_stripe(text: str) -> None:
    assert Kind.TRACK not in verdicts([text.format(pan=n) for n in numbers(6, 10)])


@pytest.mark.parametrize(
    "text",
    ["cvv: {c}", "CVV2={c}", '{{"cvv":"{c}"}}', '{{"cardCvc": {c}}}', "security code is {c}", "セキュリティコード：{c}", "セキュリティーコードは{c}です",
     '{{"security_code":"{c}","x":1}}', "CVC {c}", "card cvv no. {c}"],
)
def test_a_security_code_is_found_by_its_label(text: str) -> None:
    found = verdicts([text.format(c=c) for c in CVV], "memo")
    assert (found[Kind.CVV].count, found[Kind.CVV].severity, found[Kind.CVV].why) == (len(CVV), Severity.CRITICAL, Why.LABELLED)


@pytest.mark.parametrize("text", ["cvv result: M {c}", "cvv {c}円", "cvv checked {c}", "security fee {c}", "セキュリティ対策費 {c}", "mcvv {c}", "cvv 2024-05-{c}", "cvv {c}4567"])
def test_another_number_behind_such_a_word_is_no_security_code(text: str) -> None:
    assert Kind.CVV not in verdicts([text.format(c=c) for c in CVV], "memo")


MASKS = ["411111******1111", "****-****-****-1111", "XXXX XXXX XXXX 1234", "xxxxxxxxxxxx1234", "4111 11** **** 1111", "＊＊＊＊－＊＊＊＊－＊＊＊＊－１２３４",
         "••••••••••••1234", "●●●●-●●●●-●●●●-1234", "3782******10005"]  # fmt: skip


@pytest.mark.parametrize("mask", MASKS)
def test_a_masked_number_is_found_and_is_no_card_number(mask: str) -> None:
    for text in (mask, f"paid with {mask} today", f"カード{mask}で決済"):
        found = verdicts([text])
        assert (set(found), found[Kind.MASKED].severity) == ({Kind.MASKED}, Severity.INFO), len(text)


@pytest.mark.parametrize("text", ["****************", "XXXX", "***-****-1234", "090****1234", "口座 ***1234", "1234", "*** 4 ***", "======1234", "item **** 12 ****"])
def test_other_stars_are_no_masked_number(text: str) -> None:
    assert verdicts([text]) == {}


def test_a_short_mask_counts_where_the_label_speaks_of_a_card() -> None:
    assert Kind.MASKED in verdicts(["Visa card **** 1234"])
    assert Kind.MASKED in verdicts(["カード ****1234"])
    assert Kind.MASKED not in verdicts(["member **** 1234"])


def test_published_test_numbers_are_labelled_so() -> None:
    found = verdicts(["4111111111111111", "4242 4242 4242 4242", "378282246310005"])
    assert (set(found), found[Kind.TEST_NUMBER].count, found[Kind.TEST_NUMBER].severity) == ({Kind.TEST_NUMBER}, 3, Severity.INFO)


def test_holder_and_expiry_in_json_count_beside_card_data_only() -> None:
    card = [f'{{"holder":"TARO YAMADA","exp":"12/27","pan":"{n}"}}' for n in numbers(7, 20)]
    assert {Kind.HOLDER, Kind.EXPIRY, Kind.CARD_NUMBER} == set(verdicts(card, "payload"))
    assert verdicts(['{"holder":"TARO YAMADA","exp":"12/27","coupon":"A1"}'] * 20, "payload") == {}


def test_a_population_is_the_same_in_any_order_and_in_parts() -> None:
    part = next(iter(hard_text.free_text(3, 900)))
    whole = population(part.rows)
    parts = [population(part.rows[at : at + 100], page=37) for at in (800, 0, 300, 100, 200, 500, 400, 700, 600)]
    merged = Population.from_json(parts[0].as_json())
    for other in parts[1:]:
        merged.merge(other)
    column = read_name("memo")
    assert merged.verdicts(column) == whole.verdicts(column)
    assert (merged.rows, merged.filled) == (900, 900)


def test_a_saved_population_holds_no_digit_of_a_number() -> None:
    rows = numbers(8, 200)
    saved = str(population(rows).as_json())
    assert not any(n[at : at + 6] in saved for n in rows for at in range(len(n) - 5))


def test_a_population_of_another_version_is_not_read() -> None:
    saved = population(["x"]).as_json()
    with pytest.raises(ValueError, match="another version"):
        Population.from_json(saved | {"version": VERSION + "x"})


def test_memory_is_flat_however_many_labels_there_are() -> None:
    drawn, known = random.Random(9), Population()
    for _ in range(21):
        rows = [f"{''.join(drawn.choices('abcdefgh', k=7))} {hard_numbers.card(drawn)} {''.join(drawn.choices('ijklm', k=7))}" for _ in range(1000)]
        known.add(look(rows), 1000)
    assert len(known.as_json()["cells"]) <= 20_100
    assert known.verdicts()[0].count >= 0.98 * 21_000


def test_bytes_are_read_as_utf_8_then_as_cp932() -> None:
    assert decode("カード".encode()) == "カード"
    assert decode("カード番号".encode("cp932")) == "カード番号"
    assert decode(b"\xff\xfe\x00\x80") is None


def test_nothing_is_found_in_nothing() -> None:
    for rows in ([], [None], [""], [None, "", None], ["\0\0"], ["\ud800"], ["𝟒" * 5]):
        assert len(look(rows)) == 0
        assert population(rows).verdicts(read_name("card_number")) == []


@pytest.mark.parametrize("text", ["order {n}", "注文番号：{n}", "tracking no. {n}", "ギフトカード {n}", "gift card {n}", '{{"orderId":"{n}"}}', "会員番号は{n}"])
def test_one_number_behind_a_label_of_the_business_is_no_finding(text: str) -> None:
    assert [verdicts([text.format(n=n)]) for n in numbers(10, 5)] == [{}] * 5


@pytest.mark.parametrize("text", ["card {n}", "カード番号：{n}", "PAN={n}", "please charge {n}", '{{"cardNumber":"{n}"}}', "お支払いは{n}で"])
def test_one_number_behind_a_label_of_cards_is_a_finding(text: str) -> None:
    assert [set(verdicts([text.format(n=n)])) for n in numbers(11, 5)] == [{Kind.CARD_NUMBER}] * 5


def words(seed: int, size: int) -> list[str]:
    drawn = random.Random(seed)
    return ["".join(drawn.choices("bdfglmprstz", k=7)) for _ in range(size)]


def test_numbers_with_labels_of_their_own_each_hear_from_their_column() -> None:
    drawn = random.Random(12)
    cards = [f"{word} {n}" for word, n in zip(words(1, 150), numbers(12, 150), strict=True)]
    assert verdicts(cards)[Kind.CARD_NUMBER].count == 150
    others = [f"{word} {hard_numbers.alike(drawn)}" for word in words(2, 400)]
    assert verdicts(others) == {}


def test_a_stretch_of_something_hexadecimal_is_no_number() -> None:
    for n in numbers(13, 20):
        sixteen = n.ljust(16, "0") if len(n) == 16 else "4929317735928466"
        four = "-".join(sixteen[at : at + 4] for at in (0, 4, 8, 12))
        assert [verdicts([text]) for text in (f"d41d8cd9{sixteen}b2998ecf", f"sha {'a' * 8}{sixteen}{'b' * 16}", f"0x{sixteen}",
                                             f"id abcd{four}1234567890ab")] == [{}] * 4


def test_masked_numbers_of_a_gift_card_are_no_card_data() -> None:
    assert Kind.MASKED in verdicts(["411111******1111"] * 5, "card_no")
    assert verdicts(["411111******1111"] * 5, "gift_card_no") == {}


def test_a_business_number_that_passes_by_chance_makes_no_expiry_a_finding() -> None:
    drawn = random.Random(14)
    assert verdicts([f'{{"order":"{hard_numbers.alike(drawn)}","exp":"12/27"}}' for _ in range(600)], "payload") == {}
