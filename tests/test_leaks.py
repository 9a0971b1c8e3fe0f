"""A card value planted in every field appears in no output, no file, no exception, and in no table of ours.

The real command line is driven over a night in which triggers and constraints shout the values that they refuse.
On SQLite the bytes of what was removed are gone from the files as well.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from small_house import declared_anew, small, small_house

from carddata_retention.model import Severity

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = ("4929317735928461", "5555313373318462", "3530817264509317")
WORDS = ("PLANTEDHOLDER", "739173917", "EXPPLANTED", "LASTPLANTED", "BRANDPLANTED", "NAMEPLANTED")
FORBIDDEN = (*WORDS, *(part for n in NUMBERS for part in (n[:6], n[-8:], n[4:12])))

# One process for all commands, because the gate takes seconds to load; each goes through main(). PostgreSQL has one of
# its own, for its errors carry whole rows; the other two are asked in the tests' process.
DRIVER = """
import json, os, sys
from carddata_retention import cli, gate, quality
gate.judge_apart = lambda: quality.judge_all
exits = []
for number, line in enumerate(json.loads(sys.argv[1])):
    for stream, name in ((sys.stdout, "out"), (sys.stderr, "err")):
        stream.flush()
        handle = os.open(f"said/{number}.{name}", os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, stream.fileno())
        os.close(handle)
    sys.argv = ["carddata-retention", *line]
    try:
        cli.main()
    except SystemExit as end:
        exits.append(end.code)
    sys.stdout.flush()
with open("exits", "w") as file:
    json.dump(exits, file)
"""


def planted(billing):
    """The same rows with values that nobody could take for anything else."""
    return replace(
        billing,
        customers=tuple(replace(c, name=f"NAMEPLANTED {NUMBERS[2]}") for c in billing.customers),
        cards=tuple(replace(c, cardholder_name="PLANTEDHOLDER A", card_token=NUMBERS[0], exp_month=12,
                            exp_year=739173917) for c in billing.cards),
        payments=tuple(replace(p, method="card", card_holder="PLANTEDHOLDER B", card_token=NUMBERS[1],
                               card_exp="EXPPLANTED", last4="LASTPLANTED", brand="BRANDPLANTED")
                       for p in billing.payments),
    )


SHOUTS = {
    "postgresql": ["CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN RAISE EXCEPTION ''% of % until %'', OLD.card_token, OLD.cardholder_name, OLD.exp_year; END'",
                   "CREATE TRIGGER shouting BEFORE DELETE ON cards FOR EACH ROW WHEN (OLD.id % 3 = 0) "
                   "EXECUTE FUNCTION shout()"],
    "mariadb": ["CREATE TRIGGER shouting BEFORE DELETE ON cards FOR EACH ROW IF OLD.id % 3 = 0 THEN BEGIN "
                "DECLARE words VARCHAR(128); SET words = concat(OLD.card_token, OLD.cardholder_name); "
                "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = words; END; END IF"],
    "sqlite": ["CREATE TRIGGER shouting BEFORE DELETE ON cards WHEN OLD.id % 3 = 0 "
               f"BEGIN SELECT RAISE(ABORT, '{NUMBERS[0]} PLANTEDHOLDER A'); END"],
}
# PostgreSQL prints the whole row that a check refuses, so a memo beside the card fields is printed with it.
REFUSES = {
    "postgresql": [f"ALTER TABLE payments ADD memo text DEFAULT 'paid by {NUMBERS[1]} PLANTEDHOLDER B'",
                   "ALTER TABLE payments ADD CONSTRAINT unmasked CHECK (id % 3 <> 0 OR card_token <> '***')"],
    "mariadb": [f"ALTER TABLE payments ADD memo text DEFAULT 'paid by {NUMBERS[1]} PLANTEDHOLDER B'",
                "ALTER TABLE payments ADD seen VARCHAR(80) AS (IF(card_token = '***' AND id % 3 = 0, 'one', id)) STORED",
                "CREATE UNIQUE INDEX unmasked ON payments (seen)"],
    "sqlite": ["CREATE TRIGGER unmasked BEFORE UPDATE ON payments WHEN NEW.card_token = '***' AND NEW.id % 3 = 0 "
               f"BEGIN SELECT RAISE(ABORT, '{NUMBERS[1]} PLANTEDHOLDER B'); END"],
}


def found_in(text: str) -> list[str]:
    return [word for word in FORBIDDEN if word in text]


def of_our_tables(house) -> Iterator[str]:
    for name in ("run", "batch", "tombstone", "deadline", "work", "target", "hold", "request", "event"):
        for row in house.execute(f"SELECT * FROM {house.own(name)}"):
            yield repr(tuple(row))


def driven(commands, folder) -> list[int]:
    """The exits of the commands in a process of its own, which leaves what it said in said/."""
    ended = subprocess.run([sys.executable, "-c", DRIVER, json.dumps(commands)], cwd=folder, capture_output=True,
                           text=True, env={**os.environ, "PYTHONPATH": str(ROOT), "CARDDATA_CONFIG": "retention.toml"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    return json.loads((folder / "exits").read_text())


def asked(commands, folder, answer) -> list[int]:
    """The same in this process."""
    exits = []
    for number, line in enumerate(commands):
        code, *said = answer(*line, CARDDATA_CONFIG="retention.toml")
        exits.append(code)
        for name, text in zip(("out", "err"), said, strict=True):
            (folder / "said" / f"{number}.{name}").write_text(text)
    return exits


def test_no_command_says_or_writes_a_card_value(database, tmp_path, monkeypatch, answer):
    house = small_house(database, tmp_path, planted(small(20)), report={"formats": ["html", "json"],
                                                                        "languages": ["ja", "en"]})
    for statement in (*SHOUTS[database.dialect], *REFUSES[database.dialect]):
        house.execute(statement)
    before = {name: house.rows(name) for name in ("cards", "payments")}
    assert all(NUMBERS[0] in repr(row) for row in before["cards"])
    (tmp_path / "said").mkdir()
    cast = (tmp_path / "retention.toml").read_text().replace(
        "\"method = 'card'\"", "\"CAST(card_token AS decimal(4)) > 0 AND 1 / (id - id) > 0 AND card_holder\"")
    (tmp_path / "cast.toml").write_text(cast)
    commands = [
        ["check"], ["plan", "--sql", "--out", "plan.json"], ["plan", "--json"], ["explain", "cards", "3"],
        ["explain", "payments", "3", "--json"], ["explain", "cards", NUMBERS[0]], ["run", "--json"], ["verify"],
        ["run"], ["report"], ["apply", "plan.json"], ["plan", "--config", "cast.toml"], ["run", "--config", "cast.toml"],
    ]

    monkeypatch.chdir(tmp_path)

    ended = driven(commands, tmp_path) if database.dialect == "postgresql" else asked(commands, tmp_path, answer)

    exits = dict(zip(map(tuple, commands), ended, strict=True))
    told = json.loads((tmp_path / "said" / f"{commands.index(['run', '--json'])}.out").read_text())
    for target in told["targets"]:  # so every refusal was really met, and every evidence really written
        assert target["purged"] > 0
        assert target["failed"] > 0
        assert target["purged"] + target["failed"] == target["requested"] + target["overdue"] + target["due"]
    assert (exits["run", "--json"], exits["explain", "cards", "3"], exits["apply", "plan.json"]) == (20, 0, 20)
    assert exits["explain", "cards", NUMBERS[0]] == 2  # no such record; on PostgreSQL and MariaDB no such integer
    assert 1 not in exits.values()
    assert len(list((tmp_path / "said").iterdir())) == 2 * len(commands)
    read = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".toml"]
    kinds = {p.suffix for p in read}
    assert {".html", ".json", ".out", ".err", ".key"} <= kinds
    for path in read:
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name == f"{commands.index(['explain', 'cards', NUMBERS[0]])}.err":
            text = text.replace(NUMBERS[0], "")  # what a person typed as a key is a person's to see
        assert found_in(text) == [], path.relative_to(tmp_path)
    ours = list(of_our_tables(house))
    assert len(ours) > 20
    assert found_in("\n".join(ours)) == []


def test_the_module_by_itself_says_no_value_either(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, planted(small(20)))
    house.execute("DROP TABLE services")

    ended = subprocess.run([sys.executable, "-m", "carddata_retention.cli", "check", "--json"], cwd=tmp_path, text=True,
                           capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert ended.returncode == 40
    assert json.loads(ended.stdout)["error"]["code"] == "table_missing"
    assert "Traceback" not in ended.stderr
    assert found_in(ended.stdout + ended.stderr) == []


# What stays in SQLite's files


def marked(billing):
    """Every record with values of its own, long enough to be found among the bytes."""
    return replace(
        billing,
        cards=tuple(replace(c, cardholder_name=f"HOLDER-{c.id:05}-A", card_token=f"TOKEN-{c.id:05}-A")
                    for c in billing.cards),
        payments=tuple(replace(p, method="card", card_holder=f"HOLDER-{p.id:05}-B", card_token=f"TOKEN-{p.id:05}-B",
                               card_exp="2024-09", last4="0000", brand="JCB") for p in billing.payments),
    )


def marks(keys: set[int], letter: str) -> set[bytes]:
    return {f"{word}-{key:05}-{letter}".encode() for key in keys for word in ("HOLDER", "TOKEN")}


@contextmanager
def application(house, journal: str) -> Iterator[sa.Connection]:
    """The application, which keeps its own connection open all night."""
    engine = sa.create_engine(house.database.url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}").scalar() == journal
        connection.exec_driver_sql("CREATE INDEX by_token ON cards (card_token)")
        connection.exec_driver_sql("UPDATE customers SET name = name || ''")
        connection.commit()
        connection.exec_driver_sql("SELECT count(*) FROM cards")
        connection.rollback()
        yield connection
    engine.dispose()


def bytes_of(house) -> bytes:
    file = Path(str(sa.make_url(house.database.url).database))
    return b"".join(p.read_bytes() for p in sorted(file.parent.glob(file.name + "*")))


@pytest.mark.parametrize("journal", ["wal", "delete", "truncate", "persist"])
def test_what_was_removed_is_in_no_byte_of_the_files(sqlite_database, tmp_path, journal):
    house = small_house(sqlite_database, tmp_path, marked(small(200)))
    before = {r[0] for r in house.rows("cards")}
    with application(house, journal):
        assert all(mark in bytes_of(house) for mark in marks(before, "A"))

        night = house.night()

        raw = bytes_of(house)
    cards, payments = night.targets
    kept = {r[0] for r in house.rows("cards")}
    emptied = {r[0] for r in house.rows("payments") if r[5] == "***"}
    assert night.exit_code == 0
    assert len(before - kept) == cards.purged > 20
    assert len(emptied) == payments.purged > 20
    gone = marks(before - kept, "A") | marks(emptied, "B")
    assert [m for m in gone if m in raw] == []
    assert all(m in raw for m in marks(kept, "A"))
    assert not [f for f in night.findings if f.id == "log_not_cut"]


def test_a_look_that_keeps_the_log_from_being_cut_is_a_finding(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, marked(small(60)))
    with application(house, "wal") as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM cards").scalar()

        night = house.night()

        (finding,) = [f for f in night.findings if f.id == "log_not_cut"]
        assert finding.severity is Severity.WARN
        assert night.exit_code == 0
        connection.rollback()
        again = declared_anew(house).night()
    assert not [f for f in again.findings if f.id == "log_not_cut"]
