"""What is kept of every request: how long it took, by the template of its route, and one line in the log."""

import logging
import time
import uuid

from api.guard import REQUEST, Asgi, Message, Receive, Send
from monitor import logs, metrics

NOWHERE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger(__name__)


class Observe:
    """Wraps the application: times each answer. The address itself is never kept: it may hold a name."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope[REQUEST] = uuid.uuid4()
        with logs.bound(request=scope[REQUEST]):
            try:
                await self._app(scope, receive, noting)
            finally:
                _keep(scope, status, time.perf_counter() - began)


def _keep(scope: Message, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    route = getattr(scope.get("route"), "path", NOWHERE)
    metrics.REQUESTS.labels(method, route, f"{status // 100}xx").observe(seconds)
    said = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
    _log.log(logging.ERROR if status >= 500 else logging.INFO, "request answered", extra=said)
