"""Households that the newest register no longer names: their alerts stay, and say that nobody can judge them."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from monitor.access import NATION, within
from monitor.alerts.asked import UNRULED
from monitor.tables import Alert, AlertEvent, Household, Reason

REGISTER = "household_register"
_JUDGED = Reason.rule.not_in(sorted(UNRULED))


def leavers(session: Session, region: str) -> Sequence[uuid.UUID]:
    """Return the alerts of ``region`` with something that still stands against a household out of the register."""
    chosen = (
        select(Alert.id)
        .join(Household, Household.id == Alert.household_id)
        .where(Alert.closed_at.is_(None), ~Household.registered, within(region or NATION))
        .where(Alert.id.in_(select(Reason.alert_id).where(Reason.status == "active", _JUDGED)))
    )
    return session.scalars(chosen.order_by(Alert.id)).all()


def left_register(session: Session, leaving: Sequence[uuid.UUID], *, as_of: date) -> int:
    """Make unknown what still stands on the alerts ``leaving``; return how many alerts that changed.

    Leaving a list is no evidence that a hardship ended: nothing is cleared, and a worker sees why the alert
    is no longer judged. One that was closed meanwhile stays as it is. A second call changes nothing.
    """
    chosen = select(Alert).where(Alert.id.in_(leaving), Alert.closed_at.is_(None))
    held = chosen.options(selectinload(Alert.reasons)).with_for_update(of=Alert).order_by(Alert.id)
    found = [alert for alert in session.scalars(held) if any(map(_stands, alert.reasons))]
    for alert in found:
        standing = [reason for reason in alert.reasons if _stands(reason)]
        for reason in standing:
            reason.status, reason.unseen, reason.last_on = "unknown", [REGISTER], alert.seen_on
        alert.version += 1
        detail = {"unknown": [reason.rule for reason in standing], "why": REGISTER}
        session.add(AlertEvent(alert_id=alert.id, as_of=as_of, kind="evidence", detail=detail))
    return len(found)


def _stands(reason: Reason) -> bool:
    return reason.status == "active" and reason.rule not in UNRULED
