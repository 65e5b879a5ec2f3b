"""Deliveries sent over HTTP: by whom, whole or not at all, the same answer to the same bytes."""

import asyncio
import hashlib
import os
import time
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from drops import DAY, MEDICAL, as_csv, facts, people, settlements
from fastapi.testclient import TestClient

from api import guard, uploads
from api.app import create_app
from monitor import access, database
from monitor.service import Service, today

BODY = as_csv(people(10)).encode()
ASKED = {"feed": "household_register", "received_on": DAY.isoformat()}


def token(service: Service, role: str) -> str:
    with database.transaction(service.engine) as session:
        return access.add_worker(session, f"a {role}", region="00", role=role, by="test")[1]


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = f"Bearer {token(service, 'supervisor')}"
        yield opened


def left_over(service: Service) -> list[str]:
    return [path.name for path in service.settings.received.glob(".upload-*")]


def test_a_delivery_is_taken_in_and_the_same_bytes_get_the_same_answer(client: TestClient, service: Service) -> None:
    first = client.post("/api/v1/deliveries", params=ASKED, content=BODY)
    again = client.post("/api/v1/deliveries", params=ASKED, content=BODY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["good"]) == ("committed", 10)
    assert len(facts(service, "household_register")) == 10
    assert left_over(service) == []


def test_bytes_without_the_digest_stated_change_nothing(client: TestClient, service: Service) -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    cut = client.post("/api/v1/deliveries", params=ASKED | {"sha256": digest}, content=BODY[:-7])
    assert (cut.status_code, cut.headers["content-type"]) == (422, "application/problem+json")
    assert facts(service, "household_register") == []
    assert client.post("/api/v1/deliveries", params=ASKED | {"sha256": digest}, content=BODY).status_code == 201


def test_a_file_cut_off_before_it_was_sent_is_refused_unless_its_sender_vouches_for_it(
    client: TestClient, service: Service
) -> None:
    """209.44 cut to 209 is an amount like any other: nobody could tell."""
    asked = {"feed": "medical_settlements", "received_on": DAY.isoformat()}
    names = [*(name for name in MEDICAL if name != "self_pay"), "self_pay"]
    cut = as_csv(settlements(10), columns=names).encode()[:-4]
    client.post("/api/v1/deliveries", params=ASKED, content=BODY)
    refused = client.post("/api/v1/deliveries", params=asked, content=cut)
    assert (refused.status_code, refused.json()["receipt"]["status"]) == (422, "refused")
    assert facts(service, "medical_settlements") == []
    vouched = asked | {"sha256": hashlib.sha256(cut).hexdigest()}
    assert client.post("/api/v1/deliveries", params=vouched, content=cut).json()["status"] == "committed"


def test_a_count_of_rows_that_does_not_fit_is_a_problem_with_a_receipt_and_again_the_same(
    client: TestClient, service: Service
) -> None:
    asked = ASKED | {"rows": 11}
    first, again = (client.post("/api/v1/deliveries", params=asked, content=BODY) for _ in range(2))
    assert (first.status_code, first.headers["content-type"]) == (422, "application/problem+json")
    said = first.json()
    assert (said["type"], said["receipt"]["status"]) == ("urn:lowincome:problem:delivery", "refused")
    assert all("11 rows" in text for text in (said["detail"], said["faults"][0]["en"]))
    assert (again.status_code, again.json()) == (422, said)
    assert facts(service, "household_register") == []


@pytest.mark.parametrize("asked", [{}, {"feed": "../x"}, ASKED | {"ending": "exe"}, ASKED | {"mode": "all"}])
def test_a_call_that_makes_no_sense_is_a_problem(sqlite_service: Service, asked: dict[str, str]) -> None:
    with TestClient(create_app(sqlite_service)) as client:
        bearer = {"Authorization": f"Bearer {token(sqlite_service, 'supervisor')}"}
        assert client.post("/api/v1/deliveries", params=asked, content=BODY, headers=bearer).status_code == 422


def test_only_supervisors_and_services_send(client: TestClient, service: Service) -> None:
    for role in ("caseworker", "reviewer"):
        bearer = {"Authorization": f"Bearer {token(service, role)}"}
        assert client.post("/api/v1/deliveries", params=ASKED, content=BODY, headers=bearer).status_code == 403
    nobody = client.post("/api/v1/deliveries", params=ASKED, content=BODY, headers={"Authorization": "Bearer x"})
    assert nobody.status_code == 401
    assert facts(service, "household_register") == []


def test_a_body_over_the_limit_is_stopped_and_leaves_nothing(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(guard.LIMITS, "/api/v1/deliveries", 100_000)
    assert client.post("/api/v1/deliveries", params=ASKED, content=b"x" * 200_000).status_code == 413
    assert left_over(service) == []
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000)
    assert client.post("/api/v1/deliveries", params=ASKED, content=b"x" * 2_000).status_code == 413
    assert left_over(service) == []


def test_a_delivery_larger_than_other_bodies_passes(client: TestClient) -> None:
    body = as_csv(people(800)).encode()
    assert len(body) > guard.MOST_BYTES
    assert client.post("/api/v1/deliveries", params=ASKED, content=body).json()["good"] == 800


def test_what_a_killed_process_left_of_an_upload_is_destroyed(client: TestClient, service: Service) -> None:
    left = service.settings.received / ".upload-old"
    left.mkdir(parents=True)
    (left / "household_register.csv").write_bytes(BODY)
    os.utime(left, (time.time() - uploads.LEFT_OVER - 60,) * 2)
    client.post("/api/v1/deliveries", params=ASKED, content=BODY)
    assert left_over(service) == []


def test_a_file_held_here_and_sent_again_is_still_held(client: TestClient, service: Service) -> None:
    empty = as_csv([], columns=list(people(1)[0])).encode()
    first = client.post("/api/v1/deliveries", params=ASKED, content=empty).json()
    assert first["status"] == "held"
    assert client.post("/api/v1/deliveries", params=ASKED, content=empty).json() == first


def test_an_upload_of_a_day_to_come_is_refused_with_a_receipt(client: TestClient, service: Service) -> None:
    ahead = (today() + timedelta(days=2)).isoformat()
    answer = client.post("/api/v1/deliveries", params=ASKED | {"received_on": ahead}, content=BODY)
    assert (answer.status_code, answer.json()["receipt"]["status"]) == (422, "refused")
    assert "after today" in answer.json()["detail"]
    assert facts(service, "household_register") == []


def test_a_sender_that_breaks_off_is_no_failure_of_ours_and_leaves_nothing(sqlite_service: Service) -> None:
    """As a server hands it to the application: a piece of the body, then that the client is gone."""
    bearer = f"Bearer {token(sqlite_service, 'supervisor')}"
    coming = iter([{"type": "http.request", "body": BODY[:100], "more_body": True}, {"type": "http.disconnect"}])
    answered: list[MutableMapping[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/deliveries", "raw_path": b"/api/v1/deliveries", "root_path": "", "client": ("127.0.0.1", 1),
        "query_string": b"feed=household_register", "server": ("127.0.0.1", 80),
        "headers": [(b"authorization", bearer.encode()), (b"content-length", str(len(BODY)).encode())],
    }  # fmt: skip

    async def receive() -> MutableMapping[str, Any]:
        return next(coming)

    async def send(message: MutableMapping[str, Any]) -> None:
        answered.append(message)

    with ThreadPoolExecutor(1) as aside:  # a browser's test may have left its loop in this thread
        aside.submit(asyncio.run, create_app(sqlite_service)(scope, receive, send)).result()
    assert [one["status"] for one in answered if one["type"] == "http.response.start"] == [400]
    assert left_over(sqlite_service) == []
