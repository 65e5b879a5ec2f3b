"""Workers, doubtful links and the audit chain at the terminal."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.terminal import Exit, opened, screen

if TYPE_CHECKING:
    from monitor.service import Service

MOST_PROCESSES, OF_A_CORE = 8, 2
"""Two processes for each core: a request then hardly ever waits behind another of its process while a core is free."""
KEPT_OPEN = 75
"""Seconds for which a silent connection stays: longer than a proxy keeps it, which would else meet a closed door."""


def add_worker(
    name: Annotated[str, typer.Argument(help="姓名或岗位 / a name or post")],
    region: Annotated[
        str, typer.Option(help="管辖区划代码 / the region that is theirs: 6, 9 or 12 digits; 00 the whole")
    ],
    role: Annotated[
        str,
        typer.Option(
            help="assistant | caseworker | reviewer | supervisor ...; 报送数据的程序 / a program that sends: service"
        ),
    ] = "caseworker",
) -> None:
    """登记工作人员并发放令牌（只显示一次）/ Add a worker and print the token they sign in with, once."""
    from monitor import access, database
    from monitor.access.policy import STEP_UP

    scopes = (
        [one for one in access.ACTIONS if access.relation(role, one) and one not in STEP_UP]
        if role in access.ROLES
        else []
    )
    with opened() as service, database.transaction(service.engine) as session:
        _, token = access.add_worker(session, name, region=region, role=role, by="terminal", scopes=scopes)
    typer.echo(token)


def bootstrap() -> None:
    """发出首位系统管理员的一次性链接 / Print the first administrator's one-time link, good for a day.

    What stands behind its # is the invitation: no browser sends that to a server with the address.
    """
    with opened() as service:
        text, address = _invited(service), service.settings.public_url or "http://127.0.0.1:8000"
    if text is None:
        screen.print("已有系统管理员 / there is an administrator already", style="yellow")
        raise typer.Exit(Exit.REFUSED)
    typer.echo(f"{address}/welcome#{text}")


def _invited(service: "Service") -> str | None:
    from monitor import database
    from monitor.access import accounts

    with database.transaction(service.engine) as session:
        return accounts.bootstrap(session, by="terminal")


def verify() -> None:
    """校验审计链与库外锚定 / Check every link of the audit chain, and the chain against its anchor outside."""
    from monitor import anchors

    with opened() as service:
        found = anchors.check(service)
    for one in found.breaks[:20]:
        screen.print(f"  坏 BAD {one.kind}: {one.zh} / {one.en}", markup=False)
    screen.print(
        f"共 {found.entries} 条，锚定至第 {found.anchored} 条；断点 {len(found.breaks)} 处 / {found.entries} entries, "
        f"anchored up to {found.anchored}, {len(found.breaks)} broken; public key {found.public_key}",
        markup=False,
    )
    raise typer.Exit(Exit.DONE if found.well else Exit.PERSON_NEEDED)


def anchor() -> None:
    """把审计链末端签名写入库外文件 / Sign the head of the audit chain into the file outside the database."""
    from jobs import anchor as job
    from monitor.service import today

    with opened() as service:
        said = job.anchor(service, today())
    screen.print(f"锚定 / anchored: {said['entry'] or '无新增 nothing new'}", markup=False)


def _fork_alike() -> None:
    """Let the API's processes be forked from one that has everything imported and does nothing else.

    That takes most of the time of a start: one that dies is back in a fraction of it.
    """
    from multiprocessing import get_context

    from uvicorn import _subprocess

    alike = get_context("forkserver")
    alike.set_forkserver_preload(["api.app"])
    _subprocess.spawn = alike  # type: ignore[assignment]  # it wants processes, however they begin


def _lay_seats(home: Path) -> None:
    """Let each of the API's processes keep to a core: where they are fewer than the cores, some would be left idle."""
    from monitor.settings import SEATS

    folder = home / "seats"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[SEATS] = str(folder)


def serve(
    host: Annotated[str, typer.Option(help="监听地址 / address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="进程数，默认每核两个 / processes: two a core"),
    ] = None,
) -> None:
    """提供接口服务 / Serve the API."""
    import uvicorn

    from jobs.commands.watching import share_requests

    with opened() as service:
        text = _invited(service)
        if text is not None:
            screen.print("尚无管理员；一次性邀请 / no administrator yet; an invitation, good once, for a day:")
            typer.echo(f"POST http://{host}:{port}/api/v1/invitations {text}")
        screen.print(f"http://{host}:{port}/  (Ctrl+C 停止 / stops it)")
        cores = len(os.sched_getaffinity(0))
        workers = workers or min(OF_A_CORE * cores, MOST_PROCESSES)
        if workers > 1:
            share_requests(service.settings.home)
            _fork_alike()
        if workers >= cores > 1:
            _lay_seats(service.settings.home)
        uvicorn.run(
            "api.app:create", factory=True, host=host, port=port, workers=workers, log_config=None, access_log=False,
            timeout_keep_alive=KEPT_OPEN,
        )  # fmt: skip
