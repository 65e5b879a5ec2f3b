"""Cases: a household is seen through from the visit that opens its case to the checks after its risk is removed."""

import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta

from demo_city import PEOPLE, TOWN
from playwright.sync_api import Locator, Page, expect
from screens import PHONE, at_rest
from served import Served
from sqlalchemy import func, select, update
from watching import Watch

from monitor import database
from monitor.cases import removal
from monitor.service import today
from monitor.tables import Alert, Case, FollowUp, Household, LaterCheck, Measure, Member, Person, Reason, utc_now

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
Shot = Callable[[Page, str], None]
Accessible = Callable[[Page], None]
GUARANTEES = ("不愁吃、不愁穿", "义务教育有保障", "基本医疗有保障", "住房安全有保障", "饮水安全有保障")
OPENED = timedelta(days=100)


def stored(service: Served, case: str) -> Case:
    """The case as it is stored now."""
    with database.reading(service.engine) as session:
        found = session.get_one(Case, uuid.UUID(case))
        session.expunge(found)
        return found


def set_back(service: Served, case: str, **values: date) -> None:
    """Let days have gone by since the case's dates were written."""
    with database.transaction(service.engine) as session:
        session.execute(update(Case).where(Case.id == uuid.UUID(case)).values(**values))


def plain(service: Served) -> Alert:
    """An alert on a household that nothing the data say would contradict once its risk is gone."""
    for alert in service.helped(town=TOWN):
        with database.reading(service.engine) as session:
            factors = {one.rule for one in session.get_one(Alert, alert.id).reasons}
        if alert.category != "tekun" and not any(rule.startswith(("medical", "illness")) for rule in factors):
            return alert
    raise AssertionError("no such household in the city")


def all_clear(service: Served, alert: Alert) -> None:
    """Let the scan find every reason gone, and the household have a telephone."""
    with database.transaction(service.engine) as session:
        homes = select(Alert.id).where(Alert.household_id == alert.household_id)
        session.execute(update(Reason).where(Reason.alert_id.in_(homes)).values(status="cleared"))
        members = select(Member.person_id).where(Member.household_id == alert.household_id)
        phone = service.keyring.encrypt("19900001234", about="people.phone")
        session.execute(update(Person).where(Person.id.in_(members)).values(phone=phone))


def from_the_top(page: Page) -> None:
    """Scroll to where a page begins: what lies half below the header is no smaller for it."""
    page.evaluate("scrollTo(0, 0)")


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def step(page: Page, name: str) -> Locator:
    """Open what a step needs to be said, wherever its button is; return it."""
    now = page.get_by_role("region", name="现在该做什么")
    button = now.get_by_role("button", name=name, exact=True).first
    if not button.is_visible():
        now.get_by_text("其他操作").click()
    button.click()
    return panel(page, name)


def plan(page: Page, measure: str) -> None:
    page.get_by_role("button", name="增加措施").click()
    form = panel(page, "增加措施")
    form.get_by_label("措施", exact=True).select_option(label=measure)
    form.get_by_label("责任人或岗位").fill("王主任")
    form.get_by_label("期限").fill(str(today() + timedelta(days=10)))
    form.get_by_role("button", name="增加措施").click()
    expect(page.get_by_text("措施已列入方案")).to_be_visible()


def propose(page: Page, income: str, *, water: str = "是") -> Locator:
    form = step(page, "提出风险消除")
    form.get_by_role("radio", name="自然消除").check()
    form.get_by_label("依据的核查").select_option(index=1)
    form.get_by_label("家庭人均年收入（元）").fill(income)
    for name in (*GUARANTEES, "建档时的风险已消除"):
        said = water if name.startswith("饮水") else "是"
        form.get_by_role("group", name=re.compile(name)).get_by_role("radio", name=said).check()
    form.get_by_role("button", name="提出风险消除").click()
    return form


def test_a_household_is_seen_through_from_a_visit_to_its_first_later_check(
    page: Page, service: Served, signed_in_as: SignInAs, accessible: Accessible, shot: Shot
) -> None:
    alert = plain(service)
    service.give([str(alert.id)], PEOPLE["caseworker"])
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}/follow-up")
    page.get_by_role("radio", name="入户").check()
    page.get_by_role("radio", name="情况属实").check()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("核查已上报，该户已建立帮扶个案")).to_be_visible()
    page.get_by_role("link", name="打开个案").click()
    page.wait_for_url("**/cases/*")
    case = page.url.rsplit("/", 1)[1]
    at_rest(page)
    now = page.get_by_role("region", name="现在该做什么")
    expect(now).to_contain_text("还差 至少一项措施")
    expect(now.get_by_role("button", name="方案生效")).to_be_disabled()
    shot(page, "case-planning")

    plan(page, "临时救助（急难型）")
    expect(now).to_contain_text("已具备 至少一项措施，每项有责任人和期限（现有 1 项）")
    notice = step(page, "公示")
    notice.get_by_label("公示类别").select_option(label="防返贫监测")
    notice.get_by_role("button", name="公示").click()
    expect(page.get_by_text("已开始公示")).to_be_visible()
    expect(now.get_by_role("button", name="方案生效")).to_be_disabled()
    accessible(page)
    set_back(service, case, notice_until=today() - timedelta(days=1))
    page.reload()
    adopt = step(page, "方案生效")
    shot(page, "case-adopt")
    adopt.get_by_role("button", name="方案生效").click()
    expect(page.get_by_text("方案已生效")).to_be_visible()

    page.get_by_role("button", name="登记已落实").click()
    panel(page, "登记已落实").get_by_role("button", name="登记已落实").click()
    expect(page.get_by_text("措施已登记落实")).to_be_visible()
    expect(now).to_contain_text("已具备 措施已落实（已落实 1 项，未落实 0 项）")

    form = propose(page, "500", water="否")
    unmet = page.get_by_role("alert", name=re.compile("未达风险消除标准"))
    expect(unmet).to_contain_text("人均年收入 500 元没有超过风险消除线")
    expect(unmet).to_contain_text("还没有保障：饮水安全")
    expect(unmet).to_contain_text("建档时的预警原因还在")
    expect(form.get_by_label("家庭人均年收入（元）")).to_have_value("500")
    shot(page, "case-unmet")
    from_the_top(page)
    accessible(page)
    all_clear(service, alert)
    page.get_by_role("link", name="该户档案").click()  # to look something up; what was filled in waits here
    page.wait_for_url("**/households/*")
    page.get_by_role("region", name="帮扶个案").get_by_role("link").click()
    form = step(page, "提出风险消除")
    expect(form.get_by_label("家庭人均年收入（元）")).to_have_value("500")
    form.get_by_label("家庭人均年收入（元）").fill("26000")
    form.get_by_role("group", name=re.compile("饮水安全")).get_by_role("radio", name="是").check()
    form.get_by_role("button", name="提出风险消除").click()
    expect(page.get_by_text("已提出风险消除，请组织民主评议")).to_be_visible()
    expect(page.get_by_role("region", name="风险消除核对").get_by_text("通过", exact=True)).to_have_count(5)

    appraisal = step(page, "登记民主评议")
    appraisal.get_by_label("到会人数").fill("9")
    appraisal.get_by_label("同意人数").fill("4")
    expect(appraisal).to_contain_text("同意人数未过半数")
    appraisal.get_by_label("同意人数").fill("8")
    appraisal.get_by_role("button", name="登记民主评议").click()
    expect(page.get_by_text("评议已登记，开始公示")).to_be_visible()
    expect(now).to_contain_text("本次由您提出，须由他人审批")
    shot(page, "case-removal-notice")
    set_back(service, case, notice_until=today() - timedelta(days=1))

    signed_in_as("reviewer").goto("/cases?waits=notice_over")
    at_rest(page)
    page.get_by_role("link", name=re.compile(service.household_no(alert))).click()
    remove = step(page, "批准风险消除")
    shot(page, "case-approval")
    remove.get_by_role("button", name="批准风险消除").click()
    expect(page.get_by_text("已批准风险消除")).to_be_visible()
    assert stored(service, case).status == "removed"

    later(page, service, case, alert, signed_in_as=signed_in_as, accessible=accessible, shot=shot)


def later(
    page: Page, service: Served, case: str, alert: Alert, *, signed_in_as: SignInAs, accessible: Accessible, shot: Shot
) -> None:
    """Three months on: the check is owed, a visit is recorded, the check is made on its ground."""
    gone = removal.months_after(today(), -3)
    set_back(service, case, opened_on=today() - OPENED * 2, removed_on=gone)
    with database.transaction(service.engine) as session:
        for one in session.scalars(select(LaterCheck).where(LaterCheck.case_id == uuid.UUID(case))):
            one.due_on = removal.months_after(gone, one.months)
        visits = session.scalars(select(FollowUp).where(FollowUp.alert_id == alert.id))
        for found in visits:
            found.visited_on = today() - OPENED
    signed_in_as("caseworker").goto("/cases?waits=check_due")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=service.household_no(alert))
    expect(line).to_contain_text("回访到期")
    shot(page, "cases-check-due")
    line.get_by_role("link").click()
    checks = page.get_by_role("region", name="回访")
    checks.get_by_role("button", name="登记回访").click()
    expect(checks).to_contain_text("还没有可作依据的核查")
    checks.get_by_role("link", name="登记核查").click()
    page.get_by_role("radio", name="入户").check()
    page.get_by_role("radio", name="情况属实").check()
    page.goto(f"/cases/{case}")
    with database.transaction(service.engine) as session:
        seen = session.scalars(select(FollowUp).where(FollowUp.alert_id == alert.id)).first()
        assert seen is not None
        seen.visited_on = today()
    page.get_by_role("region", name="回访").get_by_role("button", name="登记回访").click()
    form = panel(page, "登记回访")
    form.get_by_label("依据的核查").select_option(index=1)
    form.get_by_role("radio", name="风险没有再现").check()
    shot(page, "case-later")
    from_the_top(page)
    accessible(page)
    form.get_by_role("button", name="登记回访").click()
    expect(page.get_by_text("回访已登记")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="第 3 个月")).to_contain_text("风险没有再现")
    expect(page.get_by_role("region", name="现在该做什么")).to_contain_text("还差 回访已完成 1/3 次")
    story = page.get_by_role("region", name="办理经过")
    expect(story).to_contain_text("回访（第 3 个月、风险没有再现）")
    for said in (
        "批准风险消除",
        "民主评议并公示（到会 9 人，同意 8 人）",
        "提出风险消除：自然消除",
        "措施已落实：临时救助",
    ):
        expect(story).to_contain_text(said)
    shot(page, "case-removed")


def test_what_a_colleague_did_meanwhile_is_shown_beside_what_was_meant_and_nothing_is_lost(
    page: Page, service: Served, signed_in_as: SignInAs, accessible: Accessible, shot: Shot
) -> None:
    case = str(service.confirm(service.helped(town=TOWN)[0]))
    signed_in_as("caseworker").goto(f"/cases/{case}")
    page.get_by_role("button", name="增加措施").click()
    form = panel(page, "增加措施")
    form.get_by_label("措施", exact=True).select_option(label="转医疗救助")
    form.get_by_label("责任人或岗位").fill("李医生")
    form.get_by_label("期限").fill(str(today() + timedelta(days=5)))
    body = {"id": str(uuid.uuid4()), "code": "LS_J", "responsible": "黄敏", "due_on": str(today())}
    headers = {"X-Lowincome": "1", "If-Match": '"1"'}
    assert page.request.post(f"/api/v1/cases/{case}/measures", data=body, headers=headers).status == 201
    form.get_by_role("button", name="增加措施").click()
    both = page.get_by_role("alert", name="此内容刚被他人更新")
    expect(both).to_contain_text("增加措施 转医疗救助")
    expect(both).to_contain_text("增加措施：临时救助（急难型）")
    expect(form.get_by_label("责任人或岗位")).to_have_value("李医生")
    shot(page, "case-conflict")
    accessible(page)
    both.get_by_role("button", name="仍用我填写的重新提交").click()
    expect(page.get_by_text("措施已列入方案")).to_be_visible()
    with database.reading(service.engine) as session:
        kept = session.scalars(select(Measure.responsible).where(Measure.case_id == uuid.UUID(case))).all()
    assert sorted(kept) == ["李医生", "黄敏"]


def test_without_a_network_what_was_filled_in_stays_and_the_same_step_is_done_once(
    page: Page, service: Served, signed_in_as: SignInAs, watch: Watch
) -> None:
    watch.excuse("ERR_CONNECTION_RESET|fetching the script")  # the worker looks for a newer one of itself
    case = str(service.confirm(service.helped(town=TOWN)[0]))
    signed_in_as("caseworker").goto(f"/cases/{case}")
    at_rest(page)
    page.route("**/measures", lambda route: (route.fetch(), route.abort("connectionreset")))
    page.get_by_role("button", name="增加措施").click()
    form = panel(page, "增加措施")
    form.get_by_label("措施", exact=True).select_option(label="转就业援助")
    form.get_by_label("责任人或岗位").fill("赵站长")
    form.get_by_label("期限").fill(str(today()))
    form.get_by_role("button", name="增加措施").click()
    expect(page.get_by_role("alert")).to_contain_text("您已填写的内容没有丢失")
    page.unroute("**/measures")
    form.get_by_role("button", name="增加措施").click()
    expect(page.get_by_text("措施已列入方案")).to_be_visible()
    assert stored(service, case).version == 2
    page.context.set_offline(True)
    step(page, "终止帮扶").get_by_label("原因").select_option(label="迁出/人户分离")
    panel(page, "终止帮扶").get_by_role("button", name="终止帮扶").click()
    expect(page.get_by_role("alert")).to_contain_text("离线")
    page.context.set_offline(False)
    panel(page, "终止帮扶").get_by_role("button", name="终止帮扶").click()
    expect(page.get_by_text("已终止帮扶")).to_be_visible()
    expect(page.get_by_text("个案已结案，不再办理")).to_be_visible()


def test_the_county_doubts_a_case_and_the_township_upholds_it(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot, accessible: Accessible
) -> None:
    case = str(service.confirm(service.helped(town=TOWN)[0]))
    signed_in_as("reviewer").goto(f"/cases/{case}")
    at_rest(page)
    doubt = step(page, "标记存疑")
    doubt.get_by_label("原因").select_option(label="群众反映或信访")
    doubt.get_by_role("button", name="标记存疑").click()
    expect(page.get_by_text("已标记存疑")).to_be_visible()
    signed_in_as("caseworker").goto(f"/cases/{case}")
    at_rest(page)
    shot(page, "case-questioned")
    accessible(page)
    expect(page.get_by_role("region", name="办理经过")).to_contain_text("存疑：群众反映或信访")
    kept = step(page, "核实后维持")
    kept.get_by_label("原因").select_option(label="入户核实情况属实")
    kept.get_by_role("button", name="核实后维持").click()
    expect(page.get_by_text("已维持")).to_be_visible()
    assert stored(service, case).status == "planning"


def test_the_cases_are_listed_by_what_waits_and_stepped_through_and_the_alert_leads_to_its_case(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot
) -> None:
    alert = service.helped(town=TOWN)[0]
    case = str(service.confirm(alert))
    late = {"code": "LS_J", "responsible": "王主任", "due_on": today() - timedelta(days=1), "made_by": "test"}
    with database.transaction(service.engine) as session:
        session.add(Measure(id=uuid.uuid4(), case_id=uuid.UUID(case), **late))
    signed_in_as("caseworker").goto("/queue")
    page.get_by_role("navigation").get_by_role("link", name="帮扶个案").click()
    at_rest(page)
    page.get_by_role("button", name=re.compile(r"^措施逾期 \d")).click()
    at_rest(page)
    assert "waits=measure_overdue" in page.url
    shot(page, "cases-overdue")
    line = page.get_by_role("link", name=re.compile(service.household_no(alert)))
    page.keyboard.press("j")
    expect(page.locator(".cases .boxed-list a").first).to_be_focused()
    page.get_by_label("状态").select_option(label="帮扶中")
    expect(line).to_have_count(0)
    page.get_by_label("状态").select_option(label="制定方案")
    expect(line).to_be_visible()
    page.goto(f"/alerts/{alert.id}")
    page.get_by_role("link", name="该户正在帮扶：查看帮扶个案").click()
    page.wait_for_url(f"**/cases/{case}")
    page.get_by_role("link", name="该户档案").click()
    chain = page.get_by_role("region", name="一户一条救助链")
    chain.get_by_role("link", name="查看个案").click()
    page.wait_for_url(f"**/cases/{case}")


def test_a_case_whose_work_is_done_between_two_pages_is_listed_once(
    page: Page, service: Served, signed_in_as: SignInAs
) -> None:
    alert = service.helped(town=TOWN)[0]
    case = service.confirm(alert)
    set_back(service, str(case), opened_on=today() - 2 * OPENED)
    late = {"code": "LS_J", "responsible": "王主任", "due_on": today() - timedelta(days=1), "made_by": "test"}
    living = select(Case.household_id).where(Case.closed_at.is_(None))
    homes = select(Household.id).where(Household.town == TOWN, Household.id.not_in(living)).limit(60)
    with database.transaction(service.engine) as session:
        session.add(Measure(id=uuid.uuid4(), case_id=case, **late))
        opened = {"alert_id": alert.id, "follow_up_id": uuid.uuid4(), "opened_on": today() - OPENED}
        session.add_all(Case(household_id=home, **opened) for home in session.scalars(homes).all())
    signed_in_as("caseworker").goto("/cases")
    at_rest(page)
    lines = page.locator(".cases .boxed-list a")
    expect(lines).to_have_count(50)
    line = page.get_by_role("listitem").filter(has_text=service.household_no(alert))
    expect(line).to_contain_text("措施逾期")
    with database.transaction(service.engine) as session:
        session.execute(update(Measure).where(Measure.case_id == case).values(status="done"))
    page.get_by_role("button", name="再列出一些").click()
    expect(page.get_by_role("button", name="再列出一些")).to_have_count(0)
    expect(line).to_have_count(1)
    expect(line).not_to_contain_text("措施逾期")
    here = select(func.count()).select_from(Case).join(Household, Household.id == Case.household_id)
    with database.reading(service.engine) as session:
        many = session.scalar(here.where(Household.town == TOWN, Case.closed_at.is_(None))) or 0
    expect(lines).to_have_count(many)


def test_a_visit_made_after_the_alert_has_ended_carries_a_later_check(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot
) -> None:
    alert = service.helped(town=TOWN)[0]
    case = str(service.confirm(alert))
    gone = today() - timedelta(days=95)
    with database.transaction(service.engine) as session:
        ended = {"status": "closed", "closed_at": utc_now(), "closed_why": "LS_J"}
        session.execute(update(Alert).where(Alert.household_id == alert.household_id).values(**ended))
        visits = update(FollowUp).where(FollowUp.alert_id == alert.id)
        session.execute(visits.values(visited_on=gone - timedelta(days=60)))
        session.execute(update(Case).where(Case.id == uuid.UUID(case)).values(status="removed", removed_on=gone))
        session.add(LaterCheck(case_id=uuid.UUID(case), months=3, due_on=today() - timedelta(days=3)))
    signed_in_as("caseworker").goto(f"/cases/{case}")
    checks = page.get_by_role("region", name="回访")
    expect(checks).to_contain_text("逾期 3 天")
    checks.get_by_role("button", name="登记回访").click()
    expect(checks).to_contain_text("提交核查后请选“保留为补充记录”")
    checks.get_by_role("link", name="登记核查").click()
    page.get_by_role("radio", name="入户").check()
    page.get_by_role("radio", name="情况属实").check()
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("button", name="保留为补充记录").click()
    expect(page.get_by_text("已保留为补充记录")).to_be_visible()
    page.goto(f"/cases/{case}")
    page.get_by_role("button", name="登记回访").click()
    form = panel(page, "登记回访")
    form.get_by_label("依据的核查").select_option(index=1)
    form.get_by_role("radio", name="风险再次出现，回到帮扶中").check()
    form.get_by_role("button", name="登记回访").click()
    expect(page.get_by_text("回访已登记")).to_be_visible()
    expect(page.get_by_role("region", name="办理经过")).to_contain_text("返困：原风险再次出现")
    shot(page, "case-back")
    assert stored(service, case).status == "helping"


def test_an_assistant_reads_a_case_and_a_stranger_sees_none(
    page: Page, service: Served, signed_in_as: SignInAs, accessible: Accessible, shot: Shot
) -> None:
    case = service.case(TOWN)
    signed_in_as("assistant").goto(f"/cases/{case}")
    at_rest(page)
    expect(page.get_by_role("region", name="帮扶方案")).to_be_visible()
    expect(page.get_by_role("button", name="增加措施")).to_have_count(0)
    expect(page.get_by_role("region", name="现在该做什么").get_by_role("button")).to_have_count(0)
    signed_in_as("stranger").goto("/cases")
    at_rest(page)
    expect(page.get_by_text("没有未结的帮扶个案")).to_be_visible()
    shot(page, "cases-nothing")
    accessible(page)
    page.goto(f"/cases/{case}")
    expect(page.get_by_role("alert")).to_contain_text("不在您的管辖范围")
    accessible(page)


def test_a_case_is_worked_on_a_telephone(
    phone: Page, service: Served, signed_in_as: SignInAs, accessible: Accessible, shot: Shot
) -> None:
    case = str(service.confirm(service.helped(town=TOWN)[0]))
    signed_in_as("caseworker", on=phone).goto(f"/cases/{case}")
    plan(phone, "转残疾人两补/康复")
    step(phone, "方案生效").get_by_role("button", name="方案生效").click()
    expect(phone.get_by_text("方案已生效")).to_be_visible()
    step(phone, "提出风险消除")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "it runs over the edge"
    shot(phone, "case-proposing")
    accessible(phone)
