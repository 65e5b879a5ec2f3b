"""The same bytes again change nothing, whoever brings them and whenever, as long as what they said stands."""

import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import as_csv, drop, facts, number, people, settlements
from sqlalchemy import func, select

from monitor import database, feeds
from monitor.feeds import Receipt
from monitor.service import Service
from monitor.tables import Delivery

DAY = date(2026, 3, 5)


def cars(*plates: int) -> str:
    lines = [f"皖B{at:05d},{number(at)},car,private,2020-01-01,active\n" for at in plates]
    return "plate_no,id_no,kind,use,registered_on,status\n" + "".join(lines)


@pytest.fixture
def home(service: Service, tmp_path: Path) -> Path:
    feeds.ingest(service, drop(tmp_path, "household_register", people(20), day=DAY))
    return tmp_path


def send(service: Service, root: Path, content: str, day: int = 0, **said: object) -> Receipt:
    path = drop(root, "vehicles", content, day=DAY + timedelta(days=day), ending=f"{time.time_ns()}.csv", **said)
    return feeds.ingest(service, path)


@pytest.mark.parametrize("days", [(0, 1, 2), (0, 0, 0)])
def test_a_full_list_that_comes_back_after_another_is_news(
    service: Service, home: Path, days: tuple[int, int, int]
) -> None:
    lists = (cars(1, 2, 3), cars(1, 2), cars(1, 2, 3))
    told = [send(service, home, content, day).status for content, day in zip(lists, days, strict=True)]
    assert told == ["committed"] * 3
    assert len(facts(service, "vehicles")) == 3
    assert send(service, home, lists[2], days[2]).status == "duplicate"


def test_a_full_list_that_a_withdrawal_has_changed_is_news(service: Service, home: Path) -> None:
    send(service, home, cars(1, 2, 3))
    send(service, home, "plate_no\n皖B00002\n", 1, mode="withdraw")
    assert len(facts(service, "vehicles")) == 2
    assert send(service, home, cars(1, 2, 3), 2).status == "committed"
    assert len(facts(service, "vehicles")) == 3


def test_an_old_list_under_its_old_day_is_a_regression_and_not_news(service: Service, home: Path) -> None:
    for day, content in enumerate((cars(1, 2, 3), cars(1, 2))):
        send(service, home, content, day)
    late = send(service, home, cars(1, 2, 3))
    assert (late.status, "regression" in late.problems[0].en) == ("refused", True)


def test_a_drop_folder_read_again_changes_nothing_though_its_lists_replace_each_other(
    service: Service, home: Path
) -> None:
    for day, ending, content in (
        (0, "a.csv", cars(1)),
        (0, "b.csv", cars(2)),
        (1, "csv", cars(1)),
        (2, "csv", cars(2)),
    ):
        drop(home, "vehicles", content, day=DAY + timedelta(days=day), ending=ending)
    assert [receipt.status for receipt in feeds.ingest_folder(service, home)] == ["duplicate", *["committed"] * 4]
    assert {receipt.status for receipt in feeds.ingest_folder(service, home)} == {"duplicate"}


INGEST = """
import os, sys, time
from pathlib import Path
from monitor import feeds
from monitor.service import open_service
from monitor.settings import read
service = open_service(read(os.environ))
ready, go, path = map(Path, sys.argv[1:])
ready.touch()
while not go.exists():
    time.sleep(0.001)
print(feeds.ingest(service, path).status)
"""


def at_once(service: Service, tmp: Path, path: Path, times: int = 2) -> list[str]:
    """Take ``path`` in from several processes that start at the same instant; what each was told."""
    where = {"LOWINCOME_HOME": str(service.settings.home), "LOWINCOME_DATABASE_URL": service.settings.database_url}
    ready = [tmp / f"ready{at}" for at in range(times)]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", INGEST, str(mark), str(tmp / "go"), str(path)],
            env=os.environ | where, stdout=subprocess.PIPE, text=True,
        )
        for mark in ready
    ]  # fmt: skip
    while not all(mark.exists() for mark in ready):
        assert all(run.poll() is None for run in runs)
        time.sleep(0.01)
    (tmp / "go").touch()
    return sorted(run.communicate(timeout=120)[0].strip() for run in runs)


def counted(service: Service, feed: str) -> int:
    with database.reading(service.engine) as session:
        return session.scalar(select(func.count()).select_from(Delivery).where(Delivery.feed == feed)) or 0


def test_two_who_bring_the_same_file_at_the_same_instant_commit_it_once(service: Service, home: Path) -> None:
    path = drop(home, "medical_settlements", settlements(3000, of=20), day=DAY)
    assert at_once(service, home, path) == ["committed", "duplicate"]
    assert counted(service, "medical_settlements") == 1
    assert len(facts(service, "medical_settlements")) == 3000


def test_two_who_bring_the_same_unusual_file_at_the_same_instant_hold_it_once(service: Service, home: Path) -> None:
    header = as_csv(settlements(1)).splitlines()[0] + "\r\n"
    path = drop(home, "medical_settlements", header, day=DAY)
    assert at_once(service, home, path) == ["duplicate", "held"]
    assert counted(service, "medical_settlements") == 1
    assert len(list(service.settings.received.glob("*.held"))) == 1
