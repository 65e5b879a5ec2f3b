"""The audit over HTTP: read by the auditor alone, by filter and by page, and checked whole when asked."""

import random
from datetime import timedelta
from typing import Any

import pytest
from desks import raised, signed_in, worker_id
from factories import FIRES
from fastapi.testclient import TestClient
from sqlalchemy import select
from tampering import WAYS, chain, unlock

from monitor import access, anchors, audit, database
from monitor.service import Service, today
from monitor.tables import AuditEntry

PATH = "/api/v1/audit"


@pytest.fixture
def auditor(service: Service) -> TestClient:
    return signed_in(service, "审计员", role="auditor", region="00")


def page(client: TestClient, **query: Any) -> Any:
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("role", [role for role in access.ROLES if role != "auditor"])
def test_nobody_but_the_auditor_reads_the_audit(sqlite_service: Service, role: str) -> None:
    client = signed_in(sqlite_service, "某人", role=role, region="00")
    assert [client.get(path).status_code for path in (PATH, f"{PATH}/status")] == [403, 403]
    assert client.post(f"{PATH}/verification").status_code == 403


def test_who_did_what_to_which_thing_is_found(service: Service, auditor: TestClient) -> None:
    alert = raised(service, [{"illness": FIRES}])[0]
    lin = signed_in(service, "林干事")
    lin.post(f"/api/v1/alerts/{alert}/claim", headers={"If-Match": '"1"'})
    by = str(worker_id(service, "林干事"))
    (found,) = page(auditor, subject=str(alert), by=by)["items"]
    assert (found["action"], found["by_name"], found["detail"]["edge"]) == ("alert.claimed", "林干事", "claim")
    assert page(auditor, action="alert.claimed")["items"] == [found]
    assert page(auditor, action=["alert.claimed", "role.granted"], by=by)["items"] == [found]
    assert page(auditor, action="person.revealed")["items"] == []
    jobs = {one["by"]: one["by_name"] for one in page(auditor, by="test")["items"]}
    assert jobs == {"test": "test"}


def test_entries_are_found_by_day_both_ends_included(service: Service, auditor: TestClient) -> None:
    everything, day = page(auditor, limit=200)["items"], today()
    assert page(auditor, since=str(day), until=str(day), limit=200)["items"] == everything
    assert page(auditor, until=str(day - timedelta(days=1)))["items"] == []
    assert page(auditor, since=str(day + timedelta(days=1)))["items"] == []


def test_pages_hold_every_entry_once_though_more_are_added(service: Service, auditor: TestClient) -> None:
    chain(service, 25)
    with database.reading(service.engine) as session:
        before = list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc())))
    seen: list[int] = []
    following: int | None = 2**53
    while following is not None:
        found = page(auditor, before=following, limit=7)
        seen, following = seen + [one["id"] for one in found["items"]], found["next"]
        chain(service, 2)
    assert seen == before


def test_what_cannot_be_asked_is_refused(auditor: TestClient) -> None:
    for query in ({"limit": 0}, {"limit": 201}, {"before": 0}, {"action": "DROP TABLE"}, {"since": "x"}, {"who": "me"}):
        assert auditor.get(PATH, params=query).status_code == 422, query


def test_the_status_says_how_far_the_anchor_goes_and_when_all_was_checked(
    service: Service, auditor: TestClient
) -> None:
    chain(service, 3)
    said = auditor.get(f"{PATH}/status").json()
    assert (said["anchored"], said["anchored_at"], said["verified"]) == (0, None, None)
    assert said["unanchored"] == said["newest"] > 3
    line = anchors.write(service, why="test")
    assert line is not None
    chain(service, 2)
    said = auditor.get(f"{PATH}/status").json()
    assert (said["anchored"], said["unanchored"]) == (line["id"], 2)
    now = auditor.post(f"{PATH}/verification").json()
    assert (now["well"], now["found"], now["anchored"], now["by"]) == (True, [], line["id"], "审计员")
    last = auditor.get(f"{PATH}/status").json()["verified"]
    assert last == {name: now[name] for name in ("at", "by", "well", "entries", "breaks")}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_tamper_is_told_to_the_auditor(service: Service, auditor: TestClient, way: str) -> None:
    chain(service, 12)
    anchors.write(service, why="test")
    unlock(service)
    with database.transaction(service.engine) as session:
        WAYS[way](session, random.Random(7))
    now = auditor.post(f"{PATH}/verification").json()
    assert (now["well"], now["breaks"] > 0, len(now["found"]) > 0) == (False, True, True)
    assert auditor.get(f"{PATH}/status").json()["verified"]["well"] is False


def test_an_unreadable_anchor_is_no_anchor(service: Service, auditor: TestClient) -> None:
    service.settings.anchor.parent.mkdir(parents=True, exist_ok=True)
    service.settings.anchor.write_bytes(b"not a line\n")
    assert anchors.newest(service.settings.anchor) is None
    assert auditor.get(f"{PATH}/status").json()["anchored"] == 0
    with database.transaction(service.engine) as session:
        audit.record(session, by="t", action="a.b", subject="s")
    assert auditor.post(f"{PATH}/verification").json()["well"] is False


def test_the_codes_in_an_entry_are_called_what_they_mean_in_both_languages(
    service: Service, auditor: TestClient
) -> None:
    alert = raised(service, [{"illness": FIRES}])[0]
    lin = signed_in(service, "林干事")
    lin.post(f"/api/v1/alerts/{alert}/claim", headers={"If-Match": '"1"'})
    told = [
        {"region": "340202", "why": "WAIT_DATA", "rules": ["medical_self_pay"]},
        {"narrowed": {"region": "3402"}, "finding": "confirmed", "why": "NO_SUCH_CODE", "shared": "999999"},
    ]
    with database.transaction(service.engine) as session:
        for detail in told:
            audit.record(session, by="test", action="test.told", subject="x", detail=detail)
    called = page(auditor, action="test.told")["called"]
    assert {code: one["zh"] for code, one in called.items()} == {
        "340202": "芜湖市镜湖区", "3402": "芜湖市", "WAIT_DATA": "等待部门数据更新",
        "medical_self_pay": "个人自付医疗费用超过所属类别标准", "confirmed": "情况属实",
    }  # fmt: skip
    assert called["WAIT_DATA"]["en"] == "newer data are on their way"
    assert page(auditor, action="alert.claimed")["called"] == {}
