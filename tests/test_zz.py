from test_audit import *
def test_x(sqlite_database, tmp_path):
    billing = generate(AS_OF, size=150, seed=1, dirty=True)
    house = prepared(sqlite_database, tmp_path, billing)
    truth=answers(billing, Rules(AS_OF))["cards"].purge
    text = (SQL / "audit" / "residue-sqlite.sql").read_text("utf-8")
    text = re.sub("^--.*$", "", text, flags=re.M).strip().rstrip(";")
    pre=text[:text.index("SELECT t.target")]
    t=re.sub(r"(?<!:):(?!cutoff|earliest)", r"\\:", pre+" SELECT customer_id FROM customers_due")
    values = {"cutoff": in_utc("sqlite", cutoff_by_hand(AS_OF)), "earliest": in_utc("sqlite", EARLIEST)}
    with house.connection() as c:
        due={r[0] for r in c.execute(sa.text(t),values)}
    want={x.customer_id for x in billing.cards if x.id in truth}
    print(want-due, due-want)
    t=re.sub(r"(?<!:):(?!cutoff|earliest)", r"\\:", pre[:pre.index("services_seen")].rstrip().rstrip(",")+" SELECT * FROM read")
    with house.connection() as c:
        for r in c.execute(sa.text(t)):
            if r[0] in want-due: print(r)
    for r in house.rows("services"):
        if r[1] in want-due: print(r)
    assert 0
