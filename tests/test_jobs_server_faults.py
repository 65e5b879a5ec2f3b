"""What happens when PostgreSQL itself dies, is restarted, or runs out of disk: a server of its own for every test."""

import itertools
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import postgres
import pytest
from drops import DAY, drop, facts, people, settlements
from factories import FIRES
from fastapi.testclient import TestClient
from installed import small_pack
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from test_api_alerts import raise_some, token
from torture_state import difference, faults, told

import jobs.scan as scanning
from api.app import create_app
from jobs import ledger
from jobs.integrity import database_whole, integrity
from monitor import audit, database, feeds
from monitor.errors import Invalid
from monitor.service import Service, open_service
from monitor.settings import read
from monitor.tables import Alert, FollowUp, Outbox, Run

READY = 10.0
PAGE = 8192
ROWS = int(os.environ.get("LOWINCOME_CRASH_ROWS", "200000"))


@contextmanager
def server(*, size: str | None = None) -> Iterator[postgres.Cluster]:
    """A PostgreSQL that a test may break, on a disk of its own of ``size`` when one is given."""
    folder = postgres.binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    cluster = postgres.Cluster(folder, more="-c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=64MB")
    if size is not None:
        cluster.data.mkdir()
        said = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", cluster.data], capture_output=True
        )
        if said.returncode:
            cluster.stop()
            pytest.skip("mounting a file system is not permitted here: fault 23 is not simulated")
        if cluster.account:
            os.chown(cluster.data, cluster.account.pw_uid, cluster.account.pw_gid)
            cluster.data.chmod(0o700)
    try:
        cluster.start()
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.halt()
        if size is not None:
            subprocess.run(["umount", "-l", cluster.data], check=True)
        cluster.stop()


def installed(cluster: postgres.Cluster, home: Path) -> Service:
    """An installation on the server's own database."""
    postgres.execute(str(cluster.folder), "CREATE DATABASE lowincome")
    url = f"postgresql+psycopg://postgres@/lowincome?host={cluster.folder}"
    return open_service(replace(read({"LOWINCOME_HOME": str(home)}), database_url=url))


def until_ready(service: Service) -> float:
    """Return the seconds until a transaction is committed again."""
    began = time.monotonic()
    while time.monotonic() - began < 60:
        try:
            with database.transaction(service.engine) as session:
                session.add(Outbox(kind="ready", subject="x"))
            return time.monotonic() - began
        except DBAPIError:
            time.sleep(0.05)
    raise AssertionError("the database did not come back within a minute")


def count(service: Service, kind: str) -> int:
    with database.reading(service.engine) as session:
        return session.query(Outbox).filter_by(kind=kind).count()


def test_a_killed_backend_costs_seconds_and_no_committed_row(tmp_path: Path) -> None:
    with server() as cluster:
        service = installed(cluster, tmp_path / "var")
        with service.engine.begin() as connection:
            for _ in range(ROWS // 50_000):
                rows = [{"kind": "old", "subject": "x" * 40, "payload": {}}] * 50_000
                connection.execute(insert(Outbox), rows)
        with pytest.raises(DBAPIError), database.transaction(service.engine) as session:
            session.add(Outbox(kind="half", subject="x"))
            session.flush()
            os.kill(int(session.scalar(text("SELECT pg_backend_pid()")) or 0), signal.SIGKILL)
            time.sleep(0.2)
            session.add(Outbox(kind="half", subject="y"))
            session.flush()
        assert until_ready(service) < READY
        assert (count(service, "old"), count(service, "half")) == (ROWS, 0)
        service.engine.dispose()


def test_a_server_out_of_disk_refuses_the_write_keeps_what_it_had_and_is_well_once_there_is_space(
    tmp_path: Path,
) -> None:
    with server(size="160m") as cluster:
        service = installed(cluster, tmp_path / "var")
        drop(tmp_path / "in", "household_register", people(200))
        bills = drop(tmp_path / "in", "medical_settlements", settlements(300, of=200))
        assert feeds.ingest(service, bills.with_name("household_register.csv")).status == "committed"
        raise_some(service, [{"elder": FIRES}] * 9, start=1_001)
        with database.reading(service.engine) as session:
            alerts = session.scalars(select(Alert.id)).all()
        api = TestClient(create_app(service), raise_server_exceptions=False)
        api.headers["Authorization"] = f"Bearer {token(service, '林干事', '00')}"
        ballast = fill(cluster.data)
        with pytest.raises(DBAPIError):
            for _ in range(20):
                with service.engine.begin() as connection:
                    connection.execute(insert(Outbox), [{"kind": "big", "subject": "x" * 60, "payload": {}}] * 40_000)
        promised = [visited(api, alert) for alert in alerts[1:]]
        assert api.get("/readyz").status_code in (200, 503)
        ballast.unlink()
        try:
            until_ready(service)
        except AssertionError:
            cluster.go()
        committed = count(service, "big")
        assert committed % 40_000 == 0
        with database.reading(service.engine) as session:
            assert list(audit.broken_links(session)) == []
            assert set(filter(None, promised)) <= set(session.scalars(select(FollowUp.id)))
        assert visited(api, alerts[0]) is not None
        assert api.get("/readyz").status_code == 200
        assert feeds.ingest(service, bills).status == "committed"
        assert len(facts(service, "medical_settlements")) == 300
        service.engine.dispose()


def visited(api: TestClient, alert: uuid.UUID) -> uuid.UUID | None:
    """Send a visit: its id when the API says that it has it; None when it says to come again."""
    visit = {"id": str(uuid.uuid4()), "visited_on": DAY.isoformat(), "way": "phone", "finding": "unreachable"}
    path = f"/api/v1/alerts/{alert}/follow-ups"
    answer = api.post(path, json=visit, headers={"If-Match": '"1"', "Idempotency-Key": visit["id"]})
    if answer.status_code == 503:
        assert answer.headers["retry-after"] == "5"
        return None
    assert answer.status_code == 201, answer.text
    return uuid.UUID(visit["id"])


def a_town(service: Service, root: Path) -> Service:
    """Sixty people with high bills, and the two rules that see them."""
    pack = small_pack(root / "pack", ("costly_admission", "medical_self_pay"))
    drop(root / "in", "household_register", people(60))
    bills = settlements(60, of=60, self_pay="21000.00", settled_on="2025-12-10")
    drop(root / "in", "medical_settlements", bills)
    known = replace(service, pack=pack)
    assert [one.status for one in feeds.ingest_folder(known, root / "in")] == ["committed"] * 2
    return known


def test_a_restart_of_the_server_in_the_middle_of_a_scan_costs_the_scan_nothing(
    tmp_path: Path, sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "ROWS", 10)
    monkeypatch.setattr(scanning, "_BATCH", 1)
    calm = a_town(sqlite_service, tmp_path / "calm")
    scanning.scan(calm, DAY)
    with server() as cluster:
        service = a_town(installed(cluster, tmp_path / "var"), tmp_path / "town")
        restarts: list[threading.Thread] = []
        commits, one_at_a_time = itertools.count(), threading.Lock()

        def restart() -> None:
            with one_at_a_time:
                cluster.halt()
                cluster.go()

        def committed(_connection: Any) -> None:
            if next(commits) in (8, 25):
                restarts.append(threading.Thread(target=restart))
                restarts[-1].start()
            time.sleep(0.02)

        event.listen(service.engine, "commit", committed)
        done = scanning.scan(service, DAY)
        for one in restarts:
            one.join()
        assert len(restarts) == 2
        assert done.counts["raised"] == 30
        assert difference(told(calm.engine), told(service.engine)) == []
        assert faults(service.engine) == []
        service.engine.dispose()


def test_a_chunk_that_loses_a_deadlock_is_done_again_whole(tmp_path: Path) -> None:
    with server() as cluster:
        service = installed(cluster, tmp_path / "var")
        with database.transaction(service.engine) as session:
            session.add_all(Outbox(id=at, kind="row", subject="x") for at in (1, 2))
        lease, tries, meet = ledger.take(service.engine, "scan", as_of=DAY), itertools.count(), threading.Barrier(2)

        def other() -> None:
            with database.transaction(service.engine) as session:
                session.execute(text("SET LOCAL deadlock_timeout = '20s'"))
                session.execute(update(Outbox).where(Outbox.id == 2).values(subject="other"))
                meet.wait()
                session.execute(update(Outbox).where(Outbox.id == 1).values(subject="other"))

        def work(session: database.Session, entry: Run) -> str:
            first = next(tries) == 0
            session.execute(update(Outbox).where(Outbox.id == 1).values(subject="ours"))
            if first:
                meet.wait()
            session.execute(update(Outbox).where(Outbox.id == 2).values(subject="ours"))
            return "done"

        thread = threading.Thread(target=other)
        thread.start()
        assert ledger.commit(lease, work) == "done"
        thread.join()
        assert next(tries) == 2
        with database.reading(service.engine) as session:
            assert set(session.scalars(select(Outbox.subject))) == {"ours"}
        service.engine.dispose()


def test_a_damaged_page_of_postgresql_is_found_by_the_nightly_check(tmp_path: Path) -> None:
    with server() as cluster:
        service = installed(cluster, tmp_path / "var")
        with service.engine.begin() as connection:
            connection.execute(insert(Outbox), [{"kind": "old", "subject": "x" * 40, "payload": {}}] * 2_000)
            connection.execute(text("CREATE EXTENSION amcheck"))
            file = cluster.data / str(connection.scalar(text("SELECT pg_relation_filepath('outbox')")))
        assert database_whole(service.settings) == []
        service.engine.dispose()
        cluster.halt("fast")
        with file.open("r+b") as pages:
            pages.seek(2 * PAGE - 2_000)
            pages.write(b"\xff" * 500)
        cluster.go()
        assert "outbox" in " ".join(database_whole(service.settings))
        with pytest.raises(Invalid, match="damaged"):
            integrity(service, DAY)
        service.engine.dispose()


def fill(place: Path, leave: int = 1 << 20) -> Path:
    ballast = place / "ballast"
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    with ballast.open("wb") as file:
        for _ in range(max(free - leave, 0) >> 20):
            file.write(b"x" * (1 << 20))
    return ballast
