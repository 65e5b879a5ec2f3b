"""Where a process of the API works: at a core of its own, so that none waits for one while a job has another.

Who wakes is put on a core that does nothing. Where a job computes there is none, and then everybody stays where they
were before: all at one core, one after the other, and the job alone at the next, however little it may claim of it.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from monitor.settings import SEATS

T = TypeVar("T")
_ALL = os.sched_getaffinity(0)


def sit_down() -> None:
    """Keep the thread that calls, and those it will begin, to the core of a free seat; without seats nobody is kept.

    The seat is this process's until it ends. Where seats cannot be had or a core was taken from us, all go anywhere.
    """
    folder = os.environ.get(SEATS)
    if folder is not None:
        cores = sorted(_ALL)
        with suppress(OSError):
            os.sched_setaffinity(0, {cores[_free_seat(Path(folder)) % len(cores)]})


def anywhere(work: Callable[..., T], *given: Any) -> T:
    """Do what takes long, in a thread that is not the loop's, at whatever core is free; the thread stays so."""
    with suppress(OSError):
        os.sched_setaffinity(0, _ALL)
    return work(*given)


def _free_seat(folder: Path) -> int:
    """A seat's lock is never let go: the system does that when the process has ended, however it ended."""
    number = 0
    while True:
        lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            number += 1
        else:
            return number
