"""The API while a night's scan runs: how long those wait who read and those who write, and whether all is answered."""

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import quantiles
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from monitor import access, database
from monitor.service import Service, today
from monitor.settings import Settings
from monitor.tables import Alert

USERS = 50
CALM_SECONDS = 5.0
_THINKS = (0.5, 1.5)
_WRITES = 0.2
_ALERTS = 2_000
_READY = 60.0


@dataclass
class Waits:
    """Seconds that each request waited for its answer, and how many were not answered as they should be."""

    read: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    errors: int = 0

    def said(self, name: str) -> dict[str, Any]:
        """Return counts and milliseconds under names that begin with ``name``."""
        found: dict[str, Any] = {f"{name}_errors": self.errors}
        for kind, waited in (("read", self.read), ("write", self.write)):
            found[f"{name}_{kind}s"] = len(waited)
            if len(waited) > 1:
                cuts = quantiles(waited, n=100)
                found |= {f"{name}_{kind}_p{at}_ms": round(cuts[at - 1] * 1000, 1) for at in (50, 99)}
        return found


@dataclass(frozen=True)
class Office:
    """Who asks: a worker's token, the alerts that are worked on, the port of the API."""

    port: int
    token: str
    alerts: Sequence[str]

    @property
    def users(self) -> int:
        """Fifty, or fewer where there are few alerts: no office follows up the same one every other second."""
        return max(1, min(USERS, len(self.alerts) // 20))

    def user(self, seed: int, waits: Waits, over: threading.Event) -> None:
        """Read and write like a person at a desk, until it is over."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not over.wait(chance.uniform(*_THINKS)):
            writes = chance.random() < _WRITES
            began = time.perf_counter()
            try:
                alert, version = self._seen(line, chance) if writes else (chance.choice(self.alerts), "")
                began = time.perf_counter()
                well = self._asked(line, chance, alert, version)
            except (OSError, http.client.HTTPException):
                line.close()
                well = False
            (waits.write if writes else waits.read).append(time.perf_counter() - began)
            waits.errors += not well
        line.close()

    def _asked(self, line: http.client.HTTPConnection, chance: random.Random, alert: str, version: str) -> bool:
        """Record a visit to the alert as it was seen, or read; that somebody was quicker (412) is an answer too."""
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "If-Match": version}
        if version:
            visit = {"id": str(uuid4()), "visited_on": today().isoformat(), "way": "phone", "finding": "unreachable"}
            line.request("POST", f"/api/v1/alerts/{alert}/follow-ups", json.dumps(visit), head)
        else:
            line.request("GET", chance.choice(("/api/v1/alerts", f"/api/v1/alerts/{alert}")), headers=head)
        answer = line.getresponse()
        answer.read()
        return answer.status in ((201, 412) if version else (200,))

    def _seen(self, line: http.client.HTTPConnection, chance: random.Random) -> tuple[str, str]:
        """An alert and its version, as whoever records a visit has read it before."""
        alert = chance.choice(self.alerts)
        line.request("GET", f"/api/v1/alerts/{alert}", headers={"Authorization": f"Bearer {self.token}"})
        answer = line.getresponse()
        answer.read()
        return alert, answer.headers.get("ETag", '"1"')


def measure_beside(service: Service, night: date) -> dict[str, Any]:
    """Serve the installation, let fifty users work, first alone, then beside the scan of ``night``.

    Both run in processes of their own, as in production. Writers wait for the scan's transactions on SQLite.
    """
    token, alerts = _desk(service)
    with _served(service.settings) as port:
        office = Office(port, token, alerts)
        calm = _load(office, lambda: time.sleep(CALM_SECONDS))
        began = time.perf_counter()
        ended: list[int] = []
        busy = _load(office, lambda: ended.append(_scanned(service.settings, night)))
        seconds = time.perf_counter() - began
    said = calm.said("alone") | busy.said("beside")
    return {"seconds": round(seconds, 3), "users": office.users, "scan_ended": ended[0]} | said


def _desk(service: Service) -> tuple[str, list[str]]:
    with database.transaction(service.engine) as session:
        name = f"bench {uuid4()}"
        _, token = access.add_worker(session, name, region=access.NATION, role="caseworker", by="bench")
        found = session.scalars(select(Alert.id).where(Alert.closed_at.is_(None)).order_by(Alert.rank).limit(_ALERTS))
        return token, [str(one) for one in found]


@contextmanager
def _served(settings: Settings) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    serving = _begun(settings, "serve", "--port", str(port))
    try:
        _until_ready(port)
        yield port
    finally:
        serving.terminate()
        serving.wait()


def _until_ready(port: int) -> None:
    until = time.monotonic() + _READY
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the API did not start")


def _scanned(settings: Settings, night: date) -> int:
    return _begun(settings, "scan", "--as-of", night.isoformat()).wait()


def _begun(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    said = {
        "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
        "LOWINCOME_KEY_FILE": str(settings.key_file), "LOWINCOME_THREADS": str(settings.threads),
    }  # fmt: skip
    command = [sys.executable, "-m", "jobs", *words]
    return subprocess.Popen(command, env=os.environ | said, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


def _load(office: Office, meanwhile: Callable[[], None]) -> Waits:
    """Let the users work for as long as ``meanwhile`` lasts."""
    waits, over = Waits(), threading.Event()
    users = [threading.Thread(target=office.user, args=(seed, waits, over)) for seed in range(office.users)]
    for user in users:
        user.start()
    try:
        meanwhile()
    finally:
        over.set()
        for user in users:
            user.join()
    return waits


AFTER = timedelta(days=31)
"""So many days after the newest night many feeds are stale and many alerts change: a night that writes much."""
