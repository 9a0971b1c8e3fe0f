"""Everything that would stand in the way of a run, at once and each with its cure. Removes nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import identity, publication, samples, sight
from carddata_retention.breakers import clock_findings
from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, RefusedError, RetentionError
from carddata_retention.schema import BoundService, BoundTarget, bind
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage

Problems = list[RetentionError]


def check_all(config: Config, host: datetime) -> Problems:
    """All problems: those of the whole run first, then in the order of the targets; empty where a run could begin.

    Raises what hides everything else: an unreachable database.
    """
    found: Problems = []
    with open_stage(config, "run", host, None) as stage:
        with _noting(found):
            identity.key_if_any(config)
        with _noting(found):
            publication.ready(config)
        for named, folder in (("report.directory", config.report.directory),
                              ("evidence.directory", config.evidence.directory)):
            with _noting(found):
                _takes_files(config, named, folder)
        found.extend(RefusedError(f.id, f.reason) for f in clock_findings(stage.clocks, None))
        with _noting(found), stage.db.snapshot() as connection:
            sight.is_primary(connection, stage.db.dialect)
        with _noting(found):
            sight.may_record(stage.db, stage.ledger)
        with _noting(found):
            with stage.db.snapshot() as connection:
                schema = bind(connection, stage.db.dialect, config, stage.policy)
            for looked_at in (partial(samples.ends_are_as_declared, service=schema.service),
                              partial(samples.words_occur, config=config, service=schema.service)):
                with _noting(found), stage.db.snapshot() as connection:
                    looked_at(connection)
            for bound in schema.targets.values():
                with _noting(found):
                    _target(stage, bound, schema.service)
    if config.database.register_url_env is not None:
        with _noting(found):
            _register(config, host)
    return found


@contextmanager
def _noting(found: Problems) -> Iterator[None]:
    """One problem never hides the next."""
    try:
        yield
    except RetentionError as wrong:
        found.append(wrong)
    except SQLAlchemyError as refused:
        found.append(seen_as(refused, "The database"))


def _target(stage: Stage, bound: BoundTarget | RetentionError, service: BoundService) -> None:
    if isinstance(bound, RetentionError):
        raise bound
    with stage.db.snapshot() as connection:
        sight.is_transactional(connection, stage.db.dialect, bound)
        sight.may_read(connection, bound, service)
        samples.days_are_as_declared(connection, bound)
    sight.may_remove(stage.db, bound, service)


def _register(config: Config, host: datetime) -> None:
    """Whether the login of holds and requests may write them, and lock what a batch locks."""
    with open_stage(config, "register", host, None) as stage:
        with stage.db.snapshot() as connection:
            schema = bind(connection, stage.db.dialect, config, stage.policy)
        sight.may_register(stage.db, stage.ledger, schema)


def _takes_files(config: Config, named: str, folder: str) -> None:
    """Raises BlindError where a folder of the configuration, or the first one above it that is there, takes no file."""
    path = config.path(folder)
    there = next(p for p in (path, *path.parents) if p.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise BlindError("folder_unwritable", f"{named} names {folder}, where this user cannot write.",
                         cure=f"Give the job's user the right to write there, or change {named}.")
