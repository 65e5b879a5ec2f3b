"""Sheets in and out: looked at, columns named and remembered, recorded, taken back; an export that two agree to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from demo_city import TOWN
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served
from sqlalchemy import func, select

from monitor import database
from monitor.service import today
from monitor.tables import Delivery, FollowUp

HEADER = "编号,哪天去的,怎么去的,结果,说明\n"


@pytest.fixture
def exchange(page: Page, service: Served, signed_in_as: Callable[..., Page]) -> Page:
    signed_in_as("caseworker")
    page.goto("/exchange")
    at_rest(page)
    return page


def sheet(service: Served, folder: Path, *, place: int) -> Path:
    """A sheet with titles of its own, as a township keeps them: one row that is good and one that is not."""
    number = service.household_no(service.alerts(town=TOWN)[place])
    path = folder / "走访.csv"
    day = today().isoformat()
    rows = f"{number},{day},电话,未联系上,没有人接\nH999999,{day},入户,情况属实,\n"
    path.write_bytes((HEADER + rows).encode("gb18030"))
    return path


def standing(service: Served) -> int:
    with database.reading(service.engine) as session:
        chosen = select(func.count()).select_from(FollowUp).where(FollowUp.undone_at.is_(None))
        return session.scalar(chosen) or 0


def choose(page: Page, name: str, path: Path) -> None:
    with page.expect_file_chooser() as waited:
        page.get_by_role("button", name=name).click()
    waited.value.set_files(path)


def test_a_sheet_of_ones_own_is_looked_at_recorded_and_taken_back(
    exchange: Page, service: Served, tmp_path: Path, shot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    before = standing(service)
    choose(exchange, "选择文件", sheet(service, tmp_path, place=0))
    expect(exchange.get_by_text("文字编码：GB18030")).to_be_visible()
    for title, place in (("户编号", 0), ("核查日期", 1), ("方式", 2), ("结论", 3)):
        exchange.get_by_label(title).first.select_option(str(place))
        exchange.wait_for_load_state("networkidle")
    expect(exchange.get_by_text("将登记 1 行；0 行此前已登记；1 行不能登记。")).to_be_visible()
    shot(exchange, "exchange-preview")
    accessible(exchange)
    with exchange.expect_download() as waited:
        exchange.get_by_role("button", name="下载错误清单（xlsx）").click()
    assert waited.value.suggested_filename == "errors.xlsx"
    assert standing(service) == before
    exchange.get_by_role("button", name="确认登记 1 行").click()
    expect(exchange.get_by_role("status").filter(has_text="已登记 1 行").first).to_be_visible()
    assert standing(service) == before + 1
    exchange.get_by_role("button", name="整批撤回").first.click()
    exchange.get_by_role("dialog").get_by_role("button", name="整批撤回").click()
    expect(exchange.get_by_role("status").filter(has_text="已撤回 1 条")).to_be_visible()
    assert standing(service) == before
    choose(exchange, "选择文件", sheet(service, tmp_path, place=1))
    expect(exchange.get_by_text("已沿用您上次的选择。")).to_be_visible()


def test_a_file_that_is_no_sheet_is_told_at_once(exchange: Page, tmp_path: Path) -> None:
    path = tmp_path / "走访.et"
    path.write_bytes(b"x")
    choose(exchange, "选择文件", path)
    expect(exchange.get_by_role("alert").filter(has_text=".et")).to_be_visible()


def test_a_refused_delivery_is_told_why_and_what_to_do_in_both_languages_and_the_feeds_are_read_anew(
    page: Page, service: Served, signed_in_as: Callable[..., Page], tmp_path: Path,
    shot: Callable[[Page, str], None], accessible: Callable[[Page], None],
) -> None:  # fmt: skip
    signed_in_as("supervisor").goto("/exchange")
    at_rest(page)
    path = tmp_path / "medical_settlements.csv"
    path.write_text("settlement_id,name\nS1,\n", encoding="utf-8")
    page.get_by_label("数据项").select_option("medical_settlements")
    with page.expect_response("**/api/v1/deliveries?**") as answered, page.expect_response("**/api/v1/feeds"):
        choose(page, "上报", path)
    assert answered.value.status == 422
    with database.reading(service.engine) as session:
        (found,) = session.scalars(select(Delivery).where(Delivery.status == "refused")).one().problems
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text(f"文件未入库：{found['zh']}")
    expect(refused).to_contain_text("下一步：请按提示改正后重发")
    shot(page, "exchange-refused")
    accessible(page)
    page.get_by_role("button", name="English").click()
    expect(refused).to_contain_text(f"nothing of the file was taken in: {found['en']}")
    expect(refused).to_contain_text("Next: mend what is said, then send it again")


def test_alerts_go_out_as_a_workbook_with_what_for(exchange: Page) -> None:
    exchange.get_by_label("等级").select_option("red")
    exchange.get_by_label("用途（印在表头）").fill("例会材料")
    with exchange.expect_download() as waited:
        exchange.get_by_role("button", name="导出", exact=True).click()
    assert waited.value.suggested_filename.startswith("alerts-")
