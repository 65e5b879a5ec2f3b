"""One alert and all that is told of it, if the viewer may see it."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from monitor.access import Viewer, scope
from monitor.errors import NotFound
from monitor.tables import Alert, AlertEvent, FollowUp, Quiet


def get(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> Alert:
    """Return one alert with its reasons and household; absent and not yours are the same refusal."""
    loads = (selectinload(Alert.reasons), joinedload(Alert.household))
    alert = session.scalar(scope(select(Alert).where(Alert.id == alert_id), viewer).options(*loads))
    if alert is None:
        raise _no_such()
    return alert


def version(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> int:
    """Return the version of one alert and nothing else of it; absent and not yours are the same refusal."""
    found = session.scalar(scope(select(Alert.version).where(Alert.id == alert_id), viewer))
    if found is None:
        raise _no_such()
    return found


def timeline(session: Session, alert: Alert) -> Sequence[AlertEvent]:
    """Return the steps of an alert's life, oldest first."""
    return session.scalars(select(AlertEvent).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.id)).all()


def follow_ups(session: Session, alert: Alert) -> Sequence[FollowUp]:
    """Return what workers found, oldest first."""
    chosen = select(FollowUp).where(FollowUp.alert_id == alert.id)
    return session.scalars(chosen.order_by(FollowUp.recorded_at, FollowUp.id)).all()


def quiets(session: Session, household: int) -> Sequence[Quiet]:
    """Return the household's rules that a person's finding keeps quiet, until they end."""
    chosen = select(Quiet).where(Quiet.household_id == household, Quiet.ended_on.is_(None))
    return session.scalars(chosen.order_by(Quiet.rule)).all()


def episodes(session: Session, alert: Alert) -> Mapping[str, uuid.UUID | None]:
    """Return the ids of the episodes before and after this one."""
    later = session.scalar(select(Alert.id).where(Alert.previous_id == alert.id))
    return {"previous": alert.previous_id, "next": later}


def _no_such() -> NotFound:
    return NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
