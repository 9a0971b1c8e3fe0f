"""The breakers: pure statements of whether one run may remove as much as it would.

A breaker limits how much one run may remove. It never asks the database; it compares counts. `apply` carries out
a plan and so passes those breakers that only ask for a person's eyes: first night, share, rows, changed policy,
changed schema. The clock and the gate it cannot pass.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from carddata_retention.model import Finding, Severity, TargetResult
from carddata_retention.settings import Limits

# What a person may let through; the clock and the gate nobody can.
ASK_FOR_EYES = {"first_run", "changed_policy", "schema_changed", "nobody_ended", "max_share", "max_rows"}
CLOCK_TOLERANCE = timedelta(minutes=1)
HOW_TO_APPLY = "Look at it and let it through: carddata-retention plan --out plan.json, then apply plan.json"
HOW_TO_APPLY_JA = "内容を確認して承認する: carddata-retention plan --out plan.json、次に apply plan.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the last night that was let through left behind for a target."""

    digest: str
    fingerprint: str
    as_of: date
    result: TargetResult


def breakers(limits: Limits, tonight: TargetResult, remembered: Remembered | None, digest: str,
             fingerprint: str) -> list[Finding]:
    """The breakers that trip for one target, each a blocking finding. Needs a counted result."""
    found: list[Finding] = []
    owed = tonight.to_purge or 0

    def trip(code: str, count: int | None, reason: str, reason_ja: str) -> None:
        found.append(Finding(code, Severity.BLOCK, tonight.name, count, f"{reason} {HOW_TO_APPLY}",
                             f"{reason_ja}{HOW_TO_APPLY_JA}"))

    if remembered is None:
        if limits.first_run == "approve" and owed:
            trip("first_run", owed, "The first night of this target needs a person's approval.",
                 "この対象の最初の消去には、人の承認が要る。")
    else:
        if remembered.digest != digest:
            trip("changed_policy", None, "The policy or the target's declaration changed since the last night.",
                 "保存方針または対象の宣言が、前回から変わった。")
        if remembered.fingerprint != fingerprint:
            trip("schema_changed", None, "Columns, keys, foreign keys or triggers of this target changed.",
                 "対象の列・キー・外部キー・トリガーのいずれかが変わった。")
    for nobody in nobody_ended(tonight):
        if remembered is None and limits.first_run == "approve":
            trip(nobody.id, nobody.count, nobody.reason, nobody.reason_ja)
        else:
            found.append(nobody)
    filled = _filled(tonight)
    if filled > limits.min_rows and owed > Fraction(str(limits.max_share)) * filled:  # 0.29 * 100 is less than 29
        trip("max_share", owed, f"More than {limits.max_share:.1%} of the target would be removed in one run.",
             f"1回の実行で、対象の {limits.max_share:.1%} を超えて消去することになる。")
    if owed > limits.max_rows:
        trip("max_rows", owed, f"More than {limits.max_rows} rows would be removed in one run.",
             f"1回の実行で {limits.max_rows}件を超えて消去することになる。")
    return found


def nobody_ended(tonight: TargetResult) -> list[Finding]:
    """A warning, each night, where every record is active or undetermined: 0 is true then, and may be for ever."""
    filled = _filled(tonight)
    if not filled or filled != (tonight.active or 0) + (tonight.undetermined or 0):
        return []
    return [Finding("nobody_ended", Severity.WARN, tonight.name, filled, "Not one record of this target has a service "
                    "end that counts: status, where or the trigger's column may not fit the data, and nothing would "
                    "ever be removed. carddata-retention check looks at them.",
                    "有効なサービス終了日を持つ記録が1件もない。状態・where・起算の列がデータと合っていないおそれが"
                    "あり、このままでは何も消去されない。carddata-retention check で確認する。")]


def _filled(result: TargetResult) -> int:
    return (result.population or 0) - (result.blank or 0)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a run and the date by which it judges."""

    host: datetime
    database: datetime | None
    as_of: date
    today: date


def clock_findings(clocks: Clocks, last: tuple[date, datetime] | None) -> list[Finding]:
    """What refuses the whole run: clocks that differ, an as-of in the future, a jump since the last run.

    `last` is the furthest as-of that any completed run judged by, and when the first such run finished by the host's
    clock: a later look back at an old date moves neither.
    """
    found = []
    if clocks.database is not None and abs(clocks.host - clocks.database) > CLOCK_TOLERANCE:
        found.append(Finding("clock", Severity.BLOCK, None, None, "The host's clock and the database's differ by more "
                             "than a minute. Set them right, then run again.",
                             "ホストとデータベースの時計が1分を超えて違う。時計を合わせて再び実行する。"))
    if clocks.as_of > clocks.today:
        found.append(Finding("as_of_ahead", Severity.BLOCK, None, None, f"The as-of date {clocks.as_of} lies ahead of "
                             f"today, {clocks.today}. Nothing can be due on a day that has not come.",
                             f"基準日 {clocks.as_of} は今日 {clocks.today} より先である。"
                             "来ていない日に期限の来る記録はない。"))
    if last is not None:
        judged, finished = last
        passed = ((clocks.database or clocks.host) - finished).days
        if (clocks.as_of - judged).days > max(passed, 0) + 1:
            found.append(Finding("as_of_jump", Severity.BLOCK, None, (clocks.as_of - judged).days,
                                 "The as-of date moved further than the clock since the last run. Set the clock right, "
                                 "or run with the --as-of that is true.",
                                 "基準日が、前回の実行から経った日数より先へ動いた。"
                                 "時計を正すか、正しい --as-of で実行する。"))
    return found
