"""Workers, doubtful links and the audit chain at the terminal."""

from typing import Annotated

import typer

from jobs.terminal import Exit, opened, screen
from monitor import audit, database


def verify() -> None:
    """校验审计链 / Check every link of the audit chain."""
    with opened() as service, database.reading(service.engine) as session:
        broken = list(audit.broken_links(session))
    screen.print(f"审计链断点 / broken links: {broken or '无 none'}")
    raise typer.Exit(Exit.PERSON_NEEDED if broken else Exit.DONE)


def serve(
    host: Annotated[str, typer.Option(help="监听地址 / address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
) -> None:
    """提供接口服务 / Serve the API."""
    import uvicorn

    with opened():
        uvicorn.run("api.app:create", factory=True, host=host, port=port, log_level="info", access_log=False)
