"""Say an expression as a sentence, so that staff review the sentence and not the syntax."""

from collections.abc import Mapping
from typing import Literal

from monitor.policy.language.tree import (
    Among,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Extreme,
    Joined,
    Known,
    Leaf,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Reckoning,
    Relation,
    Text,
    Truth,
)

Language = Literal["zh", "en"]
WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "=": "等于", "!=": "不等于", "<": "低于", "<=": "不超过", ">": "超过", ">=": "达到或超过",
        "+": "加", "-": "减", "*": "乘以", "/": "除以", "and": "且", "or": "或", "not": "并非",
        "min": "中的较小者", "max": "中的较大者", "true": "是", "false": "否",
    },
    "en": {
        "=": " being ", "!=": " other than ", "<": " below ", "<=": " at most ", ">": " over ",
        ">=": " at least ", "+": " plus ", "-": " minus ", "*": " times ", "/": " divided by ",
        "and": " and ", "or": " or ", "not": "not ", "min": "the least of ", "max": "the greatest of ",
        "true": "true", "false": "false",
    },
}  # fmt: skip


def say(expression: Expression, *, language: Language, names: Mapping[str, str]) -> str:
    """Return ``expression`` as a sentence without a full stop, in Chinese or English.

    ``names`` holds what to call each indicator (``private_cars``), parameter (``medical.self_pay_limit``)
    and code (``category=tekun``); what it does not hold is said by its own name.
    """
    return _Speaker(language, names).say(expression.root)


class _Speaker:
    def __init__(self, language: Language, names: Mapping[str, str]) -> None:
        self.zh = language == "zh"
        self.words = WORDS[language]
        self.names = names

    def say(self, node: Node) -> str:
        match node:
            case Negative() | Arithmetic() | Extreme():
                return self.reckoning(node)
            case Not():
                return self.words["not"] + self.inner(node.inner)
            case Joined():
                return self.words[node.word].join(self.inner(item) for item in node.items)
            case Known() | Comparison() | Between() | Among():
                return self.relation(node)
            case _:
                return self.leaf(node)

    def leaf(self, node: Leaf) -> str:
        match node:
            case Number():
                return f"{node.value:,.15g}"
            case Text():
                return node.value
            case Truth():
                return self.words["true" if node.value else "false"]
            case _:
                return self.names.get(node.name, node.name)

    def reckoning(self, node: Reckoning) -> str:
        match node:
            case Negative():
                return "-" + self.inner(node.inner)
            case Arithmetic():
                return self.inner(node.left) + self.words[node.sign] + self.inner(node.right)
            case _:
                return self.extreme(node)

    def relation(self, node: Relation) -> str:
        match node:
            case Known():
                return self.inner(node.inner) + ("有数据" if self.zh else " known")
            case Comparison():
                return self.inner(node.left) + self.words[node.order] + self.coded(node.left, node.right)
            case Between():
                low, high = self.inner(node.low), self.inner(node.high)
                return self.inner(node.inner) + (f"在{low}至{high}之间" if self.zh else f" between {low} and {high}")
            case _:
                items = [self.coded(node.inner, item) for item in node.items]
                said = f"为{'、'.join(items)}之一" if self.zh else f" one of {', '.join(items)}"
                return self.inner(node.inner) + (said if len(items) > 1 else self.words["="] + items[0])

    def coded(self, subject: Node, node: Node) -> str:
        """Call a code by what it means for the column that it is compared with."""
        if isinstance(subject, Name) and isinstance(node, Text):
            return self.names.get(f"{subject.name}={node.value}", node.value)
        return self.inner(node)

    def extreme(self, node: Extreme) -> str:
        items = [self.inner(item) for item in node.items]
        return "、".join(items) + self.words[node.which] if self.zh else self.words[node.which] + ", ".join(items)

    def inner(self, node: Node) -> str:
        """Bracket a part that has parts of its own joined, so that the sentence reads one way only."""
        said = self.say(node)
        return f"({said})" if isinstance(node, Arithmetic | Extreme | Joined | Not) else said
