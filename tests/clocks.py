"""A machine whose clock somebody sets: processes under libfaketime, whose offset lies in a file and changes."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

STEPS = ("+2d", "-1d", "+1h", "-3h", "+5m", "-5m", "+0s")
"""Forward and back, by minutes, hours and days."""


def library() -> str:
    """Return where libfaketime lies; skips, saying so, where it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed: clocks that are set are not simulated (faults 14 and 15)")
    return str(found[0])


def told_by(file: Path) -> dict[str, str]:
    """Return the environment of a process whose wall clock is off by what ``file`` says; its other clocks go on."""
    return {
        "LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
    }  # fmt: skip


def set_to(file: Path, offset: str) -> None:
    """Set the clock of whoever reads ``file``, as a whole or not at all."""
    aside = file.with_suffix(".aside")
    aside.write_text(offset)
    aside.replace(file)


@contextmanager
def set_again_and_again(file: Path, *, every: float, seed: int, steps: Sequence[str] = STEPS) -> Iterator[list[str]]:
    """Set that clock every so many seconds while the block runs; yields what it was set to."""
    over, done, chance = threading.Event(), [steps[-1]], random.Random(seed)
    set_to(file, done[0])

    def work() -> None:
        while not over.wait(every):
            done.append(chance.choice([step for step in steps if step != done[-1]]))
            set_to(file, done[-1])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()
