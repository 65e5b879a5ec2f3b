"""Requests are timed by the template of their route, added up over processes, and logged without a word of data."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from monitor import access, database, logs
from monitor.metrics import HTTP
from monitor.service import Service, open_service
from monitor.settings import read

ROOT = Path(__file__).parent.parent
CANARY = "340202199001011234"


@pytest.fixture
def client(sqlite_service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(sqlite_service)) as opened:
        yield opened


def answered(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status_class": status}
    return HTTP.get_sample_value("lowincome_http_request_duration_seconds_count", labels) or 0.0


def test_a_request_counts_under_the_template_of_its_route(client: TestClient) -> None:
    before = answered("GET", "/api/v1/alerts/{alert_id}", "4xx")
    client.get(f"/api/v1/alerts/{uuid.uuid4()}")
    client.get(f"/api/v1/alerts/{uuid.uuid4()}")
    assert answered("GET", "/api/v1/alerts/{alert_id}", "4xx") == before + 2


def test_an_address_that_is_nowhere_makes_no_series_of_its_own(client: TestClient) -> None:
    before = answered("GET", "none", "4xx")
    client.get(f"/nowhere/{CANARY}")
    assert answered("GET", "none", "4xx") == before + 1
    client.request(f"X{CANARY}", "/healthz")
    said = [sample.labels for made in HTTP.collect() for sample in made.samples]
    assert not [labels for labels in said if CANARY in json.dumps(labels)]
    assert answered("OTHER", "/healthz", "4xx") == 1


def test_a_request_is_one_line_with_the_id_that_its_answer_carries(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logs.install(production=True)
        answer = client.get(f"/api/v1/households/{CANARY}/explanation?q={CANARY}")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    said = capsys.readouterr().err
    line = next(line for line in map(json.loads, said.splitlines()) if line["event"] == "request answered")
    assert (line["method"], line["status"]) == ("GET", 401)
    assert line["route"] == "/api/v1/households/{household_no}/explanation"
    assert line["request"] == answer.headers["x-request-id"]
    assert CANARY not in said


@pytest.fixture
def two_processes(tmp_path: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """The API in two processes of its own, as an operator starts it, and a signed-in client."""
    home = tmp_path / "var"
    service = open_service(read({"LOWINCOME_HOME": str(home)}))
    with database.transaction(service.engine) as session:
        token = access.add_worker(session, "watcher", region="00", role="service", by="test")[1]
    service.engine.dispose()
    left = home / "requests" / "histogram_99999.db"
    left.parent.mkdir()
    left.write_bytes(b"left by an earlier start")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "LOWINCOME_HOME": str(home), "LOWINCOME_PRODUCTION": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jobs", "serve", "--port", str(port), "--workers", "2"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=out, stdout=out)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as opened:
        _wait(opened, log)
        yield opened, log
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def _wait(client: httpx.Client, log: Path) -> None:
    for _ in range(300):
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(log.read_text()[-2000:])


def test_requests_add_up_over_two_processes_and_the_log_is_json(two_processes: tuple[httpx.Client, Path]) -> None:
    client, log = two_processes
    headers = {"connection": "close"}  # a new connection each, so that both processes are asked
    asked = 30
    for _ in range(asked):
        assert client.get("/api/v1/runs", headers=headers).status_code == 200
    counts = {_count(client.get("/metrics", headers=headers).text) for _ in range(6)}
    assert counts == {asked}
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    requests = [line["request"] for line in lines if line.get("route") == "/api/v1/runs"]
    assert len(set(requests)) == len(requests) == asked
    assert all(uuid.UUID(one).version == 4 for one in requests)
    assert not [line for line in log.read_text().splitlines() if "Traceback" in line]


def _count(said: str) -> float:
    families = {made.name: made for made in text_string_to_metric_families(said)}
    samples = families["lowincome_http_request_duration_seconds"].samples
    return sum(one.value for one in samples if one.name.endswith("_count") and one.labels["route"] == "/api/v1/runs")
