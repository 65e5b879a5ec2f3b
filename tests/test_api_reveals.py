"""Revealing a personal field: one at a time, for a reason, within the region and the day's quota, never unaudited."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from factories import register
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from monitor import access, anchors, audit, database
from monitor.service import Service
from monitor.tables import AuditEntry, Person, Reveal

PHONE = "10012345678"
SENT = {"field": "phone", "reason_code": "CONTACT", "why": "约定入户时间"}
PATH = "/api/v1/households/H000001/members/{}/reveal"


@pytest.fixture
def city(service: Service) -> Service:
    """One household with a name and a phone, and room for three reveals a day."""
    limited = replace(service, settings=replace(service.settings, reveals_a_day=3))
    with database.transaction(service.engine) as session:
        register(session)
        person = session.scalars(select(Person)).one()
        person.name = service.keyring.encrypt("张三丰", about="people.name")
        person.phone = service.keyring.encrypt(PHONE, about="people.phone")
    return limited


@pytest.fixture
def client(city: Service) -> Iterator[TestClient]:
    with TestClient(create_app(city), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = f"Bearer {token(city, '林干事')}"
        yield opened


def token(service: Service, name: str, *, region: str = "00", role: str = "caseworker") -> str:
    with database.transaction(service.engine) as session:
        return access.add_worker(session, name, region=region, role=role, by="test")[1]


def revealed(service: Service) -> tuple[int, int]:
    with database.reading(service.engine) as session:
        told = select(func.count()).where(AuditEntry.action == "person.revealed")
        return session.scalar(select(func.count()).select_from(Reveal)) or 0, session.scalar(told) or 0


def test_one_field_is_told_and_written_down_with_who_what_and_why(client: TestClient, city: Service) -> None:
    answer = client.post(PATH.format(1), json=SENT)
    assert (answer.status_code, answer.json()["value"], answer.json()["left_today"]) == (200, PHONE, 2)
    assert answer.headers["cache-control"] == "no-store"
    with database.reading(city.engine) as session:
        row = session.scalars(select(Reveal)).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.revealed")).one()
        assert city.keyring.decrypt(row.why or b"", about="reveals.why") == "约定入户时间"
        assert (entry.subject, entry.by) == (str(row.id), str(row.worker_id))
        shown = {"field": "phone", "reason": "CONTACT", "person": row.person_id, "household": 1}
        assert entry.detail == shown | {"county": "340299"}
        assert PHONE not in str(entry.detail)
        assert list(audit.broken_links(session)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "bank"}, {"field": ["phone", "name"]}, {"reason_code": "CURIOUS"}, {"why": ""}, {"why": "a b"},
        {"why": "      "}, {"why": "字" * 201}, {"more": 1},
    ],
)  # fmt: skip
def test_without_a_reason_or_for_more_than_one_field_nothing_is_told(
    client: TestClient, city: Service, wrong: dict[str, object]
) -> None:
    answer = client.post(PATH.format(1), json=SENT | wrong)
    assert answer.status_code == 422
    assert PHONE not in answer.text
    assert revealed(city) == (0, 0)


def test_outside_the_region_a_household_is_as_absent_as_one_that_never_was(client: TestClient, city: Service) -> None:
    headers = {"Authorization": f"Bearer {token(city, '方干事', region='340203')}"}
    hidden = client.post(PATH.format(1), json=SENT, headers=headers)
    absent = client.post(PATH.replace("H000001", "H999999").format(1), json=SENT, headers=headers)
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert client.post(PATH.format(2), json=SENT).status_code == 404
    assert client.post(PATH.format(1), json=SENT | {"field": "id_no"}).status_code == 404
    assert revealed(city) == (0, 0)


@pytest.mark.parametrize("role", ["assistant", "administrator", "security", "auditor", "service"])
def test_a_role_without_the_right_is_told_nothing(client: TestClient, city: Service, role: str) -> None:
    headers = {"Authorization": f"Bearer {token(city, role, role=role)}"}
    assert client.post(PATH.format(1), json=SENT, headers=headers).status_code == 403
    assert revealed(city) == (0, 0)


def test_the_quota_of_a_day_holds_for_each_worker_and_says_when_it_ends(client: TestClient, city: Service) -> None:
    assert [client.post(PATH.format(1), json=SENT).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    spent = client.post(PATH.format(1), json=SENT)
    assert 0 < int(spent.headers["retry-after"]) <= 86_401
    assert PHONE not in spent.text
    assert revealed(city) == (3, 3)
    headers = {"Authorization": f"Bearer {token(city, '方干事')}"}
    assert client.post(PATH.format(1), json=SENT, headers=headers).status_code == 200


def test_many_at_once_do_not_get_more_than_the_quota(client: TestClient, city: Service) -> None:
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.post(PATH.format(1), json=SENT).status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 3 + [429] * 5
    assert revealed(city) == (3, 3)


def test_while_the_audit_cannot_be_anchored_nothing_is_told_and_masked_reading_goes_on(
    client: TestClient, city: Service
) -> None:
    city.settings.anchor.mkdir(parents=True)
    answer = client.post(PATH.format(1), json=SENT)
    assert (answer.status_code, "anchor" in answer.json()["detail"]) == (409, True)
    assert revealed(city) == (0, 0)
    assert client.get("/api/v1/alerts").status_code == 200


def test_a_reveal_is_part_of_the_chain_that_is_anchored(client: TestClient, city: Service) -> None:
    assert client.post(PATH.format(1), json=SENT).status_code == 200
    anchors.write(city, why="test")
    assert anchors.check(city).well
