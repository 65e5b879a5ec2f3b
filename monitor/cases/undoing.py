"""Taking back, within thirty seconds, what one did by mistake: an act of its own that leaves both on record."""

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.cases import quieting
from monitor.cases.office import Office, alert_for
from monitor.errors import Conflict
from monitor.lifecycle import UNDO_WITHIN, Step, last_step, move
from monitor.lifecycle import undo as step_back
from monitor.tables import Alert, AlertEvent, Case, FollowUp, utc_now


def undo(session: Session, alert_id: uuid.UUID, *, by: Viewer, office: Office, expected: int | None = None) -> Alert:
    """Take back the viewer's last act on an alert, and with a visit its quiet rules and the case it opened.

    Refuses after thirty seconds, what another did, and a visit whose case has gone on since.
    """
    alert = alert_for(session, alert_id, by)
    _back(session, alert, by=by, office=office, expected=expected)
    return alert


def undo_visit(session: Session, visit: FollowUp, *, by: Viewer, office: Office, within: timedelta) -> None:
    """Take back a visit of the viewer's own ``within`` a time of it, if nothing happened to its alert since.

    What it did goes as ``undo`` says; refuses one taken back already, or whose alert or case has gone on.
    """
    alert = alert_for(session, visit.alert_id, by)
    last = _visit_of(session, last_step(session, alert))
    if visit.undone_at is not None or last is None or last.id != visit.id:
        raise Conflict(zh="该核查之后另有办理，不能撤回", en="something was done after this visit: it stays")
    _back(session, alert, by=by, office=office, within=within)


def _back(
    session: Session, alert: Alert, *, by: Viewer, office: Office, expected: int | None = None,
    within: timedelta = UNDO_WITHIN,
) -> None:  # fmt: skip
    last = last_step(session, alert)
    step_back(session, alert, by=by, expected=expected, within=within)
    found = _visit_of(session, last)
    if found is not None:
        found.undone_at = utc_now()
        quieting.end(session, found.id, on=office.today, why="undone")
        _take_back_case(session, found, by)
    session.flush()


def _visit_of(session: Session, last: object) -> FollowUp | None:
    said = last.detail.get("follow_up") if isinstance(last, AlertEvent) else None
    return session.get(FollowUp, uuid.UUID(said)) if said else None


def _take_back_case(session: Session, found: FollowUp, by: Viewer) -> None:
    case = session.get(Case, found.case_id) if found.case_id else None
    if case is None or case.follow_up_id != found.id:
        return
    if case.version != 1:
        raise Conflict(zh="该核查建立的个案已有后续办理，不能撤回", en="the case this visit opened has gone on since")
    move(session, case, "withdraw", by=by, step=Step("undone", found.visited_on))
