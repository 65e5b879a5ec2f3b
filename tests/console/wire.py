"""What comes over the wire, and a wire as slow as a village's: through the browser's own debugger."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

BITS, LATENCY_MS, SLOWER = 1_600_000, 150, 4


@dataclass
class Wire:
    """Bytes as they came, headers included, by path."""

    came: dict[str, float] = field(default_factory=dict)

    @property
    def kilobytes(self) -> float:
        """All of it, in KB of 1,000 bytes."""
        return sum(self.came.values()) / 1000

    def of(self, ending: str) -> float:
        """What paths of one ending came to, in KB."""
        return sum(size for path, size in self.came.items() if path.endswith(ending)) / 1000


def listen(page: Page) -> Wire:
    """Count what ``page`` loads from here on."""
    wire, paths = Wire(), dict[str, str]()
    debugger = page.context.new_cdp_session(page)
    debugger.send("Network.enable")

    def asked(event: dict[str, Any]) -> None:
        paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def came(event: dict[str, Any]) -> None:
        path = paths.get(event["requestId"], "?")
        wire.came[path] = wire.came.get(path, 0) + event["encodedDataLength"]

    debugger.on("Network.requestWillBeSent", asked)
    debugger.on("Network.loadingFinished", came)
    return wire


@contextmanager
def village(page: Page) -> Iterator[None]:
    """Give ``page`` the wire and the processor of a cheap telephone in a village while the block works."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Network.enable")
    slow = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BITS / 8, "uploadThroughput": BITS / 8}
    debugger.send("Network.emulateNetworkConditions", slow)
    debugger.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    try:
        yield
    finally:
        debugger.detach()
