"""Our own tables in a database: whether they are there, and how the first run makes them with their guards."""

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import guards
from carddata_retention.db import Database, seen_as
from carddata_retention.own_tables import OwnTables


class Installation:
    """The tables of one ledger as the database has them."""

    db: Database
    tables: OwnTables

    def exists(self, connection: Connection) -> bool:
        """Whether the first run has made our tables."""
        return sa.inspect(connection).has_table(self.tables.run.name, schema=self.tables.run.schema)

    def create(self) -> bool:
        """Make what is missing of our tables; false where new ones stay without their guards.

        Raises BlindError where the login may not.
        """
        try:
            with self.db.transaction() as connection:
                known = self.exists(connection)
                schema = self.tables.metadata.schema
                if schema and schema not in sa.inspect(connection).get_schema_names():
                    connection.execute(sa.schema.CreateSchema(schema))
                self.tables.metadata.create_all(connection)
        except SQLAlchemyError as refused:
            error = seen_as(refused, "Our own tables cannot be made")
            error.cure = f"Let a DBA apply sql/schema/{self.db.dialect}.sql and sql/grants/, then run again."
            raise error from None
        return known or self._guarded()

    def _guarded(self) -> bool:
        """Make the guards. A login may lack the right, and on MariaDB a binary log may ask for more: no night waits."""
        try:
            with self.db.transaction() as connection:
                for statement in guards.statements(self.db.dialect, self.tables):
                    connection.exec_driver_sql(statement)
        except SQLAlchemyError:
            return False
        return True
