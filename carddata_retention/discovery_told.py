"""A discovery told to a person: the gravest first, each finding with what to do, and what to paste at the end."""

from carddata_retention.console import number, say, say_wrapped
from carddata_retention.discovered import NOT_READ, Discovered, Found, Remedy
from carddata_retention.errors import Exit

SENTENCES = {
    Exit.CLEAN: "everything was read, and nothing critical stands there.",
    Exit.INCOMPLETE: "not everything was read; the next call goes on from here.",
    Exit.REFUSED: "critical findings: what must not be there is there.",
    Exit.BLIND: "something could not be read; nobody may say that it is clean.",
}
MOST_PATHS = 5


def tell(told: Discovered) -> None:
    """The whole answer, in lines no wider than the terminal."""
    say(f"discover {told.run_id} · detector {told.detector}")
    say_wrapped(f"read {number(told.columns_scanned)} columns, {number(told.rows_scanned)} rows, "
                f"{number(told.bytes_scanned)} bytes")
    if told.remembered_rows:
        say_wrapped(f"with them count {number(told.remembered_rows)} rows that were read before, since "
                    f"{(told.remembered_since or '')[:16]}; what changed there since then is seen by: discover --full")
    for finding in told.findings:
        _finding(finding)
    for each in told.suppressions:
        say(f"\nsuppressed · {each.kind} · {each.place} · {each.state}")
        say_wrapped(f"{number(each.count)} until {each.expires}, {each.owner}: {each.reason}")
    if told.proposal:
        say(f"\nTo paste into the configuration, once you have read it:\n\n{told.proposal}")
    say(f"\nexit {int(told.exit)}: {SENTENCES[told.exit]}" + (f" ({told.unfinished})" if told.unfinished else ""))


def _finding(finding: Found) -> None:
    say(f"\n{finding.severity} · {finding.kind} · {finding.place}")
    if finding.kind != NOT_READ and finding.count:
        shaped = f"; of {number(finding.card_shaped)} card-shaped numbers {number(finding.luhn_pass)} pass Luhn"
        say_wrapped(f"{number(finding.count)}, {finding.share:.2%} of the rows, confidence {finding.confidence}"
                    + (shaped if finding.card_shaped else ""))
    for path, count in sorted(finding.paths.items(), key=lambda p: -p[1])[:MOST_PATHS]:
        say_wrapped(f"at {path}: {number(count)}")
    if finding.examples and finding.remedy is not Remedy.WAIT:
        say_wrapped("such as " + ", ".join(finding.examples))
    say_wrapped(finding.advice)


def error(told: Discovered) -> dict[str, str] | None:
    """The `error` object of an answer of exit 10 and above."""
    if told.exit < Exit.INCOMPLETE:
        return None
    worst = next((f for f in told.findings if (f.kind == NOT_READ) == (told.exit is Exit.BLIND)
                  and f.severity in ("critical", "high")), None)
    code = {Exit.BLIND: "not_read", Exit.REFUSED: "card_data_found"}.get(told.exit, told.unfinished or "unfinished")
    return {"code": code, "cause": f"{worst.place}: {worst.advice}" if worst else SENTENCES[told.exit],
            "not_done": "Nothing was changed by this look.",
            "cure": "carddata-retention discover" if told.exit is Exit.INCOMPLETE else "carddata-retention discover "
            "--keys places.csv" if told.exit is Exit.REFUSED else "Grant SELECT, or [[discovery.suppress]]"}
