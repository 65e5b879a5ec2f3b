"""A screen says no more than it knows, and loses nothing that somebody wrote."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, Request, expect
from screens import at_rest
from served import Served
from watching import Watch

from monitor.service import CITY_TIME

DATABASES = ["sqlite"]
WRITTEN = "与邻居核实：近三个月没有收入"


def test_a_note_being_written_is_there_again_after_the_next_alert_and_after_closing(
    page: Page, signed_in_as: Callable[..., Page]
) -> None:
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="预警")
    box = drawer.get_by_label("备注内容")
    box.fill(WRITTEN)
    box.press("Escape")
    expect(drawer).to_be_visible()
    drawer.get_by_role("button", name="下一条").click()
    expect(box).to_have_value("")
    drawer.get_by_role("button", name="上一条").click()
    expect(box).to_have_value(WRITTEN)
    drawer.get_by_role("button", name="关闭").click()
    expect(drawer).to_have_count(0)
    page.keyboard.press("Enter")
    expect(box).to_have_value(WRITTEN)
    drawer.get_by_role("button", name="添加备注").click()
    expect(page.get_by_text("备注已保存")).to_be_visible()
    expect(box).to_have_value("")


def test_what_a_page_asks_by_itself_says_so_and_what_somebody_opens_does_not(
    page: Page, service: Served, signed_in_as: Callable[..., Page]
) -> None:
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    signed_in_as("caseworker").goto(f"/alerts/{service.alerts()[0].id}")
    at_rest(page)
    said = {one.url.rsplit("/", 1)[-1]: one.headers.get("x-lowincome") for one in asked if "/api/v1/alerts/" in one.url}
    assert said["presence"] == "background"
    assert said["notes"] == "console"


@pytest.mark.parametrize("who", ["caseworker", "newcomer"])
def test_results_of_days_ago_are_no_last_night(who: str, page: Page, signed_in_as: Callable[..., Page]) -> None:
    page.clock.set_fixed_time(datetime.now(CITY_TIME) + timedelta(days=3))
    signed_in_as(who).goto("/queue")
    at_rest(page)
    expect(page.get_by_role("alert").filter(has_text="此后没有完成的扫描")).to_be_visible()
    expect(page.get_by_text("今日没有待办")).to_have_count(0)


def test_no_more_is_printed_or_exported_than_is_seen(page: Page, signed_in_as: Callable[..., Page]) -> None:
    signed_in_as("reviewer").goto("/queue?level=red")
    at_rest(page)
    panel = page.get_by_role("group", name="导出", exact=True)
    page.get_by_role("button", name="导出", exact=True).click()
    expect(panel.get_by_text("导出当前筛选的全部")).to_be_visible()
    expect(panel.get_by_role("button", name="导出", exact=True)).to_be_disabled()
    page.goto("/queue?owner=nobody")
    at_rest(page)
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(50):
        page.keyboard.press("j")
    page.keyboard.press("X")
    expect(page.get_by_role("region", name="已选 51 条")).to_be_visible()
    page.get_by_role("button", name="打印走访单").click()
    expect(page.get_by_text("一次最多打印 50 条")).to_be_visible()


def test_a_figure_that_did_not_come_is_no_zero_on_the_board(
    page: Page, signed_in_as: Callable[..., Page], watch: Watch
) -> None:
    watch.excuse("ERR_CONNECTION_RESET")
    page.route("**/api/v1/reports/overdue?*", lambda route: route.abort("connectionreset"))
    page.route("**/api/v1/reports/confirmed_share?*", lambda route: route.abort("connectionreset"))
    signed_in_as("supervisor").goto("/board")
    at_rest(page)
    expect(page.get_by_role("button", name="重试")).to_have_count(2)
    page.unroute_all()
    page.get_by_role("button", name="重试").first.click()
    expect(page.get_by_role("button", name="重试")).to_have_count(1)
