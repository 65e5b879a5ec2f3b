"""One alert and all that is told of it, if the viewer may see it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import case, select
from sqlalchemy.orm import Session, joinedload, selectinload

from monitor.access import Viewer, scope
from monitor.errors import NotFound
from monitor.tables import Alert, AlertEvent, Delivery, FollowUp, Quiet, Reason


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


def measured_before(session: Session, alert: Alert) -> Mapping[str, tuple[float, date]]:
    """Return by rule what was measured last time, and the last day it was.

    Last time is before it last changed in this alert, or else in the episode before.
    """
    until = case((Reason.status == "active", Alert.seen_on), else_=Reason.last_on).label("last_on")
    last = select(Reason.rule, Reason.observed, until).join(Reason.alert).where(Alert.id == alert.previous_id)
    rows = session.execute(last).all() if alert.previous_id else []
    found = {row.rule: (row.observed, row.last_on) for row in rows if row.observed is not None}
    for reason in alert.reasons:
        if reason.observed_before is not None and reason.before_on is not None:
            found[reason.rule] = (reason.observed_before, reason.before_on)
    return found


def received(session: Session, alert: Alert) -> Mapping[int, date]:
    """Return by its number the day on which each delivery behind the alert's evidence was taken in."""
    numbers = {row["delivery"] for reason in alert.reasons for row in reason.evidence}
    chosen = select(Delivery.seq, Delivery.received_on).where(Delivery.seq.in_(numbers))
    return {seq: day for seq, day in session.execute(chosen) if seq is not None} if numbers else {}


def _no_such() -> NotFound:
    return NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
