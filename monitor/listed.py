"""A list as one value, where a database has no lists: a statement reads the same for any number of them."""

from json import JSONEncoder
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine


def among(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of the values given as a list by ``name``; SQLite reads it."""
    rows = func.json_each(bindparam(name, type_=Listed(column.type))).table_valued("value")
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
