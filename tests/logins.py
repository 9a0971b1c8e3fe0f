"""Logins for tests that may do what sql/grants/ says and not one thing more, on PostgreSQL and MariaDB.

A right is a pair (what, table); `grant` and `revoke` speak each database's language. The rights that a removing
login needs are written down here once; the tests take one away at a time.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import sqlalchemy as sa
from servers import Database

Right = tuple[str, str]

EMPTIED = "card_holder, card_token, card_exp, last4, brand"
READ = [("SELECT", t) for t in ("customers", "services", "cards", "card_usage", "payments")]
REMOVE: dict[str, list[Right]] = {
    # PostgreSQL lets a login lock a row only where it may update some column of it.
    "postgresql": [("UPDATE (name)", "customers"), ("UPDATE (kind)", "services"), ("DELETE", "cards"),
                   ("UPDATE (card_token)", "cards"), ("DELETE", "card_usage"), ("UPDATE (amount)", "card_usage"),
                   (f"UPDATE ({EMPTIED})", "payments")],
    "mariadb": [("DELETE", "cards"), ("DELETE", "card_usage"), (f"UPDATE ({EMPTIED})", "payments")],
}
OWN = ("run", "batch", "tombstone", "deadline", "work", "target", "hold", "request", "event", "attestation")


@dataclass(frozen=True)
class Login:
    """One login without any right that was not granted."""

    database: Database
    name: str
    url: str

    @property
    def account(self) -> str:
        return self.name if self.database.dialect == "postgresql" else f"{self.name}@localhost"

    def tell(self, *statements: str) -> None:
        with self.database.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("{who}", self.account))

    def grant(self, *rights: Right) -> None:
        self.tell(*(f"GRANT {what} ON {table} TO {{who}}" for what, table in rights))

    def revoke(self, *rights: Right) -> None:
        self.tell(*(f"REVOKE {what} ON {table} FROM {{who}}" for what, table in rights))

    def rights(self) -> list[Right]:
        """What a removing login needs on the customer's tables."""
        return [*READ, *REMOVE[self.database.dialect]]

    def may_make_our_tables(self) -> None:
        if self.database.dialect == "postgresql":
            name = sa.make_url(self.url).database
            self.tell(f"GRANT CREATE ON DATABASE {name} TO {{who}}")
        else:
            self.grant(*(("CREATE, INDEX, SELECT, INSERT, UPDATE, DELETE", f"carddata_{t}") for t in OWN))


@contextmanager
def login(database: Database, *, password: str | None = None) -> Iterator[Login]:
    """A new login; gone with all that it owns at the end of the block."""
    name = f"u_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(database.url).set(username=name, password=password)
    who = Login(database, name, url.render_as_string(hide_password=False))
    secret = f" PASSWORD '{password}'" if database.dialect == "postgresql" else f" IDENTIFIED BY '{password}'"
    word = "CREATE ROLE {who} LOGIN" if database.dialect == "postgresql" else "CREATE USER {who}"
    who.tell(word + (secret if password else ""))
    try:
        yield who
    finally:
        if database.dialect == "postgresql":
            who.tell("DROP OWNED BY {who} CASCADE", "DROP ROLE {who}")
        else:
            with suppress(sa.exc.SQLAlchemyError):
                who.tell("DROP USER {who}")
