"""A night beside busy people: whoever changes alerts while a scan settles them neither stops it nor is overwritten."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from drops import DAY, drop, people, settlements
from installed import small_pack
from sqlalchemy import func, select, update

from jobs import scan as scanning
from monitor import database, feeds
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, Reason

HOMES, WRITERS = 60, 4
LATER = DAY + timedelta(days=20)


@pytest.fixture
def town(service: Service, tmp_path: Path) -> Service:
    """Thirty households with an alert each, and a delivery that gives each of them a second reason."""
    known = replace(service, pack=small_pack(tmp_path / "pack", ("costly_admission", "medical_self_pay")))
    drop(tmp_path / "in", "household_register", people(HOMES))
    bills = settlements(HOMES, of=HOMES, self_pay="11000.00", settled_on="2026-02-10")
    drop(tmp_path / "in", "medical_settlements", bills)
    assert [one.status for one in feeds.ingest_folder(known, tmp_path / "in")] == ["committed"] * 2
    assert scanning.scan(known, DAY).counts["raised"] == HOMES // 2
    more = settlements(HOMES, start=HOMES, of=HOMES, self_pay="21000.00", settled_on="2026-03-15")
    second = drop(tmp_path / "more", "medical_settlements", more, day=LATER)
    assert feeds.ingest(known, second).status == "committed"
    return known


@contextmanager
def busy(service: Service) -> Iterator[list[int]]:
    """Four writers who change the open alerts again and again, two at once; yields how many changes each has made."""
    over, made = threading.Event(), [0] * WRITERS
    with database.reading(service.engine) as session:
        ids = list(session.scalars(select(Alert.id).order_by(Alert.id)))

    def work(mine: int) -> None:
        while not over.is_set():
            for pair in zip(ids[mine:], ids[mine + 1 :], strict=False):
                with database.transaction(service.engine) as session:
                    for alert in pair:
                        changed = update(Alert).where(Alert.id == alert, Alert.closed_at.is_(None))
                        session.execute(changed.values(version=Alert.version + 1))
                made[mine] += 2

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("batch", [5, 20_000])
def test_a_scan_gets_through_beside_people_who_change_every_alert_all_the_time(
    town: Service, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH", batch)
    with busy(town) as made:
        done = scanning.scan(town, LATER)
    assert min(made) > 0
    assert done.counts["renewed"] == HOMES // 2
    assert "quarantined" not in done.counts
    with database.reading(town.engine) as session:
        active = select(Reason.rule, func.count()).where(Reason.status == "active").group_by(Reason.rule)
        assert dict(session.execute(active).all()) == {"costly_admission": 30, "medical_self_pay": 30}
        told = session.scalars(select(AlertEvent.kind).where(AlertEvent.as_of == LATER)).all()
        versions = session.scalar(select(func.sum(Alert.version)))
    assert told.count("evidence") + told.count("escalated") == HOMES // 2
    assert versions == HOMES // 2 * 2 + sum(made)
