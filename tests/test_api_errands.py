"""A request is one errand: one thread, a known number of statements, and let go before the answer."""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from desks import OTHER_COUNTY, raised, signed_in
from factories import FIRES, VILLAGE
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import event

from api.app import create_app
from api.errands import Errand
from monitor.service import Service

RED = {"illness": FIRES}
FOR_A_PAGE, FOR_A_CHANGE = 8, 12
NO_WORK = ("BEGIN", "SELECT set_config")


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
