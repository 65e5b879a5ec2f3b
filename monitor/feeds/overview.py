"""Where each feed stands: how fresh it is, how much of it finds its people, what waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from monitor.policy.feed_pages import FeedPage
from monitor.policy.reading import Words
from monitor.tables import Delivery


@dataclass(frozen=True)
class Waiting:
    """A held delivery and why it waits."""

    delivery_id: UUID
    received_on: date
    rows: int
    why: tuple[Words, ...]


@dataclass(frozen=True)
class FeedStatus:
    """One feed on a day. ``days`` since the last delivery, ``fresh`` within its limit (both None: never any).

    ``matched`` is the share of good rows whose person is in the register, over all deliveries known.
    """

    feed: str
    description: Words
    agency: Words
    last_known_on: date | None
    days: int | None
    fresh_days: int | None
    fresh: bool
    never: bool
    deliveries: int
    rows: int
    errors: int
    facts: int
    matched: float | None
    held: tuple[Waiting, ...]
    refused: int


@dataclass(frozen=True)
class Refusal:
    """A delivery that was refused and that no good one of its feed has followed; ``feed`` unknown: it fits none."""

    feed: str
    delivery_id: UUID
    received_at: datetime
    why: tuple[Words, ...]


def refusals(session: Session, *, since: datetime) -> list[Refusal]:
    """Return what was refused since an instant and not made good by a later delivery of its feed, oldest first."""
    later = aliased(Delivery)
    good = select(later.id).where(
        later.feed == Delivery.feed, later.status == "committed", later.received_at > Delivery.received_at
    )
    found = select(Delivery).where(Delivery.status == "refused", Delivery.received_at >= since, ~good.exists())
    return [
        Refusal(one.feed, one.id, one.received_at, tuple(Words(p["zh"], p["en"]) for p in one.problems))
        for one in session.scalars(found.order_by(Delivery.received_at))
    ]


def overview(session: Session, feeds: Mapping[str, FeedPage], as_of: date) -> list[FeedStatus]:
    """Return every feed of the policy as known on ``as_of``, those never delivered among them."""
    by_feed: dict[str, list[Delivery]] = {name: [] for name in feeds}
    for delivery in session.scalars(
        select(Delivery).where(Delivery.received_on <= as_of).order_by(Delivery.received_at)
    ):
        by_feed.get(delivery.feed, []).append(delivery)
    return [_status(page, by_feed[name], as_of) for name, page in feeds.items()]


def _status(page: FeedPage, all_of_it: list[Delivery], as_of: date) -> FeedStatus:
    committed = [one for one in all_of_it if one.status == "committed" and one.known_on and one.known_on <= as_of]
    heard = (min(one.received_on, one.known_on) for one in committed if one.known_on and not one.correction)
    last = max(heard, default=None)
    days = None if last is None else (as_of - last).days
    good = sum(one.good for one in committed if one.mode != "withdraw")
    unmatched = sum(one.unmatched for one in committed if one.mode != "withdraw")
    return FeedStatus(
        feed=page.name,
        description=page.description,
        agency=page.agency,
        last_known_on=last,
        days=days,
        fresh_days=page.fresh_days,
        fresh=days is not None and (page.fresh_days is None or days <= page.fresh_days),
        never=last is None,
        deliveries=len(committed),
        rows=sum(one.rows for one in committed),
        errors=sum(one.errors for one in committed),
        facts=sum(one.facts for one in committed),
        matched=round(1 - unmatched / good, 4) if good else None,
        held=tuple(_waiting(one) for one in all_of_it if one.status == "held"),
        refused=sum(one.status == "refused" for one in all_of_it),
    )


def _waiting(one: Delivery) -> Waiting:
    why = tuple(Words(p["zh"], p["en"]) for p in one.problems if p.get("weight") == "held")
    return Waiting(one.id, one.received_on, one.rows, why)
