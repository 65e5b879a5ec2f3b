"""What a cell means in a column of each type, and which fault it has."""

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.columns import read_column
from monitor.feeds.values import (
    read_date,
    read_decimal,
    read_flag,
    read_integer,
    read_money,
    read_month,
    read_number,
    read_region,
    read_term,
    read_text,
    reader,
    secret_reader,
)
from monitor.policy.feed_pages import Column

DAY = date(2026, 3, 5)
MONEY = Column("self_pay", ("个人自付",), "money", low=-1000, high=1_000_000)
CODED = Column(
    "degree", ("残疾等级",), "code", codes={"1": "一级", "02": "户主", "none": "无"},
    words={"一级": "1", "壹级": "1", "户主": "02", "无": "none"},
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04",
        "2025/3/4",
        "20250304",
        "2025.3.4",
        "2025年3月4日",
        "45720",
        "45720.0",
        "２０２５/３/４",
        " 2025-03-04 ",
        "2025-03-04 00:00:00",
        "2025-03-04T08:30:00",
        "20250304.0",
        "'2025-03-04",
    ],
)
def test_a_day_may_be_written_in_every_agreed_way(text: str) -> None:
    assert read_date(text) == (date(2025, 3, 4), None)


@pytest.mark.parametrize("text", ["1900-01-01", "9999-12-31", "99991231", "0000-00-00", "00000000", "0", "1899-12-30"])
def test_a_placeholder_for_a_day_is_no_day(text: str) -> None:
    assert read_date(text) == (None, "date_sentinel")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("20230230", "date_impossible"),
        ("2023-13-01", "date_impossible"),
        ("2023-04-31", "date_impossible"),
        ("1790-01-01", "date_absurd"),
        ("2500-01-01", "date_absurd"),
        ("昨天", "date"),
        ("2025", "date"),
        ("1e9", "date"),
    ],
)
def test_what_is_no_day_says_why(text: str, fault: str) -> None:
    assert read_date(text) == (None, fault)


@pytest.mark.parametrize("text", ["2016-12-31 23:59:60", "2016-12-31T23:59:60", "2017-01-01 07:59:60"])
def test_a_leap_second_belongs_to_the_day_it_is_written_with(text: str) -> None:
    assert read_date(text) == (date.fromisoformat(text[:10]), None)


@given(st.dates(date(1901, 1, 1), date(2149, 12, 31)))
def test_every_way_to_write_a_day_comes_back_to_it(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    ways = [day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day:%Y%m%d}"] + [str(serial)] * (serial >= 10_000)
    assert {read_date(way) for way in ways} == {(day, None)}


@pytest.mark.parametrize(
    "text", ["2025-03", "202503", "2025/3", "2025年3月", "2025-03-17", "20250317", "202503.0", "45720"]
)
def test_a_month_is_its_first_day(text: str) -> None:
    assert read_month(text) == (date(2025, 3, 1), None)


@pytest.mark.parametrize("text", ["2025-13", "202500", "三月", "25-03", "2025"])
def test_what_is_no_month_is_a_fault(text: str) -> None:
    assert read_month(text) == (None, "month")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("１２３４．５", "1234.5"),
        ("￥99", "99"),
        ("¥1,000,000.01", "1000000.01"),
        ("-12739.67", "-12739.67"),
        ("(88.80)", "-88.80"),
        ("1.5万元", "15000"),
        ("300元", "300"),
        ("+5", "5"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("−7", "-7"),
    ],
)
def test_an_amount_may_carry_signs_separators_and_units(text: str, amount: str) -> None:
    assert read_decimal(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["一百", "12,34", "1.2.3", "--5", "1_000", "NaN", "inf", "0x10", ".", "元", "1e999999"]
)
def test_what_is_no_amount_is_a_fault(text: str) -> None:
    assert read_money(text, MONEY)[1] in ("money", "out_of_range")
    assert read_money(text, MONEY)[0] is None


def test_an_amount_beyond_its_limits_is_a_fault_and_at_them_is_not() -> None:
    assert read_money("1000000", MONEY) == (Decimal("1000000.00"), None)
    assert read_money("1000000.01", MONEY) == (None, "out_of_range")
    assert read_money("-1000.01", MONEY) == (None, "out_of_range")


def test_amounts_are_rounded_half_up_to_the_cent() -> None:
    assert read_money("0.125", MONEY) == (Decimal("0.13"), None)
    assert read_money("3912.8900000000003", MONEY) == (Decimal("3912.89"), None)


def test_numbers_and_whole_numbers_come_as_spreadsheets_write_them() -> None:
    plain = Column("usage", ("用量",), "number")
    assert read_number("12.75", plain) == (12.75, None)
    assert read_number("many", plain) == (None, "number")
    assert read_integer("3.0", plain) == (3, None)
    assert read_integer("3.5", plain) == (None, "integer")
    assert read_integer("99999999999", plain) == (None, "out_of_range")


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("1.0", True), ("是", True), ("TRUE", True), ("0", False), ("否", False)]
)
def test_yes_and_no_are_read_in_every_agreed_way(text: str, flag: bool) -> None:
    assert read_flag(text) == (flag, None)
    assert read_flag("maybe") == (None, "flag")


@pytest.mark.parametrize(
    ("text", "code"), [("1", "1"), ("1.0", "1"), ("01", "1"), ("一级", "1"), ("壹级", "1"), ("2", "02")]
)
def test_a_code_is_read_from_itself_its_words_and_its_float(text: str, code: str) -> None:
    assert reader(CODED, spreadsheet=False)(text) == (code, None)


def test_a_code_that_means_none_is_not_an_empty_cell() -> None:
    assert reader(CODED, spreadsheet=False)("none") == ("none", None)
    assert reader(CODED, spreadsheet=False)("NULL") == (None, None)


def test_a_code_outside_a_closed_list_is_a_fault_and_kept_in_an_open_one() -> None:
    opened = Column("kind", ("灾种",), "code", codes={"flood": "洪涝"}, words={"洪涝": "flood"}, open=True)
    assert reader(CODED, spreadsheet=False)("9") == (None, "code")
    assert reader(opened, spreadsheet=False)("hail") == ("hail", None)
    assert reader(opened, spreadsheet=False)("洪涝") == ("flood", None)


@pytest.mark.parametrize(
    "text", ["2025-2026-1", "2025-2026-01", "2025-2026学年第一学期", "20252026-1", "２０２５-２０２６-１"]
)
def test_a_school_term_has_one_form(text: str) -> None:
    assert read_term(text) == ("2025-2026-1", None)


@pytest.mark.parametrize("text", ["2025-2027-1", "2025-1", "2025-2026-4", "秋季"])
def test_what_is_no_school_term_is_a_fault(text: str) -> None:
    assert read_term(text) == (None, "term")


def test_a_region_code_is_filled_up_to_twelve_digits() -> None:
    assert read_region("340202") == ("340202000000", None)
    assert read_region("340202101002.0") == ("340202101002", None)
    assert read_region("镜湖区") == (None, "region")
    assert read_region("34020") == (None, "region")


@pytest.mark.parametrize(
    "text", ["340298199001010008", "34029819900101000x", "340298900101000", "13900000000", "李某 13900000000"]
)
def test_what_looks_like_a_persons_number_never_enters_the_lake_as_text(text: str) -> None:
    assert read_text(text) == (None, "personal")
    opened = Column("kind", ("灾种",), "code", codes={}, open=True)
    assert reader(opened, spreadsheet=False)(text) == (None, "personal")


def test_long_text_and_text_of_several_lines_are_faults() -> None:
    assert read_text("第8小学") == ("第8小学", None)
    assert read_text("字" * 201) == (None, "too_long")
    assert read_text("a\nb") == (None, "too_long")


def test_a_number_that_a_spreadsheet_cut_is_lost_and_a_short_one_is_not() -> None:
    sheet = secret_reader(spreadsheet=True)
    assert sheet("1234.0") == ("1234", None)
    assert sheet("3.4e+27") == (None, "precision_lost")
    assert sheet("1234567890123456.0") == (None, "precision_lost")
    assert secret_reader(spreadsheet=False)("1234.0") == ("1234.0", None)


AMOUNTS = st.one_of(
    st.decimals(-2000, 2_000_000, places=2).map(str),
    st.decimals(-10, 10, places=5).map(str),
    st.sampled_from(["", "1,234.50", "￥3", "12,3", "abc", "-", "1e3", "(5.00)", "1.5万"]),
)


@given(st.lists(st.one_of(st.none(), AMOUNTS), max_size=30))
def test_a_column_of_amounts_is_read_as_its_cells_are_one_by_one(cells: list[str | None]) -> None:
    read = read_column(MONEY, pa.array(cells, pa.string()), received_on=DAY)
    alone = [(None, None) if cell in (None, "", "-") else read_money(str(cell), MONEY) for cell in cells]
    assert read.values.to_pylist() == [value for value, _ in alone]
    faults = {row: code for code, rows in read.wrong.items() for row in rows.tolist()}
    assert faults == {row: fault for row, (_, fault) in enumerate(alone) if fault}


WRITTEN_DAYS = st.one_of(
    st.dates(date(1870, 1, 1), date(2160, 12, 31)).map(date.isoformat),
    st.from_regex(r"\A(18|19|20|21|99)[0-9]{2}-[0-3][0-9]-[0-3][0-9]\Z"),
    st.sampled_from(
        [
            "",
            "—",
            "20260102",
            "2026/1/2",
            "2026-02-29",
            "1900-01-01",
            "9999-12-31",
            "45678",
            "上月",
            "２０２６-０１-０２",
        ]
    ),
)


@given(st.lists(st.one_of(st.none(), WRITTEN_DAYS), max_size=30))
def test_a_column_of_days_is_read_as_its_cells_are_one_by_one(cells: list[str | None]) -> None:
    column = Column("settled_on", ("结算日期",), "date", required=True, future=True)
    read = read_column(column, pa.array(cells, pa.string()), received_on=DAY)
    alone = [(None, "missing") if cell in (None, "", "—") else read_date(str(cell)) for cell in cells]
    assert read.values.to_pylist() == [value for value, _ in alone]
    faults = {row: code for code, rows in read.wrong.items() for row in rows.tolist()}
    assert faults == {row: fault for row, (_, fault) in enumerate(alone) if fault}


WORDS = st.one_of(st.from_regex(r"\A[0-9A-Za-z_皖 　Ａ'.-]{0,12}\Z"), st.sampled_from(["NULL", "1234.0", "3E+17", "—"]))


@given(st.lists(st.one_of(st.none(), WORDS), max_size=30), st.booleans())
def test_a_column_of_plate_numbers_is_read_as_its_cells_are_one_by_one(
    cells: list[str | None], spreadsheet: bool
) -> None:
    column = Column("plate_no", ("号牌号码",), "secret")
    read = read_column(column, pa.array(cells, pa.string()), received_on=DAY, spreadsheet=spreadsheet)
    one = secret_reader(spreadsheet=spreadsheet)
    alone = [(None, None) if cell is None else one(cell) for cell in cells]
    assert read.values.to_pylist() == [value for value, _ in alone]


def test_an_empty_required_cell_is_missing_and_an_optional_one_is_not() -> None:
    cells = pa.array(["2026-01-01", None, " ", "1900-01-01"])
    required = read_column(Column("settled_on", ("结算日期",), "date", required=True), cells, received_on=DAY)
    optional = read_column(Column("cured_on", ("治愈日期",), "date"), cells, received_on=DAY)
    assert {code: rows.tolist() for code, rows in required.wrong.items()} == {"missing": [1, 2], "date_sentinel": [3]}
    assert optional.wrong == {}
    assert {code: rows.tolist() for code, rows in optional.noted.items()} == {"date_sentinel": [3]}


def test_a_day_after_the_receipt_is_noted_unless_the_column_may_plan_ahead() -> None:
    cells = pa.array([DAY.isoformat(), (DAY + timedelta(days=1)).isoformat()])
    noted = read_column(Column("settled_on", ("结算日期",), "date"), cells, received_on=DAY)
    planned = read_column(Column("repaired_on", ("改造完成日期",), "date", future=True), cells, received_on=DAY)
    assert noted.values.null_count == 0
    assert {code: rows.tolist() for code, rows in noted.noted.items()} == {"date_future": [1]}
    assert planned.noted == {}


def test_an_empty_flag_takes_the_default_of_its_page() -> None:
    column = Column("cancelled", ("是否撤销",), "flag", default=False)
    assert read_column(column, pa.array(["1", None, ""]), received_on=DAY).values.to_pylist() == [True, False, False]
