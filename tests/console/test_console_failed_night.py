"""A night that failed: who works is told in red whose results they see, and the operator lets the run go again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from demo_city import BEFORE, TOWN
from playwright.sync_api import BrowserContext, Page, expect
from screens import at_rest, eventually
from served import Served
from sqlalchemy import select

from jobs import catalogue, ledger
from jobs.work import next_asked
from monitor import database
from monitor.service import today
from monitor.tables import Quarantine, Run

JOURNEYS = {
    "test_a_failed_night_is_said_in_red_and_is_never_an_empty_list",
    "test_the_operator_lets_a_failed_night_go_again_and_everybody_sees_its_results",
}
STAGE = BEFORE


@pytest.fixture(scope="module", autouse=True)
def failed(service: Served) -> None:
    """Last night's scan was taken, was at work, and broke off."""
    service.fail_last_night()


def test_a_failed_night_is_said_in_red_and_is_never_an_empty_list(
    page: Page, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
) -> None:
    signed_in_as("caseworker").goto("/queue")
    at_rest(page)
    expect(page.get_by_role("alert").filter(has_text="昨夜扫描未完成")).to_be_visible()
    expect(page.get_by_text(f"以下为 {today() - timedelta(days=1)} 的结果")).to_be_visible()
    assert page.locator("[data-alert]").count() > 10
    shot(page, "queue-scan-failed")
    accessible(page)


def test_somebody_without_work_is_not_told_that_all_is_well_after_a_failed_night(
    page: Page, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("newcomer").goto("/queue")
    at_rest(page)
    expect(page.get_by_role("alert").filter(has_text="昨夜扫描未完成")).to_be_visible()
    accessible(page)


def test_the_operator_lets_a_failed_night_go_again_and_everybody_sees_its_results(
    page: Page, service: Served, signed_in_as: Callable[..., Page], accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None], new_context: Callable[..., BrowserContext],
) -> None:  # fmt: skip
    signed_in_as("administrator").goto("/nights")
    at_rest(page)
    night = page.get_by_role("row").filter(has_text=str(today())).first
    expect(night).to_contain_text("失败")
    shot(page, "nights-failed")
    accessible(page)
    night.get_by_role("button").last.click()
    eventually(page, lambda: next_asked(service.behind) is not None)
    asked = next_asked(service.behind)
    assert asked is not None
    assert (asked.job, asked.as_of) == ("scan", today())
    catalogue.perform(service.behind, asked.job, asked.as_of)
    with database.reading(service.engine) as session:
        run = ledger.find(session, "scan", as_of=today())
        assert run is not None
        assert run.status in ledger.WELL
    worker = signed_in_as("caseworker", on=new_context().new_page())
    worker.goto("/queue")
    at_rest(worker)
    expect(worker.get_by_text("昨夜扫描未完成")).to_have_count(0)
    expect(worker.get_by_text(f"数据截至 {today()}")).to_be_visible()


def set_aside(service: Served, nights: int) -> str:
    """Let the newest nights that ended have been unable to judge one household of the township; return its number."""
    home = service.alerts(town=TOWN)[0]
    ended = select(Run).where(Run.job == "scan", Run.status.in_(("done", "done_with_quarantine")))
    with database.transaction(service.engine) as session:
        for run in session.scalars(ended.order_by(Run.finished_at.desc()).limit(nights)):
            said = {"stage": "judge", "error": "KeyError", "place": "judging.py:88"}
            session.add(Quarantine(run_id=run.id, household_id=home.household_id, as_of=run.as_of, **said))
    return service.household_no(home)


def test_who_could_not_be_judged_is_told_without_personal_data_with_what_to_do(
    page: Page, service: Served, signed_in_as: Callable[..., Page], new_context: Callable[..., BrowserContext],
    shot: Callable[[Page, str], None], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("administrator").goto("/nights")
    at_rest(page)
    expect(page.get_by_text("最近一次扫描判定了所有户。")).to_be_visible()
    number = set_aside(service, 2)
    page.reload()
    at_rest(page)
    table = page.get_by_role("region", name="未能判定的户")
    expect(table).to_contain_text("（连续 2 夜）")
    expect(table).to_contain_text("KeyError judging.py:88")
    expect(page.get_by_text("请市级主管按户编号打开家庭档案")).to_be_visible()
    expect(page.get_by_text(number)).to_have_count(0)
    shot(page, "nights-aside")
    accessible(page)
    boss = signed_in_as("supervisor", on=new_context().new_page())
    boss.goto("/nights")
    boss.get_by_role("link", name=number).click()
    expect(boss.get_by_role("heading", level=1)).to_contain_text(number)
