"""Households that the newest register no longer names: their alerts stay, and say that nobody can judge them."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from monitor.access import NATION, within
from monitor.alerts.asked import UNRULED
from monitor.tables import Alert, AlertEvent, Household, Reason

REGISTER = "household_register"
_JUDGED = Reason.rule.not_in(sorted(UNRULED))


def left_register(session: Session, region: str, *, as_of: date) -> int:
    """Make unknown what still stands against households out of the register; return how many alerts that changed.

    Leaving a list is no evidence that a hardship ended: nothing is cleared, and a worker sees why the alert
    is no longer judged. A second call changes nothing.
    """
    chosen = (
        select(Alert)
        .join(Household, Household.id == Alert.household_id)
        .where(Alert.closed_at.is_(None), ~Household.registered, within(region or NATION))
        .where(Alert.id.in_(select(Reason.alert_id).where(Reason.status == "active", _JUDGED)))
        .options(selectinload(Alert.reasons))
        .with_for_update(of=Alert)
    )
    found = session.scalars(chosen.order_by(Alert.id)).all()
    for alert in found:
        standing = [reason for reason in alert.reasons if reason.status == "active" and reason.rule not in UNRULED]
        for reason in standing:
            reason.status, reason.unseen, reason.last_on = "unknown", [REGISTER], alert.seen_on
        alert.version += 1
        detail = {"unknown": [reason.rule for reason in standing], "why": REGISTER}
        session.add(AlertEvent(alert_id=alert.id, as_of=as_of, kind="evidence", detail=detail))
    return len(found)
