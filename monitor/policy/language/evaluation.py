"""Run an expression over a whole population at once, with Kleene's three truths.

A truth travels as one byte, 0 false, 1 unknown, 2 true: then AND is the lesser, OR the greater and NOT
the distance from 2. A number travels as a float whose NaN is unknown, a text as a category code whose -1
is unknown. Both sides of a comparison are first brought to whole millionths, so that a tie at a limit is
a tie on every machine and in every engine.
"""

from collections.abc import Mapping
from functools import cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitor.policy.language.kinds import kind_of
from monitor.policy.language.tree import (
    Among,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Extreme,
    Joined,
    Kind,
    Known,
    Name,
    Negative,
    Not,
    Number,
    Parameter,
    Relation,
    Text,
    Truth,
    parts,
)

FALSE, UNKNOWN, TRUE = np.int8(0), np.int8(1), np.int8(2)
MILLIONTHS = 1_000_000.0
Truths = npt.NDArray[np.int8]
Numbers = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
DATES = ("date", "datetime64", "datetime")
INFERRED: dict[str, Kind] = {
    "string": "text",
    "boolean": "flag",
    "floating": "number",
    "integer": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    **dict.fromkeys(DATES, "date"),
}
COMPARE = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
RECKON = {"+": np.add, "-": np.subtract, "*": np.multiply}
EXTREMES = {"min": np.minimum, "max": np.maximum}


def evaluate(
    expression: Expression, columns: Mapping[str, pd.Series], parameters: Mapping[str, pd.Series]
) -> pd.Series:
    """Return the value of ``expression`` for every row: boolean for a condition, Float64 for a number.

    ``columns`` and ``parameters`` share one index, the result's; unknown is NA everywhere. A date column
    counts as days. Refuses parts of the wrong kind as ``kind_of`` does, and an expression that is a text.
    """
    table = Columns(columns, parameters)
    kind = table.kind(expression)
    if kind == "text":
        raise expression.refuse(expression.root, zh="此处应为条件或数值", en="expected a condition or a number here")
    if kind == "flag":
        truths = np.broadcast_to(truth(expression, table), len(table.index))
        return pd.Series(pd.arrays.BooleanArray(truths == TRUE, truths == UNKNOWN), index=table.index)
    values = np.array(np.broadcast_to(number(expression, table), len(table.index)))
    return pd.Series(pd.arrays.FloatingArray(values, np.isnan(values)), index=table.index)


class Columns:
    """A table made ready for evaluation: each column is converted once, however many rules read it."""

    def __init__(self, columns: Mapping[str, pd.Series], parameters: Mapping[str, pd.Series]) -> None:
        self.index = next(iter([*columns.values(), *parameters.values()])).index
        self.kinds = {name: kind for name, column in columns.items() if (kind := _kind(column))}
        self.numbers = cache(lambda name: _numbers(columns[name]))
        self.parameter = cache(lambda name: _numbers(parameters[name]))
        self.truths = cache(lambda name: _truths(columns[name]))
        self.texts = cache(lambda name: pd.Categorical(columns[name]))

    def kind(self, expression: Expression) -> Kind | None:
        return kind_of(expression, self.kinds)


def number(expression: Expression, table: Columns) -> Numbers:
    """Return the numbers that ``expression`` stands for; NaN is unknown. One value may stand for all rows."""
    match expression.root:
        case Number(value):
            return np.asarray(value)
        case Name(name):
            return table.numbers(name)
        case Parameter(name):
            return table.parameter(name)
        case Negative(inner):
            return -number(expression.part(inner), table)
        case Arithmetic(sign, left, right):
            return _reckon(sign, number(expression.part(left), table), number(expression.part(right), table))
        case Extreme(which, items):
            return reduce(EXTREMES[which], [number(expression.part(item), table) for item in items])
        case _:
            raise expression.refuse(expression.root, zh="此处应为数值", en="expected a number here")


def _reckon(sign: str, left: Numbers, right: Numbers) -> Numbers:
    if sign == "/":
        return left / np.where(right == 0, np.nan, right)
    return RECKON[sign](left, right)


def truth(expression: Expression, table: Columns) -> Truths:
    """Return the truths that ``expression`` stands for. One value may stand for all rows."""
    match expression.root:
        case Truth(value):
            return np.asarray(TRUE if value else FALSE)
        case Name(name):
            return table.truths(name)
        case Not(inner):
            return TRUE - truth(expression.part(inner), table)
        case Joined(word, items):
            join = np.minimum if word == "and" else np.maximum
            return reduce(join, [truth(expression.part(item), table) for item in items])
        case Known() | Comparison() | Between() | Among():
            return _relation(expression, expression.root, table)
        case _:
            raise expression.refuse(expression.root, zh="此处应为条件", en="expected a condition here")


def _relation(expression: Expression, node: Relation, table: Columns) -> Truths:
    subject, *others = [expression.part(part) for part in parts(node)]
    match node:
        case Known():
            return np.where(_missing(subject, table), FALSE, TRUE)
        case Comparison():
            return _compare(node.order, subject, others[0], table)
        case Between():
            return np.minimum(_compare(">=", subject, others[0], table), _compare("<=", subject, others[1], table))
        case _:
            if isinstance(others[0].root, Text):
                return _among(_texts(subject, table), [item.value for item in node.items if isinstance(item, Text)])
            return reduce(np.maximum, [_compare("=", subject, other, table) for other in others])


def _compare(order: str, left: Expression, right: Expression, table: Columns) -> Truths:
    kind = table.kind(left) or table.kind(right)
    if kind == "text":
        same, unknown = _same_text(_texts(left, table), _texts(right, table))
        return _truths_of(same if order == "=" else ~same, unknown)
    if kind == "flag":
        first, second = truth(left, table), truth(right, table)
        return _truths_of(COMPARE[order](first, second), (first == UNKNOWN) | (second == UNKNOWN))
    a, b = _millionths(number(left, table)), _millionths(number(right, table))
    return _truths_of(COMPARE[order](a, b), np.isnan(a) | np.isnan(b))


def _among(texts: "pd.Categorical[Any]", wanted: list[str]) -> Truths:
    """Look each category up once, so that no row is compared as text; the last place is the unknown's."""
    of_category = np.where(texts.categories.isin(wanted), TRUE, FALSE)
    return np.asarray(np.append(of_category, UNKNOWN)[texts.codes])


def _truths_of(holds: Bools, unknown: Bools) -> Truths:
    return np.where(unknown, UNKNOWN, np.where(holds, TRUE, FALSE))


def _millionths(values: Numbers) -> Numbers:
    return np.floor(values * MILLIONTHS + 0.5)


def _missing(expression: Expression, table: Columns) -> Bools:
    kind = table.kind(expression)
    if kind == "flag":
        return np.asarray(truth(expression, table) == UNKNOWN)
    if kind == "text":
        return np.asarray(_texts(expression, table).codes < 0)
    return np.isnan(number(expression, table))


def _texts(expression: Expression, table: Columns) -> "pd.Categorical[Any]":
    """A written text is a category of its own, alone on its one row."""
    match expression.root:
        case Text(value):
            return pd.Categorical([value])
        case Name(name):
            return table.texts(name)
        case _:
            raise expression.refuse(expression.root, zh="此处应为文字", en="expected text here")


def _same_text(left: "pd.Categorical[Any]", right: "pd.Categorical[Any]") -> tuple[Bools, Bools]:
    """Compare by code, so that no row is compared as text."""
    on_the_left = right.set_categories(left.categories)
    return left.codes == on_the_left.codes, (left.codes < 0) | (right.codes < 0)


def _kind(column: pd.Series) -> Kind | None:
    """Tell a column's kind from its type; a column with no value at all may stand for any kind."""
    if column.isna().all():
        return None
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "text"
    return INFERRED[pd.api.types.infer_dtype(column)]


def _numbers(column: pd.Series) -> Numbers:
    if pd.api.types.infer_dtype(column) in DATES:
        return np.asarray((pd.to_datetime(column) - pd.Timestamp(0)) / pd.Timedelta(days=1))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _truths(column: pd.Series) -> Truths:
    flags = _numbers(column)
    return _truths_of(flags == 1, np.isnan(flags))
