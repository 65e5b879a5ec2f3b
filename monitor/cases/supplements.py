"""A visit that can no longer decide anything and is not to be lost: kept for the record, on the timeline."""

import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer
from monitor.cases import visits
from monitor.cases.office import Office, alert_for
from monitor.cases.visits import Recorded, Visit
from monitor.errors import Invalid
from monitor.tables import AlertEvent, FollowUp, utc_now

WHY: Mapping[str, tuple[str, str]] = {
    "ended": ("登记时预警已办结", "the alert had ended by then"),
    "changed": ("登记时预警已有他人处理", "somebody had dealt with the alert by then"),
    "code_gone": ("所选代码已停用", "a code chosen is no longer in use"),
}


def keep(session: Session, alert_id: uuid.UUID, visit: Visit, *, why: str, by: Viewer, office: Office) -> Recorded:
    """Keep ``visit`` on an alert for the record alone: it moves no state, opens no case and counts in no figure.

    Open or ended, the alert takes it, and its timeline says so. The same visit again changes nothing; one that was
    recorded after all stays as it was recorded. Refuses a day that has not come.
    """
    alert = alert_for(session, alert_id, by)
    digest = visits.digest_of(alert_id, visit, by, office.keyring)
    if (before := session.get(FollowUp, visit.id)) is not None:
        return visits.again(before, digest)
    if why not in WHY:
        raise Invalid(zh=f"补充原因只能是 {'、'.join(WHY)}", en=f"why it is a supplement: {', '.join(WHY)}")
    now = utc_now()
    seen = visits.by_our_clock(visit, now)
    if seen.visited_on > office.today:
        raise Invalid(zh="核查日期不能晚于今天", en="the visit is not later than today")
    made = visits.stored(alert, seen, by=by, keyring=office.keyring, now=now, why=why)
    session.add(made)
    detail = {"follow_up": str(visit.id), "finding": visit.finding, "why": why}
    session.add(
        AlertEvent(
            alert_id=alert.id, kind="supplemented", by=by.name, as_of=seen.visited_on, detail=detail, role=by.role,
            worker=by.worker, version=alert.version,
        )
    )  # fmt: skip
    audit.record(session, by=str(by.worker), action="visit.supplemented", subject=str(alert.id), detail=detail)
    session.flush()
    return Recorded(made, new=True)
