"""A way leads where asking each route in its order would; a plain page of a query is read as the framework reads it."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from fastapi.dependencies.utils import request_params_to_args
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route

from api.app import create_app
from api.errands import Errand
from api.steps import Steps
from api.ways import Ways
from monitor.service import Service

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PARTS = ("api", "v1", "alerts", "search", "next", "1f1d1c1b-0000-4000-8000-000000000001", "", "assets", "queue", "a\n")
QUERIES = (
    "", "limit=5", "limit=0", "limit=5&limit=7", "level=red&group=overdue", "level=purple", "cleared=true", "unknown=1",
    "unknown=1&unknown=2&level=red", "after=", "limit=x&owner=x", "Level=red",
)  # fmt: skip


def found(routes: Iterable[BaseRoute], scope: dict[str, Any]) -> tuple[Any, Any]:
    """The endpoint of the first route that takes a request whole, and what its address says."""
    for route in routes:
        match, said = route.matches(scope)
        if match is Match.FULL:
            return said["endpoint"], said["path_params"]
    return None, None


def asked(verb: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": verb, "path": path, "root_path": ""}


def nobody(_: Request) -> Response:
    return Response()


def test_each_request_is_led_where_asking_every_route_in_order_leads_it(sqlite_service: Service) -> None:
    ways, *routes = create_app(sqlite_service).router.routes
    assert isinstance(ways, Ways)
    addresses = {route.path for route in routes if isinstance(route, Route)}
    addresses |= {path.replace("{", "").replace("}", "") for path in addresses}
    addresses |= {f"{path}/" for path in addresses} | {f"{path}\n" for path in addresses}
    addresses |= {"/" + "/".join(some) for length in range(6) for some in product(PARTS, repeat=length) if length < 3}
    addresses |= {f"/api/v1/alerts/{one}{rest}" for one in PARTS for rest in ("", "/claim", "/notes", "/a/b")}
    taken = 0
    for verb, path in product(VERBS, sorted(addresses)):
        scope = asked(verb, path)
        led, straight = found([ways], scope), found(routes, scope)
        assert led in (straight, (None, None)), (verb, path)
        assert led == straight or path.endswith("\n"), (verb, path)
        taken += led != (None, None)
    assert taken > 300


def test_a_route_that_may_lie_anywhere_keeps_its_turn() -> None:
    def one(_: Request) -> Response:
        return Response()

    def two(_: Request) -> Response:
        return Response()

    before, anywhere, after = Route("/a/b", one), Route("/{rest:path}", nobody), Route("/a/c", two)
    for routes in ((before, anywhere, after), (after, before, anywhere), (anywhere, before, after)):
        for path in ("/a/b", "/a/c"):
            assert found([Ways(routes)], asked("GET", path)) == found(routes, asked("GET", path))
    with pytest.raises(NoMatchFound):
        Ways([before]).url_path_for("one")


def test_a_plain_page_of_a_query_is_read_as_the_framework_reads_it(sqlite_service: Service) -> None:
    pages = 0
    for route in create_app(sqlite_service).state.routes:
        assert isinstance(route, Errand)
        for step in Steps(route.dependant, embedded=route._embed_body_fields)._steps:
            for (place, read), fields in ((said, read_of(step.meant, route)) for said in step.said):
                if place != "query_params" or not fields:
                    continue
                pages += 1
                for query in QUERIES:
                    received = QueryParams(query)
                    assert read(received) == request_params_to_args(fields, received), (route.path, query)
    assert pages > 20


def read_of(call: Any, route: Errand) -> list[Any]:
    """The fields of a query that ``call`` takes, as the framework lays them out."""
    rest = [route.dependant]
    for one in rest:
        if one.call is call:
            return list(one.query_params)
        rest += one.dependencies
    return []
