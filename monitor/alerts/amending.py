"""Many rows changed at once, each to values of its own: one statement for all that set the same columns."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from json import JSONEncoder
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, Text, Update, bindparam, cast, column, func, update
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

from monitor.alerts.changes import Values
from monitor.database import takes_lists

_OLD, _ROWS = "b_", "rows"
_written = JSONEncoder(ensure_ascii=False).encode


def amend(session: Session, table: type[DeclarativeBase], rows: Sequence[Values]) -> int:
    """Set the columns that each of ``rows`` names, where those are as it names them with ``b_``; return how many were.

    PostgreSQL takes all as one value: a statement for each row is a portal, a snapshot and an answer each, and who
    wants one of the rows waits for the last of them.
    """
    done, whole = 0, takes_lists(session)
    for columns, some in _alike(rows).items():
        statement = _at_once(table, columns) if whole else _each(table, columns)
        given: Any = {_ROWS: _as_text(session.get_bind().dialect, table, some)} if whole else some
        done += session.connection().execute(statement, given).rowcount
    return done


@cache
def _each(table: type[Any], columns: frozenset[str]) -> Update:
    found, values = _parted(columns)
    of_row = [getattr(table, name) == bindparam(_OLD + name) for name in found]
    return update(table).where(*of_row).values({name: bindparam(name) for name in values})


@cache
def _at_once(table: type[Any], columns: frozenset[str]) -> Update:
    found, values = _parted(columns)
    cells = (column(name, Text() if _is_json(table, name) else _kind(table, name)) for name in sorted(columns))
    text = cast(bindparam(_ROWS, type_=Text()), JSON)
    given = func.json_to_recordset(text).table_valued(*cells, name="given").render_derived(with_types=True)
    of_row: list[ColumnElement[bool]] = [getattr(table, name) == given.c[_OLD + name] for name in found]
    cast_back = {name: cast(given.c[name], JSON) if _is_json(table, name) else given.c[name] for name in values}
    return update(table).where(*of_row).values(cast_back)


def _as_text(dialect: Dialect, table: type[Any], rows: Sequence[Values]) -> str:
    """Return ``rows``, which are alike, as a JSON list; every value is text, as PostgreSQL reads its type, or null."""
    text = {name: _written if _is_json(table, name) else _plain(_kind(table, name), dialect) for name in rows[0]}
    return _written([{name: text[name](value) for name, value in row.items()} for row in rows])


def _plain(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], str | None]:
    process = kind.dialect_impl(dialect).bind_processor(dialect)

    def text(value: Any) -> str | None:
        given = value if process is None else process(value)
        return None if given is None else str(given)

    return text


def _kind(table: type[Any], name: str) -> TypeEngine[Any]:
    kind: TypeEngine[Any] = getattr(table, name.removeprefix(_OLD)).type
    return kind


def _is_json(table: type[Any], name: str) -> bool:
    return isinstance(_kind(table, name), JSON)


def _parted(columns: frozenset[str]) -> tuple[list[str], list[str]]:
    """The columns that a row is found by, and those it is given."""
    found = sorted(name.removeprefix(_OLD) for name in columns if name.startswith(_OLD))
    return found, sorted(name for name in columns if not name.startswith(_OLD))


def _alike(rows: Iterable[Values]) -> dict[frozenset[str], list[Values]]:
    """Group rows by the columns they name."""
    groups: dict[frozenset[str], list[Values]] = {}
    for row in rows:
        groups.setdefault(frozenset(row), []).append(row)
    return groups
