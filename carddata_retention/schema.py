"""The configuration held against the catalogue: what a night will read, lock and remove, bound once.

`bind` answers each target on its own: what is wrong with one never stops the others. What is wrong with the
service ends stops all, for nobody could be decided.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from carddata_retention import orphans, settings
from carddata_retention.catalogue import Catalogue
from carddata_retention.errors import RetentionError
from carddata_retention.policy import Policy
from carddata_retention.service_binding import BoundService, LockStep, bind_service
from carddata_retention.target_binding import BoundTarget, bind_target

__all__ = ["BoundSchema", "BoundService", "BoundTarget", "LockStep", "bind"]


@dataclass(frozen=True, slots=True)
class BoundSchema:
    """All targets of a configuration; an unusable one is the error that says why."""

    dialect: str
    service: BoundService
    targets: dict[str, BoundTarget | RetentionError]

    @property
    def usable(self) -> dict[str, BoundTarget]:
        """The targets that can be read."""
        return {n: t for n, t in self.targets.items() if isinstance(t, BoundTarget)}


def bind(connection: Connection, dialect: str, config: settings.Config, policy: Policy) -> BoundSchema:
    """Hold every declared name against the catalogue. Raises BlindError or ConfigError for the service ends."""
    catalogue = Catalogue(connection, dialect)
    service = bind_service(catalogue, config, policy)
    bound: dict[str, BoundTarget | RetentionError] = {}
    for declared in config.targets:
        try:
            bound[declared.name] = bind_target(catalogue, declared, service,
                                               at_acquisition=policy.at_acquisition)
        except RetentionError as wrong:
            bound[declared.name] = wrong
    bound |= orphans.refusals(catalogue, config, service, bound)
    return BoundSchema(dialect, service, bound)
