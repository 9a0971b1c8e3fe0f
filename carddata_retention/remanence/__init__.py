"""What may still lie on disk of what was removed, place by place, from what the server itself says. Read-only.

A deleted row is gone for every query and not for a disk: PCI DSS 3.2.1 asks for "securely deleted or rendered
unrecoverable". What was found by searching raw files for removed values stands in docs/remanence.md; here the same
places are asked on the database at hand, each with what would empty it. Nothing of it is ever run unasked: rewriting
a table locks it.
"""

from datetime import datetime

from carddata_retention.errors import RetentionError
from carddata_retention.remanence import mariadb, postgresql, sqlite
from carddata_retention.remanence.trace import Trace
from carddata_retention.schema import BoundTarget, bind
from carddata_retention.settings import Config
from carddata_retention.stage import open_stage

__all__ = ["Trace", "traces"]

_PLACES = {"postgresql": postgresql.places, "mariadb": mariadb.places, "sqlite": sqlite.places}


def traces(config: Config, host: datetime) -> list[Trace]:
    """Every place that may still hold removed values. Raises BlindError, and what `bind` says of a lone target."""
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        found = bind(connection, stage.db.dialect, config, stage.policy).targets.values()
        targets = [t for t in found if isinstance(t, BoundTarget)]
        if not targets:
            raise next(t for t in found if isinstance(t, RetentionError))
        declared = [Trace(place.name, None, "unknown", None, f"Beyond this database's reach; {place.owner or 'nobody'} "
                          f"answers for it. {place.note}".strip(), "") for place in config.locations]
        return [*_PLACES[stage.db.dialect](connection, targets), *declared]
