"""After a large removal PostgreSQL counts the table anew, so that tomorrow's plans are made for what is left.

Statistics only. What would rewrite a table, VACUUM FULL or OPTIMIZE, is offered by `residue` and never done. InnoDB
counts by itself when a tenth of a table has changed, and SQLite plans without counts.
"""

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import Database
from carddata_retention.errors import BlindError
from carddata_retention.schema import BoundTarget

SHRUNK = 0.1
_MAY = sa.text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)")


def counting_anew(name: str) -> str:
    """The statement, for a table whose quoted name is given."""
    return f"ANALYZE {name}"


def count_anew(db: Database, target: BoundTarget) -> str | None:
    """ANALYZE the table of a target; where this login may not, or somebody is in the way, the statement to give to whom
    it belongs."""
    if db.dialect != "postgresql":
        return None
    name = db.engine.dialect.identifier_preparer.format_table(target.target.table)
    command = counting_anew(name)
    try:
        with db.transaction() as connection:
            if not connection.execute(_MAY, {"name": name.replace("%%", "%")}).scalar():
                return f"{command};"
            connection.exec_driver_sql(command)
    except (SQLAlchemyError, BlindError):
        return f"{command};"
    return None
