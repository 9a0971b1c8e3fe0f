"""What the names of tables and columns say of a billing database, in English and Japanese: whole words, never parts.

Card data has a vocabulary of its own (`detector/names.py`); here is the rest that a configuration names. The words of
an end are many on purpose: an end that is not seen could be the one that decides, and a doubt costs only a question.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from carddata_retention.detector.names import CARD_WORDS, words


@dataclass(frozen=True, slots=True)
class Meaning:
    """Words that say something. `latin` are whole words, also two neighbours as one; `japanese` parts of a name."""

    latin: frozenset[str]
    japanese: tuple[str, ...]

    def said_in(self, name: str) -> bool:
        """Whether a name says this."""
        said = [w for w in words(name) if w.isascii()]
        single = {*said, *(w.removesuffix("s") for w in said), *(a + b for a, b in pairwise(said))}
        return bool(single & self.latin) or any(part in unicodedata.normalize("NFKC", name) for part in self.japanese)


def _meaning(latin: str, japanese: str) -> Meaning:
    return Meaning(frozenset(latin.split()), tuple(japanese.split()))


END = _meaning(
    "end ended ending enddate endday endtime terminated terminate termination term termdate closed close closing "
    "closedate cancelled canceled cancel cancellation canceldate withdrawn withdrawal deactivated discontinued "
    "finished finish quit left churned stopped stop until through validto validuntil thru expires expired expiry "
    "expiration expire deleted removed unsubscribed kaiyaku shuryo taikai",
    "終了 解約 退会 廃止 閉鎖 停止 満了 失効 解除 脱会 期限")
NO_END = _meaning(  # something ends there, and it is no service; or it is only asked for, meant, or noted
    "trial billing invoice campaign discount expected scheduled planned request requested due promo promotion notice "
    "notified received accepted estimated auto grace reason note comment fee id by is has flag count type name",
    "予定 申込 申請 無料 請求 試用 割引 締切 見込 受付 受領 届 申出 理由 備考 金 フラグ 者")
USE = _meaning("use used usage using", "利用")
PROVISION = _meaning("provision provided provisioned provisioning providing", "提供")
DOUBTFUL = _meaning(  # who cancels may still use what is paid for, and what expires may have been renewed
    "cancel cancelled canceled cancellation canceldate expires expired expiry expiration expire until through thru "
    "validto validuntil deleted removed stopped stop period term", "停止 期限 失効 満了")
START = _meaning(
    "start started startdate begin began since opened activated commenced joined signup", "開始 加入 入会 契約日")
KEPT = _meaning(  # when a row was written, not what it says
    "created updated modified inserted recorded synced imported touched changed", "作成日時 更新日時 登録日時")
STATUS = _meaning("status state", "状態 状況 ステータス")
GOING_ON = frozenset({
    "active", "inactive", "open", "live", "suspended", "pending", "paused", "trial", "trialing", "expired", "enabled",
    "利用中", "契約中", "有効", "無効", "停止中", "休止中",
})
TERMINATED = frozenset({
    "closed", "terminated", "cancelled", "canceled", "ended", "withdrawn", "deactivated", "discontinued",
    "解約", "解約済", "解約済み", "終了", "終了済", "退会", "退会済", "廃止",
})
NO_SERVICE = _meaning(
    "ticket case order invoice session cart shipment task incident inquiry campaign coupon payment charge refund card "
    "job log history message call delivery booking reservation",
    "注文 問合 問い合わせ 請求 決済 入金 配送 履歴 予約 カード")
MONEY = _meaning(
    "amount price total subtotal tax fee charge paid refund refunded currency balance yen cost sum gross net revenue "
    "kingaku gokei uriage", "金額 税 料金 価格 額 合計 単価 売上 代金 値段")
NUMBER = _meaning("number num no nr pan cardno cardnum cardnumber cardnr ccno ccnum ccnumber cardpan fpan", "番号")
CARD = Meaning(CARD_WORDS, ("カード", "クレジット", "クレカ"))
VALID = _meaning("valid validity expiry exp expire expires expiration kigen", "有効 期限")
BESIDE = _meaning(  # says something of a card, and is none of the three fields of the notice
    "lastfour lastdigits brand network scheme bin issuer fingerprint",
    "下4桁 下四桁 末尾4桁 ブランド 国際ブランド カード会社")


def is_end(column: str) -> bool:
    """Whether a column's name could say when a service ended."""
    return END.said_in(column) and not NO_END.said_in(column)


def is_status(column: str) -> bool:
    """Whether a column holds a status itself, and no note, reason or time of one."""
    said = words(column)
    return bool(said) and STATUS.said_in(said[-1])


def is_of_a_life(value: str) -> bool:
    """Whether a word can be that of something that begins and ends; an address has a state too."""
    return is_terminated(value) or unicodedata.normalize("NFKC", value).strip().lower() in GOING_ON


def is_terminated(value: str) -> bool:
    """Whether a status says that a service is over."""
    return unicodedata.normalize("NFKC", value).strip().lower() in TERMINATED


def is_beside(column: str) -> bool:
    """Whether a column says something of a card beside the fields of the notice: its brand, its last four digits."""
    folded = unicodedata.normalize("NFKC", column).lower().replace("_", "")
    return BESIDE.said_in(column) or "last4" in folded or "first6" in folded


def speaks_of_cards(column: str) -> bool:
    """Whether a name could be that of a card field in a table that holds some."""
    return CARD.said_in(column) or VALID.said_in(column)


def points_at(column: str, table: str, key: str) -> bool:
    """Whether a column's name is that of a reference to a table: `customer_id` to `customers.id`."""
    folded = [w.lower().replace("_", "") for w in (column, table, key)]
    stems = set(_singular(folded[1]))
    return folded[0] in {stem + folded[2] for stem in stems} or (
        folded[0] == folded[2] and any(stem in folded[2] for stem in stems))


def _singular(name: str) -> Iterable[str]:
    yield name
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("es"):
        yield name[:-2]
    if name.endswith("s"):
        yield name[:-1]
