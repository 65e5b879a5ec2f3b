"""The history of the tables: Alembic revisions, run when the service opens."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

HERE = Path(__file__).parent


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to ``connection`` when one is given."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to ``revision``; does nothing, and takes no lock, when they are there already."""
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    if before is None or before != ScriptDirectory.from_config(config()).get_current_head():
        with engine.begin() as connection:
            command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the tables back to ``revision``; what later revisions held is lost."""
    with engine.begin() as connection:
        command.downgrade(config(connection), revision)
