"""Every route says which row of the policy it stands under; one that does not keeps the application from starting."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Route

from api.deps import May
from api.problems import forbidden

OPEN = frozenset({
    ("/healthz", "GET"), ("/readyz", "GET"), ("/api/v1/session", "POST"), ("/api/v1/invitations", "POST"),
    ("/api/v1/session/oidc", "GET"), ("/api/v1/session/oidc/callback", "GET"),
    ("/api/v1/packs/state", "POST"), ("/api/v1/packs/wiped", "POST"),
})  # fmt: skip


def declare(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Write each route's action into the description as ``x-action``, with the 403 that it can give.

    Refuses a route that declares none, or two, and is not among the few that anybody may call.
    """
    routers = list(routers)
    app.state.routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    actions = dict(action for router in routers for action in _actions(router))
    plain = app.openapi

    def described() -> dict[str, Any]:
        said = plain()
        for path, verbs in said["paths"].items():
            for verb, operation in verbs.items():
                if (path, verb) in actions:
                    operation["x-action"] = actions[path, verb]
                    operation["responses"].setdefault("403", forbidden())
        return said

    app.openapi = described  # type: ignore[method-assign]
    for path, verbs in shadowed(app.state.routes).items():
        app.router.routes.insert(0, Route(path, _not_here, methods=sorted(verbs), include_in_schema=False))


def shadowed(routes: Iterable[APIRoute]) -> dict[str, set[str]]:
    """Return, of each plain address, the methods that only a more general address takes: ``GET /alerts/search``.

    Such a request means the plain address, which does not take that method, and not an alert called search.
    """
    routes = list(routes)
    plain: dict[str, set[str]] = {}
    for route in routes:
        if "{" not in route.path:
            plain.setdefault(route.path, set()).update(route.methods or ())
    wider = [route for route in routes if "{" in route.path]
    found = {
        path: {verb for route in wider if route.path_regex.match(path) for verb in route.methods or ()} - verbs
        for path, verbs in plain.items()
    }
    return {path: verbs for path, verbs in found.items() if verbs}


def _not_here(_: Request) -> None:
    raise HTTPException(405)


def _actions(router: APIRouter) -> Iterator[tuple[tuple[str, str], str]]:
    for route in router.routes:
        if isinstance(route, APIRoute) and not {(route.path, verb) for verb in route.methods or ()} <= OPEN:
            found = set(_declared(route.dependant))
            if len(found) != 1:
                raise LookupError(f"{route.path} needs one dependencies=[may(...)], it has {sorted(found)}")
            action = found.pop()
            yield from (((route.path, verb.lower()), action) for verb in route.methods or ())


def _declared(dependant: Dependant) -> Iterator[str]:
    call = dependant.call
    if isinstance(call, May):
        yield call.action
    for inner in dependant.dependencies:
        yield from _declared(inner)
