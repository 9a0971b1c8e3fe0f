"""A small house for tests that spend many nights: few rows, the shipped gate cut to what the test is about, no pages.

The full gate costs a second of CPU a night and the pages a quarter of one; what they do is tested where they are.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from billing import Billing, configuration, create, generate
from nightly import AS_OF, House, build
from servers import Database

from carddata_retention.config import load

LEAN = {"quality": {"expectations": "expectations"}, "report": {"formats": ["json"], "languages": ["en"]}}
ONE_EACH = {"history": {"rows_collapsed"}, "target": {"key_duplicates"}, "service_end": {"end_before_start_flood"}}
# Each expectation takes milliseconds of every night: these are asked where the difference between two nights matters.
COMPARED = ONE_EACH | {"history": {"active_jumped", "undetermined_jumped", "forecast_missed", "rows_collapsed"}}
SHIPPED = Path(__file__).resolve().parent.parent / "expectations"


def small(size: int = 60) -> Billing:
    return generate(AS_OF, size=size, awkward_text=False)


def small_house(database: Database, folder: Path, billing: Billing | None = None, *, url: str | None = None,
                **overrides: Any) -> House:
    """Create the billing tables and the configuration; `url` is of another login on the same database."""
    tables = create(database.engine, billing or small())
    small_gate(folder, ONE_EACH)
    return declared_anew(House(database, folder, None, tables), url, **overrides)  # type: ignore[arg-type]


def lean(database: Database, folder: Path, billing: Billing, *, column: str = "aware", **overrides: Any) -> House:
    """`nightly.build` with the small gate and without pages."""
    small_gate(folder, ONE_EACH)
    return build(database, folder, billing, column=column, **(LEAN | overrides))


def small_gate(folder: Path, kept: dict[str, set[str]]) -> None:
    """The shipped suites in the configuration's folder, cut to a few expectations."""
    gate = folder / "expectations"
    gate.mkdir(exist_ok=True)
    for name, ids in kept.items():
        suite = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
        suite["expectations"] = [e for e in suite["expectations"] if e["meta"]["id"] in ids]
        assert {e["meta"]["id"] for e in suite["expectations"]} == ids
        (gate / f"{name}.json").write_text(json.dumps(suite), encoding="utf-8")


def declared_anew(house: House, url: str | None = None, **overrides: Any) -> House:
    """The same database under another configuration."""
    path = house.folder / "retention.toml"
    path.write_text(configuration(house.database.dialect, url or house.database.url, **(LEAN | overrides)),
                    encoding="utf-8")
    return replace(house, config=load(path))


def come_anew(house: House, before: list[tuple[Any, ...]], by: int) -> None:
    """The cards that are gone since `before` come once more, under other keys: the next night has work."""
    table, there = house.table("cards"), {row[0] for row in house.rows("cards")}
    names = [c.name for c in table.columns]
    gone = [dict(zip(names, row, strict=True)) for row in before if row[0] not in there]
    with house.database.engine.begin() as connection:
        connection.execute(table.insert(), [{**row, "id": row["id"] + by} for row in gone])


def contents(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every billing table."""
    return {name: house.rows(name) for name in house.tables.tables}
