"""The supervisor's ten minutes: every number of the board leads to exactly its rows, and to nobody's name."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from screens import at_rest
from served import Served

from jobs.follow import follow
from monitor.service import today

CARDS = ("未办结", "逾期率", "未分派", "误报率")


@pytest.fixture
def board(page: Page, service: Served, signed_in_as: Callable[..., Page]) -> Page:
    """The board, its figures brought up to date."""
    follow(service.behind, today())
    signed_in_as("supervisor")
    page.goto("/board")
    at_rest(page)
    return page


def card(page: Page, name: str) -> Page:
    return page.get_by_role("link", name=re.compile(f"^{name}：查看明细"))  # type: ignore[return-value]


def test_a_card_leads_to_exactly_as_many_rows_as_it_says(board: Page) -> None:
    said = card(board, "未办结").inner_text().replace(",", "")
    assert int(said) > 0
    card(board, "未办结").click()
    expect(board.get_by_role("status").filter(has_text="共")).to_contain_text(f"共 {int(said):,} 件")
    rows = board.locator("tbody tr")
    for shown in range(100, int(said), 100):
        expect(rows).to_have_count(shown)
        board.get_by_role("button", name="再列出一些").click()
    expect(rows).to_have_count(int(said))
    board.get_by_role("link", name="返回监管看板").click()
    for name in CARDS:
        expect(card(board, name)).to_be_visible()


def test_a_chart_has_its_sentence_and_its_table_and_the_table_leads_on(board: Page) -> None:
    towns = board.get_by_role("figure").filter(has_text="未办结，最多的是")
    expect(towns.get_by_role("img")).to_be_visible()
    towns.get_by_role("button", name="查看数据表").click()
    counts = [int(one.replace(",", "")) for one in towns.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert sum(counts) == int(card(board, "未办结").inner_text().replace(",", ""))
    towns.locator("tbody tr").first.get_by_role("link").first.click()
    expect(board.get_by_role("status").filter(has_text="共")).to_contain_text(f"共 {counts[0]:,} 件")


def test_a_rule_leads_to_the_alerts_that_it_was_behind(board: Page) -> None:
    row = board.get_by_role("row").filter(has=board.get_by_role("rowheader")).last
    hits = row.get_by_role("link").first
    said = hits.inner_text()
    hits.click()
    expect(board.get_by_role("status").filter(has_text="共")).to_contain_text(f"共 {said} 件")


def test_a_report_is_taken_out_with_what_it_is_for(board: Page) -> None:
    board.get_by_role("button", name="导出报表").click()
    dialog = board.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="导出报表")).to_be_disabled()
    dialog.get_by_label("用途（印在表头）").fill("季度例会材料")
    with board.expect_download() as waited:
        dialog.get_by_role("button", name="导出报表").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(waited.value.path()).read_bytes()))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert "季度例会材料" in str(rows[0][0])
    assert len(rows) > 2


def test_the_board_names_no_worker_and_says_how_far_it_has_come(board: Page, service: Served) -> None:
    text = board.inner_text("main")
    assert "数据截至" in text
    assert "不按工作人员姓名排名" in text
    assert not [name for name in ("林晓", "黄敏", "周宁", "何平") if name in text]
