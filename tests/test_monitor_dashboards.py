"""Rules, alerts and runbooks: they parse, they fire when they must, and read only series that there are."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import promql_parser
import pytest
import yaml
from prometheus import program
from test_monitor_gauges import found, raise_alert

from jobs.__main__ import app
from monitor import audit, database, metrics
from monitor.gauges import CACHE_SECONDS, StoreCollector, exposition
from monitor.service import Service, today
from monitor.tables import Delivery, FollowUp, Pull, Run, Scan, utc_now

HERE = Path(__file__).parent.parent / "monitor" / "dashboards"
RULES = HERE / "prometheus"
GROUPS = [
    group for name in ("recording", "alerts") for group in yaml.safe_load((RULES / f"{name}.yml").read_text())["groups"]
]
RECORDED = {rule["record"]: rule for group in GROUPS for rule in group["rules"] if "record" in rule}
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
DAY = date(2026, 3, 31)


def names_in(expression: str) -> set[str]:
    """The names of the series that an expression reads; raises when it is no PromQL."""
    promql_parser.parse(expression)
    return set(re.findall(r"\b(?:lowincome[_:][a-z0-9_:]+|up)\b", re.sub(r'"[^"]*"', "", expression)))


def shown(service: Service) -> set[str]:
    """The names of every series of a service that has lived a little."""
    alert = raise_alert(service, days_ago=2)
    found(service, alert, "helped", ends=True)
    raise_alert(service, days_ago=40)
    now = utc_now()
    with database.transaction(service.engine) as session:
        jobs = [Run(job=job, as_of=DAY, status="done", started_at=now, finished_at=now) for job in ("scan", "backup")]
        jobs += [Run(job=job, as_of=DAY - timedelta(days=at), status="done", started_at=now, finished_at=now)
                 for job in ("scan", "remind") for at in (1, 2, 3)]  # fmt: skip
        jobs.append(Run(job="remind", as_of=DAY, status="running", started_at=now, heartbeat_at=1.0))
        jobs.append(Run(job="remind", as_of=today() - timedelta(days=3), status="missed"))
        drift = {"psi": 0.05, "precision": 0.3, "low": 0.2, "high": 0.4}
        jobs.append(
            Run(job="retrain", as_of=DAY, status="done", started_at=now, finished_at=now, counts={"drift": drift})
        )
        session.add_all(jobs)
        counts = {"households": 1, "by_rule": {"medical_self_pay": {"fires": 1, "unknown": 0}}}
        session.add(Scan(as_of=DAY, policy_version="p", manifest="m", finished_at=now, counts=counts))
        common = {"feed": "wages", "file_name": "f", "sha256": "0", "received_on": DAY, "mode": "append"}
        session.add(Delivery(**common, status="held"))
        newest = {"newest": DAY.isoformat()}
        session.add(Delivery(**common, status="committed", seq=1, known_on=DAY, profile=newest))
        session.add(Pull(source="wages", rows=0, read_at=now, trouble={"zh": "x", "en": "x"}, troubled_at=now))
        audit.record(session, by="x", action="person.revealed", subject="x", detail={"county": "340299"})
    brought_home(service, alert)
    metrics.REQUESTS.labels("GET", "/healthz", "2xx").observe(0.01)
    said = exposition(StoreCollector(service)).decode()
    return {re.split(r"[{ ]", line)[0] for line in said.splitlines() if line and not line.startswith("#")} | {"up"}


def brought_home(service: Service, alert: UUID) -> None:
    """A visit of a pack, that lay on its device for an hour."""
    received = utc_now()
    with database.transaction(service.engine) as session:
        session.add(
            FollowUp(
                id=uuid4(), alert_id=alert, visited_on=DAY, way="home", finding="helped", digest="0", recorded_by="x",
                pack_id=uuid4(), recorded_at=received, device_at=received - timedelta(hours=1),
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    from monitor.service import open_service
    from monitor.settings import read

    service = open_service(read({"LOWINCOME_HOME": str(tmp_path_factory.mktemp("var"))}))
    yield shown(service)
    service.engine.dispose()


def test_every_rule_reads_only_series_that_there_are(series: set[str]) -> None:
    for name, rule in {**RECORDED, **ALERTS}.items():
        assert names_in(rule["expr"]) <= series | set(RECORDED), name


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert re.search("[\u4e00-\u9fff].* / .*[a-z]", rule["annotations"]["summary"])
    assert rule["annotations"]["runbook"] == f"runbooks/{name}.md"
    page = (HERE / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    for part in re.split("^## ", page, flags=re.MULTILINE)[1:]:
        assert re.search("[\u4e00-\u9fff]{4}", part)
        assert re.search("([a-z]+ ){3}", part)
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## 含义 / What it means", "## 先看 / Look first", "## 处理 / Do",
    ]  # fmt: skip


def test_every_runbook_belongs_to_an_alert_and_names_commands_that_there_are() -> None:
    from typer.main import get_command

    pages = {path.stem: path.read_text(encoding="utf-8") for path in (HERE / "runbooks").glob("*.md")}
    assert set(pages) == set(ALERTS)
    top: Any = get_command(app)
    for name, page in pages.items():
        for words in re.findall(r"^\./lowincome (.+)$", page, flags=re.MULTILINE):
            command = top
            for word in words.split():
                if not hasattr(command, "commands"):
                    break
                assert word in command.commands, f"{name}: lowincome {words}"
                command = command.commands[word]


def test_the_dead_mans_switch_always_fires() -> None:
    assert ALERTS["LowincomeWatchdog"]["expr"] == "vector(1)"
    assert "for" not in ALERTS["LowincomeWatchdog"]


def test_every_alert_is_tried_both_ways_by_promtool() -> None:
    tested: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for path in RULES.glob("*_test.yml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            assert re.fullmatch("[1-5]m", test["interval"]), "a longer interval makes every series stale"
            for case in test["alert_rule_test"]:
                tested[case["alertname"]].add(bool(case["exp_alerts"]))
    always = {"LowincomeWatchdog", "LowincomeRequestsFail", "LowincomeRequestsSlow"}
    assert {name for name, ways in tested.items() if ways != {True, False}} <= always
    assert all(True in ways for ways in tested.values())


def test_the_rules_pass_promtool() -> None:
    checked = subprocess.run(
        [program("promtool"), "check", "rules", RULES / "recording.yml", RULES / "alerts.yml"], capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", ["rules_test.yml", "weeks_test.yml"])
def test_the_alerts_fire_when_they_must_and_only_then(name: str) -> None:
    tried = subprocess.run(
        [program("promtool"), "test", "rules", name], cwd=RULES, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_metrics_pass_promtool(sqlite_service: Service) -> None:
    shown(sqlite_service)
    said = exposition(StoreCollector(sqlite_service))
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=said, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_scrape_is_rarer_than_the_cache_so_that_no_counter_seems_to_fall() -> None:
    config = yaml.safe_load((RULES / "prometheus.yml").read_text())
    interval = config["global"]["scrape_interval"]
    assert interval.endswith("s")
    assert int(interval[:-1]) >= 2 * CACHE_SECONDS
