"""A sheet of visits done on paper as it lies: how it is encoded, which of its columns is which of ours, its rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import Invalid
from monitor.feeds.sheets import read_book
from monitor.feeds.text import Sheet, encoding_of, read_text

COLUMNS: Mapping[str, str] = {
    "户编号": "household_no", "核查日期": "visited_on", "方式": "way", "结论": "finding", "原因代码": "reason_code",
    "下次核查日期": "next_on", "说明": "note",
}  # fmt: skip
NEEDED = ("household_no", "visited_on", "way", "finding")
MOST_ROWS = 2_000
_TITLES: Mapping[str, str] = {name: title for title, name in COLUMNS.items()}
_ALSO: Mapping[str, str] = {
    "户号": "household_no", "家庭编号": "household_no", "走访日期": "visited_on", "入户日期": "visited_on",
    "核查方式": "way", "走访方式": "way", "核查结论": "finding", "核查结果": "finding", "原因": "reason_code",
    "下次走访日期": "next_on", "备注": "note",
}  # fmt: skip
Places = Mapping[str, int]


@dataclass(frozen=True)
class Lying:
    """A sheet as it lies. ``encoding`` is of a text file, None of a workbook."""

    header: tuple[str, ...]
    encoding: str | None
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read(data: bytes, *, ending: str) -> Lying:
    """Read a sheet (``xlsx``, ``xls`` or ``csv``); refuses what cannot be read and more than 2,000 rows."""
    sheet = read_text(data) if ending == "csv" else _first_sheet(data, modern=ending == "xlsx")
    if sheet.cells.num_rows > MOST_ROWS:
        raise Invalid(zh=f"一次最多{MOST_ROWS}行，请分批", en=f"at most {MOST_ROWS} rows at a time: send it in parts")
    header = tuple(title.strip() for title in sheet.header)
    return Lying(header, encoding_of(data) if ending == "csv" else None, tuple(_filled(sheet)))


def guess(header: Sequence[str]) -> Places:
    """Return the place of each of our columns that a title of the sheet names; the first of two that do."""
    found: dict[str, int] = {}
    for place, title in enumerate(header):
        name = COLUMNS.get(title) or _ALSO.get(title)
        if name is not None:
            found.setdefault(name, place)
    return found


def lacking(places: Places) -> list[str]:
    """Return the titles of the columns that must be there and are not."""
    return [_TITLES[name] for name in NEEDED if name not in places]


def require(places: Places, header: Sequence[str]) -> None:
    """Refuse a mapping without a column that must be there, to a place that is none, or of one place to two."""
    if missing := lacking(places):
        raise Invalid(
            zh=f"缺少列：{'、'.join(missing)}；请指定对应列或使用模板",
            en=f"columns are missing ({len(missing)}): say which they are, or use the template",
        )
    if max(places.values()) >= len(header) or len(set(places.values())) < len(places):
        raise Invalid(zh="列的对应关系有误：没有这一列，或一列用了两次", en="a column is not there, or is used twice")


def cells(lying: Lying, places: Places) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each row, as the spreadsheet has it, and its cells by our names; rows of nothing are left."""
    for number, row in lying.rows:
        found = {name: row[place] for name, place in places.items()}
        if any(found.values()):
            yield number, found


def _first_sheet(data: bytes, *, modern: bool) -> Sheet:
    sheets = read_book(data, modern=modern)
    if not sheets:
        raise Invalid(zh="工作簿是空的", en="the workbook is empty")
    return sheets[0]


def _filled(sheet: Sheet) -> Iterator[tuple[int, tuple[str, ...]]]:
    columns = [column.to_pylist() for column in sheet.cells.columns]
    for place, number in enumerate(sheet.row_no):
        row = tuple((column[place] or "").strip() for column in columns)
        if any(row):
            yield int(number), row
