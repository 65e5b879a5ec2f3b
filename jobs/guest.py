"""How a process behaves that works while others are answered: a quiet guest, which ends with whoever began it."""

import os
import resource
from contextlib import suppress
from signal import SIGTERM
from threading import Thread

NICE = 10


def step_back() -> None:
    """Take the processor from nobody who wakes to answer; a second call changes nothing.

    Before anything else: what a job imports costs as much of a processor as four hundred answers.
    """
    os.nice(max(NICE - os.nice(0), 0))
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def confine(memory_gib: int) -> None:
    """Step back, cap the address space, and end with the process that began this one."""
    step_back()
    most = memory_gib << 30
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """Standard input ends when the worker does, however it ended: then stop as if told to."""
    with suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), SIGTERM)
