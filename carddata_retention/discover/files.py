"""Discovery in files: exports and logs instead of the database, each read once from front to back."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from carddata_retention import identity
from carddata_retention.detector import look_once, read_name
from carddata_retention.discover.running import Running, file_of, rested, whole
from carddata_retention.discovered import Discovered, Unread, Why
from carddata_retention.discovery import judging
from carddata_retention.discovery.candidates import Candidates
from carddata_retention.discovery.files import found_files, pages
from carddata_retention.discovery.state import Column
from carddata_retention.discovery.windows import size_of
from carddata_retention.errors import BlindError
from carddata_retention.nights import Hooks
from carddata_retention.purge.pace import Pace
from carddata_retention.settings import Config


def discover_files(config: Config, host: datetime, hooks: Hooks, paths: Sequence[Path], *,
                   keys: Path | None = None) -> Discovered:
    """Read exports and logs instead of the database. A file that cannot be read is a finding, and stops no other.

    Raises BlindError for a path that is not there, UsageError and FailedError for the file of `keys`.
    """
    named = found_files(paths)
    run = Running(config, host, hooks, identity.key_if_any(config), file_of(keys), [])
    stop = config.path(config.limits.stop_file)
    pace = Pace(config.limits, stop, hooks.told_to_stop)
    for path in named:
        if run.stopped is None:
            _file(run, path, pace)
    if run.keys is not None:
        run.keys.write(run.judges)
    return whole(run, [])


def _file(run: Running, path: Path, pace: Pace) -> None:
    columns: dict[str, Column] = {}
    candidates: dict[str, Candidates] = {}
    began = time.monotonic()
    try:
        for page in pages(path):
            fetched = time.monotonic()
            for name, texts in page.columns.items():
                known = columns.get(name) or columns.setdefault(name, Column("text", bool(read_name(name).says)))
                hits = look_once(texts, shapes=known.named)
                known.population.add(hits, rows=len(texts))
                known.rows += len(texts)
                run.bytes += size_of(texts)
                if len(hits):
                    run.note(path.as_posix(), path.as_posix(), candidates, name, hits, texts, page.key_of)
            run.rows += len(page.numbers)
            ended = time.monotonic()
            run.fetch_s, run.look_s = run.fetch_s + fetched - began, run.look_s + ended - fetched
            run.stopped, began = rested(pace, ended - began, len(page.numbers)), time.monotonic()
            if run.stopped:
                break
    except (BlindError, OSError) as wrong:
        said = f"{wrong.code}: {wrong.cure}" if isinstance(wrong, BlindError) else type(wrong).__name__
        run.unread.append(Unread(path.as_posix(), Why.FILE, said))
    run.columns += len(columns)
    for name, known in columns.items():
        at = f"{path.as_posix()}.{name}" if name else path.as_posix()
        place = judging.Place(at, read_name(name) if name else None, file=True)
        run.judge(place, known, candidates.get(name), False)
