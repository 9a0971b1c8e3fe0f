"""Brakes: questions to the database, or to its replicas, that may only say stop. What cannot be answered is a stop too.

Asked between transactions, at most once a second, each within a few seconds: a brake never holds a lock, and a
question that hangs is an unknown. What gh-ost's users paid for: a brake whose source failed and that let everything
through.
"""

import math
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.config import replica_urls
from carddata_retention.db import Database, open_database
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.settings import Config

PATIENCE_S = 5
UNKNOWN = "unknown"
Brake = Callable[[], str | None]

# Seconds that the furthest standby lies behind; NULL where none is connected or one does not say.
_LAG_OF_STANDBYS = """
SELECT CASE WHEN count(*) = 0 OR bool_or(replay_lsn IS NULL) THEN NULL
       ELSE max(CASE WHEN replay_lsn >= pg_current_wal_lsn() THEN 0
                ELSE extract(epoch FROM coalesce(replay_lag, clock_timestamp() - reply_time)) END) END
FROM pg_stat_replication WHERE state = 'streaming'
"""


def brakes(db: Database, config: Config) -> list[Brake]:
    """The brakes that the configuration asks for. Raises ConfigError where nobody could answer one of them."""
    limits, found = config.limits, list[Brake]()
    if limits.throttle_sql is not None:
        found.append(partial(_by_query, db, limits.throttle_sql, 0, "throttle_sql"))
    if limits.replica_lag_s is not None:
        if db.dialect == "postgresql":
            found.append(partial(_by_query, db, _LAG_OF_STANDBYS, limits.replica_lag_s, "replica_lag"))
        elif db.dialect == "mariadb" and limits.replica_url_envs:
            found += [partial(_by_replica, open_database(url, config.base), limits.replica_lag_s)
                      for url in replica_urls(config)]
        else:
            raise ConfigError("replica_unknown", f"limits.replica_lag_s: this {db.dialect} does not know its replicas.",
                              cure='MariaDB: replica_url_envs = ["CARDDATA_REPLICA_URL"], or write throttle_sql.')
    return found


def _by_query(db: Database, query: str, most: float, word: str) -> str | None:
    value = _asked(db, query)
    return UNKNOWN if value is None else word if value > most else None


def _asked(db: Database, query: str) -> float | None:
    """The number that a query gives, or None for an unknown: no row, NULL, no number, an error, no time."""
    if db.dialect == "mariadb":
        query = f"SET STATEMENT max_statement_time = {PATIENCE_S} FOR {query}"
    try:
        with db.snapshot() as connection:
            if db.dialect == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'")
            value = connection.execute(sa.text(query.replace(":", "\\:"))).scalar()
            return None if value is None or math.isnan(number := float(value)) else number
    except (SQLAlchemyError, BlindError, ValueError, TypeError):
        return None


def _by_replica(replica: Database, most: float) -> str | None:
    """A replica of MariaDB says itself how far it lies behind; its primary does not know."""
    try:
        with replica.snapshot() as connection:
            sources = connection.exec_driver_sql("SHOW ALL SLAVES STATUS").mappings().all()
    except (SQLAlchemyError, BlindError):
        return UNKNOWN
    behind = [source["Seconds_Behind_Master"] for source in sources]
    if not behind or None in behind:
        return UNKNOWN
    return "replica_lag" if max(behind) > most else None
