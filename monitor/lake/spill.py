"""A folder for what does not fit in memory; it disappears with its owner, however that ended."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "spill-"
LOCK = "owner.lock"


class Spill:
    """One engine's folder under ``home``, removed on ``close``.

    A process that was killed cannot clean up; the next one to open a spill removes each folder whose
    owner no longer holds its lock.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        self.folder, self._lock = _own(home)

    def close(self) -> None:
        """Remove the folder and everything in it; a second call changes nothing."""
        if self._lock >= 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def _own(home: Path) -> tuple[Path, int]:
    """A folder that is ours: another's sweep may take it away between its making and our lock; then make another."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)


def _sweep(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
