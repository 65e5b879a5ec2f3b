"""What agencies send: recognised, checked, matched and committed whole or not at all, or held for a person."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from monitor import database
from monitor.errors import Invalid, NotFound
from monitor.feeds import folder, holding, releasing
from monitor.feeds.agreed import feed_pages as agreed_pages
from monitor.feeds.drafts import Terms
from monitor.feeds.folder import passed_over
from monitor.feeds.overview import FeedStatus, Refusal, Waiting, refusals
from monitor.feeds.overview import overview as _overview
from monitor.feeds.problems import Problem
from monitor.feeds.receipts import Receipt, errors_path, receipt_of
from monitor.feeds.receiving import open_desk, receive
from monitor.matching.finding import index_people
from monitor.policy import FeedPage, Policy
from monitor.service import Service, today
from monitor.tables import Delivery

__all__ = [
    "FeedStatus",
    "Problem",
    "Receipt",
    "Refusal",
    "Waiting",
    "agreed_pages",
    "error_rows",
    "ingest",
    "ingest_arrived",
    "ingest_folder",
    "overview",
    "passed_over",
    "refusals",
    "reject",
    "release",
]


def ingest(
    service: Service,
    path: Path,
    *,
    feed: str | None = None,
    received_on: date | None = None,
    mode: str | None = None,
    force: str | None = None,
) -> Receipt:
    """Take in one file and say what became of it: committed, held, refused, or a duplicate that changed nothing.

    What is not given is read from the manifest beside the file, the file's name, its folder (a date) and its
    header; the day is otherwise today's. ``force`` is the reason for taking a file older than its feed's newest;
    a blank one is refused.
    """
    if force is not None and not force.strip():
        raise Invalid(zh="强制接收须写明理由", en="to force a file in, say why")
    day = received_on or folder.day_of(path) or today()
    receipt = receive(
        open_desk(service), path, Terms(day, feed=feed, mode=mode, force=force), insisted=received_on is not None
    )
    index_people(service.engine, service.keyring)
    return receipt


def ingest_arrived(service: Service, path: Path, *, sha256: str | None = None) -> Receipt:
    """Take in a file of the watched folder; one that breaks us, or has not the digest stated, is refused with words.

    Raises when the database or the disk fails: it is to be tried again.
    """
    terms = Terms(folder.day_of(path) or today(), sha256=sha256)
    receipt = folder.received(open_desk(service), path, terms, insisted=False, passing=(SQLAlchemyError, OSError))
    index_people(service.engine, service.keyring)
    return receipt


def ingest_folder(service: Service, root: Path, *, progress: folder.Progress | None = None) -> list[Receipt]:
    """Take in a drop folder ``root``/<YYYY-MM-DD>/<feed>...; days in order, the register first within a day.

    One bad file never stops the others; running it again changes nothing. ``progress`` is told
    (done, total, what is being read).
    """
    receipts = folder.receive_folder(open_desk(service), root, progress)
    index_people(service.engine, service.keyring)
    return receipts


def release(service: Service, delivery_id: UUID, *, by: str, reason: str, on: date | None = None) -> Receipt:
    """Commit a held delivery on a person's word; its facts are known from the day of release, ``on`` (today).

    Rows that a delivery received later has said anew stay as that one said them. Refuses a full delivery that
    a newer full one has overtaken.
    """
    said = holding.decision(delivery_id, by=by, reason=reason, on=on or today())
    receipt = releasing.release(open_desk(service), said)
    index_people(service.engine, service.keyring)
    return receipt


def reject(service: Service, delivery_id: UUID, *, by: str, reason: str) -> Receipt:
    """Turn a held delivery away: nothing of it is taken and its original is destroyed."""
    return receipt_of(holding.reject(service, holding.decision(delivery_id, by=by, reason=reason, on=today())))


def error_rows(service: Service, delivery_id: UUID) -> Path | None:
    """Return the downloadable list of a delivery's row faults (CSV); None if no row had any."""
    with database.reading(service.engine) as session:
        if session.get(Delivery, delivery_id) is None:
            raise NotFound(zh="没有这一批次", en="there is no such delivery")
    path = errors_path(service, delivery_id)
    return path if path.exists() else None


def overview(session: Session, policy: Policy | Mapping[str, FeedPage], as_of: date) -> list[FeedStatus]:
    """Return where each feed stands on ``as_of``: freshness, coverage, what waits for a person."""
    return _overview(session, policy.feeds if isinstance(policy, Policy) else policy, as_of)
