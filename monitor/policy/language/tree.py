"""What a condition is made of: a small tree that remembers where each part was written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from monitor.errors import Invalid

Kind = Literal["number", "text", "flag", "date"]


@dataclass(frozen=True)
class Place:
    """Where in the policy something is written: file, line and column, all as an editor counts them."""

    file: str
    line: int
    column: int = 1

    def at(self, offset: int) -> "Place":
        return Place(self.file, self.line, self.column + offset)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class PolicyError(Invalid):
    """Policy that cannot be used; says file, line, column, and what was expected there."""

    def __init__(self, place: Place, *, zh: str, en: str) -> None:
        super().__init__(zh=f"{place} {zh}", en=f"{place} {en}")
        self.place = place


@dataclass(frozen=True)
class Number:
    """A number as it is written, never negative: the sign stands outside."""

    value: float
    at: int


@dataclass(frozen=True)
class Text:
    """A text in single quotes, its doubled quotes already single."""

    value: str
    at: int


@dataclass(frozen=True)
class Truth:
    """``true`` or ``false`` as it is written."""

    value: bool
    at: int


@dataclass(frozen=True)
class Name:
    """An indicator, a column or an attribute, by its name."""

    name: str
    at: int


@dataclass(frozen=True)
class Parameter:
    """A value set by law or notice, by its dotted name; always a number."""

    name: str
    at: int


@dataclass(frozen=True)
class Known:
    """True where ``inner`` has a value; itself never unknown."""

    inner: "Node"
    at: int


@dataclass(frozen=True)
class Negative:
    """A number turned round; unknown where it is unknown."""

    inner: "Node"
    at: int


@dataclass(frozen=True)
class Arithmetic:
    """``+ - * /``; unknown with any unknown part, and where the divisor is nought."""

    sign: str
    left: "Node"
    right: "Node"
    at: int


@dataclass(frozen=True)
class Extreme:
    """The least or greatest of several numbers; unknown with any unknown part."""

    which: str
    items: tuple["Node", ...]
    at: int


@dataclass(frozen=True)
class Comparison:
    """Two things of one kind compared; unknown with either side unknown."""

    order: str
    left: "Node"
    right: "Node"
    at: int


@dataclass(frozen=True)
class Among:
    """Whether a thing is one of those listed; unknown where it is unknown."""

    inner: "Node"
    items: tuple[Number | Text, ...]
    at: int


@dataclass(frozen=True)
class Between:
    """``low <= inner <= high``, both ends included."""

    inner: "Node"
    low: "Node"
    high: "Node"
    at: int


@dataclass(frozen=True)
class Not:
    """Kleene's NOT: what is unknown stays unknown."""

    inner: "Node"
    at: int


@dataclass(frozen=True)
class Joined:
    """Kleene's AND or OR of two or more conditions."""

    word: str
    items: tuple["Node", ...]
    at: int


Leaf = Number | Text | Truth | Name | Parameter
Reckoning = Negative | Arithmetic | Extreme
Logic = Not | Joined
Relation = Known | Comparison | Among | Between
Node = Leaf | Reckoning | Logic | Relation


def parts(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of ``node``, in the order they are written."""
    match node:
        case Known() | Negative() | Not():
            return (node.inner,)
        case Arithmetic() | Comparison():
            return (node.left, node.right)
        case Extreme() | Joined():
            return node.items
        case Among():
            return (node.inner, *node.items)
        case Between():
            return (node.inner, node.low, node.high)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield ``node`` and everything below it, outer before inner, left before right."""
    yield node
    for part in parts(node):
        yield from walk(part)


@dataclass(frozen=True)
class Expression:
    """A parsed expression: its place, its tree, and the names it reads."""

    place: Place
    root: Node
    names: frozenset[str] = field(init=False)
    parameters: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        below = tuple(walk(self.root))
        object.__setattr__(self, "names", frozenset(n.name for n in below if isinstance(n, Name)))
        object.__setattr__(self, "parameters", frozenset(n.name for n in below if isinstance(n, Parameter)))

    def refuse(self, node: Node, *, zh: str, en: str) -> PolicyError:
        """Return the error to raise about ``node``, with its own column."""
        return PolicyError(self.place.at(node.at), zh=zh, en=en)

    def part(self, node: Node) -> "Expression":
        """Return ``node`` as an expression of its own, at the same place."""
        return Expression(self.place, node)

    def every(self, keep: Callable[[Node], bool]) -> tuple[Node, ...]:
        """Return each node of the tree that ``keep`` wants, outer before inner."""
        return tuple(node for node in walk(self.root) if keep(node))
