"""What every answer carries and every request must keep to: headers, a size limit, no caching."""

import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

REQUEST = "lowincome.request"  # where a request's id stands in its scope
_INSTEAD = "lowincome.guards"  # and what its answer carries in place of the usual
MOST_BYTES = 64 * 1024
LIMITS = {
    "/api/v1/deliveries": 512 << 20,  # streamed to disk, never held
    "/api/v1/visits/import": 8 << 20,
    "/api/v1/visits/preview": 8 << 20,
    "/api/v1/photos": 8 << 20,
    "/api/v1/alerts/bulk/assign": 1 << 20,  # ten thousand ids
    "/api/v1/alerts/bulk/snooze": 1 << 20,
    "/api/v1/alerts/bulk/undo": 1 << 20,
}
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


class Guard:
    """Wraps the application: security headers on every answer, bodies of at most 64 KiB but for deliveries."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, taken = LIMITS.get(scope["path"], MOST_BYTES), 0
        usual = dict(guards(scope.get(REQUEST, uuid.uuid4())))

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413)
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                carried = usual | scope.get(_INSTEAD, {})
                theirs = [(name, value) for name, value in message["headers"] if name.lower() not in carried]
                message["headers"] = [*theirs, *carried.items()]
            await send(message)

        await self._app(scope, limited, guarded)


def guards(request: object) -> list[tuple[bytes, bytes]]:
    """Return the headers that every answer carries, the id of its ``request`` among them."""
    return [*_HEADERS, (b"x-request-id", str(request).encode())]


def instead(scope: MutableMapping[str, Any], **headers: str) -> None:
    """Let this answer carry ``headers`` in place of the usual guards; the others stay. For pages that people see."""
    said = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    scope[_INSTEAD] = scope.get(_INSTEAD, {}) | said
