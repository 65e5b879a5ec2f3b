"""Everything on one machine: API, clock and worker go up together, and whichever is killed is back at its work."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus import free_port
from sqlalchemy import delete, select

from jobs import timetable
from monitor import database
from monitor.service import Service, open_service
from monitor.settings import read
from monitor.tables import Run, RunEvent

ROOT = Path(__file__).parent.parent
BACK_WITHIN = 10.0
RESTS = 1.2
"""Seconds for which somebody who fell at once is left alone, and until it is noticed."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Machine:
    """The real command, two processes of the API below it; all that is due is one small job, since midnight."""

    service: Service
    port: int
    process: subprocess.Popen[bytes]

    def answers(self) -> bool:
        """Whether the API does its work: it says so, having asked the database."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as said:
            return bool(said.status == 200)
        return False

    def asked_and_done(self) -> bool:
        """Whether clock and worker did theirs: what is due was asked for, and done."""
        with database.reading(self.service.engine) as session:
            return session.scalar(select(Run.status).where(Run.job == "remind")) == "done"

    def forget(self) -> None:
        """What is due was never asked for."""
        with database.transaction(self.service.engine) as session:
            session.execute(delete(RunEvent))
            session.execute(delete(Run))

    def hands(self) -> dict[str, int]:
        """The living processes of the crew by their command."""
        return {words[3]: pid for pid, words in children(self.process.pid).items() if len(words) > 3}


@contextmanager
def up(home: Path) -> Iterator[Machine]:
    page = home / "timetable.yaml"
    page.write_text("\n".join(f"{job}: {{active: false}}" for job in timetable.read() if job != "remind"))
    page.write_text(page.read_text() + '\nremind: {at: "00:00"}\n')
    place = {"LOWINCOME_HOME": str(home / "var"), "LOWINCOME_TIMETABLE": str(page), "PYTHONPATH": str(ROOT)}
    service, port = open_service(read(place)), free_port()
    command, quiet = [sys.executable, "-m", "jobs", "up", "--port", str(port)], subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | place, stdout=quiet)
    try:
        yield Machine(service, port, process)
    finally:
        process.terminate()
        assert process.wait(30) == 0
        service.engine.dispose()


def children(parent: int) -> dict[int, list[str]]:
    """The living children of ``parent``, each with the words of its command."""
    found = {}
    for line in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state = line.read_text().rpartition(")")[2].split()
            if int(state[1]) == parent and state[0] != "Z":
                found[int(line.parent.name)] = line.with_name("cmdline").read_text().split("\0")
    return found


def below(pid: int) -> set[int]:
    """All living processes below one, however deep."""
    return {one for child in children(pid) for one in (child, *below(child))}


def used(pid: int) -> float:
    """Processor seconds that a process and all below it have used so far."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, spent)) / _TICKS + sum(map(used, children(pid)))


def gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)


def wait_for(*conditions: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not all(condition() for condition in conditions):
        assert time.monotonic() < until, "it did not come to pass"
        threading.Event().wait(0.05)


def test_api_clock_and_worker_go_up_together_and_whoever_is_killed_is_back_within_ten_seconds(tmp_path: Path) -> None:
    """Reckoned in processor seconds, which others on this machine do not lengthen."""
    with up(tmp_path) as machine:
        wait_for(machine.answers, machine.asked_and_done)
        first = machine.hands()
        assert set(first) == {"serve", "schedule", "work"}
        before = {*first.values(), *below(first["serve"])}
        for pid in first.values():
            os.kill(pid, signal.SIGKILL)
        machine.forget()
        wait_for(lambda: gone(before), machine.answers, machine.asked_and_done)
        again = machine.hands()
        took = {name: RESTS + used(pid) for name, pid in again.items()}
        assert set(took) == set(first)
        assert max(took.values()) < BACK_WITHIN, took
        answering = {pid for one in children(again["serve"]) for pid in children(one)}
        for pid in answering:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: gone(answering), machine.answers)
        assert machine.hands() == again
    assert machine.hands() == {}
