"""Rows by the thousand into one of our own tables, in as few words as the database takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.key_lists import listed, sent_beside


class ManyRows:
    """The INSERT of rows that share all columns but the `differing` ones.

    PostgreSQL is sent one statement with an array for each differing column, and the rest once; elsewhere the driver
    makes one statement of many rows by itself.
    """

    def __init__(self, table: sa.Table, differing: Sequence[str]) -> None:
        self._table = table
        self._differing = {name: table.c[name].type for name in differing}
        each, _, values = listed((), "each", self._differing)
        self._names = [c.name for c in table.c]
        self._at_once = table.insert().from_select(self._names, sa.select(*(
            values[n] if n in differing else sa.bindparam(f"{n}_all", type_=table.c[n].type) for n in self._names)
        ).select_from(each))

    def insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; a column that none of them names is NULL."""
        if connection.dialect.name != "postgresql":
            connection.execute(self._table.insert(), rows)
            return
        values = {name: [row[name] for row in rows] for name in self._differing}
        shared = {f"{n}_all": rows[0].get(n) for n in self._names if n not in self._differing}
        connection.execute(self._at_once, {**sent_beside("each", self._differing, values), **shared})
