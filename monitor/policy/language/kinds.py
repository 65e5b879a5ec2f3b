"""What kind of thing an expression is, judged before it is ever run."""

from collections.abc import Mapping

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
    Negative,
    Node,
    Not,
    Number,
    Parameter,
    PolicyError,
    Relation,
    Text,
    Truth,
    parts,
)

KINDS: dict[Kind, tuple[str, str]] = {
    "number": ("数值", "a number"),
    "text": ("文字", "text"),
    "flag": ("是否", "true or false"),
    "date": ("日期", "a date"),
}


def kind_of(expression: Expression, names: Mapping[str, Kind]) -> Kind | None:
    """Return the kind of ``expression``, or None where ``names`` does not tell.

    Refuses, naming the column, a part that is not of the kind its place wants: text added to a number,
    a comparison of unlike things, an order between texts or flags, a number where a condition belongs.
    """
    return _Judge(expression, names).kind(expression.root)


class _Judge:
    def __init__(self, expression: Expression, names: Mapping[str, Kind]) -> None:
        self.expression = expression
        self.names = names

    def kind(self, node: Node) -> Kind | None:
        match node:
            case Negative() | Arithmetic() | Extreme():
                return self.all_are("number", node)
            case Not() | Joined():
                return self.all_are("flag", node)
            case Known() | Comparison() | Among() | Between():
                return self.relation(node)
            case _:
                return self.leaf(node)

    def leaf(self, node: Leaf) -> Kind | None:
        match node:
            case Number() | Parameter():
                return "number"
            case Text():
                return "text"
            case Truth():
                return "flag"
            case _:
                return self.names.get(node.name)

    def relation(self, node: Relation) -> Kind:
        match node:
            case Known():
                self.kind(node.inner)
            case Comparison():
                self.alike(node.left, node.right, ordered=node.order not in ("=", "!="))
            case Among():
                for item in node.items:
                    self.alike(node.inner, item)
            case _:
                self.alike(node.inner, node.low, ordered=True)
                self.alike(node.inner, node.high, ordered=True)
        return "flag"

    def all_are(self, wanted: Kind, node: Node) -> Kind:
        for item in parts(node):
            self.is_a(wanted, item)
        return wanted

    def is_a(self, wanted: Kind, node: Node) -> None:
        found = self.kind(node)
        if found is not None and found != wanted:
            raise self.unlike(node, wanted, found)

    def alike(self, left: Node, right: Node, *, ordered: bool = False) -> None:
        first, second = self.kind(left), self.kind(right)
        if first is not None and second is not None and first != second:
            raise self.unlike(right, first, second)
        found = first or second
        if ordered and found in ("text", "flag"):
            raise self.expression.refuse(
                left,
                zh=f"{KINDS[found][0]}不能比大小,只能用 =、!= 或 in",
                en=f"{KINDS[found][1]} has no order; use =, != or in",
            )

    def unlike(self, node: Node, wanted: Kind, found: Kind) -> PolicyError:
        return self.expression.refuse(
            node,
            zh=f"此处应为{KINDS[wanted][0]},却是{KINDS[found][0]}",
            en=f"expected {KINDS[wanted][1]} here, but this is {KINDS[found][1]}",
        )
