"""Passing over a red alert on the way to the next: allowed, but not without saying why."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope
from monitor.errors import Invalid
from monitor.tables import Alert, AlertEvent

KIND = "passed_over"
WHY: dict[str, tuple[str, str]] = {
    "NOT_HOME": ("该户此时不在家", "nobody is at home now"),
    "TOO_FAR": ("今日路线不经过", "not on today's way"),
    "NOT_ALONE": ("须两人同行", "a second worker is needed"),
    "NOT_MINE": ("应由他人办理", "somebody else's to do"),
    "ANOTHER_REASON": ("其他（见备注）", "another: see the note"),
}


def over(session: Session, alerts: Sequence[uuid.UUID], why: str | None, *, by: Viewer, on: date) -> None:
    """Write down, in the caller's transaction, why ``by`` passes over the red ones among ``alerts``.

    Each is asked about once a day: what was said of it today holds. Refuses a red one without a reason, and a reason
    that is not listed; what is not red, has ended or is not theirs to see needs none.
    """
    red = _unsaid(session, alerts, by=by, on=on)
    if not red:
        return
    if why not in WHY:
        raise Invalid(
            zh=f"跳过红色预警须说明原因：{'、'.join(WHY)}", en=f"say why a red alert is passed over: {', '.join(WHY)}"
        )
    for alert in red:
        session.add(
            AlertEvent(
                alert_id=alert, as_of=on, kind=KIND, by=by.name, why=why, role=by.role, worker=by.worker,
                detail={"why": why},
            )
        )  # fmt: skip
        audit.record(session, by=str(by.worker), action="alert.passed_over", subject=str(alert), detail={"why": why})
    session.flush()


def _unsaid(session: Session, alerts: Sequence[uuid.UUID], *, by: Viewer, on: date) -> list[uuid.UUID]:
    if not alerts:
        return []
    today = select(AlertEvent.id).where(AlertEvent.alert_id == Alert.id, AlertEvent.kind == KIND)
    today = today.where(AlertEvent.worker == by.worker, AlertEvent.as_of == on)
    red = select(Alert.id).where(Alert.id.in_(alerts), Alert.level == "red", Alert.closed_at.is_(None))
    return list(session.scalars(scope(red.where(~today.exists()), by).order_by(Alert.id)))
