"""Rules, audit and system as people read them: every state, by keyboard and on a phone, with nothing that axe finds."""

import re
from collections.abc import Callable

import pytest
from demo_city import TOWN
from playwright.sync_api import Page, expect
from screens import PATHS, at_rest
from served import Served
from sqlalchemy import func, select
from watching import Watch

from monitor import database
from monitor.tables import AuditEntry, Scan

DATABASES = ["sqlite"]
SignIn = Callable[..., Page]
Check = Callable[[Page], None]
Shot = Callable[[Page, str], None]


def opened(signed_in_as: SignIn, who: str, path: str) -> Page:
    page = signed_in_as(who)
    page.goto(path)
    at_rest(page)
    return page


def test_the_rules_are_narrowed_as_one_types_and_one_opens_with_everything_behind_it(
    signed_in_as: SignIn, accessible: Check, shot: Shot
) -> None:
    page = opened(signed_in_as, "supervisor", PATHS["rules"])
    cards = page.get_by_role("list", name="规则").get_by_role("listitem")
    assert cards.count() == 60
    accessible(page)
    shot(page, "rules")
    page.keyboard.press("/")
    page.keyboard.type("个人自付医疗费用超过所属类别标准")
    expect(cards).to_have_count(1)
    page.get_by_role("link", name=re.compile("M01")).press("Enter")
    at_rest(page)
    for heading in ("经办人看到的句子", "什么时候预警", "依据", "例子", "所依标准", "看哪些指标"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_text("样例，待核定").first).to_be_visible()
    expect(page.get_by_role("cell", name="铜陵市（3407）")).to_be_visible()
    page.get_by_text("个人自付医疗费用", exact=False).first.scroll_into_view_if_needed()
    accessible(page)
    shot(page, "rule")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"{PATHS['rules']}$"))


def test_all_limits_are_found_and_each_opens_to_its_values_its_documents_and_its_rules(
    signed_in_as: SignIn, accessible: Check, shot: Shot
) -> None:
    page = opened(signed_in_as, "supervisor", PATHS["rules"])
    page.get_by_role("link", name="查看全部标准").click()
    page.wait_for_url(f"**{PATHS['limits']}")
    expect(page.get_by_role("heading", level=1, name="标准一览")).to_be_visible()
    at_rest(page)
    limits = page.get_by_role("list", name="标准一览").get_by_role("listitem")
    expect(limits.first).to_be_visible()
    all_of_them = limits.count()
    assert all_of_them > 20
    expect(page.get_by_text("现行值是样例")).to_be_visible()
    expect(limits.filter(has_text="红色预警联系时限")).to_contain_text("个工作日")
    accessible(page)
    page.keyboard.press("/")
    page.keyboard.type("模型建议")
    expect(limits).to_have_count(2)
    page.get_by_text("县区待确认的模型建议最多户数").click()
    opened_one = limits.filter(has_text="最多户数")
    expect(opened_one.get_by_role("cell", name="设计默认值，待各地核定", exact=False)).to_be_visible()
    expect(opened_one).to_contain_text("依此标准的规则：无")
    accessible(page)
    page.get_by_role("searchbox").fill("最低生活保障标准")
    limits.first.locator("summary").click()
    at_rest(page)
    expect(limits.first.get_by_role("columnheader", name="生效日")).to_be_visible()
    shot(page, "limits-opened")
    accessible(page)
    page.get_by_role("searchbox").fill("没有这样的标准")
    expect(page.get_by_text("没有符合条件的内容")).to_be_visible()
    page.get_by_role("button", name="清除筛选").click()
    expect(limits).to_have_count(all_of_them)


def test_a_rule_that_lacks_its_data_is_told_in_red_and_is_not_one_that_finds_nothing(
    service: Served, signed_in_as: SignIn, accessible: Check, shot: Shot
) -> None:
    with database.transaction(service.engine) as session:
        newest = select(Scan).where(Scan.finished_at.is_not(None)).order_by(Scan.as_of.desc(), Scan.finished_at.desc())
        scan = session.scalars(newest.limit(1)).one()
        hits = scan.counts["by_rule"]
        silent = next(name for name, one in hits.items() if one["fires"] == 0)
        heard = next(name for name, one in hits.items() if one["fires"] > 0)
        scan.counts = {
            **scan.counts,
            "dormant": {silent: ["accidents"], heard: ["accidents", "disability_certificates"]},
        }
    page = opened(signed_in_as, "supervisor", PATHS["rules"])
    asleep = page.get_by_role("listitem").filter(has_text="未运行：缺 意外事故 的数据")
    expect(asleep).to_have_count(1)
    expect(asleep.get_by_role("link")).to_have_attribute("href", re.compile(f"/{silent}$"))
    expect(page.get_by_role("listitem").filter(has_text="看不全：缺 意外事故、")).to_have_count(1)
    accessible(page)
    shot(page, "rules-asleep")


def test_no_rule_that_matches_is_said_and_the_filters_can_be_cleared(signed_in_as: SignIn, accessible: Check) -> None:
    page = opened(signed_in_as, "supervisor", PATHS["rules"])
    page.get_by_role("searchbox").fill("没有这样的规则")
    expect(page.get_by_text("没有符合条件的内容")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="清除筛选").click()
    expect(page.get_by_role("list", name="规则").get_by_role("listitem")).to_have_count(60)


def test_rules_that_do_not_load_say_what_to_do_and_load_when_asked_again(signed_in_as: SignIn, watch: Watch) -> None:
    watch.excuse("ERR_CONNECTION_RESET")
    page = signed_in_as("supervisor")
    page.route("**/api/v1/policy/rules", lambda route: route.abort("connectionreset"))
    page.goto(PATHS["rules"])
    expect(page.get_by_role("alert")).to_contain_text("规则没有载入")
    page.unroute("**/api/v1/policy/rules")
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_role("list", name="规则")).to_be_visible()


def test_the_auditor_narrows_the_audit_and_checks_the_whole_chain(
    signed_in_as: SignIn, accessible: Check, shot: Shot
) -> None:
    page = opened(signed_in_as, "auditor", PATHS["audit"])
    expect(page.get_by_text("尚未做过全链校验")).to_be_visible()
    page.get_by_role("button", name="校验全链").click()
    expect(page.get_by_text(re.compile("上次全链校验完好"))).to_be_visible(timeout=30_000)
    accessible(page)
    shot(page, "audit")
    page.get_by_label("事项").select_option("checks")
    table = page.get_by_role("table", name="审计记录")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table).to_contain_text("全链校验")
    page.get_by_label("自", exact=True).fill("2026-13-99")
    expect(page.get_by_role("alert")).to_contain_text("日期写作")
    page.get_by_label("自", exact=True).fill("2999-01-01")
    page.get_by_role("button", name="筛选", exact=True).click()
    expect(page.get_by_text("没有符合条件的内容")).to_be_visible()


def test_the_auditor_is_told_why_a_household_is_not_flagged_and_the_reading_is_noted(
    signed_in_as: SignIn, accessible: Check, shot: Shot, service: Served
) -> None:
    number = service.household_no(service.alerts(town=TOWN)[0])
    page = opened(signed_in_as, "auditor", PATHS["audit"])
    page.get_by_text("漏报推断", exact=True).first.click()
    expect(page.get_by_text(re.compile("随机抽查已有结论的只有|平均每周"))).to_be_visible()
    page.get_by_text("某户为何没有预警", exact=True).click()
    page.get_by_label("户编号").fill(number)
    page.get_by_role("button", name="查看", exact=True).click()
    why = page.get_by_role("list", name="某户为何没有预警")
    expect(why.get_by_role("listitem").filter(has_text="不预警").first).to_be_visible()
    accessible(page)
    shot(page, "audit-why-not")
    page.reload()
    at_rest(page)
    table = page.get_by_role("table", name="审计记录")
    expect(table.get_by_role("row").filter(has_text="查看某户为何没有预警").first).to_contain_text(number)
    expect(table.get_by_role("row").filter(has_text="查看漏报推断").first).to_be_visible()


def test_an_auditor_who_comes_back_to_the_page_has_not_read_again(signed_in_as: SignIn, service: Served) -> None:
    def readings() -> int:
        chosen = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "report.missed")
        with database.reading(service.engine) as session:
            return session.scalar(chosen) or 0

    page = signed_in_as("auditor")
    page.clock.install()
    page.goto(PATHS["audit"])
    at_rest(page)
    before = readings()
    page.get_by_text("漏报推断", exact=True).first.click()
    expect(page.get_by_text(re.compile("随机抽查已有结论的只有|平均每周"))).to_be_visible()
    page.clock.fast_forward("02:00")
    with page.expect_response("**/api/v1/audit?**"):  # what is noted nowhere is read anew
        page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("dispatchEvent(new Event('offline')); dispatchEvent(new Event('online'))")
    at_rest(page)
    assert readings() == before + 1


def test_a_name_in_the_audit_leads_to_all_that_the_same_one_did(signed_in_as: SignIn) -> None:
    page = opened(signed_in_as, "auditor", PATHS["audit"])
    table = page.get_by_role("table", name="审计记录")
    first = table.get_by_role("button", name=re.compile("^只看")).first
    name = first.inner_text()
    first.click()
    at_rest(page)
    shown = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert shown
    assert set(shown) == {name}


@pytest.mark.parametrize("part", ["about", "regions", "holidays", "accounts", "retention", "doctor", "model"])
def test_every_part_of_the_system_comes_to_rest_and_is_accessible(
    signed_in_as: SignIn, accessible: Check, shot: Shot, part: str
) -> None:
    page = opened(signed_in_as, "administrator", f"{PATHS['system']}?part={part}")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    accessible(page)
    shot(page, f"system-{part}")


def test_the_tree_of_regions_opens_by_keyboard_and_is_looked_through_by_pinyin(signed_in_as: SignIn) -> None:
    page = opened(signed_in_as, "administrator", f"{PATHS['system']}?part=regions")
    page.get_by_role("button", name=re.compile("^展开")).first.press("Enter")
    at_rest(page)
    expect(page.locator(".tree .tree li").first).to_be_visible()
    page.get_by_role("searchbox").fill("jinghu")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text(re.compile("找到 [0-9]+ 个"))).to_be_visible()
    expect(page.get_by_text("340202").first).to_be_visible()


@pytest.mark.parametrize("name", ["rules", "rule", "audit", "system"])
def test_on_a_phone_nothing_is_wider_than_the_page(
    signed_in_as: SignIn, phone: Page, accessible: Check, shot: Shot, name: str
) -> None:
    who = {"audit": "auditor", "system": "administrator"}.get(name, "supervisor")
    page = signed_in_as(who, on=phone)
    page.goto(PATHS[name].replace(":id", "medical_self_pay"))
    at_rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    accessible(page)
    shot(page, name)


def test_the_same_screens_speak_english(signed_in_as: SignIn) -> None:
    page = opened(signed_in_as, "supervisor", PATHS["rules"])
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Rules and limits")).to_be_visible()
    text = page.get_by_role("main").inner_text()
    lines = [line for line in text.splitlines() if re.search("[\u4e00-\u9fff]", line) and not line.startswith("Under")]
    assert lines == []


def test_who_may_not_read_the_audit_is_told_so(signed_in_as: SignIn) -> None:
    page = signed_in_as("caseworker")
    page.goto(PATHS["audit"])
    expect(page.get_by_role("heading", name="不在您的职责范围")).to_be_visible()
