"""Every way to write the file wrong is answered with its place and its cure, and never with what stands in it."""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from billing import configuration

from carddata_retention.config import database_url, load, read_query, schema_text, target_digest
from carddata_retention.errors import ConfigError
from carddata_retention.policy import in_force

ROOT = Path(__file__).resolve().parent.parent
USAGE = {"table": "card_usage", "columns": ["card_id"]}
VERSION = {"version": "1", "effective_from": date(2010, 1, 1), "trigger": "service_use_end", "period": "P5Y"}
HOP = {"table": "contracts", "from": ["contract_id"], "to": ["id"]}
QUERY = {"table": None, "where": None, "query": "ends.sql"}


def written(folder: Path, **overrides: Any) -> Path:
    path = folder / "retention.toml"
    path.write_text(configuration("sqlite", "sqlite:///billing.db", **overrides), encoding="utf-8")
    return path


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.exit == 40
    return caught.value


def refused_as(folder: Path, **overrides: Any) -> ConfigError:
    return refused(written(folder, **overrides))


def cards(**more: Any) -> dict[str, Any]:
    return {"targets": {"cards": more}}


def payments(**more: Any) -> dict[str, Any]:
    return {"targets": {"payments": more}}


UNKNOWN = [
    ({"polcy": {"id": "x"}}, "polcy", "policy"),
    ({"policy": {"zoen": "UTC"}}, "policy.zoen", "zone"),
    ({"policy": {"versions": [VERSION | {"purpos": ""}]}}, "policy.versions.1.purpos", "purpose"),
    ({"database": {"urlenv": "X"}}, "database.urlenv", "url_env"),
    ({"service_end": {"stats": "status"}}, "service_end.stats", "status"),
    ({"service_end": {"triggers": {"service_use_end": {"column": "a", "knd": "instant"}}}},
     "service_end.triggers.service_use_end.knd", "kind"),
    ({"service_end": QUERY | {"locks": [{"table": "t", "subject": "s", "subjct": "s"}]}},
     "service_end.locks.t.subjct", "subject"),
    ({"subject": {"lock_colum": "note"}}, "subject.lock_colum", "lock_column"),
    (cards(disposal="delete"), "targets.cards.disposal", "disposition"),
    (cards(fields={"holdr": "a"}), "targets.cards.fields.holdr", "holder"),
    (cards(children=[USAGE | {"colums": ["x"]}]), "targets.cards.children.card_usage.colums", "columns"),
    (cards(children=[USAGE | {"children": [USAGE | {"tabel": "x"}]}]),
     "targets.cards.children.card_usage.children.card_usage.tabel", "table"),
    (cards(subject={"column": "c", "through": [HOP | {"form": ["x"]}]}),
     "targets.cards.subject.through.contracts.form", "from"),
    (cards(subject={"column": "c", "thru": [HOP], "through": [HOP]}), "targets.cards.subject.thru", "through"),
    (payments(redact={"nmber": "null"}), "targets.payments.redact.nmber", "number"),
    (payments(redact={"number": {"mask": "*", "maks": "*"}}), "targets.payments.redact.number.maks", "mask"),
    (cards(created={"column": "c", "zne": "UTC"}), "targets.cards.created.zne", "zone"),
    ({"limits": {"max_row": 5}}, "limits.max_row", "max_rows"),
    ({"locations": [{"name": "paper", "ownr": "x"}]}, "locations.paper.ownr", "owner"),
    ({"quality": {"expectation": "x"}}, "quality.expectation", "expectations"),
    ({"report": {"dir": "x", "directry": "x"}}, "report.dir", "directory"),
    ({"evidence": {"keyfile": "x"}}, "evidence.keyfile", "key_file"),
]


@pytest.mark.parametrize(("overrides", "place", "near"), UNKNOWN, ids=[place for _, place, _ in UNKNOWN])
def test_an_unknown_key_is_told_with_its_place_and_the_nearest_known_key(tmp_path, overrides, place, near):
    error = refused_as(tmp_path, **overrides)
    assert error.code == "config_unknown_key"
    assert f" {place} is no key" in error.cause
    assert error.cure.startswith(f"Did you mean {near}? Known keys there: ")


def test_a_key_that_is_like_nothing_is_answered_with_all_that_are_known(tmp_path):
    error = refused_as(tmp_path, quality={"xyzzy": 1})
    assert error.cure == "Known keys there: expectations."


def test_the_folder_of_the_file_cannot_be_set_in_the_file(tmp_path):
    path = written(tmp_path)
    path.write_text('base = "/"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert refused(path).code == "config_unknown_key"


MISSING = [
    ({"policy": None}, "policy"),
    ({"policy": {"id": None}}, "policy.id"),
    ({"policy": {"zone": None}}, "policy.zone"),
    ({"policy": {"versions": [{k: v for k, v in VERSION.items() if k != "period"}]}}, "policy.versions.1.period"),
    ({"database": None}, "database"),
    ({"service_end": None}, "service_end"),
    ({"service_end": {"subject": None}}, "service_end.subject"),
    ({"service_end": {"triggers": None}}, "service_end.triggers"),
    ({"subject": {"key": None}}, "subject.key"),
    (cards(table=None), "targets.cards.table"),
    (cards(key=None), "targets.cards.key"),
    (cards(subject=None), "targets.cards.subject"),
    (cards(fields=None), "targets.cards.fields"),
    (cards(disposition=None), "targets.cards.disposition"),
    (cards(children=[{"table": "card_usage"}]), "targets.cards.children.card_usage.columns"),
    (cards(subject={"column": "c"}), "targets.cards.subject.through"),
    (payments(redact={"number": {"mask": None}}), "targets.payments.redact.number.mask"),
    ({"targets": {"cards": None, "payments": None}}, "targets"),
]


@pytest.mark.parametrize(("overrides", "place"), MISSING, ids=[place for _, place in MISSING])
def test_a_missing_key_is_named(tmp_path, overrides, place):
    error = refused_as(tmp_path, **overrides)
    assert (error.code, error.cure) == ("config_missing", f"Add {place} to retention.toml.")


@pytest.mark.parametrize(("overrides", "place", "near"), [
    ({"service_end": {"subject": None, "subjet": "customer_id"}}, "service_end.subjet", "subject"),
    (cards(disposition=None, dispositon="delete"), "targets.cards.dispositon", "disposition"),
    ({"policy": {"versions": [{("perid" if k == "period" else k): v for k, v in VERSION.items()}]}},
     "policy.versions.1.perid", "period"),
])
def test_a_required_key_that_is_misspelt_is_told_as_it_was_written(tmp_path, overrides, place, near):
    error = refused_as(tmp_path, **overrides)
    assert (error.code, place in error.cause) == ("config_unknown_key", True)
    assert error.cure.startswith(f"Did you mean {near}? ")


def test_an_unknown_key_that_is_no_misspelling_does_not_hide_what_is_missing(tmp_path):
    assert refused_as(tmp_path, service_end={"subject": None, "colour": "red"}).code == "config_missing"


def test_sections_that_do_not_fit_together_are_told_in_plain_words(tmp_path):
    error = refused_as(tmp_path, policy={"versions": [VERSION | {"trigger": "service_use_ende"}]})
    assert error.cause.startswith("retention.toml: policy version ")
    assert error.cure == "Mend retention.toml, then: carddata-retention check"


WRONG = {
    "a period of zero": (
        {"policy": {"versions": [VERSION | {"period": "P0Y"}]}}, "versions.1.period", "longer than none"),
    "months and days mixed": (
        {"policy": {"versions": [VERSION | {"period": "P1Y6D"}]}}, "versions.1.period", "months and days never mix"),
    "a number of days": ({"policy": {"versions": [VERSION | {"period": "1826"}]}}, "versions.1.period", "P5Y"),
    "no version": ({"policy": {"versions": []}}, "policy.versions", "at least 1 item"),
    "a zone that is none": ({"policy": {"zone": "JST"}}, "policy.zone", "Asia/Tokyo"),
    "a zone of the service ends that is none": ({"service_end": {"zone": "+09:00"}}, "service_end.zone", "Asia/Tokyo"),
    "the same version twice": (
        {"policy": {"versions": [VERSION, VERSION | {"effective_from": date(2011, 1, 1)}]}}, "policy", "same version"),
    "the same beginning twice": (
        {"policy": {"versions": [VERSION, VERSION | {"version": "2"}]}}, "policy", "same effective_from"),
    "a trigger that no column has": (
        {"policy": {"versions": [VERSION | {"trigger": "service_us_end"}]}}, "service_us_end",
        "the nearest is service_use_end"),
    "a convention that is none": ({"policy": {"convention": "civil"}}, "policy.convention", "'jp-civil-code'"),
    "negative grace": ({"policy": {"grace_days": -1}}, "policy.grace_days", "greater than or equal to 0"),
    "a kind that is none": ({"service_end": {"kind": "date"}}, "service_end.kind", "'inclusive-date'"),
    "table and query": ({"service_end": {"query": "q.sql"}}, "service_end", "exactly one of table and query"),
    "neither table nor query": ({"service_end": {"table": None}}, "service_end", "exactly one of table and query"),
    "a query without locks": ({"service_end": QUERY}, "service_end", 'race = "quiet-window"'),
    "a query with where": (
        {"service_end": {"table": None, "query": "q.sql", "race": "quiet-window"}}, "service_end", "into the query"),
    "locks beside a table": (
        {"service_end": {"locks": [{"table": "t", "subject": "s"}]}}, "service_end", "locks belong to query"),
    "status without terminated": ({"service_end": {"terminated": None}}, "service_end", 'terminated = ["closed"]'),
    "terminated without status": ({"service_end": {"status": None}}, "service_end", 'status = "status"'),
    "a disposition that is none": (cards(disposition="erase"), "targets.cards.disposition", "'delete' or 'redact'"),
    "no card field": (
        cards(fields={"holder": None, "number": None, "expiry": None}), "targets.cards.fields",
        "at least one of holder, number and expiry"),
    "a column in two fields": (cards(fields={"holder": "a", "number": "a"}), "targets.cards", "a column twice"),
    "a column in a field and in also": (payments(also=["card_token"]), "targets.payments", "a column twice"),
    "redact without that field": (
        payments(fields={"number": None}), "targets.payments",
        "redact.number names a field that fields does not declare"),
    "a list of another length": (
        payments(redact={"number": ["null", "null"]}), "targets.payments", "redact.number has 2 entries for 1 columns"),
    "a form of redaction that is none": (
        payments(redact={"number": "empty"}), "targets.payments.redact.number", "'null'"),
    "redact where rows are deleted": (
        cards(redact={"number": "null"}), "targets.cards", 'belong to disposition = "redact"'),
    "children where rows stay": (payments(children=[USAGE]), "targets.payments", 'belong to disposition = "delete"'),
    "children below a row that is let go": (
        cards(children=[USAGE | {"disposition": "null", "children": [USAGE]}]), "targets.cards.children.card_usage",
        'belong to disposition = "delete"'),
    "a key that is a card field": (cards(key=["card_token"]), "targets.cards", "a key column is also a card field"),
    "a key that is emptied too": (payments(key=["last4"]), "targets.payments", "a key column is also a card field"),
    "an empty key": (cards(key=[]), "targets.cards.key", "at least 1 item"),
    "a key column twice": (cards(key=["id", "id"]), "targets.cards.key", "names a column twice"),
    "a step that joins two columns to one": (
        cards(subject={"column": "c", "through": [HOP | {"to": ["a", "b"]}]}), "through.contracts", "differ in length"),
    "two targets of one name": (payments(name="cards"), "targets", "two have the same name"),
    "a share above one": ({"limits": {"max_share": 5}}, "limits.max_share", "less than or equal to 1"),
    "text for a number": ({"limits": {"max_rows": "many"}}, "limits.max_rows", "valid integer"),
    "an own schema that is no name": ({"evidence": {"schema": "a b"}}, "evidence.schema", "pattern"),
    "a language that we do not write": ({"report": {"languages": ["fr"]}}, "report.languages", "'ja' or 'en'"),
    "no source of the URL": ({"database": {"url": None}}, "database", "exactly one of url_env, url_file and url"),
    "two sources of the URL": ({"database": {"url_env": "X"}}, "database", "exactly one of url_env, url_file and url"),
    "a URL that is none": ({"database": {"url": "billing.db"}}, "database.url", "dialect://user@host/name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_together_is_refused_with_its_place_and_the_reason(tmp_path, name):
    overrides, place, reason = WRONG[name]
    error = refused_as(tmp_path, **overrides)
    assert error.code == "config_value"
    assert place in error.cause
    assert reason in error.cause
    assert error.cure.startswith("Mend ")


def test_more_connections_than_are_used_are_an_upper_bound(tmp_path):
    assert load(written(tmp_path, limits={"connections": 4})).limits.connections == 4


@pytest.mark.parametrize("url", [
    "postgresql://app:hunter2@db/billing", "postgresql://db/billing?user=app&password=hunter2",
    "mysql://app:hunter2@db/billing", "mysql://db/billing?passwd=hunter2",
])
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path, url):
    error = refused_as(tmp_path, database={"url": url})
    assert error.code == "config_password"
    assert "url_env" in error.cause
    assert "hunter2" not in json.dumps(error.as_json()) + str(error)


SECRET = "tok_fa1ce0b2d3c4e5f6"
PLACES: list[dict[str, Any]] = [
    {"policy": {"zone": SECRET}}, {"policy": {"convention": SECRET}}, {"policy": {"grace_days": SECRET}},
    {"policy": {"versions": [VERSION | {"period": SECRET}]}}, {"policy": {"versions": SECRET}},
    {"policy": {"versions": [VERSION | {"effective_from": SECRET}]}}, 
    {"database": {"url": SECRET}}, {"database": {"url": f"{SECRET}://x:{SECRET}@y"}},
    {"service_end": {"kind": SECRET}}, {"service_end": {"encoding": SECRET}}, {"service_end": {"earliest": SECRET}},
    {"service_end": {"triggers": {"service_use_end": {"column": "a", "kind": SECRET}}}},
    {"service_end": {"open_sentinels": [SECRET]}}, {"limits": {"max_rows": SECRET}},
    cards(disposition=SECRET), cards(fields=SECRET), cards(children=[SECRET]), cards(children=SECRET),
    payments(redact={"number": SECRET}), payments(redact={"number": [SECRET]}), payments(redact=SECRET),
    payments(redact={"number": {"mask": [SECRET]}}), {"evidence": {"prefix": SECRET + " "}},
]


@pytest.mark.parametrize("overrides", PLACES, ids=[str(n) for n in range(len(PLACES))])
def test_no_error_repeats_what_stands_in_the_file(tmp_path, overrides):
    error = refused_as(tmp_path, **overrides)
    assert SECRET not in json.dumps(error.as_json()) + str(error)
    assert error.__suppress_context__


@pytest.mark.parametrize("section", ["policy", "database", "service_end", "subject", "limits", "evidence"])
def test_a_section_that_is_a_word_is_refused_without_the_word(tmp_path, section):
    path = written(tmp_path, **{section: None})
    path.write_text(f'{section} = "{SECRET}"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    error = refused(path)
    assert error.code == "config_value"
    assert f": {section}: " in error.cause
    assert SECRET not in json.dumps(error.as_json()) + str(error)


@pytest.mark.parametrize("line", [
    f'url = "{SECRET}', f"url = {SECRET}", f'url = "{SECRET}" trailing', f"[database]\n{SECRET}", f'a = "{SECRET}\\q"',
])
def test_what_is_no_toml_is_told_by_its_line_and_not_by_its_text(tmp_path, line):
    path = tmp_path / "retention.toml"
    path.write_text("# first\n" + line + "\n", encoding="utf-8")
    error = refused(path)
    assert error.code == "config_toml"
    assert "line " in error.cause
    assert SECRET not in error.cause + error.cure


@pytest.mark.parametrize("change", [
    lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
], ids=["BOM", "CRLF", "both"])
def test_files_of_windows_editors_are_read(tmp_path, change):
    path = written(tmp_path)
    plain = load(path)
    path.write_bytes(change(path.read_bytes()))
    assert load(path) == plain


def test_a_file_that_is_not_there_or_cannot_be_read_is_told_apart(tmp_path):
    assert refused(tmp_path / "none.toml").code == "config_not_found"
    (tmp_path / "sjis.toml").write_bytes("# 保存方針".encode("shift_jis"))
    assert refused(tmp_path / "sjis.toml").code == "config_unreadable"
    assert refused(tmp_path).code == "config_unreadable"


def test_the_url_comes_from_the_environment_and_its_absence_names_the_variable(tmp_path, monkeypatch):
    config = load(written(tmp_path, database={"url": None, "url_env": "BILLING_URL"}))
    monkeypatch.delenv("BILLING_URL", raising=False)
    with pytest.raises(ConfigError) as caught:
        database_url(config)
    assert (caught.value.code, "BILLING_URL" in caught.value.cause) == ("config_url_env", True)
    assert caught.value.cure.startswith("export BILLING_URL=")
    monkeypatch.setenv("BILLING_URL", f"postgresql://app:{SECRET}@db/billing")
    assert database_url(config).password == SECRET
    monkeypatch.setenv("BILLING_URL", f"not a url {SECRET}")
    with pytest.raises(ConfigError) as caught:
        database_url(config)
    assert caught.value.code == "config_url"
    assert "BILLING_URL" in caught.value.cure
    assert SECRET not in json.dumps(caught.value.as_json())


def test_the_url_comes_from_a_file_beside_the_configuration(tmp_path):
    config = load(written(tmp_path, database={"url": None, "url_file": "secret/url"}))
    with pytest.raises(ConfigError) as caught:
        database_url(config)
    assert caught.value.code == "config_url_file"
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "url").write_bytes(b"\xef\xbb\xbfmysql://app:hunter2@db/billing\r\n")
    assert database_url(config).database == "billing"


def test_other_logins_are_used_where_their_variable_is_set(tmp_path, monkeypatch):
    named = {"verify_url_env": "LOOK_URL", "plan_url_env": "PLAN_URL"}
    config = load(written(tmp_path, database=named))
    monkeypatch.setenv("LOOK_URL", "postgresql://look@db/billing")
    monkeypatch.setenv("PLAN_URL", "postgresql://plan@db/billing")
    assert [database_url(config, role).username for role in ("run", "plan", "verify")] == [None, "plan", "look"]


@pytest.mark.parametrize("role", ["plan", "verify"])
def test_a_login_that_is_declared_and_not_there_is_never_replaced_by_the_remover(tmp_path, monkeypatch, role):
    config = load(written(tmp_path, database={f"{role}_url_env": "OTHER_URL"}))
    monkeypatch.delenv("OTHER_URL", raising=False)
    with pytest.raises(ConfigError) as caught:
        database_url(config, role)
    assert caught.value.code == "config_url_env"
    assert "OTHER_URL" in caught.value.cause


def test_the_version_with_the_greatest_beginning_on_or_before_the_day_is_in_force(tmp_path):
    config = load(written(tmp_path))
    days = {date(2010, 1, 1): "1", date(2014, 3, 31): "1", date(2014, 4, 1): "2", date(2099, 1, 1): "2"}
    assert {day: in_force(config, day).version.version for day in days} == days


def test_a_day_before_all_versions_has_no_policy(tmp_path):
    config = load(written(tmp_path))
    with pytest.raises(ConfigError) as caught:
        in_force(config, date(2009, 12, 31))
    assert caught.value.code == "policy_not_in_force"
    assert "2010-01-01" in caught.value.cause


def test_what_is_approved_changes_with_every_word_that_decides(tmp_path):
    query = QUERY | {"race": "quiet-window"}
    (tmp_path / "ends.sql").write_text("SELECT 1;  \n", encoding="utf-8")
    config = load(written(tmp_path, service_end=query))
    assert read_query(config) == "SELECT 1"
    before = target_digest(config, config.targets[0], "2")
    assert target_digest(load(written(tmp_path, service_end=query, limits={"nice": 1.0})), config.targets[0], "2") == before
    longer = load(written(tmp_path, service_end=query, policy={"versions": [VERSION]}))
    assert target_digest(longer, config.targets[0], "2") != before
    (tmp_path / "ends.sql").write_text("SELECT 2", encoding="utf-8")
    assert target_digest(config, config.targets[0], "2") != before
    (tmp_path / "ends.sql").unlink()
    with pytest.raises(ConfigError) as caught:
        read_query(config)
    assert caught.value.code == "query_file"


def test_every_form_that_the_interface_shows_is_read(tmp_path):
    config = load(written(
        tmp_path,
        service_end={"triggers": {"service_use_end": {"column": "a", "encoding": "unix-ms"},
                                  "service_provision_end": "b"}, "terminated": ["closed", 9, True]},
        targets={
            "cards": {"subject": ["a", "b"], "children": [USAGE | {"children": [USAGE]}]},
            "payments": {"subject": {"column": "c", "through": [HOP]},
                         "fields": {"expiry": ["m", "y"], "number": "n", "holder": None},
                         "redact": {"holder": None, "expiry": ["null", {"mask": "0000"}], "number": {"mask": "***"}},
                         "also": ["l"]},
        },
    ))
    cards_, payments_ = config.targets
    assert cards_.subject == ["a", "b"]
    assert payments_.emptied() == {"n": "***", "m": None, "y": "0000", "l": None}
    assert config.service_end.terminated == ["closed", 9, True]


def test_the_schema_for_editors_is_current_and_knows_the_sample():
    text = (ROOT / "docs" / "retention.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), (
        "type: python -c 'from carddata_retention.config import schema_text as s; print(s(), end=\"\")' "
        "> docs/retention.schema.json")
    schema = json.loads(text)
    sample = tomllib.loads(configuration("sqlite", "sqlite:///billing.db"))
    assert set(sample) <= set(schema["properties"])
    assert "base" not in schema["properties"]
    target = schema["$defs"]["Target"]
    assert {key for each in sample["targets"] for key in each} <= set(target["properties"])
    assert target["additionalProperties"] is False
