"""A small house for tests that spend many nights: few rows, the shipped gate cut to what the test is about, no pages.

The full gate costs a second of CPU a night and the pages a quarter of one; what they do is tested where they are.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from billing import Billing, configuration, create, generate
from nightly import AS_OF, House
from servers import Database

from carddata_retention.config import load

SHIPPED = Path(__file__).resolve().parent.parent / "expectations"
KEPT = {"history": {"active_jumped", "undetermined_jumped", "forecast_missed", "rows_collapsed"},
        "target": {"key_duplicates"}, "service_end": {"end_before_start_flood"}}


def small(size: int = 60) -> Billing:
    return generate(AS_OF, size=size, awkward_text=False)


def small_house(database: Database, folder: Path, billing: Billing | None = None, *, url: str | None = None,
                **overrides: Any) -> House:
    """Create the billing tables and the configuration; `url` is of another login on the same database."""
    tables = create(database.engine, billing or small())
    gate = folder / "expectations"
    gate.mkdir()
    for name, ids in KEPT.items():
        suite = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
        suite["expectations"] = [e for e in suite["expectations"] if e["meta"]["id"] in ids]
        assert {e["meta"]["id"] for e in suite["expectations"]} == ids
        (gate / f"{name}.json").write_text(json.dumps(suite), encoding="utf-8")
    return declared_anew(House(database, folder, None, tables), url, **overrides)  # type: ignore[arg-type]


def declared_anew(house: House, url: str | None = None, **overrides: Any) -> House:
    """The same database under another configuration."""
    path = house.folder / "retention.toml"
    lean = {"quality": {"expectations": "expectations"}, "report": {"formats": ["json"], "languages": ["en"]}}
    path.write_text(configuration(house.database.dialect, url or house.database.url, **(lean | overrides)),
                    encoding="utf-8")
    return replace(house, config=load(path))


def contents(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every billing table."""
    return {name: house.rows(name) for name in house.tables.tables}
