"""What a night has to say about itself as findings: values with a code, a severity, a count and a reason."""

from collections.abc import Sequence
from datetime import date

from carddata_retention.errors import RetentionError
from carddata_retention.model import Finding, PreviousNight, QualityResult, Severity
from carddata_retention.schema import BoundService, BoundTarget
from carddata_retention.sealed import Hold


def missed_nights(previous: PreviousNight | None, as_of: date) -> list[Finding]:
    """A finding where whole nights passed without a completed run."""
    missed = (as_of - previous.as_of).days - 1 if previous else 0
    if missed <= 0:
        return []
    return [Finding("missed_nights", Severity.WARN, None, missed, "Nights without a completed run since the last one. "
                    "What was due then is removed now. Look at the scheduler.",
                    "前回完了した実行の後に、実行のない夜があった。その間に期限の来た記録は今夜消去する。"
                    "定期起動の設定を確かめる。")]


def bound_findings(bound: BoundTarget, service: BoundService) -> list[Finding]:
    """What a DBA should know about a target that can be worked on."""
    found = []
    if not service.indexed:
        found.append(Finding("no_index", Severity.WARN, bound.declared.name, None, "No index begins with the subject "
                             "column of the service ends: every batch scans the whole table. CREATE INDEX on it.",
                             "サービス終了日の表に、契約者の列で始まる索引がない。消去のたびに表全体を読む。"
                             "CREATE INDEX で作る。"))
    if service.race_closed_by is None:
        found.append(Finding("race_open", Severity.WARN, bound.declared.name, None,
                             f"A service inserted in the moment of a removal is not seen. {service.race_cure}",
                             f"消去の瞬間に追加されたサービスを検知できない。対処(英文): {service.race_cure}"))
    if bound.triggers:
        found.append(Finding("triggers", Severity.INFO, bound.declared.name, len(bound.triggers), "Triggers fire on "
                             "removal; one that keeps history would copy what is being erased.",
                             "消去の際にトリガーが動く。履歴を残すトリガーは、消去する値を写す。"))
    return found


def killed_run(run_id: str) -> Finding:
    """An earlier run died without its seal."""
    return Finding("killed_run", Severity.WARN, None, None, f"Run {run_id} was killed; what it removed is recorded, "
                   "and the rest is taken up now.",
                   f"実行 {run_id} は途中で強制終了した。消去した分は記録されており、残りは今回引き継ぐ。")


# In English and in Japanese.
STOPPED = {
    "signal": ("The run was told to stop.", "停止の合図を受けた。"),
    "stop_file": ("The stop file is there; remove it when you are done.", "停止ファイルがある。用が済んだら消す。"),
    "time_budget": ("max_minutes was over.", "max_minutes に達した。"),
    "throttled": ("A brake stayed on for max_pause_minutes: replica lag, throttle_sql, or a question without an "
                  "answer.",
                  "max_pause_minutes の間、抑制が続いた(複製の遅延、throttle_sql、または応答のない問合せ)。"),
    "locked": ("Others kept the whole file, or the tables of the quiet window, locked.",
               "ファイル全体、または静止時間帯の表が、他の処理にロックされ続けた。"),
    "table_locked": ("Others kept a whole table locked: record after record could not be touched.",
                     "表全体が他の処理にロックされ続け、どの記録にも触れられなかった。"),
    "too_many_failures": ("One removal after the other failed.", "消去が続けて失敗した。"),
}


def stopped_early(target: str, why: str) -> Finding:
    """The candidates of a target were not gone through to the end."""
    said, said_ja = STOPPED[why]
    return Finding("stopped_early", Severity.WARN, target, None, f"{said} The next run takes up what was not reached.",
                   f"{said_ja}残りは次の実行で引き継ぐ。")


def locked_past_grace(target: str, count: int, grace_days: int) -> Finding:
    """Others have kept due records locked for too many nights."""
    return Finding("locked_past_grace", Severity.WARN, target, count, f"Others have locked these due records in every "
                   f"night for more than {grace_days} days, so they could not be removed. Find the session that never "
                   "ends its transaction, and end it.",
                   f"{grace_days}日を超えて毎晩、他の処理が期限の来た記録をロックしており、消去できなかった。終わらない"
                   "トランザクションのセッションを探して終わらせる。")


def restored(since: str | None, runs: int, tombstones: int) -> Finding:
    """The ledger was older than the exported evidence."""
    night = f"to the night of {since}" if since else "to before its first night"
    night_ja = f"{since} の夜の状態" if since else "最初の夜より前の状態"
    return Finding("database_restored", Severity.WARN, None, runs, f"The database went back {night}: the exported "
                   f"evidence has {runs} later runs with {tombstones} removals. A run takes them into the ledger again "
                   "and begins a new epoch; records that came back are due again.",
                   f"データベースが{night_ja}に戻った。書き出した証跡には、その後の実行 {runs}回・消去 {tombstones}件が"
                   "ある。実行はそれらを台帳に戻し、新しい世代を始める。戻ってきた記録は再び消去の対象になる。")


def overtaken(count: int) -> Finding:
    """Attested ends that the data have come to say themselves, or that were made for other services."""
    return Finding("attestation_overtaken", Severity.WARN, None, count, "The services are no longer those for which "
                   "these ends were attested, or say themselves when they ended: that counts, and the attestations are "
                   "not used again. See carddata-retention request attestations; attest anew what is undetermined.",
                   "証明の時とサービスが変わった、またはデータ自身が終了日を示すようになった。データが優先し、その証明は以後使わ"
                   "ない。carddata-retention request attestations で確かめ、判定不能のものは証明し直す。")


def overdue_reviews(holds: Sequence[Hold], as_of: date) -> list[Finding]:
    """Legal holds that nobody has looked at by the day on which somebody was to."""
    overdue = sum(h.review_by is not None and h.review_by < as_of.isoformat() for h in holds)
    if not overdue:
        return []
    return [Finding("hold_review_overdue", Severity.WARN, None, overdue, "Legal holds were to be reviewed before "
                    "tonight; they stay in force. carddata-retention hold list, then hold review or hold release.",
                    "見直し期日を過ぎた保留がある。保留は有効なままである。carddata-retention hold list で確認し、"
                    "hold review または hold release を行う。")]


def since_the_plan(target: str, *, dropped: int, new: int) -> list[Finding]:
    """How far what is due differs from what was approved."""
    found = []
    if dropped:
        found.append(Finding("plan_rows_dropped", Severity.WARN, target, dropped, "Rows of the plan were changed or "
                             "removed since, or are no longer due; they dropped out.",
                             "計画の行のうち、その後に変更・削除されたもの、または期限でなくなったものは除いた。"))
    if new:
        found.append(Finding("plan_rows_new", Severity.WARN, target, new, "Rows are due that the plan does not name, "
                             "or names as they were before; nobody approved them, and they stay for the next night.",
                             "計画にない、または計画の後に変わった期限の行がある。承認されていないため残し、次の夜に回す。"))
    return found


def plan_stale(target: str, count: int | None) -> Finding:
    """A target is no longer what it was when the plan was made."""
    return Finding("plan_stale", Severity.BLOCK, target, count, "The target was declared or built otherwise when the "
                   "plan was made. Make a new one: carddata-retention plan --out plan.json",
                   "計画を作った後に、対象の宣言または構造が変わった。計画を作り直す: "
                   "carddata-retention plan --out plan.json")


def refused(error: RetentionError, target: str, count: int | None) -> Finding:
    """A refusal that leaves the other targets alone."""
    return Finding(error.code, Severity.BLOCK, target, count, f"{error.cause} {error.cure}",
                   f"実行を拒否した。原因と対処(英文): {error.cause} {error.cure}")


def plan_waits(path: str) -> Finding:
    """A run wrote a plan of what is above its caps."""
    return Finding("plan_waits", Severity.INFO, None, None, "What is above the caps waits in a plan: "
                   f"carddata-retention approve {path} --key-file KEY, then carddata-retention apply {path}",
                   "上限を超える分は計画に書き出した。承認と実施: carddata-retention approve "
                   f"{path} --key-file KEY、次に carddata-retention apply {path}")


def plan_not_written(cause: str) -> Finding:
    """A run could not write the plan that somebody should look at."""
    return Finding("plan_not_written", Severity.WARN, None, None, f"The plan of what is above the caps could not be "
                   f"written: {cause} Make it: carddata-retention plan --out plan.json",
                   f"上限を超える分の計画を書き出せなかった(英文): {cause} "
                   "次で作る: carddata-retention plan --out plan.json")


def applied(plan_digest: str, made_by: str, approved_by: str) -> Finding:
    """Which plan a run carried out, for the record."""
    who = f", made by {made_by} and approved by {approved_by}" if approved_by else ""
    who_ja = f"(作成 {made_by}、承認 {approved_by})" if approved_by else ""
    return Finding("plan_approved" if approved_by else "plan_applied", Severity.INFO, None, None,
                   f"The plan {plan_digest} was carried out{who}.",
                   f"計画 {plan_digest} を実施した{who_ja}。")


def foreign_events(count: int) -> list[Finding]:
    """Files in the spool of audit events that no command of ours has left there."""
    if not count:
        return []
    return [Finding("event_forged", Severity.WARN, None, count, "Files in spool/ of the evidence folder are no events, "
                    "or were changed; they were not taken in. Keep them and find out who wrote them.",
                    "証跡フォルダの spool/ に、監査記録でない、または書き換えられたファイルがある。取り込んでいない。"
                    "残したまま、誰が書いたかを調べる。")]


def unguarded(guarded: bool, dialect: str) -> list[Finding]:
    """Our own tables were made, and what keeps evidence from being changed was not."""
    if guarded:
        return []
    return [Finding("evidence_unguarded", Severity.WARN, None, None, "This login may not make the triggers by which "
                    f"the database refuses a change of evidence. Let a DBA apply those of sql/schema/{dialect}.sql.",
                    "証跡の変更をデータベースが拒むためのトリガーを、このログインでは作れなかった。"
                    f"DBA が sql/schema/{dialect}.sql のトリガーを適用する。")]


def keys_overdue(runs: int) -> list[Finding]:
    """The ledger itself keeps keys of customers for longer than it should."""
    if not runs:
        return []
    return [Finding("keys_overdue", Severity.WARN, None, runs, "Runs whose tombstones are older than "
                    "evidence.keep_keys_days still hold keys of records. carddata-retention evidence trim, by a login "
                    "that may.", "evidence.keep_keys_days より古い実行の消去記録に、まだ記録の鍵が残っている。"
                    "権限のあるログインで carddata-retention evidence trim を行う。")]


def requests_open_long(received: Sequence[date], as_of: date, open_days: int) -> list[Finding]:
    """Requests of individuals that nobody has finished within the days that the configuration allows."""
    late = sum((as_of - day).days > open_days for day in received)
    if not late:
        return []
    return [Finding("request_open_long", Severity.WARN, None, late, "Requests of individuals have been open for more "
                    f"than {open_days} days; the law asks for an answer without delay. carddata-retention request "
                    "list.", f"{open_days}日を超えて回答していない本人からの請求がある。法は遅滞ない対応を求める。"
                    "carddata-retention request list で確かめる。")]


def requests_not_closed() -> Finding:
    """The ledger did not let the night close the erasures that it finished."""
    return Finding("requests_not_closed", Severity.WARN, None, None, "Finished erasure requests could not be closed; "
                   "what was removed is recorded. Apply sql/grants/ for this login; the next run closes them.",
                   "済んだ消去請求を完了にできなかった。消去した分は記録されている。"
                   "このログインに sql/grants/ を適用する。次の実行で完了になる。")


def lost_holds(numbers: Sequence[str]) -> list[Finding]:
    """Holds that somebody placed, nobody released, and the register does not have: nothing may be removed."""
    if not numbers:
        return []
    some = ", ".join(numbers[:10])
    return [Finding("hold_lost", Severity.BLOCK, None, len(numbers), f"Holds were placed, never released, and are not "
                    f"in the register any more: {some}. The database went back, or somebody removed them. Place them "
                    "again, then: carddata-retention hold release ID --by NAME --reason 'placed again as …'",
                    f"設定され、解除されていないのに、台帳にない保留がある: {some}。"
                    "データベースが過去に戻ったか、誰かが消した。"
                    "設定し直し、次を行う: carddata-retention hold release ID --by NAME --reason '…として再設定'")]


def log_not_cut() -> Finding:
    """SQLite's log still holds pages as they were before the removal."""
    return Finding("log_not_cut", Severity.WARN, None, None, "Somebody's open look kept SQLite's log from being cut, "
                   "so removed values may still lie in the -wal file. End it, then: sqlite3 FILE 'PRAGMA "
                   "wal_checkpoint(TRUNCATE)'.",
                   "他の接続が開いたままで SQLite のログを切り詰められず、消去した値が -wal ファイルに残り得る。"
                   "その接続を終えてから sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)' を実行する。")


def counts_are_old(target: str, command: str) -> Finding:
    """The planner still believes in the rows that were removed."""
    return Finding("statistics_old", Severity.INFO, target, None, "The table has shrunk, and this login could not "
                   f"count it anew. Its owner can: {command}",
                   f"表が小さくなったが、このログインでは統計を取り直せなかった。所有者が実行する: {command}")


def gate_findings(target: str | None, judged: tuple[QualityResult, ...]) -> list[Finding]:
    """One finding for each expectation that failed."""
    return [Finding(q.id, q.severity, target, q.observed, q.reason, q.reason_ja) for q in judged if not q.passed]


def shipped_suites(folder: str | None) -> Finding:
    """The configured folder of expectations is not there."""
    return Finding("shipped_suites", Severity.INFO, None, None, f"There is no folder {folder} beside the file; "
                   "the expectations that come with the product judged tonight.",
                   f"設定のそばにフォルダ {folder} がない。今夜は製品に付属する期待値で判定した。")
