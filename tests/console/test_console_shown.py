"""What a page shows where it might mislead: whose region, by what a household was drawn, what came late, which day."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from demo_city import COUNTY, PASSWORD, PEOPLE, TOWN
from playwright.sync_api import Locator, Page, expect
from screens import at_rest, eventually
from served import Served
from sqlalchemy import select, update

from monitor import database
from monitor.alerts.asked import AUDIT
from monitor.service import today
from monitor.tables import Alert, Reason, Region, SignIn, Worker

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
Shot = Callable[[Page, str], None]


def middle(one: Locator) -> float:
    box = one.bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


@pytest.fixture
def drawn(service: Served) -> Alert:
    """An alert of the county that chance alone raised."""
    chosen = select(Alert).join(Reason, Reason.alert_id == Alert.id)
    with database.reading(service.engine) as session:
        found = session.scalars(chosen.where(Reason.rule == AUDIT, Alert.county == COUNTY)).first()
        assert found is not None
        session.expunge(found)
        return found


def test_the_header_names_the_region_stays_on_one_line_and_lets_one_leave_with_an_alert_open(
    page: Page, phone: Page, service: Served, signed_in_as: SignInAs, shot: Shot
) -> None:
    with database.reading(service.engine) as session:
        named = session.scalars(select(Region.name).where(Region.code == TOWN)).first()
    signed_in_as("caseworker", on=phone).goto("/queue")
    at_rest(phone)
    shown = phone.get_by_role("banner").locator("a, button")
    assert {round(middle(one)) for one in shown.all()} == {round(middle(shown.first))}
    shot(phone, "header")
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    expect(page.get_by_role("banner")).to_contain_text(str(named))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="预警")).to_be_visible()
    shot(page, "drawer-and-header")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("登录名")).to_be_visible()


def test_an_alert_raised_by_chance_says_so_and_what_is_late_is_not_said_to_be_seen(
    page: Page, signed_in_as: SignInAs, drawn: Alert, shot: Shot, accessible: Callable[[Page], None]
) -> None:
    signed_in_as("reviewer")
    with page.expect_response(re.compile("/explanation$")) as asked:
        page.goto(f"/alerts/{drawn.id}")
    late = asked.value.json()["stale_feeds"]
    at_rest(page)
    main = page.get_by_role("main")
    expect(main).to_contain_text("来源：随机抽取，无数据来源")
    expect(main).to_contain_text("不会自动解除：不是凭数据提出的")
    expect(main).to_contain_text("没有证据行")
    assert late, "the city of the tests has feeds that are late"
    expect(main).to_contain_text("未按期到达：")
    expect(main).not_to_contain_text("数据均按期到达")
    accessible(page)
    shot(page, "alert-by-chance")


def test_the_months_are_summed_as_their_table_says_and_what_did_not_come_is_no_zero(
    page: Page, service: Served, signed_in_as: SignInAs
) -> None:
    alert = service.alerts(town=TOWN)[-1]
    signed_in_as("caseworker")
    with page.expect_response(re.compile("/months$")) as asked:
        page.goto(f"/alerts/{alert.id}")
    months = asked.value.json()["months"]
    region = page.get_by_role("region", name="近 12 个月收支")
    for part, word in (("income", "收入合计"), ("spending", "医疗自付合计")):
        known = [one[part] for one in months if one[part] is not None]
        said = f"{round(sum(known)):,}" if known else "—"
        expect(region).to_contain_text(f"{word} {said} 元")
    unknown = sum(one["income"] is None or one["spending"] is None for one in months)
    expect(region).to_contain_text(f"其中 {unknown} 个月数据未到")
    region.get_by_role("button", name="查看数据表").click()
    expect(region.get_by_role("row")).to_have_count(len(months) + 1)


def test_a_number_shows_its_ends_a_reason_its_value_of_last_time_and_its_rows_when_they_came(
    page: Page, service: Served, signed_in_as: SignInAs
) -> None:
    chosen = select(Reason).join(Alert, Alert.id == Reason.alert_id).where(Alert.town == TOWN, Alert.status == "open")
    with database.transaction(service.engine) as session:
        one = next(one for one in session.scalars(chosen.order_by(Reason.id)) if one.evidence and one.observed)
        one.observed_before, one.before_on = one.observed, today() - timedelta(days=1)
        alert = session.get_one(Alert, one.alert_id)
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    expect(page.locator(".queue-id").first).not_to_be_empty()
    shown = [number for number in page.locator(".queue-id").all_inner_texts() if number]
    assert shown, "the people of the city have numbers"
    assert all(re.fullmatch(r"\d{6}\*{8}\d{3}[\dX]", number) for number in shown), shown
    with page.expect_response(re.compile(f"/api/v1/alerts/{alert.id}$")) as asked:
        page.goto(f"/alerts/{alert.id}")
    reasons = asked.value.json()["reasons"]
    (on,) = {one["before_on"] for one in reasons} - {None}
    why = page.get_by_role("region", name="为什么预警")
    expect(why.get_by_text("上次").first).to_be_visible()
    expect(why).to_contain_text(f"（截至 {on}）")
    rows = [row for one in reasons for row in one["evidence"]]
    table = page.get_by_role("region", name="证据表")
    for title in ("入库日期", "状态"):
        expect(table.get_by_role("columnheader", name=title)).to_be_visible()
    line = table.get_by_role("row").filter(has_text=f"{rows[0]['delivery']}·{rows[0]['row']}").first
    expect(line).to_contain_text(rows[0]["received_on"])
    expect(line).to_contain_text(re.compile("有效|现缺数据|原因已消除|已撤回"))


def test_a_household_page_tells_of_each_member_and_what_no_list_told_is_unknown(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot, accessible: Callable[[Page], None]
) -> None:
    number = service.household_no(service.alerts(town=TOWN)[0])
    signed_in_as("caseworker")
    with page.expect_response(re.compile("/circumstances$")) as asked:
        page.goto(f"/households/{number}")
    said = asked.value.json()
    at_rest(page)
    part = page.get_by_role("region", name="成员劳动能力、残疾、就学与待遇")
    lines = part.locator("tbody").get_by_role("row")
    expect(lines).to_have_count(len(said["members"]))
    for place, one in enumerate(said["members"]):
        cells = lines.nth(place).get_by_role("cell").all_inner_texts()
        assert cells[0] == {True: "劳动年龄、无重度残疾", False: "非劳动年龄，或重度残疾", None: "未知"}[one["able"]]
        for kind, cell in zip(("disability", "school", "benefit"), cells[1:], strict=True):
            words = [word["zh"] for told in one["told"] if told["kind"] == kind for word in told["said"]]
            nothing = "名单中未见" if kind in one["silent"] else "未知"
            assert all(word in cell for word in words) if words else cell == nothing, (kind, cell)
    for one in said["heard"]:
        expect(part.locator("tfoot")).to_contain_text(one["zh"])
    expect(part).to_contain_text("未知不等于没有")
    page.get_by_text("监测指标").click()
    expect(page.get_by_text(re.compile(r"^监测指标（\d+）$"))).to_be_visible()
    expect(page.locator("dl.known").get_by_role("definition").first).to_be_visible()
    accessible(page)
    shot(page, "household-circumstances")


def test_a_day_is_written_as_people_here_read_it_beside_the_browsers_own_field(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot
) -> None:
    mine = service.leave(1, PEOPLE["caseworker"])[0]
    signed_in_as("caseworker").goto(f"/alerts/{mine.id}")
    at_rest(page)
    page.keyboard.press("h")
    panel = page.get_by_role("group", name="稍后提醒")
    expect(panel).to_contain_text(re.compile(rf"{today() + timedelta(days=7)}（周[一二三四五六日]）"))
    shot(page, "alert-put-off")


def test_who_left_without_a_network_is_signed_out_before_anything_else_is_sent(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Shot
) -> None:
    signed_in_as("colleague").goto("/queue")
    at_rest(page)
    eventually(page, lambda: bool(page.evaluate("navigator.serviceWorker.controller !== null")))
    page.context.set_offline(True)
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("dialog")).to_contain_text("下次联网时最先注销")
    shot(page, "left-offline")
    page.get_by_role("button", name="确定").click()
    expect(page).to_have_url(re.compile("/sign-in$"))
    assert open_sessions(service) == 1
    sent: list[str] = []
    page.on("request", lambda one: sent.append(f"{one.method} {urlsplit(one.url).path}"))
    page.context.set_offline(False)
    page.get_by_label("登录名").fill(PEOPLE["colleague"].login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("动态码")).to_be_visible()
    assert next(one for one in sent if "/api/" in one) == "DELETE /api/v1/session"
    assert open_sessions(service) == 0


def open_sessions(service: Served) -> int:
    chosen = select(SignIn).join(Worker, Worker.id == SignIn.worker_id).where(SignIn.ended_at.is_(None))
    with database.reading(service.engine) as session:
        return len(session.scalars(chosen.where(Worker.login == PEOPLE["colleague"].login)).all())


def test_how_far_a_value_is_from_its_limit_is_never_rounded_to_nothing_or_turned_about(
    page: Page, service: Served, signed_in_as: SignInAs
) -> None:
    alert = service.alerts(town=TOWN)[0]
    signed_in_as("caseworker")
    for observed, limit, unit, said in (
        (7200.01, 7200.0, "yuan", "现值 7,200.01 元 · 标准 7,200 元 · 超出 0.01 元"),
        (7290.0, 7200.0, "yuan/year", "现值 7,290 元/年 · 标准 7,200 元/年 · 超出 90 元/年"),
        (300.0, 750.0, "yuan/month", "现值 300 元/月 · 标准 750 元/月 · 为标准的 40%"),
        (45.0, 30.0, "kWh", "现值 45 度 · 标准 30 度 · 为标准的 1.5 倍"),
        (1.0, 1.0, "persons", "现值 1 人 · 标准 1 人 · 与标准相同"),
    ):
        with database.transaction(service.engine) as session:
            changed = {"observed": observed, "limit_value": limit, "unit": unit, "observed_before": None}
            session.execute(update(Reason).where(Reason.alert_id == alert.id, Reason.place == 0).values(**changed))
        page.goto(f"/alerts/{alert.id}")
        expect(page.locator(".against").first).to_contain_text(said)


def test_what_has_cleared_altogether_is_said_and_a_role_is_called_in_the_language_chosen(
    page: Page, service: Served, signed_in_as: SignInAs
) -> None:
    alert = service.alerts(town=TOWN)[1]
    with database.transaction(service.engine) as session:
        session.execute(update(Reason).where(Reason.alert_id == alert.id).values(status="cleared", cleared_on=today()))
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}")
    expect(page.get_by_role("main")).to_contain_text("各项原因都已消除，登记核查后办结。")
    page.goto("/account")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("main")).to_contain_text("林晓 · caseworker")
