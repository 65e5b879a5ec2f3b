"""A view of the queue: kept, chosen, and changed to what the queue is narrowed to now."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import select

from monitor import database
from monitor.tables import View

DATABASES = ["sqlite"]
# A button and then a choice, before anything is drawn between them: how a quick hand looks to a slow machine.
AT_ONCE = """(box, [button, value]) => {
    [...document.querySelectorAll("button")].find((one) => one.textContent === button).click();
    box.value = value;
    box.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def kept(service: Served) -> list[tuple[str, dict[str, object]]]:
    with database.reading(service.engine) as session:
        return [(one.name, one.filters) for one in session.scalars(select(View))]


def test_a_view_of_mine_is_changed_to_what_the_queue_is_narrowed_to(
    page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker").goto("/queue?level=red")
    at_rest(page)
    page.get_by_role("button", name="存为视图").click()
    page.get_by_role("textbox", name="视图名称").fill("紧急")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("button", name="删除此视图")).to_be_visible()
    expect(page.get_by_role("button", name="更新视图")).to_have_count(0)
    page.get_by_label("等级", exact=True).select_option(label="橙色")
    accessible(page)
    page.get_by_role("button", name="更新视图“紧急”").click()
    expect(page.get_by_text("视图“紧急”已按当前筛选更新")).to_be_visible()
    expect(page.get_by_role("button", name="更新视图")).to_have_count(0)
    assert kept(service) == [("紧急", {"level": "orange"})]
    page.get_by_role("combobox", name="经办人").select_option(label="我的")
    page.get_by_label("等级", exact=True).evaluate(AT_ONCE, ["清除筛选", "yellow"])
    page.wait_for_url(re.compile(r"/queue\?level=yellow$"))
    expect(page.get_by_role("button", name="存为视图")).to_be_visible()
    expect(page.get_by_role("button", name="更新视图")).to_have_count(0)
