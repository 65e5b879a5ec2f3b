"""Empty installations on SQLite: the tables are made once in a process and copied, a fifth of a second saved each."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor import database, migrations
from monitor.service import Service
from monitor.settings import Settings, read

FILE = "lowincome.db"


@cache
def _tables() -> bytes:
    with TemporaryDirectory() as home:
        engine = database.connect(read({"LOWINCOME_HOME": home}))
        migrations.upgrade(engine)
        engine.dispose()
        return (Path(home) / FILE).read_bytes()


def empty(home: Path, **more: str) -> Settings:
    """Make ``home``, put a file there that has all tables and no rows, and return its settings, with ``more``."""
    home.mkdir(parents=True)
    (home / FILE).write_bytes(_tables())
    return read({"LOWINCOME_HOME": str(home)} | more)


def empty_again(service: Service) -> None:
    """Take an installation on SQLite back to where it had no rows; its engine keeps the statements it compiled."""
    service.engine.dispose()
    for ending in ("-wal", "-shm"):
        (service.settings.home / (FILE + ending)).unlink(missing_ok=True)
    (service.settings.home / FILE).write_bytes(_tables())
