"""Who is judged: a small closed language over the columns of a table, ``fi == 0 and (age > 60 or kind in ('a', 'b'))``.

Said: ``== != < <= > >=``, ``in (...)``, ``not in (...)``, ``is missing``, ``is not missing``, ``and``, ``or``, ``not``,
brackets; numbers, 'text', true, false; a column by its name, in `backticks` when the name is no single word. Python's
parser makes the tree and nothing of it is ever run: a node that is not listed here is refused.
"""

import ast
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from models.refusals import Unlearnable

LONGEST = 2000
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}
_WORDS = {"missing": None, "true": True, "false": False, "True": True, "False": False, "None": None}
_Said = pd.Series | int | float | str | bool | tuple[Any, ...] | None


def chosen(table: pd.DataFrame, text: str) -> "pd.Series[bool]":
    """Return for every row whether ``text`` is true of it; a comparison with a missing value is not.

    Logic is three-valued: unknown is neither true nor, under ``not``, suddenly true. Refuses what cannot be said in
    the language and columns that the table has not.
    """
    if len(text) > LONGEST:
        raise _unreadable("太长", "too long")
    quoted: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return next((name for name, column in quoted.items() if column == found[1]), None) or _keep(quoted, found[1])

    try:
        tree = ast.parse(re.sub(r"`([^`]+)`", named, text.strip()), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(text, f"{text!r}; equality is written ==, text in quotes") from None
    try:
        verdict = _Reader(table, quoted).truth(tree.body)
    except RecursionError:
        raise _unreadable("嵌套太深", "nested too deeply") from None
    told: pd.Series[bool] = verdict.fillna(False).astype(bool)
    return told


def _keep(quoted: dict[str, str], column: str) -> str:
    name = f"_quoted_{len(quoted)}"
    quoted[name] = column
    return name


class _Reader:
    """Reads a tree from the leaves up; columns come out as series, truths as nullable booleans."""

    def __init__(self, table: pd.DataFrame, quoted: dict[str, str]) -> None:
        self.table = table
        self.quoted = quoted

    def read(self, node: ast.AST) -> Any:
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._joined(op, values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self.truth(operand)
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._compared(left, ops, rights)
            case _:
                return self._value(node)

    def _value(self, node: ast.AST) -> _Said:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return tuple(self._literal(part) for part in parts)
            case ast.Name(id=name):
                return self._named(name)
            case _:
                raise _unreadable("只能比较列与数值、文字", "only columns, numbers and 'text' are compared")

    def _literal(self, node: ast.AST) -> Any:
        value = self._value(node)
        if isinstance(value, pd.Series | tuple):
            raise _unreadable("in 之后应为数值或文字", "in (...) lists numbers or 'text'")
        return value

    def _named(self, name: str) -> _Said:
        column = self.quoted.get(name, name)
        if column in self.table.columns:
            return self.table[column]
        if name in _WORDS:
            return _WORDS[name]
        raise Unlearnable(
            zh=f"条件中的列不存在：{column}", en=f"the condition names a column that is not there: {column}"
        )

    def truth(self, node: ast.AST) -> Any:
        """Return what a part says of every row: true, false, or NA where a value is missing."""
        value = self.read(node)
        if isinstance(value, pd.Series) and pd.api.types.is_bool_dtype(value.dtype):
            return value.astype("boolean")
        if isinstance(value, bool):
            return pd.Series(value, index=self.table.index, dtype="boolean")
        raise _unreadable("and、or、not 连接的应为比较", "and, or, not join comparisons")

    def _joined(self, op: ast.boolop, values: list[ast.expr]) -> Any:
        verdict = self.truth(values[0])
        for value in values[1:]:
            verdict = verdict & self.truth(value) if isinstance(op, ast.And) else verdict | self.truth(value)
        return verdict

    def _compared(self, left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Any:
        verdict = pd.Series(True, index=self.table.index, dtype="boolean")
        for first, op, second in zip([left, *rights[:-1]], ops, rights, strict=True):
            verdict = verdict & self._pair(self.read(first), op, self.read(second))
        return verdict

    def _pair(self, left: Any, op: ast.cmpop, right: Any) -> Any:
        if isinstance(op, ast.Is | ast.IsNot) and right is None and isinstance(left, pd.Series):
            return (left.isna() if isinstance(op, ast.Is) else left.notna()).astype("boolean")
        if isinstance(op, ast.In | ast.NotIn) and isinstance(left, pd.Series) and isinstance(right, tuple):
            among = left.isin(list(right)).astype("boolean").mask(left.isna())
            return among if isinstance(op, ast.In) else ~among
        known = [side for side in (left, right) if isinstance(side, pd.Series)]
        if type(op) not in _ORDERS or not known or left is None or right is None:
            raise _unreadable("无法比较", "one side of a comparison is a column; missing is asked by 'is missing'")
        if any(isinstance(side, tuple) for side in (left, right)):
            raise _unreadable("列表只能跟在 in 之后", "a list only follows in")
        try:
            told = pd.Series(_ORDERS[type(op)](left, right), index=self.table.index)
        except TypeError:
            raise _unreadable("数值与文字不能比较", "a number is compared with text") from None
        missing = pd.concat([side.isna() for side in known], axis=1).any(axis=1)
        return told.astype("boolean").mask(missing)


def _unreadable(zh: str, en: str) -> Unlearnable:
    return Unlearnable(zh=f"条件无法理解：{zh}", en=f"the condition cannot be read: {en}")
