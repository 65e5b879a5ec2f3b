"""Deployment material: what can be checked without a container engine, a Grafana or a root."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus import program
from typer.main import get_command

from jobs.__main__ import app
from monitor.metrics import VERSION

ROOT = Path(__file__).parent.parent
HERE = ROOT / "monitor" / "deploy"
UNITS = sorted((HERE / "systemd").iterdir())
COMPOSE: dict[str, Any] = yaml.safe_load((HERE / "compose.yml").read_text(encoding="utf-8"))


def understood(words: list[str]) -> None:
    """Refuse a command line that ``lowincome`` would not understand."""
    top: Any = get_command(app)
    command = top.commands[words[0]]
    command.make_context(words[0], list(words[1:]))


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_there_is_without_rights_it_does_not_need(unit: Path) -> None:
    said = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line)
    launcher, *words = said["ExecStart"].split()
    assert launcher == "/opt/lowincome/lowincome"
    understood(words)
    assert (said["User"], said["NoNewPrivileges"], said["ProtectSystem"]) == ("lowincome", "yes", "strict")
    assert said["TimeoutStopSec"] == "30"


def test_who_answers_weighs_more_than_who_works_beside_them() -> None:
    weighs = {
        unit.stem.removeprefix("lowincome-"): int(
            dict(re.findall("(?m)^(CPUWeight)=(.*)$", unit.read_text())).get("CPUWeight", 100)
        )
        for unit in UNITS
        if unit.suffix == ".service"
    }
    assert max(weighs["worker"], weighs["doctor"]) * 5 <= weighs["api"]
    assert COMPOSE["services"]["worker"]["cpu_shares"] * 5 <= 1024, "what docker gives the API"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_every_unit(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (
            unit.read_text().replace("/opt/lowincome/lowincome ", "/bin/true ").replace("/opt/lowincome", str(tmp_path))
        )
        (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(map(str, tmp_path.iterdir()))]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in checked.stderr.splitlines() if "lowincome" in line] == []


def test_every_timer_has_its_service_and_the_citys_time() -> None:
    timers = [unit for unit in UNITS if unit.suffix == ".timer"]
    assert timers
    for timer in timers:
        assert timer.with_suffix(".service") in UNITS
        assert "Asia/Shanghai" in timer.read_text()
        assert "Persistent=true" in timer.read_text()


def test_compose_runs_commands_that_there_are_and_mounts_files_that_there_are() -> None:
    services = COMPOSE["services"]
    for name in ("api", "clock", "worker", "metrics"):
        understood(services[name]["command"])
        assert services[name]["image"] == f"lowincome:{VERSION}"
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (HERE / source).exists(), volume
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "published to this machine alone"
        assert re.search(r":\d|:v\d", service["image"]), "an image has a version"
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_no_secret_stands_in_the_deployment_material() -> None:
    said = "\n".join(path.read_text(encoding="utf-8") for path in HERE.rglob("*") if path.is_file())
    assert not re.search(r"(?i)(password|token|secret)\s*[:=]\s*[\"']?[A-Za-z0-9]{8,}", said)
    assert "monitor/deploy/secrets/" in (ROOT / ".gitignore").read_text()


def test_the_image_installs_from_the_lock_and_does_not_run_as_root() -> None:
    said = (HERE / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in said
    assert said.index("USER lowincome") < said.index("ENTRYPOINT")
    copied = re.findall(r"^COPY ([^-\s]\S*) ", said, flags=re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_brings_what_its_commands_call_and_the_console() -> None:
    """Backups call PostgreSQL's own programs, of the server's version; the console is built before it is served."""
    said = (HERE / "Dockerfile").read_text()
    server = re.match(r"postgres:(\d+)", COMPOSE["services"]["postgres"]["image"])
    assert server is not None
    assert f"postgresql-client-{server.group(1)}" in said
    built, served = said.split("FROM python:")[1:]
    assert "python api/console/build.py" in built
    assert "COPY --from=console /opt/lowincome/api/console/dist api/console/dist" in served
    assert served.index("COPY . .") < served.index("COPY --from=console")


def test_nothing_of_whoever_builds_the_image_gets_into_it() -> None:
    left_out = set((HERE / "Dockerfile.dockerignore").read_text().splitlines())
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    assert {"var", ".venv", "monitor/deploy/secrets", "artefacts"} <= left_out & ignored
    assert not left_out & {"api", "jobs", "models", "monitor", "requirements.lock"}


def test_a_prepared_installation_starts_where_it_may_write_nothing(tmp_path: Path) -> None:
    """As the units do: the program and its environment are read-only, the console stands."""
    venv = Path(os.environ.get("LOWINCOME_VENV", ROOT / ".venv"))
    stands = subprocess.run([sys.executable, ROOT / "api" / "console" / "build.py", "--stands"], check=False)
    if stands.returncode or not venv.exists():
        pytest.skip("the console is not built here, or the launcher has made no environment")
    shut = " && ".join(f"mount --bind {one} {one} && mount -o remount,bind,ro {one}" for one in (ROOT, venv))
    script = f"{shut} || exit 77; ! touch {ROOT}/x && cd / && {ROOT}/lowincome serve --help && {ROOT}/lowincome doctor"
    place = os.environ | {"LOWINCOME_HOME": str(tmp_path / "var"), "LOWINCOME_VENV": str(venv)}
    tried = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=place, capture_output=True, text=True, check=False
    )  # fmt: skip
    if tried.returncode == 77 or "unshare" in tried.stderr:
        pytest.skip("mounting is not permitted here")
    assert "--workers" in tried.stdout, tried.stderr
    assert "versions" in tried.stdout, tried.stderr


def test_grafana_is_provisioned_with_the_source_and_the_dashboards() -> None:
    (source,) = yaml.safe_load((HERE / "grafana" / "datasources.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((HERE / "grafana" / "dashboards.yml").read_text(encoding="utf-8"))["providers"]
    assert source["type"] == "prometheus"
    mounted = [volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted


def test_prometheus_accepts_its_configuration_with_all_its_rules() -> None:
    config = HERE.parent / "dashboards" / "prometheus" / "prometheus.yml"
    checked = subprocess.run(
        [program("promtool"), "check", "config", config], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_watchdog_has_a_way_of_its_own() -> None:
    config = yaml.safe_load((HERE / "alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in config["receivers"]}
    routes = [config["route"], *config["route"]["routes"]]
    assert {route["receiver"] for route in routes} <= receivers
    (switch,) = [route for route in routes if "LowincomeWatchdog" in str(route.get("matchers"))]
    assert switch["repeat_interval"] == "5m"


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
def test_alertmanager_accepts_its_routes() -> None:
    command = ["amtool", "check-config", HERE / "alertmanager.yml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
