"""Workers, doubtful links and the audit chain at the terminal."""

from typing import Annotated

import typer

from jobs.terminal import Exit, opened, screen


def add_worker(
    name: Annotated[str, typer.Argument(help="姓名或岗位 / a name or post")],
    region: Annotated[
        str, typer.Option(help="管辖区划代码 / the region that is theirs: 6, 9 or 12 digits; 00 the whole")
    ],
    role: Annotated[str, typer.Option(help="assistant | caseworker | reviewer | supervisor ...")] = "caseworker",
) -> None:
    """登记工作人员并发放令牌（只显示一次）/ Add a worker and print the token they sign in with, once."""
    from monitor import access, database

    with opened() as service, database.transaction(service.engine) as session:
        _, token = access.add_worker(session, name, region=region, role=role, by="terminal")
    typer.echo(token)


def verify() -> None:
    """校验审计链 / Check every link of the audit chain."""
    from monitor import audit, database

    with opened() as service, database.reading(service.engine) as session:
        broken = list(audit.broken_links(session))
    screen.print(f"审计链断点 / broken links: {broken or '无 none'}")
    raise typer.Exit(Exit.PERSON_NEEDED if broken else Exit.DONE)


def serve(
    host: Annotated[str, typer.Option(help="监听地址 / address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 / processes")] = 1,
) -> None:
    """提供接口服务 / Serve the API."""
    import uvicorn

    from jobs.commands.watching import share_requests

    with opened() as service:
        if workers > 1:
            share_requests(service.settings.home)
        uvicorn.run(
            "api.app:create", factory=True, host=host, port=port, workers=workers, log_config=None, access_log=False
        )
