"""Rows by the thousand into one of our own tables, in as few words as the database takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql


class ManyRows:
    """The INSERT of rows that share all columns but the `differing` ones.

    PostgreSQL is sent one statement with an array for each differing column, and the rest once; elsewhere the driver
    makes one statement of many rows by itself.
    """

    def __init__(self, table: sa.Table, differing: Sequence[str]) -> None:
        self._table, self._differing = table, differing
        arrays = [sa.bindparam(f"{n}_each", type_=postgresql.ARRAY(table.c[n].type)) for n in differing]
        each = sa.func.unnest(*arrays).table_valued(*differing).render_derived(name="each_row")
        self._names = [c.name for c in table.c]
        self._at_once = table.insert().from_select(self._names, sa.select(*(
            each.c[n] if n in differing else sa.bindparam(f"{n}_all", type_=table.c[n].type) for n in self._names)))

    def insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; a column that none of them names is NULL."""
        if connection.dialect.name != "postgresql":
            connection.execute(self._table.insert(), rows)
            return
        values: dict[str, Any] = {f"{n}_each": [row[n] for row in rows] for n in self._differing}
        shared = {f"{n}_all": rows[0].get(n) for n in self._names if n not in self._differing}
        connection.execute(self._at_once, values | shared)
