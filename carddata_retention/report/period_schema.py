"""The JSON Schema of `period.json`, made from the same names as the object itself; docs/period.schema.json holds it."""

from typing import get_type_hints

from carddata_retention.model import State
from carddata_retention.report.days import Tally
from carddata_retention.report.json_schema import (
    BOOLEAN,
    COUNT,
    COUNTED,
    DAY,
    DIALECT,
    EXIT_CODE,
    TEXT,
    TEXT_OR_NONE,
    Schema,
    list_of,
    object_of,
    one_of,
)
from carddata_retention.report.period_json import SCHEMA, WORDS
from carddata_retention.report.rollforward import RollForward
from carddata_retention.report.rollup import MOST_DAYS_BETWEEN
from carddata_retention.report.views import LocationView
from carddata_retention.reporting_period import PeriodKind

_DAYS: Schema = {"type": ["integer", "null"], "minimum": 0, "description": "days; null where there was none before"}
_RESULT = one_of(WORDS.values())
_NIGHTS: Schema = {**dict.fromkeys(Tally._fields, COUNTED), "purged": COUNTED}
_KINDS: dict[type, Schema] = {str: TEXT, int: COUNTED, bool: BOOLEAN}
_DIFFERENCE: Schema = {"type": "integer", "description": "records; what recounts found beside the arithmetic"}


def period_schema() -> Schema:
    """The schema as an object."""
    whole = object_of({
        "schema": {"const": SCHEMA}, "kind": {"const": "period"},
        "period": {"type": "string", "pattern": "^[0-9]{4}(-(Q[1-4]|0[1-9]|1[0-2]))?$"}, "length": one_of(PeriodKind),
        "first": DAY, "last": DAY, "until": DAY, "over": BOOLEAN, "known_on": DAY, "zone": TEXT, "database": TEXT,
        "tool_version": TEXT, "verdict": _RESULT,
        "policy": object_of({"id": TEXT, "versions": list_of(TEXT), "changes": COUNTED}),
        "conclusions": list_of(object_of({"no": {"type": "string", "pattern": "^P[1-8]$"}, "result": _RESULT})),
        "nights": object_of({**_NIGHTS, "list": list_of(_night())}),
        "gaps": list_of(object_of({"first": DAY, "last": DAY, "nights": COUNTED})),
        "verifications": object_of({
            "count": COUNTED, "longest_interval_days": _DAYS, "open_days": _DAYS,
            "most_days": {"const": MOST_DAYS_BETWEEN}, "list": list_of(_verification()),
        }),
        "unverified_runs": list_of(TEXT), "months": list_of(_month()),
        "roll_forward": list_of(_of(RollForward, difference=_DIFFERENCE)), "locations": list_of(_of(LocationView)),
        "chain": object_of({"sealed": COUNT, "broken": TEXT_OR_NONE, "last_seal": TEXT_OR_NONE}),
    })
    return {"$schema": DIALECT, "title": "period.json", **whole}


def _of(value: type, **apart: Schema) -> Schema:
    """A frozen value as it is written: its fields by their names, those `apart` by a schema of their own."""
    return object_of({name: _KINDS[kind] for name, kind in get_type_hints(value).items()} | apart)


def _night() -> Schema:
    run = object_of({
        "run_id": TEXT, "verdict": one_of(State), "exit_code": EXIT_CODE, "purged": COUNT,
        "remaining_due": COUNT, "undetermined": COUNT,
    })
    return object_of({"as_of": DAY, "result": _RESULT, "worst": _RESULT, "days_late": COUNTED, "purged": COUNT,
                      "runs": list_of(run)})


def _verification() -> Schema:
    return object_of({"run_id": TEXT, "on": DAY, "as_of": DAY, "interval_days": _DAYS, "remaining_due": COUNT})


def _month() -> Schema:
    return object_of({
        "month": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}, **_NIGHTS, "verifications": COUNTED,
        "longest_interval_days": _DAYS, "result": _RESULT,
    })
