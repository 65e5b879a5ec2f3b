"""Manners of a change: done once however often it is sent, and never on a version that is no longer there."""

import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient
from httpx import Response as Answered
from pydantic import BaseModel
from sqlalchemy import func, select, update

from api.app import create_app
from api.once import Doing, Expected
from monitor import access, answers, database
from monitor.errors import Stale
from monitor.service import Service
from monitor.tables import Answer, Outbox, utc_now

# A campaign: LOWINCOME_KEYS=200 LOWINCOME_TIMES=50.
KEYS, TIMES = int(os.environ.get("LOWINCOME_KEYS", "12")), int(os.environ.get("LOWINCOME_TIMES", "8"))
KEY = {"Idempotency-Key": "3f9a2c51-0000-4000-8000-000000000001"}


class Told(BaseModel):
    what: str


class Row(BaseModel):
    id: int
    what: str
    version: int = 4


def a_door(wait: threading.Event | None = None) -> APIRouter:
    """A door whose only work is a row in the outbox."""
    router = APIRouter()

    @router.post("/tell/{name}", response_model=Row, status_code=201)
    def tell(name: str, told: Told, once: Doing) -> Response:
        def work() -> Row:
            if told.what == "wait" and wait is not None:
                wait.wait(timeout=20)
            row = Outbox(kind="test", subject=name, payload={"what": told.what})
            once.session.add(row)
            once.session.flush()
            if told.what == "stale":
                raise Stale(7)
            return Row(id=row.id, what=told.what)

        return once.answer(work, status=201)

    @router.put("/version")
    def put(expected: Expected) -> int:
        return expected

    return router


def opened(service: Service, wait: threading.Event | None = None) -> tuple[FastAPI, TestClient]:
    app = create_app(service)
    app.include_router(a_door(wait))
    client = TestClient(app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {token(service, '林干事')}"
    return app, client


def token(service: Service, name: str) -> str:
    with database.transaction(service.engine) as session:
        return access.add_worker(session, name, region="00", by="test")[1]


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with opened(service)[1] as client:
        yield client


def told(service: Service) -> int:
    with database.reading(service.engine) as session:
        return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.kind == "test")) or 0


def send(client: TestClient, what: str = "a", name: str = "one", **headers: str) -> Answered:
    return client.post(f"/tell/{name}", json={"what": what}, headers=headers)


def test_a_request_sent_twice_is_done_once_and_answered_byte_for_byte_alike(
    client: TestClient, service: Service
) -> None:
    first, second = send(client, **KEY), send(client, **KEY)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (first.headers["ETag"], second.headers["ETag"]) == ('"4"', '"4"')
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert told(service) == 1


def test_without_a_key_every_request_is_its_own(client: TestClient, service: Service) -> None:
    assert [send(client).status_code for _ in range(2)] == [201, 201]
    assert told(service) == 2


def test_the_same_key_with_other_contents_or_another_path_is_refused(client: TestClient, service: Service) -> None:
    send(client, **KEY)
    for again in (send(client, "b", **KEY), send(client, name="two", **KEY)):
        assert (again.status_code, "Idempotency-Key" in again.json()["detail_zh"]) == (422, True)
    assert told(service) == 1


def test_the_same_key_of_another_worker_is_another_request(client: TestClient, service: Service) -> None:
    other = {"Authorization": f"Bearer {token(service, '方干事')}"}
    assert [send(client, **KEY).status_code, send(client, **KEY, **other).status_code] == [201, 201]
    assert told(service) == 2


def test_a_refused_request_keeps_no_answer_and_may_be_sent_again(client: TestClient, service: Service) -> None:
    refused = send(client, "stale", **KEY)
    assert (refused.status_code, refused.headers["ETag"], told(service)) == (412, '"7"', 0)
    with database.reading(service.engine) as session:
        assert session.scalars(select(Answer)).all() == []
    assert send(client, "a", **KEY).status_code == 201


def test_while_it_is_under_way_the_same_request_is_told_to_wait(service: Service) -> None:
    gate = threading.Event()
    with opened(service, gate)[1] as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, client, "wait", **KEY)
        while not answers._under_way:
            assert not first.done()
        second = send(client, "wait", **KEY)
        gate.set()
        assert (second.status_code, second.headers["Retry-After"]) == (409, "1")
        assert first.result().status_code == 201
        assert send(client, "wait", **KEY).content == first.result().content
    assert told(service) == 1


def test_in_another_process_too_it_is_told_to_wait(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite the other process holds the one write lock until it has answered")
    asked = answers.Asked("w", "POST /x", "key-0001", "d")
    with database.transaction(service.engine) as one, database.transaction(service.engine) as other:
        assert answers.find(one, asked, keyring=service.keyring) is None
        with pytest.raises(answers.InFlight):
            answers.find(other, asked, keyring=service.keyring)


def test_many_at_once_with_few_keys_do_each_once(client: TestClient, service: Service) -> None:
    keys = [f"key-number-{number}" for number in range(KEYS)]

    def stubborn(key: str) -> bytes:
        for _ in range(2000):
            answer = send(client, "a", **{"Idempotency-Key": key})
            if answer.status_code == 201:
                return answer.content
            assert answer.status_code == 409
        raise AssertionError("never answered")

    with ThreadPoolExecutor(max(16, TIMES)) as pool:
        said = list(pool.map(stubborn, keys * TIMES))
    assert len(set(said)) == len(keys)
    assert told(service) == len(keys)


def test_after_seven_days_a_key_is_forgotten(client: TestClient, service: Service) -> None:
    send(client, **KEY)
    old = utc_now() - answers.KEPT - timedelta(seconds=1)
    with database.transaction(service.engine) as session:
        session.execute(update(Answer).values(made_at=old))
    assert send(client, "b", **KEY).status_code == 201
    with database.transaction(service.engine) as session:
        assert answers.forget(session, now=utc_now()) == 0
        session.execute(update(Answer).values(made_at=old))
        assert answers.forget(session, now=utc_now()) == 1


def test_what_is_kept_of_an_answer_cannot_be_read_in_the_database(client: TestClient, service: Service) -> None:
    send(client, "张三丰一家", **KEY)
    with database.reading(service.engine) as session:
        kept = session.scalars(select(Answer)).one()
    assert "张三丰一家".encode() not in kept.body


@pytest.mark.parametrize("key", ["short", "with space in it", "x" * 129])
def test_a_key_that_is_none_is_a_problem(client: TestClient, key: str) -> None:
    assert send(client, **{"Idempotency-Key": key}).status_code == 422


def test_a_change_says_on_which_version_it_rests(client: TestClient) -> None:
    missing = client.put("/version")
    assert (missing.status_code, "If-Match" in missing.json()["detail"]) == (428, True)
    assert client.put("/version", headers={"If-Match": '"12"'}).json() == 12
    for wrong in ("12", "*", 'W/"12"', f'"{uuid.uuid4()}"'):
        assert client.put("/version", headers={"If-Match": wrong}).status_code == 422
