"""What the database's own catalogue says: tables, columns, keys, foreign keys that arrive, triggers.

Read once for each command. Names are never taken from the configuration on trust: what is not in the catalogue
is answered with the nearest name that is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.sql.elements import quoted_name

from carddata_retention.errors import BlindError
from carddata_retention.forms import LooseText
from carddata_retention.sections import nearest


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table and, where it is not in the default one, its schema."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True, order=True)
class ForeignKey:
    """A foreign key, seen from the table that it reaches. `on_delete` and `on_update` are SQL words."""

    child: TableName
    child_columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    validated: bool


class Catalogue:
    """Questions to one connection's catalogue, each asked once."""

    def __init__(self, connection: Connection, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self._inspector = sa.inspect(connection)
        self._columns: dict[TableName, dict[str, ReflectedColumn]] = {}
        self._collated: dict[TableName, dict[str, tuple[str | None, str | None]]] = {}

    @cached_property
    def default_schema(self) -> str | None:
        """The schema that an unqualified name means."""
        return self._inspector.default_schema_name

    def find(self, declared: str, what: str) -> TableName:
        """The table that a name of the configuration means. Raises BlindError: unknown, or not a table."""
        candidates = [TableName(None, declared)]
        for at in (n for n, character in enumerate(declared) if character == "."):  # a name may hold a dot itself
            candidates.append(TableName(self._schema(declared[:at]), declared[at + 1:]))
        for found in candidates:
            if found.name in self._tables(found.schema):
                return found
            if found.name in self._views(found.schema):
                raise BlindError(
                    "not_a_table", f"{what} names {declared}, which is a view.",
                    cure="Name the table itself; rows cannot be locked and counted through a view.",
                )
        last = candidates[min(1, len(candidates) - 1)]
        near = nearest(last.name, self._tables(last.schema))
        raise BlindError(
            "table_missing", f"{what} names the table {declared}, which this login does not see{near}.",
            cure="Mend the name in the configuration, or grant SELECT on it.",
        )

    def _tables(self, schema: str | None) -> list[str]:
        return self._inspector.get_table_names(schema=schema)

    def _views(self, schema: str | None) -> Iterable[str]:
        views = self._inspector.get_view_names(schema=schema)
        if self.dialect == "postgresql":
            return [*views, *self._inspector.get_materialized_view_names(schema=schema)]
        return views

    def columns(self, table: TableName) -> dict[str, ReflectedColumn]:
        """Column name -> what the catalogue says about it."""
        if table not in self._columns:
            found = self._inspector.get_columns(table.name, schema=table.schema)
            self._columns[table] = {self._unescaped(c["name"]): c for c in found}
        return self._columns[table]

    def bound(self, table: TableName, names: Iterable[str], what: str) -> sa.Table:
        """A Core table with the named columns, quoted. Raises BlindError with the nearest column."""
        known = self.columns(table)
        columns: list[sa.Column[Any]] = []
        for name in dict.fromkeys(names):
            if name not in known:
                raise BlindError(
                    "column_missing", f"{what} names the column {name}, which {table} does not have"
                    f"{nearest(name, known)}.", cure="Mend the name in the configuration.",
                )
            columns.append(sa.Column(quoted_name(name, True), self._type(known[name], table)))
        schema = quoted_name(table.schema, True) if table.schema else None
        return sa.Table(quoted_name(table.name, True), sa.MetaData(), *columns, schema=schema,
                        info={"columns": tuple(known)})

    def _type(self, column: ReflectedColumn, table: TableName) -> Any:
        # SQLite's declared types are a hint only, and SQLAlchemy's readers of them would raise on dirty text.
        if self.dialect == "sqlite":
            return sa.types.NullType()
        kind: Any = column["type"]
        if isinstance(kind, postgresql.DOMAIN):
            kind = kind.data_type
        loose = isinstance(kind, sa.Enum | postgresql.CITEXT) or (
            self.dialect == "postgresql" and isinstance(kind, sa.String) and kind.collation)
        written_as = kind if self.dialect == "postgresql" and isinstance(kind, sa.Enum | postgresql.CITEXT) else None
        found: Any = LooseText(written_as) if loose else kind
        if self.dialect == "mariadb" and isinstance(found, sa.String):
            found = found if loose else kind.copy()  # the catalogue's own type stays as it was read
            found.charset, found.collation = self._collations(table).get(
                self._unescaped(column["name"]), (None, None))
        return found

    def _collations(self, table: TableName) -> dict[str, tuple[str | None, str | None]]:
        """MariaDB: column -> character set and collation, also where SHOW CREATE TABLE leaves out the table's own."""
        if table not in self._collated:
            rows = self.connection.execute(
                sa.text("SELECT column_name, character_set_name, collation_name FROM information_schema.columns "
                        "WHERE table_schema = :schema AND table_name = :name"),
                {"schema": table.schema or self.default_schema, "name": table.name},
            )
            self._collated[table] = {str(name): (charset, collation) for name, charset, collation in rows}
        return self._collated[table]

    def primary_key(self, table: TableName) -> tuple[str, ...]:
        """The columns of the primary key; empty where there is none."""
        found = self._inspector.get_pk_constraint(table.name, table.schema)["constrained_columns"]
        return tuple(self._unescaped(c) for c in found)

    def _unescaped(self, name: str | None) -> str:
        # SQLAlchemy reads MariaDB's columns and keys out of SHOW CREATE TABLE and leaves a backtick doubled.
        return str(name).replace("``", "`") if self.dialect == "mariadb" else str(name)

    def unique_keys(self, table: TableName) -> list[tuple[str, ...]]:
        """Every column list that is unique for all rows: primary key, constraints, whole unique indexes."""
        keys = [primary] if (primary := self.primary_key(table)) else []
        if self.dialect == "sqlite":
            return keys + self._unique_of_sqlite(table)
        keys += [tuple(self._unescaped(n) for n in u["column_names"])
                 for u in self._inspector.get_unique_constraints(table.name, table.schema)]
        for index in self._inspector.get_indexes(table.name, table.schema):
            names = index["column_names"]
            partial = any(k.endswith("_where") and v is not None for k, v in index.get("dialect_options", {}).items())
            if index["unique"] and not partial and None not in names:
                keys.append(tuple(self._unescaped(n) for n in names))
        return keys

    def _unique_of_sqlite(self, table: TableName) -> list[tuple[str, ...]]:
        # SQLAlchemy reads UNIQUE out of the text of CREATE TABLE and does not find it behind VARCHAR(40).
        rows = self.connection.execute(
            sa.text('SELECT l.name, i.name FROM pragma_index_list(:name) l JOIN pragma_index_info(l.name) i '
                    'WHERE l."unique" = 1 AND l.partial = 0 ORDER BY l.seq, i.seqno'), {"name": table.name},
        )
        found: dict[str, tuple[str | None, ...]] = {}
        for index, column in rows:
            found[index] = (*found.get(index, ()), column)
        return [tuple(str(c) for c in columns) for columns in found.values() if None not in columns]

    def is_rowid(self, table: TableName, column: str) -> bool:
        """SQLite: whether a column is the row's own number, which is an integer whatever happens."""
        if self.primary_key(table) != (column,) or str(self.columns(table)[column]["type"]) != "INTEGER":
            return False
        indexes = sa.text("SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk'")
        return self.connection.execute(indexes, {"name": table.name}).first() is None

    def leading_index(self, table: TableName, column: str) -> bool:
        """Whether some index begins with `column`."""
        leads = [k[0] for k in self.unique_keys(table) if k]
        leads += [self._unescaped(i["column_names"][0]) for i in self._inspector.get_indexes(table.name, table.schema)
                  if i["column_names"] and i["column_names"][0] is not None]
        return column in leads

    @cached_property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """All foreign keys that this login can see, in every schema."""
        rows = self.connection.execute(sa.text(_FOREIGN_KEYS[self.dialect])).all()
        grouped: dict[tuple[Any, ...], list[Any]] = {}
        for row in rows:
            grouped.setdefault((row.child_schema, row.child, row.name), []).append(row)
        return tuple(sorted((self._foreign_key(parts) for parts in grouped.values()), key=repr))

    def _foreign_key(self, parts: list[Any]) -> ForeignKey:
        first = parts[0]
        parent = TableName(self._schema(first.parent_schema), first.parent)
        columns = tuple(p.parent_column for p in parts)
        if None in columns:  # SQLite: REFERENCES without columns means the primary key
            columns = self.primary_key(parent) if parent.name in self._tables(parent.schema) else ()
        elif self.dialect == "sqlite" and parent.name in self._tables(None):
            spelt = {name.lower(): name for name in self.columns(parent)}  # REFERENCES may spell it in another case
            columns = tuple(spelt.get(c.lower(), c) for c in columns)
        return ForeignKey(
            TableName(self._schema(first.child_schema), first.child), tuple(p.child_column for p in parts),
            parent, columns, first.on_delete, first.on_update, bool(first.validated),
        )

    def _schema(self, name: str | None) -> str | None:
        return None if name in (None, self.default_schema) else name

    def arriving(self, table: TableName) -> list[ForeignKey]:
        """The foreign keys that reach `table`."""
        return [k for k in self.foreign_keys if k.parent == table]

    def must_roll_back(self, table: TableName, what: str) -> None:
        """Raises BlindError for a MariaDB table whose engine neither locks a row nor rolls back."""
        if self.dialect != "mariadb":
            return
        engine = self.connection.execute(
            sa.text("SELECT engine FROM information_schema.tables WHERE table_schema = :schema AND table_name = :name"),
            {"schema": table.schema or self.default_schema, "name": table.name},
        ).scalar()
        if engine is not None and engine != "InnoDB":
            raise BlindError("not_transactional", f"{what}: {table} is {engine}, which cannot hold a removal and its "
                             "evidence together.", cure=f"ALTER TABLE {table} ENGINE = InnoDB;")

    def triggers(self, table: TableName) -> list[str]:
        """Names of the triggers on `table`, with a digest of what they do where it can be read."""
        schema = table.schema or self.default_schema
        rows = self.connection.execute(sa.text(_TRIGGERS[self.dialect]), {"schema": schema, "name": table.name})
        return sorted(str(r[0]) for r in rows)

    def updated_by_themselves(self, table: TableName) -> list[str]:
        """MariaDB columns with ON UPDATE CURRENT_TIMESTAMP, which a redaction must not move."""
        if self.dialect != "mariadb":
            return []
        rows = self.connection.execute(
            sa.text("SELECT column_name FROM information_schema.columns WHERE table_schema = :schema "
                    "AND table_name = :name AND extra LIKE '%on update%'"),
            {"schema": table.schema or self.default_schema, "name": table.name},
        )
        return [str(r[0]) for r in rows]


_FOREIGN_KEYS = {
    "postgresql": """
        SELECT cn.nspname AS child_schema, c.relname AS child, k.conname AS name, ca.attname AS child_column,
               pn.nspname AS parent_schema, p.relname AS parent, pa.attname AS parent_column,
               CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
                 WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS on_delete,
               CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
                 WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS on_update,
               k.convalidated AS validated
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
        JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
        CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(ck, pk, n)
        JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.ck
        JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.pk
        WHERE k.contype = 'f' AND k.conparentid = 0
        ORDER BY 1, 2, 3, u.n""",
    "mariadb": """
        SELECT k.table_schema AS child_schema, k.table_name AS child, k.constraint_name AS name,
               k.column_name AS child_column, k.referenced_table_schema AS parent_schema,
               k.referenced_table_name AS parent, k.referenced_column_name AS parent_column,
               r.delete_rule AS on_delete, r.update_rule AS on_update, 1 AS validated
        FROM information_schema.key_column_usage k
        JOIN information_schema.referential_constraints r
          ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
         AND r.table_name = k.table_name
        WHERE k.referenced_table_name IS NOT NULL
        ORDER BY 1, 2, 3, k.ordinal_position""",
    "sqlite": """
        SELECT NULL AS child_schema, m.name AS child, f.id AS name, f."from" AS child_column,
               NULL AS parent_schema, coalesce(p.name, f."table") AS parent, f."to" AS parent_column,
               f.on_delete AS on_delete, f.on_update AS on_update, 1 AS validated
        FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
        LEFT JOIN sqlite_master p ON p.type = 'table' AND lower(p.name) = lower(f."table")
        WHERE m.type = 'table'
        ORDER BY m.name, f.id, f.seq""",
}

_TRIGGERS = {
    "postgresql": """
        SELECT concat_ws(' ', t.tgname, md5(concat(pg_get_triggerdef(t.oid), p.prosrc)), t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND n.nspname = :schema AND c.relname = :name""",
    "mariadb": """
        SELECT concat(trigger_name, ' ', md5(concat(action_timing, event_manipulation, action_statement)))
        FROM information_schema.triggers WHERE event_object_schema = :schema AND event_object_table = :name""",
    "sqlite": """
        SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master
        WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) AND (:schema IS NULL OR 1)""",
}
