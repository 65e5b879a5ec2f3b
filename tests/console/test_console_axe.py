"""Every screen in every state is for everybody: WCAG 2.2 AA and best practice, no violation, at a desk and on a phone.

What depends on the database is tried elsewhere; here one is enough.
"""

import re
from collections.abc import Callable

import pytest
from demo_city import PEOPLE
from playwright.sync_api import BrowserContext, Page, Route, expect
from screens import DESK, PHONE, SCREENS, THERE, at_rest, routed
from served import Served
from watching import Watch

DATABASES = ["sqlite"]
LISTED = [name for name in THERE if SCREENS[name].listed]
_SPILT = re.compile(r"undefined|\bNaN\b|\[object Object\]|\bnull\b|Invalid Date")


def data_of(url: str) -> bool:
    """Whether an address is of data: not the page, its parts or who is signed in."""
    return "/api/v1/" in url and not url.split("?")[0].endswith("/session")


def test_every_screen_that_a_route_leads_to_is_tried_here() -> None:
    assert len(routed()) >= 4
    assert set(routed()) <= set(SCREENS)


@pytest.mark.parametrize("name", THERE)
def test_a_screen_is_accessible_on_a_phone_at_a_desk_and_in_english_and_says_what_it_is(
    name: str, page: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    screen = SCREENS[name]
    if screen.who is not None:
        signed_in_as(screen.who)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        page.goto(screen.of(name, service))
        at_rest(page)
        shot(page, name)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.title() != ""
        assert _SPILT.search(page.inner_text("body")) is None
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it runs over the edge"
        accessible(page)
    if name == "welcome":
        return
    page.get_by_role("button", name="English").first.click()
    at_rest(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    shot(page, f"{name}-en")
    accessible(page)


@pytest.mark.parametrize("name", LISTED)
def test_a_list_that_is_awaited_cannot_be_had_or_has_no_network_is_accessible_and_says_which(
    name: str, new_context: Callable[..., BrowserContext], service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None], watch: Watch,
) -> None:  # fmt: skip
    for said in ("Service Worker registration blocked", "ERR_CONNECTION_RESET", "dynamically imported module"):
        watch.excuse(said)  # a part that comes later does not come either
    page = new_context(service_workers="block").new_page()
    held: list[Route] = []
    lost = False
    page.route(data_of, lambda route: route.abort("connectionreset") if lost else held.append(route))
    signed_in_as(SCREENS[name].who, on=page).goto(SCREENS[name].of(name, service))
    awaited(page)
    page.wait_for_timeout(400)  # grey lines come after a moment's patience
    shot(page, f"{name}-loading")
    accessible(page)
    lost = True
    for route in held:
        route.abort("connectionreset")
    again = page.get_by_role("button", name="重试").first
    expect(again).to_be_visible()
    shot(page, f"{name}-error")
    accessible(page)
    page.unroute_all()
    again.click()
    at_rest(page)
    held.clear()
    page.route(data_of, lambda route: held.append(route))
    page.reload()
    awaited(page)
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    expect(page.get_by_text("离线").first).to_be_visible()
    shot(page, f"{name}-offline")
    accessible(page)


def awaited(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]").first).to_be_visible()


def test_somebody_without_work_is_told_so_and_when_last_nights_scan_ended(
    page: Page, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
) -> None:
    signed_in_as("newcomer").goto("/queue")
    at_rest(page)
    expect(page.get_by_text("今日没有待办")).to_be_visible()
    shot(page, "queue-nothing-to-do")
    accessible(page)


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_begins_at_a_screen_of_their_own(who: str, page: Page, signed_in_as: Callable[..., Page]) -> None:
    signed_in_as(who).goto("/")
    at_rest(page)
    expect(page.get_by_text("不在您的职责范围")).to_have_count(0)
