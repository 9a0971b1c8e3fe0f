from example import example
def test_x(postgresql_database, tmp_path):
    house=example(postgresql_database,tmp_path)
    house.execute(
        "CREATE TABLE notes (id integer PRIMARY KEY, card_id integer, "
        "FOREIGN KEY (card_id) REFERENCES cards (id) ON DELETE CASCADE)")
    n=house.night(); print([(f.id, f.severity) for f in n.findings], [(t.name,t.state, t.purged) for t in n.targets], n.exit_code)
    assert 0
