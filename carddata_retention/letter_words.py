"""The words of the letters to individuals: fields, grounds, days, lengths and articles, in Japanese and in English."""

import re
from collections.abc import Sequence
from datetime import date

from carddata_retention.individuals import Ground, RequestKind
from carddata_retention.period import Period

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")
FIELDS = {"holder": ("カード名義", "cardholder name"), "number": ("カード番号", "card number"),
          "expiry": ("有効期間", "expiry date")}
TRIGGERS = {"service_use_end": ("サービス利用終了時", "the end of service use"),
            "service_provision_end": ("サービス提供終了時", "the end of service provision")}
LAWS = {"Civil Code": "民法", "Regulation 1182/71": "規則(EEC, Euratom)1182/71 "}
KINDS = {RequestKind.DISCLOSE: ("開示", "disclosure"), RequestKind.CORRECT: ("訂正・追加", "correction"),
         RequestKind.ERASE: ("削除", "erasure")}
GROUNDS = {
    Ground.RIGHTS: ("ご本人様または第三者の生命、身体、財産その他の権利利益を害するおそれがあるため",
                    "it could harm the life, body, property or other rights or interests of yourself or a third party"),
    Ground.BUSINESS: ("弊社の業務の適正な実施に著しい支障を及ぼすおそれがあるため",
                      "it could seriously hinder the proper conduct of our business"),
    Ground.LAW: ("他の法令に違反することとなるため", "it would violate another law or regulation"),
}


def basis_ja(kind: RequestKind, ground: Ground) -> str:
    """Where a ground stands. Of a disclosure the law itself names these three; for the rest the notice promises them.
    """
    item = list(Ground).index(ground) + 1
    law = f"個人情報の保護に関する法律第33条第2項第{item}号"
    return law if kind is RequestKind.DISCLOSE else f"弊社の公表事項による。{law}と同じ事由"


def basis_en(kind: RequestKind, ground: Ground) -> str:
    """The same in English."""
    law = f"Act on the Protection of Personal Information, art. 33(2)({list(Ground).index(ground) + 1})"
    return law if kind is RequestKind.DISCLOSE else f"as our published notice says; the ground of the {law}"


def records_en(count: int) -> str:
    """1 record, 2 records."""
    return f"{count:,} record{'' if count == 1 else 's'}"


def length_ja(period: Period) -> str:
    """5年間, 18か月間, 90日間."""
    years, months = divmod(period.months, 12)
    return f"{period.days}日間" if period.days else f"{years}年間" if not months else f"{period.months}か月間"


def length_en(period: Period) -> str:
    """5 years, 18 months, 90 days."""
    years, months = divmod(period.months, 12)
    count, word = (period.days, "day") if period.days else (years, "year") if not months else (period.months, "month")
    return f"{count} {word}{'' if count == 1 else 's'}"


def law_ja(rule: str) -> str:
    """The articles that `period.py` cites, as Japanese cites them: 民法第140条、第143条第2項."""
    law, _, articles = rule.partition(" art. ")
    if not articles:
        return "応当日による計算"
    return LAWS.get(law, law) + "、".join(_article_ja(article) for article in articles.split(", "))


def _article_ja(article: str) -> str:
    number, *parts = re.findall(r"\w+", article.removesuffix(" proviso"))
    below = "".join(f"第{part}項" if part.isdigit() else f"({part})" for part in parts)
    return f"第{number}条{below}" + ("ただし書" if article.endswith("proviso") else "")


def fields_in(fields: Sequence[str], language: int) -> str:
    """The card fields by their names in the notice; `language` is 0 for Japanese, 1 for English."""
    return ("、", ", ")[language].join(FIELDS[name][language] for name in fields)


def day_ja(day: date) -> str:
    """2026年11月27日."""
    return f"{day.year}年{day.month}月{day.day}日"


def day_en(day: date) -> str:
    """27 November 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
