"""Laid as ``sitecustomize`` into an earlier program: its databases get the tables of the program that tries it.

Where the earlier program asks whom newer tables serve, it is asked as at its start; one that does not ask yet goes on
as a process does that was at work before the tables were changed.
"""

import os
import subprocess
import sys
from typing import Any

import pytest
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from monitor import migrations

NEWER = os.environ["LOWINCOME_NEWER_PROGRAM"]
MIGRATE = "from monitor import database, migrations; from monitor.settings import read; "
MIGRATE += "migrations.upgrade(database.connect(read()))"
_asks, _requires = migrations.upgrade, migrations.require_newest


def upgrade(engine: Engine, revision: str = "head") -> None:
    """The newer program has migrated; whether this one may start beside that, it says itself if it can."""
    if revision != "head":
        pytest.skip("what the tables were before is not tried here")
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        now = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    if now is None:
        url = engine.url.render_as_string(hide_password=False)
        home = os.path.dirname(str(engine.url.database)) if engine.dialect.name == "sqlite" else "/nonexistent"  # noqa: PTH120
        place = os.environ | {"LOWINCOME_DATABASE_URL": url, "LOWINCOME_HOME": home, "PYTHONPATH": NEWER}
        subprocess.run([sys.executable, "-c", MIGRATE], env=place, cwd=NEWER, check=True)
    if asks():
        _asks(engine)


def require_newest(engine: Engine) -> None:
    if asks():
        _requires(engine)


def downgrade(*_: Any, **__: Any) -> None:
    pytest.skip("what the tables were before is not tried here")


def asks() -> bool:
    """Whether the program under test is one that asks whom newer tables serve."""
    return hasattr(migrations, "newer")


for name, ours in (("upgrade", upgrade), ("require_newest", require_newest), ("downgrade", downgrade)):
    setattr(migrations, name, ours)
