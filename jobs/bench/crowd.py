"""Fifty people at their desks over HTTP: what each does, how long each waits, and what came back that should not."""

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from uuid import uuid4

from monitor.service import today

USERS = 50
THINKS = (1.0, 5.0)
"""Seconds that somebody looks at an answer before the next request: evenly between these, as locust has it."""
_WRITES = 0.2
_AT = (50, 95, 99)


@dataclass
class Waits:
    """Seconds that each request waited for its answer, and how many were not answered as they should be."""

    read: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return len(self.read) + len(self.write)

    def said(self, name: str) -> dict[str, Any]:
        """Return counts and milliseconds under names that begin with ``name``."""
        found: dict[str, Any] = {f"{name}_errors": self.errors}
        for kind, waited in (("read", self.read), ("write", self.write)):
            found[f"{name}_{kind}s"] = len(waited)
            if len(waited) > 1:
                cuts = quantiles(waited, n=100, method="inclusive")
                found |= {f"{name}_{kind}_p{at}_ms": round(cuts[at - 1] * 1000, 1) for at in _AT}
        return found


@dataclass
class Crowd:
    """Who asks: a worker's token, the alerts that are worked on, the port of the API; ``waits`` is where it is noted.

    A request counts where it began: whoever puts other ``waits`` here begins another measurement.
    """

    port: int
    token: str
    alerts: Sequence[str]
    waits: Waits = field(default_factory=Waits)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def users(self) -> int:
        """Fifty, or fewer where there are few alerts: no office follows up the same one every other second."""
        return max(1, min(USERS, len(self.alerts) // 20))

    def come(self) -> list[threading.Thread]:
        """Let everybody come and sit down, each at a moment of their own, and work until it is over."""
        people = [threading.Thread(target=self._work, args=(seed,)) for seed in range(self.users)]
        for one in people:
            one.start()
        return people

    def _work(self, seed: int) -> None:
        """Read and write like a person at a desk, until it is over; the first thought is of any length."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        think = chance.uniform(0, THINKS[1])
        while not self.over.wait(think):
            self._act(line, chance)
            think = chance.uniform(*THINKS)
        line.close()

    def _act(self, line: http.client.HTTPConnection, chance: random.Random) -> None:
        """Look at the queue or at an alert; or record a visit to one that was looked at just before."""
        writes, alert, version = chance.random() < _WRITES, chance.choice(self.alerts), ""
        if writes:
            version = self._timed(line, ("GET", f"/api/v1/alerts/{alert}", None, ""))
            if not version:
                return
            visit = {"id": str(uuid4()), "visited_on": today().isoformat(), "way": "phone", "finding": "unreachable"}
            self._timed(line, ("POST", f"/api/v1/alerts/{alert}/follow-ups", json.dumps(visit), version))
            return
        self._timed(line, ("GET", chance.choice(("/api/v1/alerts", f"/api/v1/alerts/{alert}")), None, ""))

    def _timed(self, line: http.client.HTTPConnection, asked: tuple[str, str, str | None, str]) -> str:
        """Ask, note how long it took, and return the answer's version; that somebody was quicker (412) is an answer."""
        verb, path, body, version = asked
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "If-Match": version}
        waits, began, tag = self.waits, time.perf_counter(), ""
        try:
            line.request(verb, path, body, head if version else {key: head[key] for key in list(head)[:2]})
            answer = line.getresponse()
            answer.read()
            well, tag = answer.status in ((201, 412) if version else (200,)), answer.headers.get("ETag", "")
        except (OSError, http.client.HTTPException):
            line.close()
            well = False
        (waits.write if version else waits.read).append(time.perf_counter() - began)
        waits.errors += not well
        return tag
