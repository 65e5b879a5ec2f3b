"""The operational database: the one place that opens a session."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from json import dumps
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.orm import Session

from monitor.settings import Settings


def connect(settings: Settings) -> Engine:
    """Return an engine for ``settings.database_url``; connections are checked before use.

    Bound values never appear in error texts, not even in PostgreSQL's DETAIL line: they may be personal.
    """
    if settings.database_url.startswith("sqlite"):
        settings.home.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        settings.database_url,
        hide_parameters=True,
        pool_pre_ping=True,
        json_serializer=partial(dumps, ensure_ascii=False),
    )
    event.listen(engine, "handle_error", _say_no_values)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open the session of one unit of work: committed when the block ends, undone when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads; on SQLite it takes no write lock."""
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        with Session(bind=connection, expire_on_commit=False) as session:
            yield session
        connection.rollback()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    run: Callable[[str], Any] = connection.execute
    run("PRAGMA journal_mode = WAL")
    run("PRAGMA synchronous = NORMAL")
    run("PRAGMA foreign_keys = ON")
    run("PRAGMA busy_timeout = 30000")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a read that later writes can then never fail half-way."""
    reads = connection.get_execution_options().get("lowincome_reading")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _say_no_values(context: ExceptionContext) -> None:
    """Take PostgreSQL's DETAIL, which quotes the row, out of an error before anybody prints it."""
    original = context.original_exception
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary is None:
        return
    original.args = (primary,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(original).__name__}) {primary}",)
