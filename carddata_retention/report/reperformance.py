"""How to recompute a deadline by hand: the rule in words, a formula for a spreadsheet, one record of tonight.

Only words and a formula: what the product itself computes with is `period.py`.
"""

from typing import Any

from carddata_retention.model import Convention, Night, Status
from carddata_retention.report.controls import dated
from carddata_retention.report.speech import Phrase, Speech, phrase
from carddata_retention.report.views import Length, PolicyView
from carddata_retention.report.words import Text, texts

# What a spreadsheet can recompute without us; docs say why EDATE alone is wrong.
_FORMULA = {
    Convention.JP_CIVIL_CODE: ("S", "=MIN(DATE(YEAR(S),MONTH(S)+N,DAY(S))-1, EOMONTH(DATE(YEAR(S),MONTH(S)+N,1),0))",
                               "=S+N-1"),
    Convention.EU_1182_71: ("E", "=MIN(DATE(YEAR(E),MONTH(E)+N,DAY(E)), EOMONTH(DATE(YEAR(E),MONTH(E)+N,1),0))",
                            "=E+N"),
    Convention.ANNIVERSARY: ("E", "=MIN(DATE(YEAR(E),MONTH(E)+N,DAY(E)), EOMONTH(DATE(YEAR(E),MONTH(E)+N,1),0))-1",
                             "=E+N-1"),
}

RULES: dict[str, tuple[Text, ...]] = {
    "jp-civil-code": tuple(texts({
        "1": ("利用終了を方針の時間帯({zone})の日時に直す。", "Convert the service end to the policy zone ({zone})."),
        "2": (
            "初日は数えない(民法140条)。利用終了の翌日が起算日 S。0時ちょうどの終了と定めた列では、その日が S(同条"
            "但書)。",
            "The first day is not counted (Civil Code art. 140): S is the day after the end. Where an end at "
            "exactly midnight is meant so, S is that day (proviso).",
        ),
        "3": ("S から {period} 後の応当日の前日が保存最終日(143条2項)。応当日のない月では月末(同項但書)。",
              "The last day kept is the day before the day that corresponds to S after {period} (art. 143(2)); where "
              "that month has no such day, its last day (proviso)."),
        "4": ("その翌日0時から消去可能(消去可能初日)。", "From 00:00 of the next day the record is purgeable."),
    }).values()),
    "eu-1182-71": tuple(texts({
        "1": (
            "利用終了を方針の時間帯({zone})の日付 E に直す。",
            "Convert the service end to its date E in the policy zone ({zone}).",
        ),
        "2": ("E は数えない(規則 1182/71 第3条1項)。", "E itself is not counted (Regulation 1182/71, art. 3(1))."),
        "3": ("E から {period} 後の同じ日が保存最終日。同じ日のない月では月末。",
              "The last day kept is the same date as E after {period}; where that month has none, its last day."),
        "4": ("その翌日0時から消去可能(消去可能初日)。", "From 00:00 of the next day the record is purgeable."),
    }).values()),
    "anniversary": tuple(texts({
        "1": (
            "利用終了を方針の時間帯({zone})の日付 E に直す。",
            "Convert the service end to its date E in the policy zone ({zone}).",
        ),
        "2": ("E から {period} 後の同じ日が消去可能初日。同じ日のない月では月末。",
              "The first purgeable day is the same date as E after {period}; where that month has none, its last day."),
        "3": (
            "その前日が保存最終日。民法の計算より1日短い。",
            "The day before is the last day kept: one day shorter than the Civil Code.",
        ),
    }).values()),
}


def hand_formula(convention: Convention, length: Length) -> tuple[str, str]:
    """The letter of the day that a period starts from, S or E, and the spreadsheet formula for the last day kept."""
    letter, by_months, by_days = _FORMULA[convention]
    return letter, by_months if length.months else by_days


def period_in_words(length: Length) -> Phrase:
    """5 years, 18 months, 90 days."""
    if length.months and length.months % 12 == 0:
        return phrase("note", "years", n=length.months // 12)
    return phrase("note", "months", n=length.months) if length.months else phrase("label", "days", n=length.days)


def reperformance(night: Night, policy: PolicyView, speech: Speech) -> dict[str, Any]:
    """The names of section 15 and the period in words."""
    length = Length.of(policy.version.period)
    letter, formula = hand_formula(policy.convention, length)
    facts = {"zone": policy.zone, "period": period_in_words(length)}
    return {
        "start_letter": letter,
        "formula": formula,
        "length": length,
        "period": period_in_words(length),
        "rule": [speech.text(step, **facts) for step in RULES[policy.convention.value]],
        "example": next((t for t in dated(night) if t.status is Status.DUE), next(iter(dated(night)), None)),
    }
