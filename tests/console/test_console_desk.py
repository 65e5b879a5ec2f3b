"""The desk at work: somebody else was faster, an input method composes, keys are switched off."""

import re
from collections.abc import Callable
from urllib.parse import unquote

from demo_city import TOWN
from playwright.sync_api import Page, expect
from screens import at_rest, eventually
from served import Served


def addresses(page: Page) -> list[str]:
    """Every address that the page asks for, as it goes."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(f"{one.method} {unquote(one.url)}"))
    return asked


def test_what_somebody_else_changed_is_shown_beside_what_was_meant_and_nothing_is_lost(
    page: Page, service: Served, signed_in_as: Callable[..., Page]
) -> None:
    mine = service.alerts(town=TOWN, owner_id=None)[0]
    signed_in_as("caseworker").goto(f"/alerts/{mine.id}")
    at_rest(page)
    page.keyboard.press("h")
    panel = page.get_by_role("group", name="稍后提醒")
    panel.get_by_label("原因").select_option(label="外出未归")
    headers = {"X-Lowincome": "1", "If-Match": f'"{mine.version}"'}
    assert page.request.post(f"/api/v1/alerts/{mine.id}/claim", headers=headers).status == 200
    panel.get_by_role("button", name="稍后提醒").click()
    expect(page.get_by_role("heading", name="此内容刚被他人更新")).to_be_visible()
    assert service.alert(mine.id).status == "assigned"
    page.get_by_role("button", name="仍用我填写的重新提交").click()
    expect(page.get_by_text("已设稍后提醒")).to_be_visible()
    assert service.alert(mine.id).status == "snoozed"


def test_nobody_is_looked_for_while_an_input_method_composes_and_no_address_holds_a_name(
    page: Page, signed_in_as: Callable[..., Page]
) -> None:
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    asked = addresses(page)
    page.get_by_role("searchbox").focus()
    typing = page.context.new_cdp_session(page)
    for text in ("w", "wa", "wang"):
        typing.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(500)
    assert not [one for one in asked if one.endswith("/alerts/search")]
    typing.send("Input.insertText", {"text": "王桂"})
    eventually(page, lambda: any(one.endswith("/alerts/search") for one in asked))
    at_rest(page)
    assert [one.split()[0] for one in asked if one.endswith("/alerts/search")] == ["POST"]
    assert not [one for one in [*asked, unquote(page.url)] if "王" in one]
    expect(page.get_by_text("没有符合条件的内容").or_(page.locator(".queue-row").first)).to_be_visible()


def test_keys_that_are_switched_off_do_nothing_until_they_are_switched_on(
    page: Page, signed_in_as: Callable[..., Page]
) -> None:
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    page.keyboard.press("?")
    page.get_by_role("switch", name="使用快捷键").click()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".queue-current")).to_have_count(0)
    page.get_by_role("button", name="快捷键").click()
    page.get_by_role("switch", name="使用快捷键").click()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".queue-current")).to_have_count(1)


FASTER_THAN_DRAWN = """keys => keys.forEach(key =>
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})))"""


def test_keys_that_follow_each_other_faster_than_the_page_is_drawn_are_all_heard(
    page: Page, signed_in_as: Callable[..., Page]
) -> None:
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    lines = [one.get_attribute("data-alert") for one in page.locator("[data-alert]").all()[:7]]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="预警")).to_contain_text("1/")
    page.evaluate(FASTER_THAN_DRAWN, ["j", "j", "j", "j", "x", "j"])
    expect(page).to_have_url(re.compile(f"alert={lines[5]}"))
    expect(page.get_by_role("complementary", name="预警")).to_contain_text("6/")
    expect(page.locator(".queue-selected [data-alert]")).to_have_attribute("data-alert", str(lines[4]))
