"""Watches a whole run of the tests for made-up ID numbers where none may be: ``LOWINCOME_CANARIES=1 ./lowincome test``.

Every made-up person has a number of an area that was never given out, so any of them found in a log line, an error's
body, the metrics, or a file of an installation (its database, its lake, backups, what an upload left) fails the test
that let it out.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.logs import Json

NUMBER = re.compile(r"34029[89](?:19|20)\d{9}[\dXx]")
_BYTES = re.compile(NUMBER.pattern.encode())
HOMES = ("var", "home")
MOST_BYTES = 64 << 20


class Canaries(logging.Handler):
    """The watch: hears every log line, reads every refusal, looks through every installation a test leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.setFormatter(Json())

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a line as it would be written."""
        if NUMBER.search(self.format(record)):
            self.seen.append(f"a log line of {record.name}:{record.lineno}")

    def answered(self, response: httpx.Response) -> None:
        """Look at a refusal, or at the metrics."""
        if response.status_code >= 400 or response.request.url.path == "/metrics":
            if NUMBER.search(response.read().decode("utf-8", "replace")):
                self.seen.append(f"the answer to {response.request.method}, {response.status_code}")
            if NUMBER.search(str(response.request.url)):
                self.seen.append("an address that was asked for")

    def looked_through(self, folder: Path) -> None:
        """Look through every file of an installation."""
        for path in folder.rglob("*"):
            with suppress(OSError):  # gone meanwhile
                if path.is_file() and path.stat().st_size < MOST_BYTES and _BYTES.search(path.read_bytes()):
                    self.seen.append(f"the file {path.relative_to(folder)}")

    def pytest_configure(self) -> None:
        """Begin to listen."""
        logging.getLogger().addHandler(self)
        plain = httpx.Client.send

        def heard(client: httpx.Client, *sent: Any, **how: Any) -> httpx.Response:
            response = plain(client, *sent, **how)
            if not how.get("stream"):
                self.answered(response)
            return response

        httpx.Client.send = heard  # type: ignore[method-assign]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Fail the test that let a number out."""
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        yield
        for name in HOMES if folder is not None else ():
            self.looked_through(Path(folder) / name)
        seen, self.seen = self.seen, []
        if seen:
            pytest.fail(f"an ID number of a made-up person was found in {sorted(set(seen))}")
