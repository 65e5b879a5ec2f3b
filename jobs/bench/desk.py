"""The desk under load: fifty people at once, each taking a breath between two acts, through the real HTTP server."""

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jobs.bench import office
from monitor.errors import Invalid
from monitor.service import open_service
from monitor.settings import Settings

ALERTS, WORKERS, ROUNDS, BREATH_SECONDS = 525_000, 50, 8, 10.0
_SMALL = 10_000
_STARTS_WITHIN = 90.0
_HOST = "127.0.0.1"
_SOUGHT = ("王伟", "lixiu", "zxy", "单桂兰", "1234", "zengjie", "吕")
_QUERIES = (
    "", "?group=overdue", "?level=red", "?owner=me", "?owner=nobody", "?recurring=false", "?rule=medical_self_pay",
    "?factor=illness&group=soon", "?limit=200",
)  # fmt: skip
Times = dict[tuple[str, str], list[float]]


@dataclass
class Client:
    """Somebody at work: one connection, one token."""

    port: int
    role: str
    token: str
    times: Times = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._line = http.client.HTTPConnection(_HOST, self.port, timeout=120)

    def ask(
        self, what: str, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send one request, note how long it took under ``what``, and return status and contents."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        began = time.perf_counter()
        self._line.request(verb, path, json.dumps(body) if body is not None else None, sent)
        answer = self._line.getresponse()
        said = answer.read()
        self.times[self.role, what].append(time.perf_counter() - began)
        if answer.status >= 500 or answer.status in (401, 403, 422):
            raise Invalid(zh=f"测速请求失败：{answer.status}", en=f"a request of the benchmark failed: {answer.status}")
        return answer.status, json.loads(said)

    def pause(self) -> None:
        """Let the connection go: the server closes one idle for five seconds, maybe just as a request is sent."""
        self._line.close()


def desk(settings: Settings, alerts: int) -> dict[str, Any]:
    """Return 50th, 95th and 99th percentiles of each act by role, in milliseconds, and the bulk assignment's seconds.

    The database of ``settings`` must be empty. A small office has few workers and no breath: it tries the harness.
    """
    service = open_service(settings)
    began = time.perf_counter()
    tokens = office.furnish(service, alerts)
    service.engine.dispose()
    furnished = time.perf_counter() - began
    with _serving(settings) as port:
        clients = _work(port, tokens, small=alerts < _SMALL)
        bulk = _bulk(port, tokens["supervisor"])
    times: Times = defaultdict(list)
    for client in clients:
        for key, took in client.times.items():
            times[key] += took
    return {"alerts": alerts, "furnished_seconds": round(furnished, 1), "milliseconds": _told(times), **bulk}


def both(settings: Settings, alerts: int) -> dict[str, Any]:
    """Measure on SQLite, and on the PostgreSQL that LOWINCOME_BENCH_POSTGRESQL names (an empty database), if any."""
    home = settings.home / "desk"
    here = replace(settings, home=home, database_url=f"sqlite:///{home / 'lowincome.db'}", key_file=home / "k" / "key")
    found = {"sqlite": desk(here, alerts)}
    url = os.environ.get("LOWINCOME_BENCH_POSTGRESQL")
    if url:
        there = replace(here, home=settings.home / "desk-postgresql", database_url=url)
        found["postgresql"] = desk(there, alerts)
    return found


def _work(port: int, tokens: Mapping[str, Sequence[str]], *, small: bool) -> list[Client]:
    workers, rounds, breath = (4, 3, 0.0) if small else (WORKERS, ROUNDS, BREATH_SECONDS)
    roles = list(tokens)
    clients = [
        Client(port, roles[number % len(roles)], tokens[roles[number % len(roles)]][number // len(roles)])
        for number in range(workers)
    ]
    start = threading.Barrier(workers)

    def shift(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - order of acts, no secret
        start.wait(timeout=_STARTS_WITHIN)
        for _ in range(rounds):
            time.sleep(chance.uniform(0, 2 * breath))
            _turn(clients[number], chance)
            clients[number].pause()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(shift, range(workers)))
    return clients


def _turn(client: Client, chance: random.Random) -> None:
    """One look at the queue, its next page, a search, and one alert taken and put back."""
    query = chance.choice(_QUERIES)
    _, page = client.ask("queue", "GET", f"/api/v1/alerts{query}")
    if page["next"]:
        joint = "&" if query else "?"
        client.ask("next page", "GET", f"/api/v1/alerts{query}{joint}after={page['next']}")
    client.ask("counts", "GET", "/api/v1/alerts/counts")
    text = chance.choice(_SOUGHT)
    if len(text) > 1:
        client.ask("search", "POST", "/api/v1/alerts/search", {"text": text})
    free = [one for one in page["items"] if one["owner"] is None and one["status"] == "open"]
    if free and client.role != "supervisor":
        alert = chance.choice(free)
        path = f"/api/v1/alerts/{alert['id']}"
        status, taken = client.ask("status change", "POST", f"{path}/claim", headers=_tag(alert["version"]))
        if status == 200:
            client.ask("status change", "POST", f"{path}/release", headers=_tag(taken["version"]))


def _bulk(port: int, tokens: Sequence[str]) -> dict[str, Any]:
    """Give ten thousand alerts of the city to one person in one request."""
    boss = Client(port, "supervisor", tokens[0])
    _, everybody = boss.ask("colleagues", "GET", "/api/v1/colleagues")
    to = next(one["id"] for one in everybody if one["role"] == "reviewer")
    region = next(one["region"] for one in everybody if one["id"] == to)
    body = {"to": to, "all_of": {"region": region}}
    began = time.perf_counter()
    _, done = boss.ask("bulk", "POST", "/api/v1/alerts/bulk/assign", body)
    return {"bulk_assigned": done["done"], "bulk_seconds": round(time.perf_counter() - began, 2)}


def _tag(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def _told(times: Times) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (role, what), took in sorted(times.items()):
        ordered = sorted(took)
        at = {
            f"p{share}": round(ordered[min(len(ordered) * share // 100, len(ordered) - 1)] * 1000, 1)
            for share in (50, 95, 99)
        }
        found.setdefault(what, {})[role] = at | {"count": len(ordered)}
    return found


@contextmanager
def _serving(settings: Settings) -> Iterator[int]:
    """Serve the office over loopback in a process of its own while the block works."""
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    place = {
        "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
        "LOWINCOME_KEY_FILE": str(settings.key_file),
    }  # fmt: skip
    command = [sys.executable, "-m", "jobs", "serve", "--port", str(port)]
    here, quiet = Path(__file__).parents[2], subprocess.DEVNULL
    server = subprocess.Popen(  # noqa: S603 - our own server
        command, env=os.environ | place, cwd=here, stdout=quiet, stderr=quiet
    )
    try:
        _await(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await(port: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until:
        try:
            with socket.create_connection((_HOST, port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise Invalid(zh="测速服务未能启动", en="the benchmark's server did not start")
