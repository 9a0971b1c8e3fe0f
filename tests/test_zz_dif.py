import difflib

from example import example, rendered


def test_x(database, tmp_path):
    house=example(database,tmp_path); house.night()
    for p,t in rendered(house):
        print(p); print("\n".join(list(difflib.unified_diff(p.read_text().splitlines(), t.splitlines(), lineterm=""))[:30]))
