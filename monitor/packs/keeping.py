"""The life of a pack: made for one device, good for some hours, ended from here or there, and known to be wiped."""

import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, selectinload

from monitor import audit
from monitor.access import Viewer, visible
from monitor.errors import NotFound, PacksSpent
from monitor.privacy import hash_token
from monitor.service import CITY_TIME, Service
from monitor.tables import Alert, SignIn, VisitPack, Worker, utc_now
from monitor.work import colleagues

MOST = 50
_TOLD_FOR = timedelta(days=7)
_LEFT_OPEN = ("too_many", "expired")
"""Why a session may end while what was taken along stays good: one of too many, or at rest for too long."""


@dataclass(frozen=True)
class State:
    """Whether a pack is still good, why not, and which of its alerts are no longer the worker's or have ended."""

    living: bool
    why: str | None = None
    expires_at: datetime | None = None
    dropped: Sequence[uuid.UUID] = field(default_factory=tuple)


def assigned(session: Session, *, viewer: Viewer, only: Sequence[uuid.UUID] | None = None) -> list[Alert]:
    """Return the open alerts in the viewer's hands, or those of ``only`` that are, by due date; at most fifty."""
    chosen = select(Alert).where(_theirs(session, viewer))
    chosen = chosen if only is None else chosen.where(Alert.id.in_(only))
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    order = (Alert.due_on, Alert.rank, Alert.id)
    return list(session.scalars(chosen.order_by(*order).limit(MOST).options(*loads)))


def assigned_count(session: Session, *, viewer: Viewer) -> int:
    """Return how many open alerts are in the viewer's hands, however many a pack may hold."""
    return session.scalar(select(func.count()).select_from(Alert).where(_theirs(session, viewer))) or 0


def _theirs(session: Session, viewer: Viewer) -> ColumnElement[bool]:
    theirs = colleagues.whose(colleagues.cares_of(session), viewer.worker, on=datetime.now(CITY_TIME).date())
    return visible(viewer) & Alert.closed_at.is_(None) & Alert.owner_id.in_(theirs)


def make(
    session: Session, service: Service, alerts: Sequence[Alert], *, by: Viewer, phones: int = 0
) -> tuple[VisitPack, str]:
    """Note a pack of ``alerts`` for the viewer's device and return it with the device's token, told this once.

    The pack before it ends: a worker has one. Refuses more than a day's number of them.
    """
    now = utc_now()
    audit.record(
        session, by=str(by.worker), action="pack.made", subject=str(by.worker),
        detail={"households": len(alerts), "phones": phones},
    )  # fmt: skip
    if _today(session, by) >= service.settings.packs_a_day:
        raise PacksSpent(seconds=_until_midnight(), most=service.settings.packs_a_day)
    for before in session.scalars(living(by.worker)).all():
        _end(session, before, why="replaced", by=str(by.worker), now=now)
    token = secrets.token_urlsafe(32)
    pack = VisitPack(
        worker_id=by.worker, sign_in_id=by.session, hash=hash_token(token), role=by.role, region=by.region,
        alerts=[str(one.id) for one in alerts], phones=phones, made_at=now,
        expires_at=now + timedelta(hours=service.settings.pack_hours),
    )  # fmt: skip
    session.add(pack)
    session.flush()
    return pack, token


def living(worker: uuid.UUID | None = None) -> Select[VisitPack]:
    """Return the statement of packs that nobody ended, of one worker or of all, the newest first."""
    chosen = select(VisitPack).where(VisitPack.ended_at.is_(None))
    chosen = chosen if worker is None else chosen.where(VisitPack.worker_id == worker)
    return chosen.order_by(VisitPack.made_at.desc(), VisitPack.id)


def out(session: Session, workers: Sequence[uuid.UUID]) -> list[VisitPack]:
    """Return the packs of ``workers`` of which it is not known that they are wiped, of the last week, newest first."""
    since = utc_now() - _TOLD_FOR
    chosen = select(VisitPack).where(VisitPack.worker_id.in_(workers), VisitPack.wiped_at.is_(None))
    chosen = chosen.where(VisitPack.made_at > since)
    return list(session.scalars(chosen.order_by(VisitPack.made_at.desc(), VisitPack.id)))


def state_of(session: Session, pack_id: uuid.UUID, token: str, *, now: datetime) -> State:
    """Return what the device that has ``token`` must do with its pack; one that nobody knows is over.

    Needs no session: a pack outlives one, and must be wiped when its worker is suspended, moved, or signed out
    everywhere. That it is over is written down when it is noticed.
    """
    pack = _held(session, pack_id, token)
    if pack is None:
        return State(False, "unknown")
    pack.asked_at = now
    why = pack.ended_why or _over(session, pack, now)
    if why is not None:
        if pack.ended_at is None:
            _end(session, pack, why=why, by="system", now=now)
        return State(False, why, pack.expires_at)
    return State(True, None, pack.expires_at, _dropped(session, pack))


def wiped(session: Session, pack_id: uuid.UUID, token: str, *, now: datetime) -> None:
    """Note that the device has wiped its pack; a second time changes nothing, and so does a pack nobody knows."""
    pack = _held(session, pack_id, token)
    if pack is None or pack.wiped_at is not None:
        return
    pack.wiped_at = now
    if pack.ended_at is None:
        _end(session, pack, why="wiped", by=str(pack.worker_id), now=now)
    audit.record(session, by=str(pack.worker_id), action="pack.wiped", subject=str(pack.id))


def revoke(session: Session, pack_id: uuid.UUID, *, by: Viewer) -> VisitPack:
    """End a pack of somebody who works in the viewer's region: its device wipes it when it next has a signal.

    A second call changes nothing. A pack of somebody elsewhere is not found.
    """
    now = utc_now()
    pack = session.get(VisitPack, pack_id)
    if pack is not None:
        colleagues.colleague(session, pack.worker_id, viewer=by, today=now.astimezone(CITY_TIME).date(), loaded=False)
    if pack is None:
        raise NotFound(zh="没有这个走访包", en="there is no such visit pack")
    if pack.ended_at is None:
        _end(session, pack, why="revoked", by=str(by.worker), now=now)
    return pack


def end(session: Session, *, viewer: Viewer) -> int:
    """End the viewer's own packs, as one does who has lost a telephone; returns how many that were."""
    found = session.scalars(living(viewer.worker)).all()
    for pack in found:
        _end(session, pack, why="revoked", by=str(viewer.worker), now=utc_now())
    return len(found)


def _held(session: Session, pack_id: uuid.UUID, token: str) -> VisitPack | None:
    pack = session.get(VisitPack, pack_id, with_for_update=True)
    return pack if pack is not None and hmac.compare_digest(pack.hash, hash_token(token)) else None


def _over(session: Session, pack: VisitPack, now: datetime) -> str | None:
    """Why a pack that nobody ended is over all the same."""
    worker = session.get_one(Worker, pack.worker_id)
    if not worker.active:
        return "suspended"
    if (worker.role, worker.region) != (pack.role, pack.region):
        return "moved"
    sign_in = session.get(SignIn, pack.sign_in_id) if pack.sign_in_id else None
    if sign_in is not None and sign_in.ended_at is not None and sign_in.ended_why not in _LEFT_OPEN:
        return "signed_out"
    return "expired" if now >= pack.expires_at else None


def _dropped(session: Session, pack: VisitPack) -> list[uuid.UUID]:
    theirs = colleagues.whose(colleagues.cares_of(session), pack.worker_id, on=datetime.now(CITY_TIME).date())
    packed = [uuid.UUID(one) for one in pack.alerts]
    still = select(Alert.id).where(Alert.id.in_(packed), Alert.closed_at.is_(None), Alert.owner_id.in_(theirs))
    kept = set(session.scalars(still))
    return [one for one in packed if one not in kept]


def _end(session: Session, pack: VisitPack, *, why: str, by: str, now: datetime) -> None:
    pack.ended_at, pack.ended_why, pack.ended_by = now, why, by
    audit.record(session, by=by, action="pack.ended", subject=str(pack.id), detail={"why": why})
    session.flush()


def _today(session: Session, by: Viewer) -> int:
    since = datetime.combine(datetime.now(CITY_TIME).date(), time(), CITY_TIME).astimezone(UTC)
    counted = select(func.count()).where(VisitPack.worker_id == by.worker, VisitPack.made_at >= since)
    return session.scalar(counted) or 0


def _until_midnight() -> int:
    now = datetime.now(CITY_TIME)
    return int((datetime.combine(now.date() + timedelta(days=1), time(), CITY_TIME) - now).total_seconds()) + 1
