"""Who has an alert open just now, told to whoever else may see it; time is the database's, so processes agree."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, Uuid, bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from monitor import database
from monitor.access import Viewer
from monitor.tables import Presence, Worker, utc_now

Doing = Literal["looking", "working"]
LASTS_SECONDS = 45
RENEWED_EVERY_SECONDS = 20


@dataclass(frozen=True)
class Colleague:
    """Somebody else at an alert: their name, what they do there, and for how many whole seconds now."""

    name: str
    doing: str
    seconds: int


def note(session: Session, alert: uuid.UUID, doing: Doing, *, by: Viewer) -> None:
    """Note that ``by`` has ``alert`` open, for 45 seconds from now; the caller has seen that they may see it.

    Called again it only lasts longer. A machine is nobody's colleague and is not noted.
    """
    if by.role == "service":
        return
    now, ends = database.now(), database.now() + LASTS_SECONDS
    first = {"alert_id": alert, "worker_id": by.worker, "doing": doing, "since": now, "until": ends}
    kind: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = kind.insert(Presence).values(first | {"seen_at": utc_now()})
    since = case((Presence.until > now, Presence.since), else_=now)
    renewed = {"doing": doing, "since": since, "until": ends, "seen_at": row.excluded.seen_at}
    session.execute(row.on_conflict_do_update(index_elements=["alert_id", "worker_id"], set_=renewed))


def leave(session: Session, alert: uuid.UUID, *, by: Viewer) -> None:
    """Note that ``by`` has closed ``alert``; a second time changes nothing."""
    session.execute(delete(Presence).where(Presence.alert_id == alert, Presence.worker_id == by.worker))


def others(session: Session, alert: uuid.UUID, *, viewer: Viewer) -> list[Colleague]:
    """Return who else has ``alert`` open, whoever came first in front; never the viewer, nor an account kept out."""
    values = {"alert": alert, "viewer": viewer.worker}
    rows = database.run(session, _others, values=values)
    return [Colleague(name, doing, max(0, int(seconds))) for name, doing, seconds in rows]


def _others() -> Select[*tuple[Any, ...]]:
    now, alert, viewer = database.now(), bindparam("alert", type_=Uuid()), bindparam("viewer", type_=Uuid())
    return (
        select(Worker.name, Presence.doing, (now - Presence.since).label("seconds"))
        .join(Worker, Worker.id == Presence.worker_id)
        .where(Presence.alert_id == alert, Presence.worker_id != viewer, Presence.until > now, Worker.active)
        .order_by(Presence.since, Worker.name)
    )
