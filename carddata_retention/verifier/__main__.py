"""The verifier from a command line."""

import argparse
import json
import sys
from pathlib import Path

from .check import check_folder, check_proof
from .form import KEYS, fingerprint, read_keys

BROKEN, NOTHING = 50, 40
_MOST = 50


def main(arguments: list[str] | None = None) -> int:
    """The verifier from a command line; 0 where everything holds, 50 where not."""
    parser = argparse.ArgumentParser(description="Verify exported evidence of removed card data.")
    parser.add_argument("place", type=Path, metavar="FOLDER|PROOF.json")
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--head")
    given = parser.parse_args(arguments)
    place: Path = given.place
    keys = read_keys(given.keys or (place if place.is_dir() else place.parent) / KEYS)
    if place.is_dir():
        found = check_folder(place, keys, given.head)
        if not found.files:
            print("there is no evidence in this folder")
            return NOTHING
        print(f"{found.files} runs, {found.tombstones} tombstones, last seal {found.head}")
        told = [f"{c.file}{f' line {c.line}' if c.line else ''}: {c.what}" for c in found.complaints]
    else:
        told = check_proof(json.loads(place.read_text(encoding="utf-8")), keys)
    for name, public in keys.items():
        print(f"key {name} has the fingerprint {fingerprint(public)}")
    for sentence in told[:_MOST]:
        print(sentence)
    print("everything holds" if not told else f"{len(told)} complaints")
    return BROKEN if told else 0


if __name__ == "__main__":
    sys.exit(main())
