"""Which programs the tables serve: beside what was only added, an older program goes on, and may start again.

A revision that takes something away, or gives it another sense, says ``oldest_program``: the newest revision of the
oldest program that may work on its tables. What the last of them says is kept in the database, because an older
program has never seen the revision that says it.
"""

import logging

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, inspect, select

from monitor.errors import Conflict
from monitor.tables import ProgramsServed

_log = logging.getLogger(__name__)


def oldest(script: ScriptDirectory) -> str:
    """Return the newest revision of the oldest program that the newest tables of ``script`` serve."""
    said = (getattr(one.module, "oldest_program", None) for one in script.walk_revisions())
    return next(str(revision) for revision in said if revision)


def keep(connection: Connection, revision: str) -> None:
    """Write into the database whom its tables serve; a second call changes nothing."""
    if connection.scalars(select(ProgramsServed.since)).all() != [revision]:
        connection.execute(delete(ProgramsServed))
        connection.execute(insert(ProgramsServed).values(since=revision))


def serve_newer(connection: Connection, now: str | None, ours: tuple[str, ...]) -> bool:
    """Say whether the tables, at ``now``, are newer than a program that knows the revisions ``ours`` and serve it.

    False where they are its own or older. Refuses newer ones that no longer serve it, in words; nothing is changed.
    """
    if now is None or now in ours:
        return False
    since = _kept(connection)
    if since not in ours:
        raise Conflict(
            zh=f"数据库的表结构版本 {now} 比本程序（{ours[0]}）新，且已不支持本程序：请安装新版程序",
            en=f"the tables are at {now}, newer than this program ({ours[0]}), and no longer serve it: "
            "install the newer program",
        )
    _log.warning("tables are newer", extra={"version": now})
    return True


def _kept(connection: Connection) -> str | None:
    if not inspect(connection).has_table(ProgramsServed.__tablename__):
        return None
    return connection.scalar(select(ProgramsServed.since))
