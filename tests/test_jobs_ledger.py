"""The ledger: one run at a time, resumed and never doubled, written by whoever holds it and by nobody else."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from jobs import ledger, run
from jobs.ledger import Busy, Fenced, Stopped, chunks
from monitor import database, gauges, migrations
from monitor.errors import NotFound
from monitor.service import Service
from monitor.tables import Outbox, Run, RunEvent, Scan, utc_now

ROOT = Path(__file__).parent.parent
DAY, NEXT = date(2026, 3, 31), date(2026, 4, 1)


def told(session: Any, entry: Run) -> int:
    """A chunk: one message out, and the cursor moved on."""
    place = entry.cursor.get("place", 0)
    session.add(Outbox(kind="t", subject=str(place), payload={}))
    entry.cursor = {"place": place + 1}
    return place


def messages(service: Service) -> list[str]:
    with database.reading(service.engine) as session:
        return list(session.scalars(select(Outbox.subject).order_by(Outbox.id)))


def only(service: Service) -> Run:
    with database.reading(service.engine) as session:
        return session.scalars(select(Run)).one()


def events(service: Service) -> list[tuple[str, int]]:
    with database.reading(service.engine) as session:
        return [(one.kind, one.fence) for one in session.scalars(select(RunEvent).order_by(RunEvent.id))]


def forget(service: Service) -> None:
    """Let the lease of whatever runs run out, as if its holder had been silent for long."""
    with database.transaction(service.engine) as session:
        session.execute(update(Run).values(heartbeat_at=database.now() - 60, lease_until=database.now() - 52))


def test_a_run_lets_those_go_first_who_wait_and_waits_for_nobody_where_nobody_does(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.ledger.chunks.GAP", 2.0)
    queue = os.open(f"{sqlite_service.engine.url.database}-queue", os.O_RDWR | os.O_CREAT)

    def while_somebody_waits(session: Any, entry: Run) -> int:
        fcntl.flock(queue, fcntl.LOCK_EX)
        return told(session, entry)

    def seconds(work: Any) -> float:
        began = time.monotonic()
        ledger.commit(lease, work)
        return time.monotonic() - began

    with run.leased(sqlite_service, "scan", as_of=DAY) as lease:
        alone, beside = seconds(told), seconds(while_somebody_waits)
        os.close(queue)
    assert alone < 1.5 < 2.0 <= beside
    assert messages(sqlite_service) == ["0", "1"]


def test_a_run_is_one_row_from_request_to_end(service: Service) -> None:
    with database.transaction(service.engine) as session:
        assert ledger.request(session, "scan", as_of=DAY)
        assert not ledger.request(session, "scan", as_of=DAY)
    entry = only(service)
    assert (entry.status, entry.attempt, entry.started_at, entry.requested_at is None) == ("requested", 0, None, False)
    with run.leased(service, "scan", as_of=DAY) as lease:
        assert [ledger.commit(lease, told) for _ in range(3)] == [0, 1, 2]
        assert only(service).status == "running"
        ledger.finish(lease, told, status="done_with_quarantine")
    entry = only(service)
    assert (entry.status, entry.attempt, entry.step, entry.cursor) == ("done_with_quarantine", 1, 4, {"place": 4})
    assert (entry.lease_until, entry.problem, entry.tries) == (None, None, 0)
    assert messages(service) == ["0", "1", "2", "3"]
    assert events(service) == [("requested", 0), ("begun", 1), ("done_with_quarantine", 1)]


def test_a_block_that_ends_is_done_and_one_that_raises_has_failed_and_goes_on_later(service: Service) -> None:
    with pytest.raises(ZeroDivisionError), run.leased(service, "scan", as_of=DAY) as lease:
        ledger.commit(lease, told)
        raise ZeroDivisionError
    entry = only(service)
    assert (entry.status, entry.problem, entry.not_before is None) == ("failed", "ZeroDivisionError", False)
    with run.leased(service, "scan", as_of=DAY) as lease:
        assert (lease.cursor, lease.attempt, lease.fence) == ({"place": 1}, 2, 2)
        ledger.commit(lease, told)
    assert (only(service).status, messages(service)) == ("done", ["0", "1"])


def test_what_ended_well_begins_from_nothing_when_it_is_done_again(service: Service) -> None:
    for _ in range(2):
        with run.leased(service, "backup", as_of=DAY) as lease:
            assert (lease.cursor, lease.counts) == ({}, {})
            ledger.commit(lease, told)
    assert (only(service).attempt, only(service).fence) == (2, 2)


def test_of_one_job_one_run_is_at_work_and_other_jobs_are_free(service: Service) -> None:
    with run.leased(service, "scan", as_of=DAY, scope="340202") as lease:
        for as_of, scope in ((DAY, "340202"), (DAY, ""), (NEXT, "340202")):
            with pytest.raises(Busy, match=str(lease.run)):
                ledger.take(service.engine, "scan", as_of=as_of, scope=scope)
        ledger.take(service.engine, "backup", as_of=DAY)


def test_the_database_itself_refuses_a_second_running_row_and_a_second_row_for_a_night(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.add(Run(job="scan", as_of=DAY, status="running"))
    for as_of, status in ((NEXT, "running"), (DAY, "done")):
        with pytest.raises(DBAPIError), database.transaction(service.engine) as session:
            session.add(Run(job="scan", as_of=as_of, status=status))


def test_a_zombie_that_was_overtaken_writes_nothing_more(service: Service) -> None:
    zombie = ledger.take(service.engine, "scan", as_of=DAY)
    ledger.commit(zombie, told)
    forget(service)
    heir = ledger.take(service.engine, "scan", as_of=DAY)
    assert (heir.fence, heir.cursor, heir.step) == (2, {"place": 1}, 1)
    for attempt in (ledger.commit, ledger.finish):
        with pytest.raises(Fenced):
            attempt(zombie, told)
    assert not ledger.renew(zombie)
    assert zombie.lost.is_set()
    ledger.broken_off(zombie, "failed", "too late")
    assert (only(service).status, messages(service)) == ("running", ["0"])
    ledger.finish(heir, told)
    assert messages(service) == ["0", "1"]
    assert events(service) == [("begun", 1), ("taken_over", 2), ("done", 2)]
    counted = gauges.exposition(gauges.StoreCollector(service)).decode()
    assert 'lowincome_job_holders_lost_total{task="scan"} 1.0' in counted


def test_nobody_overtakes_in_the_middle_of_a_chunk_and_its_end_renews_the_lease(service: Service) -> None:
    if service.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: nobody can overtake inside a transaction")
    lease, heard = ledger.take(service.engine, "scan", as_of=DAY, seconds=1), []

    def overtake() -> None:
        try:
            ledger.take(service.engine, "scan", as_of=DAY)
        except Busy:
            heard.append("busy")

    taker = threading.Thread(target=overtake)

    def slow(session: Any, entry: Run) -> None:
        taker.start()
        taker.join(1.5)
        assert taker.is_alive(), "whoever would take the run waits for the chunk under way"
        told(session, entry)

    ledger.commit(lease, slow)
    taker.join(10)
    assert (heard, messages(service)) == (["busy"], ["0"])


def test_a_dead_holder_on_this_machine_is_known_at_once(service: Service) -> None:
    code = (
        "import os, sys\nfrom datetime import date\nfrom jobs import ledger\n"
        "from monitor.service import open_service\nfrom monitor.settings import read\n"
        "ledger.take(open_service(read()).engine, 'scan', as_of=date(2026, 3, 31), seconds=3600)\n"
        "print(ledger.this_process(), flush=True)\nsys.stdin.read()"
    )
    with child(service, code) as other:
        assert other.stdout is not None
        owner = other.stdout.readline().strip()
        assert not ledger.is_dead(owner)
        with pytest.raises(Busy):
            ledger.take(service.engine, "scan", as_of=DAY)
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert ledger.is_dead(owner)
        assert ledger.take(service.engine, "scan", as_of=DAY).fence == 2


@pytest.mark.parametrize("owner", [None, "", "nonsense", "elsewhere/1/2"])
def test_of_a_living_or_unknown_holder_nothing_is_assumed(owner: str | None) -> None:
    assert not ledger.is_dead(owner)
    assert not ledger.is_dead(ledger.this_process())


def test_a_number_given_to_another_process_since_is_another_holder() -> None:
    machine = ledger.this_process().split("/")[0]
    assert ledger.is_dead(f"{machine}/{os.getpid()}/1")


@contextmanager
def child(service: Service, code: str) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {
        "LOWINCOME_HOME": str(service.settings.home), "LOWINCOME_DATABASE_URL": service.settings.database_url,
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_lease_is_reckoned_by_the_databases_clock_whatever_ours_says(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    ledger.take(service.engine, "scan", as_of=DAY, seconds=30)
    with database.reading(service.engine) as session:
        left = session.scalar(select(Run.lease_until - database.now()))
    assert 25 < left <= 30


@pytest.mark.parametrize("seconds", [-86_400, 172_800])
def test_a_clock_that_is_set_frees_a_lease_and_locks_none_for_a_day(service: Service, seconds: int) -> None:
    ledger.take(service.engine, "scan", as_of=DAY)
    with database.transaction(service.engine) as session:
        moved = {"heartbeat_at": Run.heartbeat_at - seconds, "lease_until": Run.lease_until - seconds}
        session.execute(update(Run).values(moved))
    assert ledger.take(service.engine, "scan", as_of=DAY).fence == 2


def test_the_heartbeat_keeps_the_lease_and_ends_with_the_block(service: Service) -> None:
    quick = replace(service, settings=replace(service.settings, lease_seconds=1.0))
    with run.leased(quick, "scan", as_of=DAY):
        first = only(service).heartbeat_at or 0.0
        threading.Event().wait(2.5)
        assert (only(service).heartbeat_at or 0.0) > first + 1
        with pytest.raises(Busy):
            ledger.take(service.engine, "scan", as_of=DAY)
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat-scan"]


def test_work_that_stands_still_gives_no_sign_of_life(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STILL", 0.2)
    quick = replace(service, settings=replace(service.settings, lease_seconds=1.0))
    with pytest.raises(Fenced), run.leased(quick, "scan", as_of=DAY) as lease:
        threading.Event().wait(2.5)
        assert ledger.take(service.engine, "scan", as_of=DAY).fence == 2
        ledger.commit(lease, told)
    assert (only(service).status, messages(service)) == ("running", [])


def test_on_sigterm_a_run_stops_between_chunks_and_is_taken_up_at_once(service: Service) -> None:
    with pytest.raises(Stopped) as stopped, run.leased(service, "scan", as_of=DAY) as lease:
        ledger.commit(lease, told)
        os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.code == 143
    entry = only(service)
    assert (entry.status, entry.not_before, entry.lease_until, entry.tries) == ("interrupted", None, None, 0)
    with run.leased(service, "scan", as_of=DAY) as lease:
        assert lease.cursor == {"place": 1}


def test_on_sigterm_inside_a_chunk_the_chunk_is_finished_first(service: Service) -> None:
    def interrupted(session: Any, entry: Run) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        told(session, entry)

    with pytest.raises(Stopped), run.leased(service, "scan", as_of=DAY) as lease:
        ledger.commit(lease, interrupted)
    assert (only(service).status, only(service).cursor, messages(service)) == ("interrupted", {"place": 1}, ["0"])


def test_a_stop_that_a_library_answers_with_an_error_of_its_own_is_a_stop_all_the_same(service: Service) -> None:
    with pytest.raises(Stopped), run.leased(service, "scan", as_of=DAY):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Stopped:
            raise RuntimeError("Query interrupted") from None
    assert (only(service).status, only(service).not_before, only(service).tries) == ("interrupted", None, 0)


def test_a_failure_waits_longer_with_every_try_without_progress(service: Service) -> None:
    pauses = []
    for _ in range(3):
        lease = ledger.take(service.engine, "scan", as_of=DAY)
        ledger.broken_off(lease, "failed", "x")
        with database.reading(service.engine) as session:
            pauses.append(round(session.scalar(select(Run.not_before - database.now())) or 0))
    assert pauses == [5, 10, 20]
    lease = ledger.take(service.engine, "scan", as_of=DAY)
    ledger.commit(lease, told)
    ledger.broken_off(lease, "failed", "x")
    assert only(service).tries == 0


def cut(service: Service) -> None:
    """End every other connection of this database, as its server does when it goes down."""
    with service.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        connection.rollback()


def test_a_chunk_whose_connection_is_cut_is_done_again_whole(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("a file has no connection to cut")
    lease, tries = ledger.take(service.engine, "scan", as_of=DAY), 0

    def cut_once(session: Any, entry: Run) -> None:
        nonlocal tries
        tries += 1
        told(session, entry)
        session.flush()
        if tries == 1:
            cut(service)

    ledger.commit(lease, cut_once)
    assert (tries, messages(service), lease.step) == (2, ["0"], 1)


def test_a_commit_whose_answer_is_lost_is_not_done_twice(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.ledger.chunks._pause", lambda attempt: 0.01)
    lease, lost = ledger.take(service.engine, "scan", as_of=DAY), [True]

    @event.listens_for(database.Session, "after_commit")
    def lose(session: Any) -> None:
        if lost and session.get_bind() is service.engine:
            lost.clear()
            raise DBAPIError("COMMIT", None, OSError("gone"), connection_invalidated=True)

    try:
        assert ledger.commit(lease, told) == 0
    finally:
        event.remove(database.Session, "after_commit", lose)
    assert (messages(service), lease.step, lease.cursor) == (["0"], 1, {"place": 1})
    assert ledger.commit(lease, told) == 1
    assert messages(service) == ["0", "1"]


def test_two_chunks_that_lock_each_other_out_are_both_done(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer")
    with database.transaction(service.engine) as session:
        session.add_all([Outbox(kind="t", subject=name, payload={}) for name in ("a", "b")])
    both, done = threading.Barrier(2, timeout=10), []

    def work(job: str, order: str) -> None:
        lease, met = ledger.take(service.engine, job, as_of=DAY), False

        def crossing(session: Any, entry: Run) -> None:
            nonlocal met
            for subject in order:
                session.execute(update(Outbox).where(Outbox.subject == subject).values(kind=job))
                if not met:
                    met = True
                    both.wait()

        ledger.commit(lease, crossing)
        done.append(job)

    threads = [threading.Thread(target=work, args=pair) for pair in (("one", "ab"), ("two", "ba"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["one", "two"]


def test_an_error_that_will_not_pass_is_not_tried_again(service: Service) -> None:
    lease, tries = ledger.take(service.engine, "scan", as_of=DAY), []

    def wrong(session: Any, entry: Run) -> None:
        tries.append(1)
        session.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(DBAPIError):
        ledger.commit(lease, wrong)
    assert len(tries) == 1


def test_a_locked_file_is_tried_again(sqlite_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    lease, tries = ledger.take(sqlite_service.engine, "scan", as_of=DAY), 0
    monkeypatch.setattr("jobs.ledger.chunks._pause", lambda attempt: 0.01)

    def locked(session: Any, entry: Run) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise OperationalError("x", None, error)
        told(session, entry)

    ledger.commit(lease, locked)
    assert (tries, messages(sqlite_service)) == (3, ["0"])


def test_a_file_that_another_program_holds_says_so(sqlite_service: Service) -> None:
    lease = ledger.take(sqlite_service.engine, "scan", as_of=DAY)
    with sqlite_service.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(str(sqlite_service.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError) as refused, database.transaction(sqlite_service.engine) as session:
        session.execute(text("SELECT 1"))
    other.close()
    assert chunks.is_passing(refused.value)
    ledger.commit(lease, told)


def test_a_run_on_hold_is_nobodys_until_it_is_released_by_name(service: Service) -> None:
    with database.transaction(service.engine) as session:
        ledger.request(session, "scan", as_of=DAY)
        ledger.hold(session, "scan", as_of=DAY, by="duty officer", reason="the register is wrong")
        assert not ledger.request(session, "scan", as_of=DAY)
        with pytest.raises(NotFound):
            ledger.hold(session, "scan", as_of=NEXT, by="duty officer", reason="x")
    assert (only(service).status, only(service).problem) == ("held", "the register is wrong")
    with database.transaction(service.engine) as session:
        assert not ledger.request(session, "scan", as_of=DAY, again=True)
        ledger.release(session, "scan", as_of=DAY, by="duty officer")
        with pytest.raises(NotFound):
            ledger.release(session, "scan", as_of=DAY, by="duty officer")
    assert (only(service).status, only(service).problem) == ("requested", None)


def test_a_missed_date_is_on_record_once_and_never_in_place_of_a_run(service: Service) -> None:
    with database.transaction(service.engine) as session:
        assert ledger.miss(session, "scan", as_of=DAY, reason="off")
        assert not ledger.miss(session, "scan", as_of=DAY, reason="off")
    entry = only(service)
    assert (entry.status, entry.attempt, entry.started_at) == ("missed", 0, None)
    with run.leased(service, "scan", as_of=NEXT), database.transaction(service.engine) as session:
        assert not ledger.miss(session, "scan", as_of=NEXT, reason="off")


def test_an_older_ledger_is_brought_over_with_one_row_a_night(service: Service) -> None:
    migrations.downgrade(service.engine, "0001")
    columns = "id, job, as_of, scope, status, attempt, cursor, counts, started_at"
    rows = [("a", "scan", "done", "01"), ("b", "scan", "running", "02"), ("c", "backup", "failed", "03")]
    with service.engine.begin() as connection:
        for id_, job, status, hour in rows:
            values = f"'{id_ * 32}', '{job}', '{DAY}', '', '{status}', 1, '{{}}', '{{}}', '{DAY} {hour}:00:00'"
            connection.exec_driver_sql(f"INSERT INTO runs ({columns}) VALUES ({values})")
        scan = {"id": uuid.uuid4(), "run_id": uuid.UUID("a" * 32), "as_of": DAY, "scope": "", "policy_version": "p"}
        connection.execute(insert(Scan).values(**scan, manifest="m", counts={}, made_at=utc_now()))
    migrations.upgrade(service.engine)
    with database.reading(service.engine) as session:
        entries = {(one.job, one.status, one.id.hex) for one in session.scalars(select(Run))}
        assert entries == {("scan", "interrupted", "b" * 32), ("backup", "failed", "c" * 32)}
        assert [scan.run_id.hex for scan in session.scalars(select(Scan)) if scan.run_id] == ["b" * 32]
    migrations.downgrade(service.engine, "0001")
    migrations.upgrade(service.engine)


def test_a_connection_cut_while_rows_are_copied_is_told_as_such_and_the_chunk_done_again(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("a file has no connection to cut")
    lease, tries = ledger.take(service.engine, "scan", as_of=DAY), 0
    rows = [{"kind": "t", "subject": str(at), "payload": {}, "made_at": utc_now(), "sent_at": None} for at in range(50)]

    def copied(session: Any, entry: Run) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            cut(service)
        database.insert_many(session, Outbox, rows)

    ledger.commit(lease, copied)
    assert (tries, len(messages(service))) == (2, 50)
