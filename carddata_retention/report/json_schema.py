"""The JSON Schema of `night.json` and of what `run`, `plan`, `apply` and `verify` print with `--json`.

Made from the same names as the object itself; docs/night.schema.json holds it.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from carddata_retention.errors import Exit
from carddata_retention.model import Kind, Mode, Severity, State
from carddata_retention.report.canonical import COUNTS, REASONS, SCHEMA

_Schema = dict[str, Any]
_TEXT: _Schema = {"type": "string"}
_BOOLEAN: _Schema = {"type": "boolean"}
_TEXT_OR_NONE: _Schema = {"type": ["string", "null"]}
_COUNT: _Schema = {"type": ["integer", "null"], "minimum": 0, "description": "records; null where it was not taken"}
_COUNTED: _Schema = {"type": "integer", "minimum": 0}
_BY_REASON: _Schema = {"type": "object", "additionalProperties": _COUNTED}


def _one_of(words: type[StrEnum]) -> _Schema:
    return {"type": "string", "enum": [word.value for word in words]}


def _object(properties: Mapping[str, _Schema], optional: tuple[str, ...] = ()) -> _Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _list(of: _Schema) -> _Schema:
    return {"type": "array", "items": of}


def _cutoff() -> _Schema:
    return _object({
        "version": _TEXT, "trigger": _TEXT, "column": _TEXT, "kind": _one_of(Kind), "cutoff": _TEXT,
        "cutoff_inclusive": _BOOLEAN, "records": _COUNT,
    })


def _target() -> _Schema:
    return _object({
        "name": _TEXT, "state": _one_of(State), **dict.fromkeys(COUNTS, _COUNT), **dict.fromkeys(REASONS, _BY_REASON),
        "forecast": {**_BY_REASON, "propertyNames": {"pattern": "^[0-9]+$"},
                     "description": "records that become purgeable within so many days"},
    })


def night_schema() -> _Schema:
    """The schema as an object. `error` is there where a command ends with 10 or above, and never in a report's file."""
    judged = _object({
        "id": _TEXT, "target": _TEXT, "severity": _one_of(Severity), "passed": _BOOLEAN, "observed": _COUNTED,
        "checked": _COUNT, "limit": _COUNT, "reason": _TEXT,
    })
    found = _object({"id": _TEXT, "severity": _one_of(Severity), "target": _TEXT_OR_NONE, "count": _COUNT,
                     "reason": _TEXT})
    whole = _object({
        "schema": {"const": SCHEMA}, "run_id": _TEXT, "mode": _one_of(Mode),
        "as_of": {"type": "string", "format": "date"},
        "cutoff": _TEXT_OR_NONE, "cutoff_inclusive": {"type": ["boolean", "null"]}, "cutoffs": _list(_cutoff()),
        "policy": _object({"id": _TEXT, "version": _TEXT, "digest": _TEXT}), "verdict": _one_of(State),
        "exit_code": {"type": "integer", "enum": sorted(int(code) for code in Exit)}, "targets": _list(_target()),
        "timings_s": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0},
                      "description": "seconds"},
        "quality": _list(judged), "findings": _list(found), "artefacts": _list(_TEXT),
        "error": _object(dict.fromkeys(("code", "cause", "not_done", "cure"), _TEXT)),
    }, optional=("error",))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "night.json", **whole}


def schema_text() -> str:
    """The schema as docs/night.schema.json holds it."""
    return json.dumps(night_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
