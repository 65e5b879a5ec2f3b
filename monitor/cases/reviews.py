"""The second look: the township's and the county's review of what ends an alert."""

import uuid

from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.cases import quieting
from monitor.cases.codes import FINDINGS
from monitor.cases.office import Office, alert_for
from monitor.errors import Conflict
from monitor.lifecycle import Step, move
from monitor.tables import Alert, FollowUp, Json


def approve(session: Session, alert_id: uuid.UUID, *, by: Viewer, office: Office, expected: int | None = None) -> Alert:
    """Agree with the finding under review: the alert ends by it, or goes to the county where that falls in its sample.

    Refuses whoever recorded the finding, and an alert that is not under review.
    """
    alert, found = _under_review(session, alert_id, by)
    step = Step(found.reason_code, office.today, detail=_said(found), expected=expected)
    if alert.status == "town_review" and office.sampled("county_share", alert.id, region=alert.region):
        move(session, alert, "pass_up", by=by, step=step)
        return alert
    if FINDINGS[found.finding].quiets:
        step.detail["quiet"] = quieting.keep(session, alert, found)
    move(session, alert, "approve" if alert.status == "town_review" else "approve_county", by=by, step=step)
    return alert


def send_back(
    session: Session, alert_id: uuid.UUID, *, why: str, by: Viewer, office: Office, expected: int | None = None
) -> Alert:
    """Send the finding back to be mended, with a reason code; the alert is somebody's work again."""
    alert, found = _under_review(session, alert_id, by)
    edge = "send_back" if alert.status == "town_review" else "send_back_county"
    move(session, alert, edge, by=by, step=Step(why, office.today, detail=_said(found), expected=expected))
    return alert


def _under_review(session: Session, alert_id: uuid.UUID, by: Viewer) -> tuple[Alert, FollowUp]:
    alert = alert_for(session, alert_id, by)
    found = session.get(FollowUp, alert.review_of) if alert.review_of else None
    if found is None or alert.status not in ("town_review", "county_review"):
        raise Conflict(zh="这条预警没有待复核的核查", en="nothing of this alert waits for a review")
    return alert, found


def _said(found: FollowUp) -> Json:
    return {"follow_up": str(found.id), "finding": found.finding, "reason_code": found.reason_code}
