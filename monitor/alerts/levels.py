"""How urgent an alert is: the order of levels, the cool-down before a lower one, the place in the queue."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

LEVELS = ("red", "orange", "yellow", "blue")
_SEVERITY = {level: place for place, level in enumerate(LEVELS)}

# The parts of a rank: level, then the score's tenth, then excess to six decimals, then days since the epoch.
# All fit 64 bits.
_EPOCH = date(2000, 1, 1)
_DAYS = 10**5
_EXCESS = 10**12
_PER_TENTH = 10**17
_PER_LEVEL = 10**18

Step = Literal["escalated", "lowered"]


@dataclass(frozen=True)
class Standing:
    """The level an alert stands at, and the lower one that its facts have called for since a date."""

    level: str
    since_on: date
    lower_level: str | None = None
    lower_since_on: date | None = None


def severity(level: str) -> int:
    """Return 0 for the most urgent level, 1 for the next."""
    return _SEVERITY[level]


def highest(levels: Iterable[str]) -> str | None:
    """Return the most urgent of ``levels``; None when there is none."""
    return min(levels, key=severity, default=None)


def settle(now: Standing, wanted: str | None, *, as_of: date, cooldown_days: int) -> tuple[Standing, Step | None]:
    """Return where the alert stands after its facts called for ``wanted`` on ``as_of``, and the step made.

    A higher level holds at once. A lower one must have been called for on every scan of ``cooldown_days``
    days; until then nothing changes. Facts that call for no level at all leave the level to a person.
    """
    if wanted is None or wanted == now.level:
        return replace(now, lower_level=None, lower_since_on=None), None
    if severity(wanted) < severity(now.level):
        return Standing(wanted, as_of), "escalated"
    since = now.lower_since_on or as_of
    if (as_of - since).days >= cooldown_days:
        return Standing(wanted, as_of), "lowered"
    return replace(now, lower_level=wanted, lower_since_on=since), None


def rank(level: str, excess: float | None, opened_on: date, *, tenth: int = 0) -> int:
    """Return the place in the queue, smaller first: level, then the score's tenth, then excess, then age.

    A score orders inside a level and never across levels; without one (``tenth`` 0 for everybody) how far over the
    limit decides. A reason without a number counts as just at its limit (excess 1).
    """
    over = 1.0 if excess is None or math.isnan(excess) else min(max(excess, 0.0), 999_999.0)
    distance = _EXCESS - 1 - round(over * 1_000_000)
    return severity(level) * _PER_LEVEL + tenth * _PER_TENTH + distance * _DAYS + (opened_on - _EPOCH).days
