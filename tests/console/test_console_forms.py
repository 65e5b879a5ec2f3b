"""The printed forms in the browser that prints them: A4, one page a household, without a script."""

import zlib
from collections.abc import Callable
from pathlib import Path
from re import findall

import pytest
from demo_city import TOWN
from playwright.sync_api import Page, expect
from served import Served

SHOTS = Path(__file__).parents[2] / "test-results" / "screens"
SignIn = Callable[..., Page]
A4_POINTS = (595, 842)


def printed(page: Page, service: Served, *, kind: str, most: int) -> str:
    """Ask for a print as the console does, and return where its page is."""
    alerts = [str(one.id) for one in service.alerts(town=TOWN)[:most]]
    answer = page.request.post(
        "/api/v1/forms", data={"alerts": alerts, "kind": kind}, headers={"X-Lowincome": "console"}
    )
    assert answer.status == 201, answer.text()
    assert answer.json()["forms"] == len(alerts)
    path: str = answer.json()["path"]
    return path


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page, in whole points."""
    streams = findall(rb"(?s)stream\r?\n(.*?)endstream", pdf)
    whole = pdf + b"".join(map(_inflated, streams))
    boxes = findall(rb"/MediaBox ?\[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]", whole)
    return [(int(float(width)), int(float(height))) for width, height in boxes]


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:
        return b""


@pytest.mark.parametrize(("kind", "most", "pages"), [("check", 1, 1), ("check", 3, 3), ("round", 5, None)])
def test_a_print_is_a4_a_page_for_each_household(
    page: Page, service: Served, signed_in_as: SignIn, kind: str, most: int, pages: int | None
) -> None:
    signed_in_as("caseworker")
    page.goto(printed(page, service, kind=kind, most=most))
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    found = sizes(pdf)
    wanted = A4_POINTS if kind == "check" else A4_POINTS[::-1]
    assert found
    assert all(abs(one - other) <= 2 for size in found for one, other in zip(size, wanted, strict=True)), found
    assert pages is None or len(found) == pages
    SHOTS.mkdir(parents=True, exist_ok=True)
    (SHOTS / f"form-{kind}-{most}.pdf").write_bytes(pdf)


def test_a_print_is_there_without_javascript(
    new_context: Callable[..., object], service: Served, signed_in_as: SignIn
) -> None:
    page: Page = new_context(java_script_enabled=False).new_page()  # type: ignore[attr-defined]
    signed_in_as("caseworker", on=page)
    page.goto(printed(page, service, kind="check", most=2))
    expect(page.get_by_role("heading", name="低收入人口预警入户核查表")).to_have_count(2)
    expect(page.get_by_text("核查人签字（2人）").first).to_be_visible()
    assert page.locator("svg").count() == 2


def test_a_printed_page_is_accessible(
    page: Page, service: Served, signed_in_as: SignIn, accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker")
    page.goto(printed(page, service, kind="check", most=1))
    assert page.get_by_role("heading", name="低收入人口预警入户核查表").count() == 1
    accessible(page)


@pytest.mark.parametrize("kind", ["check", "round"])
def test_a_print_that_is_looked_at_on_a_telephone_fits_it_and_is_read_in_lines(
    phone: Page, service: Served, signed_in_as: SignIn, accessible: Callable[[Page], None], kind: str
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.goto(printed(phone, service, kind=kind, most=3))
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    widths = [one.bounding_box() for one in phone.locator("td:visible").all()]
    assert min(box["width"] for box in widths if box is not None) >= 100
    accessible(phone)
