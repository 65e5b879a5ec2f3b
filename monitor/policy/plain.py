"""The same conditions read a second way: one household, plain Python, no arrays.

Slow and short, so that it can be checked by eye. ``checking`` holds the fast reading against it, and so do
the tests; nothing else uses it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from math import floor

from monitor.policy.language.tree import (
    Arithmetic,
    Between,
    Comparison,
    Extreme,
    Joined,
    Known,
    Logic,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Parameter,
    Reckoning,
    Relation,
    Text,
    Truth,
)
from monitor.policy.thresholds import Parameter as ParameterPage

Plain = float | str | bool | None
Amounts = Callable[[str], float | None]


def value_of(node: Node, row: Mapping[str, Plain], amounts: Amounts) -> Plain:
    """Return the value of ``node`` for one household; None is unknown."""
    match node:
        case Number() | Text() | Truth():
            return node.value
        case Name():
            return row[node.name]
        case Parameter():
            return amounts(node.name)
        case Not() | Joined():
            return _logic(node, row, amounts)
        case Negative() | Arithmetic() | Extreme():
            return _reckoning(node, row, amounts)
        case _:
            return _relation(node, row, amounts)


def _logic(node: Logic, row: Mapping[str, Plain], amounts: Amounts) -> bool | None:
    if isinstance(node, Not):
        inner = value_of(node.inner, row, amounts)
        return None if inner is None else not inner
    values = [value_of(item, row, amounts) for item in node.items]
    decisive = node.word == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _reckoning(node: Reckoning, row: Mapping[str, Plain], amounts: Amounts) -> float | None:
    if isinstance(node, Negative):
        inner = value_of(node.inner, row, amounts)
        return None if inner is None else -float(inner)
    if isinstance(node, Extreme):
        items = [value_of(item, row, amounts) for item in node.items]
        known = [float(item) for item in items if item is not None]
        return (min if node.which == "min" else max)(known) if len(known) == len(items) else None
    left, right = value_of(node.left, row, amounts), value_of(node.right, row, amounts)
    if left is None or right is None or (node.sign == "/" and right == 0):
        return None
    a, b = float(left), float(right)
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[node.sign]()


def _relation(node: Relation, row: Mapping[str, Plain], amounts: Amounts) -> bool | None:
    match node:
        case Known():
            return value_of(node.inner, row, amounts) is not None
        case Comparison():
            return _compare(value_of(node.left, row, amounts), node.order, value_of(node.right, row, amounts))
        case Between():
            low = Comparison(">=", node.inner, node.low, node.at)
            high = Comparison("<=", node.inner, node.high, node.at)
            return _logic(Joined("and", (low, high), node.at), row, amounts)
        case _:
            same = [Comparison("=", node.inner, item, node.at) for item in node.items]
            return _logic(Joined("or", tuple(same), node.at), row, amounts)


def _compare(left: Plain, order: str, right: Plain) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, str | bool):
        return (left == right) == (order == "=")
    a, b = _millionths(left), _millionths(float(right))
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[order]


def _millionths(value: float) -> int:
    return floor(value * 1_000_000 + 0.5)


def amount_of(page: ParameterPage, as_of: date, known_on: date, region: str, category: str | None) -> float | None:
    """Return the amount of ``page`` for one household: the nearest region with a value, its newest value."""
    for length in (12, 9, 6, 4, 2, 0):
        code = region[:length] or "00"
        own = [v for v in page.values if v.region == code and v.effective_from <= as_of and v.known_on <= known_on]
        if own and own[-1].amounts is not None:
            return own[-1].amounts.get((category or "") if page.by_category else "")
    return None
