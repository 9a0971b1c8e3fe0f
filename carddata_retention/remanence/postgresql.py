"""PostgreSQL: dead rows, indexes, the histograms of the planner, the write-ahead log and its copies, the server log."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from carddata_retention.remanence.trace import Trace, asked, size
from carddata_retention.schema import BoundTarget

_HEAP = """
SELECT s.n_dead_tup, greatest(s.last_vacuum, s.last_autovacuum)::text, pg_table_size(s.relid), s.n_live_tup
FROM pg_stat_all_tables s WHERE s.relid = to_regclass(:name)
"""
_INDEXES = """
SELECT string_agg(DISTINCT i.indexrelid::regclass::text, ', ')
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = to_regclass(:name) AND a.attname = ANY(:fields)
"""
_HISTOGRAMS = """
SELECT string_agg(DISTINCT s.attname, ', ') FROM pg_stats s
WHERE format('%I.%I', s.schemaname, s.tablename)::regclass = to_regclass(:name) AND s.attname = ANY(:fields)
AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL)
"""
_WAL = "SELECT min(modification)::text, count(*), sum(size) FROM pg_ls_waldir()"
_SETTINGS = """
SELECT current_setting('archive_mode'), (SELECT count(*) FROM pg_stat_replication),
       (SELECT count(*) FROM pg_replication_slots), current_setting('log_min_error_statement'),
       current_setting('log_statement'), current_setting('log_parameter_max_length_on_error')
"""


def places(connection: Connection, targets: Sequence[BoundTarget]) -> Iterator[Trace]:
    """The places of this cluster, table by table and then what all tables share."""
    for target in targets:
        yield from _table(connection, target)
    wal = asked(connection, _WAL, tuple)
    yield Trace(
        "write-ahead log", None, "possible" if wal else "unknown", "its oldest segment is recycled",
        f"{wal[1]} segments, {size(wal[2])}, the oldest of {wal[0]}; a removal writes the old rows' pages there." if wal
        else "This login may not list it (pg_monitor may).", "CHECKPOINT; then wait until the segments are recycled.")
    told = asked(connection, _SETTINGS, tuple)
    archive, standbys, slots, errors, statements, parameters = told or (None,) * 6
    yield Trace(
        "archived log", None, "unknown" if told is None else "none" if archive == "off" else "possible",
        None if archive == "off" else "the archive's own retention ends", f"archive_mode = {archive}.",
        "" if archive == "off" else "Let the archive's retention follow the privacy notice.")
    yield Trace(
        "standbys and slots", None, "possible" if standbys or slots else "none" if told else "unknown",
        "they replay the removal, and vacuum in turn" if standbys or slots else None,
        f"{standbys} standbys connected, {slots} replication slots.", "")
    quiet = statements == "none" and errors in ("panic", "fatal", "log")
    yield Trace(
        "server log", None, "unknown" if told is None else "none" if quiet else "possible", "the log is rotated away",
        f"log_statement = {statements}, log_min_error_statement = {errors}, log_parameter_max_length_on_error = "
        f"{parameters}; a failing INSERT of the application prints the whole row.", "" if quiet else
        "Rotate the server's log within the period, and keep log_parameter_max_length_on_error at 0.")


def _table(connection: Connection, target: BoundTarget) -> Iterator[Trace]:
    name = connection.dialect.identifier_preparer.format_table(target.target.table).replace("%%", "%")
    label, fields = target.declared.name, [*target.declared.fields.columns, *target.declared.also]
    heap = asked(connection, _HEAP, tuple, name=name)
    dead = heap[0] if heap else None
    yield Trace(
        f"table {target.name}", label, "possible" if heap else "unknown", "new rows overwrite the free space",
        f"{dead:,} dead rows of {heap[3]:,} live ones, {size(heap[2])}, last vacuum {heap[1] or 'never'}; VACUUM frees "
        "the space of removed rows and leaves their bytes." if heap else "No statistics of this table.",
        f"VACUUM (FULL, ANALYZE) {name};  -- locks the table; pg_repack does not")
    indexes = asked(connection, _INDEXES, lambda row: row[0], name=name, fields=fields)
    yield Trace(
        f"indexes of {target.name}", label, "possible" if indexes else "none", "pages are reused" if indexes else None,
        f"Indexes on declared fields: {indexes or 'none'}.",
        f"REINDEX TABLE CONCURRENTLY {name};" if indexes else "")
    histograms = asked(connection, _HISTOGRAMS, lambda row: row[0], name=name, fields=fields)
    yield Trace(
        f"planner statistics of {target.name}", label, "possible" if histograms else "none",
        "the next ANALYZE, and the vacuum of pg_statistic after it" if histograms else None,
        f"pg_statistic keeps samples of: {histograms or 'no declared field'}; they are values in clear.",
        f"ANALYZE {name}; VACUUM FULL pg_statistic;  -- or ALTER TABLE {name} ALTER COLUMN … SET STATISTICS 0;"
        if histograms else "")
