"""Hosts whose clocks are wrong, or set while they work (libfaketime): leases and dates go by the database's clock."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import clocks
import pytest
from sqlalchemy import func, select

from jobs import ledger, timetable
from jobs.ledger import Busy
from jobs.reconciling import city_now
from monitor import database
from monitor.service import Service
from monitor.tables import Run, RunEvent

ROOT = Path(__file__).parent.parent
DAY = date(2026, 3, 1)
LEASE = 2.0
HOLDER = """
import sys
from datetime import date
from jobs import run
from monitor.service import open_service
from monitor.settings import read
with run.leased(open_service(read()), "scan", as_of=date(2026, 3, 1)):
    print("begun", flush=True)
    sys.stdin.read()
"""
_NEVER = threading.Event()


@contextmanager
def under(service: Service, clock: Path, *command: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the installation on a host whose clock is set by the file ``clock``."""
    settings = service.settings
    place = os.environ | clocks.told_by(clock) | {
        "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
        "LOWINCOME_KEY_FILE": str(settings.key_file), "LOWINCOME_LEASE_SECONDS": str(LEASE), "PYTHONPATH": str(ROOT),
    } | more  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *command], env=place, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def beats(service: Service, *, enough: int, seconds: float) -> list[float]:
    """The signs of life that the run gives meanwhile, each once; waits no longer than until there are enough."""
    found: dict[float, None] = {}
    until = time.monotonic() + seconds
    while len(found) < enough and time.monotonic() < until:
        with database.reading(service.engine) as session:
            found[session.scalars(select(Run.heartbeat_at)).one() or 0.0] = None
        _NEVER.wait(0.05)
    return list(found)


@pytest.mark.parametrize("step", ["-1d", "+2d", "-3h"])
def test_a_heartbeat_goes_on_when_somebody_sets_the_clock(service: Service, tmp_path: Path, step: str) -> None:
    clock = tmp_path / "clock"
    clocks.set_to(clock, "+0s")
    with under(service, clock, "-c", HOLDER) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "begun\n"
        assert len(beats(service, enough=3, seconds=2 * LEASE)) == 3
        clocks.set_to(clock, step)
        assert len(beats(service, enough=3, seconds=2 * LEASE)) == 3


@pytest.mark.parametrize("offset", ["+1h", "-1d"])
def test_a_host_with_a_wrong_clock_holds_a_lease_as_long_as_any_other(
    service: Service, tmp_path: Path, offset: str
) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite all processes are of one machine and its one clock")
    clock = tmp_path / "clock"
    clocks.set_to(clock, offset)
    with under(service, clock, "-c", HOLDER) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "begun\n"
        with database.reading(service.engine) as session:
            run, now = session.scalars(select(Run)).one(), session.scalar(select(database.now())) or 0.0
        assert (run.lease_until or 0.0) - (run.heartbeat_at or 0.0) == pytest.approx(LEASE, abs=0.01)
        assert 0 <= now - (run.heartbeat_at or 0.0) < LEASE
        with pytest.raises(Busy):
            ledger.take(service.engine, "scan", as_of=DAY)


def test_two_clocks_on_hosts_that_are_days_apart_ask_for_today_once(service: Service, tmp_path: Path) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite all processes are of one machine and its one clock")
    page = tmp_path / "page.yaml"
    silent = "\n".join(f"{job}: {{active: false}}" for job in timetable.read() if job != "scan")
    page.write_text(f'{silent}\nscan: {{at: "00:00"}}\n')
    ahead, behind = tmp_path / "ahead", tmp_path / "behind"
    clocks.set_to(ahead, "+2d")
    clocks.set_to(behind, "-1d")
    with database.reading(service.engine) as session:
        first = city_now(session).date()
    more = {"LOWINCOME_TIMETABLE": str(page)}
    with (
        under(service, ahead, "-m", "jobs", "schedule", **more) as one,
        under(service, behind, "-m", "jobs", "schedule", **more) as other,
    ):
        until = time.monotonic() + 60
        while not dates(service) and time.monotonic() < until:
            _NEVER.wait(0.2)
        _NEVER.wait(5)
        assert (one.poll(), other.poll()) == (None, None)
    with database.reading(service.engine) as session:
        last = city_now(session).date()
        events = session.scalar(select(func.count()).select_from(RunEvent))
    assert set(dates(service)) <= {first, last}
    assert events == len(dates(service)) > 0


def dates(service: Service) -> list[date]:
    with database.reading(service.engine) as session:
        return list(session.scalars(select(Run.as_of).order_by(Run.as_of)))
