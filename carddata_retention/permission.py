"""What may be removed tonight: the gate judges the data, the breakers ask for a person's eyes."""

from collections.abc import Sequence
from dataclasses import replace

from carddata_retention import nights, observations, quality, shares
from carddata_retention.breakers import breakers, clock_findings, nobody_ended
from carddata_retention.model import Severity
from carddata_retention.nights import Judge, Running


def judge(run: Running, asked: Judge, beside: Sequence[quality.Question]) -> None:
    """The gate: a failed blocking expectation refuses its target; one about the service ends refuses all. What is asked
    `beside` refuses nobody."""
    config, policy = run.stage.config, run.stage.policy
    seen = list(run.readable())
    if not seen and not beside:
        return
    questions = [quality.Question("service_end", run.service_counts, nights.SERVICE_END)] if seen else []
    questions += beside
    for target in seen:
        before = target.remembered
        same = before is not None and before.digest == target.digest
        history = shares.history(target.result, before.result if before and same else None,
                                  days=(policy.as_of - before.as_of).days if before else 0,
                                  max_shift=config.limits.max_shift)
        questions += [quality.Question("target", target.counts, target.name),
                      quality.Question("history", history, target.name)]
    own = config.path(config.quality.expectations) if config.quality.expectations else None
    if own is not None and not own.is_dir():
        run.findings.append(observations.shipped_suites(config.quality.expectations))
        own = None
    judged = asked(questions, own)
    run.service_quality = tuple(q for q in judged if q.target == nights.SERVICE_END)
    run.discovery_quality = tuple(q for q in judged if q.target == nights.DISCOVERY)
    about_all = observations.gate_findings(None, run.service_quality)
    run.findings += [*about_all, *observations.gate_findings(None, run.discovery_quality)]
    for target in seen:
        target.quality = tuple(q for q in judged if q.target == target.name)
        target.findings += observations.gate_findings(target.name, target.quality)
        target.findings += [replace(f, target=target.name) for f in about_all if f.severity is Severity.BLOCK]


def ask_the_breakers(run: Running) -> None:
    """Clock, lost holds, first night, share, rows, changes; a plan passes those that ask for eyes."""
    stage = run.stage
    stopping = clock_findings(stage.clocks, run.furthest) + observations.lost_holds(run.lost_holds)
    run.findings += stopping
    for target in run.readable():
        target.findings += [replace(f, target=target.name) for f in stopping]
        if run.only is not None:
            continue
        if run.plan is None:
            target.findings += breakers(stage.config.limits, target.result, target.remembered, target.digest,
                                        target.bound_of().fingerprint)
        else:
            target.findings += nobody_ended(target.result)
