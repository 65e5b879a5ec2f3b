"""Processes of the API keep to the cores in turn, who comes for a dead one too; what takes long goes anywhere."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api import seats
from monitor import access, database
from monitor.service import open_service
from monitor.settings import SEATS, read

ROOT = Path(__file__).parent.parent
CORES = sorted(os.sched_getaffinity(0))
PATIENCE = 90.0


@dataclass
class Served:
    """A real API on a port of its own, and somebody who may ask."""

    home: Path
    port: int
    token: str

    def ask(self) -> None:
        """Ask on a connection of its own: whoever takes it up gives it to a hand."""
        head = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{self.port}/api/v1/runs", headers=head).raise_for_status()

    def sitting(self) -> dict[int, int]:
        """Return who sits where: the process by the number of its seat."""
        place = f"{self.home / 'seats'}/"
        found = {}
        for handle in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                to = str(handle.readlink())
                if to.startswith(place):
                    found[int(to.removeprefix(place))] = int(handle.parts[2])
        return found

    def until(self, true: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        while not true() and time.monotonic() < end:
            self.ask()
        return true()


def hands(process: int) -> list[set[int]]:
    """Return at which cores each thread of ``process`` may work that was begun when it had sat down."""
    found = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):
            found.append(os.sched_getaffinity(int(thread.name)))
    return [cores for cores in found if len(cores) == 1]


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    home = tmp_path / "var"
    service = open_service(read({"LOWINCOME_HOME": str(home)}))
    with database.transaction(service.engine) as session:
        token = access.add_worker(session, "watcher", region="00", role="service", by="test")[1]
    service.engine.dispose()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    place = {**os.environ, "LOWINCOME_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jobs", "serve", "--port", str(port), "--workers", str(request.param)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=place, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        yield Served(home, port, token)
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(len(CORES) < 2, reason="there is one core alone")
@pytest.mark.parametrize("served", [2 * len(CORES)], indirect=True)
@pytest.mark.timeout(300)
def test_two_processes_work_at_each_core_and_whoever_comes_for_a_dead_one_takes_its_seat(served: Served) -> None:
    places = range(2 * len(CORES))

    def all_at_work() -> bool:
        there = served.sitting()
        return set(there) == set(places) and all(len(hands(process)) > 1 for process in there.values())

    assert served.until(all_at_work)
    before = served.sitting()
    for seat, process in before.items():
        assert os.sched_getaffinity(process) == {CORES[seat % len(CORES)]}
        assert {core for cores in hands(process) for core in cores} == {CORES[seat % len(CORES)]}

    os.kill(before[1], signal.SIGKILL)
    assert served.until(lambda: served.sitting().get(1, before[1]) != before[1] and all_at_work())
    after = served.sitting()
    assert {seat for seat in places if after[seat] != before[seat]} == {1}
    assert os.sched_getaffinity(after[1]) == {CORES[1]}


@pytest.mark.skipif(len(CORES) < 2, reason="there is one core alone")
def test_what_takes_long_goes_anywhere_and_no_seat_is_given_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SEATS, str(tmp_path))

    def seated() -> tuple[set[int], set[int]]:
        seats.sit_down()
        with ThreadPoolExecutor(1) as hands:
            return os.sched_getaffinity(0), hands.submit(seats.anywhere, os.sched_getaffinity, 0).result()

    with ThreadPoolExecutor(2, initializer=threading.Barrier(2).wait) as processes:
        found = [one.result() for one in [processes.submit(seated) for _ in range(2)]]
    assert sorted((kept for kept, _ in found), key=min) == [{core} for core in CORES[:2]]
    assert all(free == set(CORES) for _, free in found)


def test_who_may_lay_no_seat_works_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEATS, str(tmp_path / "taken away"))
    seats.sit_down()
    assert os.sched_getaffinity(0) == set(CORES)


@pytest.mark.parametrize("served", [1], indirect=True)
@pytest.mark.timeout(180)
def test_one_process_alone_works_anywhere(served: Served) -> None:
    answered = []

    def has_answered() -> bool:
        with suppress(httpx.TransportError):
            answered.append(httpx.get(f"http://127.0.0.1:{served.port}/healthz").status_code)
        return bool(answered)

    assert served.until(has_answered)
    assert served.sitting() == {}
    assert not (served.home / "seats").exists()
