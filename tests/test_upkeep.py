"""PostgreSQL's planner knows what a night has left, or its DBA is told the statement."""

from logins import login
from nightly import AS_OF
from small_house import small_house


def believed(house, table):
    return house.execute(f"SELECT reltuples FROM pg_class WHERE oid = to_regclass('{table}')")[0][0]


def test_a_table_that_has_shrunk_is_counted_anew_and_one_that_was_redacted_is_not(postgresql_database, tmp_path):
    house = small_house(postgresql_database, tmp_path)
    for table in ("cards", "payments"):
        house.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    before = {table: believed(house, table) for table in ("cards", "payments")}
    house.night(AS_OF)
    assert believed(house, "cards") == len(house.rows("cards")) != before["cards"]
    assert believed(house, "payments") == before["payments"]


def test_a_login_that_does_not_own_the_table_says_what_its_owner_can_do(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        night = house.night(AS_OF)
    told = [f for f in night.findings if f.id == "statistics_old"]
    assert night.exit_code == 0
    assert [(f.target, f.reason.endswith('ANALYZE "cards";')) for f in told] == [("cards", True)]
