"""The JSON Schema of `night.json` and of what `run`, `plan`, `apply` and `verify` print with `--json`.

Made from the same names as the object itself; docs/night.schema.json holds it. The words of a schema serve that of
`period.json` too.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from carddata_retention.errors import Exit
from carddata_retention.model import Kind, Mode, Severity, State
from carddata_retention.report.canonical import COUNTS, FOUND, REASONS, SCHEMA
from carddata_retention.sealed import ComparedTarget

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
DAY: Schema = {"type": "string", "format": "date"}
EXIT_CODE: Schema = {"type": "integer", "enum": sorted(int(code) for code in Exit)}
BOOLEAN: Schema = {"type": "boolean"}
TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": ["integer", "null"], "minimum": 0, "description": "records; null where it was not taken"}
COUNTED: Schema = {"type": "integer", "minimum": 0}
_BY_REASON: Schema = {"type": "object", "additionalProperties": COUNTED}


def one_of(words: Iterable[str]) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def object_of(properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object of exactly these properties, each required but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def list_of(of: Schema) -> Schema:
    """A list whose items are alike."""
    return {"type": "array", "items": of}


def _cutoff() -> Schema:
    return object_of({
        "version": TEXT, "trigger": TEXT, "column": TEXT, "kind": one_of(Kind), "cutoff": TEXT,
        "cutoff_inclusive": BOOLEAN, "records": COUNT, "decided": COUNT,
    })


def _comparison() -> Schema:
    counts = [f.name for f in fields(ComparedTarget) if f.name != "name"]
    compared = object_of({"name": TEXT, **dict.fromkeys(counts, COUNTED)})
    return {**object_of({"version": TEXT, "targets": list_of(compared)}),
            "description": "only with plan --compare-version: what this version would change"}


def _target() -> Schema:
    return object_of({
        "name": TEXT, "state": one_of(State), **dict.fromkeys(COUNTS, COUNT), **dict.fromkeys(REASONS, _BY_REASON),
        "forecast": {**_BY_REASON, "propertyNames": {"pattern": "^[0-9]+$"},
                     "description": "records that become purgeable within so many days"},
    })


def night_schema() -> Schema:
    """The schema as an object. `error` is there where a command ends with 10 or above, and never in a report's file."""
    judged = object_of({
        "id": TEXT, "target": TEXT, "severity": one_of(Severity), "passed": BOOLEAN, "observed": COUNTED,
        "checked": COUNT, "limit": COUNT, "reason": TEXT,
    })
    found = object_of({"id": TEXT, "severity": one_of(Severity), "target": TEXT_OR_NONE, "count": COUNT,
                     "reason": TEXT})
    whole = object_of({
        "schema": {"const": SCHEMA}, "run_id": TEXT, "mode": one_of(Mode),
        "as_of": DAY,
        "cutoff": TEXT_OR_NONE, "cutoff_inclusive": {"type": ["boolean", "null"]}, "cutoffs": list_of(_cutoff()),
        "policy": object_of({"id": TEXT, "version": TEXT, "digest": TEXT}), "verdict": one_of(State),
        "exit_code": EXIT_CODE, "targets": list_of(_target()),
        "timings_s": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0},
                      "description": "seconds"},
        "quality": list_of(judged), "findings": list_of(found), "artefacts": list_of(TEXT),
        "discovery": list_of(object_of(dict.fromkeys(FOUND, TEXT) | {"count": COUNTED, "declared": TEXT_OR_NONE})),
        "error": object_of(dict.fromkeys(("code", "cause", "not_done", "cure"), TEXT)),
        "comparison": _comparison(),
    }, optional=("error", "comparison", "discovery"))
    return {"$schema": DIALECT, "title": "night.json", **whole}


def schema_text(schema: Schema) -> str:
    """A schema as the file in docs/ holds it."""
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
