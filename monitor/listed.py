"""A list as one value, where a database has no lists: a statement reads the same for any number of them."""

from json import JSONEncoder
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Text, TypeDecorator, func, select
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.types import TypeEngine


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

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Return the list as text."""
        process = self.kind.dialect_impl(dialect).bind_processor(dialect)
        return JSONEncoder().encode(list(value) if process is None else [process(one) for one in value])
