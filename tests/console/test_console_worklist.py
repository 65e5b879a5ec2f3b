"""The day's worklist beside the list of visits: what the day allows, in order, and who will be late at this pace."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from demo_city import PEOPLE
from playwright.sync_api import Page, expect
from screens import at_rest, eventually
from served import Served
from sqlalchemy import update

from monitor import database, policy
from monitor.access import Viewer
from monitor.policy.days import SATURDAY
from monitor.service import today
from monitor.tables import Alert
from monitor.work import calendar
from monitor.work.calendar import Arranged

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
SHIPPED = 0


@pytest.fixture(scope="module")
def mine(service: Served) -> list[Alert]:
    """Three alerts of the caseworker's, the first of them late, on a day that is worked."""
    found = service.leave(3, PEOPLE["caseworker"])
    with database.transaction(service.engine) as session:
        for alert, ahead in zip(found, (-3, 1, 30), strict=True):
            due = today() + timedelta(days=ahead)
            session.execute(update(Alert).where(Alert.id == alert.id).values(contact_due_on=due))
    work_today(service, worked=True, expected=SHIPPED)
    return found


def work_today(service: Served, *, worked: bool, expected: int) -> None:
    """Let today be a day of work, or of rest, by the office's own calendar."""
    day = today()
    by = Viewer(service.worker(PEOPLE["supervisor"]), PEOPLE["supervisor"].name, "supervisor", "3402")
    with database.transaction(service.engine) as session:
        said = calendar.arranged(session, policy.load(day, known_on=day), day.year)
        off, on = set(said.off) - {day}, set(said.worked) - {day}
        weekend = day.weekday() >= SATURDAY
        if worked and weekend:
            on.add(day)
        if not worked and not weekend:
            off.add(day)
        calendar.arrange(
            session, Arranged(day.year, "测试调休", True, sorted(off), sorted(on)), by=by, expected=expected
        )


def plan(page: Page) -> str:
    """Return the line above the list."""
    return page.locator("details.plan > summary").inner_text()


def test_the_day_is_proposed_in_order_after_the_list_and_who_will_be_late_is_named(
    phone: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    asked: list[str] = []
    page = signed_in_as("caseworker", on=phone)
    page.on("request", lambda one: asked.append(one.url.removeprefix(service.url)))
    page.goto("/visits")
    at_rest(page)
    lists = [at for at, one in enumerate(asked) if one.startswith("/api/v1/alerts?")]
    assert asked.index("/api/v1/desk/worklist") > max(lists)
    assert "今日建议走访 3 户" in plan(page)
    assert "按此进度 1 户将逾期" in plan(page)
    page.locator("details.plan > summary").press("Enter")
    proposed = page.get_by_role("list", name="今日建议走访")
    expect(proposed.get_by_role("listitem")).to_have_count(3)
    shot(page, "visits-plan")
    accessible(page)
    late = page.locator("details.plan > ul")
    expect(late).to_contain_text(service.household_no(mine[0]))
    expect(late).to_contain_text(f"预计 {date.isoformat(today())}")
    proposed.get_by_role("link").first.click()
    page.wait_for_url("**/alerts/*")


def test_on_a_day_of_rest_nothing_is_proposed_and_it_is_said_why(
    page: Page, service: Served, mine: list[Alert], signed_in_as: SignInAs, accessible: Callable[[Page], None]
) -> None:
    work_today(service, worked=False, expected=1)
    signed_in_as("caseworker").goto("/visits")
    at_rest(page)
    assert "今日未安排走访" in plan(page)
    assert "待走访共 3 户" in plan(page)
    page.locator("details.plan > summary").click()
    expect(page.get_by_text("今天是休息日，或您已登记外出")).to_be_visible()
    accessible(page)


def test_without_a_network_the_list_stands_and_no_plan_is_shown(
    page: Page, mine: list[Alert], signed_in_as: SignInAs
) -> None:
    signed_in_as("caseworker").goto("/visits")
    at_rest(page)
    expect(page.locator("details.plan")).to_have_count(1)
    page.context.set_offline(True)
    expect(page.locator("details.plan")).to_have_count(0)
    expect(page.locator(".stop")).to_have_count(len(mine))
    page.context.set_offline(False)
    eventually(page, lambda: page.locator("details.plan").count() == 1)
