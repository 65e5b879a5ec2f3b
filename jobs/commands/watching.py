"""Eyes on the service at the terminal: its metrics, printed once or served to a Prometheus on this machine."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from jobs.terminal import opened, screen

LOOPBACK = "127.0.0.1"


def metrics(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="在本机该端口持续提供 / serve on this loopback port")
    ] = None,
) -> None:
    """运行指标 / Print the metrics once, or serve them without a token to this machine alone."""
    from prometheus_client import start_http_server

    from monitor import gauges

    with opened() as service:
        collector, requests = gauges.StoreCollector(service), shared_requests(service.settings.home)
        if port is None:
            typer.echo(gauges.exposition(collector, requests), nl=False)
            return
        _, thread = start_http_server(port, addr=LOOPBACK, registry=gauges.registry(collector, requests))
        screen.print(f"http://{LOOPBACK}:{port}/metrics", markup=False)
        thread.join()


def share_requests(home: Path) -> None:
    """Let the API's processes add up their requests in an empty folder of ``home``.

    What an earlier start left there would be counted again, so it goes. Must run before the processes start.
    """
    folder = shared_requests(home)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def shared_requests(home: Path) -> Path:
    """Return where the API's processes add up their requests: in ``home``, unless the environment says where."""
    return Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR") or home / "requests")


def dashboards() -> None:
    """生成 Grafana 面板 / Write the dashboards for Grafana into their folder, where a test compares them."""
    from monitor.dashboards import grafana

    for path in grafana.write():
        screen.print(str(path), markup=False)
