"""Deliveries arrive by themselves in a watched folder; each once, each tried again."""

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drops import DAY, as_csv, drop, facts, people, settlements, state
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from jobs import watch as watching
from jobs.__main__ import app
from jobs.watch import KEPT, watch
from monitor import database, feeds
from monitor.feeds import receiving
from monitor.service import Service
from monitor.tables import Delivery


def inbox(service: Service) -> Path:
    service.settings.inbox.mkdir(parents=True, exist_ok=True)
    return service.settings.inbox


def done(path: Path, said: str = "") -> Path:
    marker = path.with_name(path.name + ".done")
    marker.write_text(said)
    return marker


def aside(service: Service, where: str) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in (inbox(service) / where).glob("*/*"))


def test_what_has_no_marker_waits_and_what_has_one_is_taken_in_once_and_moved(service: Service) -> None:
    root = inbox(service)
    register = drop(root, "household_register", people(10))
    bills = drop(root, "medical_settlements", settlements(20))
    assert watch(service, DAY)["waiting"] == 2
    done(bills)
    state(register, sha256=True, rows=10)
    assert watch(service, DAY) == {"waiting": 0, "retry": 0, "committed": 2, "destroyed": 0}
    assert len(facts(service, "medical_settlements")) == 20
    names = ["household_register.csv", "household_register.csv.manifest.json", "medical_settlements.csv"]
    assert aside(service, "taken") == [*names, "medical_settlements.csv.done"]
    assert [path.name for path in root.iterdir()] == ["taken"]
    assert watch(service, DAY) == {"waiting": 0, "retry": 0, "destroyed": 0}


def test_the_register_goes_first_within_a_day_and_days_go_in_order(service: Service) -> None:
    root = inbox(service)
    done(drop(root, "medical_settlements", settlements(10, start=10), day=DAY + timedelta(days=1)))
    done(drop(root, "household_register", people(10)))
    done(drop(root, "disability_registrations", "", day=DAY))
    done(drop(root, "medical_settlements", settlements(10)))
    watch(service, DAY)
    with database.reading(service.engine) as session:
        order = session.query(Delivery).filter_by(status="committed").order_by(Delivery.seq)
        assert [(one.feed, (one.received_on - DAY).days) for one in order] == [
            ("household_register", 0), ("medical_settlements", 0), ("medical_settlements", 1)
        ]  # fmt: skip


def test_a_file_that_grew_after_its_marker_waits_for_a_new_one(sqlite_service: Service) -> None:
    path = drop(inbox(sqlite_service), "household_register", people(10))
    marker = done(path)
    os.utime(marker, ns=(1, path.stat().st_mtime_ns - 1))
    assert watch(sqlite_service, DAY)["waiting"] == 1
    done(path)
    assert watch(sqlite_service, DAY)["committed"] == 1


def test_a_digest_that_does_not_fit_refuses_the_file_and_a_better_copy_is_welcome(sqlite_service: Service) -> None:
    root, good = inbox(sqlite_service), as_csv(people(10))
    digest = hashlib.sha256(good.encode()).hexdigest()
    done(drop(root, "household_register", good[:-40]), digest)
    assert watch(sqlite_service, DAY)["refused"] == 1
    state(drop(root, "household_register", good[:-30]), sha256=digest)
    assert watch(sqlite_service, DAY)["refused"] == 1
    assert facts(sqlite_service, "household_register") == []
    with database.reading(sqlite_service.engine) as session:
        said = session.scalars(select(Delivery.problems).where(Delivery.status == "refused")).all()
    assert [words in str(said) for words in (".done 中的 SHA-256", "清单中的 SHA-256")] == [True, True]
    done(drop(root, "household_register", good), f"{digest}  household_register.csv\n")
    assert watch(sqlite_service, DAY)["committed"] == 1
    assert len(aside(sqlite_service, "refused")) == 4


def test_a_file_that_breaks_us_is_refused_and_keeps_nobody_waiting(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, agreed = inbox(sqlite_service), receiving.agree

    def breaking(desk: Any, arrival: Any, *rest: Any, **more: Any) -> Any:
        if arrival.name.startswith("wages"):
            raise KeyError("nobody")
        return agreed(desk, arrival, *rest, **more)

    monkeypatch.setattr(receiving, "agree", breaking)
    done(drop(root, "wages", "a,b\n1,2\n"))
    done(drop(root, "household_register", people(10)))
    counts = watch(sqlite_service, DAY)
    assert (counts["committed"], counts["refused"], counts["retry"]) == (1, 1, 0)
    with database.reading(sqlite_service.engine) as session:
        (said,) = session.scalars(select(Delivery.problems).where(Delivery.status == "refused")).all()
    assert "KeyError" in str(said)
    assert "nobody" not in str(said)


def test_a_crash_between_taking_in_and_moving_doubles_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(drop(inbox(service), "household_register", people(10)))

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(watching, "_put_aside", crash)
        watch(service, DAY)
    assert watch(service, DAY)["duplicate"] == 1
    assert len(facts(service, "household_register")) == 10
    with database.reading(service.engine) as session:
        assert session.query(Delivery).count() == 1


def test_what_cannot_be_stored_stays_and_is_tried_again(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(drop(inbox(sqlite_service), "household_register", people(10)))

    def unreachable(*_: Any, **__: Any) -> None:
        raise OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "ingest_arrived", unreachable)
        assert watch(sqlite_service, DAY)["retry"] == 1
    assert watch(sqlite_service, DAY)["committed"] == 1


def test_links_and_folders_in_the_drop_folder_are_never_followed(sqlite_service: Service, tmp_path: Path) -> None:
    secret = tmp_path / "household_register.csv"
    secret.write_text(as_csv(people(3)))
    link = inbox(sqlite_service) / "household_register.csv"
    link.symlink_to(secret)
    done(link)
    (inbox(sqlite_service) / "medical_settlements.csv").mkdir()
    assert watch(sqlite_service, DAY)["refused"] == 1
    assert secret.exists()
    assert facts(sqlite_service, "household_register") == []


def test_originals_put_aside_are_destroyed_after_thirty_days(sqlite_service: Service) -> None:
    done(drop(inbox(sqlite_service), "household_register", people(10)))
    watch(sqlite_service, DAY)
    long_ago = int((time.time() - KEPT.total_seconds() - 60) * 1000)
    for path in (inbox(sqlite_service) / "taken").glob("*/*.csv"):
        path.rename(path.with_name(f"{long_ago}-old.csv"))
    assert watch(sqlite_service, DAY)["destroyed"] == 1
    assert aside(sqlite_service, "taken") == ["household_register.csv.done"]


def test_watch_at_the_terminal(sqlite_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    done(drop(inbox(sqlite_service), "household_register", people(10)))
    assert CliRunner().invoke(app, ["watch", "--once"]).exit_code == 0
    assert len(facts(sqlite_service, "household_register")) == 10


def test_what_stands_in_no_day_folder_is_told_and_a_refused_file_is_told_by_its_name(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    root = tmp_path / "root"
    drop(root, "household_register", people(10))
    drop(root, "wages.b", as_csv(settlements(3)))
    drop(root, "340298199001010008张三", "a,b\n1,2\n")
    (root / "20260105").mkdir()
    (root / "deaths.csv").write_text("id_no,died_on\n")
    told = CliRunner().invoke(app, ["ingest", str(root)])
    assert told.exit_code == 1
    assert "2 more entries of the folder were not read" in told.stderr
    said = " ".join(told.stdout.split())
    assert f"{DAY} wages.b.csv: 工资收入缺少必需的列：月份（month）" in said
    assert "请检查表头，它像是医保结算（medical_settlements）" in said
    assert "check the header: it looks like medical_settlements" in said
    assert f"{DAY} unknown.*.csv: 表头不符合任何部门数据" in said
    assert "张三" not in said


def test_a_folder_with_nothing_to_take_in_and_wrong_counts_are_said(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    (tmp_path / "root" / "2026-13-45").mkdir(parents=True)
    (tmp_path / "root" / "2026-13-45" / "deaths.csv").write_text("id_no,died_on\n")
    done = CliRunner().invoke(app, ["ingest", str(tmp_path / "root")])
    assert (done.exit_code, "nothing was taken in" in done.stderr) == (1, True)
    assert CliRunner().invoke(app, ["link", "list", "-n", "-1"]).exit_code == 2
