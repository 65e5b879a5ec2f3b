"""Say an expression in SQL that DuckDB and Spark read alike; SQL's own three-valued logic is Kleene's."""

from collections.abc import Callable, Mapping
from decimal import Decimal

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
    Leaf,
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
    parts,
)

ORDERS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
EXTREMES = {"min": "LEAST", "max": "GREATEST"}


def to_sql(
    expression: Expression,
    *,
    column: Callable[[str], str],
    parameter: Callable[[str], str],
    kinds: Mapping[str, Kind] | None = None,
    exact: bool = False,
) -> str:
    """Return ``expression`` as SQL, equal row for row to ``evaluate`` over the same values.

    ``column`` and ``parameter`` turn names into SQL, safely quoted; ``kinds`` says what each column is, so
    that numbers are compared in whole millionths as ``evaluate`` does and dates, texts and flags as they
    are. A bare name comes back as the column itself, uncast, so that a sum over money stays exact. With
    ``exact`` numbers are reckoned and compared as their SQL types do it, which is equal for whole numbers
    and cents and spares a filter over many facts the rounding.
    """
    return (_Plain if exact else _Writer)(expression, column, parameter, kinds or {}).value(expression.root)


class _Writer:
    def __init__(
        self,
        expression: Expression,
        column: Callable[[str], str],
        parameter: Callable[[str], str],
        kinds: Mapping[str, Kind],
    ) -> None:
        self.expression = expression
        self.column = column
        self.parameter = parameter
        self.kinds = kinds
        self.kind(expression.root)

    def kind(self, node: Node) -> Kind | None:
        return kind_of(self.expression.part(node), self.kinds)

    def value(self, node: Node) -> str:
        match node:
            case Negative() | Arithmetic() | Extreme():
                return self.reckoned(node)
            case Not():
                return f"(NOT {self.value(node.inner)})"
            case Joined():
                return "(" + f" {node.word.upper()} ".join(self.value(item) for item in node.items) + ")"
            case Known() | Comparison() | Between() | Among():
                return self.compared(node)
            case _:
                return self.leaf(node)

    def leaf(self, node: Leaf) -> str:
        match node:
            case Number():
                return self.literal(node.value)
            case Text():
                return "'" + node.value.replace("'", "''") + "'"
            case Truth():
                return "TRUE" if node.value else "FALSE"
            case Name():
                return self.column(node.name)
            case _:
                return self.parameter(node.name)

    def literal(self, value: float) -> str:
        return f"CAST({value!r} AS DOUBLE)"

    def number(self, node: Node) -> str:
        """A name or parameter may be a decimal or an integer; reckoning is in doubles, as in ``evaluate``."""
        value = self.value(node)
        return f"CAST({value} AS DOUBLE)" if isinstance(node, Name | Parameter) else value

    def reckoned(self, node: Reckoning) -> str:
        items = [self.number(part) for part in parts(node)]
        match node:
            case Negative():
                return f"(- {items[0]})"
            case Arithmetic(sign="/"):
                return f"({items[0]} / NULLIF({items[1]}, 0))"
            case Arithmetic():
                return f"({items[0]} {node.sign} {items[1]})"
            case _:
                known = " AND ".join(f"{item} IS NOT NULL" for item in items)
                return f"(CASE WHEN {known} THEN {EXTREMES[node.which]}({', '.join(items)}) END)"

    def compared(self, node: Relation) -> str:
        if isinstance(node, Known):
            return f"({self.value(node.inner)} IS NOT NULL)"
        numeric = "number" in [self.kind(part) for part in parts(node)]
        subject, *others = [self.millionths(part) if numeric else self.value(part) for part in parts(node)]
        match node:
            case Comparison():
                return f"({subject} {ORDERS[node.order]} {others[0]})"
            case Between():
                return f"({subject} >= {others[0]} AND {subject} <= {others[1]})"
            case _:
                return f"({subject} IN ({', '.join(others)}))"

    def millionths(self, node: Node) -> str:
        return f"FLOOR({self.number(node)} * 1000000 + 0.5)"


class _Plain(_Writer):
    """Numbers as SQL's own types have them: literals are whole or decimal, nothing is cast or rounded."""

    def literal(self, value: float) -> str:
        return f"{Decimal(repr(value)).normalize():f}"

    def number(self, node: Node) -> str:
        return self.value(node)

    def millionths(self, node: Node) -> str:
        return self.value(node)
