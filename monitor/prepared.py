"""Statements made once and asked often: compiled for their database, bound by name, run by its driver.

What SQLAlchemy does for an execution costs several times what SQLite does for it: here it is done once for a statement.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Date, Dialect, Select, Uuid
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Process = Callable[[Any], Any] | None
_as_uuid = lru_cache(maxsize=1 << 13)(UUID)
"""A page names each of its alerts three times, and whoever asks next is mostly told of the same ones."""


class Rows(list[Any]):
    """The rows of an answer in order, each a tuple whose parts have the names of its columns."""

    def first(self) -> Any:
        """Return the first row; None when there is none."""
        return self[0] if self else None

    def value(self) -> Any:
        """Return the first part of the first row; None when there is none."""
        return self[0][0] if self else None


class Prepared:
    """A statement compiled for one database; the values of its named parameters come with each asking."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(compiled)
        self._statement = statement
        self._wanted = {name: bind for name, bind in compiled.binds.items() if bind.required}
        self._open = any(bind.expanding for bind in self._wanted.values())
        if not self._open:
            self._compile(compiled, dialect)
        self._columns = list(statement.selected_columns)
        self._row: Any = namedtuple("Row", [str(one.key) for one in self._columns], rename=True)  # type: ignore[misc]
        self._kinds: list[Process] | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        """Return what is found with ``values``, among which are the statement's own by their names."""
        if self._open:  # a list is spelled out: it reads differently for each length
            rows = connection.execute(self._statement, {name: values[name] for name in self._wanted})
            return Rows(map(self._row._make, rows))
        return together(connection, [(self, values)])[0]

    def _compile(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        state = compiled.construct_expanded_state(dict.fromkeys(self._wanted), escape_names=False)
        self._sql = state.statement
        named = state.positiontup is None
        names: Iterable[str] = state.parameters if state.positiontup is None else state.positiontup
        places = [(name if named else place, name) for place, name in enumerate(names)]
        processes = {name: _to_driver(bind.type, dialect) for name, bind in compiled.binds.items()}
        processes.update(state.processors)
        self._slots = [(place, name, processes[name]) for place, name in places if name in self._wanted]
        fixed = {place: _through(processes.get(name), state.parameters[name]) for place, name in places}
        self._fixed: Any = fixed if named else list(fixed.values())

    def _given(self, values: Mapping[str, Any]) -> Any:
        """The parameters as the driver takes them: a tuple by place, or a mapping by name."""
        given = self._fixed.copy()
        for place, name, process in self._slots:
            given[place] = values[name] if process is None else process(values[name])
        return tuple(given) if isinstance(given, list) else given

    def ask(self, connection: Connection, cursor: DBAPICursor, values: Mapping[str, Any]) -> None:
        """Send the statement; ``told`` waits for what is found."""
        given = self._given(values)
        for heard in connection.dispatch.before_cursor_execute:
            heard(connection, cursor, self._sql, given, None, False)
        cursor.execute(self._sql, given)

    def told(self, connection: Connection, cursor: DBAPICursor) -> Rows:
        """Return what is found with what was sent by ``cursor``."""
        rows = cursor.fetchall()
        if self._kinds is None:  # what the driver gives, it says with its first answer
            self._kinds = self._read(connection.dialect, cursor.description or ())
        return Rows(map(self._row._make, self._typed(rows)))

    def _read(self, dialect: Dialect, described: Sequence[Any]) -> list[Process]:
        pairs = zip(self._columns, described, strict=True)
        return [_from_driver(column.type, dialect, described[1]) for column, described in pairs]

    def _typed(self, rows: Sequence[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """The rows with their values as the columns have them, a column at a time."""
        kinds = self._kinds or ()
        if not rows or not any(kinds):
            return rows
        pairs = zip(kinds, zip(*rows, strict=True), strict=True)
        return zip(*(column if kind is None else map(kind, column) for kind, column in pairs), strict=True)


def together(connection: Connection, asked: Sequence[tuple[Prepared, Mapping[str, Any]]]) -> list[Rows]:
    """Return what each statement finds with its values; a server is sent all before the first answer is waited for."""
    driver = connection.connection
    cursors = [driver.cursor() for _ in asked]
    try:
        with _in_one_go(driver.driver_connection, len(asked)):
            for (one, values), cursor in zip(asked, cursors, strict=True):
                one.ask(connection, cursor, values)
        return [one.told(connection, cursor) for (one, _), cursor in zip(asked, cursors, strict=True)]
    except connection.dialect.loaded_dbapi.Error as error:
        raise _failed(connection, error) from None
    finally:
        for cursor in cursors:
            cursor.close()


def say(connection: Connection, words: str) -> None:
    """Send ``words`` that take nothing and find nothing."""
    cursor = connection.connection.cursor()
    try:
        for heard in connection.dispatch.before_cursor_execute:
            heard(connection, cursor, words, (), None, False)
        cursor.execute(words)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _failed(connection, error) from None
    finally:
        cursor.close()


def _in_one_go(driver: Any, statements: int) -> AbstractContextManager[Any]:
    return driver.pipeline() if statements > 1 and isinstance(driver, psycopg.Connection) else nullcontext()


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Process:
    process: Process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is not None and isinstance(kind, Date):  # a page of the queue says some thirty, on a few days
        return lru_cache(maxsize=1 << 10)(process)
    return process


def _from_driver(kind: TypeEngine[Any], dialect: Dialect, given: Any) -> Process:
    if isinstance(kind, Uuid) and not dialect.supports_native_uuid:
        return lambda text: None if text is None else _as_uuid(text)
    return kind.dialect_impl(dialect).result_processor(dialect, given)


def _through(process: Process, value: Any) -> Any:
    return value if process is None or value is None else process(value)


def _failed(connection: Connection, error: Any) -> Exception:
    """What SQLAlchemy would raise, in the words of PostgreSQL's first line alone: its detail quotes the row."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    # SQLite's own error quotes no row, and only it says by its name whether the file was locked.
    bare = error if primary is None else type(error)(primary)
    if lost:
        connection.invalidate(error)
    raised: Exception = DBAPIError.instance(
        None, None, bare, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    return raised
