"""A period as JSON: the shape that scripts rely on, and everything that its other formats are made of."""

from dataclasses import asdict
from typing import Any

from carddata_retention.history import PastRun
from carddata_retention.report.conclusions import PeriodView, conclusions, policy_changes, policy_versions
from carddata_retention.report.days import Day, gaps
from carddata_retention.report.rollup import MOST_DAYS_BETWEEN, RollUp, Verification
from carddata_retention.report.totals import total

SCHEMA = 1
WORDS = {"ok": "pass", "att": "attention", "bad": "fail", "miss": "missed", "na": "not_evidenced"}


def period_json(view: PeriodView) -> dict[str, Any]:
    """The object that `period.json` holds. Days are ISO 8601, intervals days, counts records."""
    rolled = view.roll_up
    nights, period = rolled.nights, rolled.period
    last = nights.last_run
    return {
        "schema": SCHEMA, "kind": "period", "period": str(period), "length": period.kind.value,
        "first": period.first.isoformat(), "last": period.last.isoformat(), "until": nights.until.isoformat(),
        "over": rolled.over, "known_on": rolled.today.isoformat(), "zone": view.zone, "database": view.database,
        "tool_version": view.tool_version, "verdict": WORDS[nights.tone],
        "policy": {"id": view.policy_id, "versions": list(policy_versions(rolled)), "changes": policy_changes(rolled)},
        "conclusions": [{"no": c.no, "result": WORDS[c.tone]} for c in conclusions(view)],
        "nights": {**nights.nights._asdict(), "purged": nights.purged, "list": [_night(day) for day in nights.days]},
        "gaps": [{"first": g.first.isoformat(), "last": g.last.isoformat(), "nights": g.nights}
                 for g in gaps(nights.days)],
        "verifications": {
            "count": len(nights.verifications), "longest_interval_days": nights.longest_interval,
            "open_days": nights.open_days, "most_days": MOST_DAYS_BETWEEN,
            "list": [_verification(v) for v in nights.verifications],
        },
        "unverified_runs": [run.run_id for run in nights.runs if not run.verified],
        "months": [_month(month) for month in view.months],
        "roll_forward": [asdict(target) for target in rolled.roll_forward],
        "locations": [asdict(place) for place in view.locations],
        "chain": {"sealed": nights.chain.sealed, "broken": nights.chain.broken,
                  "last_seal": last.seal if last else None},
    }


def _run(run: PastRun) -> dict[str, Any]:
    return {"run_id": run.run_id, "verdict": run.verdict.value, "exit_code": run.exit_code,
            "purged": total(run.targets, "purged").value, "remaining_due": total(run.targets, "remaining_due").value,
            "undetermined": total(run.targets, "undetermined").value}


def _night(day: Day) -> dict[str, Any]:
    return {"as_of": day.day.isoformat(), "result": WORDS[day.tone], "worst": WORDS[day.worst],
            "days_late": day.days_late, "purged": day.purged, "runs": [_run(run) for run in day.runs]}


def _verification(look: Verification) -> dict[str, Any]:
    return {"run_id": look.run.run_id, "on": look.run.ended_on.isoformat(), "as_of": look.run.as_of.isoformat(),
            "interval_days": look.interval_days, "remaining_due": total(look.run.targets, "remaining_due").value}


def _month(month: RollUp) -> dict[str, Any]:
    nights = month.nights
    return {"month": str(month.period), **nights.nights._asdict(), "purged": nights.purged,
            "verifications": len(nights.verifications), "longest_interval_days": nights.longest_interval,
            "result": WORDS[nights.tone if month.held else "miss"]}
