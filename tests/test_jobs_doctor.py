"""The doctor: well when all is well, and for each thing broken exactly the finding that names it."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import DAY, MEDICAL, as_csv, drop, people, settlements
from factories import scan
from sqlalchemy import delete, select, update
from tampering import unlock
from typer.testing import CliRunner

from jobs import doctor
from jobs.__main__ import app
from jobs.backups import backup
from jobs.backups.drilling import drill
from jobs.integrity import integrity
from jobs.naming import JOBS, STATES
from jobs.noting import noted
from jobs.pulling import pull
from monitor import audit, database, feeds
from monitor.errors import Invalid
from monitor.lake import Lake
from monitor.service import Service
from monitor.settings import read
from monitor.tables import AuditEntry, Household, Quarantine, Run, Scan, utc_now


@pytest.fixture
def tended(service: Service, tmp_path: Path) -> Service:
    """A well-kept installation on each kind of database."""
    return tend(service, tmp_path)


@pytest.fixture
def small(sqlite_service: Service, tmp_path: Path) -> Service:
    """A well-kept installation on SQLite, for findings that do not depend on the database."""
    return tend(sqlite_service, tmp_path)


def tend(service: Service, tmp_path: Path) -> Service:
    """Make it as it should be: data, a scan, a backup, a drill; amcheck where there is PostgreSQL."""
    if service.engine.dialect.name == "postgresql":
        with service.engine.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION amcheck")
    drop(tmp_path / "drops", "household_register", people(20))
    drop(tmp_path / "drops", "medical_settlements", settlements(30))
    feeds.ingest_folder(service, tmp_path / "drops")
    with database.transaction(service.engine) as session:
        session.get_one(Scan, scan(session)).finished_at = utc_now()
    noted(service, "backup", DAY, backup)
    noted(service, "drill", DAY, drill)
    return service


def ill(service: Service, as_of: date = DAY) -> list[str]:
    return sorted({one.name for one in doctor.examine(service.settings, as_of) if not one.well})


def test_a_tended_installation_is_well(tended: Service) -> None:
    assert ill(tended) == []
    assert integrity(tended, DAY) == {"deliveries": 2}


def test_an_installation_that_does_not_exist_is_said_so_and_not_made(tmp_path: Path) -> None:
    settings = read({"LOWINCOME_HOME": str(tmp_path / "none")})
    assert {one.name for one in doctor.examine(settings, DAY) if not one.well} == {"database", "key"}
    assert not (tmp_path / "none").exists()


def open_key(service: Service) -> None:
    service.settings.key_file.chmod(0o644)


def old_tables(service: Service) -> None:
    with service.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")


def altered_lake(service: Service) -> None:
    path = Lake(service.lake).facts_path("medical_settlements", 2)
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def missing_lake(service: Service) -> None:
    Lake(service.lake).facts_path("medical_settlements", 2).unlink()


def failed_run(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.add(Run(job="nightly", as_of=DAY, status="interrupted"))


def stuck_run(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.add(Run(job="nightly", as_of=DAY, status="running", started_at=utc_now() - timedelta(hours=25)))


def overrun_run(service: Service) -> None:
    with database.transaction(service.engine) as session:
        now, lasted = utc_now(), timedelta(minutes=4)
        for ago in (3, 2, 1):
            on, at = DAY - timedelta(days=ago), now - timedelta(days=ago)
            session.add(Run(job="nightly", as_of=on, status="done", started_at=at - lasted, finished_at=at))
        begun = {"started_at": now - timedelta(minutes=13), "heartbeat_at": now.timestamp()}
        session.add(Run(job="nightly", as_of=DAY, status="running", **begun))


def missed_date(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.add(Run(job="nightly", as_of=DAY - timedelta(days=2), status="missed"))
        session.add(Run(job="nightly", as_of=DAY - timedelta(days=20), status="missed"))


def household_set_aside(service: Service) -> None:
    now = utc_now()
    with database.transaction(service.engine) as session:
        home = session.scalars(select(Household.id).limit(1)).one()
        night = Run(job="scan", as_of=DAY, status="done_with_quarantine", started_at=now, finished_at=now)
        session.add(night)
        session.flush()
        session.add(Quarantine(run_id=night.id, household_id=home, as_of=DAY, stage="judge", error="KeyError"))


def missed_night(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Scan).values(finished_at=utc_now() - timedelta(hours=37)))


def altered_audit(service: Service) -> None:
    unlock(service)
    with database.transaction(service.engine) as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 1).values(action="nothing"))


def unanchored_audit(service: Service) -> None:
    unlock(service)
    with database.transaction(service.engine) as session:
        session.execute(delete(AuditEntry))
        entry = AuditEntry(at=utc_now() - timedelta(minutes=31), by="x", action="a.b", subject="s", detail={})
        entry.previous = audit.GENESIS
        entry.hash = audit.seal(entry)
        session.add(entry)
    service.settings.anchor.unlink(missing_ok=True)


def old_backup(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Run).where(Run.job == "backup").values(finished_at=utc_now() - timedelta(hours=27)))


def no_drill(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Run).where(Run.job == "drill").values(finished_at=utc_now() - timedelta(days=9)))


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (open_key, "key"),
        (old_tables, "migrations"),
        (altered_lake, "lake"),
        (missing_lake, "lake"),
        (failed_run, "runs.broken"),
        (stuck_run, "runs.stuck"),
        (missed_night, "nights"),
        (missed_date, "runs.missed"),
        (overrun_run, "runs.overrun"),
        (household_set_aside, "runs.aside"),
        (altered_audit, "audit"),
        (unanchored_audit, "audit.anchor"),
        (old_backup, "backup"),
        (no_drill, "backup.drill"),
    ],
)
def test_each_harm_is_the_one_finding(small: Service, harm: Callable[[Service], None], found: str) -> None:
    harm(small)
    assert ill(small) == [found]


def test_stale_feeds_and_held_deliveries_are_found(small: Service, tmp_path: Path) -> None:
    drop(tmp_path / "late", "medical_settlements", as_csv([], columns=MEDICAL))
    assert [receipt.status for receipt in feeds.ingest_folder(small, tmp_path / "late")] == ["held"]
    assert ill(small) == ["feeds.held"]
    assert "feeds.stale" in ill(small, DAY + timedelta(days=400))


def test_a_corrupted_page_is_found_by_doctor_and_by_the_integrity_job(small: Service, tmp_path: Path) -> None:
    small.engine.dispose()
    path = Path(str(small.engine.url.database))
    with path.open("rb+") as file:
        file.seek(4096 * 5)
        file.write(os.urandom(4096 * 40))
    assert "database" in ill(small)
    with pytest.raises(Invalid, match="damaged"):
        integrity(small, DAY)


def test_without_the_extension_the_doctor_says_that_pages_were_not_checked(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL needs an extension")
    assert "database" in ill(service)
    with pytest.raises(Invalid, match="amcheck"):
        integrity(service, DAY)


def test_the_doctor_at_the_terminal_ends_with_a_code_for_cron(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert "the last backup ended: never" in said.output
    assert "一切" not in said.output


def test_who_reads_chinese_only_reads_of_feeds_jobs_and_states_by_their_names_and_what_to_do(small: Service) -> None:
    with database.transaction(small.engine) as session:
        session.add(Run(job="purge", as_of=DAY, status="failed", attempt=1, fence=1, problem="OSError"))
        session.add(Run(job="remind", as_of=DAY, status="missed", attempt=0, fence=0))
    later = DAY + timedelta(days=500)
    said = {one.name: one.zh for one in doctor.examine(small.settings, later)}
    assert "医保结算（500/45 天）" in said["feeds.stale"]
    assert f"到期清理 {DAY} 失败" in said["runs.broken"]
    assert "lowincome release" in said["runs.broken"]
    assert f"提醒催办 {DAY}" in {one.name: one.zh for one in doctor.examine(small.settings, DAY)}["runs.missed"]
    words = {*JOBS, *STATES, "medical_settlements", "household_register"}
    listed = " ".join(said[name].split("。")[0] for name in ("feeds.stale", "feeds.held", "runs.broken", "runs.missed"))
    assert words & set(re.findall("[a-z_]+", listed)) == set()


def test_a_source_that_cannot_be_read_is_told_until_it_can_be(small: Service, tmp_path: Path) -> None:
    page = tmp_path / "pulls.yaml"
    page.write_text(
        "医保: {feed: medical_settlements, url_file: none.url, relation: v, watermark: t, columns: {name: 姓名}}"
    )
    pull(replace(small, settings=replace(small.settings, pulls=page)), DAY)
    (said,) = (one for one in doctor.examine(small.settings, DAY) if one.name == "pulls")
    assert (said.well, "取数来源“医保”：地址文件 none.url" in said.zh, "none.url is missing" in said.en) == (
        False,
        True,
        True,
    )
    pull(small, DAY)
    assert "pulls" not in ill(small)


def test_what_was_refused_is_told_with_its_reason_until_a_good_one_comes(
    small: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path / "bad", "medical_settlements", settlements(20, start=50), rows=21)
    drop(tmp_path / "bad", "nothing_of_ours", "a,b\n1,2\n")
    feeds.ingest_folder(small, tmp_path / "bad")
    (said,) = (one for one in doctor.examine(small.settings, DAY) if one.name == "feeds.refused")
    assert (said.well, "医保结算" in said.zh, "清单写明 21 行" in said.zh) == (False, True, True)
    assert ("无法识别的文件" in said.zh, "states 21 rows" in said.en) == (True, True)
    monkeypatch.setenv("LOWINCOME_HOME", str(small.settings.home))
    shown = CliRunner().invoke(app, ["feeds", "--as-of", DAY.isoformat()])
    assert (shown.exit_code, "拒收 refused 医保结算 medical_settlements" in shown.stdout) == (1, True)
    drop(tmp_path / "good", "medical_settlements", settlements(20, start=50), rows=20)
    feeds.ingest_folder(small, tmp_path / "good")
    (said,) = (one for one in doctor.examine(small.settings, DAY) if one.name == "feeds.refused")
    assert ("医保结算" in said.zh, "无法识别的文件" in said.zh) == (False, True)
