"""MariaDB: the table file and its purge threads, histograms, redo log, and the binary log that a removal writes."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from carddata_retention.remanence.trace import Trace, asked, size
from carddata_retention.schema import BoundTarget

_TABLE = """
SELECT data_length + index_length, data_free FROM information_schema.tables
WHERE table_schema = coalesce(:schema, database()) AND table_name = :name
"""
_HISTORY = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'"
_HISTOGRAMS = """
SELECT group_concat(column_name) FROM mysql.column_stats
WHERE db_name = coalesce(:schema, database()) AND table_name = :name
AND (min_value IS NOT NULL OR histogram IS NOT NULL)
"""
_LOGS = """
SELECT @@log_bin, @@binlog_row_image, @@expire_logs_days, @@general_log, @@slow_query_log, @@innodb_log_file_size
"""


def places(connection: Connection, targets: Sequence[BoundTarget]) -> Iterator[Trace]:
    """The places of this server, table by table and then what all tables share."""
    history = asked(connection, _HISTORY, lambda row: int(row[0]))
    for target in targets:
        yield from _table(connection, target, history)
    binlog, image, days, general, slow, redo = asked(connection, _LOGS, tuple) or (None,) * 6
    writes = bool(binlog) and image != "MINIMAL"
    yield Trace(
        "binary log", None, "unknown" if binlog is None else "possible" if binlog else "none",
        f"expire_logs_days = {days}" if binlog else None,
        f"log_bin = {binlog}, binlog_row_image = {image}: " + (
            "the removal itself writes the removed values there." if writes else
            "what the application once wrote is there until it expires." if binlog else "nothing is written there."),
        "SET GLOBAL binlog_row_image = 'MINIMAL'; then PURGE BINARY LOGS BEFORE …" if writes else "")
    yield Trace("redo log", None, "possible" if redo else "unknown", "it wraps around",
                f"{size(redo)}; it holds the pages of the last changes.", "")
    yield Trace("query logs", None, "unknown" if general is None else "possible" if general or slow else "none",
                "the logs are rotated away" if general or slow else None,
                f"general_log = {general}, slow_query_log = {slow}; they print what the application writes.",
                "Rotate them within the period." if general or slow else "")


def _table(connection: Connection, target: BoundTarget, history: int | None) -> Iterator[Trace]:
    named = {"schema": target.name.schema, "name": target.name.name}
    quoted = connection.dialect.identifier_preparer.format_table(target.target.table).replace("%%", "%")
    told = asked(connection, _TABLE, tuple, **named)
    waiting = "an unknown number of" if history is None else f"{history:,}"
    yield Trace(
        f"table {target.name}", target.declared.name, "possible" if told else "unknown",
        "the purge threads have run and new rows overwrite the free space",
        f"{size(told[0])}, of which {size(told[1])} are free; {waiting} transactions wait for the purge threads."
        if told else "No statistics of this table.",
        f"OPTIMIZE TABLE {quoted};  -- rebuilds the table")
    histograms = asked(connection, _HISTOGRAMS, lambda row: (row[0],), **named)
    sampled = histograms[0] if histograms else None
    yield Trace(
        f"planner statistics of {target.name}", target.declared.name,
        "unknown" if histograms is None else "possible" if sampled else "none",
        "the next ANALYZE TABLE … PERSISTENT" if sampled else None,
        f"mysql.column_stats keeps smallest, greatest and sampled values of: {sampled or 'nothing'}."
        if histograms else "This login may not read mysql.column_stats.",
        f"ANALYZE TABLE {quoted} PERSISTENT FOR ALL;" if sampled else "")
