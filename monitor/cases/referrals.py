"""Requests to other departments: sent with a due date, accepted or refused, ended with a receipt."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import DEPARTMENT, NATION, Viewer, scope, shorten
from monitor.cases.codes import DISPUTED, REASON_CODES
from monitor.cases.office import Office, alert_for, case_of
from monitor.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from monitor.lifecycle import Step, move
from monitor.tables import Alert, Outbox, Referral, Worker, utc_now

NOTE = "referrals.note"
_NEXT: Mapping[str, Mapping[str, str]] = {
    "sent": {"accept": "accepted", "refuse": "refused", "finish": "done", "withdraw": "withdrawn"},
    "accepted": {"refuse": "refused", "finish": "done", "withdraw": "withdrawn"},
}
ENDED = ("refused", "done", "withdrawn")


@dataclass(frozen=True)
class Asked:
    """What is asked of which department, by when; ``id`` is made by the device."""

    id: uuid.UUID
    code: str
    department: str
    due_on: date
    note: str | None = None


@dataclass(frozen=True)
class Answered:
    """What the department said: accept, refuse (why), finish (receipt number), or withdrawn by us (why)."""

    act: str
    why: str | None = None
    receipt_no: str | None = None


def refer(
    session: Session, alert_id: uuid.UUID, asked: Asked, *, by: Viewer, office: Office, expected: int | None = None
) -> Referral:
    """Ask a department, in the caller's transaction; the alert is with it until every referral is answered.

    The same request again changes nothing; with the same id and other contents it is a conflict. ``expected`` is the
    version of the alert that the actor saw.
    """
    alert = alert_for(session, alert_id, by)
    digest = _digest(alert_id, asked, office)
    if (before := session.get(Referral, asked.id)) is not None:
        if before.digest != digest:
            raise Conflict(
                zh="同一编号的转办已存在且内容不同", en="a referral with this id exists and says something else"
            )
        return before
    _check(asked, office)
    made = drafted(session, alert, asked, digest=digest, by=by, office=office)
    return send(session, alert, made, "refer", by=by, step=Step(asked.code, office.today, expected=expected))


def drafted(session: Session, alert: Alert, asked: Asked, *, digest: str, by: Viewer, office: Office) -> Referral:
    """Return what is asked, as it will be kept, with the case that the household has; nothing is sent yet."""
    case = case_of(session, alert.household_id)
    return Referral(
        id=asked.id, household_id=alert.household_id, alert_id=alert.id, case_id=case.id if case else None,
        code=asked.code, department=asked.department.strip(), due_on=asked.due_on, digest=digest, status="sent",
        note=None if asked.note is None else office.keyring.encrypt(asked.note, about=NOTE), sent_by=str(by.worker),
        version=1,
    )  # fmt: skip


def send(session: Session, alert: Alert, made: Referral, edge: str, *, by: Viewer, step: Step) -> Referral:
    """Move the alert along ``edge`` and keep what was asked, in the caller's transaction; the step tells of it."""
    told = {"referral": str(made.id), "department": made.department, "due_on": made.due_on.isoformat()}
    move(session, alert, edge, by=by, step=replace(step, detail={**told, **step.detail}))
    session.add(made)
    session.flush()
    return made


def answer(
    session: Session, referral_id: uuid.UUID, said: Answered, *, by: Viewer, office: Office, expected: int | None = None
) -> Referral:
    """Record what became of a referral; with the last one answered the alert comes back to where it stood.

    A correction of data, asked for by ``disputes``, is answered like any other and moves no alert: facts do.

    Refuses a refusal or withdrawal without a reason, an end without a receipt, a step that does not follow, and the
    withdrawal by a department of what was asked of it. Saying the same again changes nothing.
    """
    found = get(session, referral_id, viewer=by, hold=True)
    target = _NEXT.get(found.status, {}).get(said.act)
    if target is None and found.status in _NEXT["sent"].values() and _NEXT["sent"].get(said.act) == found.status:
        return found
    if expected is not None and expected != found.version:
        raise Stale(found.version)
    if target is None:
        raise Conflict(zh="转办已办结，或不能这样办理", en="the referral has ended, or this does not follow")
    _check_answer(said, by, of=found)
    found.status, found.answered_by, found.refused_why = target, str(by.worker), said.why
    found.answered_at, found.receipt_no = utc_now(), said.receipt_no
    found.ended_at = utc_now() if target in ENDED else None
    found.version += 1
    session.flush()
    _tell(session, found, by)
    if found.feed is None:
        _come_back(session, found, by=by, office=office)
    return found


def _check_answer(said: Answered, by: Viewer, *, of: Referral) -> None:
    if said.act == "withdraw" and by.role == DEPARTMENT:
        raise Forbidden(zh="撤回由转办的民政部门办理", en="a referral is withdrawn by whoever sent it")
    if said.act in ("refuse", "withdraw") and not said.why:
        raise Invalid(zh="退回或撤回转办须写明原因代码", en="a refusal or withdrawal needs a reason code")
    if of.feed is not None and said.why and said.why not in DISPUTED:
        listed = ", ".join(DISPUTED)
        raise Invalid(zh=f"数据更正的原因代码只能是：{listed}", en=f"reason codes for data: {listed}")
    if said.act == "finish" and not said.receipt_no:
        raise Invalid(zh="办结转办须填写回执号", en="an end needs the department's receipt number")


def outstanding(
    session: Session, *, viewer: Viewer, overdue_on: date | None = None, alert: uuid.UUID | None = None
) -> Sequence[Referral]:
    """Return up to 200 referrals not yet ended that the viewer may see, the soonest due first.

    Only those overdue on a day, or those of one alert. Our people see those of their region, a department those that
    went to it.
    """
    chosen = select(Referral).join(Alert, Alert.id == Referral.alert_id).where(Referral.ended_at.is_(None))
    if alert is not None:
        chosen = chosen.where(Referral.alert_id == alert)
    if overdue_on is not None:
        chosen = chosen.where(Referral.due_on < overdue_on)
    chosen = scope(chosen, viewer, of=Referral).order_by(Referral.due_on, Referral.id)
    return session.scalars(chosen.limit(200)).all()


def named(session: Session, ids: Collection[uuid.UUID], *, viewer: Viewer) -> Sequence[Referral]:
    """Return those of ``ids`` that are the viewer's to see, also what has ended, the first to be due first."""
    chosen = select(Referral).join(Alert, Alert.id == Referral.alert_id).where(Referral.id.in_(ids))
    return session.scalars(scope(chosen, viewer, of=Referral).order_by(Referral.due_on, Referral.id)).all()


def departments(session: Session, *, viewer: Viewer) -> list[str]:
    """Return the departments that have a clerk who works now somewhere in the viewer's region or over it, by name.

    A referral to any other reaches nobody's screen: whoever refers must bring it there.
    """
    clerks = select(Worker.department, Worker.region).where(Worker.role == DEPARTMENT, Worker.active).distinct()
    here = _places(viewer.region)
    return sorted(
        {
            department
            for department, region in session.execute(clerks)
            if department and (here.startswith(_places(region)) or _places(region).startswith(here))
        }
    )


def _places(region: str) -> str:
    return "" if region == NATION else shorten(region)


def get(session: Session, referral_id: uuid.UUID, *, viewer: Viewer, hold: bool = False) -> Referral:
    """Return a referral, held until the transaction ends if ``hold``; absent and not yours are the same refusal."""
    chosen = select(Referral).join(Alert, Alert.id == Referral.alert_id).where(Referral.id == referral_id)
    chosen = scope(chosen, viewer, of=Referral)
    found = session.scalar(chosen.with_for_update(of=Referral) if hold else chosen)
    if found is None:
        raise NotFound(zh="没有这个转办，或不在您的管辖范围", en="there is no such referral in your region")
    return found


def _check(asked: Asked, office: Office) -> None:
    if not asked.code.startswith("RF_") or asked.code not in REASON_CODES:
        raise Invalid(zh="转办须选择 RF_ 开头的原因代码", en="a referral has a reason code that begins with RF_")
    if not asked.department.strip() or asked.due_on <= office.today:
        raise Invalid(zh="转办须写明部门和今天以后的期限", en="a referral names a department and a date to come")


def _digest(alert_id: uuid.UUID, asked: Asked, office: Office) -> str:
    said = [str(alert_id), asked.code, asked.department.strip(), asked.due_on.isoformat(), asked.note]
    return office.keyring.blind_index(json.dumps(said, ensure_ascii=False)).hex()


def _tell(session: Session, found: Referral, by: Viewer) -> None:
    detail = {"status": found.status, "why": found.refused_why, "receipt_no": found.receipt_no}
    audit.record(session, by=str(by.worker), action=f"referral.{found.status}", subject=str(found.id), detail=detail)
    payload = {"alert": str(found.alert_id), "code": found.code, **detail}
    session.add(Outbox(kind=f"referral_{found.status}", subject=str(found.id), payload=payload))


def _come_back(session: Session, found: Referral, *, by: Viewer, office: Office) -> None:
    alert = session.get_one(Alert, found.alert_id, with_for_update=True)
    waiting = select(Referral.id).where(Referral.alert_id == alert.id, Referral.ended_at.is_(None))
    waiting = waiting.where(Referral.feed.is_(None)).limit(1)
    if alert.status == "referred" and session.scalar(waiting) is None:
        detail = {"referral": str(found.id), "became": found.status}
        move(session, alert, "settle", by=by, step=Step(found.refused_why, office.today, detail=detail))
