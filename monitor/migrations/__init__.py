"""The history of the tables: Alembic revisions, run when the service opens."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from monitor.errors import Conflict
from monitor.migrations import floors, walls

HERE = Path(__file__).parent
LOCK_SECONDS = 10


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to ``connection`` when one is given."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to ``revision``; does nothing, and takes no lock, when they are there already.

    Newer tables that serve this program stay as they are; those that no longer do are refused. Two that start
    together do it once. On PostgreSQL a step that waits for somebody's lock for longer than ten seconds is given up,
    with everything before it, so that a migration never queues the whole office behind it.
    """
    with _looking(engine) as connection:
        if current(connection) == newest() or newer(connection):
            return
    with engine.begin() as connection:
        _alone(connection)
        if newer(connection):
            return
        walls.raze(connection)
        command.upgrade(config(connection), revision)
        if revision == "head":
            floors.keep(connection, floors.oldest(_history()))
            walls.put_up(connection)


def require_newest(engine: Engine) -> None:
    """Refuse tables that are not at this program's revision, but for newer ones that serve it; nothing is changed."""
    with _looking(engine) as connection:
        now, wanted = current(connection), newest()
        if now != wanted and not newer(connection):
            raise Conflict(
                zh=f"表结构版本为 {now}，程序要求 {wanted}：请由属主账号运行 lowincome migrate",
                en=f"the tables are at {now}, this program wants {wanted}: run lowincome migrate as their owner",
            )
        walls.require(connection)


@contextmanager
def _looking(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        yield connection
        connection.rollback()


def current(connection: Connection) -> str | None:
    """Return the revision at which the tables are; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def newer(connection: Connection) -> bool:
    """Say whether the tables are newer than this program and serve it; refuses those that no longer do."""
    return floors.serve_newer(connection, current(connection), _known())


def newest() -> str:
    """Return the newest revision that this program knows, read once in a process."""
    return _known()[0]


def _history() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


@cache
def _known() -> tuple[str, ...]:
    return tuple(one.revision for one in _history().walk_revisions())


def _alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7303)")


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the tables back to ``revision``; what later revisions held is lost."""
    with engine.begin() as connection:
        _alone(connection)
        walls.raze(connection)
        command.downgrade(config(connection), revision)
