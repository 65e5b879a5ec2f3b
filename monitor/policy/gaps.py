"""Why not: the nearest way in which a condition could turn out otherwise, comparison by comparison."""

from dataclasses import dataclass
from math import inf, isnan

from monitor.policy.language import Columns, Expression, number, truth
from monitor.policy.language.evaluation import FALSE, TRUE, UNKNOWN
from monitor.policy.language.tree import Between, Comparison, Joined, Known, Name, Not, Parameter

OF_ANOTHER_KIND = 1_000.0
NOT_KNOWN = 500.0


@dataclass(frozen=True)
class Step:
    """One condition that must turn for the verdict to turn.

    ``observed`` and ``limit`` are the two sides where both are numbers, ``distance`` what lies between them;
    ``unknown`` names what is not known about it. ``holds`` is what it must become.
    """

    condition: Expression
    holds: bool
    observed: float | None
    limit: float | None
    unknown: tuple[str, ...]

    @property
    def distance(self) -> float | None:
        return None if self.observed is None or self.limit is None else abs(self.limit - self.observed)

    @property
    def effort(self) -> float:
        """How far this is from turning, as a share of its limit; a thing of another kind counts as far."""
        if self.unknown:
            return NOT_KNOWN
        if self.distance is None or self.limit is None:
            return OF_ANOTHER_KIND
        return min(self.distance / max(abs(self.limit), 1.0), OF_ANOTHER_KIND)


def nearest(condition: Expression, columns: Columns, *, holds: bool) -> tuple[Step, ...]:
    """Return the fewest, then nearest, steps after which ``condition`` would be as ``holds`` says.

    Looks at the one row of ``columns``; empty where it is so already.
    """
    if truth(condition, columns).item() == (TRUE if holds else FALSE):
        return ()
    match condition.root:
        case Not(inner):
            return nearest(condition.part(inner), columns, holds=not holds)
        case Joined(word, items):
            ways = [nearest(condition.part(item), columns, holds=holds) for item in items]
            if (word == "and") == holds:
                return tuple(step for way in ways for step in way)
            return min(ways, key=lambda way: sum(step.effort for step in way))
        case _:
            return (_step(condition, columns, holds),)


def _step(condition: Expression, columns: Columns, holds: bool) -> Step:
    observed, limit = _sides(condition, columns)
    known = truth(condition, columns).item() != UNKNOWN
    return Step(condition, holds, observed, limit, () if known else unknown_names(condition, columns))


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


def unknown_names(condition: Expression, columns: Columns) -> tuple[str, ...]:
    """Return the names and parameters in ``condition`` that have no value in the one row of ``columns``."""
    read = condition.every(lambda node: isinstance(node, Name | Parameter))
    missing = [node for node in read if truth(condition.part(Known(node, node.at)), columns).item() == FALSE]
    return tuple(sorted({node.name for node in missing if isinstance(node, Name | Parameter)}))
