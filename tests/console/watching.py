"""What no page may do, whatever a test is about: call elsewhere, complain, break its rules, let people be known."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from canaries import NUMBER
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError
from served import Served

# A refusal and a lost network are things that tests bring about; a server that fails is never one.
_BROUGHT_ABOUT = re.compile(
    r"Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_(INTERNET_DISCONNECTED|FAILED))"
)
_OWN = ("127.0.0.1", "localhost")
_STORED = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.title, document.cookie])"


@dataclass
class Watch:
    """Listens to every page of every context; what it heard is told at the end of the test."""

    service: Served
    heard: list[str] = field(default_factory=list)
    excused: list[re.Pattern[str]] = field(default_factory=lambda: [_BROUGHT_ABOUT])
    contexts: list[BrowserContext] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Listen to ``context`` from here on."""
        self.contexts.append(context)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._threw)

    def excuse(self, pattern: str) -> None:
        """Let complaints pass that a test brings about itself: say so in the test, and why."""
        self.excused.append(re.compile(pattern))

    def personal(self, text: str) -> list[str]:
        """Return what in ``text`` tells who somebody is: a full name, or a number of the made-up people."""
        said = unquote(text)
        return [name for name in self.service.names if name in said] + NUMBER.findall(said)

    def settle(self) -> list[str]:
        """Look at what the pages that are still open keep, and return everything that must not have been."""
        for page in [page for context in self.contexts for page in context.pages]:
            self._keeps(page)
        return sorted(set(self.heard))

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in _OWN:
            self.heard.append(f"a request left the origin: {request.url}")
        if self.personal(request.url):
            self.heard.append(f"personal data in an address: {address.path}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.heard.append(f"{response.status} for {response.request.method} {urlsplit(response.url).path}")

    def _said(self, message: ConsoleMessage) -> None:
        if self.personal(message.text):
            self.heard.append("personal data on the browser's console")
        bad = message.type in ("error", "warning", "assert")
        if bad and not any(pattern.search(message.text) for pattern in self.excused):
            self.heard.append(f"console {message.type}: {message.text[:400]}")

    def _threw(self, error: WebError) -> None:
        said = str(error.error)
        if not any(pattern.search(said) for pattern in self.excused):
            self.heard.append(f"uncaught: {said[:400]}")

    def _keeps(self, page: Page) -> None:
        if page.is_closed() or not page.url.startswith("http"):
            return
        if self.personal(page.evaluate(_STORED)):
            self.heard.append(f"personal data kept without protection by {urlsplit(page.url).path}")


def lines_of_log(service: Served, personal: Callable[[str], Sequence[str]]) -> list[str]:
    """Return what in the service's own log must not be there: a failure, or who somebody is."""
    said = service.log.read_text(encoding="utf-8")
    failures = [line[:400] for line in said.splitlines() if "Traceback" in line or '"level": "error"' in line]
    return failures + ["personal data in the service's log"] * bool(personal(said))
