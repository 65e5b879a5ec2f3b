"""The way to a route by what its address begins with: a few are tried for a request instead of all before it."""

from collections.abc import Iterable
from typing import Any

from starlette._utils import get_route_path
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

_BEGINNING = 4
"""Parts of an address that say where it lies: nothing before the first slash, api, v1, and what it is about."""
_WAY = "lowincome.way"


class Ways(BaseRoute):
    """Stands before ``routes`` and finds the first that would take a request; what none takes it leaves to them."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._anywhere: list[Route] = []
        self._known: dict[tuple[int, tuple[str, ...]], list[Route]] = {}
        for route in routes:
            if isinstance(route, Route):
                self._lay(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the first whole match, as if each route had been asked in its order."""
        if scope["type"] == "http":
            for route in self._known.get(_place(get_route_path(scope)), self._anywhere):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, {**found, _WAY: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that was found answer."""
        route: Route = scope.pop(_WAY)
        await route.handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Know no address: the routes behind do."""
        raise NoMatchFound(name, path_params)

    def _lay(self, route: Route) -> None:
        place = _place(route.path)
        if ":" in route.path or any("{" in part for part in place[1]):  # it may lie anywhere
            for others in self._known.values():
                others.append(route)
            self._anywhere.append(route)
            return
        self._known.setdefault(place, [*self._anywhere]).append(route)


def _place(path: str) -> tuple[int, tuple[str, ...]]:
    parts = path.split("/")
    return len(parts), tuple(parts[:_BEGINNING])
