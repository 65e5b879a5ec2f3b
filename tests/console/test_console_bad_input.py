"""What goes wrong at a desk: names as nobody expects, a stale page, a session that ended, a service that stops."""

import re
from collections.abc import Callable

import pytest
from demo_city import PASSWORD, PEOPLE, TOWN
from playwright.sync_api import BrowserContext, Page, expect
from screens import at_rest, routed
from served import Served
from watching import Watch

NAMES = {
    "markup": "<script>document.title='taken'</script>",
    "quotes": "王\"'`><img src=x onerror=alert(1)>",
    "rare": "𠮷龑䶮",
    "long": "阿卜杜热依木·买买提吐尔逊·阿不都克里木·艾合买提江·玉素甫",
    "right-to-left": "محمد",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_is_shown_as_a_name_whatever_stands_in_it(
    kind: str, page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    alert = service.alerts(town=TOWN)[0]
    service.rename(alert, NAMES[kind])
    shown = service.masked(NAMES[kind])
    signed_in_as("caseworker").goto(f"/queue?alert={alert.id}")
    at_rest(page)
    expect(page.locator(f'[data-alert="{alert.id}"]')).to_contain_text(shown)
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert page.title() != "taken"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    accessible(page)


def test_a_stale_page_shows_both_sides_and_asks_again(
    page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    alert = service.alerts(town=TOWN, owner_id=None)[0]
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}")
    at_rest(page)
    service.give([str(alert.id)], PEOPLE["colleague"])
    page.get_by_role("button", name="稍后提醒").click()
    panel = page.get_by_role("group", name="稍后提醒")
    panel.get_by_role("button", name="稍后提醒").click()
    expect(page.get_by_text("此内容刚被他人更新")).to_be_visible()
    expect(page.get_by_text(PEOPLE["colleague"].name).first).to_be_visible()
    shot(page, "alert-conflict")
    accessible(page)
    page.get_by_role("button", name="采用现在的").click()
    expect(page.get_by_text("此内容刚被他人更新")).to_have_count(0)
    assert service.alert(alert.id).owner_id == service.worker(PEOPLE["colleague"])


def test_a_session_that_ended_is_begun_again_where_one_is(
    page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    alert = service.alerts(town=TOWN)[1]
    signed_in_as("colleague").goto(f"/alerts/{alert.id}")
    at_rest(page)
    page.get_by_label("备注内容").fill("写到一半的备注")
    service.end_sessions("colleague")
    page.get_by_role("button", name="添加备注").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    accessible(page)
    if dialog.get_by_label("登录名").count():
        dialog.get_by_label("登录名").fill(PEOPLE["colleague"].login)
    dialog.get_by_label("密码", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name=re.compile("^(登录|验证)$")).click()
    dialog.get_by_label("动态码或恢复码").fill(service.code("colleague"))
    dialog.get_by_role("button", name=re.compile("^(登录|验证)$")).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("写到一半的备注").first).to_be_visible()


def test_somebody_else_at_the_same_alert_is_named(
    page: Page, new_context: Callable[..., BrowserContext], service: Served, signed_in_as: Callable[..., Page]
) -> None:
    alert = service.alerts(town=TOWN)[2]
    first = signed_in_as("colleague", on=new_context().new_page())
    first.goto(f"/alerts/{alert.id}")
    at_rest(first)
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}")
    expect(page.get_by_text(f"{PEOPLE['colleague'].name} 正在查看")).to_be_visible(timeout=40_000)


def test_an_alert_of_another_township_is_not_shown_to_a_stranger(
    page: Page, service: Served, signed_in_as: Callable[..., Page]
) -> None:
    alert = service.alerts(town=TOWN)[0]
    signed_in_as("stranger").goto(f"/alerts/{alert.id}")
    expect(page.get_by_text("不在您的管辖范围")).to_be_visible()


def test_a_service_that_stopped_and_came_back_is_gone_on_with(
    page: Page, service: Served, signed_in_as: Callable[..., Page], watch: Watch
) -> None:
    watch.excuse("ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|occurred when fetching the script")
    alert = service.alerts(town=TOWN)[3]
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}")
    at_rest(page)
    page.get_by_label("备注内容").fill("服务中断时写的备注")
    service.stop()
    page.get_by_role("button", name="添加备注").click()
    expect(page.get_by_text("连不上服务器").first).to_be_visible()
    expect(page.get_by_label("备注内容")).to_have_value("服务中断时写的备注")
    service.start()
    page.get_by_role("button", name="添加备注").click()
    kept = page.get_by_role("listitem").filter(has_text="服务中断时写的备注")
    expect(kept.first).to_be_visible(timeout=15_000)
    page.reload()
    expect(kept).to_have_count(1)


if "alert" not in routed():
    pytestmark = pytest.mark.skip(reason="the alert's screen is not there yet")
