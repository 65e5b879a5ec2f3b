"""Many at once: taken back row by row, taken out of the house as shown or as ticked; and going on past a red alert."""

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from demo_city import PEOPLE, TOWN
from playwright.sync_api import Download, Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import select

from monitor import database
from monitor.tables import AlertEvent, ExportRequest

SignInAs = Callable[..., Page]
BOXES = re.compile("^选择 ")


@pytest.fixture
def queue(page: Page, signed_in_as: SignInAs) -> Page:
    signed_in_as("caseworker").goto("/queue?owner=nobody")
    at_rest(page)
    return page


def ticked(page: Page, count: int) -> list[str]:
    """Tick the first ones, and return which they are."""
    for place in range(count):
        page.get_by_role("checkbox", name=BOXES).nth(place).check()
    chosen = page.locator(".queue-selected [data-alert]")
    expect(chosen).to_have_count(count)
    return [str(one.get_attribute("data-alert")) for one in chosen.all()]


def owners(service: Served, keys: list[str]) -> list[Any]:
    return [service.alert(key).owner_id for key in keys]


def rows_of(download: Download) -> list[str]:
    """The households in a workbook, in its order."""
    book = openpyxl.load_workbook(io.BytesIO(download.path().read_bytes()))
    return [str(row[0]) for row in book.worksheets[0].iter_rows(min_row=3, values_only=True)]


def test_what_was_given_to_many_is_taken_back_row_by_row_and_what_stays_is_named(
    queue: Page, service: Served, shot: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    keys = ticked(queue, 3)
    queue.keyboard.press("a")
    options = queue.get_by_label("分派给").locator("option")
    queue.get_by_label("分派给").select_option(label=options.filter(has_text=PEOPLE["colleague"].name).inner_text())
    queue.get_by_role("button", name="确定").click()
    expect(queue.get_by_text("成功 3 条")).to_be_visible()
    assert set(owners(service, keys)) == {service.worker(PEOPLE["colleague"])}
    service.give([keys[1]], PEOPLE["caseworker"])  # somebody decided otherwise meanwhile
    queue.keyboard.press("z")
    expect(queue.get_by_text("已撤销 2 条，1 条未撤销")).to_be_visible()
    left = queue.get_by_role("status").filter(has_text="未撤销的条目（1）")
    expect(left.get_by_role("listitem")).to_have_count(1)
    expect(left).to_contain_text("此后已由他人办理")
    expect(left.get_by_role("link")).to_contain_text(service.household_no(service.alert(keys[1])))
    shot(queue, "queue-not-undone")
    accessible(queue)
    assert owners(service, keys) == [None, service.worker(PEOPLE["caseworker"]), None]
    left.get_by_role("button", name="关闭").click()
    expect(left).to_have_count(0)


def test_many_are_claimed_at_once_and_put_back_by_undo(queue: Page, service: Served) -> None:
    keys = ticked(queue, 2)
    queue.get_by_role("button", name="认领", exact=True).click()
    expect(queue.get_by_text("成功 2 条")).to_be_visible()
    assert set(owners(service, keys)) == {service.worker(PEOPLE["caseworker"])}
    queue.get_by_role("status").get_by_role("button", name="撤销").click()
    expect(queue.get_by_text("已撤销 2 条")).to_be_visible()
    assert owners(service, keys) == [None, None]


def test_what_was_ticked_goes_out_alone_and_in_order(
    queue: Page, service: Served, shot: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    keys = ticked(queue, 2)
    queue.get_by_role("button", name="导出已选").click()
    panel = queue.get_by_role("group", name="导出已选")
    panel.get_by_label("用途").fill("例会材料")
    shot(queue, "queue-export-ticked")
    accessible(queue)
    with queue.expect_download() as waited:
        panel.get_by_role("button", name="导出", exact=True).click()
    expect(panel.get_by_text("已导出")).to_be_visible()
    assert rows_of(waited.value) == [service.household_no(service.alert(key)) for key in keys]


def test_all_that_the_list_is_narrowed_to_goes_out_or_waits_for_a_second_person(
    queue: Page, service: Served, shot: Callable[[Page, str], None]
) -> None:
    shown = {service.household_no(one) for one in service.alerts(town=TOWN, owner_id=None)}
    assert len(shown) > 30
    queue.get_by_role("button", name="导出", exact=True).click()
    panel = queue.get_by_role("group", name="导出", exact=True)
    panel.get_by_label("用途").fill("例会材料")
    with queue.expect_download() as waited:
        panel.get_by_role("button", name="导出", exact=True).click()
    assert set(rows_of(waited.value)) == shown
    asked_for = panel.get_by_text("已提交申请")
    for _ in range(100 // len(shown) + 1):  # a hundred rows a day are taken out alone, all exports together
        panel.get_by_role("button", name="导出", exact=True).click()
        expect(panel.get_by_text("已导出").or_(asked_for)).to_be_visible()
        if asked_for.is_visible():
            break
    expect(asked_for).to_be_visible()
    shot(queue, "queue-export-waits")
    with database.reading(service.engine) as session:
        asked = session.scalars(select(ExportRequest).order_by(ExportRequest.asked_at.desc())).first()
        assert asked is not None
        assert asked.narrowed == {"owner": "nobody"}
        assert asked.rows == len(shown)
    panel.get_by_role("link", name="去看导出申请").click()
    expect(queue.get_by_role("cell", name="待同意").first).to_be_visible()


def test_whoever_was_searched_for_is_ticked_and_not_taken_out_as_a_whole(queue: Page, service: Served) -> None:
    number = service.household_no(service.alerts(town=TOWN, owner_id=None)[0])
    queue.get_by_role("searchbox").fill(number)
    expect(queue.get_by_role("checkbox", name=BOXES)).to_have_count(1)
    queue.get_by_role("button", name="导出", exact=True).click()
    expect(queue.get_by_text("查找结果不能整批导出")).to_be_visible()


def test_a_red_alert_is_passed_over_by_a_key_that_says_why(
    queue: Page, service: Served, shot: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    queue.goto("/queue?level=red")
    at_rest(queue)
    queue.keyboard.press("n")
    expect(queue).to_have_url(re.compile("alert="))
    first = queue.url.split("alert=")[1]
    expect(queue.get_by_role("complementary", name="预警")).to_be_visible()
    at_rest(queue)
    queue.keyboard.press("n")
    asked = queue.get_by_role("dialog", name="为什么跳过这条红色预警？")
    expect(asked.get_by_role("button", name="该户此时不在家")).to_be_focused()
    shot(queue, "queue-passing-over")
    accessible(queue)
    composed = "new KeyboardEvent('keydown', {key: '2', bubbles: true, isComposing: true})"
    queue.evaluate(f"document.activeElement.dispatchEvent({composed})")
    queue.keyboard.press("j")
    assert queue.url.split("alert=")[1] == first, "neither an input method nor a key of the list answers for me"
    expect(asked).to_be_visible()
    queue.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    assert queue.url.split("alert=")[1] == first
    queue.keyboard.press("n")
    queue.keyboard.press("2")
    expect(queue).not_to_have_url(re.compile(first))
    second = queue.url.split("alert=")[1]
    assert service.alert(second).owner_id == service.worker(PEOPLE["caseworker"])
    with database.reading(service.engine) as session:
        chosen = select(AlertEvent.why).where(AlertEvent.kind == "passed_over")
        assert [str(one) for one in session.scalars(chosen)] == ["TOO_FAR"]


def test_on_a_telephone_the_next_is_taken_from_the_page_of_one(
    phone: Page, service: Served, signed_in_as: SignInAs, accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    red = next(one for one in service.alerts(town=TOWN, owner_id=None) if one.level == "red")
    signed_in_as("colleague", on=phone).goto(f"/alerts/{red.id}")
    at_rest(phone)
    phone.get_by_role("button", name="取下一条").click()
    asked = phone.get_by_role("dialog", name="为什么跳过这条红色预警？")
    expect(asked).to_be_visible()
    shot(phone, "alert-passing-over")
    accessible(phone)
    asked.get_by_role("button", name="须两人同行").click()
    expect(phone).not_to_have_url(re.compile(str(red.id)))
    expect(phone.get_by_text("下一条：")).to_be_visible()
