"""The lock of a run that died without a trace, while the server still believes in its session."""

from dataclasses import dataclass
from datetime import datetime

from carddata_retention import identity
from carddata_retention.errors import BusyError, UsageError
from carddata_retention.lock import end_session, lock_holder
from carddata_retention.settings import Config
from carddata_retention.stage import open_stage


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Who held the lock, as told; None where nobody did."""

    holder: str | None


def unlock(config: Config, host: datetime, *, end: bool) -> Unlocked:
    """Say who holds the lock; with `end`, end that session. What it removed is recorded, and the next run goes on.

    Raises BusyError where somebody holds it and is not ended, UsageError where no session can be ended, BlindError
    where this login may not.
    """
    with open_stage(config, "run", host, None) as stage:
        found = lock_holder(stage.db, identity.scope(config))
        if found is None:
            return Unlocked(None)
        if not end:
            raise BusyError("lock_held", f"The lock is held: {found.told}.", not_done="Nobody was disturbed.",
                            cure="If that run is dead: carddata-retention unlock --end")
        if found.session is None:
            raise UsageError("lock_of_a_process", f"The lock is held: {found.told}.", not_done="Nobody was disturbed.",
                             cure="It goes with that process: end it (kill PID), then run.")
        end_session(stage.db, found.session)
        return Unlocked(found.told)
