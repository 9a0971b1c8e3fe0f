"""The judge of the gate: great-expectations suites over the integers that `measures.py` counted.

The suites are JSON that a data owner reads and changes (expectations/README.md). great-expectations is generous
where a gate must not be: a misspelt type is dropped with a log line, a NULL or an empty frame passes, `mostly` lets
failures through, a broken expectation only looks failed. Each of those is an error here. Nothing but our own
integers goes in and nothing else comes out: no value of a customer's table is ever near.
"""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from carddata_retention.assets import asset
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.model import QualityResult, Severity
from carddata_retention.settings import nearest

SEVERITIES = {"block": "critical", "warn": "warning"}
ENTRY_KEYS, META_KEYS = {"type", "kwargs", "meta"}, {"id", "severity", "of", "reason", "source"}
# Arguments by which a suite would say less than it seems to: a share that may fail, rows that are not looked at.
LOOSENING = ("mostly", "row_condition", "condition_parser")


class Question(NamedTuple):
    """Counts to be judged by a suite: "target", "service_end", "history" or "discovery".

    `target` is whom the answer is about.
    """

    suite: str
    counts: Mapping[str, int | None]
    target: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One expectation of a suite, held against what we demand of it."""

    id: str
    severity: Severity
    column: str
    of: str | None
    limit: int | None
    reason: str
    reason_ja: str
    configuration: Mapping[str, Any]


def judge(
    suite: str, counts: Mapping[str, int | None], target: str, directory: Path | None
) -> tuple[QualityResult, ...]:
    """One suite over one row of counts; see `judge_all`."""
    return judge_all([Question(suite, counts, target)], directory)


def judge_all(questions: Iterable[Question], directory: Path | None) -> tuple[QualityResult, ...]:
    """Judge every question, in order, by the suites of `directory` or, where it is None, by the shipped ones.

    Raises ConfigError `suite_misspelt` where a suite does not say what it seems to say, BlindError `gate_blind` where
    there is nothing to judge by.
    """
    asked = [(q, _entries(q.suite, directory)) for q in questions]
    for question, entries in asked:
        _complete(question, entries)
    return tuple(result for question, entries in asked for result in _validated(question, entries))


def _entries(suite: str, directory: Path | None) -> list[Entry]:
    """The expectations of a suite file. Raises ConfigError where one is not of the form that we can trust."""
    name = f"{suite}.json"
    try:
        text = (asset(f"expectations/{name}") if directory is None else directory / name).read_text(encoding="utf-8")
        entries = [_entry(name, raw) for raw in json.loads(text)["expectations"]]
    except OSError as wrong:
        raise _misspelt(name, f"cannot be read: {type(wrong).__name__}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise _misspelt(name, f"is no suite: {type(wrong).__name__}") from None
    ids = [e.id for e in entries]
    if twice := next((i for i in ids if ids.count(i) > 1), None):
        raise _misspelt(name, f"has the id {twice} twice")
    if not entries:
        raise _misspelt(name, "holds no expectation, so it would pass anything")
    return entries


def _entry(name: str, raw: Mapping[str, Any]) -> Entry:
    meta, kwargs = raw["meta"], raw["kwargs"]
    what = f"{meta['id']}:"
    if unknown := sorted(({*raw} - ENTRY_KEYS) | ({*meta} - META_KEYS)):
        raise _misspelt(name, f"{what} has the unknown key {unknown[0]}{nearest(unknown[0], ENTRY_KEYS | META_KEYS)}")
    if meta["severity"] not in SEVERITIES:
        raise _misspelt(name, f'{what} has a severity that is neither "block" nor "warn"')
    if loose := next((k for k in LOOSENING if k in kwargs), None):
        raise _misspelt(name, f"{what} has {loose}, by which violations would pass")
    limit = kwargs.get("max_value")
    if any(type(kwargs[k]) is not int for k in ("min_value", "max_value") if k in kwargs):
        raise _misspelt(name, f"{what} has a limit that is no whole number")
    configuration = {"type": raw["type"], "kwargs": dict(kwargs), "meta": {"id": meta["id"]},
                     "severity": SEVERITIES[meta["severity"]]}
    return Entry(meta["id"], Severity(meta["severity"]), kwargs["column"], meta.get("of"), limit,
                 meta["reason"]["en"], meta["reason"].get("ja", ""), configuration)


def _complete(question: Question, entries: list[Entry]) -> None:
    """Every count that a suite speaks of is there, and every count is a number."""
    counts = question.counts
    for name in (n for e in entries for n in (e.column, e.of) if n is not None and counts and n not in counts):
        raise _misspelt(f"{question.suite}.json", f"speaks of {name}, which nobody counts{nearest(name, counts)}")
    empty = next((n for n, c in counts.items() if type(c) is not int), None)
    if empty is not None or not counts:
        raise _blind(question, f"{empty or 'every count'} was not counted")


@cache
def load() -> Any:
    """Load great-expectations, which takes some CPU seconds; returns its module."""
    # Before the import: its loggers would otherwise speak through ours, and analytics would try to call home.
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations


@cache
def _batches() -> Any:
    """Where frames of counts are handed in: one ephemeral context, for a file context would write settings to disk."""
    gx = load()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    rows = context.data_sources.add_pandas("counts").add_dataframe_asset("row")
    return rows.add_batch_definition_whole_dataframe("all")


def _validated(question: Question, entries: list[Entry]) -> list[QualityResult]:
    gx = load()
    import pandas as pd

    frame = pd.DataFrame([dict(question.counts)])
    if len(frame) != 1 or frame.isna().any(axis=None):
        raise _blind(question, f"there are {len(frame)} rows of counts instead of one whole one")
    suite = gx.ExpectationSuite(name=question.suite)
    for entry in entries:
        suite.expectations.append(_loaded(gx, question, entry))
    answer = _batches().get_batch({"dataframe": frame}).validate(suite, result_format="BOOLEAN_ONLY")
    verdicts = {c.meta["id"]: r for r in answer.results if (c := r.expectation_config) and c.meta}
    if len(answer.results) != len(entries) or verdicts.keys() != {e.id for e in entries}:
        raise _blind(question, f"{len(answer.results)} of {len(entries)} expectations were judged")
    return [_result(question, entry, verdicts[entry.id]) for entry in entries]


def _loaded(gx: Any, question: Question, entry: Entry) -> Any:
    """The expectation as great-expectations understood it: a wrong argument raises, a wrong type vanishes."""
    try:
        loaded = gx.ExpectationSuite(name=entry.id, expectations=[dict(entry.configuration)]).expectations
    except Exception as wrong:  # whatever a foreign library raises at words that it does not know
        raise _misspelt(f"{question.suite}.json", f"{entry.id}: has an argument that its type does not take "
                        f"({type(wrong).__name__})") from None
    if len(loaded) != 1:
        raise _misspelt(f"{question.suite}.json", f"{entry.id}: has a type that does not exist")
    return loaded[0]


def _result(question: Question, entry: Entry, verdict: Any) -> QualityResult:
    if verdict.exception_info.get("raised_exception") is not False or not isinstance(verdict.success, bool):
        raise _blind(question, f"{entry.id} could not be judged: an error, not a failure")
    observed = question.counts[entry.column]
    assert observed is not None
    return QualityResult(entry.id, question.target, entry.severity, verdict.success, observed,
                         question.counts[entry.of] if entry.of else None, entry.limit, entry.reason, entry.reason_ja)


def _misspelt(file: str, what: str) -> ConfigError:
    return ConfigError("suite_misspelt", f"The suite {file} {what}.",
                       cure="Mend it (expectations/README.md), or take quality.expectations out of the configuration.")


def _blind(question: Question, what: str) -> BlindError:
    return BlindError("gate_blind", f"The gate cannot judge {question.target} ({question.suite}): {what}.",
                      cure="carddata-retention check")
