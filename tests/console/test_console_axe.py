"""Every screen in every state is for everybody: WCAG 2.2 AA and best practice, no violation, at a desk and on a phone.

What depends on the database is tried elsewhere; here one is enough.
"""

import re
from collections.abc import Callable

import pytest
from demo_city import PEOPLE
from playwright.sync_api import Page, Route, expect
from screens import DESK, PHONE, SCREENS, THERE, at_rest, routed
from served import Served
from watching import Watch

DATABASES = ["sqlite"]
LISTED = [name for name in THERE if SCREENS[name].listed]
WIDTHS = {"desk": DESK, "phone": PHONE}
_SPILT = re.compile(r"undefined|\bNaN\b|\[object Object\]|\bnull\b|Invalid Date")


@pytest.fixture
def sized(request: pytest.FixtureRequest, page: Page) -> Page:
    """A page as wide as the test's ``width`` says."""
    page.set_viewport_size(WIDTHS[request.node.callspec.params.get("width", "desk")])
    return page


def data_of(url: str) -> bool:
    """Whether an address is of data: not the page, its parts or who is signed in."""
    return "/api/v1/" in url and not url.split("?")[0].endswith("/session")


def test_every_screen_that_a_route_leads_to_is_tried_here() -> None:
    assert len(routed()) >= 4
    assert set(routed()) <= set(SCREENS)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", THERE)
def test_a_screen_is_accessible_and_says_what_it_is(
    name: str, width: str, sized: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    screen = SCREENS[name]
    if screen.who is not None:
        signed_in_as(screen.who, on=sized)
    sized.goto(screen.of(name, service))
    at_rest(sized)
    shot(sized, name)
    expect(sized.get_by_role("heading", level=1)).to_have_count(1)
    assert sized.title() != ""
    assert _SPILT.search(sized.inner_text("body")) is None
    assert sized.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it runs over the edge"
    accessible(sized)


@pytest.mark.parametrize("name", [name for name in THERE if name != "welcome"])
def test_a_screen_in_english_is_accessible_and_says_so(
    name: str, sized: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    screen = SCREENS[name]
    if screen.who is not None:
        signed_in_as(screen.who, on=sized)
    sized.goto(screen.of(name, service))
    sized.get_by_role("button", name="English").first.click()
    at_rest(sized)
    expect(sized.locator("html")).to_have_attribute("lang", "en")
    shot(sized, f"{name}-en")
    accessible(sized)


@pytest.mark.parametrize("name", LISTED)
def test_a_list_that_is_awaited_is_accessible(
    name: str, page: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    held: list[Route] = []
    page.route(data_of, lambda route: held.append(route))
    signed_in_as(SCREENS[name].who, on=page)
    page.goto(SCREENS[name].of(name, service))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]").first).to_be_visible()
    page.wait_for_timeout(400)  # grey lines come after a moment's patience
    shot(page, f"{name}-loading")
    accessible(page)
    for route in held:
        route.continue_()


@pytest.mark.parametrize("name", LISTED)
def test_a_list_that_could_not_be_had_says_what_to_do(
    name: str, page: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None], watch: Watch,
) -> None:  # fmt: skip
    watch.excuse("ERR_CONNECTION_RESET")
    page.route(data_of, lambda route: route.abort("connectionreset"))
    signed_in_as(SCREENS[name].who, on=page)
    page.goto(SCREENS[name].of(name, service))
    again = page.get_by_role("button", name="重试").first
    expect(again).to_be_visible()
    shot(page, f"{name}-error")
    accessible(page)
    page.unroute_all()
    again.click()
    at_rest(page)


@pytest.mark.parametrize("name", LISTED)
def test_a_list_without_a_network_says_that_and_not_that_it_is_empty(
    name: str, page: Page, service: Served, signed_in_as: Callable[..., Page],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None], watch: Watch,
) -> None:  # fmt: skip
    watch.excuse("dynamically imported module")  # a part that comes later does not come either
    held: list[Route] = []
    page.route(data_of, lambda route: held.append(route))
    signed_in_as(SCREENS[name].who, on=page)
    page.goto(SCREENS[name].of(name, service))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]").first).to_be_visible()
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    expect(page.get_by_text("离线").first).to_be_visible()
    shot(page, f"{name}-offline")
    accessible(page)


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
