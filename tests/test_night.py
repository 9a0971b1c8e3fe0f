"""The whole night on three real databases, against an oracle that shares no code with the product."""

from datetime import UTC, date, datetime

import pytest
from billing import generate, read_sqlite
from nightly import AS_OF, build, hooks
from oracle import Rules, answers

from carddata_retention.config import load
from carddata_retention.demo import build_billing, write_configuration
from carddata_retention.model import State
from carddata_retention.run import night

STATUSES = ("blank", "held", "requested", "active", "undetermined", "retained", "overdue", "due")


@pytest.mark.parametrize("column", ["aware", "naive"])
def test_the_night_removes_exactly_what_the_oracle_says(database, tmp_path, column):
    billing = generate(AS_OF, size=400)
    house = build(database, tmp_path, billing, column=column)
    expected = answers(billing, Rules(AS_OF))
    cards_before = {r[0] for r in house.rows("cards")}

    told = house.night()

    for target in told.targets:
        truth = expected[target.name]
        assert {s: getattr(target, s) for s in STATUSES} == {s: truth.totals.get(s, 0) for s in STATUSES}
        assert dict(target.undetermined_reasons) == dict(truth.reasons)
        assert (target.out_of_scope, target.table_rows) == (truth.out_of_scope, truth.table_rows)
        assert (target.purged, target.skipped, target.failed) == (len(truth.purge), 0, 0)
        assert (target.remaining_due, target.residue, target.arrived) == (0, 0, 0)
    assert (told.verdict, told.exit_code) == (State.CLEAN, 0)
    assert cards_before - {r[0] for r in house.rows("cards")} == expected["cards"].purge
    emptied = {r[0] for r in house.rows("payments") if (r[0] in expected["payments"].purge)}
    assert emptied == expected["payments"].purge


def test_the_demo_night_agrees_with_the_oracle(tmp_path):
    as_of = date(2026, 11, 20)
    build_billing(tmp_path / "billing.db", cards=1500, as_of=as_of)
    before = read_sqlite(tmp_path / "billing.db")
    config = load(write_configuration(tmp_path))

    told = night(config, datetime.now(UTC), as_of, hooks())

    rules = Rules(as_of, left_out=None, masks={}, open_sentinels=(date(9999, 12, 31),))
    expected, after = answers(before, rules), read_sqlite(tmp_path / "billing.db")
    for target in told.targets:
        truth = expected[target.name]
        assert {s: getattr(target, s) for s in STATUSES} == truth.totals
        assert dict(target.undetermined_reasons) == truth.reasons
        assert target.purged == len(truth.purge) > 0
    assert {c.id for c in before.cards} - {c.id for c in after.cards} == expected["cards"].purge
    emptied = {p.id for p in after.payments if (p.card_holder, p.card_token, p.card_exp, p.last4) == (None,) * 4}
    assert expected["payments"].purge <= emptied
    assert len(before.usage) - len(after.usage) == expected["cards"].children_removed
