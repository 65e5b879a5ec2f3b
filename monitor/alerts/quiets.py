"""Rules kept quiet for one household after a verified "no need": while it holds, and what ends it."""

import math
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule kept quiet for a household, with the facts as they were when a person saw them."""

    id: int
    rule: str
    until_on: date
    level: str
    observed: float | None
    worse: float
    lower_is_worse: bool
    category: str | None


@dataclass(frozen=True, slots=True)
class Firing:
    """What the rule says of the household now."""

    level: str
    observed: float | None
    category: str | None


def why_ended(silence: Silence, firing: Firing, *, as_of: date) -> str | None:
    """Return what ends the silence on ``as_of``: period, category, red or worse; None while it holds.

    ``until_on`` is the last quiet day. Worse means by at least the share ``worse`` of the value seen then,
    in the direction in which the rule worsens.
    """
    if as_of > silence.until_on:
        return "period"
    if firing.category != silence.category:
        return "category"
    if firing.level == "red" and silence.level != "red":
        return "red"
    return "worse" if _worsened(silence, firing.observed) else None


def _worsened(silence: Silence, now: float | None) -> bool:
    before = silence.observed
    if before is None or now is None or math.isnan(before) or math.isnan(now):
        return False
    change = before - now if silence.lower_is_worse else now - before
    return change > 0 and round(change, 6) >= round(silence.worse * abs(before), 6)
