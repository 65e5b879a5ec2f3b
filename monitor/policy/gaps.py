"""Why not: the nearest way in which a condition could turn out otherwise, comparison by comparison."""

from collections.abc import Set
from dataclasses import dataclass
from math import inf, isnan

from monitor.policy.language import Columns, Expression, number, truth
from monitor.policy.language.evaluation import FALSE, TRUE, UNKNOWN
from monitor.policy.language.tree import Between, Comparison, Joined, Known, Name, Not, Parameter

OF_ANOTHER_KIND = 1_000.0
NOT_KNOWN = 500.0
_PASSED = frozenset({"<", ">", "!="})


@dataclass(frozen=True)
class Step:
    """One condition that must turn for the verdict to turn.

    ``observed`` and ``limit`` are the two sides where both are numbers, ``distance`` what lies between them, and one
    more where things are counted and the limit must be passed; ``unknown`` names what is not known about it.
    ``holds`` is what it must become, ``passes`` whether being at the limit is not enough for that.
    """

    condition: Expression
    holds: bool
    observed: float | None
    limit: float | None
    unknown: tuple[str, ...]
    passes: bool = False
    counts: bool = False

    @property
    def distance(self) -> float | None:
        if self.observed is None or self.limit is None:
            return None
        whole = self.counts and self.observed.is_integer() and self.limit.is_integer()
        return abs(self.limit - self.observed) + (self.passes and whole)

    @property
    def effort(self) -> float:
        """How far this is from turning, as a share of its limit; a thing of another kind counts as far."""
        if self.unknown:
            return NOT_KNOWN
        if self.distance is None or self.limit is None:
            return OF_ANOTHER_KIND
        return min(self.distance / max(abs(self.limit), 1.0), OF_ANOTHER_KIND)


def nearest(
    condition: Expression, columns: Columns, *, holds: bool, counted: Set[str] = frozenset()
) -> tuple[Step, ...]:
    """Return the fewest, then nearest, steps after which ``condition`` would be as ``holds`` says.

    Looks at the one row of ``columns``; empty where it is so already. ``counted`` names what comes in whole things.
    """
    if truth(condition, columns).item() == (TRUE if holds else FALSE):
        return ()
    match condition.root:
        case Not(inner):
            return nearest(condition.part(inner), columns, holds=not holds, counted=counted)
        case Joined(word, items):
            ways = [nearest(condition.part(item), columns, holds=holds, counted=counted) for item in items]
            if (word == "and") == holds:
                return tuple(step for way in ways for step in way)
            return min(ways, key=lambda way: sum(step.effort for step in way))
        case _:
            return (_step(condition, columns, holds, counted),)


def _step(condition: Expression, columns: Columns, holds: bool, counted: Set[str]) -> Step:
    observed, limit = _sides(condition, columns)
    known = truth(condition, columns).item() != UNKNOWN
    unknown = () if known else unknown_names(condition, columns)
    counts = first_name(condition) in counted
    return Step(condition, holds, observed, limit, unknown, _passes(condition, holds), counts)


def _passes(condition: Expression, holds: bool) -> bool:
    """Whether what is at the limit has still not turned."""
    node = condition.root
    return (isinstance(node, Comparison) and node.order in _PASSED) == holds


def _sides(condition: Expression, columns: Columns) -> tuple[float | None, float | None]:
    """Both sides of a comparison of numbers, the nearer end of a range; nothing where a side is no number."""
    match condition.root:
        case Comparison(_, left, right):
            ends = [right]
        case Between(left, low, high):
            ends = [low, high]
        case _:
            return None, None
    parts = [condition.part(node) for node in (left, *ends)]
    if "number" not in [columns.kind(part) for part in parts]:
        return None, None
    observed, *limits = [_known(number(part, columns).item()) for part in parts]
    if observed is None:
        return None, limits[0]
    return observed, min(limits, key=lambda limit: inf if limit is None else abs(limit - observed))


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def first_name(condition: Expression) -> str | None:
    """Return the name that ``condition`` reads first, as it is written; None where it reads none."""
    read = condition.every(lambda node: isinstance(node, Name))
    return read[0].name if read and isinstance(read[0], Name) else None


def unknown_names(condition: Expression, columns: Columns) -> tuple[str, ...]:
    """Return the names and parameters in ``condition`` that have no value in the one row of ``columns``."""
    read = condition.every(lambda node: isinstance(node, Name | Parameter))
    missing = [node for node in read if truth(condition.part(Known(node, node.at)), columns).item() == FALSE]
    return tuple(sorted({node.name for node in missing if isinstance(node, Name | Parameter)}))
