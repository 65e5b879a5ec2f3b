"""Turns at a SQLite file: whoever waits to write is next, in whatever process, so no long job starves the office.

SQLite itself lets the waiting poll ever more rarely, and a writer that comes back at once is nearly always there
first. Here a writer passes a queue before it writes, and there waits the next one already.
"""

import fcntl
import os
import sqlite3
from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Any

LONGEST_WAIT = 30.0
LATER = 5_000
"""So many rows a connection changes before it carries what it wrote from the log into the file."""
_STEP = 0.001
_NEVER = Event()


class Paced(sqlite3.Connection):
    """A connection that takes its turn before it writes and gives it up when its transaction has ended.

    What was written is carried from the log into the file afterwards: that waits for the disk, and nobody for it.
    """

    def __init__(self, database: Any, *args: Any, **options: Any) -> None:
        super().__init__(database, *args, **options)
        self._path = str(database)
        self._queue, self._turn, self._held, self._carried = -1, -1, False, 0

    def take_turn(self) -> None:
        """Wait until nobody else writes, at most thirty seconds: then SQLite's own lock decides."""
        if self._held or not self._opened():
            return
        until = monotonic() + LONGEST_WAIT
        if _lock(self._queue, until):
            try:
                self._held = _lock(self._turn, until)
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)

    def commit(self) -> None:
        """Commit, and let the next one write."""
        try:
            super().commit()
        finally:
            self.end_turn()
        if self.total_changes - self._carried >= LATER:
            self._carry()

    def rollback(self) -> None:
        """Roll back, and let the next one write."""
        try:
            super().rollback()
        finally:
            self.end_turn()

    def close(self) -> None:
        """Close, and let the next one write."""
        try:
            super().close()
        finally:
            for handle in (self._queue, self._turn):
                with suppress(OSError):
                    os.close(handle)
            self._queue, self._turn, self._held = -1, -1, False

    def end_turn(self) -> None:
        """Let the next one write; does nothing when it was nobody's turn."""
        if self._held:
            self._held = False
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _carry(self) -> None:
        """What somebody still reads stays in the log until the next time; the commit stands whatever the disk says."""
        self._carried = self.total_changes
        with suppress(sqlite3.Error):
            self.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _opened(self) -> bool:
        """Whether there are files to queue by: beside a database in memory or on a read-only disk there are none."""
        if self._turn < 0 and os.path.isfile(self._path):  # noqa: PTH113 - a connection is made thousands of times
            with suppress(OSError):
                self._queue = os.open(f"{self._path}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._turn = os.open(f"{self._path}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._turn >= 0


def awaited(path: str) -> bool:
    """Say whether somebody waits for a turn at the file ``path``; where nobody ever did, nobody does."""
    try:
        queue = os.open(f"{path}-queue", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(queue)
    return False


def _lock(handle: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                return False
            _NEVER.wait(_STEP)
        else:
            return True
