"""How a request is carried out: what it depends on, its work and its commit, all in one thread and one go.

The framework hands each dependency, the work and each exit to a thread of its own: a dozen hand-overs for a change,
and at each the loop waits for whatever thread computes just then. Work that is a coroutine stays with the framework.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from typing import Annotated, Any

from fastapi import Body, HTTPException, Request, Response
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.steps import ASKS, HELD, Sent, Steps, settled

_BODILESS = frozenset({"GET", "HEAD"})
_HANDS = ThreadPoolExecutor(40, thread_name_prefix="errand")
"""As many at once as the framework lets run; it passes the loop once more than needed to give one something to do."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Errand(APIRoute):
    """A route whose request is handed to a thread once; what its dependencies hold is let go before the answer."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request; its dependencies and its work must not await anything but the body."""
        if inspect.iscoroutinefunction(self.endpoint):
            return super().get_route_handler()
        carry = self._laid_out()

        async def handed(request: Request) -> Response:
            if request.method not in _BODILESS:
                await _read(request)
            carried = asyncio.get_running_loop().run_in_executor(
                _HANDS, copy_context().run, _carried_out, carry, request
            )
            return await carried

        return handed

    def _laid_out(self) -> Handler:
        """The framework's own handler, reading and answering as ever, with all that it depends on as one call."""
        tree, embedded = self.dependant, self._embed_body_fields
        steps = Steps(tree, embedded=embedded)

        async def work(request: Request, response: Response, body: Annotated[Any, Body()] = Sent.NOTHING) -> Any:
            request.scope[ASKS] = steps.calls
            return steps.go(request, response, body, request.scope[HELD])

        try:
            self.dependant, self._embed_body_fields = get_dependant(path=self.path_format, call=work), False
            return super().get_route_handler()
        finally:
            self.dependant, self._embed_body_fields = tree, embedded


async def _read(request: Request) -> None:
    try:
        await request.body()
    except ClientDisconnect:
        raise HTTPException(400) from None


def _carried_out(carry: Handler, request: Request) -> Response:
    with ExitStack() as held:
        request.scope[HELD] = held
        answer: Response = settled(carry(request))
        return answer
