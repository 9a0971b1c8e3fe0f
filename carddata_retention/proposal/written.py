"""A draft as a file that a person reads, completes and checks: TOML with a reason beside each line."""

import re
from collections.abc import Iterator, Sequence

from carddata_retention.proposal.choice import Child, Draft, Drafted, Ends, Owned
from carddata_retention.proposal.picture import BESIDE, Pictured, Time
from carddata_retention.proposal.vocabulary import is_terminated
from carddata_retention.toml_text import UNKNOWN, free_name, listed, one_or_list, quoted, subject_of

COLUMN = 40  # where comments begin
WIDTH = 120
SQL = "#| "
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # a name may hold any; no line of a comment may
USE_END, PROVISION_END = "service_use_end", "service_provision_end"


def toml(draft: Draft, variable: str, indexes: Sequence[str], grants: Sequence[str]) -> str:
    """The whole file; `variable` is the environment variable that holds the URL."""
    lines = [*_head(draft), *_policy(draft.ends), "", "[database]", f"url_env = {quoted(variable)}", "",
             *_service_end(draft.ends), ""]
    if draft.subject is not None:
        lines += ["[subject]", f"table = {quoted(str(draft.subject.table.name))}",
                  f"key = {quoted(draft.subject.key)}", *_lock_column(draft), ""]
    taken: set[str] = set()
    for target in draft.targets:
        name = free_name(target.table.name.name, taken)
        taken.add(name)
        lines += [*_target(target, name, draft), ""]
    lines += _elsewhere(draft)
    lines += [*_sql("Indexes that every batch needs and this database does not have.", indexes),
              *_sql("Rights of the login of `run`; for the other logins, and on our own tables: sql/grants/.", grants)]
    return "\n".join(lines).rstrip() + "\n"


def _said(line: str, *why: str) -> list[str]:
    """A line with its reason beside it, or above where there is no room."""
    reason = _CONTROL.sub(" ", " ".join(filter(None, why)))
    if not reason:
        return [line]
    beside = f"{line:{COLUMN}}# {reason}"
    return [beside] if len(beside) <= WIDTH else [*_comment(reason), line]


def _comment(text: str) -> list[str]:
    lines, line = [], "#"
    for word in _CONTROL.sub(" ", text).split():
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line]


def _head(draft: Draft) -> Iterator[str]:
    yield from _comment(f"What a look at {draft.picture.database} suggests. Nothing is decided: read every line. "
                        f"{UNKNOWN} stands where the database could not say; the program refuses the file until each "
                        "is answered.")
    yield ""


def _policy(ends: Ends) -> Iterator[str]:
    yield "[policy]"
    yield 'id = "card-data-notice"'
    yield from _said('zone = "Asia/Tokyo"', "days begin and end here, wherever the server stands")
    yield from _said('convention = "jp-civil-code"', "or eu-1182-71, anniversary: docs/deadline.md")
    yield from ("", "[[policy.versions]]", 'version = "1"')
    yield from _said(f"effective_from = {quoted(UNKNOWN)}", "the first day of the notice, as 2014-04-01 without quotes")
    yield from _said(f"trigger = {quoted(USE_END)}", "サービス利用終了時; or service_provision_end, サービス提供終了時"
                     if ends.provision else "サービス利用終了時")
    yield from _said('period = "P5Y"', "5年間")


def _service_end(ends: Ends) -> Iterator[str]:
    yield from _said("[service_end]", "the last end among all services of a subject decides")
    if ends.table is None:
        named = ", ".join(str(t.name) for t in ends.tables)
        yield from _said(f"table = {quoted(UNKNOWN)}",
                         f"rows end in {named}: name one; where all are services, write query = … instead "
                         "(docs/configuration.md)" if named else
                         "no table was found whose rows belong to a subject and end")
        yield from _said(f"subject = {quoted(UNKNOWN)}", "its column that says whose service it is")
        yield from ("", "[service_end.triggers]", f"{USE_END} = {quoted(UNKNOWN)}")
        return
    table = ends.table
    yield f"table = {quoted(str(table.name))}"
    yield f"subject = {quoted(ends.subject or UNKNOWN)}"
    if len(ends.started) == 1:
        yield from _said(f"started = {quoted(ends.started[0])}", "an end before it is undetermined")
    elif ends.started:
        yield from _comment(f"started = …  one of {', '.join(ends.started)}: an end before it is undetermined")
    yield from _status(ends, table)
    yield from _kind({table.times[c] for c in (*ends.use, *ends.provision)})
    yield from _said("earliest = 1990-01-01", "an end before it is no end: 1970-01-01 and the like")
    yield from _said('open_sentinels = ["9999-12-31"]', "dates that mean: still open")
    yield from ("", "[service_end.triggers]")
    for trigger, columns in ((USE_END, ends.use), (PROVISION_END, ends.provision)):
        if len(columns) == 1:
            yield from _said(f"{trigger} = {quoted(columns[0])}", "the only column that is named an end"
                             if trigger == USE_END and not ends.provision else "")
        elif columns or trigger == USE_END:
            yield from _said(f"{trigger} = {quoted(UNKNOWN)}", f"one of {', '.join(columns)}" if columns else "")


def _status(ends: Ends, table: Pictured) -> Iterator[str]:
    if len(ends.status) == 1:
        (column,) = ends.status
        over = [w for w in table.words[column] if is_terminated(w)]
        yield f"status = {quoted(column)}"
        yield from _said(f"terminated = {listed(over)}", "every other status is a service that goes on:",
                         ", ".join(w for w in table.words[column] if w not in over))
    elif ends.status:
        yield from _comment(f"status = …  one of {', '.join(ends.status)}, with terminated = [\"…\"]: a service of any "
                            "other status goes on")


def _kind(times: set[Time]) -> Iterator[str]:
    if len(times) > 1 or not times or times == {"unknown"}:
        yield from _said(f"kind = {quoted(UNKNOWN)}",
                         "instant, inclusive-date or exclusive-date; each trigger may have its own")
        return
    (time,) = times
    if time == "date":
        yield from _said('kind = "inclusive-date"',
                         "the last day of the service; exclusive-date where it is the first one without")
        return
    yield 'kind = "instant"'
    if time in ("unix", "unix-ms"):
        yield f"encoding = {quoted(time)}"
    if time == "utc":
        yield from _said('zone = "UTC"', "a TIMESTAMP is kept in UTC")
    elif time == "naive":
        yield from _said(f"zone = {quoted(UNKNOWN)}",
                         "the column does not say in which zone its times are: UTC, Asia/Tokyo, …")


def _lock_column(draft: Draft) -> Iterator[str]:
    column = lock_column(draft)
    if column is not None:
        yield from _said(f"lock_column = {quoted(column)}",
                         "never written; the right to UPDATE it lets the remover lock a row")


def lock_column(draft: Draft) -> str | None:
    """PostgreSQL: a column of the subject's table that no key and no index has."""
    subject = draft.subject
    if subject is None or draft.picture.dialect != "postgresql":
        return None
    free = [c for c in subject.table.columns if c not in subject.table.indexed and c not in subject.table.holds
            and c not in subject.table.key]
    return free[0] if free else None


def _target(target: Drafted, name: str, draft: Draft) -> Iterator[str]:
    table = target.table
    yield "[[targets]]"
    yield f"name = {quoted(name)}"
    yield f"table = {quoted(str(table.name))}"
    keyless = "" if table.key else "the table has no key: give it one"
    yield from _said(f"key = {listed(table.key or [UNKNOWN])}", keyless)
    yield from _said(f"subject = {_subject(target.owned)}", _by_name(target.owned))
    by_name = [c for c, held in table.holds.items() if not held.seen and held.field in ("holder", "number", "expiry")]
    yield from _said(f"fields = {{ {', '.join(_fields(table))} }}",
                     f"by their names alone, their values say nothing: {', '.join(by_name)}" if by_name else "")
    yield from _said(f'disposition = "{"redact" if target.redact else "delete"}"', target.why)
    if target.redact:
        yield from _redacted(target)
        if target.children and not table.counts_money:
            yield "# or, where the rows that hang on them may go with them:"
            yield '# disposition = "delete"'
            yield f"# children = {_CONTROL.sub(' ', _children(target.children))}"
    elif target.children:
        yield from _said(f"children = {_children(target.children)}", "what points at its rows")


def _fields(table: Pictured) -> Iterator[str]:
    for field in ("holder", "number", "expiry"):
        if columns := table.named(field):
            yield f"{field} = {one_or_list(columns)}"


def _redacted(target: Drafted) -> Iterator[str]:
    table = target.table
    if beside := [c for c in table.named(BESIDE) if c in table.nullable]:
        yield from _said(f"also = {listed(beside)}", "emptied with the rest")
    masks = [f for f in ("holder", "number", "expiry") if not set(table.named(f)) <= table.nullable]
    if masks:
        yield from _said("redact = { " + ", ".join(f'{f} = {{ mask = "0" }}' for f in masks) + " }",
                         "what may not be NULL gets a mask")


def _subject(owned: Owned | None) -> str:
    if owned is None:
        return quoted(UNKNOWN)
    if owned.hops is None:
        return quoted(owned.column or UNKNOWN)
    return subject_of(owned.hops)


def _by_name(owned: Owned | None) -> str:
    if owned is None:
        return "nothing in the catalogue leads to the subject"
    return "by its name: no foreign key says so" if owned.hops is None else ""


def _children(children: Sequence[Child]) -> str:
    def one(child: Child) -> str:
        below = f", children = {_children(child.children)}" if child.children else ""
        return (f"{{ table = {quoted(str(child.table.name))}, columns = {listed(child.columns)}, "
                f'disposition = "{"null" if child.null else "delete"}"{below} }}')

    return f"[{', '.join(map(one, children))}]"


def _elsewhere(draft: Draft) -> Iterator[str]:
    if draft.never:
        yield from _comment("May not be kept at all once a payment is authorised (PCI DSS 3.3), and needs no deadline. "
                            f"Empty it now: {', '.join(draft.never)}")
        yield ""
    if draft.texts:
        yield from _comment("Card numbers stand among other text, where no target reaches them: "
                            f"{', '.join(draft.texts)}. carddata-retention discover --keys FILE says in which rows.")
        yield ""
    for unread in draft.picture.unread:
        yield from _comment(f"Not looked into: {unread.place}. {unread.lesson}")
    if draft.picture.unread:
        yield ""


def _sql(title: str, statements: Sequence[str]) -> Iterator[str]:
    if statements:
        yield from _comment(f"{title} As SQL:  sed -n 's/^{SQL}//p' THIS-FILE")
        yield from (f"{SQL}{statement}" for statement in statements)
        yield ""
