"""Fifty people at work over HTTP, in a process of their own: who asks what, how often, and how long each waits."""

import http.client
import json
import multiprocessing
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from monitor.errors import Invalid

HOST, PEOPLE = "127.0.0.1", 50
_SOUGHT = ("王伟", "lixiu", "zxy", "单桂兰", "1234", "zengjie", "吕")
QUERIES = (
    "", "?group=overdue", "?level=red", "?owner=me", "?owner=nobody", "?recurring=false", "?rule=medical_self_pay",
    "?factor=illness&group=soon", "?limit=200",
)  # fmt: skip
Key = tuple[str, str]
Times = dict[Key, list[float]]


@dataclass(frozen=True)
class Length:
    """How long people work: ``warm`` seconds that do not count, then until each role has ``samples`` of the queue's
    first page, but at most ``longest`` seconds. Between two turns each thinks 0 to 2 x ``breath`` seconds, evenly.
    ``costed`` pages are then asked for by each role, one after the other, to see what one costs."""

    people: int = PEOPLE
    breath: float = 10.0
    warm: float = 60.0
    samples: int = 200
    longest: float = 240.0
    costed: int = 36


@dataclass
class Client:
    """Somebody at work: one connection, one token."""

    port: int
    role: str
    token: str
    times: Times = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._line = http.client.HTTPConnection(HOST, self.port, timeout=120)

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


def work(port: int, tokens: Mapping[str, Sequence[str]], length: Length) -> tuple[Times, dict[str, float]]:
    """Let people of every role work in another process, on the last core alone where there are several.

    Return how long each waited, and the ``seconds`` measured, the ``cpu`` seconds that the people themselves used in
    them, and the requests ``asked``.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        return apart.submit(_working, port, {role: list(some) for role, some in tokens.items()}, length).result()


def _working(port: int, tokens: Mapping[str, Sequence[str]], length: Length) -> tuple[Times, dict[str, float]]:
    _keep_apart()
    crowd = _Crowd(port, tokens, length)
    crowd.begin()
    time.sleep(length.warm)
    crowd.forget()
    began, spent = time.perf_counter(), time.process_time()
    crowd.until_enough()
    said = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - spent}
    times = crowd.end()
    return times, said | {"asked": float(sum(map(len, times.values())))}


def _keep_apart() -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[-1:])


class _Crowd:
    """The people, a thread each; a wait counts where it ended."""

    def __init__(self, port: int, tokens: Mapping[str, Sequence[str]], length: Length) -> None:
        roles = list(tokens)
        self.length, self.over, self.roles = length, threading.Event(), roles
        self.failed: list[BaseException] = []
        self.clients = [
            Client(port, roles[number % len(roles)], tokens[roles[number % len(roles)]][number // len(roles)])
            for number in range(length.people)
        ]
        self.threads = [threading.Thread(target=self._shift, args=(number,)) for number in range(length.people)]

    def begin(self) -> None:
        for one in self.threads:
            one.start()

    def forget(self) -> None:
        for client in self.clients:
            client.times = defaultdict(list)

    def until_enough(self) -> None:
        until = time.monotonic() + self.length.longest
        while time.monotonic() < until and not self.failed and self._fewest() < self.length.samples:
            self.over.wait(0.2)

    def end(self) -> Times:
        """Let everybody finish what they do; raise what any of them met."""
        self.over.set()
        for one in self.threads:
            one.join()
        if self.failed:
            raise self.failed[0]
        times: Times = defaultdict(list)
        for client in self.clients:
            for key, took in client.times.items():
                times[key] += took
        return dict(times)

    def _fewest(self) -> int:
        asked = Counter(dict.fromkeys(self.roles, 0))
        for client in self.clients:
            asked[client.role] += len(client.times.get((client.role, "queue"), ()))
        return min(asked.values())

    def _shift(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - order of acts, no secret
        client = self.clients[number]
        try:
            while not self.over.wait(chance.uniform(0, 2 * self.length.breath)):
                _turn(client, chance)
                client.pause()
        except (Invalid, OSError, http.client.HTTPException) as error:
            self.failed.append(error)


def _turn(client: Client, chance: random.Random) -> None:
    """One look at the queue, its next page, a search, and one alert taken and put back."""
    query = chance.choice(QUERIES)
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
        status, taken = client.ask("status change", "POST", f"{path}/claim", headers=tag(alert["version"]))
        if status == 200:
            client.ask("status change", "POST", f"{path}/release", headers=tag(taken["version"]))


def tag(version: int) -> dict[str, str]:
    """Return the header that says on which version a change rests."""
    return {"If-Match": f'"{version}"'}
