"""The Prometheus programs, where they are installed; without them the tests that need one are skipped, visibly."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

RULES = Path(__file__).parent.parent / "monitor" / "dashboards" / "prometheus"


def program(name: str) -> str:
    """Return the path of ``promtool`` or ``prometheus``; skips the test, or fails it when they are required."""
    found = shutil.which(name)
    if found is None:
        said = f"{name} is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("LOWINCOME_REQUIRE_PROMETHEUS"):
            pytest.fail(said)
        pytest.skip(said)
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def scraping(folder: Path, target: int, *, until: str) -> Iterator[httpx.Client]:
    """A real Prometheus with our rules that scrapes a port of this machine every second; yields its API.

    Waits until the query ``until`` has an answer.
    """
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES / "recording.yml"), str(RULES / "alerts.yml")],
        "scrape_configs": [{"job_name": "lowincome", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10) as client:
            wait_for(client, until, log=folder / "log")
            yield client
    finally:
        process.terminate()
        process.wait(20)


def wait_for(client: httpx.Client, query: str, *, log: Path | None = None) -> list[Any]:
    """Return the answer to ``query`` as soon as there is one; fails after two minutes."""
    for _ in range(480):
        try:
            got = client.get("/query", params={"query": query})
            if got.status_code == 200 and got.json()["data"]["result"]:
                answer: list[Any] = got.json()["data"]["result"]
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.25)
    pytest.fail(f"{query}: no answer; {log.read_text()[-2000:] if log else ''}")
