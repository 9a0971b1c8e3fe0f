"""`init` looks at a database and proposes its configuration: what one thing alone can mean; else FILL IN, and why."""

import re
import tomllib
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from billing import configuration, create, generate
from logins import login
from nightly import AS_OF
from small_house import ONE_EACH, small_gate

from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.proposal import propose

VARIABLE = "CARDDATA_INIT_URL"
NUMBER, OTHER = "4556737586899855", "5425233430109903"


@pytest.fixture
def proposed(monkeypatch, tmp_path):
    def ask(database, *statements, url=None):
        with database.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        monkeypatch.setenv(VARIABLE, url or database.url)
        return propose(VARIABLE, tmp_path, datetime.now(UTC))

    return ask


def answered(text, **answers):
    """The proposal with its FILL INs replaced: `key=value` in TOML, wherever the key stands."""
    for key, value in answers.items():
        text, found = re.subn(rf'^{key} = "FILL IN"', lambda _, k=key, v=value: f"{k} = {v}", text, flags=re.MULTILINE)
        assert found, f"{key} was not asked for"
    assert '"FILL IN"' not in text
    return text


def section(proposal, name):
    return tomllib.loads(proposal.toml)[name]


def targets(proposal):
    return {t["name"]: t for t in section(proposal, "targets")}


@pytest.mark.parametrize("column", ["aware", "naive"])
def test_the_proposal_for_a_billing_database_is_what_was_written_by_hand(database, tmp_path, proposed, column):
    create(database.engine, generate(AS_OF, size=120, awkward_text=False), column=column)
    by_hand = tmp_path / "hand.toml"
    by_hand.write_text(configuration(database.dialect, database.url, column=column), encoding="utf-8")
    wanted = load(by_hand)

    proposal = proposed(database)

    aware = database.dialect == "postgresql" and column == "aware"
    answers = {"effective_from": "2014-04-01"} | ({} if aware else {"zone": '"UTC"'})
    (tmp_path / "retention.toml").write_text(answered(proposal.toml, **answers), encoding="utf-8")
    found = load(tmp_path / "retention.toml")
    assert proposal.open == len(answers)
    for name in ("table", "subject", "started", "status", "terminated", "kind", "zone", "triggers"):
        assert getattr(found.service_end, name) == getattr(wanted.service_end, name), name
    assert (found.subject.table, found.subject.key) == ("customers", "id")
    assert {t.name: (t.key, t.subject, t.fields, t.also) for t in found.targets} == {
        t.name: (t.key, t.subject, t.fields, t.also) for t in wanted.targets}
    assert check_all(found, datetime.now(UTC)) == []
    assert proposal.indexes == ()


def test_looking_changes_nothing_and_shows_no_value(database, proposed):
    tables = create(database.engine, generate(AS_OF, size=40))

    def rows():
        with database.engine.connect() as connection:
            return {name: connection.execute(sa.select(t).order_by(*t.primary_key)).all()
                    for name, t in tables.tables.items()}

    before = rows()
    proposal = proposed(database)
    assert rows() == before
    assert set(sa.inspect(database.engine).get_table_names()) == set(tables.tables)
    for value in ("HANAKO SATO", "TARO YAMADA", "tok_fa", "山田", "2024-09"):
        assert value not in proposal.toml


def people():
    """What the awkward databases below have in common."""
    return ["CREATE TABLE members (member_no INTEGER PRIMARY KEY, nickname VARCHAR(40))"] + [
        f"INSERT INTO members VALUES ({n}, 'n{n}')" for n in range(1, 30)]


def wallets(*columns, filled=True):
    """A table of numbers, with more columns after its own two."""
    made = ", ".join(("id INTEGER PRIMARY KEY", "member_no INTEGER", *columns))
    rows = [f"INSERT INTO wallets (id, member_no, card_number) VALUES ({n}, {n}, '{NUMBER if n % 2 else OTHER}')"
            for n in range(1, 30)] if filled else []
    return [f"CREATE TABLE wallets ({made})", *rows]


def test_without_foreign_keys_the_names_of_columns_lead_and_the_file_says_so(database, proposed):
    proposal = proposed(database, *people(), *wallets("card_number VARCHAR(20)"),
                        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, member_no INTEGER, terminated_on DATE)")

    assert section(proposal, "subject") == {"table": "members", "key": "member_no"} | (
        {"lock_column": "nickname"} if database.dialect == "postgresql" else {})
    service = section(proposal, "service_end")
    assert (service["table"], service["subject"]) == ("contracts", "member_no")
    assert service["triggers"] == {"service_use_end": "terminated_on"}
    assert targets(proposal)["wallets"]["subject"] == "member_no"
    assert re.search(r'subject = "member_no" +# by its name: no foreign key says so', proposal.toml)
    assert {i.rpartition(" ON ")[2] for i in proposal.indexes} == {"contracts (member_no);", "wallets (member_no);"}


def test_of_two_tables_whose_rows_end_none_is_chosen_and_both_are_named(database, proposed):
    proposal = proposed(database, *people(), *wallets("card_number VARCHAR(20)"),
                        "CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, member_no INTEGER, ended_at TIMESTAMP)",
                        "CREATE TABLE domains (id INTEGER PRIMARY KEY, member_no INTEGER, closed_at TIMESTAMP)",
                        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, member_no INTEGER, closed_at TIMESTAMP)")

    service = section(proposal, "service_end")
    assert (service["table"], service["triggers"]) == ("FILL IN", {"service_use_end": "FILL IN"})
    said = next(line for line in proposal.toml.splitlines() if "rows end in" in line)
    assert "domains, subscriptions" in said
    assert "tickets" not in proposal.toml


def test_of_two_columns_that_could_be_the_end_none_is_chosen_and_both_are_named(database, proposed):
    proposal = proposed(database, *people(), *wallets("card_number VARCHAR(20)"),
                        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, member_no INTEGER, cancelled_at TIMESTAMP, "
                        "closed_at TIMESTAMP, trial_end TIMESTAMP, cancel_requested_at TIMESTAMP)")

    assert section(proposal, "service_end")["triggers"] == {"service_use_end": "FILL IN"}
    assert "one of cancelled_at, closed_at\n" in proposal.toml
    assert "trial_end" not in proposal.toml


@pytest.mark.parametrize(("table", "disposition"), [
    ("CREATE TABLE card_notes (id INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, note VARCHAR(20), "
     "FOREIGN KEY (wallet) REFERENCES wallets (id))", "delete"),
    ("CREATE TABLE card_charges (id INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, amount INTEGER, "
     "FOREIGN KEY (wallet) REFERENCES wallets (id))", "redact"),
    ("CREATE TABLE card_charges (id INTEGER PRIMARY KEY, wallet INTEGER, amount INTEGER, "
     "FOREIGN KEY (wallet) REFERENCES wallets (id))", "delete"),
])  # fmt: skip
def test_a_row_is_deleted_only_where_no_accounting_row_would_go_with_it(database, proposed, table, disposition):
    proposal = proposed(database, *people(), *wallets("card_number VARCHAR(20)"), table)

    found = targets(proposal)["wallets"]
    assert found["disposition"] == disposition
    if disposition == "delete":
        (child,) = found["children"]
        assert child["columns"] == ["wallet"]
        assert child["disposition"] == ("null" if "charges" in child["table"] else "delete")
    else:
        assert '# children = [{ table = "card_charges", columns = ["wallet"], disposition = "delete" }]' in proposal.toml


def test_what_may_never_be_kept_and_what_stands_in_texts_is_named_and_is_no_field(database, proposed):
    memo = [f"UPDATE wallets SET cvv = '{n:03d}', memo = 'the card {NUMBER} please' WHERE id = {n}"
            for n in range(1, 30)]
    proposal = proposed(database, *people(),
                        *wallets("card_number VARCHAR(20)", "cvv VARCHAR(4)", "memo VARCHAR(200)"), *memo)

    assert targets(proposal)["wallets"]["fields"] == {"number": "card_number"}
    said = proposal.toml.replace("\n# ", " ")
    assert re.search(r"Empty it now: \w+\.wallets\.cvv", said)
    assert re.search(r"among other text, where no target reaches them: \w+\.wallets\.memo", said)
    assert [n for n in (NUMBER, OTHER) if n in proposal.toml] == []


def test_an_empty_database_is_read_by_its_names_and_the_file_says_so(database, proposed):
    proposal = proposed(database, "CREATE TABLE members (member_no INTEGER PRIMARY KEY)",
                        *wallets("card_number VARCHAR(20)", "card_holder VARCHAR(20)", "note VARCHAR(9)", filled=False))

    assert targets(proposal)["wallets"]["fields"] == {"holder": "card_holder", "number": "card_number"}
    assert "by their names alone, their values say nothing: card_number, card_holder" in proposal.toml


def test_a_schema_in_japanese_is_understood(database, proposed):
    proposal = proposed(
        database, "CREATE TABLE 顧客 (顧客番号 INTEGER PRIMARY KEY, 氏名 VARCHAR(40))",
        "CREATE TABLE 契約 (id INTEGER PRIMARY KEY, 顧客番号 INTEGER, 状態 VARCHAR(20), 契約日 DATE, 解約日 DATE, 解約予定日 DATE, "
        "FOREIGN KEY (顧客番号) REFERENCES 顧客 (顧客番号))",
        "CREATE TABLE カード (id INTEGER PRIMARY KEY, 顧客番号 INTEGER, カード番号 VARCHAR(20), カード名義 VARCHAR(40), "
        "FOREIGN KEY (顧客番号) REFERENCES 顧客 (顧客番号))",
        *(f"INSERT INTO 顧客 VALUES ({n}, '山田')" for n in range(1, 30)),
        *(f"INSERT INTO 契約 VALUES ({n}, {n}, '{'解約済み' if n % 2 else '利用中'}', '2019-01-01', '2020-01-31', NULL)"
          for n in range(1, 30)),
        *(f"INSERT INTO カード VALUES ({n}, {n}, '{NUMBER}', 'ヤマダ タロウ')" for n in range(1, 30)),
    )

    service = section(proposal, "service_end")
    assert (service["table"], service["subject"], service["started"]) == ("契約", "顧客番号", "契約日")
    assert (service["status"], service["terminated"]) == ("状態", ["解約済み"])
    assert service["triggers"] == {"service_use_end": "解約日"}
    assert service["kind"] == "inclusive-date"  # of the two readings of a day the one that removes later
    assert targets(proposal)["カード"]["fields"] == {"holder": "カード名義", "number": "カード番号"}


@pytest.mark.parametrize(("value", "said"), [
    ("1577836800", {"kind": "instant", "encoding": "unix"}),
    ("1577836800000", {"kind": "instant", "encoding": "unix-ms"}),
    ("2020-01-01T00:00:00Z", {"kind": "instant"}),
    ("2020-01-01 00:00:00", {"kind": "instant", "zone": "FILL IN"}),
    ("2020-01-01", {"kind": "inclusive-date"}),
    ("soon", {"kind": "FILL IN"}),
])  # fmt: skip
def test_a_text_or_number_is_read_as_the_time_that_its_values_are(sqlite_database, proposed, value, said):
    proposal = proposed(sqlite_database, *people(), *wallets("card_number VARCHAR(20)"),
                        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, member_no INTEGER, ended_at)",
                        f"INSERT INTO contracts VALUES (1, 1, '{value}'), (2, 2, NULL)")

    service = section(proposal, "service_end")
    assert {k: v for k, v in service.items() if k in ("kind", "zone", "encoding")} == said


def test_every_schema_of_a_postgresql_database_is_looked_at(postgresql_database, proposed):
    made = [s.replace("wallets", "vault.wallets") for s in wallets("card_number VARCHAR(20)")]
    proposal = proposed(postgresql_database, "CREATE SCHEMA vault", *people(), *made)

    assert targets(proposal)["wallets"]["table"] == "vault.wallets"
    assert "GRANT USAGE ON SCHEMA vault TO remover;" in proposal.grants


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_the_rights_that_it_writes_are_enough_for_a_night(new_database, tmp_path, proposed, dialect):
    database = new_database(dialect)
    create(database.engine, generate(AS_OF, size=60, awkward_text=False))
    proposal = proposed(database)
    with login(database) as who:
        remover = "remover@'%'" if dialect == "mariadb" else "remover"
        who.tell(*(g.replace(f"TO {remover};", "TO {who}").replace("%", "%%") for g in proposal.grants))
        who.may_make_our_tables()
        answers = {"effective_from": "2014-04-01"} | ({"zone": '"UTC"'} if dialect == "mariadb" else {})
        text = answered(proposal.toml, **answers).replace(f'url_env = "{VARIABLE}"', f'url = "{who.url}"')
        small_gate(tmp_path, ONE_EACH)
        (tmp_path / "retention.toml").write_text(
            text + '[quality]\nexpectations = "expectations"\n', encoding="utf-8")

        assert check_all(load(tmp_path / "retention.toml"), datetime.now(UTC)) == []


def test_the_command_writes_a_file_that_only_its_owner_reads_and_says_what_comes_next(
        sqlite_database, tmp_path, answer):
    create(sqlite_database.engine, generate(AS_OF, size=40))
    path = tmp_path / "retention.toml"

    code, out, err = answer("init", "--url-env", VARIABLE, "--out", path, **{VARIABLE: sqlite_database.url})

    assert (code, out) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "2 places say FILL IN" in err
    assert f"carddata-retention check --config {path}" in err
    code, _, err = answer("init", "--url-env", VARIABLE, "--out", path)
    assert (code, "out_exists" in err) == (2, True)
    code, out, err = answer("check", "--config", path)
    assert code == 40
    assert "policy.versions.1.effective_from still says FILL IN" in err


def test_without_out_the_file_goes_to_stdout_alone(sqlite_database, answer):
    create(sqlite_database.engine, generate(AS_OF, size=40))

    code, out, err = answer("init", "--url-env", VARIABLE, **{VARIABLE: sqlite_database.url})

    assert code == 0
    assert set(tomllib.loads(out)) == {"policy", "database", "service_end", "subject", "targets"}
    assert "target main.cards" in err


def test_a_database_without_card_fields_is_no_silence(database, proposed):
    with pytest.raises(BlindError, match="no_card_fields"):
        proposed(database, "CREATE TABLE orders (id INTEGER PRIMARY KEY, order_no VARCHAR(20))",
                 "INSERT INTO orders VALUES (1, '1234567890123456')")


def test_an_answer_that_is_still_missing_stops_every_command(sqlite_database, tmp_path, proposed):
    create(sqlite_database.engine, generate(AS_OF, size=40))
    text = proposed(sqlite_database).toml
    (tmp_path / "retention.toml").write_text(text.replace('effective_from = "FILL IN"', "effective_from = 2014-04-01"),
                                             encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config_fill_in: .*service_end\.zone still says FILL IN") as refused:
        load(tmp_path / "retention.toml")
    assert "check --config" in refused.value.cure
