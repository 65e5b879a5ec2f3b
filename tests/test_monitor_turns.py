"""Turns at a SQLite file: a job that writes without pause, and an office that hardly waits."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor import database, turns
from monitor.service import Service
from monitor.settings import read
from monitor.tables import Outbox

ROOT = Path(__file__).parent.parent
GREEDY = """
import sys, time
from monitor import database
from monitor.settings import read
from monitor.tables import Outbox
engine, until = database.connect(read()), time.monotonic() + float(sys.argv[1])
print(flush=True)
while time.monotonic() < until:
    with database.transaction(engine) as session:
        session.add(Outbox(kind="job", subject="x", payload={}))
        session.flush()
        time.sleep(float(sys.argv[2]))
"""


def greedy(service: Service, seconds: float, each: float) -> subprocess.Popen[bytes]:
    """Another process that writes one transaction after the other, each ``each`` seconds long, without a gap."""
    environment = os.environ | {"LOWINCOME_HOME": str(service.settings.home), "PYTHONPATH": str(ROOT)}
    job = subprocess.Popen(
        [sys.executable, "-c", GREEDY, str(seconds), str(each)], env=environment, stdout=subprocess.PIPE
    )
    assert job.stdout is not None
    job.stdout.readline()
    return job


def test_an_office_that_writes_beside_a_greedy_job_waits_for_one_transaction_and_no_more(
    sqlite_service: Service,
) -> None:
    job = greedy(sqlite_service, 8, 0.02)
    waits = []
    while job.poll() is None and len(waits) < 60:
        began = time.perf_counter()
        with database.transaction(sqlite_service.engine) as session:
            session.add(Outbox(kind="office", subject="x", payload={}))
        waits.append(time.perf_counter() - began)
        threading.Event().wait(0.02)
    job.kill()
    job.communicate()
    assert len(waits) >= 40, "the office got through"
    assert sorted(waits)[len(waits) // 2] < 0.2


def test_a_holder_that_is_killed_lets_go_of_its_turn(sqlite_service: Service) -> None:
    job = greedy(sqlite_service, 60, 5)
    threading.Event().wait(0.5)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    began = time.monotonic()
    with database.transaction(sqlite_service.engine) as session:
        session.add(Outbox(kind="office", subject="x", payload={}))
    assert time.monotonic() - began < 5


def test_many_threads_write_in_turn_and_nothing_is_lost(sqlite_service: Service) -> None:
    def write() -> None:
        for _ in range(20):
            with database.transaction(sqlite_service.engine) as session:
                session.add(Outbox(kind="t", subject="x", payload={}))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.reading(sqlite_service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 120


def test_a_reader_takes_no_turn_and_a_failed_unit_of_work_gives_its_own_back(sqlite_service: Service) -> None:
    with database.transaction(sqlite_service.engine) as writing:
        writing.add(Outbox(kind="t", subject="x", payload={}))
        with database.reading(sqlite_service.engine) as session:
            assert session.scalar(select(func.count()).select_from(Outbox)) == 0
    with pytest.raises(ZeroDivisionError), database.transaction(sqlite_service.engine):
        raise ZeroDivisionError
    with database.transaction(sqlite_service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 1


def test_what_was_written_is_carried_into_the_file_when_others_may_write_again(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    writer, other = (turns.Paced(path, isolation_level=None) for _ in range(2))
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("CREATE TABLE t (x)")
    others_turn: list[bool] = []

    def told(statement: str) -> None:
        if "wal_checkpoint" in statement:
            other.take_turn()
            others_turn.append(other._held)
            other.end_turn()

    def write(rows: int) -> int:
        writer.take_turn()
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany("INSERT INTO t VALUES (?)", [(row,) for row in range(rows)])
        writer.commit()
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file:  # the file alone, without its log
            tables = file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return int(file.execute("SELECT count(*) FROM t").fetchone()[0]) if tables else 0

    writer.set_trace_callback(told)
    assert write(10) == 0, "a few rows stay in the log"
    assert write(turns.LATER) == turns.LATER + 10
    assert write(10) == turns.LATER + 10
    assert others_turn == [True]
    writer.close()
    other.close()


def test_a_night_that_fills_the_log_is_not_carried_into_the_file_while_somebody_waits_to_write(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = database.connect(read({"LOWINCOME_HOME": str(tmp_path), "LOWINCOME_DATABASE_URL": f"sqlite:///{path}"}))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    for _ in range(12):  # 12,000 pages of few rows: a scan beside readers was seen to leave 10,622
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t SELECT zeroblob(400000) FROM json_each('[1,2,3,4,5,6,7,8,9,10]')")
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file:  # the file alone, without its log
        assert file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    engine.dispose()


def test_whoever_waits_too_long_leaves_it_to_the_databases_own_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.1)
    (tmp_path / "x.db").touch()
    first, second = turns.Paced(tmp_path / "x.db"), turns.Paced(tmp_path / "x.db")
    first.take_turn()
    second.take_turn()
    assert (first._held, second._held) == (True, False)
    first.close()
    second.take_turn()
    assert second._held
    second.close()


def test_it_can_be_heard_whether_somebody_waits_for_a_turn(service: Service) -> None:
    waiting, done = threading.Event(), threading.Event()

    def write() -> None:
        waiting.set()
        with database.transaction(service.engine) as session:
            session.add(Outbox(kind="office", subject="x", payload={}))
        done.set()

    assert not database.awaited(service.engine)
    on_file = service.engine.dialect.name == "sqlite"
    with database.transaction(service.engine) as session:
        session.add(Outbox(kind="job", subject="x", payload={}))
        session.flush()
        assert not database.awaited(service.engine)
        threading.Thread(target=write).start()
        waiting.wait(10)
        until = time.monotonic() + (10 if on_file else 0.2)
        while not (heard := database.awaited(service.engine)) and time.monotonic() < until:
            time.sleep(0.005)
        assert heard == on_file
    assert done.wait(10)
    assert not database.awaited(service.engine)


def test_beside_a_database_in_memory_there_is_no_queue() -> None:
    connection = turns.Paced(":memory:")
    connection.take_turn()
    assert not connection._held
    connection.close()
