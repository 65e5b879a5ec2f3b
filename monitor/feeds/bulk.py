"""Many rows at once into the operational database: COPY on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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


def add_rows(session: Session, kind: type[Table], columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows, given a column each (days as ISO text), in the session's transaction."""
    connection, table = session.connection(), core(kind)
    if connection.dialect.name == "postgresql":
        pour(connection, table, list(columns), zip(*columns.values(), strict=True))
        return
    connection.exec_driver_sql("PRAGMA cache_size = -262144")
    for at in range(0, len(next(iter(columns.values()))), AT_ONCE):
        insert_plain(connection, table.name, {name: column[at : at + AT_ONCE] for name, column in columns.items()})


@contextmanager
def indexed_after(session: Session, kind: type[Table], coming: int) -> Iterator[None]:
    """On SQLite build a table's indexes once it has grown by ``coming`` rows, if those are more than it has.

    All within the session's transaction, so nobody sees the table without them; rows that are twice what may be only
    once are refused at the end. A tree built at once costs a quarter of one that grows leaf by leaf.
    """
    connection = session.connection()
    many = connection.dialect.name == "sqlite" and coming > next_id(session, kind)
    indexes = sorted(core(kind).indexes, key=lambda index: str(index.name)) if many else []
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


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
