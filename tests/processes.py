"""Work in processes of its own: some must be killed, and none may take the test with it."""

import os
import signal
import sys
import traceback
from collections.abc import Callable

from nightly import AS_OF, House

from carddata_retention import cli, gate, quality


def in_a_process(work: Callable[[], None]) -> int:
    """Do `work` in a child process; returns its exit code, or minus the number of the signal that ended it."""
    return waited(child_of(work))


def child_of(work: Callable[[], None]) -> int:
    """A child process that does `work` and exits with 0 or as `work` exits, or with 99 and a traceback."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except SystemExit as left:
            os._exit(left.code if isinstance(left.code, int) else 0)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(99)
    return child


def waited(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    """The end of this process, as `kill -9` makes it."""
    os.kill(os.getpid(), signal.SIGKILL)


def command(house: House, *more: str, told: str = os.devnull) -> None:
    """`carddata-retention run`, as cron starts it; never returns. What it says goes into the file `told`.

    The judge works in its own process, where our great-expectations is loaded already.
    """
    gate.judge_apart = lambda: quality.judge_all
    os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8")
    configuration = str(house.folder / "retention.toml")
    sys.argv = ["carddata-retention", "run", "--config", configuration, "--as-of", str(AS_OF), *more]
    cli.main()
