"""What an alert may do besides being visited: wait for somebody's answer, be opened again, be annulled."""

from collections.abc import Callable

import pytest
from demo_city import PEOPLE, TOWN
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served

from monitor import database
from monitor.access import Viewer
from monitor.lifecycle import Step, move
from monitor.tables import Alert

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
Shot = Callable[[Page, str], None]
Accessible = Callable[[Page], None]


@pytest.fixture(scope="module")
def mine(service: Served) -> list[Alert]:
    return service.leave(4, PEOPLE["caseworker"])


def close(service: Served, alert: Alert) -> None:
    by = Viewer(service.worker(PEOPLE["caseworker"]), PEOPLE["caseworker"].name, "caseworker", TOWN)
    with database.transaction(service.engine) as session:
        move(session, session.get_one(Alert, alert.id), "close", by=by, step=Step("NE_INC"))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_an_alert_is_suspended_until_what_it_waits_for_and_brought_back(
    page: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, shot: Shot, accessible: Accessible
) -> None:
    signed_in_as("caseworker").goto(f"/alerts/{mine[0].id}")
    at_rest(page)
    press(page, "中止")
    box = page.get_by_role("group", name="中止")
    expect(box.get_by_role("button", name="中止")).to_be_disabled()
    box.get_by_label("等待什么").select_option(label="经济状况核对结果")
    shot(page, "alert-suspending")
    accessible(page)
    box.get_by_role("button", name="中止").click()
    expect(page.get_by_text("已中止")).to_be_visible()
    expect(page.get_by_role("button", name="稍后提醒")).to_have_count(0)
    kept = service.alert(mine[0].id)
    assert (kept.status, kept.paused_until is not None) == ("suspended", True)
    at_rest(page)
    expect(page.get_by_text("等待经济状况核对结果").first).to_be_visible()
    press(page, "恢复")
    expect(page.get_by_text("已恢复")).to_be_visible()
    assert service.alert(mine[0].id).status == "assigned"


def test_one_that_changed_meanwhile_is_shown_beside_what_was_meant(
    page: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, accessible: Accessible
) -> None:
    signed_in_as("caseworker").goto(f"/alerts/{mine[1].id}")
    at_rest(page)
    press(page, "中止")
    box = page.get_by_role("group", name="中止")
    box.get_by_label("等待什么").select_option(label="公示期满")
    service.change(mine[1].id)
    box.get_by_role("button", name="中止").click()
    conflict = page.get_by_role("alert").filter(has_text="您的操作")
    expect(conflict).to_contain_text("中止 20")
    accessible(page)
    conflict.get_by_role("button", name="仍用我填写的重新提交").click()
    expect(page.get_by_text("已中止")).to_be_visible()
    assert service.alert(mine[1].id).status == "suspended"


def test_the_county_opens_a_closed_alert_again_with_a_reason_and_nobody_below_is_offered_it(
    page: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, shot: Shot, accessible: Accessible
) -> None:
    close(service, mine[2])
    signed_in_as("caseworker").goto(f"/alerts/{mine[2].id}")
    at_rest(page)
    for name in ("重新打开", "撤销预警", "中止", "恢复"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    signed_in_as("reviewer").goto(f"/alerts/{mine[2].id}")
    at_rest(page)
    press(page, "重新打开")
    box = page.get_by_role("group", name="重新打开")
    expect(box.get_by_role("button", name="重新打开")).to_be_disabled()
    box.get_by_label("原因").select_option(label="群众反映或信访")
    shot(page, "alert-reopening")
    accessible(page)
    box.get_by_role("button", name="重新打开").click()
    expect(page.get_by_text("已重新打开")).to_be_visible()
    kept = service.alert(mine[2].id)
    assert (kept.status, kept.closed_at) == ("reopened", None)
    at_rest(page)
    expect(page.get_by_text("重新打开：群众反映或信访").first).to_be_visible()


def test_the_county_annuls_one_that_rests_on_wrong_data(
    page: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, accessible: Accessible
) -> None:
    signed_in_as("reviewer").goto(f"/alerts/{mine[3].id}")
    at_rest(page)
    press(page, "撤销预警")
    box = page.get_by_role("group", name="撤销预警")
    expect(box).to_contain_text("数据有误")
    box.get_by_label("原因").select_option(label="错人")
    accessible(page)
    box.get_by_role("button", name="撤销预警").click()
    expect(page.get_by_text("已撤销预警")).to_be_visible()
    kept = service.alert(mine[3].id)
    assert (kept.status, kept.closed_why) == ("annulled", "ERR_ID")
    expect(page.get_by_role("button", name="重新打开", exact=True)).to_be_visible()
