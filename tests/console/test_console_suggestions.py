"""What the model suggests: never like an alert, made one or set aside by a person; none without a model is said so."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest
from demo_city import COUNTY, TOWN
from playwright.sync_api import Page, expect
from screens import at_rest, eventually
from served import Served
from sqlalchemy import select, update

from monitor import database, policy, sampling
from monitor.sampling import Scores
from monitor.sampling.drawing import unflagged
from monitor.service import today
from monitor.tables import Alert, Household, Scan, Suggestion

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
REASON = {
    "feature": "medical_self_pay_12m", "value": 9000.0, "added": 0.8,
    "zh": "近12个月自付医疗费：9,000元，高于无风险户（一般为800元），使评分升高",
    "en": "medical costs of 12 months: 9,000 yuan, above what is usual without risk (800 yuan), which raises the score",
}  # fmt: skip


def suggest(service: Served, count: int) -> list[str]:
    """Let a night with a champion suggest so many households of the caseworker's township; return their numbers."""
    day = today()
    with database.transaction(service.engine) as session:
        free = unflagged(session, TOWN)["household"].tolist()[:count]
        told = Scores(
            "m3d1ca1" + "0" * 9, pd.Series([0.62 - 0.2 * at for at in range(count)], index=free), {free[0]: [REASON]}
        )
        said = {"law": policy.load(day, known_on=day), "as_of": day, "region": COUNTY, "scores": told}
        done = sampling.refresh(session, keep=sampling.wanted(session, **said), **said)
        assert done["suggested"] == count
        session.execute(update(Scan).values(counts={"score": {"mode": "champion", "model": told.model}}))
        return [session.get_one(Household, key).household_no for key in free]


def standing(service: Served) -> dict[str, tuple[str, str | None]]:
    with database.reading(service.engine) as session:
        chosen = select(Household.household_no, Suggestion.status, Suggestion.decided_why)
        rows = session.execute(chosen.join(Household, Household.id == Suggestion.household_id)).all()
        return {no: (status, why) for no, status, why in rows}


@pytest.fixture(scope="module")
def suggested(service: Served) -> Sequence[str]:
    return suggest(service, 3)


def test_without_a_model_it_is_said_that_none_is_in_use_and_not_that_nobody_waits(
    page: Page, signed_in_as: SignInAs, shot: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker").goto("/suggestions")
    at_rest(page)
    expect(page.get_by_text("没有启用中的模型，因此没有建议")).to_be_visible()
    expect(page.get_by_text("尚无经批准的模型")).to_be_visible()
    expect(page.get_by_text("没有待处理的建议")).to_have_count(0)
    shot(page, "suggestions-no-model")
    accessible(page)


def test_a_suggestion_becomes_an_alert_by_a_person_and_looks_like_none_before(
    page: Page, service: Served, suggested: Sequence[str], signed_in_as: SignInAs,
    shot: Callable[[Page, str], None], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("caseworker").goto("/suggestions")
    at_rest(page)
    first = page.get_by_role("listitem").filter(has_text=suggested[0])
    for said in ("模型建议，非规则命中", "可能性约 62%", "是估计，不是结论", REASON["zh"], "第 1 位"):
        expect(first).to_contain_text(str(said))
    expect(page.locator(".level")).to_have_count(0)
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=suggested[0])).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=suggested[1])).to_be_focused()
    shot(page, "suggestions")
    first.get_by_role("button", name="确认为预警").click()
    expect(first).to_contain_text("蓝色“应助未助”预警")
    shot(page, "suggestions-confirming")
    accessible(page)
    first.get_by_role("button", name="生成预警").click()
    expect(page.get_by_text(f"{suggested[0]} 已成为预警")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=suggested[0])).to_have_count(0)
    accessible(page)
    with database.reading(service.engine) as session:
        made = session.scalar(select(Suggestion.alert_id).where(Suggestion.status == "confirmed"))
        assert session.get_one(Alert, made).level == "blue"
    page.get_by_role("link", name="查看预警").click()
    page.wait_for_url(f"**/alerts/{made}")
    expect(page.get_by_text("模型建议，非规则命中").first).to_be_visible()


def test_one_is_set_aside_on_a_phone_with_a_reason_in_words(
    phone: Page, service: Served, suggested: Sequence[str], signed_in_as: SignInAs,
    shot: Callable[[Page, str], None], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    page = signed_in_as("caseworker", on=phone)
    page.goto("/suggestions")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=suggested[1])
    line.get_by_role("button", name="不采纳").click()
    expect(line.get_by_role("button", name="确定不采纳")).to_be_disabled()
    line.get_by_label("原因").select_option(label="困难已缓解")
    shot(page, "suggestions-setting-aside")
    accessible(page)
    line.get_by_role("button", name="确定不采纳").click()
    expect(page.get_by_text(f"{suggested[1]} 的建议未采纳")).to_be_visible()
    assert standing(service)[suggested[1]] == ("dismissed", "NE_SHORT")


def test_offline_a_decision_is_not_made_and_may_be_tried_again(
    page: Page, service: Served, suggested: Sequence[str], signed_in_as: SignInAs
) -> None:
    signed_in_as("reviewer").goto("/suggestions")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=suggested[2])
    line.get_by_role("button", name="确认为预警").click()
    page.context.set_offline(True)
    line.get_by_role("button", name="生成预警").click()
    expect(line.get_by_role("alert")).to_be_visible()
    page.context.set_offline(False)
    assert standing(service)[suggested[2]] == ("open", None)


def test_who_came_second_hears_that_it_was_dealt_with_and_who_may_only_read_decides_nothing(
    page: Page, service: Served, suggested: Sequence[str], signed_in_as: SignInAs,
    shot: Callable[[Page, str], None], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("reviewer").goto("/suggestions")
    at_rest(page)
    line = page.get_by_role("listitem").filter(has_text=suggested[2])
    line.get_by_role("button", name="确认为预警").click()
    with database.transaction(service.engine) as session:
        session.execute(
            update(Suggestion)
            .where(Suggestion.status == "open")
            .values(status="lapsed", version=Suggestion.version + 1)
        )
    line.get_by_role("button", name="生成预警").click()
    expect(page.get_by_text(f"{suggested[2]} 的建议此前已处理或已失效")).to_be_visible()
    expect(page.get_by_text("没有待处理的建议")).to_be_visible()
    expect(page.get_by_text("没有启用中的模型")).to_have_count(0)
    shot(page, "suggestions-nothing")
    accessible(page)
    eventually(page, lambda: standing(service)[suggested[2]] == ("lapsed", None))


def test_who_may_only_read_them_is_offered_no_decision(page: Page, service: Served, signed_in_as: SignInAs) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Suggestion).where(Suggestion.status == "lapsed").values(status="open"))
    signed_in_as("assistant").goto("/suggestions")
    at_rest(page)
    expect(page.get_by_role("listitem").filter(has_text="可能性约")).not_to_have_count(0)
    expect(page.get_by_role("button", name="确认为预警")).to_have_count(0)
    expect(page.get_by_role("button", name="不采纳")).to_have_count(0)


def test_who_works_with_no_households_is_led_to_no_suggestions(page: Page, signed_in_as: SignInAs) -> None:
    signed_in_as("auditor").goto("/audit")
    at_rest(page)
    expect(page.get_by_role("navigation").get_by_role("link", name="模型建议")).to_have_count(0)
