"""Which tables of a database discovery walks: those of the billing schemas that hold rows of their own.

A view shows rows of others, and so does a partition that its table is read through. A foreign table would make another
server work. Our own tables hold no card data and are left out.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.discovered import Unread, Why
from carddata_retention.own_tables import OwnTables

# Relations of PostgreSQL: r table, p partitioned, m materialized view, f foreign table. A partition is read through its
# table where that has a key to walk along; else each for itself, for places of rows mean something only there.
_POSTGRESQL = """
SELECT n.nspname AS schema_name, c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows,
       CASE WHEN c.relkind = 'f' THEN 'foreign' ELSE 'rows' END AS kind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN :schemas AND c.relkind IN ('r', 'p', 'm', 'f')
  AND CASE WHEN c.relkind = 'p' THEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
           WHEN c.relispartition THEN NOT EXISTS (
             SELECT 1 FROM pg_partition_ancestors(c.oid) a JOIN pg_index i ON i.indrelid = a.relid
             WHERE a.relid <> c.oid AND i.indisprimary)
           ELSE true END
ORDER BY 1, 2"""
_MARIADB = """
SELECT table_schema AS schema_name, table_name AS name, coalesce(table_rows, 0) AS `rows`,
       CASE WHEN table_type = 'SYSTEM VERSIONED' THEN 'versioned'
            WHEN engine IN ('FEDERATED', 'CONNECT', 'SPIDER') THEN 'foreign' ELSE 'rows' END AS kind
FROM information_schema.tables
WHERE table_schema IN :schemas AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1, 2"""
_SQLITE = """
SELECT schema AS schema_name, name, 0 AS "rows", CASE type WHEN 'virtual' THEN 'virtual' ELSE 'rows' END AS kind
FROM pragma_table_list
WHERE schema IN :schemas AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY 1, 2"""
_TABLES = {"postgresql": _POSTGRESQL, "mariadb": _MARIADB, "sqlite": _SQLITE}

_SCHEMAS = {
    "postgresql": "SELECT nspname FROM pg_namespace "
                  "WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'",
    "mariadb": "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
               "('information_schema', 'mysql', 'performance_schema', 'sys')",
    "sqlite": "SELECT 'main'",
}
_SEARCHED = {"postgresql": "SELECT unnest(current_schemas(false))", "mariadb": "SELECT database()",
             "sqlite": "SELECT 'main'"}


@dataclass(frozen=True, slots=True)
class Listed:
    """One table to walk. `rows` is what the server believes it has, and only good for an estimate; 0 for unknown."""

    name: TableName
    place: str
    rows: int
    virtual: bool = False


def listed(catalogue: Catalogue, named: Collection[str], own: OwnTables) -> tuple[list[Listed], list[Unread]]:
    """The tables of the default schemas and of those `named`, and what is beside them and not walked."""
    connection, dialect = catalogue.connection, catalogue.dialect
    searched = list(connection.execute(sa.text(_SEARCHED[dialect])).scalars())
    wanted = [*dict.fromkeys([*searched, *named])]
    there = set(connection.execute(sa.text(_SCHEMAS[dialect])).scalars())
    ours = own.metadata.schema
    unread = [Unread(schema, Why.NO_SCHEMA) for schema in wanted if schema not in there]
    unread += [Unread(schema, Why.OTHER_SCHEMA) for schema in sorted(there - set(wanted) - {ours})]
    found = []
    for schema, name, rows, kind in _rows(connection, dialect, [s for s in wanted if s in there and s != ours]):
        if name in own.metadata.tables:
            continue
        place = f"{schema}.{name}"
        if kind == "foreign":
            unread.append(Unread(place, Why.FOREIGN))
            continue
        if kind == "versioned":
            unread.append(Unread(place, Why.HISTORY))
        at = TableName(None if schema == catalogue.default_schema else schema, name)
        found.append(Listed(at, place, rows, kind == "virtual"))
    return found, unread


def _rows(connection: Connection, dialect: str, schemas: list[str]) -> Iterator[tuple[str, str, int, str]]:
    query = sa.text(_TABLES[dialect]).bindparams(sa.bindparam("schemas", expanding=True))
    for row in connection.execute(query, {"schemas": schemas}):
        yield str(row.schema_name), str(row.name), int(row.rows), str(row.kind)
