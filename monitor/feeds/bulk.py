"""Many rows at once into the operational database: COPY on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Table as CoreTable
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from monitor.database import insert_plain, pour
from monitor.tables import Table

AT_ONCE = 20_000
ASKED_AT_ONCE = 500
T = TypeVar("T")


def add_rows(session: Session, kind: type[Table], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert ``rows`` (values in the order of ``columns``; days as ISO text) in the session's transaction."""
    connection, table = session.connection(), core(kind)
    if connection.dialect.name == "postgresql":
        pour(connection, table, columns, rows)
        return
    connection.exec_driver_sql("PRAGMA cache_size = -262144")
    for some in chunks(rows, AT_ONCE):
        insert_plain(connection, table.name, columns, some)


def change_rows(session: Session, kind: type[Table], rows: Sequence[dict[str, Any]]) -> None:
    """Update rows by their ``id``; every row gives the same columns."""
    if rows:
        table = core(kind)
        names = [name for name in rows[0] if name != "id"]
        statement = (
            update(table)
            .where(table.c.id == bindparam("the_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        given = [{"the_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        session.connection().execute(statement, given)


def next_id(session: Session, kind: type[Table]) -> int:
    """Return the first id beyond all that are used; valid while the caller holds the write lock."""
    return (session.scalar(select(func.max(core(kind).c.id))) or 0) + 1


def advance_ids(session: Session, kind: type[Table]) -> None:
    """Make PostgreSQL go on after ids that were given explicitly."""
    if session.connection().dialect.name == "postgresql":
        table = core(kind)
        used = select(func.max(table.c.id)).scalar_subquery()
        session.execute(select(func.setval(func.pg_get_serial_sequence(text(f"'{table.name}'"), text("'id'")), used)))


def core(kind: type[Table]) -> CoreTable:
    """Return the table beneath a noun."""
    return cast(CoreTable, kind.__table__)


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``rows`` in lists of at most ``size``."""
    walk = iter(rows)
    while some := list(islice(walk, size)):
        yield some
