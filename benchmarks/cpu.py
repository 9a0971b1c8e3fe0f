"""CPU time of a server's processes. Unlike seconds on the clock, it hardly grows when others use the machine too."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

PER_SECOND = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, USER_OF_ENDED, SYSTEM_OF_ENDED = 1, 11, 12, 13, 14  # fields of /proc/PID/stat after the name


class Used(NamedTuple):
    """Of one process: its parent, and the seconds of CPU used by itself and by its children that have ended."""

    parent: int
    own_s: float
    ended_s: float


def of_server(connect: Engine) -> float:
    """Seconds of CPU that all processes of the server have used so far, whomever they worked for."""
    with connect.connect() as connection:
        if connect.dialect.name == "postgresql":
            backend: Any = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            found = used(int(backend))
            server = found.parent if found else 0
        else:
            server = int(Path(str(connection.exec_driver_sql("SELECT @@pid_file").scalar_one())).read_text())
        everybody = {int(p.name): used(int(p.name)) for p in Path("/proc").iterdir() if p.name.isdigit()}
    family = [u for pid, u in everybody.items() if u is not None and server in (pid, u.parent)]
    own = everybody.get(server)
    return sum(u.own_s for u in family) + (own.ended_s if own else 0.0)


def used(pid: int) -> Used | None:
    """What a process has used, or None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, *ended = (int(fields[n]) / PER_SECOND for n in (USER, SYSTEM, USER_OF_ENDED, SYSTEM_OF_ENDED))
    return Used(int(fields[PARENT]), user + system, sum(ended))
