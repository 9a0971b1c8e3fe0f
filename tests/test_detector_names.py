"""What the name of a column says: whole words in English and Japanese, whatever the spelling."""

import pytest

from carddata_retention.detector import Kind, read_name
from carddata_retention.detector.names import words

SAYS = {
    Kind.CARD_NUMBER: "card_number cardNo CardNumber PAN ccNum cc_number creditCard credit_card_no カード番号 ｶｰﾄﾞ番号 クレジットカード番号 card_no_old ＣＡＲＤ＿ＮＯ",
    Kind.CVV: "cvv CVV2 cvc cardCvv card_security_code securityCode SecurityCode cid card_cid セキュリティコード セキュリティーコード ｾｷｭﾘﾃｨｺｰﾄﾞ カード確認番号",
    Kind.TOKEN: "card_token cardToken token payment_token pan_token カードトークン トークン",
    Kind.HOLDER: "cardholder card_holder cardHolderName name_on_card holder_name card_name カード名義 カード名義人 名義",
    Kind.EXPIRY: "exp exp_month expYear card_exp expiry_date expiration expires valid_thru 有効期限 カード有効期限 有効年月",
    Kind.TRACK: "track2 track_data magstripe msr_data 磁気データ",
    Kind.PIN_BLOCK: "pin_block pin pinBlk encrypted_pin ピンブロック 暗証番号",
}
SAYS_NOTHING = (
    "acid_level academic_year_code acidity spanish company expense export express discard postcard_count tracking_no soundtrack_id "
    "spin opinion pin_code session_token csrf_token apiToken placeholder stakeholder policy_holder account_holder coupon_expiry 備考 memo note "
    "口座名義 クーポン有効期限 注文番号 伝票番号 電話番号 remarks extra1 wildcard_x discount"
)
BUSINESS = "order_no invoiceNumber tracking_no jan_code imei iccid corporate_no_customer point_card_no gift_card member_card_no 注文番号 伝票番号 会員番号 ポイントカード番号 ギフトカード番号 電話番号 法人番号 マイナンバー"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in SAYS.items() for name in names.split()])
def test_a_name_speaks_of_its_class(kind: Kind, name: str) -> None:
    assert read_name(name).claims(kind)


@pytest.mark.parametrize("name", SAYS_NOTHING.split())
def test_a_part_of_a_word_says_nothing(name: str) -> None:
    assert read_name(name).says == frozenset()


@pytest.mark.parametrize("name", BUSINESS.split())
def test_a_name_of_business_numbers_speaks_of_no_card(name: str) -> None:
    assert (read_name(name).business, Kind.CARD_NUMBER in read_name(name).says) == (True, False)


@pytest.mark.parametrize(
    ("name", "cut"),
    [("CardNumber", ("card", "number")), ("PANToken2", ("pan", "token")), ("ｃａｒｄ＿ｎｏ", ("card", "no")), ("x.y-z", ("x", "y", "z")), ("カード番号", ("カード番号",)), ("", ())],
)
def test_a_name_is_cut_at_case_digits_and_signs(name: str, cut: tuple[str, ...]) -> None:
    assert words(name) == cut
