"""Proof about one removed record, from exported evidence alone, that tells nothing of the others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carddata_retention.errors import BrokenError, UsageError
from carddata_retention.verifier import form
from carddata_retention.verifier.check import check_proof
from carddata_retention.verifier.merkle import leaf_hash, path_to


def prove(reference: str, folder: Path) -> dict[str, Any]:
    """That this record was removed, last: its leaf, the path from there to the root, and the signed head of the run.

    Raises UsageError where no tombstone has this reference, BrokenError where the files do not bear the proof.
    """
    files = [(path, line) for path in folder.glob("*.jsonl") if (line := _with(path, reference)) is not None]
    if not files:
        raise UsageError("unknown_reference", "No tombstone in this evidence has this reference.", not_done="",
                         cure="References stand in the reports and the evidence; carddata-retention evidence verify")
    proofs = [_proof(path, line) for path, line in files]
    proof = max(proofs, key=lambda found: int(found["head"]["number"]))
    if wrong := check_proof(proof, _trusted(folder)):
        raise BrokenError("evidence_changed", f"Run {proof['head']['run_id']} bears no proof: {wrong[0]}.",
                          not_done="Nothing was changed by this look.", cure="carddata-retention evidence verify")
    return proof


def _trusted(folder: Path) -> Mapping[str, str]:
    try:
        return form.read_keys(folder / form.KEYS)
    except ValueError:
        return {}  # no proof can be made by keys that are none


def _with(path: Path, reference: str) -> int | None:
    """The number of the tombstone of this reference within a file, among its tombstones."""
    sought, number = f'"reference":"{reference}"'.encode(), 0
    with path.open("rb") as file:
        for line in file:
            if b'"kind":"tombstone"' in line:
                if sought in line:
                    return number
                number += 1
    return None


def _proof(path: Path, index: int) -> dict[str, Any]:
    run: Mapping[str, Any] = {}
    batches: dict[tuple[str, int], Mapping[str, Any]] = {}
    hashes: list[bytes] = []
    record: Mapping[str, Any] = {}
    try:
        with path.open("rb") as file:
            for line in file:
                entry = json.loads(line)
                if entry["kind"] == "run":
                    run = entry
                elif entry["kind"] == "batch":
                    batches[entry["target"], entry["batch_no"]] = entry
                elif entry["kind"] == "tombstone":
                    leaf = form.leaf(run, batches[entry["target"], entry["batch_no"]], entry)
                    record = leaf if len(hashes) == index else record
                    hashes.append(leaf_hash(leaf))
        sealed = {name: entry.pop(name) for name in ("seal", "key_id", "signature")}
    except (ValueError, KeyError):
        raise BrokenError("evidence_changed", f"The file {path.name} is not whole.", not_done="No proof was made.",
                          cure="carddata-retention evidence verify") from None
    head = {name: value for name, value in entry.items() if name not in ("kind", "check")}
    return {"format": form.FORMAT, "kind": "proof", "record": record, "index": index,
            "path": path_to(hashes, index), "head": head, **sealed}
