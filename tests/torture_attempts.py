"""Attempts at a step, each a process forked from one that has everything imported, and what is done to them."""

import logging
import mmap
import os
import signal
import struct
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import seeded_bugs
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from torture_city import Copy, opened
from torture_story import Step, small_pieces

from jobs.ledger import Fenced, Stopped, owners
from monitor.errors import Refused

DONE, BROKEN, REFUSED, CUT, FENCED = 0, 1, 3, 4, 5
STOPPED = 128 + signal.SIGTERM
TOO_LONG = 60.0
_NEVER, _RESTS = threading.Event(), 15


class Track:
    """What an attempt leaves behind even when it is killed: points passed, and when it moved the cursor."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 40)
        self._tired = False

    @property
    def points(self) -> int:
        """How many statements and commits were reached."""
        return self._read(0)

    @property
    def commits(self) -> int:
        """How many commits were reached."""
        return self._read(24)

    @property
    def pieces(self) -> int:
        """How many commits that moved the ledger's cursor were reached."""
        return self._read(32)

    @property
    def moved(self) -> float | None:
        """The monotonic instant of the first commit that moved the ledger's cursor, if one did."""
        return self._read(8) / 1e9 or None

    @property
    def moved_last(self) -> float:
        """The monotonic instant of the newest such commit; 0 when there was none."""
        return self._read(16) / 1e9

    def follow(self, manner: "Manner") -> None:
        """Count from now on, in this process; die where ``manner`` says, as ``kill -9`` would have it.

        Slowly, the work rests after each piece, by many short waits and holding nothing: who sleeps meanwhile keeps
        nobody from taking over, has some of them left when it wakes, and its heartbeat comes first.
        The heartbeat's statements are no points: on a slow machine there would be more of them than of the work's.
        """
        moving = False

        def point() -> None:
            self._write(0, self.points + 1)
            if self.points == manner.die_at or self.commits == manner.die_behind:
                os.kill(os.getpid(), signal.SIGKILL)

        def told(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal moving
            moving = moving or (statement.startswith("UPDATE runs") and "cursor" in statement)
            point()

        def commits(_connection: Any) -> None:
            nonlocal moving
            point()
            self._write(24, self.commits + 1)
            if moving:
                self._write(16, time.monotonic_ns())
                self._write(8, self._read(8) or self._read(16))
                self._write(32, self.pieces + 1)
            moving, self._tired = False, moving and manner.slowly

        def undone(_connection: Any) -> None:
            nonlocal moving
            moving = False

        event.listen(Engine, "before_cursor_execute", _of_the_work(told))
        event.listen(Engine, "commit", _of_the_work(commits))
        event.listen(Engine, "begin", _of_the_work(self._rest))
        event.listen(Engine, "rollback", _of_the_work(undone))

    def _rest(self, _connection: Any) -> None:
        for _ in range(_RESTS if self._tired else 0):
            _NEVER.wait(0.01)
        self._tired = False

    def _read(self, at: int) -> int:
        return int(struct.unpack_from("q", self._memory, at)[0])

    def _write(self, at: int, value: int) -> None:
        struct.pack_into("q", self._memory, at, value)


def _of_the_work(heard: Callable[..., None]) -> Callable[..., None]:
    def listening(*said: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            heard(*said)

    return listening


@dataclass
class Attempt:
    """One process that tries a step."""

    pid: int
    track: Track
    log: Path
    began: float
    ended: int | None = None

    def over(self) -> bool:
        """Whether it has ended by now; then ``ended`` is its exit code, negative for a signal."""
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
        return self.ended is not None

    def wait(self, most: float = TOO_LONG) -> bool:
        """Wait until it ends, at most so many seconds."""
        until = time.monotonic() + most
        while not self.over():
            if time.monotonic() > until:
                return False
            _NEVER.wait(0.002)
        return True

    def moves(self) -> None:
        """Wait until it has committed a piece of its run and rests, or has ended."""
        until = time.monotonic() + TOO_LONG
        while self.track.moved is None and not self.over() and time.monotonic() < until:
            _NEVER.wait(0.002)
        _NEVER.wait(0.03)

    def signal(self, number: int) -> bool:
        """Send a signal if it still runs, and say whether it did."""
        if self.over():
            return False
        os.kill(self.pid, number)
        return True

    def said(self) -> str:
        """What it wrote when it broke."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


@dataclass(frozen=True)
class Manner:
    """How attempts are made: dead at a point, or at the first behind a commit, with a mistake planted, each on a
    machine of its own, at leisure."""

    die_at: int | None = None
    die_behind: int | None = None
    bug: str | None = None
    apart: bool = False
    slowly: bool = False


def attempt(copy: Copy, step: Step, manner: Manner) -> Attempt:
    """Begin ``step`` in a process of its own."""
    track, log = Track(), copy.settings.home / f"attempt{time.monotonic_ns()}.log"
    pid = os.fork()
    if pid == 0:
        os._exit(_child(lambda: _work(copy, step, track, manner), log))
    return Attempt(pid, track, log, time.monotonic())


def _work(copy: Copy, step: Step, track: Track, manner: Manner) -> None:
    logging.disable(logging.CRITICAL)
    small_pieces()
    if manner.apart:
        owners._machine = lambda: f"machine{os.getpid()}"
    if manner.bug is not None:
        seeded_bugs.plant(manner.bug)
    service = opened(copy.base, copy)
    track.follow(manner)
    step(service)


def _child(work: Callable[[], None], log: Path) -> int:
    try:
        work()
    except Refused as refusal:
        log.write_text(refusal.en)
        return REFUSED
    except DBAPIError:
        log.write_text(traceback.format_exc())
        return CUT
    except Stopped:
        return STOPPED
    except Fenced:
        return FENCED
    except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
        log.write_text(traceback.format_exc())
        return BROKEN
    return DONE
