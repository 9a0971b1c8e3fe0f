"""The words of what people fill in and sign: the sampling sheet, the certificate of erasure, the frame of a file."""

from carddata_retention.report.words import Text, texts

FORM_LABELS: dict[str, Text] = texts({
    "stratum": ("層", "Stratum"),
    "stratum.purged": ("消去({target})", "Purged ({target})"),
    "stratum.near": ("30日以内に期限到来({target})", "Due within 30 days ({target})"),
    "stratum.held": ("保留({target})", "Held ({target})"),
    "stratum.undetermined": ("判定不能({target})", "Undetermined ({target})"),
    "size": ("母数", "Size"),
    "drawn": ("抽出", "Drawn"),
    "length": ("期間 N", "Period N"),
    "again_last": ("再計算: 保存最終日", "Recomputed: last day kept"),
    "again_first": ("再計算: 消去可能初日", "Recomputed: first purgeable"),
    "different": ("不一致", "Differs"),
    "differences": ("再計算と一致しない記録の数", "Records that differ from the recomputation"),
    "by_hand": ("手計算", "By hand"),
    "tester": ("実施者・日付", "Tester, date"),
    "hold_id": ("保留番号", "Hold"),
    "scope": ("範囲", "Scope"),
    "basis": ("根拠", "Basis"),
    "placed_by": ("設定者", "Placed by"),
    "placed_at": ("設定日時", "Placed at"),
    "review_by": ("見直し期日", "Review by"),
    "review": ("見直し", "Review"),
    "items": ("記載数", "Rows"),
    "t9-2": ("開示等の請求(前夜から)", "Requests of individuals since the night before"),
    "request": ("請求", "Request"),
    "received": ("受付", "Received"),
    "granted": ("応諾", "Granted"),
    "refused": ("不応諾", "Refused"),
    "answered": ("完了", "Closed"),
    "open": ("未完了", "Open"),
    "t16-1": ("証明する内容", "What is certified"),
    "erased_fields": ("消去した項目", "Fields erased"),
    "method": ("方法", "Method"),
    "ended_before": ("利用終了の範囲", "Service ended"),
    "performed": ("実施", "Performed"),
    "read_back": ("読み戻し", "Read back"),
    "exceptions": ("除外", "Exceptions"),
    "performed_by": ("実施者", "Performed by"),
    "reviewed_by": ("確認者", "Reviewed by"),
    "approved_by": ("承認者", "Approved by"),
    "name_date": ("氏名・日付", "Name, date"),
    "seal": ("印", "seal"),
    "page": ("{page} / {pages} 頁", "page {page} of {pages}"),
    "report_title": ("カード情報の消去報告", "Card data erasure report"),
    "contents_sheet": ("目次", "Contents"),
    "utc": ("UTC", "UTC"),
})

FORM_NOTES: dict[str, Text] = texts({
    "since.day": ("前回 {day} から", "Since {day}"),
    "t9-1": ("有効な保留({total}件のうち {n}件)", "Legal holds in force ({n} of {total})"),
    "s9.note": ("保留された記録 {held}件は、期限にかかわらず消去しない。対象者と記録の鍵は台帳だけにある。",
                "{held:record} held and kept, whatever their deadline. Whom a hold names stands in the ledger only."),
    "s9.none": ("有効な保留はない(保留された記録 {held}件)。", "No hold is in force ({held:record} held)."),
    "s9.unknown": ("保留の台帳はまだない(保留された記録 {held}件)。",
                   "There is no register of holds yet ({held:record} held)."),
    "t15-2": (
        "抽出表({total}件から {n}件。抽出の種 = 前夜の先頭 {seed})",
        "Sampling sheet ({n} drawn of {total}; seed = previous head {seed})",
    ),
    "t15-3": ("層別の抽出(種 {seed}。記録と計算式は XLSX と CSV の表 15-2)",
              "Sample by stratum (seed {seed}; records and live formulas: table 15-2 in XLSX and CSV)"),
    "s16.lead": (
        "下記のとおり、保存期間を満了した、または消去請求のあったカード情報を消去し、その不存在を別の接続と別の問合せで検証し"
        "たことを証明する。",
        "This certifies that card data past its retention period, or requested to be erased, was erased as stated "
        "below, and that its absence was verified over another connection with another query.",
    ),
    "s16.method": ("行の削除 {deleted}件・項目の消去 {redacted}件", "{deleted} deleted as rows · {redacted} redacted"),
    "s16.fields": ("台帳の batch 表による", "as the ledger's batch table says"),
    "s16.verified": ("消去 {n}件、残留 {left}(ログイン {login})", "{n:record} read back, {left} left (login {login})"),
    "s16.except": (
        "見送り {skipped}件・失敗 {failed}件・残存 {remaining_due}件。保持: 保留 {held}件・判定不能 {undetermined}件。"
        "本製品の対象外の場所 {places}件(A-4)",
        "{skipped} skipped, {failed} failed, {remaining_due} still due. Kept: {held} held, {undetermined} undetermined."
        " {places:place} beyond this tool's reach (A-4)",
    ),
    "s16.nothing": (
        "今夜は消去した記録がなく、証明書を作らない。",
        "Nothing was removed tonight, so there is no certificate.",
    ),
    "s16.unread": (
        "消去した {n}件を読み戻していないため、証明書を作らない。",
        "The {n:record} removed were not read back, so there is no certificate.",
    ),
    "s16.residue": (
        "残留が {n}件あるため、証明書を作らない。",
        "{n:record} that should be gone are still there, so there is no certificate.",
    ),
    "s16.broken": (
        "証跡の連鎖に不一致があるため、証明書を作らない。",
        "The evidence chain is broken, so there is no certificate.",
    ),
})
