"""The pace of a run: long tests first, each failure named as it comes, and what took long kept for the next time."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

RECORD = Path(__file__).parent / "pace.txt"
LONG = 3.0
"""Seconds from which a test is worth a place at the beginning: what begins last ends alone."""
WAITING = (
    "tests/test_torture.py",
    "tests/test_jobs_work.py",
    "tests/test_jobs_schedule.py",
    "tests/test_jobs_clocks.py",
)
"""Files whose tests mostly wait for processes that are killed, stopped and found again: one after the other, beside
others that reckon, they cost a run nothing; all at once they leave its cores idle."""
Taken = Mapping[str, float]


def recorded(record: Path = RECORD) -> Taken:
    """Return the seconds that long tests, and files with a long common preparation, took when last written down."""
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return {name: float(seconds) for seconds, name in (line.split(" ", 1) for line in lines)}


def written(called: Taken, prepared: Taken, record: Path = RECORD) -> None:
    """Write down what takes long, the longest first; a file whose preparation does is one piece and stays together."""
    files = {file_of(name) for name, seconds in prepared.items() if seconds >= LONG}
    taken = Counter[str]()
    for part in (called, prepared):
        for name, seconds in part.items():
            taken[file_of(name) if file_of(name) in files else name] += seconds
    long = sorted(((round(seconds), name) for name, seconds in taken.items() if seconds >= LONG), reverse=True)
    record.write_text("".join(f"{seconds} {name}\n" for seconds, name in long), encoding="utf-8")


def file_of(name: str) -> str:
    """Return the file in which the test of this name stands."""
    return name.split("::", 1)[0]


def dealt(names: Sequence[str], taken: Taken, workers: int) -> list[int]:
    """Return the order in which tests are best handed out to ``workers``, as places in ``names``.

    pytest-xdist gives each worker one even piece of the whole, which it works through from its beginning; others
    steal from its end. So each piece begins with its share of what takes long, and the rest keeps its order. What
    mostly waits is one worker's.
    """
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(next((key for key in (name, file_of(name)) if key in taken), ""), []).append(place)
    rest, order = groups.pop("", []), list[int]()
    loads = [0.0] * workers
    shares = [list[int]() for _ in range(workers)]
    for key in sorted(groups, key=lambda key: (file_of(key) not in WAITING, -taken[key], key)):
        worker = 0 if file_of(key) in WAITING else loads.index(min(loads))
        shares[worker] += groups[key]
        loads[worker] += taken[key]
    for worker, share in enumerate(shares):
        room = max((len(names) - len(order)) // (workers - worker) - len(share), 0)
        order += share + rest[:room]
        del rest[:room]
    return order + rest


class Pace:
    """What pytest is told about the order of tests, and tells while they run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.called, self.prepared = Counter[str](), Counter[str]()
        # Taken away, so that a run begun by a test does not write its own in the place of this one's.
        self.keeps = os.environ.pop("LOWINCOME_PACE", "") == "keep" and not hasattr(config, "workerinput")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put what takes long first where several processes share the work."""
        workers = getattr(self.config, "workerinput", {}).get("workercount", 1)
        if workers > 1:
            items[:] = [items[at] for at in dealt([item.nodeid for item in items], recorded(), workers)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Name what failed at once: a run that is cut short has said what it knew."""
        (self.prepared if report.when == "setup" else self.called)[report.nodeid] += report.duration
        terminal: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} ({report.when}): {_reason(report.longrepr)}", red=True)

    def pytest_sessionfinish(self) -> None:
        """Keep what took long, when asked to by ``LOWINCOME_PACE=keep``."""
        if self.keeps:
            written(self.called, self.prepared)


def _reason(longrepr: object) -> str:
    said = str(getattr(getattr(longrepr, "reprcrash", None), "message", longrepr)).splitlines()
    return said[0][:200] if said else ""
