"""What a first load may weigh, as served: 250 KB on a phone's way, 450 KB on a desk's; charts only when asked for."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from screens import DESK, PHONE, SCREENS, THERE, at_rest
from served import Served
from watching import Watch
from wire import listen

DATABASES = ["sqlite"]
BUDGETS = {"visits": (PHONE, 250), "followUp": (PHONE, 250), "queue": (DESK, 450), "board": (DESK, 450)}


def charts(console: Path) -> set[str]:
    """The parts that draw charts, known by what only they hold."""
    scripts = (console / "assets").glob("*.js")
    return {f"/assets/{one.name}" for one in scripts if "zrender" in one.read_text(encoding="utf-8")}


@pytest.mark.parametrize("name", [name for name in BUDGETS if name in THERE])
def test_a_first_load_stays_within_its_budget(
    name: str, service: Served, console: Path, signed_in_as: Callable[..., Page],
    new_context: Callable[..., BrowserContext], record_property: Callable[[str, object], None],
    watch: Watch,
) -> None:  # fmt: skip
    watch.excuse("Service Worker registration blocked")
    size, most = BUDGETS[name]
    page = new_context(service_workers="block").new_page()
    page.set_viewport_size(size)
    signed_in_as(SCREENS[name].who, on=page)
    wire = listen(page)
    page.goto(SCREENS[name].of(name, service))
    at_rest(page)
    record_property("kilobytes", round(wire.kilobytes))
    assert wire.of(".js") > 50, "nothing was counted"
    assert wire.kilobytes <= most, sorted(wire.came.items(), key=lambda one: -one[1])[:8]
    if name != "board":
        assert charts(console) & set(wire.came) == set()


@pytest.mark.parametrize(
    ("name", "lists"),
    [("queue", ["limit=50"]), ("visits", ["owner=me&limit=200", "owner=me&limit=200&status=snoozed"])],
)
def test_what_a_page_begins_with_is_asked_for_before_its_scripts_have_run_and_only_once(
    name: str, lists: list[str], service: Served, signed_in_as: Callable[..., Page], page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.removeprefix(service.url)) if "/api/v1/" in one.url else None)
    signed_in_as("caseworker").goto(SCREENS[name].of(name, service))
    at_rest(page)
    first = ["/api/v1/session", *(f"/api/v1/alerts?{one}" for one in lists)]
    assert asked[: len(first)] == first
    assert [asked.count(one) for one in first] == [1] * len(first)


def test_who_may_not_have_what_was_asked_early_is_kept_waiting_by_nothing(
    signed_in_as: Callable[..., Page], page: Page
) -> None:
    refused: list[int] = []
    page.on("requestfinished", lambda one: refused.append(one.response().status) if "/alerts" in one.url else None)
    signed_in_as("auditor").goto("/queue")
    expect(page).to_have_url(re.compile("/rules$"))
    at_rest(page)
    assert refused == [403]


def test_what_was_asked_early_and_did_not_come_is_asked_for_again(
    service: Served, signed_in_as: Callable[..., Page], page: Page
) -> None:
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("internetdisconnected")

    page.route("**/api/v1/alerts?limit=50", lose_the_first)
    signed_in_as("caseworker").goto("/queue")
    expect(page.locator("[data-alert]").first).to_be_visible()
    assert len(lost) == 1


def test_what_is_served_is_packed_and_kept_for_ever(page: Page, service: Served, console: Path) -> None:
    heaviest = max((console / "assets").glob("*.js"), key=lambda path: path.stat().st_size)
    answer = page.request.get(f"/assets/{heaviest.name}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.body() == heaviest.read_bytes() == gzip.decompress(Path(f"{heaviest}.gz").read_bytes())


def test_no_part_of_the_console_names_a_place_elsewhere_to_load_from(console: Path) -> None:
    page = (console / "index.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "")
    manifest = json.loads((console / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    assert all(not one["file"].startswith(("http", "//")) for one in manifest.values())
