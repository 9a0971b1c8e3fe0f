"""Everything that would stand in the way of a run, at once and each with its cure. Removes nothing."""

from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import sight
from carddata_retention.db import seen_as
from carddata_retention.errors import RetentionError
from carddata_retention.schema import BoundSchema, BoundTarget, bind
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage


def check_all(config: Config, host: datetime) -> list[RetentionError]:
    """All problems in the order of the targets; empty where a run could begin.

    Raises what hides everything else: an unreachable database, service ends that cannot be read.
    """
    problems: list[RetentionError] = []
    with open_stage(config, "run", host, None) as stage:
        with stage.db.snapshot() as connection:
            try:
                sight.is_primary(connection, stage.db.dialect)
                schema = bind(connection, stage.db.dialect, config, stage.policy)
                for bound in schema.targets.values():
                    if isinstance(bound, RetentionError):
                        problems.append(bound)
                        continue
                    try:
                        sight.is_transactional(connection, stage.db.dialect, bound)
                    except RetentionError as wrong:
                        problems.append(wrong)
            except SQLAlchemyError as refused:
                raise seen_as(refused, "The catalogue") from None
        for bound in schema.targets.values():
            if isinstance(bound, BoundTarget):
                problems += _tried(stage, bound, schema)
    return problems


def _tried(stage: Stage, bound: BoundTarget, schema: BoundSchema) -> list[RetentionError]:
    try:
        with stage.db.snapshot() as connection:
            sight.may_read(connection, bound, schema.service)
        sight.may_remove(stage.db, bound, schema.service)
    except RetentionError as wrong:
        return [wrong]
    return []
