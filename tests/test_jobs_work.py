"""The worker: what the ledger asks for is done in a process of its own, killed, stopped or starved as it may be."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from jobs import guest, ledger, run, work
from jobs.__main__ import app
from jobs.work import Asked, Worker, next_asked
from monitor import database
from monitor.service import Service
from monitor.tables import Outbox, Run

ROOT = Path(__file__).parent.parent
DAY = date(2026, 3, 31)
SCRIPT = """
import os, sys, threading
from datetime import date
from jobs import guest, ledger, run, work
from monitor.service import open_service
from monitor.settings import read
from monitor.tables import Outbox

def told(session, entry):
    place = entry.cursor.get("place", 0)
    session.add(Outbox(kind="t", subject=str(place), payload={}))
    entry.cursor = {"place": place + 1}
    return place

service = open_service(read())
guest.confine(2)
assert (os.nice(0) >= 10, os.sched_getscheduler(0)) == (True, os.SCHED_BATCH)  # whoever answers people comes first
with run.leased(service, sys.argv[1], as_of=date.fromisoformat(sys.argv[3])) as lease:
    %s
"""
CHUNKS = """
    while ledger.commit(lease, told) < 40:
        threading.Event().wait(0.1)
"""
GREEDY = """
    ledger.commit(lease, told)
    held = [bytearray(1 << 28) for _ in range(64)]
"""
SLEEPY = """
    import time
    ledger.commit(lease, told)
    time.sleep(600)
"""


def ask(service: Service, job: str = "scan", as_of: date = DAY) -> None:
    with database.transaction(service.engine) as session:
        ledger.request(session, job, as_of=as_of)


def entry(service: Service, job: str = "scan", as_of: date = DAY) -> Run:
    with database.reading(service.engine) as session:
        return session.scalars(select(Run).where(Run.job == job, Run.as_of == as_of)).one()


def places(service: Service) -> list[int]:
    with database.reading(service.engine) as session:
        return [int(said) for said in session.scalars(select(Outbox.subject).order_by(Outbox.id))]


def wait_for(condition: object, seconds: float = 40) -> float:
    """Wait until ``condition()`` holds; returns how long it took."""
    began = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - began < seconds, "it did not come to pass"
        threading.Event().wait(0.05)
    return time.monotonic() - began


@contextmanager
def working(service: Service, body: str) -> Iterator[Worker]:
    worker = Worker(service, command=(sys.executable, "-c", SCRIPT % body))
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


def holder(service: Service) -> int:
    return int((entry(service).owner or "//").split("/")[1])


def test_a_job_of_the_timetable_is_done_in_a_process_of_its_own(service: Service) -> None:
    ask(service, "ingest")
    ask(service, "anchor")
    worker = Worker(service)
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_for(lambda: entry(service, "ingest").status == "done" and entry(service, "anchor").status == "done", 90)
    worker.stop()
    thread.join(20)
    assert int((entry(service, "ingest").owner or "").split("/")[1]) != os.getpid()


def test_a_killed_run_gets_on_again_within_ten_seconds_and_does_nothing_twice(service: Service) -> None:
    ask(service)
    with working(service, CHUNKS):
        wait_for(lambda: len(places(service)) >= 5)
        os.kill(holder(service), signal.SIGKILL)
        before = len(places(service))
        assert wait_for(lambda: len(places(service)) > before + 1) < 30  # two seconds on an idle machine
        wait_for(lambda: entry(service).status == "done")
    assert places(service) == list(range(41))
    assert entry(service).attempt >= 2


def test_told_to_stop_the_worker_stops_its_run_at_the_edge_of_a_chunk_within_ten_seconds(service: Service) -> None:
    ask(service)
    with working(service, CHUNKS) as worker:
        wait_for(lambda: len(places(service)) >= 3)
        worker.stop()
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert (entry(service).status, entry(service).not_before) == ("interrupted", None)
    with working(service, CHUNKS):
        wait_for(lambda: entry(service).status == "done")
    assert places(service) == list(range(41))


def test_a_run_that_will_not_stop_is_killed_and_may_be_taken_at_once(service: Service) -> None:
    ask(service)
    with working(
        service, SLEEPY.replace("import time", "import time, signal; signal.signal(15, signal.SIG_IGN)")
    ) as worker:
        wait_for(lambda: len(places(service)) >= 1)
        worker.stop()
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert next_asked(service) == Asked("scan", DAY)


def test_a_run_that_asks_for_too_much_memory_fails_alone_and_rests(service: Service) -> None:
    ask(service)
    with working(service, GREEDY):
        wait_for(lambda: entry(service).status == "failed")
    assert entry(service).problem == "MemoryError"
    assert next_asked(service) is None


def test_a_run_dies_with_the_worker_that_began_it(sqlite_service: Service) -> None:
    ask(sqlite_service)
    code = (
        "import sys; from jobs.work import Worker; from monitor.service import open_service\n"
        "from monitor.settings import read\n"
        "Worker(open_service(read()), command=(sys.executable, '-c', sys.argv[1])).work()"
    )
    environment = os.environ | {"LOWINCOME_HOME": str(sqlite_service.settings.home), "PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([sys.executable, "-c", code, SCRIPT % CHUNKS], env=environment)
    wait_for(lambda: len(places(sqlite_service)) >= 2)
    worker.kill()
    worker.wait()
    wait_for(lambda: entry(sqlite_service).status != "running", 15)
    assert entry(sqlite_service).status == "interrupted"


def test_without_room_for_a_process_the_worker_notes_it_and_tries_again_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "POLL", 0.05)
    ask(service)
    worker = Worker(service, command=("/nonexistent/program",))
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_for(lambda: entry(service).status == "failed")
    assert (entry(service).problem, next_asked(service)) == ("FileNotFoundError", None)
    with database.transaction(service.engine) as session:
        session.execute(update(Run).values(not_before=None))
    worker.command = (sys.executable, "-c", SCRIPT % CHUNKS)
    wait_for(lambda: entry(service).status == "done")
    worker.stop()
    thread.join(20)


def test_without_a_descriptor_left_no_process_is_begun_and_the_run_is_done_when_there_are_some(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ulimit -n``, set so low that nothing more can be opened: two pipes are what a process needs first."""
    monkeypatch.setattr(work, "POLL", 0.05)
    ask(service)
    worker = Worker(service, command=(sys.executable, "-c", SCRIPT % CHUNKS))
    assert next_asked(service) == Asked("scan", DAY)  # its connections are open
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    thread = threading.Thread(target=worker.work, daemon=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        thread.start()
        threading.Event().wait(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    try:
        assert (thread.is_alive(), places(service)) == (True, [])
        with database.transaction(service.engine) as session:
            session.execute(update(Run).where(Run.status == "failed").values(not_before=None))
        wait_for(lambda: entry(service).status == "done")
    finally:
        worker.stop()
        thread.join(20)
    assert places(service) == list(range(41))


def test_a_process_that_ends_without_a_word_is_not_started_in_a_loop(service: Service) -> None:
    ask(service)
    worker = Worker(service, command=(sys.executable, "-c", "raise SystemExit(9)"))
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_for(lambda: entry(service).status == "failed")
    worker.stop()
    thread.join(20)
    assert (entry(service).problem, entry(service).tries) == ("the process ended with 9", 1)


def test_the_oldest_date_of_a_job_comes_first_and_its_rest_holds_back_the_later(service: Service) -> None:
    for ahead in (2, 0, 1):
        ask(service, as_of=DAY + timedelta(days=ahead))
    ask(service, "backup")
    assert next_asked(service) == Asked("scan", DAY)
    lease = ledger.take(service.engine, "scan", as_of=DAY)
    assert next_asked(service) == Asked("backup", DAY)
    ledger.broken_off(lease, "failed", "x")
    assert next_asked(service) == Asked("backup", DAY)
    with database.transaction(service.engine) as session:
        session.execute(update(Run).where(Run.as_of == DAY, Run.job == "scan").values(tries=5))
    assert next_asked(service) == Asked("scan", DAY + timedelta(days=1))


def test_a_job_by_hand_is_in_the_same_ledger_and_a_refusal_is_said(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    terminal = CliRunner()
    assert terminal.invoke(app, ["run", "ingest", "--as-of", "2026-03-31"]).exit_code == 0
    assert entry(sqlite_service, "ingest").status == "done"
    said = terminal.invoke(app, ["run", "nonsense", "--as-of", "2026-03-31"])
    assert (said.exit_code, "there is no job nonsense" in said.output) == (3, True)
    assert terminal.invoke(app, ["run", "scan", "--as-of", "2026-03-31"]).exit_code == 3


def test_a_date_is_put_on_hold_and_released_at_the_terminal(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    ask(sqlite_service)
    terminal, which = CliRunner(), ["scan", "--as-of", "2026-03-31", "--by", "duty officer"]
    assert terminal.invoke(app, ["hold", *which, "--reason", "the register is wrong"]).exit_code == 0
    assert (entry(sqlite_service).status, next_asked(sqlite_service)) == ("held", None)
    said = terminal.invoke(app, ["runs"])
    assert (said.exit_code, "the register is wrong" in said.output) == (1, True)
    assert terminal.invoke(app, ["release", *which]).exit_code == 0
    assert next_asked(sqlite_service) == Asked("scan", DAY)


def test_a_scan_that_is_refused_before_it_begins_waits_for_a_person_in_its_own_words(sqlite_service: Service) -> None:
    ask(sqlite_service)
    worker = Worker(sqlite_service)
    thread = threading.Thread(target=worker.work)
    thread.start()
    wait_for(lambda: entry(sqlite_service).status == "held", 90)
    worker.stop()
    thread.join(20)
    assert "no household register" in (entry(sqlite_service).problem or "")


def test_the_lease_of_the_installation_is_what_its_settings_say(service: Service) -> None:
    quick = replace(service, settings=replace(service.settings, lease_seconds=3.0))
    with run.leased(quick, "scan", as_of=DAY) as lease:
        assert lease.seconds == 3.0


def test_a_job_of_the_clock_steps_back_before_it_imports_what_it_works_with(sqlite_service: Service) -> None:
    words = [sys.executable, "-m", "jobs", "run", "scan", "--as-of", "2026-03-31", "--unattended"]
    environment = os.environ | {"LOWINCOME_HOME": str(sqlite_service.settings.home)}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.PIPE) as job:
        maps = Path(f"/proc/{job.pid}/maps")
        wait_for(lambda: "pandas" in maps.read_text(encoding="utf-8"), 90)
        found = os.getpriority(os.PRIO_PROCESS, job.pid), os.sched_getscheduler(job.pid)
        job.kill()
    assert (found[0] >= guest.NICE, found[1]) == (True, os.SCHED_BATCH)
