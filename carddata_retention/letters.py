"""The letters that answer an individual, in Japanese and English: facts in, two texts out. Never a card value.

The duties behind them: APPI art. 33 (disclosure, and its three grounds of refusal), 34 (correction), 35 (erasure),
36 (reasons are explained), 38 (a fee for disclosure and for notice of the purpose only).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from carddata_retention.individuals import Ground, RequestKind
from carddata_retention.letter_words import (
    FIELDS,
    GROUNDS,
    KINDS,
    TRIGGERS,
    basis_en,
    basis_ja,
    day_en,
    day_ja,
    fields_in,
    law_ja,
    length_en,
    length_ja,
    records_en,
)
from carddata_retention.period import Period


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in both languages."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above each letter. `sender` is the acquirer that the notice names; empty where it names none."""

    number: str
    received: date
    answered: date
    sender: str


@dataclass(frozen=True, slots=True)
class Term:
    """How long records are kept: in use, without a usable service end, or ended with the three days of the rule."""

    state: str  # active, undetermined, ended
    ended: date | None = None
    last_retained: date | None = None
    first_purgeable: date | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Records of one target and one term that hold card data, and in how many of them each field is filled."""

    target: str
    records: int
    filled: Mapping[str, int]
    term: Term


@dataclass(frozen=True, slots=True)
class Notice:
    """What the privacy notice says, the places beyond the database, and the fee of a disclosure in yen, if any."""

    purpose: str
    recipients: tuple[str, ...]
    period: Period
    trigger: str
    places: tuple[str, ...]
    fee_yen: int | None = None


def disclosed(head: Head, notice: Notice, held: Sequence[Held], holds: Sequence[str]) -> Letter:
    """What is held, why, from whom, to whom, where and until when."""
    ja = [
        ("保有するカード情報", [_held_ja(one) for one in held] or ["該当するカード情報は保有しておりません。"]),
        ("利用目的", [notice.purpose or "(公表している保存方針をご覧ください)"]),
        ("情報の取得者", [head.sender or "弊社"]),
        ("情報の提供先", ["、".join(notice.recipients) or "ございません。"]),
        ("保管場所", ["弊社の契約管理データベース", *notice.places]),
        ("サービス終了日と保存期限", _each(_term_ja(notice, one.term) for one in held) or [_length_ja(notice)]),
        ("消去の停止", [f"次の番号の保存措置が続く間は、保存期限後も消去いたしません: {'、'.join(holds)}"
                   if holds else "該当する保存措置はございません。"]),
        *([("手数料", [f"{notice.fee_yen:,}円"])] if notice.fee_yen is not None else []),
    ]
    en = [
        ("Card data that we hold", [_held_en(one) for one in held] or ["We hold no card data of yours."]),
        ("Purpose of use", [notice.purpose or "As stated in our published policy."]),
        ("Acquired by", [head.sender or "Our company"]),
        ("Provided to", [", ".join(notice.recipients) or "Nobody."]),
        ("Where it is kept", ["Our contract database", *notice.places]),
        ("End of service and deadline", _each(_term_en(notice, one.term) for one in held) or [_length_en(notice)]),
        ("Suspension of erasure", [f"While these preservation orders last, nothing is erased: {', '.join(holds)}"
                                   if holds else "No preservation order applies."]),
        *([("Fee", [f"JPY {notice.fee_yen:,}"])] if notice.fee_yen is not None else []),
    ]
    return _letter(
        head, "カード情報の開示について(ご回答)", "Disclosure of card data",
        "お申し出のありましたカード情報の開示につきまして、ご本人様であることを確認のうえ、下記のとおりご回答申し上げ"
        "ます。なお、情報の安全管理のため、カード名義・カード番号・有効期間の内容そのものは本書に記載しておりません。",
        "Having confirmed your identity, we answer your request for disclosure of card data as follows. To keep the "
        "data safe, this letter does not repeat the cardholder names, card numbers or expiry dates themselves.",
        ja, en)


def corrected(head: Head, fields: Sequence[str]) -> Letter:
    """A correction was done; of what, never from what to what."""
    ja, en = (fields_in(fields, n) for n in (0, 1))
    return _letter(
        head, "カード情報の訂正について(ご回答)", "Correction of card data",
        "お申し出のありましたカード情報の訂正につきまして、ご本人様であることを確認のうえ、調査の結果、下記の項目を訂正"
        "いたしました。",
        "Having confirmed your identity and looked into the matter, we have corrected the following.",
        [("訂正した項目", [ja])], [("What was corrected", [en])])


def erasing(head: Head, notice: Notice, counts: Mapping[str, int], holds: Sequence[str]) -> Letter:
    """An erasure was granted and is to be carried out, or waits for holds."""
    ja = [("対象となるカード情報", [f"{name}: {count:,}件" for name, count in counts.items()])]
    en = [("Card data concerned", [f"{name}: {records_en(count)}" for name, count in counts.items()])]
    if holds:
        ja += [("消去の停止", ["法令または係争等に基づく次の番号の保存措置の対象となっている情報は、当該措置の終了後、"
                          f"速やかに消去いたします: {'、'.join(holds)}"])]
        en += [("Suspension of erasure", ["What is under these preservation orders (by law or because of a dispute) is "
                                          f"erased without delay once they end: {', '.join(holds)}"])]
    ja, en = _places(notice, ja, en)
    return _letter(
        head, "カード情報の削除について(ご回答)", "Erasure of card data",
        "お申し出のありましたカード情報の削除につきまして、ご本人様であることを確認のうえ、これに応じることといたしまし"
        "た。下記の情報を速やかに消去いたします。消去した情報は元に戻すことができません。",
        "Having confirmed your identity, we have decided to grant your request for erasure. The following is erased "
        "without delay. What has been erased cannot be restored.", ja, en)


def erased(head: Head, notice: Notice, day: date | None) -> Letter:
    """An erasure was carried out, and looked at again; without a day: before it was decided."""
    ja_day = day_ja(day) if day else "ご請求への決定より前に、保存期間の満了等により消去しております。"
    en_day = day_en(day) if day else "Before your request was decided, its retention period being over."
    ja, en = _places(notice, [("消去日", [ja_day])], [("Erased on", [en_day])])
    return _letter(
        head, "カード情報の削除について(完了のお知らせ)", "Card data erased",
        "お申し出のありましたカード情報の削除につきまして、下記のとおり消去を完了し、残存していないことを確認いたしまし"
        "た。",
        "The card data that you asked us to erase has been erased as stated below, and we have verified that none is "
        "left.", ja, en)


def refused(head: Head, kind: RequestKind, ground: Ground, reason: str) -> Letter:
    """A request was refused on one of the three grounds, with the reason."""
    ja_kind, en_kind = KINDS[kind]
    ja_ground, en_ground = GROUNDS[ground]
    return _letter(
        head, f"カード情報の{ja_kind}について(ご回答)", f"Your request for {en_kind} of card data",
        f"お申し出のありましたカード情報の{ja_kind}につきまして、慎重に検討いたしました結果、誠に恐れ入りますが、下記の理由"
        "によりお応えいたしかねます。何卒ご理解を賜りますようお願い申し上げます。",
        f"After careful consideration we regret that we cannot grant your request for {en_kind} of card data, for the "
        "following reason.",
        [("お応えできない事由", [f"{ja_ground}({basis_ja(kind, ground)})"]), ("理由の説明", [reason])],
        [("Ground", [f"Because {en_ground} ({basis_en(kind, ground)})."]), ("Explanation", [reason])])


def _places(notice: Notice, ja: list[tuple[str, list[str]]],
            en: list[tuple[str, list[str]]]) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
    """Where an erasure in the database does not reach."""
    if not notice.places:
        return ja, en
    return ([*ja, ("本件の消去が及ばない保管場所(それぞれの保存期間の満了により消去されます)", list(notice.places))],
            [*en, ("Places that this erasure does not reach (each is emptied by its own retention)",
                   list(notice.places))])


def _held_ja(one: Held) -> str:
    filled = "、".join(f"{FIELDS[name][0]} {count:,}件" for name, count in one.filled.items())
    return f"{one.target}: {one.records:,}件({filled})"


def _held_en(one: Held) -> str:
    filled = ", ".join(f"{FIELDS[name][1]} in {count:,}" for name, count in one.filled.items())
    return f"{one.target}: {records_en(one.records)} ({filled})"


def _term_ja(notice: Notice, term: Term) -> str:
    if term.state == "active":
        return f"ご利用中のサービスがございますので、保存期間はまだ始まっておりません。{_length_ja(notice)}"
    if term.ended is None or term.last_retained is None or term.first_purgeable is None:
        return f"サービスの終了日を確認できていないため、保存期限は未定です。{_length_ja(notice)}"
    return (f"最後のサービスの終了日は{day_ja(term.ended)}です。{_since_ja(notice)}より{length_ja(notice.period)}の"
            f"保存期間({law_ja(term.rule)})は{day_ja(term.last_retained)}をもって満了し、"
            f"{day_ja(term.first_purgeable)}以降に消去いたします。")


def _term_en(notice: Notice, term: Term) -> str:
    if term.state == "active":
        return f"A service is still in use, so the retention period has not begun. {_length_en(notice)}"
    if term.ended is None or term.last_retained is None or term.first_purgeable is None:
        return f"The end of the service is not established, so there is no deadline yet. {_length_en(notice)}"
    return (f"The last service ended on {day_en(term.ended)}. The retention period of {length_en(notice.period)} from "
            f"{_since_en(notice)} ({term.rule}) runs until {day_en(term.last_retained)} inclusive; from "
            f"{day_en(term.first_purgeable)} the data is erased.")


def _length_ja(notice: Notice) -> str:
    return f"{_since_ja(notice)}より{length_ja(notice.period)}保存した後に消去いたします。"


def _length_en(notice: Notice) -> str:
    return f"Data is kept for {length_en(notice.period)} from {_since_en(notice)}, and then erased."


def _since_ja(notice: Notice) -> str:
    return TRIGGERS.get(notice.trigger, ("サービス終了時", ""))[0]


def _since_en(notice: Notice) -> str:
    return TRIGGERS.get(notice.trigger, ("", "the end of the service"))[1]


def _each(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _letter(head: Head, ja_title: str, en_title: str, ja_body: str, en_body: str, ja: Sequence[tuple[str, list[str]]],
            en: Sequence[tuple[str, list[str]]]) -> Letter:
    """The frame: date, addressee, sender, subject, number, greeting, body, list, close."""
    return Letter(
        "\n".join((
            day_ja(head.answered), "", "ご請求者様", "", *([head.sender, ""] if head.sender else []), ja_title, "",
            f"受付番号: {head.number}", f"受付日: {day_ja(head.received)}", "",
            "拝啓 平素は格別のご高配を賜り、厚く御礼申し上げます。", ja_body, "敬具", "", "記", "",
            *_listed(ja, ". ", "   ・"), "以上", "")),
        "\n".join((
            day_en(head.answered), "", "To the person who made the request", "",
            *([head.sender, ""] if head.sender else []), en_title, "", f"Request number: {head.number}",
            f"Received: {day_en(head.received)}", "", "Dear Sir or Madam,", "", en_body, "",
            *_listed(en, ". ", "   - "), "Yours faithfully", "")))


def _listed(parts: Sequence[tuple[str, list[str]]], after: str, mark: str) -> list[str]:
    lines: list[str] = []
    for number, (title, said) in enumerate(parts, start=1):
        lines += [f"{number}{after}{title}", *(f"{mark}{line}" for line in said), ""]
    return lines
