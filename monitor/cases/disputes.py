"""数据有误: a row behind an alert is said to be wrong, and whoever answers for it is asked to correct it by a date.

The alert stays as it is: only facts change it. The request is a referral that names the row, so it is seen, taken,
refused with a reason, ended with a receipt or withdrawn as any other is.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.cases.office import Office, alert_for
from monitor.cases.referrals import Asked, drafted, send
from monitor.errors import Conflict, Invalid
from monitor.lifecycle import Step
from monitor.tables import Alert, Referral
from monitor.work.calendar import calendar

DAYS = "deadlines.correction"


@dataclass(frozen=True)
class Disputed:
    """Which row is wrong, in what way, and who answers for it; ``id`` is made by the device."""

    id: uuid.UUID
    code: str
    feed: str
    delivery: int
    row: int
    department: str
    note: str | None = None


def dispute(
    session: Session, alert_id: uuid.UUID, said: Disputed, *, by: Viewer, office: Office, expected: int
) -> Referral:
    """Ask for a row of the alert's evidence to be corrected, in the caller's transaction; by when, policy says.

    Refuses a row that the alert does not rest on and one that is asked for already. The same request again changes
    nothing; with the same id and other contents it is a conflict. ``expected`` is the version that the actor saw.
    """
    alert = alert_for(session, alert_id, by)
    digest = _digest(alert_id, said, office)
    if (before := session.get(Referral, said.id)) is not None:
        if before.digest != digest:
            raise Conflict(
                zh="同一编号的更正请求已存在且内容不同", en="a request with this id exists and says something else"
            )
        return before
    _check(session, alert, said)
    asked = Asked(said.id, said.code, said.department, _due_on(session, alert, office), said.note)
    made = drafted(session, alert, asked, digest=digest, by=by, office=office)
    made.feed, made.delivery_seq, made.row_no = said.feed, said.delivery, said.row
    row = {"feed": said.feed, "delivery": said.delivery, "row": said.row}
    step = Step(said.code, office.today, detail=row, expected=expected)
    return send(session, alert, made, "dispute", by=by, step=step)


def of_alert(session: Session, alert_id: uuid.UUID) -> Sequence[Referral]:
    """Return every request to correct the alert's data, ended ones too, the newest first.

    Asked only of alerts that the viewer was found to see.
    """
    chosen = select(Referral).where(Referral.alert_id == alert_id, Referral.feed.is_not(None))
    return session.scalars(chosen.order_by(Referral.sent_at.desc(), Referral.id)).all()


def _check(session: Session, alert: Alert, said: Disputed) -> None:
    if not said.department.strip():
        raise Invalid(zh="请写明负责更正的部门", en="say which department answers for the data")
    rows = {(row["feed"], row["delivery"], row["row"]) for reason in alert.reasons for row in reason.evidence}
    if (said.feed, said.delivery, said.row) not in rows:
        raise Invalid(zh="这一行不是本预警的证据，请刷新后重试", en="the alert does not rest on this row: read it anew")
    for one in of_alert(session, alert.id):
        if one.ended_at is None and (one.feed, one.delivery_seq, one.row_no) == (said.feed, said.delivery, said.row):
            raise Conflict(
                zh=f"这一行已提请更正，期限 {one.due_on}",
                en=f"this row was asked to be corrected already, by {one.due_on}",
            )


def _due_on(session: Session, alert: Alert, office: Office) -> date:
    days = office.amount(DAYS, region=alert.region)
    if days is None or office.law is None:
        raise Invalid(zh="现行政策没有规定数据更正的时限", en="the policy in force sets no time to correct data in")
    return calendar(session, office.law).after(office.today, int(days))


def _digest(alert_id: uuid.UUID, said: Disputed, office: Office) -> str:
    told = [str(alert_id), said.code, said.feed, said.delivery, said.row, said.department.strip(), said.note]
    return office.keyring.blind_index(json.dumps(told, ensure_ascii=False)).hex()
