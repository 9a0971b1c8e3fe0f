"""The whole night on three real databases, against an oracle that shares no code with the product."""

import pytest
from billing import generate
from nightly import AS_OF, build
from oracle import Rules, answers

from carddata_retention.model import State

STATUSES = ("blank", "held", "requested", "active", "undetermined", "retained", "overdue", "due")


@pytest.mark.parametrize("column", ["aware", "naive"])
def test_the_night_removes_exactly_what_the_oracle_says(database, tmp_path, column):
    billing = generate(AS_OF, size=400)
    house = build(database, tmp_path, billing, column=column, quality={"expectations": "/tmp/exp"})
    expected = answers(billing, Rules(AS_OF))
    cards_before = {r[0] for r in house.rows("cards")}

    night = house.night()

    for target in night.targets:
        truth = expected[target.name]
        assert {s: getattr(target, s) for s in STATUSES} == {s: truth.totals.get(s, 0) for s in STATUSES}
        assert dict(target.undetermined_reasons) == dict(truth.reasons)
        assert (target.out_of_scope, target.table_rows) == (truth.out_of_scope, truth.table_rows)
        assert (target.purged, target.skipped, target.failed) == (len(truth.purge), 0, 0)
        assert (target.remaining_due, target.residue, target.arrived) == (0, 0, 0)
    assert (night.verdict, night.exit_code) == (State.CLEAN, 0)
    assert cards_before - {r[0] for r in house.rows("cards")} == expected["cards"].purge
    emptied = {r[0] for r in house.rows("payments") if (r[0] in expected["payments"].purge)}
    assert emptied == expected["payments"].purge
