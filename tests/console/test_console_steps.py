"""The second look at a finding with its pictures, what moves to another region, and what a department answered."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from demo_city import OTHER_TOWN, PEOPLE, TOWN
from PIL import Image
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import select

from monitor import database, policy
from monitor.access import Viewer
from monitor.cases import Office, Visit, record
from monitor.service import today
from monitor.tables import Alert, AuditEntry, Referral

DATABASES = ["sqlite"]
SignInAs = Callable[..., Page]
OWN = {"X-Lowincome": "1"}


class Careful(Office):
    """An office whose policy has the township look at everything that its people end; the shipped one asks for none."""

    def amount(self, name: str, **where: Any) -> float | None:
        return 1.0 if name == "review.township_share" else super().amount(name, **where)


@pytest.fixture
def mine(service: Served) -> Alert:
    return service.leave(1, PEOPLE["caseworker"])[0]


def picture() -> bytes:
    written = io.BytesIO()
    Image.effect_noise((120, 90), 90).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def ends(page: Page, service: Served, alert: Alert) -> None:
    """Let the caseworker find that nothing is needed, with a picture: it goes to somebody else's review."""
    day, key = today(), uuid.uuid4()
    found = Visit(key, day, "home", "no_need", "NE_SUP", note="子女均在市区工作")
    by = Viewer(service.worker(PEOPLE["caseworker"]), PEOPLE["caseworker"].name, "caseworker", TOWN)
    office = Careful(service.keyring, day, policy.load(day, known_on=day))
    with database.transaction(service.engine) as session:
        record(session, alert.id, found, by=by, office=office)
    kept = page.request.post(
        f"/api/v1/photos?id={uuid.uuid4()}&follow_up={key}", data=picture(),
        headers=OWN | {"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert kept.status == 201


def test_a_finding_is_reviewed_by_another_who_sees_its_pictures_and_may_send_it_back(
    page: Page, phone: Page, service: Served, signed_in_as: SignInAs, mine: Alert, accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    ends(signed_in_as("caseworker", on=phone), service, mine)
    assert service.alert(mine.id).status == "town_review"
    signed_in_as("colleague").goto("/queue")
    at_rest(page)
    page.get_by_role("button", name=re.compile("^待我复核 1")).click()
    page.get_by_role("link", name=re.compile(service.household_no(mine))).click()
    review = page.get_by_role("region", name=re.compile("^复核：核实无需帮扶"))
    expect(review).to_contain_text("赡养人有能力")
    page.get_by_role("button", name="查看照片（1 张，查看留痕）").click()
    expect(page.get_by_role("img", name="照片 1")).to_be_visible()
    with database.reading(service.engine) as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "photo.shown")).first() is not None
    accessible(page)
    shot(page, "alert-review")
    chain = page.get_by_role("region", name="一户一条救助链")
    expect(chain.get_by_role("listitem").filter(has_text="核查：核实无需帮扶")).to_contain_text("经办：林晓")
    review.get_by_label("原因").select_option(label="须入户核实")
    review.get_by_role("button", name="退回补正").click()
    expect(page.get_by_text("已退回补正")).to_be_visible()
    assert service.alert(mine.id).status == "returned"

    ends(phone, service, mine)
    page.reload()
    page.get_by_role("region", name=re.compile("^复核")).get_by_role("button", name="同意").click()
    expect(page.get_by_text("已同意")).to_be_visible()
    assert service.alert(mine.id).status in ("closed", "county_review")
    expect(page.get_by_role("region", name=re.compile("^复核"))).to_have_count(0)
    page.goto(f"/households/{service.household_no(mine)}")
    page.get_by_role("button", name="照片", exact=True).first.click()
    page.get_by_role("button", name="查看照片（1 张，查看留痕）").click()
    expect(page.get_by_role("img", name="照片 1")).to_be_visible()
    shot(page, "household-photos")


def test_a_household_that_lives_elsewhere_is_handed_over_and_taken_there(
    page: Page, phone: Page, service: Served, signed_in_as: SignInAs, mine: Alert, shot: Callable[[Page, str], None]
) -> None:
    signed_in_as("reviewer").goto(f"/alerts/{mine.id}")
    at_rest(page)
    page.get_by_role("button", name="移交").click()
    panel = page.get_by_role("group", name="移交")
    panel.get_by_label(re.compile("^移交到")).fill(OTHER_TOWN)
    shot(page, "alert-hand-over")
    panel.get_by_role("button", name="移交").click()
    expect(page.get_by_text("已移交", exact=True)).to_be_visible()
    assert service.alert(mine.id).status == "transferred"
    signed_in_as("stranger", on=phone).goto(f"/alerts/{mine.id}")
    phone.get_by_role("region", name=re.compile("移交过来")).get_by_role("button", name="接收").click()
    expect(phone.get_by_text("已接收")).to_be_visible()
    taken = service.alert(mine.id)
    assert (taken.town, taken.status) == (OTHER_TOWN, "open")


def test_a_departments_answer_is_recorded_where_the_alert_is(
    page: Page, service: Served, signed_in_as: SignInAs, mine: Alert, accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    signed_in_as("caseworker")
    due = today().replace(year=today().year + 1)
    sent = {"id": str(uuid.uuid4()), "code": "RF_EMP", "department": "human_resources", "due_on": str(due)}
    version = service.alert(mine.id).version
    asked = page.request.post(
        f"/api/v1/alerts/{mine.id}/referrals", data=sent, headers=OWN | {"If-Match": f'"{version}"'}
    )
    assert asked.status == 201
    page.goto(f"/alerts/{mine.id}")
    referral = page.get_by_role("group", name=re.compile("转就业援助"))
    referral.get_by_role("button", name="部门已受理").click()
    expect(referral.get_by_role("button", name="部门已受理")).to_have_count(0)
    expect(referral).to_contain_text("已受理")
    accessible(page)
    shot(page, "alert-referred")
    referral.get_by_label("回执号").fill("RS-2026-118")
    referral.get_by_role("button", name="部门已办结").click()
    expect(page.get_by_role("heading", name="转办情况")).to_have_count(0)
    with database.reading(service.engine) as session:
        kept = session.get_one(Referral, uuid.UUID(sent["id"]))
        assert (kept.status, kept.receipt_no) == ("done", "RS-2026-118")
    assert service.alert(mine.id).status == "assigned"


def with_rows(service: Served) -> tuple[Alert, dict[str, Any]]:
    """An open alert of the township that rests on rows of data, and the first of them."""
    for alert in service.alerts(town=TOWN):
        with database.reading(service.engine) as session:
            rows = [row for one in session.get_one(Alert, alert.id).reasons for row in one.evidence]
        if rows:
            return alert, rows[0]
    raise AssertionError("the city of the tests has alerts that rest on rows")


def test_a_row_that_is_wrong_goes_to_who_answers_for_it_whose_answer_stands_where_the_alert_is(
    page: Page, phone: Page, service: Served, signed_in_as: SignInAs, accessible: Callable[[Page], None],
    shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    alert, row = with_rows(service)
    batch = f"{row['delivery']}·{row['row']}"
    signed_in_as("caseworker").goto(f"/alerts/{alert.id}")
    line = page.get_by_role("row").filter(has_text=batch).first
    line.get_by_role("button", name="数据有误").click()
    panel = page.get_by_role("group", name="提请更正")
    expect(panel).to_contain_text(batch)
    expect(panel.get_by_role("button", name="提请更正")).to_be_disabled()
    panel.get_by_label("哪里有误").select_option(label="金额错误")
    expect(panel.get_by_label("负责部门", exact=True)).not_to_have_value("")
    at_rest(page)
    accessible(page)
    shot(page, "alert-row-disputed")
    panel.get_by_role("button", name="提请更正").click()
    expect(line).to_contain_text("更正中")
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("region", name="数据更正")).to_contain_text("已撤回 · 提请有误")
    line.get_by_role("button", name="数据有误").click()
    panel.get_by_label("哪里有误").select_option(label="金额错误")
    panel.get_by_label("负责部门", exact=True).fill("human_resources")
    panel.get_by_label(re.compile("^说明")).fill("与本人出示的票据不符")
    panel.get_by_role("button", name="提请更正").click()
    expect(line).to_contain_text("更正中")
    chosen = select(Referral).where(Referral.alert_id == alert.id, Referral.ended_at.is_(None))
    with database.reading(service.engine) as session:
        asked = session.scalars(chosen).one()
    assert (asked.status, asked.code, asked.row_no) == ("sent", "ERR_AMT", row["row"])
    assert (service.alert(alert.id).status, service.alert(alert.id).level) == ("open", alert.level)
    signed_in_as("department", on=phone).goto(f"/referrals?referral={asked.id}")
    phone.get_by_label("显示").select_option(label="仅数据更正")
    expect(phone.get_by_role("button", name="数据更正（金额错误）")).to_be_visible()
    task = phone.get_by_role("region", name="转办内容")
    expect(task).to_contain_text(batch)
    expect(task).to_contain_text("与本人出示的票据不符")
    at_rest(phone)
    shot(phone, "correction-open")
    task.get_by_label("退回原因").select_option(label="核对无误")
    task.get_by_role("button", name="退回").click()
    expect(phone.get_by_text("转办单位会看到原因")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="数据更正")).to_contain_text("未更正 · 核对无误")
    expect(page.get_by_role("region", name="一户一条救助链")).to_contain_text(f"第{row['row']}行）未更正：核对无误")
    expect(line.get_by_role("button", name="数据有误")).to_be_visible()
