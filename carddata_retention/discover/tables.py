"""Discovery in a database: list what there is, read it in windows, judge each column whole, say what to do."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import identity
from carddata_retention.config import database_url
from carddata_retention.db import Database, open_database, seen_as
from carddata_retention.detector import Kind
from carddata_retention.discover.running import Running, file_of, rested, whole
from carddata_retention.discovered import Discovered, Unread, Why
from carddata_retention.discovery import judging
from carddata_retention.discovery.candidates import Candidates
from carddata_retention.discovery.columns import Read
from carddata_retention.discovery.inventory import Table, inventory
from carddata_retention.discovery.meter import Meter
from carddata_retention.discovery.scan import Manners, Told, recalled, walk
from carddata_retention.discovery.state import Column, State
from carddata_retention.discovery.walk import estimated
from carddata_retention.discovery.windows import Reader
from carddata_retention.errors import BlindError
from carddata_retention.nights import Hooks
from carddata_retention.purge.pace import Pace
from carddata_retention.purge.throttle import brakes
from carddata_retention.redact import Trouble, safe, trouble
from carddata_retention.settings import Config

STATE = "discovery.json"
NOTHING = "Nothing was read."


def discover(config: Config, host: datetime, hooks: Hooks, *, full: bool = False,
             keys: Path | None = None) -> Discovered:
    """Read what is new in the billing schemas, or everything (`full`, and with `keys`), and say what was found.

    Raises BlindError where the database cannot be read at all, BusyError while another discovery runs, UsageError and
    FailedError for the files of `keys` and of the state.
    """
    db = open_database(database_url(config, "discover"), config.base)
    try:
        try:
            with db.snapshot() as connection:
                database = db.identity(connection)[0].rpartition(" · ")[2]
                tables, unread = inventory(connection, db.dialect, config)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The database", not_done=NOTHING) from None
        if not tables and not unread:
            raise BlindError("nothing_to_read", "This login sees no table in the billing schemas.", not_done=NOTHING,
                             cure="Look at the URL and its schema; GRANT SELECT to this login.")
        state = State(config.path(config.discovery.state or f"{config.evidence.directory}/{STATE}"), database)
        with state.held():
            state.load()
            run = Running(config, host, hooks, identity.key_if_any(config), file_of(keys), unread)
            _read(run, db, _in_turn(tables, state), state, full or keys is not None)
            if run.keys is not None:
                run.keys.write(run.judges)
            return whole(run, tables)
    finally:
        db.close()


def _in_turn(tables: Sequence[Table], state: State) -> list[Table]:
    """What was not read to its end comes first, then what was looked at longest ago: a budget reaches everything."""
    def looked(table: Table) -> str:
        known = state.tables.get(table.source.listed.place, {})
        each = [known[c.name].looked if c.name in known else None for c in table.source.columns]
        return min(when or "" for when in each)

    return sorted(tables, key=looked)


def _read(run: Running, db: Database, tables: Sequence[Table], state: State, full: bool) -> None:
    """Table after table; what goes wrong with one never stops the others."""
    limits = run.config.limits
    pace = Pace(limits, run.config.path(limits.stop_file), run.hooks.told_to_stop, brakes(db, run.config))
    with db.snapshot() as connection:
        about = {t.source.listed.place: estimated(connection, t.source) for t in tables}
    state.round = identity.stamp(run.host) if full else state.round or identity.stamp(run.host)
    meter = Meter(sum(about.values()), run.hooks.progress, run.hooks.log)
    for table in tables:
        at = table.source.listed.place
        before = sum(c.rows for c in state.tables.get(at, {}).values())
        candidates: dict[str, Candidates] = {}
        try:
            due = full or not state.done(at, [c.name for c in table.source.columns])
            if due and run.stopped is None:
                run.stopped = pace.clear()
            if due and run.stopped is None:
                state.tables[at] = _recalled(db, table, state.tables.get(at, {}), full)
                before = max((c.rows for c in state.tables[at].values()), default=0)
                manners = Manners(partial(rested, pace), state.save, meter.begin(at, about[at]),
                                  partial(run.note, at, str(table.source.listed.name), candidates))
                _add(run, walk(Reader(db, table.source), state.tables[at], manners, identity.stamp(run.host)))
                run.columns += len(table.source.columns)
                meter.end(about[at])
        except (SQLAlchemyError, BlindError) as refused:
            run.unread.append(_refused(at, refused))
        known = state.tables.get(at, {})
        _remember(run, known, before)
        hide = _keys_are_numbers(table, known)
        for column in table.source.columns:
            if column.name in known and known[column.name].rows:
                place = _place(table, column, known[column.name])
                run.judge(place, known[column.name], candidates.get(column.name), hide)
    state.tables = {place: state.tables[place] for place in about if place in state.tables}
    state.round = state.round if run.stopped else None
    state.save()


def _recalled(db: Database, table: Table, before: dict[str, Column], full: bool) -> dict[str, Column]:
    known = recalled(db, table.source, before, full)
    for column in table.source.columns:
        was = known[column.name]
        found = judging.findings(_place(table, column, was), was.population) if was.complete else []
        if any(f.severity == "critical" for f in found):
            was.forget()
    return known


def _keys_are_numbers(table: Table, known: dict[str, Column]) -> bool:
    return any(v.kind in (Kind.CARD_NUMBER, Kind.TEST_NUMBER) for c in table.source.columns
               if c.name in table.source.key_names and c.name in known
               for v in known[c.name].population.verdicts(c.says))


def _place(table: Table, column: Read, known: Column) -> judging.Place:
    return judging.Place(f"{table.source.listed.place}.{column.name}", column.says, column.role,
                         ", ".join(table.targets) or None, column.composed or bool(known.paths))


def _add(run: Running, told: Told) -> None:
    run.rows, run.bytes = run.rows + told.rows, run.bytes + told.bytes
    run.fetch_s, run.look_s = run.fetch_s + told.fetch_s, run.look_s + told.look_s
    run.stopped = told.stopped


def _remember(run: Running, known: dict[str, Column], before: int) -> None:
    if before and known:
        run.remembered += before
        run.since = min(filter(None, (run.since, *(c.since for c in known.values()))), default=None)


def _refused(place: str, refused: SQLAlchemyError | BlindError) -> Unread:
    if isinstance(refused, BlindError):
        return Unread(place, Why.FAILED, refused.code)
    denied = trouble(refused) is Trouble.DENIED
    return Unread(place, Why.DENIED if denied else Why.FAILED, safe(refused))
