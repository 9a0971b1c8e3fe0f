"""The night as JSON: the shape that scripts rely on, and the bytes that a digest and a signature are taken of."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from carddata_retention.discovered import Found
from carddata_retention.model import CutoffView, Night, TargetResult

SCHEMA = 1

COUNTS = (
    "population", "active", "retained", "held", "undetermined", "requested", "due", "overdue", "blank",
    "out_of_scope", "purged", "skipped", "failed", "arrived", "residue", "remaining_due", "table_rows", "recount",
)
FOUND = ("place", "class", "severity", "count", "confidence", "advice", "declared")
REASONS = ("undetermined_reasons", "skipped_reasons", "failed_reasons", "children_removed")


def ruling_cutoff(night: Night) -> CutoffView | None:
    """The bound of the version in force: the one that is quoted where there is room for one only."""
    own = [c for c in night.cutoffs if c.version == night.policy_version]
    return next(iter(own or night.cutoffs), None)


def _target(target: TargetResult) -> dict[str, Any]:
    out: dict[str, Any] = {"name": target.name, "state": target.state.value}
    out |= {name: getattr(target, name) for name in COUNTS}
    out |= {name: dict(getattr(target, name)) for name in REASONS}
    return out | {"forecast": {str(days): count for days, count in target.forecast.items()}}


def _found(found: Found) -> dict[str, Any]:
    told = found.as_json()
    return {word: told[word] for word in FOUND}


def night_json(night: Night) -> dict[str, Any]:
    """The object that `run`, `plan`, `apply` and `verify` print with `--json` and that `night.json` holds."""
    cutoff = ruling_cutoff(night)
    return {
        "schema": SCHEMA,
        "run_id": night.run_id,
        "mode": night.mode.value,
        "as_of": night.as_of.isoformat(),
        "cutoff": cutoff.cutoff if cutoff else None,
        "cutoff_inclusive": cutoff.cutoff_inclusive if cutoff else None,
        "cutoffs": [
            {"version": c.version, "trigger": c.trigger, "column": c.column, "kind": c.kind.value,
             "cutoff": c.cutoff, "cutoff_inclusive": c.cutoff_inclusive, "records": c.records, "decided": c.decided}
            for c in night.cutoffs
        ],
        "policy": {"id": night.policy_id, "version": night.policy_version, "digest": night.policy_digest},
        "verdict": night.verdict.value,
        "exit_code": night.exit_code,
        "targets": [_target(t) for t in night.targets],
        # Milliseconds are enough, and seventeen digits of a fraction look like a card number to a leak scan.
        "timings_s": {name: round(seconds, 3) for name, seconds in night.timings_s.items()},
        "quality": [
            {"id": q.id, "target": q.target, "severity": q.severity.value, "passed": q.passed,
             "observed": q.observed, "checked": q.checked, "limit": q.limit, "reason": q.reason}
            for q in night.quality
        ],
        "findings": [
            {"id": f.id, "severity": f.severity.value, "target": f.target, "count": f.count, "reason": f.reason}
            for f in night.findings
        ],
        "artefacts": list(night.artefacts),
        **({"comparison": asdict(night.comparison)} if night.comparison is not None else {}),
        **({"discovery": [_found(f) for f in night.discovered]} if night.discovered else {}),
    }


def canonical_bytes(obj: Any) -> bytes:
    """One spelling for one content: sorted keys, no whitespace, UTF-8, no NaN."""
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(obj: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes(obj)).hexdigest()
