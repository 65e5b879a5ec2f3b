"""What is known on a date: the committed deliveries, opened as relations with the columns of policy's pages."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.lake import DeliveryRef, Lake, Manifest, View
from monitor.policy import Policy
from monitor.policy.feed_pages import FeedPage
from monitor.tables import Delivery

SQL_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "region": "VARCHAR",
    "code": "VARCHAR",
    "term": "VARCHAR",
    "date": "DATE",
    "month": "DATE",
    "money": "DECIMAL(14, 2)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}
BESIDE: Mapping[str, Mapping[str, str]] = {"household_register": {"household_key": "BIGINT"}}


def manifest(session: Session, *, as_of: date) -> Manifest:
    """Return the committed deliveries known on ``as_of``, in the order of knowledge."""
    found = session.execute(
        select(
            Delivery.feed,
            Delivery.seq,
            Delivery.mode,
            Delivery.known_on,
            Delivery.facts,
            Delivery.gone,
            Delivery.correction,
            Delivery.received_on,
        )
        .where(Delivery.status == "committed", Delivery.known_on <= as_of)
        .order_by(Delivery.seq)
    )
    return tuple(
        DeliveryRef(
            feed,
            seq,
            mode,
            known_on,
            has_facts=facts > 0,
            has_gone=gone > 0,
            correction=correction,
            received_on=arrived,
        )
        for feed, seq, mode, known_on, facts, gone, correction, arrived in found
        if seq is not None and known_on is not None
    )


def columns(page: FeedPage) -> dict[str, str]:
    """Return the columns that the lake keeps of a feed beside its own, with their SQL types."""
    own = {column.name: SQL_TYPES[column.type] for column in page.columns.values() if not column.personal}
    return own | dict(BESIDE.get(page.name, {}))


def opened(lake: Lake, policy: Policy, known: Manifest) -> View:
    """Open what ``known`` says, every feed of policy a relation; to be closed, best by ``with``."""
    return lake.known(known, {name: columns(page) for name, page in policy.feeds.items()})
