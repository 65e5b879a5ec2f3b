"""The office arranged from the page: a year's holidays, accounts and their roles, packs ended, alerts dragged."""

import re
from collections.abc import Callable

from demo_city import PEOPLE, TOWN
from playwright.sync_api import BrowserContext, Page, expect
from screens import PATHS, at_rest
from served import Served
from sqlalchemy import select

from monitor import database
from monitor.service import today
from monitor.tables import Alert, CalendarYear, Duty, Household, VisitPack, Worker

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
Shot = Callable[[Page, str], None]
Check = Callable[[Page], None]
AHEAD = today().year + 1


def system(page: Page, part: str) -> Page:
    page.goto(f"{PATHS['system']}?part={part}")
    at_rest(page)
    return page


def test_a_year_is_arranged_from_its_notice_and_the_deadlines_follow(
    service: Served, signed_in_as: SignInAs, shot: Shot, accessible: Check
) -> None:
    page = system(signed_in_as("supervisor"), "holidays")
    page.get_by_label("年份").select_option(str(AHEAD))
    page.get_by_role("button", name="修改安排").click()
    form = page.get_by_role("region", name=f"修改 {AHEAD} 年安排")
    form.get_by_label("通知名称和文号").fill("关于部分节假日安排的通知（国办发明电〔2026〕7号）")
    form.get_by_label("自").fill(f"{AHEAD}-02-05")
    form.get_by_label(re.compile("^至")).fill(f"{AHEAD}-02-08")
    form.get_by_role("button", name="加入放假").click()
    form.get_by_role("button", name=f"去掉 {AHEAD}-02-07").click()
    form.get_by_label("自").fill(f"{AHEAD}-01-30")
    form.get_by_role("button", name="加入调休上班").click()
    accessible(page)
    shot(page, "calendar-editing")
    form.get_by_role("button", name="保存").click()
    expect(page.get_by_text(re.compile("条未办结预警的期限随之改变"))).to_be_visible()
    expect(page.get_by_role("region", name="放假")).to_contain_text(f"{AHEAD}-02-05")
    with database.reading(service.engine) as session:
        kept = session.get_one(CalendarYear, AHEAD)
        off = [str(one) for one in kept.off]
        assert (off, [str(one) for one in kept.worked]) == (
            [f"{AHEAD}-02-05", f"{AHEAD}-02-06", f"{AHEAD}-02-08"], [f"{AHEAD}-01-30"],
        )  # fmt: skip


def test_an_account_is_opened_given_a_role_by_another_and_kept_out(
    page: Page, new_context: Callable[..., BrowserContext], service: Served, signed_in_as: SignInAs, shot: Shot,
    accessible: Check,
) -> None:  # fmt: skip
    system(signed_in_as("administrator"), "accounts")
    page.get_by_text("建账号").first.click()
    form = page.get_by_role("group", name="建账号")
    form.get_by_label("姓名或岗位").fill("陶然")
    form.get_by_label(re.compile("^登录名")).fill("tao")
    form.get_by_role("button", name="建账号").click()
    invited = form.get_by_role("status")
    expect(invited).to_contain_text("/welcome#")
    accessible(page)
    shot(page, "account-opened")

    other = new_context().new_page()
    system(signed_in_as("security", on=other), "accounts")
    other.get_by_role("button", name="管理 陶然").click()
    giving = other.get_by_role("group", name="授予角色")
    giving.get_by_label("角色").select_option(label="乡镇（街道）经办人")
    giving.get_by_label(re.compile("^原因")).fill("到岗")
    giving.get_by_text("按名称、拼音或代码查找").click()
    giving.get_by_role("searchbox").fill("liushan")
    giving.get_by_role("searchbox").press("Enter")
    giving.get_by_role("button", name=TOWN, exact=True).click()
    accessible(other)
    shot(other, "account-giving")
    giving.get_by_role("button", name="授予角色").click()
    expect(other.get_by_text("已授予，其登录已结束")).to_be_visible()
    assert of(service, "tao") == ("caseworker", TOWN, True)

    system(page, "accounts")
    page.get_by_role("button", name="管理 陶然").click()
    page.get_by_role("region", name="管理 陶然").get_by_role("button", name="停用").click()
    expect(page.get_by_text("已停用，其登录随即失效")).to_be_visible()
    assert of(service, "tao") == ("caseworker", TOWN, False)


def of(service: Served, login: str) -> tuple[str, str, bool]:
    with database.reading(service.engine) as session:
        found = session.scalars(select(Worker).where(Worker.login == login)).one()
        return found.role, found.region, found.active


def test_the_workload_ends_a_pack_picks_villages_from_the_tree_and_gives_what_is_dragged(
    page: Page, phone: Page, service: Served, signed_in_as: SignInAs, shot: Shot, accessible: Check
) -> None:
    service.leave(2, PEOPLE["caseworker"])
    taken = signed_in_as("caseworker", on=phone).request.post("/api/v1/packs", data={}, headers={"X-Lowincome": "1"})
    assert taken.status == 201
    page.set_viewport_size({"width": 1366, "height": 1300})  # nothing scrolls while it is dragged
    signed_in_as("reviewer").goto("/workload")
    at_rest(page)
    page.get_by_role("button", name="停用 林晓 的走访包").click()
    expect(page.get_by_text(re.compile("停用，等待设备清除"))).to_be_visible()
    with database.reading(service.engine) as session:
        assert session.scalars(select(VisitPack.ended_why)).one() == "revoked"

    page.get_by_role("button", name="安排 黄敏").click()
    tree = page.get_by_role("group", name=re.compile("包片村"))
    tree.get_by_role("checkbox").first.check()
    accessible(page)
    shot(page, "workload-arranging")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    with database.reading(service.engine) as session:
        kept = session.get_one(Duty, service.worker(PEOPLE["colleague"]))
        assert [one[:9] for one in kept.villages] == [TOWN]

    page.get_by_text("未分派的预警").first.click()
    number = service.household_no(service.alerts(town=TOWN, owner_id=None)[0])
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="黄敏"))
    page.get_by_role("listitem").filter(has_text=number).drag_to(row)
    expect(page.get_by_text(re.compile("已分派给 黄敏"))).to_be_visible()
    with database.reading(service.engine) as session:
        chosen = select(Household.household_no).join(Alert, Alert.household_id == Household.id)
        assert number in session.scalars(chosen.where(Alert.owner_id == service.worker(PEOPLE["colleague"]))).all()
