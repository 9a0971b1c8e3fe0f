"""The sample reports in the docs are what this version would write of the same nights."""

import pytest
from sample_reports import KEPT, SAMPLES, TOLD, rendered

from carddata_retention.report import leaks

MADE = rendered(KEPT.validate_json(TOLD.read_bytes()))


@pytest.mark.parametrize("name", MADE)
def test_a_sample_is_current(name):
    assert (SAMPLES / name).read_bytes() == MADE[name], "type: make samples"


def test_no_sample_lies_there_that_nobody_writes():
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert files == {*MADE, TOLD.name}


def test_no_sample_names_the_machine_it_was_made_on_or_shows_a_card_number():
    told = TOLD.read_text(encoding="utf-8")
    assert '"host":"batch-01"' in told
    assert "/tmp" not in told
    assert not leaks.has_card_number(told)
