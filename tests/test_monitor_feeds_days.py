"""No delivery is received on a day to come: it would be known before anybody could know it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import drop, facts, people, settlements, state
from sqlalchemy import select

from monitor import database, feeds
from monitor.errors import Invalid
from monitor.feeds import Receipt
from monitor.service import Service, today
from monitor.tables import Delivery


def ahead() -> date:
    return today() + timedelta(days=2)


def told(receipt: Receipt) -> tuple[str, bool, bool]:
    (problem,) = receipt.problems
    return receipt.status, "after today" in problem.en, "晚于今天" in problem.zh


REFUSED = ("refused", True, True)


def test_a_command_may_not_name_a_day_to_come(service: Service, tmp_path: Path) -> None:
    path = drop(tmp_path, "household_register", people(4), day=date(2026, 3, 5))
    assert told(feeds.ingest(service, path, received_on=ahead())) == REFUSED
    assert facts(service, "household_register") == []


def test_a_manifest_may_not_name_a_day_to_come(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "household_register.csv"
    drop(tmp_path, "household_register", people(4), day=date(2026, 3, 5)).rename(path)
    state(path, received_on=ahead().isoformat(), sha256=True)
    assert told(feeds.ingest(service, path)) == REFUSED


def test_a_folder_of_a_day_to_come_is_refused_and_the_others_are_taken(service: Service, tmp_path: Path) -> None:
    drop(tmp_path, "household_register", people(4), day=today())
    drop(tmp_path, "medical_settlements", settlements(4), day=ahead())
    committed, refused = feeds.ingest_folder(service, tmp_path)
    assert committed.status == "committed"
    assert told(refused) == REFUSED


def test_a_refusal_is_never_recorded_under_a_day_to_come(service: Service, tmp_path: Path) -> None:
    path = drop(tmp_path, "medical_settlements", settlements(4), day=ahead())
    first, second = feeds.ingest(service, path), feeds.ingest(service, path)
    assert first.delivery_id == second.delivery_id
    with database.reading(service.engine) as session:
        assert session.scalars(select(Delivery.received_on)).all() == [today()]


def test_a_held_delivery_is_not_released_on_a_day_to_come(service: Service, tmp_path: Path) -> None:
    held = feeds.ingest(service, drop(tmp_path, "vehicles", b"", day=date(2026, 3, 5)))
    with pytest.raises(Invalid, match="after today"):
        feeds.release(service, held.delivery_id, by="Wang", reason="looked at", on=ahead())


def test_today_has_come(service: Service, tmp_path: Path) -> None:
    path = drop(tmp_path, "household_register", people(4), day=today())
    assert feeds.ingest(service, path).status == "committed"
