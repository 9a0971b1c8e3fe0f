"""`init` looks at a database and proposes its configuration: what one thing alone can mean; else FILL IN, and why."""

import re
import tomllib
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from billing import configuration, create, generate
from logins import login
from nightly import AS_OF, hooks
from small_house import ONE_EACH, small_gate

from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.proposal import propose
from carddata_retention.proposal.picture import AT_EACH_END
from carddata_retention.run import night

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
    assert [line for line in text.splitlines() if '"FILL IN"' in line.partition("#")[0]] == []
    return text


def block(text, table):
    """The lines to take where the services are in this table."""
    lines = re.search(rf"# --- if the services are in {table}:\n((?:#   .*\n|#\n)+)", text)
    assert lines, f"{table} is not offered"
    return "\n".join(line[4:] for line in lines[1].splitlines()).rstrip() + "\n"


def taken(text, table):
    """The proposal with the block of a table taken for the services."""
    return re.sub(r"\[service_end\]\n(#.*\n)+table = (.|\n)*?service_use_end = .*\n", lambda _: block(text, table), text, count=1)


def services(proposal, table="contracts"):
    """[service_end] of the block of a table."""
    return tomllib.loads(block(proposal.toml, table))["service_end"]


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
    (tmp_path / "retention.toml").write_text(answered(taken(proposal.toml, "services"), **answers), encoding="utf-8")
    found = load(tmp_path / "retention.toml")
    assert proposal.open == 4
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
    made = ", ".join(("id INTEGER PRIMARY KEY", "member_no INTEGER", "card_number VARCHAR(20)", *columns))
    rows = [f"INSERT INTO wallets (id, member_no, card_number) VALUES ({n}, {n}, '{NUMBER if n % 2 else OTHER}')"
            for n in range(1, 30)] if filled else []
    return [f"CREATE TABLE wallets ({made})", *rows]


def contracts(*columns, name="contracts"):
    """A table that belongs to the members."""
    return f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, member_no INTEGER, {', '.join(columns)})"


def flat(proposal):
    """Its text without the breaks of its comments."""
    return re.sub(r"\n# +", " ", proposal.toml)


# Whose rows they are


def test_without_foreign_keys_the_names_of_columns_lead_and_the_file_says_so(database, proposed):
    proposal = proposed(database, *people(), *wallets(), contracts("terminated_on DATE"))

    assert section(proposal, "subject") == {"table": "members", "key": "member_no"} | (
        {"lock_column": "nickname"} if database.dialect == "postgresql" else {})
    service = services(proposal)
    assert (service["table"], service["subject"]) == ("contracts", "member_no")
    assert service["triggers"] == {"service_use_end": "terminated_on"}
    assert targets(proposal)["wallets"]["subject"] == "member_no"
    assert len(re.findall(r'subject = "member_no" +# by its name: no foreign key says so', proposal.toml)) == 2
    assert {i.rpartition(" ON ")[2] for i in proposal.indexes} == {"contracts (member_no);", "wallets (member_no);"}


def test_of_two_foreign_keys_to_the_subject_none_is_chosen_and_both_are_named(database, proposed):
    to = "REFERENCES members (member_no)"
    proposal = proposed(
        database, *people(),
        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, cancelled_by INTEGER, member INTEGER, ended_at DATE, "
        f"FOREIGN KEY (cancelled_by) {to}, FOREIGN KEY (member) {to})",
        *wallets("approved_by INTEGER", f"FOREIGN KEY (approved_by) {to}", f"FOREIGN KEY (member_no) {to}"))

    assert services(proposal)["subject"] == "FILL IN"
    assert targets(proposal)["wallets"]["subject"] == "FILL IN"
    assert "by approved_by -> members; or member_no -> members" in flat(proposal)
    assert "by cancelled_by -> members; or member -> members" in flat(proposal)


def test_of_two_tables_that_all_lead_to_none_is_the_subject_by_its_name_alone(sqlite_database, proposed):
    both = ("member_no INTEGER REFERENCES members (member_no)", "company INTEGER REFERENCES companies (id)")
    proposal = proposed(
        sqlite_database, *people(), "CREATE TABLE companies (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE contracts (id INTEGER PRIMARY KEY, ended_at DATE, {', '.join(both)})",
        f"CREATE TABLE wallets (id INTEGER PRIMARY KEY, card_number VARCHAR(20), {', '.join(both)})")

    assert section(proposal, "subject") == {"table": "FILL IN", "key": "FILL IN"}
    assert 'table = "companies", key = "id"; table = "members", key = "member_no"' in flat(proposal)
    assert targets(proposal)["wallets"]["subject"] == "FILL IN"


def test_a_rows_own_key_and_half_of_a_composite_key_lead_nowhere(sqlite_database, proposed):
    proposal = proposed(
        sqlite_database, "CREATE TABLE members (tenant INTEGER, member_no INTEGER, PRIMARY KEY (tenant, member_no))",
        "CREATE TABLE people (uid INTEGER PRIMARY KEY)", "CREATE TABLE contracts (uid INTEGER PRIMARY KEY, tenant INTEGER, "
        "member_no INTEGER, ended_at DATE, FOREIGN KEY (tenant, member_no) REFERENCES members (tenant, member_no))",
        "CREATE TABLE wallets (uid INTEGER PRIMARY KEY, tenant INTEGER, member_no INTEGER, card_number VARCHAR(20), "
        "FOREIGN KEY (tenant, member_no) REFERENCES members (tenant, member_no))")

    assert "subject" not in tomllib.loads(proposal.toml)
    assert "[subject] was not found" in flat(proposal)
    assert targets(proposal)["wallets"]["subject"] == services(proposal)["subject"] == "FILL IN"


def test_a_foreign_key_does_not_beat_the_column_that_is_named_so(database, proposed):
    proposal = proposed(
        database, *people(), *wallets(),
        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, member_no INTEGER, referred_by INTEGER, ended_on DATE, "
        "FOREIGN KEY (referred_by) REFERENCES members (member_no))")

    assert services(proposal)["subject"] == "FILL IN"
    assert "by referred_by -> members; or member_no" in block(proposal.toml, "contracts")


# When a service ended


def test_of_two_tables_whose_rows_end_none_is_chosen_and_each_has_a_block_to_take(database, proposed):
    proposal = proposed(
        database, *people(), *wallets(), contracts("status VARCHAR(9)", "started_at DATE", "ended_at DATE"),
        "INSERT INTO contracts VALUES (1, 1, 'closed', NULL, '2020-01-31'), (2, 2, 'closed', NULL, NULL), "
        "(3, 3, 'active', NULL, NULL), (4, 4, 'active', NULL, NULL)",
        contracts("expires_on DATE", name="domains"), contracts("closed_on DATE", name="tickets"),
        contracts("status VARCHAR(9)", name="campaigns"))

    service = section(proposal, "service_end")
    assert (service["table"], service["triggers"]) == ("FILL IN", {"service_use_end": "FILL IN"})
    blocks = re.split("# --- if the services are in ", proposal.toml)[1:]
    assert [b.partition(":")[0] for b in blocks] == ["contracts", "domains"]
    block = tomllib.loads("\n".join(line[4:] for line in blocks[0].splitlines()[1:] if line.startswith("#   ")))
    assert block["service_end"] == {
        "table": "contracts", "subject": "member_no", "started": "started_at", "status": "status", "terminated": ["closed"],
        "kind": "inclusive-date", "earliest": date(1990, 1, 1), "open_sentinels": ["9999-12-31"],
        "triggers": {"service_use_end": "ended_at"}}
    assert re.search(r"named like an end: \S+\.campaigns, \S+\.members, \S+\.tickets, \S+\.wallets$", flat(proposal), re.MULTILINE)


@pytest.mark.parametrize(("columns", "open_to"), [
    (("closed_at", "withdrawn_at"), "closed_at, withdrawn_at"),
    (("canceled_at", "current_period_end"), "canceled_at, current_period_end"),
    (("canceled_at",), "canceled_at"),
    (("expires_on",), "expires_on"),
    (("ended_at", "paid_until"), "ended_at, paid_until"),
    (("ended_at", "billed_at"), "ended_at, billed_at"),
    (("ended_at", "created_at", "started_at"), None),
    (("use_ended_at", "billing_stopped_at", "provision_ended_at"), None),
    (("契約日", "解約日", "更新日時"), None),
    (("解約受付日", "満了日"), "解約受付日, 満了日"),
])  # fmt: skip
def test_an_end_is_chosen_only_where_no_other_day_of_the_row_could_be_it(sqlite_database, proposed, columns, open_to):
    proposal = proposed(sqlite_database, *people(), *wallets(), contracts(*(f"{c} DATE" for c in columns)))

    end = services(proposal)["triggers"]["service_use_end"]
    if open_to is None:
        assert end in ("ended_at", "use_ended_at", "解約日")
    else:
        assert end == "FILL IN"
        assert f"one of {open_to}: which of them" in flat(proposal)


@pytest.mark.parametrize("column", ["is_closed", "closed_by", "closed_reason", "cancellation_fee", "end_user_id", "解約金"])
def test_a_column_about_an_end_is_none(sqlite_database, proposed, column):
    proposal = proposed(sqlite_database, *people(), *wallets(), contracts("ended_at DATE", f"{column} INTEGER"))
    assert services(proposal)["triggers"] == {"service_use_end": "ended_at"}


@pytest.mark.parametrize(("words", "status"), [
    (("closed", "active"), {"status": "status", "terminated": ["closed"]}),
    (("1", "9"), {"status": "status", "terminated": ["FILL IN"]}),
    (("active",), {"status": "status", "terminated": ["FILL IN"]}),
    ((), {"status": "status", "terminated": ["FILL IN"]}),
])  # fmt: skip
def test_a_status_is_never_passed_over(sqlite_database, proposed, words, status):
    rows = [f"INSERT INTO contracts VALUES ({n}, {n}, '{words[n % len(words)]}', NULL)" for n in range(1, 9) if words]
    proposal = proposed(sqlite_database, *people(), *wallets(), contracts("status VARCHAR(9)", "ended_at DATE"), *rows)

    assert {k: v for k, v in services(proposal).items() if k in ("status", "terminated")} == status
    assert (": active" in block(proposal.toml, "contracts")) is ("active" in words), "a code may be anything"


def test_what_people_wrote_beside_a_status_is_not_repeated(sqlite_database, proposed):
    rows = [f"INSERT INTO contracts VALUES ({n}, {n}, '{'closed' if n % 2 else 'Tanaka'}', 'closed 090-1234-5678', NULL)"
            for n in range(1, 4)]
    proposal = proposed(sqlite_database, *people(), *wallets(),
                        contracts("status VARCHAR(20)", "status_note VARCHAR(40)", "ended_at DATE"), *rows)

    assert services(proposal)["terminated"] == ["closed"]
    assert [w for w in ("Tanaka", "090") if w in proposal.toml] == []
    assert "does one of its other columns say that a service goes on? status_note" in proposal.toml


def test_which_tables_hold_services_is_always_asked_and_every_table_and_column_is_named(sqlite_database, proposed):
    proposal = proposed(
        sqlite_database, *people(), *wallets(),
        contracts("ended_on DATE", "status_code TEXT", "is_active INTEGER", "auto_renew INTEGER"),
        contracts("解約日 CHAR(8)", name="lines"), "INSERT INTO lines VALUES (1, 1, '99991231'), (2, 2, '20210331')",
        "CREATE TABLE plans (id INTEGER PRIMARY KEY, owner_type TEXT, owner_id INTEGER, ends_at DATE)",
        "CREATE TABLE hosting (id INTEGER PRIMARY KEY, user_id INTEGER, active INTEGER)")

    assert section(proposal, "service_end")["table"] == "FILL IN"
    assert "status_code, is_active, auto_renew" in block(proposal.toml, "contracts")
    assert services(proposal, "lines")["kind"] == "FILL IN", "20210331 is no form that could be read"
    assert services(proposal, "plans")["subject"] == "FILL IN"
    assert "main.hosting, main.members, main.wallets" in flat(proposal)


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_text_is_no_time_on_a_server(new_database, proposed, dialect):
    proposal = proposed(new_database(dialect), *people(), *wallets(), contracts("ended_on VARCHAR(10)"),
                        "INSERT INTO contracts VALUES (1, 1, '2020-01-31')")
    assert services(proposal)["kind"] == "FILL IN"


def test_the_column_that_only_locks_decides_nothing(postgresql_database, proposed):
    columns = "id INTEGER PRIMARY KEY, status VARCHAR(9), withdrawn_on DATE, since DATE"
    rows = "INSERT INTO members VALUES (1, 'active', NULL, NULL), (2, 'active', NULL, NULL)"
    proposal = proposed(postgresql_database, f"CREATE TABLE members ({columns})", rows,
                        "CREATE TABLE wallets (id INTEGER PRIMARY KEY, member_id INTEGER, card_number VARCHAR(20))")

    assert section(proposal, "subject")["lock_column"] == "FILL IN"
    assert [g for g in proposal.grants if "UPDATE" in g and "members" in g] == []


# What goes, and what stays


ENDED = "INSERT INTO contracts VALUES (1, 1, '2020-01-31')"
TO_WALLET = "FOREIGN KEY (wallet) REFERENCES wallets (id)"


@pytest.mark.parametrize(("columns", "disposition", "child"), [
    ("wallet INTEGER NOT NULL, note VARCHAR(20)", "delete", "delete"),
    ("wallet INTEGER NOT NULL, amount INTEGER", "redact", None),
    ("wallet INTEGER NOT NULL, member INTEGER REFERENCES members (member_no)", "redact", None),
    ("wallet INTEGER, amount INTEGER", "delete", "null"),
    ("wallet INTEGER, signed_on DATE", "delete", "null"),
])  # fmt: skip
def test_a_row_is_deleted_only_with_what_is_nothing_but_a_part_of_it(
        sqlite_database, tmp_path, proposed, columns, disposition, child):
    proposal = proposed(sqlite_database, *people(), *wallets(), contracts("ended_at DATE"), ENDED,
                        f"CREATE TABLE hanging (id INTEGER PRIMARY KEY, {columns}, {TO_WALLET})")

    found = targets(proposal)["wallets"]
    assert found["disposition"] == disposition
    assert [c["disposition"] for c in found.get("children", [])] == ([child] if child else [])
    fits(proposal, tmp_path)


def fits(proposal, folder, **answers):
    """The proposal, answered, is a configuration in which `check` finds nothing wrong."""
    path = folder / "retention.toml"
    path.write_text(answered(taken(proposal.toml, "contracts"), effective_from="2014-04-01", **answers), encoding="utf-8")
    assert [(p.code, p.cause) for p in check_all(load(path), datetime.now(UTC))] == []


def test_what_hangs_on_itself_on_the_subject_or_on_another_target_makes_a_proposal_that_fits(
        sqlite_database, tmp_path, proposed):
    proposal = proposed(
        sqlite_database, *people(), "ALTER TABLE members ADD COLUMN usual INTEGER REFERENCES wallets (id)",
        contracts("ended_at DATE"), ENDED,
        *wallets("replaces INTEGER REFERENCES wallets (id)", "FOREIGN KEY (member_no) REFERENCES members (member_no)"),
        "CREATE TABLE payments (id INTEGER PRIMARY KEY, wallet INTEGER REFERENCES wallets (id), card_holder VARCHAR(40), "
        "amount INTEGER)")

    found = targets(proposal)
    assert (found["wallets"]["disposition"], found["payments"]["disposition"]) == ("redact", "redact")
    assert found["payments"]["subject"] == {
        "column": "member_no", "through": [{"table": "wallets", "from": ["wallet"], "to": ["id"]}]}
    fits(proposal, tmp_path)


def test_many_tables_that_point_at_each_other_are_no_walk_without_an_end(sqlite_database, proposed):
    more = [f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, wallet INTEGER NOT NULL REFERENCES wallets (id)"
            + "".join(f", r{k} INTEGER NOT NULL REFERENCES t{k} (id)" for k in range(n)) + ")" for n in range(24)]
    proposal = proposed(sqlite_database, *people(), *wallets(), *more)
    assert len(proposal.toml) < 10_000
    assert targets(proposal)["wallets"]["disposition"] == "redact"


def test_without_any_foreign_key_and_with_a_status_of_their_own_rows_stay(sqlite_database, proposed):
    proposal = proposed(sqlite_database, *people(), *wallets())
    assert targets(proposal)["wallets"]["disposition"] == "redact"
    proposal = proposed(
        sqlite_database, "CREATE TABLE plans (id INTEGER PRIMARY KEY, status TEXT, card_number TEXT, "
        "member_no INTEGER REFERENCES members (member_no))",
        f"INSERT INTO plans VALUES (1, 'active', '{NUMBER}', 1), (2, 'active', '{OTHER}', 2)")
    assert {name: t["disposition"] for name, t in targets(proposal).items()} == {"wallets": "delete", "plans": "redact"}


# What holds card fields


def test_what_may_never_be_kept_and_what_stands_in_texts_is_named_and_is_no_field(database, proposed):
    memo = [f"UPDATE wallets SET cvv = '{n:03d}', memo = 'the card {NUMBER} please', notes = 'CVV: {n:03d}, thanks' "
            f"WHERE id = {n}" for n in range(1, 30)]
    proposal = proposed(database, *people(), *wallets("cvv VARCHAR(4)", "memo VARCHAR(99)", "notes VARCHAR(99)"), *memo)

    assert targets(proposal)["wallets"]["fields"] == {"number": "card_number"}
    assert re.search(r"Empty it now: \w+\.wallets\.cvv$", flat(proposal), flags=re.MULTILINE)
    assert re.search(r"where no target reaches them: \w+\.wallets\.memo, \w+\.wallets\.notes\.", flat(proposal))
    assert [n for n in (NUMBER, OTHER) if n in proposal.toml] == []


def test_a_number_with_blanks_or_an_expiry_behind_it_is_a_field_all_the_same(database, proposed):
    rows = [f"INSERT INTO vault VALUES ({n}, {n}, '{NUMBER}', '{OTHER} 12/27')" for n in range(1, 30)]
    proposal = proposed(database, *people(), "CREATE TABLE vault (id INTEGER PRIMARY KEY, member_no INTEGER, "
                        "x1 CHAR(24), x2 VARCHAR(30))", *rows)
    assert targets(proposal)["vault"]["fields"] == {"number": ["x1", "x2"]}


def test_of_two_ends_of_provision_both_are_named(sqlite_database, proposed):
    proposal = proposed(sqlite_database, *people(), *wallets(),
                        contracts("use_ended_at DATE", "provision_ended_at DATE", "provision_closed_at DATE"))
    assert services(proposal)["triggers"] == {"service_use_end": "use_ended_at"}
    assert "goes on? provision_ended_at, provision_closed_at" in block(proposal.toml, "contracts")


def test_an_empty_database_is_read_by_its_names_and_the_file_says_so(database, proposed):
    proposal = proposed(database, "CREATE TABLE members (member_no INTEGER PRIMARY KEY)",
                        *wallets("card_holder VARCHAR(20)", "note VARCHAR(9)", filled=False))

    assert targets(proposal)["wallets"]["fields"] == {"holder": "card_holder", "number": "card_number"}
    assert "by their names alone, their values say nothing: card_number, card_holder" in flat(proposal)


def test_what_only_may_be_of_a_card_is_named_and_is_no_target(database, proposed):
    proposal = proposed(
        database, *people(), *wallets("valid_month INTEGER", "yuko_kigen VARCHAR(5)"),
        "CREATE TABLE devices (id INTEGER PRIMARY KEY, token VARCHAR(40))",
        *(f"INSERT INTO devices VALUES ({n}, 'tok_fa{n}ce0b2d3c4e5f6a7')" for n in range(1, 30)),
        "CREATE TABLE bank_accounts (id INTEGER PRIMARY KEY, holder_name VARCHAR(40))",
        *(f"INSERT INTO bank_accounts VALUES ({n}, 'TARO YAMADA')" for n in range(1, 30)),
        "CREATE TABLE profiles (id INTEGER PRIMARY KEY, card_ciphertext VARCHAR(99))")

    assert set(targets(proposal)) == {"wallets"}
    assert "became no field: valid_month, yuko_kigen" in flat(proposal)
    said = next(line for line in flat(proposal).splitlines() if "May hold something of a card" in line)
    assert re.findall(r"\w+\.(\w+\.\w+)", said) == [
        "bank_accounts.holder_name", "devices.token", "profiles.card_ciphertext"]


def test_the_last_rows_of_a_large_table_are_read_too_and_the_file_says_that_others_were_not(sqlite_database, proposed):
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wallets (id INTEGER PRIMARY KEY, member_no INTEGER, x1 TEXT)")
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {3 * AT_EACH_END}) "
            f"INSERT INTO wallets SELECT i, i % 29, CASE WHEN i > {5 * AT_EACH_END // 2} THEN '{NUMBER}' END FROM n")
    proposal = proposed(sqlite_database, *people())

    assert targets(proposal)["wallets"]["fields"] == {"number": "x1"}
    assert "Not every row was read" in proposal.toml


def test_a_key_that_is_a_card_number_is_asked_for(sqlite_database, proposed):
    rows = [f"INSERT INTO vault VALUES ('{number}', 1)" for number in (NUMBER, OTHER)]
    proposal = proposed(sqlite_database, *people(),
                        "CREATE TABLE vault (card_number VARCHAR(20) PRIMARY KEY, member_no INTEGER)", *rows)
    assert targets(proposal)["vault"]["key"] == ["FILL IN"]
    assert "its key is a card field" in flat(proposal)


def test_a_schema_in_japanese_is_understood(database, proposed):
    proposal = proposed(
        database, "CREATE TABLE 顧客 (顧客番号 INTEGER PRIMARY KEY, 氏名 VARCHAR(40))",
        "CREATE TABLE 契約 (id INTEGER PRIMARY KEY, 顧客番号 INTEGER, 状態 VARCHAR(20), 契約日 DATE, 解約日 DATE, "
        "FOREIGN KEY (顧客番号) REFERENCES 顧客 (顧客番号))",
        "CREATE TABLE カード (id INTEGER PRIMARY KEY, 顧客番号 INTEGER, カード番号 VARCHAR(20), カード名義 VARCHAR(40), "
        "FOREIGN KEY (顧客番号) REFERENCES 顧客 (顧客番号))",
        *(f"INSERT INTO 顧客 VALUES ({n}, '山田')" for n in range(1, 30)),
        *(f"INSERT INTO 契約 VALUES ({n}, {n}, '{'解約済み' if n % 2 else '利用中'}', '2019-01-01', '2020-01-31')"
          for n in range(1, 30)),
        *(f"INSERT INTO カード VALUES ({n}, {n}, '{NUMBER}', 'ヤマダ タロウ')" for n in range(1, 30)),
    )

    service = services(proposal, "契約")
    assert (service["table"], service["subject"], service["started"]) == ("契約", "顧客番号", "契約日")
    assert (service["status"], service["terminated"]) == ("状態", ["解約済み"])
    assert service["triggers"] == {"service_use_end": "解約日"}
    assert service["kind"] == "inclusive-date"  # of the two readings of a day the one that removes later
    assert targets(proposal)["カード"]["fields"] == {"holder": "カード名義", "number": "カード番号"}


def test_names_that_no_line_can_hold_break_no_line(sqlite_database, proposed):
    odd = [s.replace("wallets", f'"{name}"') for name in ("two\nlines", "del\x7f", 'quote"" % d')
           for s in wallets(filled=False)]
    proposal = proposed(sqlite_database, *people(), *odd)

    assert {t["table"] for t in section(proposal, "targets")} == {"two\nlines", "del\x7f", 'quote" % d'}
    assert 'ON "quote"" % d" (member_no);' in " ".join(proposal.indexes)


@pytest.mark.parametrize(("value", "said"), [
    ("1577836800", {"kind": "instant", "encoding": "unix"}),
    ("1577836800000", {"kind": "instant", "encoding": "unix-ms"}),
    ("2020-01-01T00:00:00Z", {"kind": "instant"}),
    ("2020-01-01 00:00:00", {"kind": "instant", "zone": "FILL IN"}),
    ("2020-01-01", {"kind": "inclusive-date"}),
])  # fmt: skip
def test_a_text_or_number_is_read_as_the_time_that_its_values_are(sqlite_database, proposed, value, said):
    proposal = proposed(sqlite_database, *people(), *wallets(), contracts("ended_at"),
                        f"INSERT INTO contracts VALUES (1, 1, '{value}'), (2, 2, NULL)")

    service = services(proposal)
    assert {k: v for k, v in service.items() if k in ("kind", "zone", "encoding")} == said


def test_every_schema_of_a_postgresql_database_is_looked_at(postgresql_database, proposed):
    made = [s.replace("wallets", "vault.wallets") for s in wallets()]
    proposal = proposed(postgresql_database, "CREATE SCHEMA vault", *people(), *made)

    assert targets(proposal)["wallets"]["table"] == "vault.wallets"
    assert "GRANT USAGE ON SCHEMA vault TO remover;" in proposal.grants


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
@pytest.mark.parametrize("through", [False, True], ids=["direct", "through"])
def test_the_rights_that_it_writes_are_enough_for_a_night(new_database, tmp_path, proposed, dialect, through):
    database = new_database(dialect)
    create(database.engine, generate(AS_OF, size=60, awkward_text=False))
    proposal = proposed(database, *(AMONG_USES if through else ()))
    with login(database) as who:
        remover = "remover@'%'" if dialect == "mariadb" else "remover"
        who.tell(*(g.replace(f"TO {remover};", "TO {who}").replace("%", "%%") for g in proposal.grants))
        who.may_make_our_tables()
        answers = {"effective_from": "2014-04-01"} | ({"zone": '"UTC"'} if dialect == "mariadb" else {})
        text = answered(taken(proposal.toml, "services"), **answers).replace(f'url_env = "{VARIABLE}"', f'url = "{who.url}"')
        small_gate(tmp_path, ONE_EACH)
        (tmp_path / "retention.toml").write_text(f"{text}\n{LOOSE}", encoding="utf-8")
        config = load(tmp_path / "retention.toml")

        assert check_all(config, datetime.now(UTC)) == []
        told = night(config, datetime.now(UTC), AS_OF, hooks())

        assert told.exit_code == 0
        assert {t.name: bool(t.purged) for t in told.targets} == dict.fromkeys(
            ("cards", "payments", "card_usage") if through else ("cards", "payments"), True)


LOOSE = """
[limits]
first_run = "allow"
max_share = 1.0
[quality]
expectations = "expectations"
[report]
formats = ["json"]
"""
AMONG_USES = ("ALTER TABLE card_usage ADD COLUMN card_holder VARCHAR(40)", "UPDATE card_usage SET card_holder = 'HANAKO SATO'")


def test_the_command_writes_a_file_that_only_its_owner_reads_and_says_what_comes_next(
        sqlite_database, tmp_path, answer):
    create(sqlite_database.engine, generate(AS_OF, size=40))
    path = tmp_path / "retention.toml"

    code, out, err = answer("init", "--url-env", VARIABLE, "--out", path, **{VARIABLE: sqlite_database.url})

    assert (code, out) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "FILL IN stands in 4 places" in err
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


def test_an_error_names_what_comes_nearest_and_leaves_no_file(sqlite_database, tmp_path, answer):
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, payload TEXT)")
        connection.exec_driver_sql(f"INSERT INTO notes VALUES (1, 'please charge card {NUMBER} today')")
    path = tmp_path / "retention.toml"

    code, _, err = answer("init", "--url-env", VARIABLE, "--out", path, **{VARIABLE: sqlite_database.url})

    assert (code, path.exists()) == (40, False)
    assert "main.notes.payload" in " ".join(err.split())
    code, _, err = answer("init", "--url-env", VARIABLE, "--out", "/dev/null/retention.toml")
    assert (code, "out_unwritable" in err) == (2, True)


def test_copies_and_tables_that_were_read_in_part_are_named(postgresql_database, proposed):
    proposal = proposed(
        postgresql_database, *people(), *wallets(), "CREATE MATERIALIZED VIEW copied AS SELECT card_number FROM wallets",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT)",
        f"INSERT INTO log SELECT i, 'nothing' FROM generate_series(1, {3 * AT_EACH_END}) AS i")

    assert set(targets(proposal)) == {"wallets"}
    assert "to be refreshed after a removal: public.copied" in flat(proposal)
    assert "Not every row was read of public.log" in flat(proposal)


def test_an_answer_that_is_still_missing_stops_every_command(sqlite_database, tmp_path, proposed):
    create(sqlite_database.engine, generate(AS_OF, size=40))
    text = proposed(sqlite_database).toml
    (tmp_path / "retention.toml").write_text(
        taken(text, "services").replace('effective_from = "FILL IN"', "effective_from = 2014-04-01"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config_fill_in: .*service_end\.zone still says FILL IN") as refused:
        load(tmp_path / "retention.toml")
    assert "check --config" in refused.value.cure
