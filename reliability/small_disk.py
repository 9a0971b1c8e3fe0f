"""A disk so small that it can be filled to the last byte, and emptied again: a file system in memory."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILLER, BLOCK = "filler", 4096


class NoDiskError(Exception):
    """Nothing can be mounted here."""


class SmallDisk:
    """The disk at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no byte free."""
        with open(self.path / FILLER, "ab", buffering=0) as file, suppress(OSError):
            for size in (BLOCK * 256, BLOCK, 1):
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def empty(self) -> None:
        """Give the room back."""
        (self.path / FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, mib: int) -> Iterator[SmallDisk]:
    """A disk of so many MiB at a folder, until the end of the block. Raises NoDiskError."""
    path.mkdir(exist_ok=True)
    owner = path.stat()
    options = f"size={mib}m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise NoDiskError("a small disk needs the right to mount one: root, and a container that lets it") from None
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def owned_like(path: Path, other: Path) -> None:
    """Give a new folder to whoever owns another one."""
    owner = other.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
