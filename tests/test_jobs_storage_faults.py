"""What happens when disk or database fail: nothing half done, nothing said that is not so, well again afterwards."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from drops import DAY, drop, facts, people, settlements
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from jobs.backups import back_up, standing
from jobs.backups.archive import read as read_archive
from jobs.doctor import examine
from jobs.integrity import database_whole
from monitor import audit, database, feeds
from monitor.errors import Invalid, Refused
from monitor.service import Service, open_service
from monitor.settings import read
from monitor.tables import Delivery, Outbox, Person

ROOT = Path(__file__).parent.parent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("mounting a file system is not permitted here: fault 22 and 26 are not simulated")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path, leave: int) -> Path:
    ballast = place / "ballast"
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    ballast.write_bytes(b"x" * max(free - leave, 0))
    return ballast


def whole(service: Service) -> bool:
    with database.reading(service.engine) as session:
        return not list(audit.broken_links(session)) and not database_whole(service.settings)


def test_a_full_disk_loses_nothing_commits_no_half_and_is_well_once_there_is_space(
    small_disk: Path, tmp_path: Path
) -> None:
    service = open_service(read({"LOWINCOME_HOME": str(small_disk / "var")}))
    drop(tmp_path / "in", "household_register", people(200))
    bills = drop(tmp_path / "in", "medical_settlements", settlements(20_000, of=200))
    assert feeds.ingest(service, bills.with_name("household_register.csv")).status == "committed"
    for leave in (0, 4_096, 65_536, 150_000):
        ballast = fill(small_disk, leave)
        with pytest.raises((OSError, DBAPIError)):
            feeds.ingest(service, bills)
        ballast.unlink()
        assert whole(service)
        with database.reading(service.engine) as session:
            assert session.query(Delivery).filter_by(status="committed").count() == 1
    assert feeds.ingest(service, bills).status == "committed"
    assert len(facts(service, "medical_settlements")) == 20_000
    service.engine.dispose()


def test_a_backup_onto_a_full_disk_leaves_no_archive_at_all(small_disk: Path, service: Service) -> None:
    fill(small_disk, 30_000)
    with pytest.raises((OSError, Refused, OperationalError, sqlite3.OperationalError)):
        back_up(service, to=small_disk)
    assert standing(small_disk) == []
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_on_a_read_only_disk_the_start_is_refused_in_one_line_and_no_new_database_appears(small_disk: Path) -> None:
    settings = read({"LOWINCOME_HOME": str(small_disk / "var")})
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(Invalid, match="cannot be opened or written"):
        open_service(settings)
    assert list(small_disk.iterdir()) == []
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    open_service(settings).engine.dispose()
    before = sorted(small_disk.rglob("*"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for home in (settings.home, small_disk / "another"):
        said = subprocess.run(
            [sys.executable, "-m", "jobs", "backup"], cwd=ROOT, capture_output=True, text=True,
            env=os.environ | {"LOWINCOME_HOME": str(home)}, check=False,
        )  # fmt: skip
        told = said.stderr.strip().splitlines()
        assert (said.returncode, len(told)) == (3, 2), said.stderr  # a line in each language
        assert "look at LOWINCOME_HOME, the disk" in told[1]
    assert sorted(small_disk.rglob("*")) == before


def test_a_limit_on_file_size_is_an_error_and_not_a_death(sqlite_service: Service, tmp_path: Path) -> None:
    drop(tmp_path / "in", "household_register", people(50))
    bills = drop(tmp_path / "in", "medical_settlements", settlements(20_000, of=50))
    feeds.ingest(sqlite_service, bills.with_name("household_register.csv"))
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises((OSError, DBAPIError)):
            feeds.ingest(sqlite_service, bills)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert handler in (signal.SIG_IGN, signal.SIG_DFL)
    assert whole(sqlite_service)
    assert feeds.ingest(sqlite_service, bills).status == "committed"


def test_a_connection_cut_while_idle_is_replaced_unseen(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connection to cut")
    with service.engine.connect() as connection:
        ours = connection.scalar(text("SELECT pg_backend_pid()"))
    other = database.connect(service.settings)
    with other.begin() as connection:
        # Until it is gone: who asks in the instant between cannot know yet.
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 30000)"), {"pid": ours})
    other.dispose()
    with database.transaction(service.engine) as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != ours


def test_a_connection_cut_in_the_middle_undoes_the_whole_unit(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connection to cut")
    other = database.connect(service.settings)
    with pytest.raises(DBAPIError), database.transaction(service.engine) as session:
        session.add(Outbox(kind="t", subject="x"))
        session.flush()
        ours = session.scalar(text("SELECT pg_backend_pid()"))
        with other.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ours})
        session.add(Outbox(kind="t", subject="y"))
    other.dispose()
    with database.reading(service.engine) as session:
        assert session.query(Outbox).count() == 0


def test_every_unit_of_work_on_sqlite_takes_its_lock_at_once_so_no_snapshot_is_ever_stale(
    sqlite_service: Service,
) -> None:
    begun: list[str] = []
    event.listen(sqlite_service.engine, "before_cursor_execute", lambda *given: begun.append(given[2]))
    with database.transaction(sqlite_service.engine) as session:
        session.scalar(select(Person.id).limit(1))
    with database.reading(sqlite_service.engine) as session:
        session.scalar(select(Person.id).limit(1))
    assert [one for one in begun if one.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]
    failures = upgrade_together(sqlite_service.engine)
    assert failures == []


def upgrade_together(engine: Engine) -> list[BaseException]:
    """Four threads read, then write, fifty times each: the pattern that fails with a stale snapshot."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                with database.transaction(engine) as session:
                    session.scalar(select(Outbox.id).order_by(Outbox.id.desc()).limit(1))
                    session.execute(insert(Outbox).values(kind="t", subject="x", payload={}))
        except DBAPIError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_a_long_reader_lets_the_log_grow_and_the_doctor_says_how_far(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(str(sqlite_service.engine.url.database))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM outbox").fetchone()
        for _ in range(5):
            with sqlite_service.engine.begin() as connection:
                connection.execute(insert(Outbox), [{"kind": "t", "subject": "x" * 60, "payload": {}}] * 5_000)
        monkeypatch.setattr("jobs.doctor.WAL", 1 << 20)
        assert "database.log" in [one.name for one in examine(sqlite_service.settings, DAY) if not one.well]


def test_a_backup_that_was_killed_leaves_no_archive_that_looks_whole(sqlite_service: Service, tmp_path: Path) -> None:
    drop(tmp_path / "in", "household_register", people(50))
    feeds.ingest_folder(sqlite_service, tmp_path / "in")
    environment = os.environ | {"LOWINCOME_HOME": str(sqlite_service.settings.home), "PYTHONPATH": str(ROOT)}
    script = "import os, signal; from jobs.backups import archive; import jobs.__main__ as m; "
    script += "archive.json.dumps = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL); m.app(['backup'])"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert standing(sqlite_service.settings.backups) == []
    made = back_up(sqlite_service)
    assert read_archive(made.path, sqlite_service.keyring.backup_key) == made.manifest
