"""The API served for real and asked everything its own description allows and forbids, as each role in turn."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.app import create_app
from monitor.service import Service

SETTINGS = """
[generation]
allow-x00 = false
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "428", "429", "503"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429"]
[checks.missing_required_header]
expected-statuses = ["401", "403", "404", "406", "422", "428"]
"""


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Serve ``service`` on a free loopback port and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(service), port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


PHASES = ("examples", "coverage", "fuzzing", "stateful")


def ask(
    address: str, token: str, folder: Path, *, phase: str, seconds: int, examples: int, seed: int
) -> tuple[int, str]:
    """Run Schemathesis in one phase for about ``seconds``; returns its exit code and what it said.

    One at a time: of four in one run the first, which goes through every operation, takes all the time there is.
    """
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), f"--config-file={settings}", "run",
            f"{address}/openapi.json", "--header", f"Authorization: Bearer {token}", f"--max-time={seconds}",
            f"--phases={phase}", f"--max-examples={examples}", f"--seed={seed}",
            "--continue-on-failure", "--suppress-health-check=all", "--request-timeout=30", "--warnings=off",
            "--generation-database=none", "--no-color",
        ],
        capture_output=True, text=True, check=False, cwd=folder, env=os.environ | {"SCHEMATHESIS_HOOKS": ""},
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr
