"""The history of the tables: Alembic revisions, run when the service opens."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from monitor.errors import Conflict
from monitor.migrations import walls

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

    Two that start together do it once. On PostgreSQL a step that waits for somebody's lock for longer than ten
    seconds is given up, with everything before it, so that a migration never queues the whole office behind it.
    """
    if _revision(engine) != newest():
        with engine.begin() as connection:
            _alone(connection)
            walls.raze(connection)
            command.upgrade(config(connection), revision)
            if revision == "head":
                walls.put_up(connection)


def require_newest(engine: Engine) -> None:
    """Refuse tables that are not at this program's revision; nothing is changed."""
    now, wanted = _revision(engine), newest()
    if now != wanted:
        raise Conflict(
            zh=f"表结构版本为 {now}，程序要求 {wanted}：请由属主账号运行 lowincome migrate",
            en=f"the tables are at {now}, this program wants {wanted}: run lowincome migrate as their owner",
        )
    with engine.connect() as connection:
        walls.require(connection)


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    return found


@cache
def newest() -> str | None:
    """Return the newest revision that this program knows, read once in a process."""
    return ScriptDirectory.from_config(config()).get_current_head()


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
