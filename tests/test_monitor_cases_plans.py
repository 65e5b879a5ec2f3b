"""From a confirmed need to a risk removed: plans, notices, reviews, referrals, later checks, and what falls back."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, SILENT, Home, judge, register, scan, viewer
from sqlalchemy import func, select, update

from monitor import audit, database, policy
from monitor.alerts import annul_for_facts, raise_alerts
from monitor.alerts.annulment import Fallen
from monitor.cases import Office, Visit, doubts, plans, record, referrals, removal, reviews, standard, undoing
from monitor.cases.office import case_for
from monitor.errors import Conflict, Forbidden, Invalid, NotFound
from monitor.lifecycle import Step, move
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, Case, CaseEvent, FollowUp, LaterCheck, Outbox, Person, Quiet, Reason

TOWN = viewer()
VILLAGE = replace(viewer(), worker=uuid.UUID(int=8), role="assistant", name="村协理员")
COUNTY = replace(viewer(), worker=uuid.UUID(int=9), role="reviewer", name="县审核")
OTHER = replace(viewer("340203"), worker=uuid.UUID(int=10))
LAW = policy.load(DAY)
TODAY = DAY + timedelta(days=2)
FIRM = dict.fromkeys(standard.GUARANTEES, True)
Days = Callable[[int], Office]


@pytest.fixture
def session(service: Service) -> Any:
    with database.transaction(service.engine) as opened:
        yield opened


@pytest.fixture
def office(service: Service) -> Office:
    return Office(service.keyring, TODAY, LAW)


def reviewing(office: Office, **shares: float) -> Office:
    """The office where policy asks for reviews of those shares."""

    class Asking(Office):
        def amount(self, name: str, **where: Any) -> float | None:
            return shares.get(name.removeprefix("review."), super().amount(name, **where))

    return Asking(office.keyring, office.today, office.law)


def an_alert(session: database.Session, **verdicts: int) -> Alert:
    home = register(session)[0]
    for person in session.scalars(select(Person)):
        person.phone = b"kept"
    raise_alerts(session, judge({home.id: Home(verdicts or {"illness": FIRES})}), scan=scan(session))
    return session.scalars(select(Alert)).one()


def visited(
    session: database.Session, alert: Alert, office: Office, *, finding: str = "confirmed", code: str | None = None,
    by: Any = TOWN, **said: Any,
) -> FollowUp:  # fmt: skip
    visit = Visit(uuid.uuid4(), office.today, "home", finding, code, **said)
    return record(session, alert.id, visit, by=by, office=office).follow_up


def a_case(session: database.Session, office: Office, **verdicts: int) -> Case:
    visited(session, an_alert(session, **verdicts), office)
    return session.scalars(select(Case)).one()


def planned(session: database.Session, case: Case, office: Office, code: str = "LS_J") -> uuid.UUID:
    measure = plans.Planned(uuid.uuid4(), code, "王主任", office.today + timedelta(days=10), 800.0, "每月送药")
    return plans.add_measure(session, case.id, measure, by=TOWN, office=office).id


def helped(session: database.Session, case: Case, office: Office) -> Office:
    """Bring the case to where its plan was carried out; return the office three months on, its alert silent."""
    measure = planned(session, case, office)
    plans.adopt(session, case.id, by=TOWN, office=office)
    plans.end_measure(session, case.id, measure, status="done", by=TOWN, office=office)
    day = DAY + timedelta(days=92)
    raise_alerts(session, judge({case.household_id: Home({"illness": SILENT})}, as_of=day), scan=scan(session, day))
    session.expire_all()
    return replace(office, today=day)


def proposal(session: database.Session, case: Case, office: Office, **changed: Any) -> removal.Proposal:
    found = visited(session, session.get_one(Alert, case.alert_id), office, finding="watch", code="WATCH",
                    next_on=office.today + timedelta(days=90))  # fmt: skip
    said: dict[str, Any] = {
        "way": "helped", "follow_up": found.id, "income_yuan": 12_000.0, "guarantees": FIRM, "first_risk_gone": True,
    }  # fmt: skip
    return removal.Proposal(**said | changed)


def removed(session: database.Session, office: Office) -> tuple[Case, Office]:
    case = a_case(session, office)
    later = helped(session, case, office)
    removal.propose(session, case.id, proposal(session, case, later), seen={}, by=TOWN, office=later)
    removal.appraise(session, case.id, present=9, agreed=8, by=TOWN, office=later)
    after = replace(later, today=later.today + timedelta(days=6))
    removal.remove(session, case.id, by=COUNTY, office=after)
    return case, after


def steps(session: database.Session, case: Case) -> list[str]:
    return list(session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)))


def test_a_confirmed_need_opens_one_case_and_says_why(session: database.Session, office: Office) -> None:
    alert = an_alert(session)
    found = visited(session, alert, office, present=("户主", "村主任"), proposed=("LS_J",),
                    facts=({"about": "medical_self_pay_12m", "found": "corrected", "value": "九千元"},))  # fmt: skip
    case = session.scalars(select(Case)).one()
    assert (case.status, case.alert_id, case.opened_on, found.case_id) == ("planning", alert.id, TODAY, case.id)
    assert (alert.status, alert.contacted_on, alert.visited_on) == ("visited", TODAY, TODAY)
    assert "九千元" not in str(found.facts)
    assert office.keyring.decrypt_json(found.present or b"", about="follow_ups.present") == ["户主", "村主任"]
    again = visited(session, alert, office, finding="partly")
    assert (again.case_id, session.scalar(select(func.count()).select_from(Case))) == (case.id, 1)
    assert list(audit.broken_links(session)) == []


@pytest.mark.parametrize(
    ("finding", "code", "opens"),
    [("helped", "LS_J", True), ("helped", "RF_MED", True), ("helped", "STOP", False), ("no_need", "NE_INC", False)],
)
def test_only_help_that_is_needed_opens_a_case(
    session: database.Session, office: Office, finding: str, code: str, opens: bool
) -> None:
    visited(session, an_alert(session), office, finding=finding, code=code)
    assert (session.scalar(select(func.count()).select_from(Case)) == 1) is opens


def test_what_may_be_paid_in_error_opens_no_case(session: database.Session, office: Office) -> None:
    alert = an_alert(session)
    session.execute(update(Reason).values(direction="leave"))
    session.expire_all()
    assert visited(session, alert, office).case_id is None


def test_a_visit_taken_back_takes_its_case_and_its_quiet_with_it(session: database.Session, office: Office) -> None:
    alert = an_alert(session)
    first = visited(session, alert, office)
    undoing.undo(session, alert.id, by=TOWN, office=office)
    assert (alert.status, alert.visited_on, first.undone_at is not None) == ("open", None, True)
    assert session.scalars(select(Case)).one().status == "annulled"
    visited(session, alert, office, finding="no_need", code="NE_INC")
    assert session.scalars(select(Quiet.ended_on)).all() == [None]
    undoing.undo(session, alert.id, by=TOWN, office=office)
    assert (alert.status, alert.closed_at) == ("open", None)
    assert session.scalars(select(Quiet.ended_why)).all() == ["undone"]
    assert session.scalar(select(func.count()).select_from(FollowUp)) == 2
    kinds = session.scalars(select(AlertEvent.kind).order_by(AlertEvent.id)).all()
    assert kinds == ["raised", "followed_up", "undone", "closed", "undone"]


def test_a_visit_whose_case_has_gone_on_stays(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    planned(session, case, office)
    with pytest.raises(Conflict, match="gone on"):
        undoing.undo(session, case.alert_id, by=TOWN, office=office)


def test_a_finding_under_review_ends_the_alert_only_when_another_agrees(
    session: database.Session, office: Office
) -> None:
    asking, alert = reviewing(office, township_share=1.0), an_alert(session)
    visited(session, alert, asking, finding="no_need", code="NE_INC", by=VILLAGE)
    assert (alert.status, alert.closed_at, session.scalars(select(Quiet)).all()) == ("town_review", None, [])
    reviews.approve(session, alert.id, by=TOWN, office=asking)
    assert (alert.status, alert.closed_why) == ("closed", "NE_INC")
    assert session.scalars(select(Quiet.why)).all() == ["NE_INC"]


def test_nobody_reviews_their_own_and_the_county_looks_at_its_sample(session: database.Session, office: Office) -> None:
    asking, alert = reviewing(office, township_share=1.0, county_share=1.0), an_alert(session)
    visited(session, alert, asking, finding="no_need", code="NE_INC")
    with pytest.raises(Forbidden, match="their own"):
        reviews.approve(session, alert.id, by=TOWN, office=asking)
    another = replace(TOWN, worker=uuid.UUID(int=20))
    reviews.approve(session, alert.id, by=another, office=asking)
    assert alert.status == "county_review"
    with pytest.raises(Forbidden, match="desk"):
        reviews.approve(session, alert.id, by=another, office=asking)
    reviews.send_back(session, alert.id, why="INCOMPLETE", by=COUNTY, office=asking)
    assert alert.status == "returned"
    with pytest.raises(Conflict, match="nothing of this alert"):
        reviews.approve(session, alert.id, by=COUNTY, office=asking)


def test_a_red_false_alarm_is_looked_at_where_policy_asks(session: database.Session, office: Office) -> None:
    asking, alert = reviewing(office, red_false_alarm_share=1.0), an_alert(session)
    visited(session, alert, asking, finding="false_alarm", code="ERR_AMT")
    assert alert.status == "town_review"


def test_a_share_is_drawn_by_the_alert_and_drawn_alike_again(office: Office) -> None:
    asking = reviewing(office, township_share=0.3)
    ids = [uuid.UUID(int=number * 7919 << 40) for number in range(2_000)]
    drawn = [asking.sampled("township_share", one, region="340299") for one in ids]
    assert drawn == [asking.sampled("township_share", one, region="340299") for one in ids]
    assert 500 < sum(drawn) < 700


def test_a_plan_is_adopted_when_each_measure_has_somebody_and_a_date(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    with pytest.raises(Invalid, match="a measure at least"):
        plans.adopt(session, case.id, by=TOWN, office=office)
    for wrong in (
        plans.Planned(uuid.uuid4(), "NE_INC", "王主任", TODAY), plans.Planned(uuid.uuid4(), "LS_J", " ", TODAY),
        plans.Planned(uuid.uuid4(), "LS_J", "王主任", DAY),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            plans.add_measure(session, case.id, wrong, by=TOWN, office=office)
    once = plans.Planned(uuid.uuid4(), "RF_MED", "王主任", TODAY)
    made = [plans.add_measure(session, case.id, once, by=TOWN, office=office).id for _ in range(2)]
    with pytest.raises(Conflict, match="something else"):
        plans.add_measure(session, case.id, replace(once, code="LS_J"), by=TOWN, office=office)
    plans.adopt(session, case.id, by=TOWN, office=office)
    assert (case.status, len(set(made)), steps(session, case)) == ("helping", 1, ["opened", "planned", "adopted"])
    plans.end_measure(session, case.id, made[0], status="done", by=TOWN, office=office)
    plans.end_measure(session, case.id, made[0], status="done", by=TOWN, office=office)
    assert steps(session, case)[-2:] == ["adopted", "planned"]
    with pytest.raises(Conflict, match="ended already"):
        plans.end_measure(session, case.id, made[0], status="dropped", by=TOWN, office=office)


def test_a_public_notice_lasts_as_policy_says_and_recognition_alone_is_not_shown(
    session: database.Session, office: Office
) -> None:
    case = a_case(session, office)
    planned(session, case, office)
    for unshown in ("near_dibao", "rigid"):
        with pytest.raises(Invalid, match="not shown"):
            plans.publish(session, case.id, category=unshown, by=TOWN, office=office)
    plans.publish(session, case.id, category="dibao", by=TOWN, office=office)
    assert (case.notice_from, case.notice_until) == (TODAY, TODAY + timedelta(days=6))
    with pytest.raises(Conflict, match="not over"):
        plans.adopt(session, case.id, by=TOWN, office=replace(office, today=TODAY + timedelta(days=6)))
    plans.act(session, case.id, "object", why="OBJ_NEED", by=TOWN, office=office)
    plans.publish(session, case.id, category="dibao", by=TOWN, office=office)
    plans.adopt(session, case.id, by=TOWN, office=replace(office, today=TODAY + timedelta(days=7)))
    assert (case.status, steps(session, case)[-4:]) == ("helping", ["published", "objected", "published", "adopted"])


def test_a_risk_is_removed_by_its_standard_and_checked_for_a_year(session: database.Session, office: Office) -> None:
    case, day = removed(session, office)
    assert (case.status, case.removed_on) == ("removed", day.today)
    owed = removal.checks(session, case)
    assert [(one.months, one.due_on) for one in owed] == [
        (months, removal.months_after(day.today, months)) for months in (3, 6, 12)
    ]
    alert = session.get_one(Alert, case.alert_id)
    early = visited(session, alert, day, finding="watch", code="WATCH", next_on=day.today + timedelta(days=30))
    with pytest.raises(Conflict, match="no later check"):
        removal.check(session, case.id, follow_up=early.id, holds=True, by=TOWN, office=day)
    for one in owed:
        then = replace(office, today=one.due_on)
        with pytest.raises(Conflict, match="has not been made"):
            plans.act(session, case.id, "finish", why="YEAR_OVER", by=TOWN, office=then)
        found = visited(session, alert, then, finding="watch", code="WATCH", next_on=then.today + timedelta(days=30))
        removal.check(session, case.id, follow_up=found.id, holds=True, by=TOWN, office=then)
    plans.act(session, case.id, "finish", why="YEAR_OVER", by=TOWN, office=then)
    assert (case.status, case.closed_why) == ("ended", "YEAR_OVER")
    told = session.scalars(select(Outbox.kind).where(Outbox.subject == str(case.id)).order_by(Outbox.id)).all()
    assert told == ["case_removed", "case_ended"]


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({"income_yuan": 8_700.0}, "income_above_line"),
        ({"guarantees": FIRM | {"water": False}}, "guarantees_firm"),
        ({"guarantees": {}}, "guarantees_firm"),
        ({"first_risk_gone": False}, "first_risk_gone"),
    ],
)
def test_a_removal_that_misses_the_standard_is_refused(
    session: database.Session, office: Office, changed: dict[str, Any], failed: str
) -> None:
    case = a_case(session, office)
    later = helped(session, case, office)
    said = proposal(session, case, later, **changed)
    with pytest.raises(Conflict, match=failed):
        removal.propose(session, case.id, said, seen={}, by=TOWN, office=later)
    assert case.status == "helping"


def test_without_a_line_in_force_no_risk_is_removed(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    later = replace(helped(session, case, office), law=policy.load(date(2024, 6, 1)))
    with pytest.raises(Conflict, match="income_above_line"):
        removal.propose(session, case.id, proposal(session, case, later), seen={}, by=TOWN, office=later)


def test_a_reason_that_still_stands_keeps_the_risk(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    later = helped(session, case, office)
    for shown, failed in (({"illness": FIRES}, "first_risk_gone"), ({"illness": -1}, "first_risk_gone"),
                          ({"elder": FIRES}, "no_new_risk")):  # fmt: skip
        judged = judge({case.household_id: Home(shown)}, as_of=later.today)
        raise_alerts(session, judged, scan=scan(session, later.today))
        session.expire_all()
        with pytest.raises(Conflict, match=failed):
            removal.propose(session, case.id, proposal(session, case, later), seen={}, by=TOWN, office=later)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"able_workers": 2}, "only_benefits"),
        ({"wages_mean_3m": 60.0}, "odd_wage"),
        ({"serious_disease_members": 0, "medical_self_pay_12m": 0}, "nobody_ill"),
        ({"able_workers": 0}, "nobody_works"),
    ],
)
def test_what_auditors_would_ask_about_is_found_before_them(
    session: database.Session, office: Office, seen: dict[str, Any], said: str
) -> None:
    case = a_case(session, office)
    case.risk_factors = ["illness", "work"]
    measure = planned(session, case, office, "IN_DB")
    plans.adopt(session, case.id, by=TOWN, office=office)
    plans.end_measure(session, case.id, measure, status="done", by=TOWN, office=office)
    later = replace(office, today=DAY + timedelta(days=92))
    judged = removal.judge(session, case, proposal(session, case, later), seen=seen, office=later)
    assert said in [one["code"] for one in judged["contradictions"]]
    assert judged["checks"]["consistent"] is False
    assert removal.judge(session, case, proposal(session, case, later), seen={}, office=later)["contradictions"] == []


def test_nobody_is_helped_and_gone_within_the_next_month_or_without_help_or_a_telephone(
    session: database.Session, office: Office
) -> None:
    case = a_case(session, office)
    session.execute(update(Person).values(phone=None))
    soon = replace(office, today=date(2026, 4, 30))
    judged = removal.judge(session, case, proposal(session, case, soon), seen={}, office=soon)
    assert [one["code"] for one in judged["contradictions"]] == ["too_soon", "no_measure", "no_contact"]
    then = replace(office, today=date(2026, 5, 1))
    judged = removal.judge(session, case, proposal(session, case, then), seen={}, office=then)
    assert [one["code"] for one in judged["contradictions"]] == ["no_measure", "no_contact"]
    natural = proposal(session, case, soon, way="natural")
    assert len(removal.judge(session, case, natural, seen={}, office=soon)["contradictions"]) == 1


def test_a_removal_takes_a_majority_a_notice_and_another_to_approve(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    later = helped(session, case, office)
    proposer = replace(COUNTY, worker=TOWN.worker)
    removal.propose(session, case.id, proposal(session, case, later), seen={}, by=TOWN, office=later)
    with pytest.raises(Conflict, match="majority"):
        removal.appraise(session, case.id, present=8, agreed=4, by=TOWN, office=later)
    removal.appraise(session, case.id, present=8, agreed=5, by=TOWN, office=later)
    with pytest.raises(Conflict, match="not over"):
        removal.remove(session, case.id, by=COUNTY, office=later)
    after = replace(later, today=later.today + timedelta(days=5))
    with pytest.raises(Forbidden, match="own proposal"):
        removal.remove(session, case.id, by=proposer, office=after)
    with pytest.raises(Forbidden, match="desk"):
        removal.remove(session, case.id, by=TOWN, office=after)
    plans.act(session, case.id, "refuse", why="REF_FACTS", by=COUNTY, office=after)
    assert (case.status, session.scalar(select(func.count()).select_from(LaterCheck))) == ("helping", 0)


def test_a_risk_that_is_back_takes_the_case_back(session: database.Session, office: Office) -> None:
    case, day = removed(session, office)
    then = replace(day, today=removal.months_after(day.today, 3))
    found = visited(session, session.get_one(Alert, case.alert_id), then, finding="watch", code="WATCH",
                    next_on=then.today + timedelta(days=9))  # fmt: skip
    removal.check(session, case.id, follow_up=found.id, holds=False, by=TOWN, office=then)
    assert case.status == "helping"
    assert [one.found for one in removal.checks(session, case)] == ["back", "void", "void"]


def test_an_alert_is_with_a_department_until_every_referral_is_answered(
    session: database.Session, office: Office
) -> None:
    alert = an_alert(session)
    asked = referrals.Asked(uuid.uuid4(), "RF_MED", "县医保局", TODAY + timedelta(days=5), "请核")
    other = replace(asked, id=uuid.uuid4(), code="RF_EDU", department="县教育局")
    for _ in range(2):
        referrals.refer(session, alert.id, asked, by=TOWN, office=office)
    referrals.refer(session, alert.id, other, by=TOWN, office=office)
    assert (alert.status, session.scalar(select(func.count()).select_from(AlertEvent))) == ("referred", 3)
    with pytest.raises(Conflict, match="something else"):
        referrals.refer(session, alert.id, replace(asked, department="别的局"), by=TOWN, office=office)
    late = TODAY + timedelta(days=6)
    assert len(referrals.outstanding(session, viewer=TOWN, overdue_on=late)) == 2
    assert referrals.outstanding(session, viewer=OTHER) == []
    with pytest.raises(Conflict, match="outstanding"):
        move(session, alert, "settle", by=TOWN, step=Step())
    referrals.answer(session, asked.id, referrals.Answered("accept"), by=TOWN, office=office)
    with pytest.raises(Invalid, match="receipt"):
        referrals.answer(session, asked.id, referrals.Answered("finish"), by=TOWN, office=office)
    for _ in range(2):
        done = referrals.Answered("finish", receipt_no="医〔2026〕7号")
        assert referrals.answer(session, asked.id, done, by=TOWN, office=office).status == "done"
    with pytest.raises(Conflict, match="ended"):
        referrals.answer(session, asked.id, referrals.Answered("refuse", "X"), by=TOWN, office=office)
    with pytest.raises(Invalid, match="reason code"):
        referrals.answer(session, other.id, referrals.Answered("refuse"), by=TOWN, office=office)
    assert alert.status == "referred"
    referrals.answer(session, other.id, referrals.Answered("refuse", "NE_PROG"), by=TOWN, office=office)
    assert (alert.status, referrals.outstanding(session, viewer=TOWN)) == ("open", [])


@pytest.mark.parametrize("changed", [{"code": "NE_INC"}, {"department": " "}, {"due_on": TODAY}])
def test_a_referral_names_what_whom_and_by_when(
    session: database.Session, office: Office, changed: dict[str, Any]
) -> None:
    alert = an_alert(session)
    asked = replace(referrals.Asked(uuid.uuid4(), "RF_MED", "县医保局", TODAY + timedelta(days=5)), **changed)
    with pytest.raises(Invalid):
        referrals.refer(session, alert.id, asked, by=TOWN, office=office)


def test_what_is_of_another_region_is_not_there(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    alert = session.get_one(Alert, case.alert_id)
    asked = referrals.Asked(uuid.uuid4(), "RF_MED", "县医保局", TODAY + timedelta(days=5))
    referrals.refer(session, alert.id, asked, by=TOWN, office=office)
    for reach in (
        lambda: case_for(session, case.id, OTHER), lambda: reviews.approve(session, alert.id, by=OTHER, office=office),
        lambda: undoing.undo(session, alert.id, by=OTHER, office=office),
        lambda: referrals.answer(session, asked.id, referrals.Answered("accept"), by=OTHER, office=office),
        lambda: plans.adopt(session, case.id, by=OTHER, office=office),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            reach()


def fallen(case: Case) -> dict[str, Any]:
    rows = {("medical_settlements", 1, case.household_id)}
    return {"rows": rows, "person": case.household_id, "code": "ERR_ID", "by": "terminal", "as_of": TODAY}


def test_facts_that_were_anothers_put_the_case_in_doubt_until_somebody_upholds_it(
    session: database.Session, office: Office
) -> None:
    case = a_case(session, office)
    said = fallen(case)
    annul_for_facts(session, Fallen(said["person"], said["rows"]), code="ERR_ID", by="terminal", as_of=TODAY)
    doubts.follow(session, **said)
    doubts.follow(session, **said)
    assert (case.status, steps(session, case)) == ("questioned", ["opened", "questioned"])
    assert session.get_one(Alert, case.alert_id).status == "annulled"
    with pytest.raises(Conflict):
        plans.adopt(session, case.id, by=TOWN, office=office)
    plans.act(session, case.id, "uphold", why="SEEN_AT_HOME", by=TOWN, office=office)
    assert case.status == "planning"


def test_an_alert_that_ended_as_helped_on_fallen_facts_is_opened_again_and_stays_so(
    session: database.Session, office: Office
) -> None:
    alert = an_alert(session)
    visited(session, alert, office, finding="helped", code="IN_DB")
    case = session.scalars(select(Case)).one()
    assert doubts.follow(session, **fallen(case)) == [alert.id]
    assert doubts.follow(session, **fallen(case)) == []
    assert (alert.status, alert.closed_at, case.status) == ("reopened", None, "questioned")
    day = TODAY + timedelta(days=1)
    raise_alerts(session, judge({alert.household_id: Home({"illness": SILENT})}, as_of=day), scan=scan(session, day))
    session.expire_all()
    assert session.scalars(select(Alert.status)).all() == ["reopened"]
    kinds = session.scalars(select(AlertEvent.kind).order_by(AlertEvent.id)).all()
    assert kinds[:4] == ["raised", "closed", "evidence", "reopened"]


def test_a_quiet_that_rests_on_fallen_facts_speaks_again(session: database.Session, office: Office) -> None:
    alert = an_alert(session)
    visited(session, alert, office, finding="no_need", code="NE_INC")
    rows = {("medical_settlements", 1, alert.household_id)}
    doubts.follow(session, rows, person=alert.household_id, code="ERR_WITHDRAWN", by="scan", as_of=TODAY)
    assert session.scalars(select(Quiet.ended_why)).all() == ["ERR_WITHDRAWN"]
    assert alert.status == "closed"


def test_a_case_is_in_doubt_when_all_its_facts_were_taken_back(session: database.Session, office: Office) -> None:
    case = a_case(session, office)
    assert doubts.unsupported(session, lambda feed, rows: set()) == []
    assert doubts.unsupported(session, lambda feed, rows: rows) == [case.id]
    assert [doubts.question(session, [case.id], as_of=TODAY) for _ in range(2)] == [1, 0]
    assert doubts.unsupported(session, lambda feed, rows: rows) == []
    assert (case.status, case.paused_from) == ("questioned", "planning")


def test_a_snoozed_alert_wakes_when_it_worsens_and_only_then(session: database.Session) -> None:
    alert = an_alert(session, elder=FIRES)
    pause = {"paused_until": DAY + timedelta(days=60), "wakes_on_worse": True}
    move(session, alert, "snooze", by=TOWN, step=Step("BUSY", DAY, pause))
    for days, shown, status in ((1, {"elder": FIRES}, "snoozed"), (2, {"elder": FIRES, "illness": FIRES}, "open")):
        day = DAY + timedelta(days=days)
        raise_alerts(session, judge({alert.household_id: Home(shown)}, as_of=day), scan=scan(session, day))
        session.expire_all()
        assert alert.status == status
    assert (alert.paused_until, alert.wakes_on_worse) == (None, False)
    last = session.scalars(select(AlertEvent).where(AlertEvent.edge == "resume")).one()
    assert (last.why, last.detail["after"], last.version) == ("WORSE", "open", alert.version)


def test_an_alert_handed_to_another_region_stays_there_through_the_night(session: database.Session) -> None:
    alert = an_alert(session)
    move(session, alert, "hand_over", by=TOWN, step=Step("MOVED", DAY, {"region": "340203002003"}))
    day = DAY + timedelta(days=1)
    shown = Home({"illness": FIRES, "elder": FIRES})
    raise_alerts(session, judge({alert.household_id: shown}, as_of=day), scan=scan(session, day))
    session.expire_all()
    assert (alert.region, alert.status, len(alert.reasons)) == ("340203002003", "transferred", 2)
