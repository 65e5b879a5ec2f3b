"""Alerts: one per household and episode, raised, renewed, cleared and closed; each reason explained for ever."""

import uuid
from collections import Counter

from sqlalchemy.orm import Session

from monitor.alerts.annulment import annul_for_facts
from monitor.alerts.changes import Change
from monitor.alerts.due import Due
from monitor.alerts.holding import Ground, hold
from monitor.alerts.judged import Judged, Measured, Span, Terms, Told
from monitor.alerts.leaving import leavers, left_register
from monitor.alerts.planning import plan
from monitor.alerts.writing import Overtaken, mark_seen, write


def raise_alerts(session: Session, judged: Judged, *, scan: uuid.UUID, due: Due | None = None) -> Counter[str]:
    """Turn verdicts into alerts, one per household and episode, in the caller's transaction.

    A household with an open alert keeps it and gains the new evidence; a second run over the same verdicts
    changes nothing. ``due`` sets the deadlines. Returns what was done, counted.
    """
    return write(session, plan(session, judged, scan=scan), due=due)


__all__ = [
    "Change",
    "Due",
    "Ground",
    "Judged",
    "Measured",
    "Overtaken",
    "Span",
    "Terms",
    "Told",
    "annul_for_facts",
    "hold",
    "leavers",
    "left_register",
    "mark_seen",
    "plan",
    "raise_alerts",
    "write",
]
