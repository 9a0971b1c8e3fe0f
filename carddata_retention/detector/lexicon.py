"""What the words around a number say: is it a card's, or one of the many other numbers that a business has.

Word lists, not grammar. The word nearest to the number decides; "gift card" and ポイントカード are no payment cards.
"""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache


class Said(IntEnum):
    """What a label says; the number is part of a saved population."""

    NOTHING = 0
    CARD = 1
    PAYMENT = 2
    BUSINESS = 3


_CARD = (
    r"cards?|pans?|cc|ccn|credit|debit|visa|master ?card|amex|american express|jcb|diners|discover|union ?pay|"
    r"(?:card|cc|pan|credit)_?(?:no|num|number|nbr)|creditcard|cardholder|ccnum|cardno|cardnumber|"
    r"primaryaccountnumber|plastic",
    r"カード|クレジット|クレカ|ビザ|マスター|アメックス|ダイナース|デビット|銀聯",
)
_PAYMENT = (
    r"paid|pay|pays|payment|payments|charged?|charging|refund(?:ed|s)?|expir\w+|exp|cvv2?|cvc2?|valid|billed|"
    r"billing card|declined|swiped|stolen|chargeback|holder|checkout|authori[sz]e",
    r"決済|支払|払い|払|引落|引き落とし|返金|有効期限|期限|名義|与信|請求先|課金|紛失|盗難|再発行|"
    r"再登録|利用停止|使用",
)
_BUSINESS = (
    r"orders?|invoices?|inv|tracking|track|shipments?|shipping|shipped|waybill|awb|parcels?|packages?|ledgers?|"
    r"journal|entry|entries|member(?:ship)?s?|customers?|client|users?|accounts?|acct|contracts?|serials?|sn|s/n|"
    r"lots?|sku|jan|ean|upc|gtin|isbn|barcodes?|imei|meid|iccid|imsi|sim|phones?|tel|mobile|fax|msisdn|tickets?|"
    r"cases?|reservations?|bookings?|receipts?|vouchers?|coupons?|gift|points?|loyalty|rewards?|timestamps?|epoch|"
    r"time|ts|trace|requests?|sessions?|correlation|hash|digest|uuid|guid|checksum|slips?|batch|"
    r"deliver(?:y|ies|ed)|consignment|courier|stan|rrn|approval|iban|bic|devices?|meters?|policy|claims?|"
    r"transactions?|txn|txid|trx|trn|ref|references?|refs|po|purchase|quote|estimate|product|item|asset|inventory|"
    r"corporate|tax|vat|registration|license|licence|passport|patient|library|student|employee|payroll|vendor|"
    r"supplier|deal|id|ids|job|event|msg|message|seq|sequence|version|build|revision|nonce|offset|row|record|"
    r"document|doc|file|archive|container|pallet|carton|locker|bank|transfer|wire|deposit|subscriber|line|"
    r"equipment|model|part|warranty|rma|return|complaint|inquiry|enquiry|application",
    r"注文|受注|発注|オーダー|伝票|請求書|請求番号|インボイス|会員|追跡|送り状|問合|問い合|合わせ|"
    r"受付|予約|契約|顧客|申込|申し込|管理|承認|取引|ロット|シリアル|製造|品番|型番|商品|"
    r"バーコード|口座|電話|法人|個人番号|マイナンバー|端末|機器|ポイント|ギフト|仕訳|元帳|整理|証券|"
    r"配送|発送|領収|検針|供給地点|お客様番号|利用者番号|出荷|入荷|納品|見積|在庫|荷物|宅配|貨物|"
    r"保証|登録番号|許可|免許|診察|患者|社員|学籍|車両|車台|コード|レシート|トレース|セッション|"
    r"リクエスト|タイムスタンプ|時刻|トランザクション|通番|連番|識別|案件|チケット|クーポン|特典|"
    r"プリペイド|振込|入金番号|起票|稟議|図書|会計|勘定|資産|ファイル|文書|依頼|照会|照合|参照|"
    r"修理|返品|交換|問番|航空券|便名|回線|製品|部品|ジャン",
)
_NO_CARD = (
    r"(?:gift|points?|loyalty|rewards?|member(?:ship)?|sim|library|student|id|store|prepaid|business|time|phone|"
    r"transit|travel)[ _-]?cards?",
    r"(?:ポイント|ギフト|会員|メンバーズ?|診察|図書|sim|シム|プリペイド|テレホン|交通系?|入館|社員|学生|ic|"
    r"スタンプ|タイム)・?カード|カード会社|カードリーダー?",
)


def _searcher(said: Said, parts: tuple[str, str]) -> str:
    latin, japanese = parts
    return f"(?P<{said.name}_L>(?<![a-z])(?:{latin})(?![a-z]))|(?P<{said.name}_J>{japanese})"


_LEXICON = re.compile(
    "|".join((
        f"(?P<BUSINESS_N>(?<![a-z])(?:{_NO_CARD[0]})(?![a-z])|{_NO_CARD[1]})",
        _searcher(Said.CARD, _CARD), _searcher(Said.PAYMENT, _PAYMENT), _searcher(Said.BUSINESS, _BUSINESS),
    ))
)  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _folded(text: str) -> str:
    return _CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).lower()


@lru_cache(maxsize=65536)
def said_by(label: str) -> Said:
    """What one label says: its last word that says anything."""
    said = Said.NOTHING
    for match in _LEXICON.finditer(_folded(label)):
        said = Said[(match.lastgroup or "").rpartition("_")[0]]
    return said

