"""How old each feed is on a date, and which feeds an indicator reads: what makes a value unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.lake import Manifest
from monitor.policy import Policy
from monitor.policy.indicator_pages import IndicatorPage


@dataclass(frozen=True)
class FeedState:
    """How a feed stands on a date: when it was last heard of, how many days ago, and whether that will do."""

    last_known_on: date | None
    days: int | None
    fresh: bool

    @property
    def never(self) -> bool:
        """Whether nothing of the feed was ever accepted."""
        return self.last_known_on is None


def freshness(manifest: Manifest, policy: Policy, *, as_of: date) -> dict[str, FeedState]:
    """Return the state of every feed: fresh while its last delivery is at most ``fresh_days`` old.

    A withdrawal counts as hearing from the agency; a held delivery let in late is as old as its arrival. A
    feed without a limit is fresh once anything came.
    """
    last: dict[str, date] = {}
    for delivery in manifest:
        if delivery.known_on <= as_of and not delivery.correction:
            last[delivery.feed] = max(delivery.heard_on, last.get(delivery.feed, delivery.heard_on))
    return {name: _state(last.get(name), page.fresh_days, as_of) for name, page in policy.feeds.items()}


def heard_until(manifest: Manifest, feed: str) -> date | None:
    """Return the day on which the agency of ``feed`` was last heard of; None: never."""
    days = [delivery.heard_on for delivery in manifest if delivery.feed == feed and not delivery.correction]
    return max(days, default=None)


def _state(last: date | None, fresh_days: int | None, as_of: date) -> FeedState:
    if last is None:
        return FeedState(None, None, fresh=False)
    days = (as_of - last).days
    return FeedState(last, days, fresh=fresh_days is None or days <= fresh_days)


def feeds_of(policy: Policy, name: str) -> frozenset[str]:
    """Return every feed that indicator ``name`` reads, through whatever it is computed from.

    The register and, unless a page says so under ``reads``, the deaths are not among them: who is in a
    household and who is living is taken from what was last known, fresh or stale.
    """
    page = policy.indicators.get(name)
    return frozenset() if page is None else _feeds_of(policy.indicators, page)


def _feeds_of(pages: Mapping[str, IndicatorPage], page: IndicatorPage) -> frozenset[str]:
    below = (pages[name] for name in (page.compute.names if page.compute else ()) if name in pages)
    own = {page.feed} if page.feed else set()
    return frozenset(own | set(page.reads)).union(*(_feeds_of(pages, inner) for inner in below))
