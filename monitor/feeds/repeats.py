"""The same bytes again: known already, and nothing changes; unless what they said no longer stands."""

from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.drafts import Desk, Terms
from monitor.feeds.files import Arrival
from monitor.feeds.problems import Problem
from monitor.feeds.receipts import Receipt, receipt_of
from monitor.tables import Delivery


class Repeated(Exception):
    """A file that was taken in before; ``receipt`` is the answer to it."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.status)
        self.receipt = receipt


def stop_repeats(session: Session, desk: Desk, arrival: Arrival, terms: Terms) -> None:
    """Raise ``Repeated`` if the same bytes of the same feed in the same mode were taken in, or wait for a person.

    Only a manifest with a later day can say that an unchanged full list, or an empty one, is meant anew. A full
    list that a newer delivery has replaced or changed is no longer what stands, so its bytes are news again.
    """
    feeds = list(desk.feeds) if terms.feed is None else [terms.feed]
    values = {"feeds": feeds, "sha256": arrival.sha256}
    for (key,) in database.run(session, _same_bytes, database.takes_lists(session), values=values):
        before = session.get_one(Delivery, key)
        page = desk.feeds.get(before.feed)
        if terms.feed not in (None, before.feed) or page is None or (terms.mode or page.mode) != before.mode:
            continue
        if not _meant_anew(before, terms) and _stands(session, before, terms):
            raise Repeated(_receipt(before))


def _same_bytes(listed: bool) -> Select[*tuple[Any, ...]]:
    """Naming the feeds lets the index find the file: among all deliveries it would be sought one by one."""
    named = database.among_named(Delivery.feed, "feeds", listed=listed)
    same = named, Delivery.sha256 == bindparam("sha256"), Delivery.status.in_(("committed", "held"))
    return select(Delivery.id).where(*same).order_by(Delivery.received_at)


def _meant_anew(before: Delivery, terms: Terms) -> bool:
    later = terms.restated and terms.received_on > before.received_on
    return later and (before.mode == "full" or not before.rows)


def _stands(session: Session, before: Delivery, terms: Terms) -> bool:
    """Whether taking ``before`` in again would say nothing new; a drop folder read again is the same arrival."""
    if before.mode != "full" or before.status == "held" or (terms.lying and terms.received_on == before.received_on):
        return True
    newest = select(Delivery.id).where(
        Delivery.feed == before.feed, Delivery.status == "committed", Delivery.correction.is_(False)
    )
    return session.scalar(newest.order_by(Delivery.seq.desc()).limit(1)) == before.id


def _receipt(before: Delivery) -> Receipt:
    said = Problem(
        "duplicate",
        f"同一文件已于 {before.received_on} 收到，未作任何改动",
        f"the same file was received on {before.received_on}; nothing was changed",
    )
    return receipt_of(before, status="duplicate", problems=(said,))
