"""Who else is at an alert: told to whoever may see it, by the database's clock, whichever process is asked."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from desks import raised, signed_in, stored, worker_id
from factories import FIRES
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from jobs.purge import purge
from monitor import database
from monitor.service import Service, today
from monitor.tables import Presence, Worker
from monitor.work import presence

PATH = "/api/v1/alerts"
RED = {"illness": FIRES}


def here(client: TestClient, alert: uuid.UUID, doing: str = "looking") -> Any:
    return client.put(f"{PATH}/{alert}/presence", json={"doing": doing})


def others(client: TestClient, alert: uuid.UUID) -> list[tuple[str, str]]:
    return [(one["name"], one["doing"]) for one in client.get(f"{PATH}/{alert}").json()["others_here"]]


def shift(service: Service, seconds: float) -> None:
    """Let that much time have passed by the database's clock."""
    with database.transaction(service.engine) as session:
        values = {"until": Presence.until - seconds, "since": Presence.since - seconds}
        session.execute(update(Presence).values(values))


def test_two_at_one_alert_are_told_of_each_other_by_two_applications_and_never_of_themselves(service: Service) -> None:
    alert, elsewhere = raised(service, [RED, RED])
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    first = here(lin, alert)
    assert (first.status_code, first.json()) == (200, {"version": 1, "others": [], "again_seconds": 20})
    second = here(fang, alert, "working").json()
    assert [(one["name"], one["doing"]) for one in second["others"]] == [("林干事", "looking")]
    assert others(lin, alert) == [("方干事", "working")]
    assert others(fang, alert) == [("林干事", "looking")]
    assert others(lin, elsewhere) == []


def test_who_says_nothing_for_forty_five_seconds_is_gone_and_who_goes_on_saying_it_stays(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    here(lin, alert)
    shift(service, 25)
    assert others(fang, alert) == [("林干事", "looking")]
    here(lin, alert)
    shift(service, 25)
    told = here(fang, alert).json()["others"]
    assert [one["name"] for one in told] == ["林干事"]
    assert 50 <= told[0]["seconds"] < 300
    shift(service, 46)
    assert others(fang, alert) == []
    here(lin, alert)
    assert here(fang, alert).json()["others"][0]["seconds"] < 46  # came back: not there all the while


def test_who_leaves_is_gone_at_once_and_may_leave_twice(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    here(lin, alert)
    here(fang, alert)
    for _ in range(2):
        assert lin.delete(f"{PATH}/{alert}/presence").status_code == 204
    assert (others(fang, alert), others(lin, alert)) == ([], [("方干事", "looking")])


def test_a_name_is_told_to_nobody_who_may_not_see_the_alert(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    here(lin, alert)
    beyond = signed_in(service, "他县干事", region="340203")
    for answer in (here(beyond, alert), beyond.get(f"{PATH}/{alert}"), beyond.delete(f"{PATH}/{alert}/presence")):
        assert answer.status_code == 404
        assert "林干事" not in answer.text
    auditor = signed_in(service, "审计", role="auditor", region="00")
    assert here(auditor, alert).status_code == 403
    with database.reading(service.engine) as session:
        assert list(session.scalars(select(Presence.worker_id))) == [worker_id(service, "林干事")]


def test_a_machine_that_reads_is_nobodys_colleague(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, machine = signed_in(service, "林干事"), signed_in(service, "大屏", role="service")
    here(lin, alert)
    assert [one["name"] for one in here(machine, alert).json()["others"]] == ["林干事"]
    assert others(lin, alert) == []


def test_an_account_that_is_kept_out_is_no_longer_there(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    here(lin, alert)
    with database.transaction(service.engine) as session:
        session.execute(update(Worker).where(Worker.name == "林干事").values(active=False))
    assert others(fang, alert) == []


def test_the_heartbeat_tells_that_the_alert_was_changed_by_another(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    assert here(lin, alert).json()["version"] == 1
    assert fang.post(f"{PATH}/{alert}/claim", headers={"If-Match": '"1"'}).status_code == 200
    assert here(lin, alert).json()["version"] == stored(service, alert).version == 2


def test_many_tabs_of_one_worker_at_once_leave_one_row_and_no_failure(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    start = threading.Barrier(8)

    def tab(number: int) -> int:
        start.wait(timeout=60)
        return max(here(lin, alert, "working" if number % 2 else "looking").status_code for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tab, range(8))) == {200}
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Presence)) == 1
    assert len(others(fang, alert)) == 1


def test_what_a_machine_with_a_wrong_clock_says_changes_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    monkeypatch.setattr("time.time", lambda: 0.0)
    here(lin, alert)
    assert others(fang, alert) == [("林干事", "looking")]


@pytest.mark.parametrize("body", [{"doing": "sleeping"}, {"doing": None}, {"name": "别人"}, [], "looking"])
def test_anything_else_than_looking_or_working_is_refused(service: Service, body: Any) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    assert lin.put(f"{PATH}/{alert}/presence", json=body).status_code == 422
    assert lin.put(f"{PATH}/{alert}/presence", json={}).status_code == 200
    assert lin.put(f"{PATH}/{uuid.uuid4()}/presence", json={}).status_code == 404


def test_the_row_is_gone_a_day_later(service: Service) -> None:
    alert = raised(service, [RED])[0]
    here(signed_in(service, "林干事"), alert)
    assert purge(service, today())["rows"] == {}
    assert purge(service, today() + timedelta(days=2))["rows"]["presences"] == 1
    assert presence.LASTS_SECONDS > 2 * presence.RENEWED_EVERY_SECONDS
