"""Holds on the result of a query and from a CSV file: what is placed, what is refused and how it is told."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from nightly import AS_OF
from small_house import small_house

from carddata_retention import holds
from carddata_retention.errors import UsageError
from carddata_retention.holds import Order

ORDER = Order("authority", "legal", date(2027, 1, 31), "order 12 of 2026")
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
HEADER = "target,key,subject,basis,by,review_by,note\n"


@pytest.fixture
def house(database, tmp_path):
    return small_house(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path)


def due(house) -> tuple[list[int], dict[str, list]]:
    """The cards that a night removes, put back by the name of nobody: the ledger knows no tombstone of them."""
    before = {name: house.rows(name) for name in ("cards", "card_usage")}
    planned = {row[0] for row in before["cards"]}
    house.night(as_of=AS_OF - timedelta(days=1))
    gone = sorted(planned - {row[0] for row in house.rows("cards")})
    for name in ("cards", "card_usage"):
        table = house.table(name)
        there = {row[0] for row in house.rows(name)}
        rows = [dict(zip([c.name for c in table.columns], row, strict=True)) for row in before[name] if row[0] not in there]
        with house.database.engine.begin() as connection:
            if rows:
                connection.execute(table.insert(), rows)
    return gone, before


def cards_left(house) -> set[int]:
    return {row[0] for row in house.rows("cards")}


def listed(keys) -> str:
    return ", ".join(map(str, keys))


def test_what_a_query_names_is_held_by_one_number_and_released_as_a_whole(house):
    gone, _ = due(house)
    held, free = gone[: len(gone) // 2], gone[len(gone) // 2:]

    bulk = holds.place_by_query(house.config, NOW, f"SELECT id FROM cards WHERE id IN ({listed(held)});", "cards", ORDER)
    (told,) = holds.in_force(house.config, NOW)
    assert (bulk.exit_code, {i for _, i in bulk.placed}, len(bulk.placed)) == (0, {told[0].id}, len(held))
    assert (told[0].scope, told[0].target, told[0].items, told[1]) == ("record", "cards", len(held), None)
    night = house.night()
    assert night.holds_in_force == 1
    assert [h.items for h in night.holds] == [len(held)]
    assert set(held) <= cards_left(house)
    assert not set(free) & cards_left(house)

    holds.release(house.config, NOW, told[0].id, "legal", "settled")
    house.night()
    assert not set(held) & cards_left(house)


def test_a_query_may_name_several_targets_and_a_record_twice(house):
    gone, _ = due(house)
    payment = house.execute("SELECT min(id) FROM payments WHERE method = 'card' AND card_token <> '***'")[0][0]
    query = (f"SELECT 'cards' AS target, id FROM cards WHERE id IN ({listed(gone[:2])})\nUNION ALL "
             f"SELECT 'cards', id FROM cards WHERE id = {gone[0]}\nUNION ALL SELECT 'payments', {payment} -- the last one")
    bulk = holds.place_by_query(house.config, NOW, query, None, ORDER)
    assert (len(bulk.placed), bulk.refused) == (4, ())
    (told,) = holds.in_force(house.config, NOW)
    assert (told[0].target, told[0].items) == (None, 3)
    rows = house.execute(f"SELECT target, item, part FROM {house.own('hold')} ORDER BY part")
    assert [tuple(r) for r in rows] == [("cards", str(gone[0]), 1), ("cards", str(gone[1]), 2), ("payments", str(payment), 3)]


def test_rows_of_a_query_that_cannot_be_held_are_told_and_the_others_are_held(house):
    kept = max(cards_left(house))
    rows = house.rows("cards")
    house.night()
    gone = min({row[0] for row in rows} - cards_left(house))
    query = (f"SELECT 'cards' AS target, {kept} AS id UNION ALL SELECT 'card', 1 UNION ALL SELECT 'cards', 987654 "
             f"UNION ALL SELECT 'cards', {gone} UNION ALL SELECT 'cards', NULL")
    bulk = holds.place_by_query(house.config, NOW, query, None, ORDER)
    assert [(r.row, r.code) for r in bulk.refused] == [
        (2, "unknown_target"), (3, "unknown_record"), (4, "already_removed"), (5, "key_form")]
    assert ([row for row, _ in bulk.placed], bulk.exit_code) == ([1], 30)
    assert "987654" not in str(bulk.refused)


@pytest.mark.parametrize(("query", "target", "code"), [
    ("SELECT id FROM cards WHERE 1 = 0", "cards", "nothing_named"),
    ("SELECT id FROM cards", "card", "unknown_target"),
    ("SELECT id FROM nowhere", "cards", "query_refused"),
    ("SELECT id FROM cards; DELETE FROM cards", "cards", "query_refused"),
    ("SELECT id FROM cards) AS q -- (", "cards", "query_refused"),
    ("DELETE FROM cards", "cards", "query_refused"),
    ("", "cards", "query_refused"),
])
def test_a_query_that_is_none_places_nothing(lone_house, query, target, code):
    before = lone_house.rows("cards")
    with pytest.raises(UsageError) as refused:
        holds.place_by_query(lone_house.config, NOW, query, target, ORDER)
    assert refused.value.code == code
    assert lone_house.rows("cards") == before
    assert holds.in_force(lone_house.config, NOW) == []


def test_a_query_without_the_key_column_names_the_column_that_is_missing(lone_house):
    bulk = holds.place_by_query(lone_house.config, NOW, "SELECT customer_id FROM cards LIMIT 1", "cards", ORDER)
    assert [(r.code, "column id" in r.reason) for r in bulk.refused] == [("key_missing", True)]


def test_a_file_places_one_hold_for_each_good_row_and_tells_the_others_by_their_number(house):
    card, other = sorted(cards_left(house))[:2]
    customer = house.execute("SELECT max(customer_id) FROM cards")[0][0]
    text = HEADER + "\n".join((
        f"cards,{card},,dispute,Legal,2027-01-31,",              # 2
        f",,{customer},authority,Legal,2027-01-31,",             # 3
        "payments,,,other,Audit,2027-01-31,internal audit",      # 4
        "",                                                      # 5: empty
        "kaado,1,,dispute,Legal,2027-01-31,",                    # 6
        "cards,4111111111111111,,dispute,Legal,2027-01-31,",     # 7
        f"cards,{other},,because,Legal,2027-01-31,",             # 8
        f"cards,{other},,other,Legal,2027-01-31,",               # 9
        f"cards,{other},,dispute,,2027-01-31,",                  # 10
        f"cards,{other},,dispute,Legal,31/01/2027,",             # 11
        f"cards,{other},{customer},dispute,Legal,2027-01-31,",   # 12
        ",,,dispute,Legal,2027-01-31,",                          # 13
        f"cards,{other},,dispute,Legal",                         # 14
        ",,98765432,dispute,Legal,2027-01-31,",                  # 15
        f'cards,{other},,dispute,Legal,2027-01-31,"two\nlines"',  # 16
    )) + "\n"
    bulk = holds.place_from_csv(house.config, NOW, io.StringIO(text))
    assert [row for row, _ in bulk.placed] == [2, 3, 4, 16]
    refused = [(r.row, r.code) for r in bulk.refused]
    sixth = "key_form" if house.database.dialect != "sqlite" else "unknown_record"  # no 32 bits would hold it there
    assert refused == [(6, "unknown_target"), (7, sixth), (8, "hold_basis"), (9, "hold_basis"), (10, "hold_by"),
                       (11, "review_by"), (12, "hold_scope"), (13, "hold_scope"), (14, "row_form"), (15, "unknown_subject")]
    assert not any(value in str(bulk.refused) for value in ("kaado", "4111", "98765432", "31/01/2027", "because"))
    assert bulk.exit_code == 30
    assert sorted(h.scope for h, _ in holds.in_force(house.config, NOW)) == ["record", "record", "subject", "target"]


@pytest.mark.parametrize(("text", "code"), [
    ("target,key,subject,basis,by,review_by\ncards,1,,dispute,Legal,2027-01-31\n", "csv_header"),
    ("", "csv_header"),
    (HEADER + 'cards,1,,dispute,Legal,2027-01-31,"never ends\n', "csv_unreadable"),
    (HEADER + f"cards,1,,dispute,Legal,2027-01-31,{'x' * 200_000}\n", "csv_unreadable"),
])
def test_a_file_that_cannot_be_read_whole_places_nothing(lone_house, text, code):
    with pytest.raises(UsageError) as refused:
        holds.place_from_csv(lone_house.config, NOW, io.StringIO(text))
    assert refused.value.code == code
    assert holds.in_force(lone_house.config, NOW) == []


def test_the_commands_tell_rows_ids_and_the_exit_code(lone_house, answer):
    config = lone_house.folder / "retention.toml"
    first, second = sorted(cards_left(lone_house))[:2]
    file = lone_house.folder / "disputes.sql"
    file.write_text(f"SELECT id FROM cards WHERE id IN ({first}, {second})", encoding="utf-8")
    order = ("--basis", "dispute", "--by", "Legal", "--review-by", "2027-01-31")

    code, out, _ = answer("hold", "place", "--config", config, "--target", "cards", "--query", file, *order, "--json")
    told = json.loads(out)
    assert (code, told["exit_code"], [p["row"] for p in told["placed"]], len(told["ids"])) == (0, 0, [1, 2], 1)
    code, out, _ = answer("hold", "list", "--config", config)
    assert (code, f"{told['ids'][0]}  record cards (2 rows)  dispute" in out) == (0, True)

    rows = HEADER + f"cards,{first},,dispute,Legal,2027-01-31,\ncards,987654321,,dispute,Legal,2027-01-31,\n"
    code, out, err = answer("hold", "place", "--config", config, "--csv", "-", stdin=rows)
    assert (code, "row 3: unknown_record" in out, "1 rows placed" in out, "rows_refused" in err) == (30, True, True, True)
    assert "987654321" not in out + err
    code, out, _ = answer("hold", "place", "--config", config, "--csv", "-", "--json", stdin=rows)
    assert (code, json.loads(out)["error"]["code"]) == (30, "rows_refused")
    assert answer("hold", "place", "--config", config, "--csv", "-", *order, stdin=rows)[0] == 2
    assert answer("hold", "place", "--config", config, "--query", file, "--subject", "1", *order)[0] == 2
    assert answer("hold", "place", "--config", config, "--query", lone_house.folder / "none.sql", *order)[0] == 2


def test_a_database_that_is_lost_in_the_middle_refuses_the_rest_and_says_so(lone_house, monkeypatch):
    """The second connection attempt fails as it would where the file system goes away."""
    rows = HEADER + "".join(f"cards,{key},,dispute,Legal,2027-01-31,\n" for key in sorted(cards_left(lone_house))[:3])
    seen = []

    def lose(connection, *_):
        seen.append(1)
        if len(seen) == 2:
            raise sa.exc.OperationalError("x", {}, Exception(), connection_invalidated=True)

    def arm(statement):
        return "INSERT" in statement and "carddata_hold" in statement

    def watch(connection, cursor, statement, *_):
        if arm(statement):
            lose(connection)

    sa.event.listen(sa.Engine, "before_cursor_execute", watch)
    try:
        bulk = holds.place_from_csv(lone_house.config, NOW, io.StringIO(rows))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", watch)
    assert ([r for r, _ in bulk.placed], [(r.row, r.code) for r in bulk.refused]) == (
        [2], [(3, "connection_lost"), (4, "not_reached")])
    assert bulk.exit_code == 40
