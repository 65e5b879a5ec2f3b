"""A list as one value, where a database has no lists: a statement reads the same for any number of them."""

from collections.abc import Callable
from json import JSONEncoder
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Text, TypeDecorator, func, select
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.types import TypeEngine

_text = JSONEncoder().encode


def among(column: SQLCoreOperations[Any], given: BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of the list ``given``, whose type is ``Listed``; SQLite reads it."""
    rows = func.json_each(given).table_valued("value")
    return column.in_(select(rows.c.value))


class Listed(TypeDecorator[Any]):
    """Values of one kind as the text of a JSON list, each as the driver would be given it."""

    impl, cache_ok = Text, True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Return what makes a list a text; how one of its values is given is found once, not for each list."""
        one = self.kind.dialect_impl(dialect).bind_processor(dialect)
        return lambda values: _text(list(values) if one is None else list(map(one, values)))
