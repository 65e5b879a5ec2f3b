"""Deadlines of alerts as a scan writes them: a new one has its own, a worse one never a later one than before."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, or_, update
from sqlalchemy.orm import Session

from monitor.alerts.changes import Change, Values
from monitor.policy.days import Deadlines
from monitor.tables import Alert

Due = Callable[[str, str], Deadlines]
DATES = ("contact_due_on", "visit_due_on", "result_due_on")


def of_new(change: Change, due: Due | None) -> Values:
    """Return the deadlines of the alert that ``change`` opens; nothing when nobody counts deadlines."""
    if due is None or change.alert is None:
        return {}
    found = due(change.alert["level"], change.alert["region"])
    return {name: getattr(found, name) for name in DATES}


def hasten(session: Session, changes: Iterable[Change], due: Due) -> None:
    """Bring forward the deadlines of the alerts that ``changes`` raise to a higher level; none moves back."""
    rows = []
    for change in changes:
        for event in change.events:
            if event["kind"] == "escalated":
                found = due(event["detail"]["to"], change.region)
                rows.append({"b_id": event["alert_id"]} | {f"b_{name}": getattr(found, name) for name in DATES})
    if rows:
        values: dict[str, Any] = {name: _earlier(name) for name in DATES}
        session.connection().execute(update(Alert).where(Alert.id == bindparam("b_id")).values(values), rows)


def _earlier(name: str) -> ColumnElement[Any]:
    before, now = getattr(Alert, name), bindparam(f"b_{name}", type_=getattr(Alert, name).type)
    return case((or_(before.is_(None), before > now), now), else_=before)
