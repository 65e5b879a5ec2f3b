"""The API killed while it answers: who asks again with the same key finds each act done once, and the same answer."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import DAY, FIRES
from sqlalchemy import func, select
from test_api_alerts import raise_some, token
from torture_state import faults

from monitor import database
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, AuditEntry, FollowUp

ROOT = Path(__file__).parent.parent
KILLS = int(os.environ.get("LOWINCOME_API_KILLS", "3"))
WRITERS, BETWEEN = 4, 10
HOMES = BETWEEN * (KILLS + 1)
"""Some visits between two kills: whoever is quick waits for the next one, or there would be nobody left to kill."""
_NEVER = threading.Event()


@dataclass
class Server:
    """The real API on a port of its own, started again each time it was killed."""

    service: Service
    port: int
    process: subprocess.Popen[bytes] | None = None
    processes: int = 1

    def start(self) -> None:
        settings = self.service.settings
        place = os.environ | {
            "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
            "LOWINCOME_KEY_FILE": str(settings.key_file), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        command = [sys.executable, "-m", "jobs", "serve", "--port", str(self.port), "--workers", str(self.processes)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=place, cwd=ROOT, stdout=quiet, stderr=quiet)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def served(service: Service, *, processes: int = 1) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    server = Server(service, port, processes=processes)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def ask(port: int, path: str, key: str, token: str, visit: dict[str, str]) -> tuple[int, bytes]:
    """Ask until there is an answer that is one, as a telephone in a valley does."""
    head = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "If-Match": '"1"',
    }
    until = time.monotonic() + 240
    while time.monotonic() < until:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request("POST", path, json.dumps(visit), head)
            answer = line.getresponse()
            status, body = answer.status, answer.read()
            if status not in (409, 503):
                return status, body
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        _NEVER.wait(0.05)
    raise AssertionError("no answer in four minutes")


@pytest.mark.timeout(600)
def test_an_api_that_is_killed_under_its_writers_does_each_act_once_and_answers_alike(service: Service) -> None:
    raise_some(service, [{"elder": FIRES}] * HOMES)
    mine = token(service, "林干事", "00")
    with database.reading(service.engine) as session:
        alerts = list(session.scalars(select(Alert.id).order_by(Alert.id)))
    answers: dict[uuid.UUID, set[tuple[int, bytes]]] = {alert: set() for alert in alerts}
    chance = random.Random(1)

    wanted = threading.Semaphore(BETWEEN)

    def work(server: Server, some: list[uuid.UUID]) -> None:
        for alert in some:
            wanted.acquire()
            visit = {"id": str(uuid.uuid5(alert, "visit")), "visited_on": DAY.isoformat(), "way": "phone"}
            path = f"/api/v1/alerts/{alert}/follow-ups"
            for _ in range(2):
                answers[alert].add(ask(server.port, path, f"key-{alert}", mine, visit | {"finding": "unreachable"}))

    with served(service) as server:
        threads = [threading.Thread(target=work, args=(server, alerts[at::WRITERS])) for at in range(WRITERS)]
        for thread in threads:
            thread.start()
        for killed in range(KILLS):
            until = time.monotonic() + 120
            while sum(map(len, answers.values())) < BETWEEN * killed + 2 and time.monotonic() < until:
                _NEVER.wait(0.01)
            _NEVER.wait(chance.uniform(0, 0.05))
            server.kill()
            server.start()
            wanted.release(BETWEEN)
        for thread in threads:
            thread.join()
    assert {len(said) for said in answers.values()} == {1}
    assert {status for said in answers.values() for status, _ in said} == {201}
    with database.reading(service.engine) as session:
        visited = Counter(session.scalars(select(FollowUp.alert_id)))
        told = session.scalar(select(func.count()).where(AlertEvent.kind == "followed_up"))
        acts = Counter(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "alert.followed_up")))
    assert visited == dict.fromkeys(alerts, 1)
    assert told == HOMES
    assert acts == {str(alert): 1 for alert in alerts}
    assert faults(service.engine) == []


def test_the_processes_of_an_api_end_with_the_one_that_started_them(sqlite_service: Service) -> None:
    with served(sqlite_service, processes=2) as server:
        assert _answers(server.port, True)
        server.kill()
        assert _answers(server.port, False)


def _answers(port: int, wanted: bool) -> bool:
    """Whether within a minute the port does, or no longer does, what is wanted."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            found = True
        except OSError:
            found = False
        if found is wanted:
            return True
        _NEVER.wait(0.1)
    return False
