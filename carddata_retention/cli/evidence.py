"""The commands of evidence: verify and prove from the files alone, write them anew, change the key, resolve a name."""

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from carddata_retention import console
from carddata_retention.cli.front import DEFAULT_CONFIG, ConfigOption, Json, app, load_config, now
from carddata_retention.errors import BlindError, BrokenError, UsageError

if TYPE_CHECKING:
    from carddata_retention.verifier.check import Complaint

evidence = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                       help="Exported evidence: verify, prove, export; change its key.")
app.add_typer(evidence, name="evidence")
MOST = 50
Folder = Annotated[Path | None, typer.Option("--dir", help="The evidence folder; else that of the configuration.")]
Keys = Annotated[Path | None, typer.Option("--keys", help="The public keys to trust; else keys.json in the folder.")]


@evidence.command()
def verify(
    proof: Annotated[Path | None, typer.Argument(metavar="[PROOF]", help="A proof instead of a folder.")] = None,
    folder: Folder = None,
    keys: Keys = None,
    head: Annotated[str | None, typer.Option("--head", metavar="SEAL", help="A seal that must be there.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Whether exported evidence holds, offline: each file, the chain of runs, the signatures. 50 where not."""
    from carddata_retention.verifier.check import Complaint, check_folder, check_proof

    seen: dict[str, Any]
    if proof is not None:
        trusted = _keys(keys or _folder(folder, config) / "keys.json", named=keys is not None)
        complaints = [Complaint(proof.name, None, what) for what in check_proof(_json(proof), trusted)]
        seen = {"proof": proof.name}
    else:
        place = _folder(folder, config)
        trusted = _keys(keys or place / "keys.json", named=keys is not None)
        checked = check_folder(place, trusted, head)
        if not checked.files:
            raise BlindError("no_evidence", f"The folder {place.name} has no evidence files.", not_done="",
                             cure="Name the folder: carddata-retention evidence verify --dir FOLDER")
        complaints = checked.complaints
        seen = {"runs": checked.files, "tombstones": checked.tombstones, "head": checked.head}
    _tell(complaints, seen, trusted, json)


def _tell(complaints: "list[Complaint]", seen: dict[str, Any], trusted: dict[str, str], json: bool) -> NoReturn:
    from carddata_retention.verifier.form import fingerprint

    prints = {name: fingerprint(public) for name, public in trusted.items()}
    told = [f"{c.file}{f', line {c.line}' if c.line else ''}: {c.what}" for c in complaints]
    error = BrokenError("evidence_changed", f"{len(told)} things do not hold; the first: {told[0]}.",
                        not_done="Nothing was changed by this look.",
                        cure="Keep the files as they are; see docs/runbook.md, 50 BROKEN.") if told else None
    code = int(error.exit) if error else 0
    if json:
        answer = {"schema": 1, "mode": "evidence-verify", "exit_code": code, **seen, "keys": prints,
                  "complaints": [c._asdict() for c in complaints]}
        console.say_json({**answer, **({"error": error.as_json()} if error else {})})
    else:
        for word, value in seen.items():
            console.say(f"{word:12} {value}")
        for name, text in prints.items():
            console.say(f"key {name}: fingerprint {text}; compare it with the one in a signed report")
        for sentence in told[:MOST]:
            console.say(sentence)
    if error:
        console.error(error)
    elif not json:
        console.say("everything holds")
    sys.exit(code)


@evidence.command()
def prove(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE")],
    folder: Folder = None,
    config: ConfigOption = DEFAULT_CONFIG,
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof here, instead of to stdout.")] = None,
) -> None:
    """Proof that one record was removed, when and under which policy version, without anything about the others."""
    from carddata_retention.proofs import prove as proof_of

    text = jsonlib.dumps(proof_of(reference, _folder(folder, config)), ensure_ascii=False, indent=2)
    if out is None:
        console.say(text)
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as wrong:
        raise UsageError("proof_unwritable", f"{out} cannot be written: {type(wrong).__name__}.",
                         not_done="No proof was written.", cure="Name another file with --out.") from None
    console.log(f"proof written to {out}; anybody can check it with: carddata-retention evidence verify {out}")


@evidence.command()
def export(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Write every file that is missing in the evidence folder, from the ledger."""
    from carddata_retention.afterwards import export_again

    written = export_again(load_config(config), now())
    for path in written:
        console.say(str(path))
    console.log(f"{len(written)} files written; the others were there")


@evidence.command()
def rotate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Change the evidence key: the old one still verifies and names what it signed, and signs nothing any more."""
    from carddata_retention.keys import rotate as new_key
    from carddata_retention.verifier.form import fingerprint

    declared = load_config(config)
    old, new = new_key(declared.path(declared.evidence.key_file))
    console.say(f"key {new.key_id}, fingerprint {fingerprint(new.public)}, signs from now on; {old.key_id} is former")
    console.log("Back the key file up, and tell the auditor the new fingerprint.")


@evidence.command()
def trim(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Remove the keys of customers from the ledger once they are older than evidence.keep_keys_days. The seals stay."""
    from carddata_retention.trimming import trim as trim_ledger

    gone = trim_ledger(load_config(config), now())
    console.say(f"{gone.tombstones:,} tombstones of {gone.runs:,} runs")


@app.command()
def resolve(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """A report's reference back to the key of its record, on site. That it was asked is logged."""
    from carddata_retention.resolving import resolve as records_of

    found = records_of(load_config(config), now(), reference)
    if json:
        console.say_json({"schema": 1, "mode": "resolve", "exit_code": 0, "reference": reference, "records": found})
        return
    for record in found:
        key = record["key"] if record["key"] is not None else "of a key that the restored database does not know"
        told = f"purged at {record['purged_at']} by run {record['purged_by_run']}"
        console.say(f"{record['target']} {key}: {told if record['purged_at'] else 'is there'}")


def _folder(folder: Path | None, config: Path) -> Path:
    if folder is None:
        declared = load_config(config)
        folder = declared.path(declared.evidence.directory)
    if not folder.is_dir():
        raise BlindError("no_evidence", f"There is no folder {folder.name}.", not_done="",
                         cure="Name it: carddata-retention evidence verify --dir FOLDER")
    return folder


def _keys(path: Path, *, named: bool) -> dict[str, str]:
    from carddata_retention.verifier.form import read_keys

    try:
        if named and not path.is_file():
            raise ValueError
        return read_keys(path)
    except (ValueError, AttributeError, OSError):
        raise UsageError("keys_unreadable", f"{path.name} holds no public keys.", not_done="",
                         cure="A JSON object of key ids and keys in base64, like keys.json in an evidence folder.") \
            from None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = jsonlib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as wrong:
        raise UsageError("proof_unreadable", f"{path.name} cannot be read as a proof: {type(wrong).__name__}.",
                         not_done="", cure="carddata-retention evidence prove REFERENCE --out proof.json") from None
    return found if isinstance(found, dict) else {}
