"""The audit as it is read: what was done, newest first, by whom, to what, in pages that survive what is added."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.tables import AuditEntry, Worker, utc_now

VERIFIED = "audit.verified"


@dataclass(frozen=True)
class Sought:
    """Which entries: of these actions, by this worker or job, about this thing, from an instant to before another."""

    actions: Collection[str] = ()
    by: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(session: Session, sought: Sought, *, before: int | None = None, most: int = 50) -> Sequence[AuditEntry]:
    """Return at most ``most`` entries, the newest first, older than entry ``before`` if one is said."""
    chosen = _chosen(session, sought)
    if before is not None:
        chosen = chosen.where(AuditEntry.id < before)
    return session.scalars(chosen.order_by(AuditEntry.id.desc()).limit(most)).all()


def names(session: Session, found: Collection[AuditEntry]) -> Mapping[str, str]:
    """Return what each worker is called by whom ``found`` was done; a job or a terminal is its own name."""
    workers = {one.by: _worker(one.by) for one in found}
    ids = [id_ for id_ in workers.values() if id_ is not None]
    called = dict(session.execute(select(Worker.id, Worker.name).where(Worker.id.in_(ids))).all()) if ids else {}
    return {by: by if id_ is None else called.get(id_, by) for by, id_ in workers.items()}


def newest(session: Session) -> AuditEntry | None:
    """Return the end of the chain; None while nothing was done."""
    return session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))


def after(session: Session, place: int) -> tuple[int, datetime | None]:
    """Return how many entries come after the one at ``place``, and when the first of them was made."""
    found = session.execute(select(func.count(), func.min(AuditEntry.at)).where(AuditEntry.id > place)).one()
    return found[0], found[1]


def last_verified(session: Session) -> AuditEntry | None:
    """Return the entry of the last check of the whole chain that somebody asked for; None before the first."""
    return next(iter(entries(session, Sought(actions=(VERIFIED,)), most=1)), None)


def note_verified(session: Session, *, by: str, entries: int, breaks: int) -> datetime:
    """Note, in the chain itself, that all of it was checked and what was found; return when."""
    detail = {"entries": entries, "breaks": breaks}
    return audit.record(session, by=by, action=VERIFIED, subject=utc_now().date().isoformat(), detail=detail).at


def _chosen(session: Session, sought: Sought) -> Select[AuditEntry]:
    chosen = select(AuditEntry)
    if sought.actions:
        chosen = chosen.where(AuditEntry.action.in_(sought.actions))
    if sought.by is not None:
        chosen = chosen.where(AuditEntry.by == sought.by)
    if sought.subject is not None:
        chosen = chosen.where(AuditEntry.subject == sought.subject)
    if sought.since is not None:
        chosen = chosen.where(AuditEntry.id > _end(session, sought.since))
    if sought.until is not None:
        chosen = chosen.where(AuditEntry.id <= _end(session, sought.until))
    return chosen


def _end(session: Session, at: datetime) -> int:
    """The last entry made before ``at``: entries come in the order of their instants."""
    before = select(AuditEntry.id).where(AuditEntry.at < at).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    return session.scalar(before.limit(1)) or 0


def _worker(by: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(by)
    except ValueError:
        return None
