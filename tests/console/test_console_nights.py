"""The operator's failed night: told in plain words with what to do, run again; a delivery that waits is decided."""

from collections.abc import Callable

import pytest
from demo_city import BEFORE
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import select

from jobs import ledger
from monitor import database, feeds
from monitor.service import today
from monitor.tables import Delivery, Run

STAGE = BEFORE
EMPTY = "settlement_id,id_no,name,settled_on,kind,total_fee,self_pay,cancelled\n"


@pytest.fixture(scope="module", autouse=True)
def failed(service: Served) -> None:
    service.fail_last_night()


def test_a_failed_night_is_told_in_plain_words_and_run_again(
    page: Page, service: Served, signed_in_as: Callable[..., Page], shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("administrator")
    page.goto("/nights")
    at_rest(page)
    bar = page.get_by_role("alert").filter(has_text="没有完成")
    expect(bar).to_contain_text(today().isoformat())
    expect(bar).to_contain_text("预警工作台现在显示的是截止")
    shot(page, "nights-failed")
    accessible(page)
    bar.get_by_role("button", name="重新运行").click()
    expect(page.get_by_role("alert").filter(has_text="正在重新运行")).to_be_visible()
    with database.reading(service.engine) as session:
        run = session.scalars(select(Run).where(Run.job == "scan").order_by(Run.as_of.desc())).first()
        assert run is not None
        assert (run.as_of, run.status) == (today(), "requested")


def test_a_delivery_that_waits_is_turned_away_with_a_reason(
    page: Page, service: Served, signed_in_as: Callable[..., Page], tmp_path_factory: pytest.TempPathFactory,
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("sent") / "medical_settlements.csv"
    path.write_text(EMPTY, encoding="utf-8")
    receipt = feeds.ingest(service.behind, path, received_on=today())
    assert receipt.status == "held"
    signed_in_as("supervisor")
    page.goto("/nights")
    at_rest(page)
    waiting = page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=3)).first
    shot(page, "nights-held")
    accessible(page)
    expect(waiting.get_by_role("button", name="退回")).to_be_disabled()
    waiting.get_by_label("理由").fill("空文件，已请医保局重报")
    waiting.get_by_role("button", name="退回").click()
    expect(page.get_by_text("没有等待处理的批次。")).to_be_visible()
    with database.reading(service.engine) as session:
        assert session.get_one(Delivery, receipt.delivery_id).status == "rejected"


def test_who_may_not_run_it_again_is_told_whom_to_ask(page: Page, signed_in_as: Callable[..., Page]) -> None:
    signed_in_as("caseworker")
    page.goto("/nights")
    at_rest(page)
    assert page.get_by_role("button", name="重新运行").count() == 0
    expect(page.get_by_role("heading", level=2, name="部门数据")).to_be_visible()


def test_a_night_on_hold_says_why_in_words_and_is_let_go(
    page: Page, service: Served, signed_in_as: Callable[..., Page], shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    why = "lone_elder 命中 103 户，平常 3 户 / lone_elder fires for 103, usually for 3"
    with database.transaction(service.engine) as session:
        ledger.hold(session, "scan", as_of=today(), by="guard", reason=why)
    signed_in_as("administrator").goto("/nights")
    at_rest(page)
    bar = page.get_by_role("alert").filter(has_text="已搁置，等待人工复核")
    expect(bar).to_contain_text("lone_elder 命中 103 户，平常 3 户")
    expect(bar).not_to_contain_text("usually")
    accessible(page)
    shot(page, "nights-on-hold")
    bar.get_by_role("button", name="放行").click()
    expect(page.get_by_role("alert").filter(has_text="正在重新运行")).to_be_visible()
