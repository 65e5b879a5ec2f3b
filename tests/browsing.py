"""Test clients that share one event loop: one begun for each request costs as much as an answer."""

from contextlib import ExitStack
from functools import cache
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi.testclient import TestClient

_OPEN = ExitStack()


@cache
def _loop() -> BlockingPortal:
    return _OPEN.enter_context(start_blocking_portal())


def close() -> None:
    """End the loop; no client asks afterwards."""
    _OPEN.close()


class Browser(TestClient):
    """A client that never starts or stops its application, and asks it on the loop of all."""

    def __init__(self, app: Any, **how: Any) -> None:
        super().__init__(app, **how)
        self.portal = _loop()
