"""The way out: risk removal by its standard and its consistency checks, the checks a year long, never by a machine.

The standard: income stably above the line, every guarantee firm, the first risk gone, no new one; the procedure: a
visit, democratic appraisal, notice, the county's approval (risk-removal standard S73, definitions S8 of domain.md;
the consistency checks are those that auditors of the national system make, S50).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.cases import plans, standard
from monitor.cases.office import Office, case_for
from monitor.errors import Conflict, Invalid, NotFound, Unmet
from monitor.lifecycle import CASE, Step, move
from monitor.tables import Alert, Case, FollowUp, Json, LaterCheck, Measure, Member, Person, Reason

MONTHS = (3, 6, 12)
_WAYS = ("helped", "natural")
_ONLY_BENEFITS = ("IN_", "UP_AMT")
_LEAST_WAGE = 100
Seen = Mapping[str, Any]


@dataclass(frozen=True)
class Proposal:
    """What a worker says of a household whose risk they hold to be gone, found on the visit ``follow_up``.

    ``way``: helped (帮扶消除) or natural (自然消除); income per head and year in yuan; each guarantee by name.
    """

    way: str
    follow_up: uuid.UUID
    income_yuan: float
    guarantees: Mapping[str, bool]
    first_risk_gone: bool


def propose(
    session: Session, case_id: uuid.UUID, said: Proposal, *, seen: Seen, by: Viewer, office: Office
) -> tuple[Case, Json]:
    """Propose removal: every check is made and kept with the proposal, which is refused (``Unmet``) if one fails.

    ``seen`` are the household's indicators on the day; what is not known of them contradicts nothing, but a reason
    that cannot be seen keeps its risk from counting as gone.
    """
    case = case_for(session, case_id, by)
    _check(session, case, said)
    judged = judge(session, case, said, seen=seen, office=office)
    if case.status in CASE.edge("propose").moves:
        _hold(judged, office)
    move(session, case, "propose", by=by, step=Step(f"BY_{said.way.upper()}", office.today, {"removal": judged}))
    return case, judged


def judge(session: Session, case: Case, said: Proposal, *, seen: Seen, office: Office) -> Json:
    """Return the outcome of every check of the standard, and what contradicts the proposal, in both languages."""
    line = office.amount("removal.income_line", region=case.household.region)
    first, others = _standing(session, case)
    wrong = [*_contradictions(session, case, said, seen, office)]
    return {
        "way": said.way, "follow_up": str(said.follow_up), "income_yuan": said.income_yuan, "line_yuan": line,
        "guarantees": {name: bool(said.guarantees.get(name)) for name in standard.GUARANTEES},
        "standing": {"first": first, "others": others},
        "contradictions": [{"code": code, "zh": zh, "en": en} for code, zh, en in wrong],
        "checks": {
            "income_above_line": line is not None and said.income_yuan > line,
            "guarantees_firm": all(said.guarantees.get(name) is True for name in standard.GUARANTEES),
            "first_risk_gone": said.first_risk_gone and not first,
            "no_new_risk": not others,
            "consistent": not wrong,
        },
    }  # fmt: skip


def appraise(session: Session, case_id: uuid.UUID, *, present: int, agreed: int, by: Viewer, office: Office) -> Case:
    """Record the democratic appraisal and put the removal on public notice; refuses one that had no majority."""
    case = case_for(session, case_id, by)
    if not 0 <= agreed <= present or agreed * 2 <= present:
        raise Conflict(zh="民主评议未过半数", en="the appraisal had no majority")
    values = plans.notice_for(case, "anti_poverty", office)
    detail = {"present": present, "agreed": agreed}
    move(session, case, "appraise", by=by, step=Step(None, office.today, values, detail))
    return case


def remove(session: Session, case_id: uuid.UUID, *, by: Viewer, office: Office, expected: int | None = None) -> Case:
    """Approve the removal for the county; checks are owed 3, 6 and 12 months from today."""
    case = case_for(session, case_id, by)
    values = {"removed_on": office.today}
    move(session, case, "remove", by=by, step=Step("RISK_REMOVED", office.today, values, expected=expected))
    session.add_all(LaterCheck(case_id=case.id, months=m, due_on=months_after(office.today, m)) for m in MONTHS)
    session.flush()
    return case


def check(
    session: Session, case_id: uuid.UUID, *, follow_up: uuid.UUID, holds: bool, by: Viewer, office: Office
) -> LaterCheck:
    """Record the next later check that is owed, on the ground of a visit; a risk that is back takes the case back.

    Refuses a check before it is due (a month early is allowed), and one that is not owed.
    """
    case = case_for(session, case_id, by)
    _ground(session, case, follow_up)
    owed = select(LaterCheck).where(LaterCheck.case_id == case.id, LaterCheck.done_on.is_(None))
    listed = session.scalars(owed.order_by(LaterCheck.months).with_for_update()).all()
    if not listed or months_after(office.today, 1) < listed[0].due_on:
        raise Conflict(zh="目前没有到期的回访", en="no later check is owed now")
    found = listed[0]
    found.done_on, found.follow_up_id, found.found = office.today, follow_up, "holds" if holds else "back"
    detail = {"months": found.months, "found": found.found, "follow_up": str(follow_up)}
    move(session, case, "check", by=by, step=Step(None, office.today, detail=detail))
    if not holds:
        for later in listed[1:]:
            later.done_on, later.found = office.today, "void"
        move(session, case, "relapse", by=by, step=Step("RISK_BACK", office.today, detail=detail))
    session.flush()
    return found


def months_after(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last of that month where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(day)


def checks(session: Session, case: Case) -> list[LaterCheck]:
    """Return the later checks of a case in order of their date."""
    return list(session.scalars(select(LaterCheck).where(LaterCheck.case_id == case.id).order_by(LaterCheck.due_on)))


def grounds(session: Session, case: Case) -> Sequence[FollowUp]:
    """Return the visits that a proposal, or the later check that is owed, may rest on now, the newest first.

    They reached somebody of the household, since the case was opened or, of a risk that was removed, since then. One
    that came when its alert had ended is among them; one that an earlier check of the case rests on is not.
    """
    since = case.removed_on if case.status == "removed" else case.opened_on
    spent = select(LaterCheck.follow_up_id).where(LaterCheck.case_id == case.id, LaterCheck.follow_up_id.is_not(None))
    chosen = select(FollowUp).where(
        FollowUp.alert_id.in_(_alerts_of(case)), FollowUp.visited_on >= since, FollowUp.id.not_in(spent),
        FollowUp.undone_at.is_(None), or_(FollowUp.supplement.is_(None), FollowUp.supplement == "ended"),
        FollowUp.finding != "unreachable",
    )  # fmt: skip
    return session.scalars(chosen.order_by(FollowUp.visited_on.desc(), FollowUp.recorded_at.desc())).all()


def _check(session: Session, case: Case, said: Proposal) -> None:
    if said.way not in _WAYS:
        raise Invalid(zh="风险消除方式只能是 helped 或 natural", en="the way is helped or natural")
    _ground(session, case, said.follow_up)


def _hold(judged: Json, office: Office) -> None:
    lacking = standard.lacks(judged, office.law)
    if lacking:
        failed = ", ".join(name for name, holds in judged["checks"].items() if not holds)
        zh, en = "未达风险消除标准，请逐项核对", f"the standard for risk removal is not met: {failed}"
        raise Unmet(lacking, zh=zh, en=en)


def _ground(session: Session, case: Case, follow_up: uuid.UUID) -> None:
    """Refuse a visit that is not the household's, or not one that the case may rest on now."""
    ours = select(FollowUp.id).where(FollowUp.id == follow_up, FollowUp.alert_id.in_(_alerts_of(case)))
    if session.scalar(ours) is None:
        raise NotFound(zh="没有该户的这条核查记录", en="the household has no such follow-up")
    if follow_up not in {one.id for one in grounds(session, case)}:
        raise Invalid(
            zh="须以建档（风险消除后为消除）以来联系上该户的核查为依据，每次回访各用一次",
            en="it rests on a visit that reached them since the case opened (or the risk went); each serves once",
        )


def _alerts_of(case: Case) -> Select[uuid.UUID]:
    return select(Alert.id).where(Alert.household_id == case.household_id)


def _standing(session: Session, case: Case) -> tuple[list[str], list[str]]:
    """The rules that still stand, or cannot be seen: those the case was opened for, and others."""
    known = select(Reason.rule).where(Reason.alert_id == case.alert_id, Reason.first_on <= case.opened_on)
    began = set(session.scalars(known))
    live = (
        select(Reason.rule)
        .join(Alert, Alert.id == Reason.alert_id)
        .where(Alert.household_id == case.household_id, Alert.closed_at.is_(None), Reason.direction == "help")
        .where(Reason.status.in_(("active", "unknown")))
    )
    found = sorted(set(session.scalars(live)))
    return [rule for rule in found if rule in began], [rule for rule in found if rule not in began]


def _contradictions(
    session: Session, case: Case, said: Proposal, seen: Seen, office: Office
) -> list[tuple[str, str, str]]:
    done = [one for one in plans.measures(session, case) if one.status == "done"]
    able = seen.get("able_workers")
    tests = [
        (said.way == "helped" and months_after(case.opened_on.replace(day=1), 2) > office.today,
         "too_soon", "识别当月或次月不得以帮扶消除", "helped and gone in the month it was found or the next"),
        (said.way == "helped" and not done, "no_measure", "帮扶消除但没有已落实的措施", "helped, but nothing was done"),
        (_is(able, above=0) and bool(done) and all(one.code.startswith(_ONLY_BENEFITS) for one in done),
         "only_benefits", "有劳动能力户仅有综合保障措施", "able to work, yet only given benefits"),
        ("illness" in case.risk_factors and seen.get("serious_disease_members") == 0
         and seen.get("medical_self_pay_12m") == 0,
         "nobody_ill", "因病风险但家中无患病成员", "a risk of illness with nobody ill"),
        ("work" in case.risk_factors and able == 0,
         "nobody_works", "务工就业风险但家中无劳动力", "a risk of work with nobody able to work"),
        (_is(seen.get("wages_mean_3m"), above=0) and float(seen["wages_mean_3m"]) < _LEAST_WAGE,
         "odd_wage", "月工资不足100元", "a wage below 100 yuan a month"),
        (case.household.category == "tekun" and _is(able, above=0),
         "able_tekun", "特困户中有劳动能力成员", "a tekun household with somebody able to work"),
        (not _reachable(session, case), "no_contact", "缺少联系电话", "nobody of the household has a telephone number"),
    ]  # fmt: skip
    return [(code, zh, en) for fails, code, zh, en in tests if fails]


def _is(value: Any, *, above: float) -> bool:
    return isinstance(value, int | float) and value > above


def _reachable(session: Session, case: Case) -> bool:
    phones = select(func.count()).select_from(Member).join(Person, Person.id == Member.person_id)
    phones = phones.where(Member.household_id == case.household_id, Member.until_on.is_(None))
    return bool(session.scalar(phones.where(Person.phone.is_not(None))))


def outstanding_measures(session: Session, case: Case) -> list[Measure]:
    """Return the measures that are planned and not yet done."""
    return [one for one in plans.measures(session, case) if one.status == "planned"]
