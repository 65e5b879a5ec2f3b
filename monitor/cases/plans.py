"""A confirmed household's case: opened by a visit, its plan of measures, and the public notice."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.alerts.asked import AUDIT
from monitor.cases.codes import CASE_WHYS, REASON_CODES
from monitor.cases.office import Office, case_for, case_of
from monitor.errors import Conflict, Invalid, NotFound
from monitor.lifecycle import CASE, Step, begin, move
from monitor.tables import Alert, Case, CaseEvent, FollowUp, Measure

NOTE = "measures.note"
_HELPED_BY = ("IN_", "LS_", "RF_", "UP_AMT")
_UNSHOWN = ("near_dibao", "rigid")


@dataclass(frozen=True)
class Planned:
    """A measure as a worker plans it; ``id`` is made by the device. ``responsible`` is a person's name or post."""

    id: uuid.UUID
    code: str
    responsible: str
    due_on: date
    amount_yuan: float | None = None
    note: str | None = None


def after_visit(session: Session, alert: Alert, found: FollowUp, *, by: Viewer, office: Office) -> uuid.UUID | None:
    """Open a case when a visit confirms that help is needed; return the household's case it belongs to, if any.

    A household has one case at a time: a later confirmation belongs to the one that is open, and a risk that had
    been removed is back. Alerts that somebody may be paid in error open none.
    """
    case = case_of(session, alert.household_id)
    if not _confirms(alert, found):
        return case.id if case is not None else None
    step = Step(found.reason_code or found.finding, found.visited_on, detail={"follow_up": str(found.id)})
    if case is None:
        case = Case(
            id=uuid.uuid4(), household_id=alert.household_id, alert_id=alert.id, follow_up_id=found.id, status="",
            risk_factors=_factors(alert, office), opened_on=found.visited_on, version=1,
        )  # fmt: skip
        begin(session, case, "open", by=by, step=step)
    elif case.status == "removed":
        move(session, case, "relapse", by=by, step=step)
    return case.id


def add_measure(session: Session, case_id: uuid.UUID, planned: Planned, *, by: Viewer, office: Office) -> Measure:
    """Put a measure into the plan; the same id again changes nothing, with other contents it is a conflict."""
    case = case_for(session, case_id, by)
    if (before := session.get(Measure, planned.id)) is not None:
        if (before.case_id, before.code, before.due_on) != (case.id, planned.code, planned.due_on):
            raise Conflict(
                zh="同一编号的措施已存在且内容不同", en="a measure with this id exists and says something else"
            )
        return before
    if planned.code not in REASON_CODES or not planned.code.startswith((*_HELPED_BY, "GRACE", "CAT_CHG")):
        raise Invalid(zh="没有这样的帮扶措施代码", en="no measure has this code")
    if planned.due_on < office.today or not planned.responsible.strip():
        raise Invalid(zh="措施须有责任人和今天以后的期限", en="a measure has somebody responsible and a date to come")
    made = Measure(
        id=planned.id, case_id=case.id, code=planned.code, responsible=planned.responsible.strip(),
        due_on=planned.due_on, amount_yuan=planned.amount_yuan, made_by=str(by.worker),
        note=None if planned.note is None else office.keyring.encrypt(planned.note, about=NOTE),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(session, case, made, "planned", by=by, office=office)
    return made


def end_measure(
    session: Session, case_id: uuid.UUID, measure_id: uuid.UUID, *, status: str, by: Viewer, office: Office
) -> Measure:
    """Say that a measure was done today, or dropped; saying the same again changes nothing."""
    case = case_for(session, case_id, by)
    found = session.get(Measure, measure_id)
    if found is None or found.case_id != case.id:
        raise NotFound(zh="方案中没有这项措施", en="the plan has no such measure")
    if found.status == status:
        return found
    if found.status != "planned" or status not in ("done", "dropped"):
        raise Conflict(zh="该措施已办结", en="the measure has ended already")
    found.status, found.done_on = status, office.today
    _tell(session, case, found, status, by=by, office=office)
    return found


def publish(session: Session, case_id: uuid.UUID, *, category: str, by: Viewer, office: Office) -> Case:
    """Put the household on public notice from today, for the days that policy sets for ``category``.

    Recognition alone as near-dibao or for rigid expenditure is never shown in public.
    """
    case = case_for(session, case_id, by)
    step = Step(category, office.today, _notice(case, category, office))
    move(session, case, "publish", by=by, step=step)
    return case


def adopt(session: Session, case_id: uuid.UUID, *, by: Viewer, office: Office, expected: int | None = None) -> Case:
    """Adopt the plan: help begins. Refuses a plan without a measure, and a notice that is not over."""
    case = case_for(session, case_id, by)
    move(session, case, "adopt", by=by, step=Step(None, office.today, expected=expected))
    return case


def act(session: Session, case_id: uuid.UUID, edge: str, *, why: str | None, by: Viewer, office: Office) -> Case:
    """Take the case along one of the edges that need a reason and nothing else; only a reason that fits the edge."""
    _fits(edge, why)
    case = case_for(session, case_id, by)
    move(session, case, edge, by=by, step=Step(why, office.today))
    return case


def _fits(edge: str, why: str | None) -> None:
    """Refuse a reason that is not one of the edge's; those of the catalogue are looked into as it is gone."""
    known, asked = CASE_WHYS.get(edge, {}), CASE.edge(edge)
    if asked.needs_why and known and why not in known:
        zh = "，".join(f"{code} {said[0]}" for code, said in known.items())
        en = ", ".join(f"{code} {said[1]}" for code, said in known.items())
        raise Invalid(zh=f"{asked.zh}的原因代码只能是：{zh}", en=f"reason codes to {asked.en}: {en}")
    if not asked.needs_why and why is not None:
        raise Invalid(zh=f"{asked.zh}不需要原因代码", en=f"no reason code goes with this: {asked.en}")


def measures(session: Session, case: Case) -> list[Measure]:
    """Return the measures of a case, oldest first."""
    chosen = select(Measure).where(Measure.case_id == case.id).order_by(Measure.made_at, Measure.id)
    return list(session.scalars(chosen))


def timeline(session: Session, case: Case) -> list[CaseEvent]:
    """Return the steps of a case's life, oldest first."""
    return list(session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)))


def _notice(case: Case, category: str, office: Office) -> Mapping[str, date]:
    if category in _UNSHOWN:
        raise Invalid(
            zh="仅认定为低保边缘或刚性支出困难的家庭不公示（谁救助谁公示）",
            en="a household only recognised as near-dibao or for rigid expenditure is not shown in public",
        )
    days = office.amount("notice.days", region=case.household.region, category=category)
    if days is None:
        raise Conflict(zh="未设定公示天数（notice.days）", en="policy sets no days for a notice (notice.days)")
    return {"notice_from": office.today, "notice_until": office.today + timedelta(days=int(days) - 1)}


def notice_for(case: Case, category: str, office: Office) -> Mapping[str, date]:
    """Return the first and last day of a notice that begins today; refuses what is never shown in public."""
    return _notice(case, category, office)


def _confirms(alert: Alert, found: FollowUp) -> bool:
    helped = found.finding == "helped" and (found.reason_code or "").startswith(_HELPED_BY)
    if not helped and found.finding not in ("confirmed", "partly"):
        return False  # before its reasons are read: most visits confirm nothing
    told = [reason for reason in alert.reasons if reason.status != "annulled"]
    return any(reason.direction == "help" or reason.rule == AUDIT for reason in told)


def _factors(alert: Alert, office: Office) -> list[str]:
    rules = {reason.rule for reason in alert.reasons if reason.status != "annulled"}
    if office.law is None:
        return []
    return sorted({office.law.rules[rule].risk_factor for rule in rules if rule in office.law.rules})


def _tell(session: Session, case: Case, measure: Measure, what: str, *, by: Viewer, office: Office) -> None:
    detail = {"measure": str(measure.id), "code": measure.code, "became": what}
    move(session, case, "plan", by=by, step=Step(None, office.today, detail=detail))
