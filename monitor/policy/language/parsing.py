"""From text to tree. The grammar is closed: what is not listed here cannot be said in policy.

::

    either   = both { "or" both }
    both     = denial { "and" denial }
    denial   = "not" denial | relation
    relation = sum [ order sum | ["not"] "in" "(" literal { "," literal } ")" | "between" sum "and" sum ]
    sum      = product { ("+" | "-") product }
    product  = signed { ("*" | "/") signed }
    signed   = "-" signed | atom
    atom     = number | 'text' | "true" | "false" | name | "(" either ")"
             | "parameter" "(" name { "." name } ")" | "known" "(" either ")"
             | ("min" | "max") "(" either "," either { "," either } ")"
"""

import re
from dataclasses import dataclass

from monitor.policy.language.tree import (
    Among,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Extreme,
    Joined,
    Known,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Parameter,
    Place,
    PolicyError,
    Text,
    Truth,
)

DEEPEST = 40
LONGEST = 300
ORDERS = ("=", "!=", "<", "<=", ">", ">=")
BETWEEN_VALUES = ("and", "or", "not", "in", "between")
TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>\d+(?:\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<sign><=|>=|!=|[=<>+\-*/(),.])"
)
EXPECTED = {
    "value": ("应为数值、'文字'、指标名、parameter(...)、known(...)、min(...)、max(...) 或括号",
              "expected a number, 'text', a name, parameter(...), known(...), min(...), max(...) or a bracket"),
    "literal": ("应为数字或 '文字'", "expected a number or 'text'"),
    "name": ("应为名称", "expected a name"),
    "(": ("应为 (", "expected ("),
    ")": ("应为 )", "expected )"),
    ", or )": ("应为 , 或 )", "expected , or )"),
    ",": ("应为 ,", "expected ,"),
    "and": ("应为 and", "expected and"),
    "in": ("应为 in", "expected in"),
    "end": ("应在此结束,或为 and、or、比较、运算符", "expected the end, and, or, a comparison or an arithmetic sign"),
}  # fmt: skip
HINTS = {
    "==": ("等于写作 =", "equality is written ="),
    "<>": ("不等于写作 !=", "inequality is written !="),
    "&&": ("“且”写作 and", "conjunction is written and"),
    "||": ("“或”写作 or", "disjunction is written or"),
}


@dataclass(frozen=True)
class Token:
    """One word, number, text or sign, and the offset that it starts at; the end has no text."""

    sort: str
    at: int
    text: str = ""

    def shown(self) -> tuple[str, str]:
        return (self.text, self.text) if self.text else ("表达式结尾", "the end of the expression")


def parse(text: str, *, place: Place) -> Expression:
    """Read ``text``, written at ``place``, as an expression.

    Refuses anything outside the grammar, or longer or deeper than a person would read, with a
    ``PolicyError`` that names file, line and column and what was expected there. Kinds are not judged
    here; ``kinds.kind_of`` does that.
    """
    return Expression(place, _Reader(text, place).whole())


def _tokens(text: str, place: Place) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text) and len(found) <= LONGEST:  # what is too long is not read to its end
        for sign, (zh, en) in HINTS.items():
            if text.startswith(sign, at):
                raise PolicyError(place.at(at), zh=f"不认识 {sign}:{zh}", en=f"cannot read {sign}: {en}")
        match = TOKEN.match(text, at)
        if match is None:
            seen = text[at]
            raise PolicyError(
                place.at(at),
                zh=f"不认识 {seen}:只用半角字母、数字、符号和成对的单引号",
                en=f"cannot read {seen}: use half-width letters, digits and signs, and close each quote",
            )
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), at, match.group()))
        at = match.end()
    if len(found) > LONGEST:
        raise PolicyError(
            place.at(found[LONGEST].at),
            zh=f"超过 {LONGEST} 个词和符号,请拆成几条规则",
            en=f"more than {LONGEST} words and signs; make several rules of it",
        )
    return [*found, Token("end", len(text))]


class _Reader:
    """Reads one expression from left to right, one rule of the grammar a method."""

    def __init__(self, text: str, place: Place) -> None:
        self.place = place
        self.tokens = _tokens(text, place)
        self.depth = 0

    def whole(self) -> Node:
        node = self.either()
        if self.next.sort != "end":
            raise self.expected("end")
        return node

    @property
    def next(self) -> Token:
        return self.tokens[0]

    def take(self) -> Token:
        return self.tokens.pop(0)

    def sees(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or words; a text keeps its quotes and never is."""
        return self.next.text in texts

    def need(self, text: str, expected: str | None = None) -> None:
        if not self.sees(text):
            raise self.expected(expected or text)
        self.take()

    def expected(self, what: str) -> PolicyError:
        zh, en = EXPECTED[what]
        seen_zh, seen_en = self.next.shown()
        return PolicyError(self.place.at(self.next.at), zh=f"{zh},却见到 {seen_zh}", en=f"{en}, but found {seen_en}")

    def either(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PolicyError(
                self.place.at(self.next.at),
                zh=f"括号超过 {DEEPEST} 层",
                en=f"more than {DEEPEST} brackets deep",
            )
        items = [self.both()]
        while self.sees("or"):
            self.take()
            items.append(self.both())
        self.depth -= 1
        return items[0] if len(items) == 1 else Joined("or", tuple(items), items[0].at)

    def both(self) -> Node:
        items = [self.denial()]
        while self.sees("and"):
            self.take()
            items.append(self.denial())
        return items[0] if len(items) == 1 else Joined("and", tuple(items), items[0].at)

    def denial(self) -> Node:
        denials = []
        while self.sees("not"):
            denials.append(self.take().at)
        node = self.relation()
        for at in reversed(denials):
            node = Not(node, at)
        return node

    def relation(self) -> Node:
        left = self.sum()
        if self.sees(*ORDERS):
            sign = self.take()
            return Comparison(sign.text, left, self.sum(), sign.at)
        if self.sees("not"):
            at = self.take().at
            if not self.sees("in"):
                raise self.expected("in")
            return Not(self.among(left), at)
        if self.sees("in"):
            return self.among(left)
        if self.sees("between"):
            at = self.take().at
            low = self.sum()
            self.need("and")
            return Between(left, low, self.sum(), at)
        return left

    def among(self, inner: Node) -> Among:
        at = self.take().at
        self.need("(")
        items = [self.literal()]
        while self.sees(","):
            self.take()
            items.append(self.literal())
        self.need(")", ", or )")
        return Among(inner, tuple(items), at)

    def literal(self) -> Number | Text:
        if self.next.sort == "number":
            return self.number()
        if self.next.sort == "text":
            return self.text()
        raise self.expected("literal")

    def number(self) -> Number:
        token = self.take()
        return Number(float(token.text), token.at)

    def text(self) -> Text:
        token = self.take()
        return Text(token.text[1:-1].replace("''", "'"), token.at)

    def sum(self) -> Node:
        node = self.product()
        while self.sees("+", "-"):
            sign = self.take()
            node = Arithmetic(sign.text, node, self.product(), sign.at)
        return node

    def product(self) -> Node:
        node = self.signed()
        while self.sees("*", "/"):
            sign = self.take()
            node = Arithmetic(sign.text, node, self.signed(), sign.at)
        return node

    def signed(self) -> Node:
        signs = []
        while self.sees("-"):
            signs.append(self.take().at)
        node = self.atom()
        for at in reversed(signs):
            node = Negative(node, at)
        return node

    def atom(self) -> Node:
        token = self.next
        if token.sort in ("number", "text"):
            return self.literal()
        if self.sees("("):
            return self.bracket()
        if self.sees("true", "false"):
            return Truth(self.take().text == "true", token.at)
        if self.sees("parameter"):
            return self.parameter()
        if self.sees("known"):
            self.take()
            return Known(self.bracket(), token.at)
        if self.sees("min", "max"):
            return self.extreme()
        if token.sort == "name" and token.text not in BETWEEN_VALUES:
            return Name(self.take().text, token.at)
        raise self.expected("value")

    def bracket(self) -> Node:
        self.need("(")
        node = self.either()
        self.need(")")
        return node

    def parameter(self) -> Parameter:
        at = self.take().at
        self.need("(")
        words = [self.word()]
        while self.sees("."):
            self.take()
            words.append(self.word())
        self.need(")")
        return Parameter(".".join(words), at)

    def word(self) -> str:
        if self.next.sort != "name":
            raise self.expected("name")
        return self.take().text

    def extreme(self) -> Extreme:
        token = self.take()
        self.need("(")
        items = [self.either()]
        self.need(",")
        items.append(self.either())
        while self.sees(","):
            self.take()
            items.append(self.either())
        self.need(")", ", or )")
        return Extreme(token.text, tuple(items), token.at)
