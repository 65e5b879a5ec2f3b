"""The supervisor's ten minutes: the figures, what lies behind one, and work without an owner given out."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served

JOURNEYS = {
    "test_the_board_tells_the_same_as_the_service_and_leads_to_its_rows",
    "test_work_without_an_owner_is_seen_and_given_out",
}


def test_the_board_tells_the_same_as_the_service_and_leads_to_its_rows(
    page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    signed_in_as("supervisor").goto("/board")
    at_rest(page)
    for card in ("未办结", "逾期率", "首次处置中位时长", "误报率", "未分派"):
        expect(page.get_by_text(card).first).to_be_visible()
    open_now = f"{len(service.alerts()):,}"
    expect(page.get_by_role("main")).to_contain_text(open_now)
    shot(page, "board-ten-minutes")
    accessible(page)
    page.get_by_role("link", name=re.compile("未分派.*明细")).or_(
        page.get_by_role("button", name=re.compile("未分派.*明细"))
    ).first.click()
    at_rest(page)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    accessible(page)


def test_every_chart_has_a_sentence_and_a_table_behind_it(page: Page, signed_in_as: Callable[..., Page]) -> None:
    signed_in_as("supervisor").goto("/board")
    at_rest(page)
    switches = page.get_by_role("button", name="查看数据表")
    assert switches.count() >= 2
    while switches.count():
        switches.first.click()
    assert page.get_by_role("table").count() >= 2


def test_work_without_an_owner_is_seen_and_given_out(
    page: Page, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
) -> None:
    signed_in_as("reviewer").goto("/workload")
    at_rest(page)
    expect(page.get_by_text(re.compile("未分派预警 [0-9,]+ 条"))).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="黄敏")).to_be_visible()
    shot(page, "workload")
    accessible(page)
    page.get_by_role("button", name="按村自动分派").click()
    expect(page.get_by_text(re.compile("已分派 [0-9]+ 条")).first).to_be_visible()
