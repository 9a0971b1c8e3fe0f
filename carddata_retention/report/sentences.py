"""The sentences of the report in Japanese and English: verdicts, the facts under the controls, notes.

A verdict is a sentence with a number and a next step. The same placeholders stand in both texts of a pair.
"""

from carddata_retention.report.words import Text, texts

VERDICTS: dict[str, Text] = texts({
    "run.clean": ("消去対象 {to_purge}件のうち {purged}件を消去。残存 {remaining}件",
                  "{purged} of {to_purge:record} due purged; {remaining} still due"),
    "run.incomplete": ("{remaining}件が残存。消去対象 {to_purge}件のうち {purged}件を消去",
                       "{remaining:record} still due; {purged} of {to_purge} purged"),
    "run.failed": ("{remaining}件が残存。失敗 {failed}件、残留 {residue}件",
                   "{remaining:record} still due; {failed} failed, {residue} left as residue"),
    "run.refused": ("{stopped}対象を実行拒否。{remaining}件が残存、{purged}件を消去",
                    "{stopped:target} refused; {remaining:record} still due, {purged} purged"),
    "run.blind": ("{all}対象のうち {stopped}対象を確認できず、その件数は不明",
                  "{stopped} of {all:target} could not be seen; what is due there is unknown"),
    "run.broken": ("証跡の連鎖に不一致。今夜の消去 {purged}件を証明できない",
                   "evidence chain broken; tonight's {purged:removal} cannot be proven"),
    "plan.clean": (
        "実行すれば {population}件のうち {to_purge}件を消去",
        "a run would purge {to_purge} of {population:record}",
    ),
    "plan.incomplete": ("試行は途中まで。判明した消去予定は {to_purge}件",
                        "dry run, unfinished: {to_purge:record} to purge found so far"),
    "plan.failed": ("試行に失敗。判明した消去予定は {to_purge}件",
                    "dry run failed: {to_purge:record} to purge found so far"),
    "plan.refused": ("試行。実行は {stopped}対象で拒否となる。消去予定 {to_purge}件",
                     "dry run: a run would refuse {stopped:target}; {to_purge} to purge in all"),
    "plan.blind": ("試行。{all}対象のうち {stopped}対象を確認できず、消去予定は不明",
                   "dry run: {stopped} of {all:target} could not be seen; what is due there is unknown"),
    "plan.broken": ("試行。証跡の連鎖に不一致。消去予定 {to_purge}件",
                    "dry run: evidence chain broken; {to_purge} to purge"),
    "verify.clean": ("独立検証。{population}件を再確認し、残存 {remaining}件",
                     "independent look at {population:record}: {remaining} still due"),
    "verify.incomplete": ("独立検証。{remaining}件が残存(ロック・未到達・新着)",
                          "independent look: {remaining:record} still due (locked, not reached or arrived)"),
    "verify.failed": ("独立検証。{remaining}件が残存、残留 {residue}件",
                      "independent look: {remaining:record} still due, {residue} left as residue"),
    "verify.refused": ("独立検証。{stopped}対象は実行拒否のまま、{remaining}件が残存",
                       "independent look: {stopped:target} still refused, {remaining:record} still due"),
    "verify.blind": ("独立検証。{all}対象のうち {stopped}対象を確認できず、残存は不明",
                     "independent look: {stopped} of {all:target} could not be seen; what is due is unknown"),
    "verify.broken": ("独立検証。証跡の連鎖に不一致。残存 {remaining}件",
                      "independent look: evidence chain broken; {remaining} still due"),
})

NEXT: dict[str, Text] = texts({
    "run.clean": (
        "消去の必要がなくなり見送り {skipped}件。翌日までに期限が到来する見込み {tomorrow}件。"
        "停止・警告の所見 {warnings}件(A-13)。ほかに対応は不要。",
        "Skipped with nothing owed: {skipped}. To become purgeable by tomorrow: {tomorrow}. "
        "Findings that block or warn: {warnings} (A-13). No other action.",
    ),
    "run.incomplete": (
        "見送り {skipped}件の理由は表 7-3。対応を要する {owed}件は次の run が再試行する。猶予 {grace}日を過ぎても残"
        "れば失敗として扱う。",
        "Table 7-3 gives the reasons for the {skipped} skipped. The next run retries the {owed} still owed; past "
        "the grace of {grace:day} they count as failed.",
    ),
    "run.failed": (
        "失敗したバッチは全体を取り消し済み(見送りは {skipped}件)。A-13 の原因を除き、<code>carddata-retention "
        "run</code> を再実行する。",
        "Failed batches were rolled back whole ({skipped} skipped besides). Mend the cause in A-13, then <code>"
        "carddata-retention run</code> again.",
    ),
    "run.refused": (
        "拒否した対象({names})からは何も消去していない。他の対象は終了。A-13 の理由を確認し、<code>"
        "carddata-retention plan --out plan.json</code>、<code>apply plan.json</code> の順で承認する。",
        "Nothing was removed from {names}; the other targets finished. Read the reason in A-13, then <code>"
        "carddata-retention plan --out plan.json</code> and <code>apply plan.json</code>.",
    ),
    "run.blind": (
        "確認できない対象({names})からは何も消去していない。<code>carddata-retention check</code> で接続・権限・ス"
        "キーマを直し、再実行する。",
        "Nothing was removed from {names}. <code>carddata-retention check</code> says what to mend in connection, "
        "grants or schema; then run again.",
    ),
    "run.broken": (
        "以後の消去を止め、台帳に触れずに <code>carddata-retention verify</code> で不一致の場所を特定する。A-14 の"
        "先頭を控えの値と突き合わせる。",
        "Stop purging and leave the ledger untouched; <code>carddata-retention verify</code> finds the place. "
        "Compare the head in A-14 with the copy kept elsewhere.",
    ),
    "plan.clean": (
        "何も消去していない。件数を確認し、<code>carddata-retention run</code> または <code>apply</code> で実施する"
        "。",
        "Nothing was removed. Check the counts, then <code>carddata-retention run</code> or <code>apply</code>.",
    ),
    "plan.refused": (
        "何も消去していない。拒否の対象は {names}。A-13 の理由を確認し、データを直すか <code>apply</code> で承認す"
        "る。",
        "Nothing was removed. To be refused: {names}. Read the reason in A-13; mend the data, or approve with "
        "<code>apply</code>.",
    ),
    "verify.clean": (
        "検証は読み取りのみ。翌日までに期限が到来する見込み {tomorrow}件。停止・警告の所見 {warnings}件(A-13)。"
        "ほかに対応は不要。",
        "The look is read-only. To become purgeable by tomorrow: {tomorrow}. "
        "Findings that block or warn: {warnings} (A-13). No other action.",
    ),
    "verify.incomplete": (
        "検証は読み取りのみ。残存は次の run が処理する。猶予 {grace}日を過ぎても残れば失敗として扱う。",
        "The look is read-only. The next run takes what is left; past the grace of {grace:day} it counts as failed.",
    ),
    "verify.failed": (
        "検証は読み取りのみ。A-8 の対象と A-13 の原因を確認し、<code>carddata-retention run</code> を再実行する。",
        "The look is read-only. See the target in A-8 and the cause in A-13, then <code>carddata-retention "
        "run</code> again.",
    ),
})

FACTS: dict[str, Text] = texts({
    "c1.approval": ("第{version}版、{since} 適用。承認の署名は今夜の証跡になし",
                    "Version {version}, effective {since}; no signed approval in evidence"),
    "c1.signed": ("第{version}版、{since} 適用。2名が署名した計画の実施(表13-2)",
                  "Version {version}, effective {since}; a plan signed by two people was carried out (table 13-2)"),
    "c1.gaps": ("第{version}版、未記入の項目 {gaps}件(目的・所管・根拠)",
                "Version {version}; {gaps} of purpose, owner and justification not stated"),
    "c1.mismatch": ("実行は第{ran}版、設定は第{version}版({since} 適用)",
                    "The run used version {ran}; the policy says {version}, effective {since}"),
    "c2.pass": ("{population}件、独立再計数との差異 {gap}、合計一致",
                "{population:record}; recount difference {gap}; totals foot"),
    "c2.norecount": ("{population}件、合計一致。独立再計数は今夜なし",
                     "{population:record}; totals foot; no independent recount tonight"),
    "c2.gap": ("{population}件、合計の差異 {gap}件", "{population:record}; totals differ by {gap}"),
    "c2.recount": (
        "{population}件、合計一致。独立再計数との差異 {gap}件(走査後の追加・削除を含む)",
        "{population:record}; totals foot; recount differs by {gap}, traffic since the scan included",
    ),
    "c2.uncounted": ("{all}対象のうち {missing}対象を計数できず", "{missing} of {all:target} not counted"),
    "c3.pass": ("消去 {purged}件のうち {checked}件で記録ごとの期限と消去境界が一致、不一致 {bad}",
                "Own deadline and cutoff agree: {checked} of {purged} looked at, {bad} differ"),
    "c4.pass": ("最短の余裕 {margin}日、期限前 {bad}(消去 {purged}件のうち {checked}件)",
                "Smallest margin {margin:day}; early {bad} ({checked} of {purged:removal})"),
    "c4.nothing": ("消去 {purged}件", "{purged:removal}"),
    "nothing": ("今夜の消去なし", "Nothing was purged"),
    "dry": ("試行のため消去なし", "A dry run removes nothing"),
    "look": ("独立検証のため消去なし", "A look removes nothing"),
    "nosample": ("消去 {purged}件、記録ごとの期限は今夜の証跡になし",
                 "{purged:removal}; no single deadline among tonight's evidence"),
    "c5.run": ("残存 {remaining}、期限超過 {overdue}(消去前)、未実施の夜 {missed}",
               "{remaining} still due; {overdue} overdue before the purge; {missed:missed night}"),
    "c5.uncounted": ("残存を数えられない対象 {missing}", "What is still due was not counted in {missing:target}"),
    "c5.plan": ("消去予定 {due}件、うち期限超過 {overdue}件", "{due} to purge, of which {overdue} overdue"),
    "c6.none": ("保留 {held}件。保留の読み戻しは今夜なし", "{held} held; they were not read back tonight"),
    "c6.pass": ("保留 {held}件、消去後の読み戻し {after}件",
                "{held} held before the purge, {after} read back after"),
    "c6.bad": ("消去対象でない状態のまま消去した記録 {bad}件(保留 {held}件)",
               "{bad:record} removed in a status that must be kept ({held} held)"),
    "c7.signed": ("方針のダイジェストは前回 {run} から変わり、その方針による計画に2名が署名した",
                  "Policy digest changed since run {run}; two people signed a plan made under it"),
    "c7.same": ("方針のダイジェストは前回 {run} と同一", "Policy digest unchanged since run {run}"),
    "c7.changed": ("方針のダイジェストが前回 {run} から変化。承認の署名なし",
                   "Policy digest changed since run {run}; no signed approval"),
    "c7.first": ("比較する前回の run なし", "No earlier run to compare with"),
    "c8.pass": ("消去 {purged}件、独立検証での残留 {residue}", "{purged} purged; {residue} left when read back"),
    "c8.bad": ("消去 {purged}件、残留 {residue}件", "{purged} purged; {residue} still there"),
    "c8.na": ("消去 {purged}件、読み戻しなし", "{purged} purged; not read back"),
    "c9.pass": ("連鎖を再計算、不一致 0(先頭 {head})", "Chain recomputed; 0 breaks (head {head})"),
    "c9.na": (
        "先頭 {head}、前夜 {before}。連鎖の再計算は verify で行う",
        "Head {head}, previous {before}; verify recomputes the chain",
    ),
    "c9.bad": ("連鎖に不一致、先頭 {head}", "The chain does not verify; head {head}"),
    "c10.pass": ("成果物 {n}点の漏えい検査、検出 0", "Leak scan of {n:artefact}; 0 hits"),
    "c10.na": ("漏えい検査なし(公開前)", "Not scanned: not yet published"),
})

NOTES: dict[str, Text] = texts({
    "since": ("前回から", "Since last run"),
    "first": (
        "完了した前回の run なし。比較は次回から。",
        "No completed run before this one; comparison starts with the next.",
    ),
    "delta": ("消去 {purged}・判定不能 {undetermined}・保留 {held}・期限超過 {overdue}",
              "purged {purged} · undetermined {undetermined} · held {held} · overdue {overdue}"),
    "delta.same": ("方針は変更なし", "policy unchanged"),
    "delta.changed": ("方針に変更あり", "policy changed"),
    "partial": (
        "† 計数できなかった対象を含まない: {names}",
        "† Without the targets that could not be counted: {names}",
    ),
    "convention.jp-civil-code": ("民法140条・143条", "Civil Code arts. 140, 143"),
    "convention.eu-1182-71": ("規則 (EEC, Euratom) 1182/71 第3条", "Regulation 1182/71, art. 3"),
    "convention.anniversary": ("応当日方式。民法より1日短い", "anniversary; one day shorter than the Civil Code"),
    "years": ("{n}年", "{n:year}"),
    "months": ("{n}か月", "{n:month}"),
    "grace": ("{n}日を過ぎたら「期限超過」", "Overdue after {n:day}"),
    "applies.current": ("全件を有効な版で判定", "the version in force decides every record"),
    "applies.acquisition": ("取得日に有効だった版で1件ずつ判定", "each by the version in force when it was acquired"),
    "midnights.exact": ("0時ちょうどの終了はそのまま読む", "an end at exactly midnight is meant so"),
    "midnights.within": ("0時ちょうどの終了は当日中とみなす", "an end at exactly midnight is read as within that day"),
    "before.none": ("前の版なし", "There is no earlier version"),
    "before.change": ("{what}: 第{version}版は {old}", "{what}: version {version} said {old}"),
    "before.same": ("第{version}版と同じ", "Same as version {version}"),
    "s4.own": ("このデータベースの {n}対象", "{n:target} in this database"),
    "s4.none": (
        "設定に宣言された場所は {n}件。バックアップ・録音・紙などがあれば <code>[[locations]]</code> に加える。",
        "{n} further places declared. Backups, recordings or paper belong in <code>[[locations]]</code>.",
    ),
    "s4.note": ("上の {n}件は設定の宣言による。本製品は到達できず、確認は所管が行う。",
                "The {n} further places are declared in the configuration; this tool does not reach them, their owners "
                "verify."),
    "fig.population": ("左: 全体を100%とした構成。右: 黒い端を拡大(割合は中央)。消去前の状態",
                       "Left: share of the whole. Right: the dark tip, enlarged; its true share stands between. Before "
                       "the purge"),
    "fig.tree": ("保持 + 消去対象 = 母集団 / 消去 + 見送り + 失敗 = 消去対象",
                 "kept + to purge = population / purged + skipped + failed = to purge"),
    "fig.notcounted": ("計数なし", "not counted"),
    "ticks": (
        "照合記号: Σ 縦横合計を再計算 · ⇄ 別ログイン・別の問合せと一致",
        "Tick marks: Σ footed · ⇄ agreed with another login and query",
    ),
    "recount": (
        "再計数の期待値 = 母集団 − 削除した行 − 走査後に他の処理が削除した候補。項目の消去では行が残る。",
        "Expected recount = population − rows deleted − candidates that others removed; a redacted row stays.",
    ),
    "s6.none": ("猶予 {n}日を過ぎた記録なし。", "No record is past the grace of {n:day}."),
    "s6.some": (
        "猶予 {n}日を過ぎた記録。理由は台帳と A-13 の所見が示す。",
        "Records past the grace of {n:day}; the ledger and A-13 say why.",
    ),
    "s6.unknown": ("期限超過は今夜計数なし。", "Overdue records were not counted tonight."),
    "t6-2": ("期限超過で消去した記録(期限超過 {total}件のうち {n}件)", "Overdue records purged ({n} shown of {total})"),
    "t7-2": ("消去した記録({total}件中 先頭{n}件。全件は台帳の tombstone 表)",
             "Purged records (first {n} of {total}; all in the ledger's tombstone table)"),
    "s7.none": ("今夜の消去は {n}件。", "Records purged tonight: {n}."),
    "s7.dry": (
        "試行であり、何も消去していない。消去予定は {n}件。",
        "A dry run: nothing was removed. It would purge {n:record}.",
    ),
    "s7.look": ("独立検証であり、何も消去していない。", "An independent look: nothing was removed."),
    "s7.note": ("消去した項目: {fields}。値そのものは記録しない。参照は表と主キーの鍵付きハッシュ。",
                "Fields removed: {fields}. Their values are never recorded. A reference is a keyed hash of table and "
                "primary key."),
    "s8.query": (
        "問合せの SHA-256 {digest} · ログイン {login} · {when} · 消去とは別の接続・別の問合せ",
        "SHA-256 of the query {digest} · login {login} · {when} · another connection and query than the purge",
    ),
    "s8.samelogin": (
        "消去と検証のログインが同じ({login})。<code>verify_url_env</code> で読み取り専用の別ログインを与えられる。",
        "Purge and look used the same login ({login}); <code>verify_url_env</code> gives the look a read-only one.",
    ),
    "s8.none": ("今夜の検証の問合せは証跡になし。", "No verification query among tonight's evidence."),
    "s8.plan": ("試行のため、残存は消去予定と同じ。", "A dry run: what is still due is what would be purged."),
    "cut": ("(以下略。全文は <code>sql/</code>)", "(cut here; the whole text is in <code>sql/</code>)"),
    "s10.none": ("判定不能の記録なし。", "Every record could be decided."),
    "s10.unknown": ("判定不能は今夜計数なし。", "Undetermined records were not counted tonight."),
    "s10.note": ("利用終了を直すと翌夜に自動で判定される。参照から主キーへは <code>resolve</code>(利用は記録される)。",
                 "Once the service end is mended, the next night decides. <code>resolve</code> maps a reference to its "
                 "key, and is logged."),
    "t11-3": ("探索で見つかったカード情報({total}件中 {n}件)", "Card data found by discovery ({n} of {total})"),
    "t11-1": ("検査項目({total}件中 {n}件)", "Expectations ({n} of {total})"),
    "s11.none": ("今夜の検査は証跡になし。", "No expectation was judged tonight."),
    "s11.note": ("件数のみ。値は載せない。", "Counts only; never a value."),
    "fig.forecast": (
        "保存中 {retained}件のうち、365日以内は {n}件。30日ごとの件数、0から",
        "{n} of {retained:retained record} within 365 days; by thirty days, bars from zero",
    ),
    "s12.none": ("今夜の見込みは計数なし。", "No forecast was counted tonight."),
    "t13-2": ("所見({total}件中 {n}件)", "Findings ({n} of {total})"),
    "s13.none": ("今夜の所見なし。", "No finding tonight."),
    "policy.first": ("比較する前回の run なし", "no earlier run to compare with"),
    "policy.same": ("前回 {run} と同一", "same as in run {run}"),
    "policy.changed": ("前回 {run} から変化", "changed since run {run}"),
    "missed": ("前回の基準日 {before}", "previous as-of {before}"),
    "see": ("表 13-2", "Table 13-2"),
    "s14.none": (
        "今夜の証跡の先頭なし(試行または証跡の記録前)。",
        "No evidence head tonight: a dry run, or before evidence was written.",
    ),
    "s14.note": ("封印と鍵の指紋を別の場所に控えると、後の書き換えも末尾の削除も見破れる。検証、1件の消去の証明、"
                 "データベースの再確認は次の3行。初めの2行は書き出したファイルだけで足りる。",
                 "Keep the seal and the key's fingerprint in another place, and a rewritten or shortened chain shows. "
                 "To verify, to prove one removal, to look at the database again; the first two need the files alone:"),
    "scan.done": ("{n}点、検出 0", "{n:artefact}, 0 hits"),
    "scan.none": ("公開前", "before publication"),
    "always": ("どの {day} でも正しい", "right for every {day}"),
    "edate": ("S = 2月29日で誤る", "wrong for S = 29 February"),
    "s15.none": ("今夜は消去した記録がなく、実例なし。", "No record was purged tonight, so there is no example."),
    "end": (
        "同じ内容: night.json · 参照と件数のみで、値は含まない",
        "Same content: night.json · references and counts only, never a value",
    ),
})
