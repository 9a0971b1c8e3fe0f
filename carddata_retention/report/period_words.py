"""The words of a period report, in Japanese and English."""

from carddata_retention.report.words import texts

PERIOD_SECTIONS = texts({
    "p1": ("表紙", "Cover"),
    "p2": ("結論", "Conclusions"),
    "p3": ("夜", "Nights"),
    "p4": ("検証", "Verifications"),
    "p5": ("増減の照合", "Roll-forward"),
    "p6": ("検証の及ばない場所", "Locations not verified"),
    "p7": ("証跡", "Evidence"),
    "p8": ("署名", "Sign-off"),
})

PERIOD_LABELS = texts({
    "period.title": ("期間報告", "Period report"),
    "period.report_title": ("カード情報の消去 期間報告", "Card data erasure, period report"),
    "range": ("期間", "Period"),
    "known_on": ("作成日", "Built on"),
    "policies": ("適用した方針", "Policy in force"),
    "nights.all": ("毎夜の記録", "All nights"),
    "conclusion": ("項目", "Conclusion"),
    "t2-1p": ("期間の結論(P1–P8)", "Conclusions P1–P8"),
    "P1": ("夜間処理の実施", "Nights held"),
    "P2": ("夜ごとの判定", "Verdicts of the nights"),
    "P3": ("検証の間隔", "Interval between verifications"),
    "P4": ("証跡の連鎖", "Evidence chain"),
    "P5": ("期末の残存", "Still due at the end"),
    "P6": ("増減の照合", "Roll-forward"),
    "P7": ("方針の変更", "Policy changes"),
    "P8": ("検証の及ばない場所", "Locations not verified"),
    "from": ("最初の夜", "First night"),
    "to": ("最後の夜", "Last night"),
    "t3-3p": ("月ごと", "Month by month"),
    "verifications": ("検証", "Verifications"),
    "date": ("検証日", "Date"),
    "interval": ("前回からの日数", "Days since the one before"),
    "t5-1p": ("カード情報のある記録の増減(対象ごと)", "Records that hold card data, per target"),
    "opening": ("期首", "Opening"),
    "increase": ("増加(＋)", "Increase (+)"),
    "decrease": ("減少(−)", "Decrease (−)"),
    "purged_minus": ("消去(−)", "Purged (−)"),
    "gone_minus": ("他者の削除(−)", "Removed by others (−)"),
    "elsewhere_minus": ("他期間の消去(−)", "By other periods (−)"),
    "difference_plus": ("差異(±)", "Unexplained (±)"),
    "closing": ("期末(＝)", "Closing (=)"),
    "t6-1p": ("本製品が検証しない、カード情報のある場所",
              "Places that hold card data and are not verified by this tool"),
    "t7-1p": ("証跡", "Evidence"),
    "seals": ("再計算した封印", "Seals recomputed"),
    "last_seal": ("最後の run の封印", "Seal of the last run"),
    "period_digest": ("period.json の SHA-256", "SHA-256 of period.json"),
    "t8-1p": ("署名の対象", "What is signed for"),
    "prepared_by": ("作成者", "Prepared by"),
})

PERIOD_NEXT = texts({
    "period.ok": (
        "検証の間隔は最長 {longest}日で上限 {most}日以内、未実施の夜なし。対応は不要。",
        "Longest interval between verifications {longest:day} of {most} allowed, no night missed. No action.",
    ),
    "period.att": (
        "検証の間隔は最長 {longest}日(上限 {most}日)。表 2-1 の要確認の項目に、所管が原因と処置を記録する。",
        "Longest interval between verifications {longest:day} of {most} allowed. For what asks for attention in table "
        "2-1 its owner records cause and action.",
    ),
    "period.bad": (
        "検証の間隔は最長 {longest}日(上限 {most}日)。表 2-1 の不適合を直して <code>carddata-retention run</code> を"
        "実行し、この報告を作り直す。",
        "Longest interval between verifications {longest:day} of {most} allowed. Mend what failed in table 2-1, <code>"
        "carddata-retention run</code>, then build this report again.",
    ),
})

PERIOD_FACTS = texts({
    "p1": ("予定 {scheduled}夜、未実施 {missed}夜({gaps}か所)",
           "{scheduled:night} scheduled, {missed} missed ({gaps:gap})"),
    "p2": ("適合 {passed}・要確認 {attention}・不適合 {failed}。最後の夜 {last} は{tone}",
           "{passed} passed, {attention} attention, {failed} failed; the last one, {last}: {tone}"),
    "p3": ("検証 {n}回、間隔は最長 {longest}日(上限 {most}日)",
           "{n:verification}; longest interval {longest:day} of {most} allowed"),
    "p3.none": ("期間内の検証 {n}回。すべての対象を数えた検証は一度もない",
                "{n:verification} in the period; no look has ever counted every target"),
    "p4.ok": ("封印 {sealed}件を再計算し、すべて一致", "{sealed:seal} recomputed, all agree"),
    "p4.bad": ("不一致: {cause}", "Does not fit: {cause}"),
    "p5": ("{on} の検証で残存 {remaining}件、うち走査後に到来 {arrived}件、残留 {residue}件",
           "Look of {on}: {remaining} still due, of which {arrived} arrived since the count; {residue} residue"),
    "p5.none": ("期間内の検証 {n}回", "{n:verification} in the period"),
    "p6": ("{targets}対象、差異 {gap}件。再計数が一致しない run {differing}件",
           "{targets:target}; unexplained difference {gap}; {differing:run} with a recount that differed"),
    "p6.none": ("数えられた対象 {targets}", "{targets:target} counted"),
    "p7": ("適用は第{versions}版、方針のダイジェストの変化 {changes}回",
           "Version {versions} in force; the digest of the policy changed {changes:time}"),
    "p8": ("{n}か所。確認は各所管が行う", "{n:place}; their owners verify"),
    "p8.none": ("設定に宣言された場所 {n}か所", "{n:place} declared in the configuration"),
})

PERIOD_NOTES = texts({
    "open": ("{last} までの期間の途中経過({until} 現在)。",
             "The period runs until {last}; this is its state on {until}."),
    "began": ("最初の夜は {first}。それより前の日は予定に含めない。",
              "The first night was {first}; days before it were not scheduled."),
    "basis": ("判定は P1–P4 による。不適合の夜があっても、期間の最後の夜が不適合でなければ要確認とする。",
              "The verdict follows from P1–P4. A failed night asks for attention where the last night of the period "
              "did not fail."),
    "t3-1p": ("未実施の夜({total}か所のうち {n}か所)", "Gaps: missed nights ({n} of {total})"),
    "gaps.none": ("未実施の夜なし。予定 {n}夜。", "No night was missed; {n:night} scheduled."),
    "t3-2p": ("適合以外の夜({total}夜のうち {n}夜)", "Nights that did not pass ({n} of {total})"),
    "t3-2m": ("夜ごとの記録({total}夜のうち {n}夜)", "Night by night ({n} of {total})"),
    "nights.passed": ("適合以外の夜なし。", "Every night that was held passed."),
    "t4-1p": ("検証({total}回のうち {n}回)", "Verifications ({n} of {total})"),
    "verification": (
        "検証 = 完了した run ごとに、消去とは別の接続・別の問合せで全対象の残存を数えたもの。間隔は上限 {most}日"
        "(PCI DSS 3.2.1、3か月に1回以上)。最後の検証から {until} まで {open}日。",
        "A verification = the look of a completed run, by another connection and query than the purge, that counted "
        "what is still due of every target. At most {most:day} apart (PCI DSS 3.2.1: at least every three months). "
        "From the last one to {until}: {open:day}.",
    ),
    "unverified": ("全対象を数えられず検証に含めない run: {n}件。", "Runs that could not count every target, no "
                   "verification: {n}."),
    "verifications.year": ("検証 {n}回。1回ごとの一覧は月次・四半期の報告と、この報告の JSON・XLSX・CSV にある。",
                           "{n:verification}; each is listed in the reports of months and quarters, and in the JSON, "
                           "XLSX and CSV of this one."),
    "rollforward": (
        "カード情報のある記録 = 母集団 − 消去済。期首は最初の run の消去前、期末は最後の run の独立再計数による"
        "(† = 再計数なし)。増加・減少は run と run の間の純増減。差異は再計数が計算と異なった分で、走査から再計数まで"
        "の他の処理を含む。",
        "Records that hold card data = population − blank. Opening: before the first run removed any. Closing: by the "
        "independent recount of the last run († = not recounted). Increase and decrease: net change from run to run. "
        "Unexplained: what recounts found beside the arithmetic, traffic between count and recount included.",
    ),
    "rollforward.uncounted": ("計数できなかった run(対象ごとの延べ): {n}件。",
                              "Runs that could not count a target, over all targets: {n}."),
    "rollforward.none": ("数えられた対象なし。", "No target was counted."),
    "p8.lead": ("下記の期間について、カード情報の消去と独立検証の記録(表 2-1 の結論を含む)を確認した。",
                "For the period below, the records of erasure and of independent verification, with the conclusions "
                "of table 2-1, were reviewed."),
    "p8.open": ("期間は {last} まで続くため、署名欄を設けない。期間の終了後に作り直す。",
                "The period runs until {last}, so there is nothing to sign. Build this report again once it is over."),
    "chain.how": ("連鎖の再計算は次の1行。", "To recompute the chain, one line:"),
    "period.end": ("同じ内容: period.json · 件数と日付のみで、値は含まない",
                   "Same content: period.json · counts and dates only, never a value"),
})
