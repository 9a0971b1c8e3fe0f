"""Where the files are that DBAs and auditors read: `sql/` and `expectations/`.

They lie at the top of a source checkout and inside an installed package; nothing else in the product knows that.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from carddata_retention.errors import BlindError


def asset(relative: str) -> Traversable:
    """The file or folder `relative`, such as `sql/audit/residue.sql`. Raises BlindError where it was not shipped."""
    parts = PurePosixPath(relative).parts
    if not parts or ".." in parts or parts[0] not in ("sql", "expectations"):
        raise ValueError(f"{relative} is no asset: write sql/… or expectations/…")
    packaged = files("carddata_retention") / "_assets"
    root: Traversable = packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent
    found = root.joinpath(*parts)
    if not (found.is_file() or found.is_dir()):
        raise BlindError(
            "asset_missing",
            f"This installation lacks {relative}.",
            cure="pip install --force-reinstall carddata-retention",
        )
    return found
