"""A service begun as in production, in processes of its own, and what those use of a processor."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from monitor.settings import Settings

_READY = 90.0
_TICKS = os.sysconf("SC_CLK_TCK")
_BACKENDS = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


@contextmanager
def served(settings: Settings) -> Iterator[tuple[int, int]]:
    """Yield the port of the API and the process that began its processes; they end with the block."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with begun(settings, "serve", "--port", str(port)) as serving:
        try:
            _until_ready(port)
            yield port, serving.pid
        finally:
            serving.terminate()


def begun(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    """Begin a command of ours on the installation of ``settings``, silent, with a pipe for its standard input."""
    said = {
        "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
        "LOWINCOME_KEY_FILE": str(settings.key_file), "LOWINCOME_THREADS": str(settings.threads),
    }  # fmt: skip
    command, quiet = [sys.executable, "-m", "jobs", *words], subprocess.DEVNULL
    here = Path(__file__).parents[2]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, env=os.environ | said, cwd=here, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
    )


def used(pid: int) -> float:
    """Return the processor seconds that a process and its children have used so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return _spent(pid) + sum(used(int(child)) for child in children)


def used_by_database(engine: Engine) -> float:
    """Return the processor seconds of PostgreSQL's processes for this database; 0 where none of them runs here."""
    if engine.dialect.name != "postgresql":
        return 0.0
    try:
        with engine.connect() as connection:
            return sum(_spent(int(pid)) for pid in connection.scalars(_BACKENDS))
    except (OSError, SQLAlchemyError):
        return 0.0


def _spent(pid: int) -> float:
    said = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return sum(map(int, said)) / _TICKS


def _until_ready(port: int) -> None:
    until = time.monotonic() + _READY
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the API did not start")
