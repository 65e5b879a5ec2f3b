"""The clerk of another department: what was referred to them, the overdue first, taken, refused, ended."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from demo_city import PEOPLE, TOWN
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import update

from jobs.remind import remind
from monitor import database, policy
from monitor.access import Viewer
from monitor.cases import Office
from monitor.cases.referrals import Asked, refer
from monitor.service import today
from monitor.tables import Referral

SignInAs = Callable[..., Page]
NOTE = "户主失业三个月，盼推荐公益性岗位"


def referred(service: Served, place: int, department: str, *, late: int = 0) -> uuid.UUID:
    """Refer an alert of the township to a department; its date may lie behind by now."""
    alert = service.alerts(town=TOWN)[place]
    day, key = today(), uuid.uuid4()
    by = Viewer(service.worker(PEOPLE["caseworker"]), PEOPLE["caseworker"].name, "caseworker", TOWN)
    asked = Asked(key, "RF_EMP", department, day + timedelta(days=9), NOTE)
    with database.transaction(service.engine) as session:
        refer(session, alert.id, asked, by=by, office=Office(service.keyring, day, policy.load(day, known_on=day)))
        if late:
            session.execute(update(Referral).where(Referral.id == key).values(due_on=day - timedelta(days=late)))
    return key


def stored(service: Served, key: uuid.UUID) -> Referral:
    with database.reading(service.engine) as session:
        found = session.get_one(Referral, key)
        session.expunge(found)
        return found


@pytest.fixture(scope="module")
def sent(service: Served) -> dict[str, uuid.UUID]:
    mine = {name: referred(service, 0, "human_resources", late=late) for name, late in (("soon", 0), ("late", 3))}
    return mine | {"third": referred(service, 0, "human_resources"), "theirs": referred(service, 0, "县医疗保障局")}


def test_a_clerk_sees_the_overdue_first_and_nothing_of_other_departments(
    page: Page, sent: dict[str, uuid.UUID], signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("department").goto("/")
    at_rest(page)
    expect(page.get_by_role("heading", name="转办事项", level=1)).to_be_visible()
    assert page.get_by_role("heading", level=2).all_inner_texts() == ["逾期（1）", "未逾期（2）"]
    expect(page.get_by_text("逾期 3 天")).to_be_visible()
    expect(page.get_by_text("医疗保障局")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    one = page.get_by_role("region", name="转办内容")
    expect(one.get_by_text(NOTE)).to_be_visible()
    at_rest(page)
    shot(page, "referrals-open")
    accessible(page)
    assert str(sent["late"]) in page.url
    page.keyboard.press("Escape")
    expect(one).to_have_count(0)
    page.get_by_label("显示").select_option(label="已受理")
    expect(page.get_by_text("没有符合条件的内容")).to_be_visible()


def test_a_clerk_is_reminded_of_what_is_late_and_led_to_it(
    page: Page, service: Served, sent: dict[str, uuid.UUID], signed_in_as: SignInAs, accessible: Callable[[Page], None]
) -> None:
    remind(service.behind, today())
    signed_in_as("department").goto("/notices")
    at_rest(page)
    expect(page.get_by_role("heading", name="请您看的备注")).to_have_count(0)
    page.get_by_role("main").locator("summary").first.click()
    line = page.get_by_role("listitem").filter(has_text="转办逾期")
    expect(line).to_contain_text("等待受理")
    accessible(page)
    line.get_by_role("link").click()
    expect(page.get_by_role("region", name="转办内容").get_by_text(NOTE)).to_be_visible()
    assert str(sent["late"]) in page.url


def test_a_clerk_takes_one_and_ends_it_with_the_receipt(
    page: Page, service: Served, sent: dict[str, uuid.UUID], signed_in_as: SignInAs
) -> None:
    signed_in_as("department").goto(f"/referrals?referral={sent['late']}")
    at_rest(page)
    one = page.get_by_role("region", name="转办内容")
    one.get_by_role("button", name="受理", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="已受理").first).to_be_visible()
    assert stored(service, sent["late"]).status == "accepted"
    expect(one.get_by_role("button", name="办结")).to_be_disabled()
    one.get_by_label("回执号").fill("人社〔2026〕17号")
    one.get_by_role("button", name="办结").click()
    expect(page.get_by_text("已办结，回执已登记")).to_be_visible()
    ended = stored(service, sent["late"])
    assert (ended.status, ended.receipt_no) == ("done", "人社〔2026〕17号")
    expect(page.get_by_role("heading", name="逾期（1）")).to_have_count(0)


def test_a_refusal_needs_a_reason_and_a_colleagues_answer_meanwhile_loses_nothing(
    page: Page, service: Served, sent: dict[str, uuid.UUID], signed_in_as: SignInAs
) -> None:
    signed_in_as("department").goto(f"/referrals?referral={sent['third']}")
    at_rest(page)
    one = page.get_by_role("region", name="转办内容")
    expect(one.get_by_role("button", name="退回")).to_be_disabled()
    one.get_by_label("退回原因").select_option(label="本人放弃")
    with database.transaction(service.engine) as session:
        session.get_one(Referral, sent["third"]).version += 1
    one.get_by_role("button", name="退回").click()
    expect(one.get_by_role("alert")).to_contain_text("刚被他人更新")
    expect(one.get_by_label("退回原因")).to_have_value("REFUSE")
    at_rest(page)
    one.get_by_role("button", name="退回").click()
    expect(page.get_by_text("转办单位会看到原因")).to_be_visible()
    refused = stored(service, sent["third"])
    assert (refused.status, refused.refused_why) == ("refused", "REFUSE")


def test_on_a_telephone_a_referral_can_be_read_and_answered(
    phone: Page, sent: dict[str, uuid.UUID], signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("department", on=phone).goto(f"/referrals?referral={sent['soon']}")
    at_rest(phone)
    expect(phone.get_by_text(NOTE)).to_be_visible()
    shot(phone, "referrals-open")
    accessible(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_office_that_referred_sees_them_all_and_goes_to_the_alert(
    page: Page, sent: dict[str, uuid.UUID], signed_in_as: SignInAs
) -> None:
    signed_in_as("caseworker").goto(f"/referrals?referral={sent['theirs']}")
    at_rest(page)
    expect(page.get_by_text("县医疗保障局")).to_be_visible()
    page.get_by_role("link", name="查看预警").click()
    expect(page.get_by_role("heading", name="为什么预警")).to_be_visible()


def test_who_refers_chooses_a_department_that_would_see_it_and_is_told_of_one_that_would_not(
    page: Page, service: Served, signed_in_as: SignInAs, accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    signed_in_as("caseworker").goto(f"/alerts/{service.alerts(town=TOWN)[0].id}")
    at_rest(page)
    page.keyboard.press("4")
    panel = page.get_by_role("group", name="转办")
    box = panel.get_by_label("受理部门", exact=True)
    box.fill("人社局")
    expect(panel.get_by_text("在本平台没有经办人")).to_be_visible()
    shot(page, "alert-referring")
    accessible(page)
    assert panel.locator("datalist option").first.get_attribute("value") == "human_resources"
    box.fill("human_resources")
    expect(panel.get_by_text("在本平台没有经办人")).to_have_count(0)
