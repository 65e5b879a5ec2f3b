"""How a request is carried out: what it depends on, its work and its commit, all in one thread and one go.

The framework hands each dependency, the work and each exit to a thread of its own: a dozen hand-overs for a change,
and at each the loop waits for whatever thread computes just then. Work that is a coroutine stays with the framework.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from anyio.to_thread import run_sync
from fastapi import HTTPException, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

_BODILESS = frozenset({"GET", "HEAD"})
_held: ContextVar[ExitStack] = ContextVar("lowincome_errand")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Errand(APIRoute):
    """A route whose request is handed to a thread once; what its dependencies hold is let go before the answer."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request; its dependencies and its work must not await anything but the body."""
        if inspect.iscoroutinefunction(self.endpoint):
            return super().get_route_handler()
        _tie(self.dependant)
        carry = super().get_route_handler()

        async def handed(request: Request) -> Response:
            if request.method not in _BODILESS:
                await _read(request)
            return await run_sync(_carried_out, carry, request)

        return handed


def meant(call: Callable[..., Any] | None) -> Any:
    """Return the dependency or the work that stands in a route, as it was written."""
    return getattr(call, "lowincome_meant", call)


async def _read(request: Request) -> None:
    try:
        await request.body()
    except ClientDisconnect:
        raise HTTPException(400) from None


def _carried_out(carry: Handler, request: Request) -> Response:
    with ExitStack() as held:
        _held.set(held)
        return _result(carry(request))


def _result(work: Coroutine[Any, Any, Response]) -> Response:
    """Run what never waits, without a loop; a route that does wait must not be an errand."""
    try:
        work.send(None)
    except StopIteration as done:
        found: Response = done.value
        return found
    work.close()
    raise RuntimeError("an errand waited for something")


def _tie(dependant: Dependant) -> None:
    if dependant.call is not None:
        dependant.call = _tied(dependant.call)
    for inner in dependant.dependencies:
        _tie(inner)


@functools.cache
def _tied(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``call`` as a coroutine function: the framework then runs it where it stands, and once for a request."""
    if inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__):
        return call
    steps = contextmanager(call) if inspect.isgeneratorfunction(call) else None

    async def tied(**given: Any) -> Any:
        return call(**given) if steps is None else _held.get().enter_context(steps(**given))

    tied.lowincome_meant = call  # type: ignore[attr-defined]
    return tied
