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
from sqlalchemy import select

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
