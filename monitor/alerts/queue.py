"""The queue of alerts: the most urgent first, cut to what the viewer may see, in pages that inserts cannot shift."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from monitor.access import Viewer, scope, within
from monitor.errors import Invalid, NotFound
from monitor.lifecycle import ALERT
from monitor.tables import Alert, AlertEvent, FollowUp, Quiet, Reason

MOST_COUNTED = 1000
LIVING = ALERT.living


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to; None leaves it wide. Without a status, what still needs somebody."""

    region: str | None = None
    level: str | None = None
    rule: str | None = None
    status: str | None = None
    direction: str | None = None
    cleared: bool | None = None


@dataclass(frozen=True)
class Page:
    """Alerts in the queue's order, where the next page begins (None: nowhere), and how many there are.

    ``count`` stops at 1,001: more than that is told as "1000+".
    """

    alerts: Sequence[Alert]
    following: str | None
    count: int


def queue(session: Session, filters: Filters, *, viewer: Viewer, after: str | None = None, most: int = 50) -> Page:
    """Return a page of the queue with each alert's reasons and household, ``most`` alerts long."""
    chosen = scope(select(Alert), viewer).where(*_conditions(filters))
    counted = select(func.count()).select_from(chosen.with_only_columns(Alert.id).limit(MOST_COUNTED + 1).subquery())
    if after is not None:
        rank, id_ = _read_cursor(after)
        chosen = chosen.where(tuple_(Alert.rank, Alert.id) > tuple_(rank, id_))
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    found = session.scalars(chosen.order_by(Alert.rank, Alert.id).limit(most + 1).options(*loads)).all()
    following = _cursor(found[most - 1]) if len(found) > most else None
    return Page(found[:most], following, session.scalar(counted) or 0)


def get(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> Alert:
    """Return one alert with its reasons and household; absent and not yours are the same refusal."""
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    alert = session.scalar(scope(select(Alert).where(Alert.id == alert_id), viewer).options(*loads))
    if alert is None:
        raise NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
    return alert


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


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status in (None, *LIVING):
        found.append(Alert.closed_at.is_(None))
    if filters.status:
        found.append(Alert.status == filters.status)
    if filters.region:
        found.append(within(filters.region))
    if filters.level:
        found.append(Alert.level == filters.level)
    if filters.cleared is not None:
        found.append(Alert.cleared_on.is_not(None) if filters.cleared else Alert.cleared_on.is_(None))
    if filters.rule or filters.direction:
        found.append(Alert.id.in_(_with_reason(filters)))
    return found


def _with_reason(filters: Filters) -> Select[uuid.UUID]:
    chosen = select(Reason.alert_id).where(Reason.status.in_(("active", "unknown")))
    if filters.rule:
        chosen = chosen.where(Reason.rule == filters.rule)
    return chosen.where(Reason.direction == filters.direction) if filters.direction else chosen


def _cursor(alert: Alert) -> str:
    return base64.urlsafe_b64encode(json.dumps([alert.rank, alert.id.hex]).encode()).decode()


def _read_cursor(text: str) -> tuple[int, uuid.UUID]:
    try:
        rank, id_ = json.loads(base64.urlsafe_b64decode(text.encode()))
        if type(rank) is not int or abs(rank) >= 2**63:
            raise ValueError
        return rank, uuid.UUID(hex=id_)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise Invalid(zh="翻页标记无效，请从第一页开始", en="not a page cursor: begin at the first page") from None
