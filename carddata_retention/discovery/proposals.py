"""What to paste into the configuration for what was found: new [[targets]], or [[locations]] where none can reach."""

from collections.abc import Iterator, Mapping, Sequence

from carddata_retention.discovered import Found, Remedy
from carddata_retention.discovery.inventory import Table
from carddata_retention.discovery.judging import FIELDS
from carddata_retention.settings import Config, SubjectPath
from carddata_retention.toml_text import UNKNOWN, free_name, listed, one_or_list, quoted, subject_of


def proposal(tables: Sequence[Table], fields: Mapping[str, str], config: Config) -> str:
    """TOML for each table that has undeclared fields. `fields` is place of a column -> field."""
    taken = {t.name for t in config.targets}
    parts = []
    for table in tables:
        at = table.source.listed.place
        found = {c.name: fields[f"{at}.{c.name}"] for c in table.source.columns if f"{at}.{c.name}" in fields}
        if found and table.targets:
            parts.append(_added(table, found))
        elif found:
            name = free_name(table.source.listed.name.name, taken)
            taken.add(name)
            parts.append("\n".join(_target(table, found, name, config)))
    return "\n\n".join(parts)


def locations(places: Sequence[str]) -> str:
    """TOML for each place that no target can reach."""
    return "\n\n".join(f"[[locations]]\nname = {quoted(place)}\nowner = {quoted(UNKNOWN)}\nreach = \"none\""
                       for place in places)


def fields_of(found: Sequence[Found]) -> dict[str, str]:
    """Place of a column -> the field that it would be: what is undeclared and more than a word in a text."""
    fields = {}
    for each in found:
        kind = next((k for k in FIELDS if k == each.kind), None)
        if kind is not None and each.remedy is Remedy.DECLARE:
            fields[each.place] = FIELDS[kind]
    return fields


def texts_of(found: Sequence[Found]) -> list[str]:
    """The places where card data stands that no target could remove."""
    return list(dict.fromkeys(f.place for f in found if f.remedy in (Remedy.REDACT, Remedy.LOCATE)))


def _added(table: Table, found: Mapping[str, str]) -> str:
    named = ", ".join(f"{field} = {quoted(column)}" for column, field in found.items())
    return (f"# The target {', '.join(table.targets)} has this table: add to its fields {{ {named} }},\n"
            "# or to its also where it is redacted.")


def _target(table: Table, found: Mapping[str, str], name: str, config: Config) -> Iterator[str]:
    source = table.source
    keyed = not source.key_names or source.key_names in (("ctid",), ("rowid",))
    yield "[[targets]]"
    yield f"name = {quoted(name)}"
    yield f"table = {quoted(str(source.listed.name))}"
    yield f"key = {listed([UNKNOWN] if keyed else source.key_names)}" + (
        "  # the table has no key: give it one" if keyed else "")
    yield f"subject = {_subject(table, config)}"
    grouped: dict[str, list[str]] = {}
    for column, field in found.items():
        grouped.setdefault(field, []).append(column)
    yield f"fields = {{ {', '.join(f'{f} = {one_or_list(c)}' for f, c in grouped.items())} }}"
    yield 'disposition = "redact"'
    if masks := [(f, c) for f, c in grouped.items() if not set(c) <= table.nullable]:
        yield "redact = { " + ", ".join(f'{f} = {{ mask = "0" }}' for f, _ in masks) + " }"


def _subject(table: Table, config: Config) -> str:
    if len(table.ways) == 1:
        return subject_of(table.ways[0])
    if table.ways:
        return f"{quoted(UNKNOWN)}  # one of {'; '.join(map(subject_of, table.ways))}"
    names = [c for t in config.targets if not isinstance(t.subject, SubjectPath) for c in t.subject]
    there = {c.name for c in table.source.columns} | set(table.others)
    guess = next((n for n in [*names, config.service_end.subject] if n in there), None)
    return f"{quoted(guess)}  # by its name" if guess else f"{quoted(UNKNOWN)}  # no foreign key leads to the subject"
