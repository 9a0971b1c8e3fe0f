"""A run acts under a standing approval, its caps. Above them it removes nothing and writes a plan to be approved."""

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import approval, observations, planning
from carddata_retention.breakers import ASK_FOR_EYES
from carddata_retention.db import seen_as
from carddata_retention.errors import RetentionError
from carddata_retention.keys import EvidenceKey
from carddata_retention.model import Severity
from carddata_retention.nights import Running, TargetNight

FOLDER = "plans"


def write_plan(run: Running, key: EvidenceKey) -> None:
    """Write a plan of the targets that only breakers refused, signed by the run, where [approval] names people.

    It lies in the evidence folder. Where it cannot be written, a finding says so: the night itself is over.
    """
    stage = run.stage
    waiting = [target for target in run.readable() if _waits(target)]
    if run.plan is not None or not waiting or not stage.config.approval.people:
        return
    path = stage.config.path(stage.config.evidence.directory) / FOLDER / f"{run.run_id}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with planning.plan_file(path, lambda plan: (approval.signed_by_run(plan, key, stage.clocks.host),)) as file:
            with stage.db.snapshot() as connection:
                for target in waiting:
                    file.add(run, connection, target)
            file.write(stage)
    except SQLAlchemyError as refused:
        run.findings.append(observations.plan_not_written(seen_as(refused, "The plan").cause))
    except OSError as wrong:
        run.findings.append(observations.plan_not_written(type(wrong).__name__))
    except RetentionError as wrong:
        run.findings.append(observations.plan_not_written(wrong.cause))
    else:
        run.findings.append(observations.plan_waits(f"{stage.config.evidence.directory}/{FOLDER}/{path.name}"))


def _waits(target: TargetNight) -> bool:
    """Whether a person's eyes are all that is missing."""
    blocking = {f.id for f in target.findings if f.severity is Severity.BLOCK}
    return bool(blocking) and blocking <= ASK_FOR_EYES and target.error is None
