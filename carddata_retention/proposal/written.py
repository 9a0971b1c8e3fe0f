"""A draft as a file that a person reads, completes and checks: TOML with a reason beside each line."""

import re
from collections.abc import Iterator, Sequence

from carddata_retention.proposal.choice import Draft, Drafted, Owned, Service
from carddata_retention.proposal.hanging import Child
from carddata_retention.proposal.picture import Time
from carddata_retention.proposal.rights import lock_column
from carddata_retention.proposal.vocabulary import is_terminated
from carddata_retention.target_settings import CARD_FIELDS
from carddata_retention.toml_text import UNKNOWN, free_name, listed, one_or_list, quoted, subject_of

COLUMN = 40  # where comments begin
WIDTH = 120
SQL = "#| "
USE_END, PROVISION_END = "service_use_end", "service_provision_end"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # a name may hold any; no line of a comment may
OPEN = quoted(UNKNOWN)


def toml(draft: Draft, variable: str, indexes: Sequence[str], grants: Sequence[str]) -> str:
    """The whole file; `variable` is the environment variable that holds the URL."""
    lines = [*_head(draft), *_policy(draft), "", "[database]", f"url_env = {quoted(variable)}", "",
             *_services(draft), "", *_subject_table(draft), ""]
    taken: set[str] = set()
    for target in draft.targets:
        name = free_name(target.table.name.name, taken)
        taken.add(name)
        lines += [*_target(target, name), ""]
    lines += _elsewhere(draft)
    lines += [*_sql("Indexes that every batch needs and this database does not have.", indexes),
              *_sql("Rights of the login of `run`, on each table that could hold services: leave out what does not. "
                    "Other logins, and our own tables: sql/grants/.", grants)]
    return "\n".join(lines).rstrip() + "\n"


def _said(line: str, *why: str) -> list[str]:
    """A line with its reason beside it, or above where there is no room."""
    reason = _CONTROL.sub(" ", " ".join(filter(None, why)))
    if not reason:
        return [line]
    beside = f"{line:{COLUMN - 1}} # {reason}"
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


def _policy(draft: Draft) -> Iterator[str]:
    yield "[policy]"
    yield 'id = "card-data-notice"'
    yield from _said('zone = "Asia/Tokyo"', "days begin and end here, wherever the server stands")
    yield from _said('convention = "jp-civil-code"', "or eu-1182-71, anniversary: docs/deadline.md")
    yield from ("", "[[policy.versions]]", 'version = "1"')
    yield from _said(f"effective_from = {OPEN}", "the first day of the notice, as 2014-04-01 without quotes")
    both = any(service.provision is not None for service in draft.services)
    yield from _said(f"trigger = {quoted(USE_END)}",
                     f"サービス利用終了時{'; or service_provision_end, サービス提供終了時' if both else ''}")
    yield from _said('period = "P5Y"', "5年間")


def _services(draft: Draft) -> Iterator[str]:
    yield "[service_end]"
    yield from _comment("Only a person knows which tables hold the services of a subject, and each must count: of one "
                        "that is left out the card is removed while it goes on. Take the block below that is it; where "
                        "there are several, write a query over all of them (docs/configuration.md).")
    yield from (f"table = {OPEN}", f"subject = {OPEN}", "", "[service_end.triggers]", f"{USE_END} = {OPEN}")
    for service in draft.services:
        yield from ("#", f"# --- if the services are in {_CONTROL.sub(' ', str(service.table.name))}:")
        yield from (f"#   {line}".rstrip() for line in _service(service))
    yield "#"
    if draft.beside:
        yield from _comment("Not offered above, by their own names or for want of a day that is named like an end: "
                            f"{', '.join(draft.beside)}")


def _service(service: Service) -> Iterator[str]:
    table = service.table
    yield from _said("[service_end]", "the last end among all services of a subject decides")
    yield f"table = {quoted(str(table.name))}"
    direct = service.owned.direct
    yield from _said(f"subject = {quoted(direct) if direct else OPEN}", _how(service.owned),
                     "" if direct else "(where another table leads there, write a query)")
    if len(service.started) == 1:
        yield from _said(f"started = {quoted(service.started[0])}", "an end before it is undetermined")
    elif service.started:
        yield from _said(f"started = {OPEN}", f"one of {', '.join(service.started)}, or no such line: an end before it "
                         "is undetermined")
    yield from _status(service)
    yield from _kind({table.times[c] for c in service.ends})
    yield from _said("earliest = 1990-01-01", "an end before it is no end: 1970-01-01 and the like")
    yield from _said('open_sentinels = ["9999-12-31"]', "dates that mean: still open")
    if service.others:
        yield from _comment("does one of its other columns say that a service goes on? "
                            f"{', '.join(service.others)}")
    yield from ("", "[service_end.triggers]")
    yield from _said(f"{USE_END} = {quoted(service.use) if service.use else OPEN}",
                     f"one of {', '.join(service.doubtful)}: which of them is the day that the notice counts from?"
                     if service.doubtful else "")
    if service.provision is not None:
        yield f"{PROVISION_END} = {quoted(service.provision)}"


def _status(service: Service) -> Iterator[str]:
    if not service.status:
        return
    column = service.status[0] if len(service.status) == 1 else None
    words = service.table.words[column] if column else ()
    over = [w for w in words if is_terminated(w)]
    yield from _said(f"status = {quoted(column) if column else OPEN}",
                     "" if column else f"one of {', '.join(service.status)}")
    others = ", ".join(w for w in words if w not in over)
    why = "every other status is a service that goes on:" if over else (
        f"the words of a service that is over; without both lines its end alone decides{'; seen:' * bool(others)}")
    yield from _said(f"terminated = {listed(over or [UNKNOWN])}", why, others)


def _kind(times: set[Time]) -> Iterator[str]:
    if len(times) > 1 or not times or times == {"unknown"}:
        yield from _said(f"kind = {OPEN}", "instant, inclusive-date, exclusive-date; a text as 20210331 needs a query")
        yield from _said(f"zone = {OPEN}", "of times that do not say it themselves; no such line where all are dates")
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
        yield from _said(f"zone = {OPEN}",
                         "the column does not say in which zone its times are: UTC, Asia/Tokyo, …")


def _subject_table(draft: Draft) -> Iterator[str]:
    if not draft.subjects:
        yield from _comment("[subject] was not found: the one table, with a key of one column, that services and card "
                            "records both lead to. Without it batches lock the services alone (docs/configuration.md).")
        return
    yield "[subject]"
    if draft.subject is None:
        named = "; ".join(f"table = {quoted(str(s.table.name))}, key = {quoted(s.key)}" for s in draft.subjects)
        yield from _said(f"table = {OPEN}", f"one of {named}")
        yield f"key = {OPEN}"
        return
    yield f"table = {quoted(str(draft.subject.table.name))}"
    yield f"key = {quoted(draft.subject.key)}"
    if draft.picture.dialect == "postgresql":
        column = lock_column(draft.subject.table)
        yield from _said(f"lock_column = {quoted(column) if column else OPEN}",
                         "never written; the right to UPDATE it lets the remover lock a row")


def _target(target: Drafted, name: str) -> Iterator[str]:
    table = target.table
    yield "[[targets]]"
    yield f"name = {quoted(name)}"
    yield f"table = {quoted(str(table.name))}"
    fields = {field: table.named(field) for field in CARD_FIELDS if table.named(field)}
    inside = set(table.key) & {c for columns in fields.values() for c in columns}
    why = "its key is a card field, which evidence would have to keep: name another one" if inside else (
        "" if table.key else "the table has no key: give it one")
    yield from _said(f"key = {listed([UNKNOWN] if why else table.key)}", why)
    yield from _said(f"subject = {_subject(target.owned)}", _how(target.owned))
    by_name = [c for c, held in table.holds.items() if not held.seen and held.field in CARD_FIELDS]
    yield from _said(f"fields = {{ {', '.join(f'{f} = {one_or_list(c)}' for f, c in fields.items())} }}",
                     f"by their names alone, their values say nothing: {', '.join(by_name)}" if by_name else "")
    if target.passed:
        yield from _comment(f"Their names speak of cards, and they became no field: {', '.join(target.passed)}")
    if table.partly:
        yield from _comment("Not every row was read: what other rows hold, `discover` finds.")
    yield from _said(f'disposition = "{"redact" if target.redact else "delete"}"', target.why)
    if not target.redact:
        if target.hanging.children:
            yield from _said(f"children = {_children(target.hanging.children)}", "what points at its rows")
        return
    yield from _redacted(target)
    if target.hanging.at_most and not table.counts_money:
        yield "# or, where the rows that hang on them may go with them:"
        yield '# disposition = "delete"'
        yield f"# children = {_CONTROL.sub(' ', _children(target.hanging.at_most))}"


def _redacted(target: Drafted) -> Iterator[str]:
    table = target.table
    if table.beside:
        yield from _said(f"also = {listed(table.beside)}", "emptied with the rest")
    masks = [f for f in CARD_FIELDS if not set(table.named(f)) <= table.nullable]
    if masks:
        yield from _said("redact = { " + ", ".join(f'{f} = {{ mask = "0" }}' for f in masks) + " }",
                         "what may not be NULL gets a mask")


def _subject(owned: Owned | None) -> str:
    if owned is None:
        return OPEN
    if owned.way is not None:
        return subject_of(owned.way)
    return quoted(owned.column) if owned.column else OPEN


def _how(owned: Owned | None) -> str:
    if owned is None:
        return "the subject is open, or nothing in the catalogue leads to it"
    if owned.column is not None and not owned.itself:
        return "by its name: no foreign key says so"
    if not owned.choices:
        return "nothing in the catalogue says whose its rows are"
    return "" if owned.direct is not None else f"by {'; or '.join(owned.choices)}"


def _children(children: Sequence[Child]) -> str:
    def one(child: Child) -> str:
        below = f", children = {_children(child.children)}" if child.children else ""
        return (f"{{ table = {quoted(str(child.table.name))}, columns = {listed(child.columns)}, "
                f'disposition = "{"null" if child.null else "delete"}"{below} }}')

    return f"[{', '.join(map(one, children))}]"


def _elsewhere(draft: Draft) -> Iterator[str]:
    partly = [t.place for t in draft.picture.tables.values() if t.partly and not t.has_card_fields]
    said = [
        *([f"May not be kept at all once a payment is authorised (PCI DSS 3.3), and needs no deadline. Empty it now: "
           f"{', '.join(draft.never)}"] if draft.never else []),
        *([f"Card data stand among other text, where no target reaches them: {', '.join(draft.texts)}. "
           "carddata-retention discover --keys FILE says in which rows."] if draft.texts else []),
        *([f"May hold something of a card, in tables without any other sign of one: {', '.join(draft.unsure)}"]
          if draft.unsure else []),
        *([f"Not every row was read of {', '.join(partly)}: `discover` reads them all."] if partly else []),
        *([f"Copies of other tables, to be refreshed after a removal: {', '.join(draft.picture.copies)}"]
          if draft.picture.copies else []),
        *(f"Not looked into: {unread.place}. {unread.lesson}" for unread in draft.picture.unread),
    ]
    for each in said:
        yield from (*_comment(each), "")


def _sql(title: str, statements: Sequence[str]) -> Iterator[str]:
    if statements:
        yield from _comment(f"{title} As SQL: sed -n 's/^{SQL}//p' THIS-FILE")
        yield from (f"{SQL}{statement}" if not _CONTROL.search(statement) else f"# no line can hold: {statement!r}"
                    for statement in statements)
        yield ""
