"""Rules kept quiet after a verified "no need": looked through, seen on the household, lifted with a reason."""

import uuid
from collections.abc import Callable

import pytest
from demo_city import PEOPLE, TOWN
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import func, select

from monitor import database, policy
from monitor.access import Viewer
from monitor.cases import Office, Visit, record
from monitor.service import today
from monitor.tables import Quiet, Reason

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]


@pytest.fixture(scope="module")
def quieted(service: Served) -> str:
    """A household of which the caseworker found that it needs nothing."""
    day = today()
    with database.reading(service.engine) as session:
        told = select(Reason.alert_id).where(Reason.quiet_days > 0, Reason.status == "active").group_by(Reason.alert_id)
        many = set(session.scalars(told.having(func.count() > 1)))
    alert = next(one for one in service.alerts(town=TOWN) if one.id in many)
    by = Viewer(service.worker(PEOPLE["caseworker"]), PEOPLE["caseworker"].name, "caseworker", TOWN)
    with database.transaction(service.engine) as session:
        found = Visit(uuid.uuid4(), day, "home", "no_need", "NE_SHORT", note="子女均在市区工作")
        record(session, alert.id, found, by=by, office=Office(service.keyring, day, policy.load(day, known_on=day)))
    return service.household_no(alert)


def standing(service: Served) -> set[tuple[str | None, str]]:
    with database.reading(service.engine) as session:
        return {(one.ended_why, one.rule) for one in session.scalars(select(Quiet))}


def test_a_supervisor_looks_through_what_is_kept_quiet_and_lifts_one_with_a_reason(
    page: Page, service: Served, quieted: str, signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    before = standing(service)
    assert before
    assert {why for why, _ in before} == {None}
    signed_in_as("supervisor").goto("/quiets")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=quieted).first
    expect(line).to_contain_text("困难已缓解")
    expect(line).to_contain_text(PEOPLE["caseworker"].name)
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=quieted).first).to_be_focused()
    line.get_by_role("button", name="解除静默").click()
    expect(line.get_by_role("button", name="确定解除")).to_be_disabled()
    shot(page, "quiets-lifting")
    accessible(page)
    line.get_by_label("解除原因").select_option(label="该户提出困难")
    line.get_by_role("button", name="确定解除").click()
    expect(page.get_by_text("已解除静默")).to_be_visible()
    after = standing(service)
    assert [why for why, _ in after if why is not None] == ["lifted:ASKED"]
    assert len(after) == len(before)


def test_a_narrowing_that_hides_all_says_so_and_can_be_cleared(
    page: Page, quieted: str, signed_in_as: SignInAs, accessible: Callable[[Page], None]
) -> None:
    signed_in_as("supervisor").goto("/quiets?region=340203")
    at_rest(page)
    expect(page.get_by_text("没有符合条件的内容")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="清除筛选").click()
    expect(page.get_by_text("没有符合条件的内容")).to_have_count(0)
    assert "region" not in page.url


def test_the_household_shows_its_quiet_rules_to_who_may_not_lift_them_too(
    page: Page, quieted: str, signed_in_as: SignInAs, shot: Callable[[Page, str], None]
) -> None:
    signed_in_as("assistant").goto(f"/households/{quieted}")
    at_rest(page)
    panel = page.get_by_role("region", name="静默中的规则")
    expect(panel.get_by_role("listitem").first).to_contain_text("困难已缓解")
    expect(panel.get_by_role("button", name="解除静默")).to_have_count(0)
    shot(page, "household-quiets")


def test_one_rule_is_paused_from_its_alert_and_stands_on_the_list_as_paused(
    page: Page, service: Served, signed_in_as: SignInAs, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    with database.reading(service.engine) as session:
        told = select(Reason.alert_id).where(Reason.quiet_days > 0, Reason.status == "active")
        able = set(session.scalars(told))
        quiet = set(session.scalars(select(Quiet.household_id)))
    alert = next(one for one in service.alerts(town=TOWN) if one.id in able and one.household_id not in quiet)
    signed_in_as("supervisor").goto(f"/alerts/{alert.id}")
    at_rest(page)
    page.get_by_text("该户暂停此规则").click()
    panel = page.get_by_role("group", name="该户暂停此规则")
    expect(panel.get_by_role("button", name="暂停")).to_be_disabled()
    panel.get_by_label("暂停原因").select_option(label="正在办理，等待结果")
    shot(page, "alert-pausing")
    accessible(page)
    panel.get_by_role("button", name="暂停").click()
    expect(page.get_by_text("已暂停；可在静默名单中解除。")).to_be_visible()
    page.goto("/quiets?paused=true")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=service.household_no(alert))
    expect(line).to_contain_text("人工暂停：正在办理，等待结果")
    expect(line).to_contain_text(PEOPLE["supervisor"].name)
