"""A request is one errand: one thread, a known number of statements, and let go before the answer."""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from desks import OTHER_COUNTY, as_person, raised, signed_in
from factories import FIRES, VILLAGE
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from api.app import create_app
from api.errands import Errand
from monitor import database
from monitor.access import sessions
from monitor.service import Service
from monitor.tables import SignIn

RED = {"illness": FIRES}
FOR_A_PAGE, FOR_A_CHANGE = 8, 12
NO_WORK = ("BEGIN", "SELECT set_config", "COMMIT")


def door(steps: list[tuple[str, int]]) -> APIRouter:
    router = APIRouter(route_class=Errand)

    def note(what: str) -> None:
        steps.append((what, threading.get_ident()))

    def plain() -> str:
        note("plain")
        return "plain"

    def held(before: Annotated[str, Depends(plain)]) -> Iterator[str]:
        note("opened")
        try:
            yield before
        except ValueError:
            note("undone")
            raise
        note("committed")

    Held = Annotated[str, Depends(held, scope="function")]  # noqa: N806 - a type

    @router.post("/work")
    def work(one: Held, again: Annotated[str, Depends(plain)], body: dict[str, int]) -> dict[str, Any]:
        note("worked")
        return {"same": one is again, "body": body}

    @router.get("/fails")
    def fails(_: Held) -> None:
        raise ValueError

    return router


async def rest() -> None:
    await asyncio.sleep(0.01)


def waiting() -> APIRouter:
    router = APIRouter(route_class=Errand)

    @router.get("/waits")
    def waits(_: Annotated[None, Depends(rest)]) -> str:
        return "never"

    @router.get("/loop")
    async def loop(request: Request) -> int:
        await asyncio.sleep(0)
        return len(request.url.path)

    return router


def test_a_request_is_carried_out_in_one_thread_and_committed_before_it_is_answered() -> None:
    steps: list[tuple[str, int]] = []
    app = FastAPI()
    app.router.routes += door(steps).routes
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/work", json={"a": 1})
        assert answer.json() == {"same": True, "body": {"a": 1}}
        assert [what for what, _ in steps] == ["plain", "opened", "worked", "committed"]
        assert len({thread for _, thread in steps}) == 1
        assert steps[0][1] != threading.get_ident()
        steps.clear()
        assert client.get("/fails").status_code == 500
        assert [what for what, _ in steps] == ["plain", "opened", "undone"]


def test_work_that_is_a_coroutine_stays_with_the_loop_and_an_errand_may_not_wait() -> None:
    app = FastAPI()
    app.router.routes += waiting().routes
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/loop").json() == 5
        assert client.get("/waits").status_code == 500


def test_every_route_whose_work_is_no_coroutine_is_an_errand(sqlite_service: Service) -> None:
    routes = create_app(sqlite_service).state.routes
    assert len(routes) > 80
    others = {route.path for route in routes if not isinstance(route, Errand)}
    assert others == set()
    assert {route.path for route in routes if inspect.iscoroutinefunction(route.endpoint)} == {
        "/api/v1/deliveries", "/api/v1/visits/import", "/api/v1/visits/preview",
    }  # fmt: skip


@pytest.fixture
def asked(service: Service) -> Iterator[list[str]]:
    said: list[str] = []

    def note(*run: Any) -> None:
        if not run[2].startswith(NO_WORK):
            said.append(run[2])

    event.listen(service.engine, "before_cursor_execute", note)
    yield said
    event.remove(service.engine, "before_cursor_execute", note)


def test_a_page_of_the_queue_costs_few_statements_for_whoever_asks(service: Service, asked: list[str]) -> None:
    raised(service, [RED] * 12)
    raised(service, [RED], region=OTHER_COUNTY, start=50)
    numbers = {}
    for role, region, seen in (
        ("assistant", VILLAGE, 12), ("caseworker", VILLAGE[:9], 12), ("reviewer", VILLAGE[:6], 12),
        ("supervisor", VILLAGE[:4], 13),
    ):  # fmt: skip
        client = signed_in(service, role, role=role, region=region)
        client.get("/api/v1/alerts")
        asked.clear()
        assert len(client.get("/api/v1/alerts").json()["items"]) == seen
        numbers[role] = len(asked)
    assert len(set(numbers.values())) == 1
    assert max(numbers.values()) <= FOR_A_PAGE


def test_a_change_of_an_alert_costs_few_statements(service: Service, asked: list[str]) -> None:
    alert = raised(service, [RED])[0]
    client = signed_in(service, "林干事")
    client.get("/api/v1/alerts")
    asked.clear()
    taken = client.post(f"/api/v1/alerts/{alert}/claim", headers={"If-Match": '"1"'})
    assert taken.status_code == 200
    assert len(asked) <= FOR_A_CHANGE


@pytest.fixture
def taken(service: Service) -> Iterator[list[int]]:
    """How many connections were out with each that was taken."""
    said: list[int] = []

    def note(*_: Any) -> None:
        said.append(service.engine.pool.checkedout())  # type: ignore[attr-defined]

    event.listen(service.engine.pool, "checkout", note)
    yield said
    event.remove(service.engine.pool, "checkout", note)


def test_whoever_asks_is_found_out_and_answered_on_one_connection(service: Service, taken: list[int]) -> None:
    alert = raised(service, [RED])[0]
    client = signed_in(service, "林干事")
    client.get("/api/v1/alerts")
    for verb, path, status in (
        ("GET", "/api/v1/alerts", 200), ("GET", f"/api/v1/alerts/{alert}", 200),
        ("POST", f"/api/v1/alerts/{alert}/claim", 200), ("GET", "/api/v1/visits/catalogue", 200),
    ):  # fmt: skip
        taken.clear()
        assert client.request(verb, path, headers={"If-Match": '"1"'}).status_code == status
        assert len(taken) == 1
        assert service.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_that_a_person_was_seen_is_noted_on_the_same_connection(service: Service, taken: list[int]) -> None:
    raised(service, [RED])
    client, sign_in = as_person(service, "林干事")
    client.get("/api/v1/alerts")
    with database.transaction(service.engine) as session:
        before = session.get_one(SignIn, sign_in)
        before.seen_at -= 2 * sessions.NOTED_EVERY
        long_ago = before.seen_at
    taken.clear()
    assert len(client.get("/api/v1/alerts").json()["items"]) == 1
    assert len(taken) == 1
    with database.reading(service.engine) as session:
        assert session.scalar(select(SignIn.seen_at).where(SignIn.id == sign_in)) > long_ago


def test_who_is_refused_holds_no_connection(service: Service, taken: list[int]) -> None:
    client = signed_in(service, "林干事")
    client.headers["Authorization"] = "Bearer nobody"
    for path in ("/api/v1/alerts", "/api/v1/session"):
        assert client.get(path).status_code == 401
    del client.headers["Authorization"]
    assert client.get("/api/v1/alerts").status_code == 401
    auditor = signed_in(service, "周审计", role="auditor")
    assert auditor.get("/api/v1/alerts").status_code == 403
    assert max(taken) == 1
    assert service.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
