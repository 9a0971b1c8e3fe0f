"""The words of the overview of nights and of the trends on a night's page, in Japanese and English."""

from carddata_retention.report.words import texts

HISTORY_CODES = texts({
    "miss": ("未実施", "Missed"),
    "period.month": ("月次", "month"),
    "period.quarter": ("四半期", "quarter"),
    "period.year": ("年次", "year"),
})

HISTORY_LABELS = texts({
    "nights.title": ("毎夜の記録", "Record of nights"),
    "scheduled": ("予定の夜", "Nights scheduled"),
    "purged_sum": ("消去 合計", "Purged, total"),
    "calendar": ("暦", "Calendar"),
    "nights": ("夜ごと", "Night by night"),
    "periods": ("期間報告", "Period reports"),
    "t2-2p": ("それ以前の月", "Earlier months"),
    "night": ("夜", "Night"),
    "runs": ("実行", "Runs"),
    "reporting_period": ("期間", "Period"),
    "month": ("月", "Month"),
    "nights_n": ("夜数", "Nights"),
    "longest": ("検証の最長間隔(日)", "Longest interval (d)"),
    "outcome_night": ("判定", "Verdict"),
    "week": ("週の始め", "Week of"),
    "d0": ("月", "M"), "d1": ("火", "T"), "d2": ("水", "W"), "d3": ("木", "T"), "d4": ("金", "F"), "d5": ("土", "S"),
    "d6": ("日", "S"),
    "fig.removals": ("消去件数(直近{n}夜)", "Removals, last {n:night}"),
    "fig.undetermined": ("判定不能(直近{n}夜)", "Undetermined, last {n:night}"),
    "fig.failed_expectations": ("不合格の検査(直近{n}夜)", "Expectations that failed, last {n:night}"),
    "wk.removals": ("消去件数、夜ごと", "Removals, night by night"),
    "wk.undetermined": ("判定不能、夜ごと", "Undetermined, night by night"),
    "wk.failed_expectations": ("不合格の検査数、夜ごと", "Expectations that failed, night by night"),
})

HISTORY_VERDICTS = texts({
    "nights": ("{scheduled}夜のうち {passed}夜が適合。未実施 {missed}夜",
               "{passed} of {scheduled:night} passed; {missed} missed"),
})

HISTORY_NOTES = texts({
    "latest": ("最新の夜は {as_of}: 消去 {purged}件、残存 {remaining}件。",
               "Latest night {as_of}: {purged:record} purged, {remaining} still due."),
    "latest.open": ("その報告書を開く", "Open its report"),
    "chain.ok": ("証跡の連鎖は封印 {sealed}件すべてが一致。", "Evidence chain: {sealed:seal} recomputed, all agree."),
    "chain.na": ("証跡の連鎖は今回再計算していない。", "The evidence chain was not recomputed."),
    "chain.bad": ("証跡の連鎖に不一致: {cause}", "The evidence chain does not fit: {cause}"),
    "interval": ("検証の間隔は最長 {longest}日。", "Longest interval between verifications: {longest:day}."),
    "interval.none": ("すべての対象を数えた検証は一度もない。", "No look has ever counted every target."),
    "scope": ("{first} から {last} までの夜。同じ日で判定した run が複数あれば、判定は最後のもの、消去は合計。",
              "Nights from {first} to {last}. Where several runs judged by one day, the last one concludes it and "
              "their removals add up."),
    "scope.apart": ("暦の外の日で判定した run {n}件(消去 {purged}件)は含めない。",
                    "{n:run} by a day outside of the calendar ({purged} purged) left out."),
    "t1-1n": ("最近の{recent}夜と、それ以前の適合以外の夜({total}夜のうち {n}夜)",
              "The last {recent:night}, then earlier ones that did not pass ({n} shown of {total})"),
    "late": ("{n}日後に実施", "held {n:day} later"),
    "worst": ("先の run: {tone}", "an earlier run: {tone}"),
    "more": ("ほか {n}件", "{n} more"),
    "so_far": ("(途中)", "(so far)"),
    "periods.how": ("リンクのない期間の報告は次の1行で作成する。",
                    "A period without a link gets its report by one line:"),
    "kept": ("保存: 夜の報告書 {nights}・期間報告 {periods} · いずれも台帳から作り直せる",
             "Kept: reports of nights {nights}, of periods {periods} · the ledger can build any of them again"),
    "kept.always": ("無期限", "for ever"),
    "kept.days": ("{n}日", "{n:day}"),
    "fig.bars": ("0 からの棒、最大 {most}件。緑 = 今夜、点線の枠 = 未実施の夜(値なし。0 ではない)",
                 "Bars from zero, at most {most}. Teal = tonight; a dashed slot = a missed night: no value, not zero"),
    "fig.line": ("目盛は {start} から。緑 = 今夜、点線の枠 = 未実施の夜(値なし)",
                 "Scale starts at {start}. Teal = tonight; a dashed slot = a missed night: no value"),
})
