"""Notices: a colleague's note that calls me, and the deadlines that the morning told, each with its alert."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from demo_city import PEOPLE
from playwright.sync_api import Locator, Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import func, select, update

from jobs.remind import remind
from monitor import database
from monitor.service import today
from monitor.tables import Alert, Digest
from monitor.work import reminding

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
NOTE = "户主住院，周三请一同上门"


@pytest.fixture(scope="module")
def told(service: Served) -> list[Alert]:
    """Two alerts of the caseworker's, one overdue and one due today, and this morning's reminders."""
    mine = service.leave(2, PEOPLE["caseworker"])
    with database.transaction(service.engine) as session:
        for alert, late in zip(mine, (1, 0), strict=True):
            due = {"contact_due_on": today() - timedelta(days=late)}
            session.execute(update(Alert).where(Alert.id == alert.id).values(due))
    remind(service.behind, today())
    return mine


def badge(page: Page) -> Locator:
    """The menu's way to the notices, which says how many there are some moments after the screen has come."""
    return page.get_by_role("navigation").get_by_role("link", name="提醒")


def awaited(service: Served, who: str) -> int:
    with database.reading(service.engine) as session:
        own = Digest.recipient == str(service.worker(PEOPLE[who]))
        ours = (Digest.recipient == reminding.REGION_DESK) & (Digest.region == PEOPLE[who].region)
        chosen = select(func.count()).select_from(Digest).where(own | ours, Digest.as_of == today())
        return session.scalar(chosen) or 0


def test_a_note_calls_a_colleague_who_sees_it_and_says_so(
    page: Page, service: Served, told: list[Alert], signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    before = awaited(service, "colleague")
    signed_in_as("caseworker").goto(f"/alerts/{told[0].id}")
    at_rest(page)
    page.get_by_text("请同事看（可选）").click()
    page.get_by_role("checkbox", name=PEOPLE["colleague"].name).check()
    expect(page.get_by_text("请同事看：1 人")).to_be_visible()
    expect(page.get_by_role("checkbox", name=PEOPLE["stranger"].name)).to_have_count(0)
    page.get_by_label("备注", exact=False).last.fill(NOTE)
    shot(page, "note-calls")
    accessible(page)
    page.get_by_role("button", name="添加备注").click()
    expect(page.get_by_text(NOTE)).to_be_visible()
    expect(page.get_by_text("请同事看（可选）")).to_be_visible()
    signed_in_as("colleague").goto("/notices")
    at_rest(page)
    expect(badge(page)).to_have_text(f"提醒{before + 1}")
    called = page.get_by_role("listitem").filter(has_text=NOTE)
    expect(called).to_contain_text(PEOPLE["caseworker"].name)
    shot(page, "notices-called")
    accessible(page)
    called.get_by_role("button", name="已阅").click()
    expect(page.get_by_text("没有未阅的备注")).to_be_visible()
    at_rest(page)
    expect(badge(page)).to_have_text(f"提醒{before or ''}")


def test_the_mornings_deadlines_lead_to_their_alerts(
    page: Page, service: Served, told: list[Alert], signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("caseworker").goto("/notices")
    at_rest(page)
    mine = page.locator("details").filter(has_text="本人")
    expect(mine).to_contain_text("逾期 1 件")
    expect(mine).to_contain_text("即将到期 1 件")
    expect(mine).to_contain_text("今日")
    mine.locator("summary").press("Enter")
    late = mine.get_by_role("listitem").filter(has_text=service.household_no(told[0]))
    expect(late).to_contain_text("待核查")
    shot(page, "notices-told")
    accessible(page)
    late.get_by_role("link").click()
    page.wait_for_url(f"**/alerts/{told[0].id}")


def test_a_supervisor_hears_what_is_long_overdue(
    page: Page, service: Served, told: list[Alert], signed_in_as: SignInAs
) -> None:
    with database.transaction(service.engine) as session:
        long_late = {"contact_due_on": today() - timedelta(days=60)}
        session.execute(update(Alert).where(Alert.id == told[1].id).values(long_late))
    remind(service.behind, today())
    signed_in_as("reviewer").goto("/notices")
    at_rest(page)
    heard = page.locator("details").filter(has_text="严重逾期，报上级").first  # the newest
    heard.locator("summary").click()
    expect(heard.get_by_role("link", name=service.household_no(told[1]))).to_be_visible()


def test_who_may_read_no_alerts_is_led_to_no_notices(page: Page, signed_in_as: SignInAs) -> None:
    signed_in_as("auditor").goto("/audit")
    at_rest(page)
    expect(page.get_by_role("navigation").get_by_role("link", name="提醒")).to_have_count(0)


def test_nothing_has_come(page: Page, signed_in_as: SignInAs, accessible: Callable[[Page], None]) -> None:
    signed_in_as("stranger").goto("/notices")
    at_rest(page)
    expect(page.get_by_text("没有未阅的备注")).to_be_visible()
    accessible(page)
