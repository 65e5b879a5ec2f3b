"""Held deliveries over HTTP: let in or turned away by a person with a reason, once, and never by a machine."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from drops import DAY, as_csv, facts, people, settlements
from fastapi.testclient import TestClient
from sqlalchemy import select
from test_api_uploads import token

from api.app import create_app
from monitor import database
from monitor.service import Service
from monitor.tables import AuditEntry, Delivery

WHY = "已与医保局核对，本批属实"
EMPTY = as_csv(settlements(1)).splitlines()[0] + "\n"


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = f"Bearer {token(service, 'supervisor')}"
        yield opened


@pytest.fixture
def held(client: TestClient) -> str:
    send(client, "household_register", as_csv(people(10)))
    receipt = send(client, "medical_settlements", EMPTY)
    assert receipt["status"] == "held"
    return str(receipt["delivery"])


def send(client: TestClient, feed: str, text: str) -> Any:
    asked = {"feed": feed, "received_on": DAY.isoformat()}
    return client.post("/api/v1/deliveries", params=asked, content=text.encode()).json()


def decide(client: TestClient, delivery: str, verdict: str, **headers: str) -> Any:
    body = {"verdict": verdict, "why": WHY}
    return client.post(f"/api/v1/deliveries/{delivery}/decision", json=body, headers=headers)


def waiting(client: TestClient) -> list[str]:
    feeds = client.get("/api/v1/feeds", params={"as_of": DAY.isoformat()}).json()
    return [one["delivery"] for feed in feeds for one in feed["held"]]


def test_a_held_delivery_is_let_in_once_with_the_reason_in_its_record(
    client: TestClient, service: Service, held: str
) -> None:
    assert waiting(client) == [held]
    answer = decide(client, held, "release")
    assert (answer.status_code, answer.json()["status"]) == (200, "committed")
    assert waiting(client) == []
    assert decide(client, held, "release").status_code == 409
    with database.reading(service.engine) as session:
        kept = session.get_one(Delivery, uuid.UUID(held))
        assert kept.decided_why == WHY
        assert (
            kept.decided_by
            == session.scalars(select(AuditEntry.by).where(AuditEntry.action == "delivery.released")).one()
        )


def test_a_delivery_turned_away_leaves_nothing(client: TestClient, service: Service, held: str) -> None:
    assert decide(client, held, "reject").json()["status"] == "rejected"
    assert (waiting(client), facts(service, "medical_settlements")) == ([], [])
    assert decide(client, held, "release").status_code == 409
    again = send(client, "medical_settlements", EMPTY)
    assert (again["status"], again["delivery"] != held) == ("held", True)


def test_no_machine_and_no_clerk_decides_and_what_is_not_there_is_not_found(
    client: TestClient, service: Service, held: str
) -> None:
    for role in ("service", "caseworker", "reviewer"):
        answer = decide(client, held, "release", Authorization=f"Bearer {token(service, role)}")
        assert answer.status_code == 403
    assert decide(client, str(uuid.uuid4()), "reject").status_code == 404
    short = client.post(f"/api/v1/deliveries/{held}/decision", json={"verdict": "release", "why": "好"})
    assert short.status_code == 422
    assert waiting(client) == [held]


def test_the_faulty_rows_of_a_delivery_come_as_a_list(client: TestClient, held: str) -> None:
    rows = settlements(20)
    bad = send(client, "medical_settlements", as_csv([*rows[:-1], dict(rows[-1]) | {"settled_on": "昨天"}]))
    assert bad["errors"] == 1
    answer = client.get(f"/api/v1/deliveries/{bad['delivery']}/errors")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/csv")
    assert "settled_on" in answer.content.decode("utf-8-sig")
    assert client.get(f"/api/v1/deliveries/{held}/errors").status_code == 404
