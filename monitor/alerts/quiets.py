"""Rules kept quiet for one household after a verified "no need": while it holds, and what ends it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from monitor.alerts.judged import Json

Said = frozenset[tuple[str, int]]


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
    seen: Said = frozenset()


@dataclass(frozen=True, slots=True)
class Firing:
    """What the rule says of the household now."""

    level: str
    observed: float | None
    category: str | None
    said: Said = frozenset()


def said_of(evidence: Iterable[Json]) -> Said:
    """Return which feed says something of which person in ``evidence``.

    Not which row: a full list brings the same fact in a new row with every delivery.
    """
    return frozenset((str(row["feed"]), int(row["person"])) for row in evidence)


def why_ended(silence: Silence, firing: Firing, *, as_of: date) -> str | None:
    """Return what ends the silence on ``as_of``: period, category, red, worse or person; None while it holds.

    ``until_on`` is the last quiet day. Worse means by at least the share ``worse`` of the value seen then,
    in the direction in which the rule worsens. A rule that measures nothing worsens by a further person of
    whom a feed says what it had said of others only, a second death for one.
    """
    if as_of > silence.until_on:
        return "period"
    if firing.category != silence.category:
        return "category"
    if firing.level == "red" and silence.level != "red":
        return "red"
    if _worsened(silence, firing.observed):
        return "worse"
    return "person" if silence.observed is None and _further(silence.seen, firing.said) else None


def _further(seen: Said, said: Said) -> bool:
    """A feed that showed nothing then, being stale perhaps, is no sign that anything changed."""
    feeds = {feed for feed, _ in seen}
    return any(feed in feeds for feed, _ in said - seen)


def _worsened(silence: Silence, now: float | None) -> bool:
    before = silence.observed
    if before is None or now is None or math.isnan(before) or math.isnan(now):
        return False
    change = before - now if silence.lower_is_worse else now - before
    return change > 0 and round(change, 6) >= round(silence.worse * abs(before), 6)
