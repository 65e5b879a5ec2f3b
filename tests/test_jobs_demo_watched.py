"""A live demo, watched: several API processes and the metrics beside them, scraped by a real Prometheus."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import prometheus
import pytest
from test_api_killed import _NEVER, ROOT
from test_jobs_supervising import children
from test_monitor_dashboards_grafana import QUERIES, filled

from jobs import demo
from monitor.settings import Settings, read

HOMES, ASKED, PROCESSES = 300, 30, 3
COUNTED = 'sum(lowincome_http_request_duration_seconds_count{route="/healthz"})'
# What a city of one evening cannot have: nothing failed, was trained, silent, packed, revealed, visited or pulled.
NOT_YET = (
    "lowincome_pull_",
    "lowincome_job_silent",
    "lowincome_job_running",
    "lowincome_backup_last",
    "lowincome_score_",
    "lowincome_offline_sync_lag",
    "lowincome_follow_ups",
    "lowincome_alerts_closed",
    "lowincome_alert_close",
    "lowincome_alert_first_action",
    "lowincome:rule_false_alarms",
    "lowincome:rule_findings",
    "lowincome_job_dates_missed",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What is left of a demo when it has been shown."""
    settings = read({"LOWINCOME_HOME": str(tmp_path_factory.mktemp("var"))})
    with demo.run(settings, households=HOMES, seed=4, step=lambda *_: None) as made:
        return made.service.settings


@contextmanager
def running(settings: Settings, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of the service's own commands, on the demo's home; killed with all that it began."""
    place = os.environ | {"LOWINCOME_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
    place.pop("PROMETHEUS_MULTIPROC_DIR", None)  # who starts them by hand sets nothing of the kind
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, "-m", "jobs", *words], env=place, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def healthy(port: int, times: int) -> None:
    """Ask so often, each time on a connection of its own, so that every process gets some."""
    answered = 0
    for _ in range(600):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request("GET", "/healthz")
            answered += line.getresponse().status == 200
        except OSError:
            _NEVER.wait(0.2)
        finally:
            line.close()
        if answered == times:
            return
    pytest.fail(f"answered {answered} times")


def answering(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes that answer requests: forked from a child of its own that has everything imported."""
    begun = children(process.pid).items()
    return [pid for one, words in begun if "forkserver" in " ".join(words) for pid in children(one)]


@pytest.mark.timeout(600)
def test_a_real_prometheus_answers_every_panel_of_a_live_demo_and_counts_over_all_its_processes(
    home: Settings, tmp_path: Path
) -> None:
    port, watched = prometheus.free_port(), prometheus.free_port()
    serve = ["serve", "--port", str(port), "--workers", str(PROCESSES)]
    with running(home, "metrics", "--port", str(watched)), running(home, *serve) as api:
        healthy(port, ASKED)
        with prometheus.scraping(tmp_path, watched, until=f"{COUNTED} == {ASKED}") as client:
            os.kill(answering(api)[0], signal.SIGKILL)
            healthy(port, 10)
            prometheus.wait_for(client, f"{COUNTED} == {ASKED + 10}")
            for recorded in ("lowincome:rule_fires:ratio28d", "lowincome:http_availability:ratio_rate5m"):
                prometheus.wait_for(client, recorded)
            empty = []
            for name, expression in QUERIES:
                said = client.get("/query", params={"query": filled(expression)}).json()
                assert said["status"] == "success", (name, expression, json.dumps(said))
                empty += [] if said["data"]["result"] else [expression]
            assert [one for one in empty if not re.search("|".join(NOT_YET), one)] == []
            raised = client.get("/query", params={"query": "sum(lowincome_alerts_raised_total)"}).json()
            api.terminate()
            api.wait(30)
            with running(home, *serve):
                healthy(port, 3)
                prometheus.wait_for(client, f"{COUNTED} == 3")
                again = client.get("/query", params={"query": "sum(lowincome_alerts_raised_total)"}).json()
    count, after = (said["data"]["result"][0]["value"][1] for said in (raised, again))
    assert count == after != "0"
