"""The disk is full in the middle of a run: the one of the tables, of SQLite's file, of the reports, of the evidence."""

import random
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from servers import Database

from reliability.blows import Blow, struck_by
from reliability.claims import Claims, Found, Progress, Row, summed
from reliability.nights import struck
from reliability.plug import Plug
from reliability.small_disk import SmallDisk, owned_like, small_disk

IN_ONE_HOUSE = 10
DISK_MIB = 64
CUSTOMERS, BATCH_MS = 1500, 10  # so many that every file needs more room than it has
FOLDERS = ("reports", "evidence")


def full(plug: Plug, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """Each of the disks is filled `number` times, and emptied when the run has ended. Raises NoDiskError."""
    rng, claims = random.Random(seed), Claims()
    rows: list[Row] = []
    said: dict[str, str] = {}
    for done in range(0, number, IN_ONE_HOUSE):
        here = min(IN_ONE_HOUSE, number - done)
        at = folder / f"house-{done}"
        for name, tables in (("server", _on_small_disk(plug)), ("sqlite", _sqlite(at / "disk"))):
            (at / name).mkdir(parents=True)
            with tables as (database, disk), ExitStack() as stack:
                house = struck(database, at / name, claims, batch_ms=BATCH_MS)
                blows = [Blow(f"{database.dialect}: disk of the tables", disk.fill, disk.empty)]
                for each in FOLDERS if name == "server" else ():
                    small = stack.enter_context(small_disk(at / name / each, DISK_MIB))
                    blows.append(Blow(f"disk of the {each}", small.fill, small.empty))
                rows += struck_by(house, blows, here * len(blows), rng, CUSTOMERS)
                said |= house.said
        say(f"{done + here} of {number} times each")
    return Found("the disk is full in mid-run", summed(rows, "blow"), claims.broken, said=said)


@contextmanager
def _on_small_disk(plug: Plug) -> Iterator[tuple[Database, SmallDisk]]:
    """A database all of whose tables lie on a small disk, while the server's own files and logs lie on another."""
    if plug.dialect == "postgresql":
        place = plug.root / "small"
        place.mkdir()
        owned_like(place, plug.root / "postgresql")
        with small_disk(place, DISK_MIB) as disk, plug.servers.database("postgresql") as database:
            space = place / "space"
            space.mkdir()
            owned_like(space, place)
            name = database.engine.url.database
            admin = sa.create_engine(database.engine.url.set(database="postgres"), poolclass=sa.NullPool)
            plug.tell(admin, f"CREATE TABLESPACE small LOCATION '{space}'",
                      f"ALTER DATABASE {name} SET TABLESPACE small")
            try:
                yield database, disk
            finally:
                plug.tell(admin, f"ALTER DATABASE {name} SET TABLESPACE pg_default", "DROP TABLESPACE small")
        place.rmdir()
        return
    with plug.servers.database("mariadb") as database:
        place = plug.root / "mariadb" / str(database.engine.url.database)
        options = (place / "db.opt").read_bytes()
        with small_disk(place, DISK_MIB) as disk:
            (place / "db.opt").write_bytes(options)
            try:
                yield database, disk
            finally:  # its tables go; its folder cannot, while a disk is mounted there
                with suppress(sa.exc.SQLAlchemyError), database.engine.connect() as connection:
                    connection.exec_driver_sql(f"DROP DATABASE {database.engine.url.database}")


@contextmanager
def _sqlite(place: Path) -> Iterator[tuple[Database, SmallDisk]]:
    place.mkdir(parents=True)
    with small_disk(place, DISK_MIB) as disk:
        url = f"sqlite:///{place / 'billing.db'}"
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        yield Database("sqlite", url, engine), disk
        engine.dispose()
    shutil.rmtree(place, ignore_errors=True)
