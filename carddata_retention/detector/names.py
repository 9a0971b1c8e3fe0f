"""What the name of a column says, in English and Japanese: whole words, never substrings.

"acid_level" is no CID and "academic_year_code" no CVV. A name is folded by NFKC, cut at camelCase, digits and signs;
Japanese names are cut at changes of script and looked through for their words. A name alone never convicts.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from carddata_retention.detector.kinds import Kind

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+|[^\x00-\x7f\W]+")


@dataclass(frozen=True, slots=True)
class ColumnName:
    """What a name says: the classes that it may hold, and whether it speaks of numbers that are no cards."""

    says: frozenset[Kind]
    business: bool

    def claims(self, kind: Kind) -> bool:
        """Whether the name speaks of this class."""
        return kind in self.says


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


CARD_WORDS = _listed("""
    card cards pan cc ccnum cardno cardnum cardnumber creditcard credit debit crd visa mastercard amex jcb
    primaryaccountnumber cardnr ccno cardpan fpan
""")
_CVV = _listed("""
    cvv cvc cvn cid csc cav cvd securitycode cvvcode cvccode
""")
_CVV_PAIRS = tuple(
    frozenset(pair.split())
    for pair in (
        "security code", "card code", "verification value", "card verification", "sec code", "secure code",
    )
)  # fmt: skip
_TRACK = _listed("""
    track trackdata magstripe magnetic magstrip msr swipe stripe
""")
_PIN = _listed("""
    pin pinblock pinblk epb
""")
_TOKEN = _listed("""
    token tokens cardtoken tok surrogate tokenized tokenised dpan tkn
""")
_OTHER_TOKENS = _listed("""
    session csrf xsrf access refresh auth api push device reset bearer jwt id invite verification login oauth sso
    remember email fcm apns user confirmation unlock activation magic
""")
_HOLDER = _listed("""
    cardholder holder holdername nameoncard meigi cardmember
""")
_EXPIRY = _listed("""
    exp expiry expiration expires expdate expirydate expmonth expyear expirydt expmm expyy expirymonth expiryyear
    validthru goodthru
""")
_BUSINESS = _listed("""
    order orders invoice tracking shipment waybill ledger journal member membership customer client user account
    acct contract serial lot sku jan ean upc gtin barcode imei iccid sim phone tel mobile fax ticket case
    reservation booking receipt voucher coupon gift point points loyalty reward timestamp epoch created updated
    trace request session correlation hash digest uuid guid checksum slip batch parcel delivery stan rrn approval
    auth iban device meter corporate msisdn policy share
""")
_NO_PAYMENT_CARD = _listed("""
    gift point points loyalty sim member membership reward library student business
""")
_JAPANESE = {
    Kind.CVV: _listed(
        "セキュリティコード セキュリティーコード セキュリティ番号 カード確認番号 "
        "カード検証 検証コード 裏面番号 裏面三桁 署名欄 "
    ),
    Kind.TRACK: _listed("トラック 磁気 ストライプ"),
    Kind.PIN_BLOCK: _listed("ピンブロック 暗証"),
    Kind.TOKEN: _listed("トークン 代替番号"),
    Kind.HOLDER: _listed("カード名義 名義 カード会員名 カード氏名 カード所有者 カード保有者"),
    Kind.EXPIRY: _listed("有効期限 有効年月 有効期間 有効月 有効年 期限年月 カード期限"),
    Kind.CARD_NUMBER: _listed("カード クレジット クレカ デビット 銀聯"),
}
_JAPANESE_BUSINESS = _listed("""
    注文 受注 発注 伝票 請求 会員番号 追跡 送り状 問合 問い合わせ 受付 予約 契約 顧客 申込 管理番号 承認 取引
    ロット シリアル 製造 品番 型番 商品 バーコード 口座 電話 法人番号 個人番号 マイナンバー 端末 機器 ポイント
    ギフト 仕訳 元帳 整理番号 証券 配送 発送 領収 検針 供給地点 お客様番号 利用者番号 クーポン 特典
""")
_NO_CARD = _listed("""
    ポイントカード ギフトカード 会員カード SIMカード 診察カード 図書カード メンバーズカード プリペイドカード
    名刺
""")


def words(name: str) -> tuple[str, ...]:
    """The words of a name: NFKC, camelCase and signs cut, lower case."""
    folded = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name)).lower()
    return tuple(_WORD.findall(folded.replace("_", " ")))


@lru_cache(maxsize=4096)
def read_name(name: str) -> ColumnName:
    """What a column's name says; also for a JSON key or the header of a CSV file."""
    said = words(name)
    single = frozenset(w for w in said if w.isascii())
    japanese = "".join(w if not w.isascii() else f" {w} " for w in said)
    says = _latin(single, single | {a + b for a, b in pairwise(said)})
    says |= {kind for kind, terms in _JAPANESE.items() if any(t in japanese for t in terms)}
    business = bool(single & _BUSINESS) or any(t in japanese for t in _JAPANESE_BUSINESS)
    of_a_card = bool(single & CARD_WORDS) or "カード" in japanese or "クレ" in japanese
    if any(t in japanese.upper() for t in _NO_CARD) or (single & _NO_PAYMENT_CARD and not says - {Kind.CARD_NUMBER}):
        return ColumnName(frozenset(), True)
    if says - {Kind.CARD_NUMBER}:
        says.discard(Kind.CARD_NUMBER)
    if business and not of_a_card:
        says -= {Kind.CARD_NUMBER, Kind.HOLDER, Kind.EXPIRY}
    return ColumnName(frozenset(says), business and Kind.CARD_NUMBER not in says)


def _latin(single: frozenset[str], joined: frozenset[str]) -> set[Kind]:
    """The classes that Latin words speak of; `joined` has two neighbours as one word too."""
    found = {
        Kind.CARD_NUMBER: joined & CARD_WORDS,
        Kind.CVV: joined & _CVV or any(pair <= single for pair in _CVV_PAIRS),
        Kind.TRACK: joined & _TRACK,
        Kind.PIN_BLOCK: joined & _PIN and not single & {"code", "zip", "postal"},
        Kind.TOKEN: joined & _TOKEN and not single & _OTHER_TOKENS,
        Kind.HOLDER: joined & _HOLDER or {"name", "card"} <= single,
        Kind.EXPIRY: joined & _EXPIRY,
    }
    return {kind for kind, says in found.items() if says}
