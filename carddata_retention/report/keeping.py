"""How long reports are kept: folders that are older are removed, and nothing that is not exactly a folder of ours.

The ledger keeps what they told, and can build any of them again. A folder with anything else in it, a link, or a night
that the ledger does not know, stays: when in doubt it is kept.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from carddata_retention.errors import UsageError
from carddata_retention.history import History
from carddata_retention.reporting_period import ReportingPeriod

_RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_NIGHT_FILE = re.compile(r"night[a-z0-9_.-]*\.(?:csv|html|json|pdf|sig|xlsx)")
_TABLES, _TABLE = "csv", re.compile(r"t[0-9]{1,2}-[0-9]{1,2}\.csv")
_WRITTEN = re.compile(r"period(?:\.(?:ja|en))?\.(?:html|json|pdf|xlsx)")
_PERIOD_FILE = re.compile(r"period[a-z0-9_.-]*\.(?:csv|html|json|pdf|sig|xlsx)")


def remove_nights(directory: Path, history: History, today: date, keep_days: int | None) -> int:
    """Remove the folders of nights more than `keep_days` days before `today`; returns how many. Raises OSError."""
    if keep_days is None:
        return 0
    oldest, removed = today - timedelta(days=keep_days), 0
    for run in history.runs:
        day = directory / run.as_of.isoformat()
        ours = run.as_of < oldest and _RUN_ID.fullmatch(run.run_id) and not day.is_symlink()
        if ours and _remove(day / run.run_id, _NIGHT_FILE):
            removed += 1
            if not any(day.iterdir()):
                day.rmdir()
    return removed


def remove_periods(directory: Path, today: date, keep_days: int | None) -> int:
    """Remove the folders of periods that ended more than `keep_days` days before `today`; returns how many.

    Raises OSError.
    """
    if keep_days is None or not directory.is_dir():
        return 0
    oldest = today - timedelta(days=keep_days)
    return sum(_remove(folder, _PERIOD_FILE) for folder in sorted(directory.iterdir()) if _ended(folder.name, oldest))


def remove_replaced(folder: Path, written: Iterable[Path]) -> None:
    """Remove what an earlier report of the same period wrote and this one, `written`, did not: another format, language
    or table, whose numbers are no longer these. Anything else stays. Raises OSError."""
    kept, tables = set(written), folder / _TABLES
    inner = list(tables.iterdir()) if tables.is_dir() and not tables.is_symlink() else []
    ours = [path for path in folder.iterdir() if _WRITTEN.fullmatch(path.name)]
    ours += [path for path in inner if _TABLE.fullmatch(path.name)]
    for path in ours:
        if path not in kept and path.is_file() and not path.is_symlink():
            path.unlink()
    if inner and not any(tables.iterdir()):
        tables.rmdir()


def _ended(name: str, oldest: date) -> bool:
    try:
        return ReportingPeriod.parse(name).last < oldest
    except UsageError:
        return False


def _remove(folder: Path, ours: re.Pattern[str]) -> bool:
    """Remove a folder that holds files of ours and nothing else, and perhaps the folder of its tables."""
    tables = folder / _TABLES
    inner = _files(tables, _TABLE) if tables.exists() else []
    files = _files(folder, ours, but=tables)
    if not files or inner is None:
        return False
    for file in (*inner, *files):
        file.unlink()
    if tables.exists():
        tables.rmdir()
    folder.rmdir()
    return True


def _files(folder: Path, ours: re.Pattern[str], but: Path | None = None) -> list[Path] | None:
    """The files of a real folder; None where anything else is in it."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    files = [path for path in folder.iterdir() if path != but]
    return files if all(ours.fullmatch(f.name) and f.is_file() and not f.is_symlink() for f in files) else None
