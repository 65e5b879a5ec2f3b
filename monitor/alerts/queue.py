"""One alert and all that is told of it, if the viewer may see it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Row, Select, Uuid, bindparam, case, select
from sqlalchemy.orm import Session, joinedload, selectinload

from monitor import database
from monitor.access import Viewer, scope
from monitor.errors import NotFound
from monitor.tables import Alert, AlertEvent, Delivery, FollowUp, Quiet, Reason

_WHOLE = (selectinload(Alert.reasons), joinedload(Alert.household))


def get(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> Alert:
    """Return one alert with its reasons and household; absent and not yours are the same refusal."""
    alert = session.scalar(scope(select(Alert).where(Alert.id == alert_id), viewer).options(*_WHOLE))
    if alert is None:
        raise _no_such()
    return alert


def version(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> int:
    """Return the version of one alert and nothing else of it; absent and not yours are the same refusal."""
    found = session.scalar(scope(select(Alert.version).where(Alert.id == alert_id), viewer))
    if found is None:
        raise _no_such()
    return found


def timeline(session: Session, alert: Alert) -> Sequence[Row[Any]]:
    """Return the steps of an alert's life, oldest first: ``at``, ``as_of``, ``kind``, ``by``, ``detail``."""
    return database.run(session, _steps, values={"alert": alert.id}).all()


def _steps() -> Select[*tuple[Any, ...]]:
    chosen = select(AlertEvent.at, AlertEvent.as_of, AlertEvent.kind, AlertEvent.by, AlertEvent.detail)
    return chosen.where(AlertEvent.alert_id == bindparam("alert", type_=Uuid())).order_by(AlertEvent.id)


def follow_ups(session: Session, alert: Alert) -> Sequence[FollowUp]:
    """Return what workers found, oldest first."""
    chosen = select(FollowUp).where(FollowUp.alert_id == alert.id)
    return session.scalars(chosen.order_by(FollowUp.recorded_at, FollowUp.id)).all()


def quiets(session: Session, household: int) -> Sequence[Row[Any]]:
    """Return the household's rules that a person's finding keeps quiet: since and until when, and why."""
    return database.run(session, _quiet, values={"household": household}).all()


def _quiet() -> Select[*tuple[Any, ...]]:
    chosen = select(Quiet.rule, Quiet.since_on, Quiet.until_on, Quiet.why).where(Quiet.ended_on.is_(None))
    return chosen.where(Quiet.household_id == bindparam("household", type_=BigInteger())).order_by(Quiet.rule)


def episodes(session: Session, alert: Alert) -> Mapping[str, uuid.UUID | None]:
    """Return the ids of the episodes before and after this one."""
    later = database.run(session, _later, values={"alert": alert.id}).scalar()
    return {"previous": alert.previous_id, "next": later}


def _later() -> Select[*tuple[Any, ...]]:
    return select(Alert.id).where(Alert.previous_id == bindparam("alert", type_=Uuid()))


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
    if not numbers:
        return {}
    return dict(map(tuple, database.run(session, _received, values={"numbers": sorted(numbers)}).all()))


def _received() -> Select[*tuple[Any, ...]]:
    numbers = bindparam("numbers", type_=BigInteger(), expanding=True)
    return select(Delivery.seq, Delivery.received_on).where(Delivery.seq.in_(numbers))


def _no_such() -> NotFound:
    return NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
