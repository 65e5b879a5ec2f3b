"""A recognised sheet as typed columns: which rows can be used, and what is wrong with the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.errors import Invalid
from monitor.feeds.agreed import REGISTER, Recognised
from monitor.feeds.columns import TYPES, Read, read_column
from monitor.feeds.problems import Places, RowFaults
from monitor.feeds.text import Sheet
from monitor.feeds.values import folded
from monitor.matching import numbers
from monitor.matching.ids import Kind
from monitor.matching.numbers import Numbers
from monitor.policy.feed_pages import Column, FeedPage

# The one column of type secret that is shown: in verdicts and addresses of pages.
HOUSEHOLD_NO = (REGISTER, "household_id")
ID_DIGITS = 15  # the fewest that a whole number has
UNREAD = ("id", "name", "phone", "address")


@dataclass(frozen=True)
class Checked:
    """The rows of a delivery, typed. Row numbers are a spreadsheet's; ragged rows stand after the others.

    ``values`` holds every column found except people's own data, which ``cells`` gives as it was written.
    """

    page: FeedPage
    mode: str
    row_no: npt.NDArray[np.int32]
    values: Mapping[str, pa.Array]
    cells: Mapping[str, pa.Array]
    faults: RowFaults

    @property
    def rows(self) -> int:
        """How many rows the file has, ragged ones included."""
        return len(self.row_no)

    @property
    def whole(self) -> int:
        """How many rows have the header's number of fields: the length of every column here."""
        return next((len(column) for column in self.columns().values()), 0)

    def columns(self) -> dict[str, pa.Array]:
        """Return every column found: typed, or as written where it is people's own data."""
        return {**self.values, **self.cells}

    def usable(self) -> npt.NDArray[np.bool_]:
        """Return which of the whole rows have no error."""
        return ~self.faults.bad()[: self.whole]

    @property
    def id_column(self) -> str | None:
        """The name of the column with ID numbers, if the file has one."""
        return next((name for name in self.cells if self.page.columns[name].type == "id"), None)

    @cached_property
    def numbers(self) -> Numbers:
        """The ID numbers of all whole rows, read once; there must be an ID column."""
        return numbers.normalise(self.cells[str(self.id_column)])


def check(found: Recognised, *, mode: str, received_on: date, vouched: bool) -> Checked:
    """Type every column of a recognised sheet and note each fault with its row.

    A withdrawal needs and reads the key's columns only. Refuses a file whose last line has no end unless a
    manifest vouches for it or the last cell is complete by its type.
    """
    page = found.page
    places = {name: at for name, at in found.places.items() if mode != "withdraw" or name in page.key}
    sheet, cells = _without_blank_rows(found.sheet, places)
    faults = RowFaults(len(sheet.row_no) + len(sheet.ragged))
    faults.error("", "fields", np.arange(len(sheet.row_no), faults.rows))
    values: dict[str, pa.Array] = {}
    for name in places:
        if page.columns[name].type not in UNREAD:
            read = read_column(page.columns[name], cells[name], received_on=received_on, spreadsheet=sheet.spreadsheet)
            _record(faults, name, read)
            if (page.name, name) == HOUSEHOLD_NO:
                faults.error(name, "personal", _whole_numbers(cells[name]))
            values[name] = read.values
    values |= _defaults(page, values, len(sheet.row_no)) if mode != "withdraw" else {}
    row_no = np.concatenate([sheet.row_no, np.array(sheet.ragged, dtype=np.int32)])
    checked = Checked(page, mode, row_no, values, {name: cells[name] for name in places if name not in values}, faults)
    if sheet.open_end and not vouched and len(sheet.row_no):
        _demand_complete(found, cells)
    return checked


def _whole_numbers(cells: pa.Array) -> Places:
    """Return the rows that hold a resident's whole ID number; short cells, which most are, need no reading."""
    long = np.flatnonzero(pc.fill_null(pc.greater_equal(pc.utf8_length(cells), ID_DIGITS), False))
    found: Places = long[numbers.normalise(cells.take(pa.array(long))).kinds == Kind.RESIDENT]
    return found


def _defaults(page: FeedPage, found: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    """A column that the file leaves out has its page's default in every row."""
    return {
        name: pa.repeat(pa.scalar(column.default, TYPES[column.type]), rows)
        for name, column in page.columns.items()
        if column.default is not None and name not in found
    }


def _record(faults: RowFaults, name: str, read: Read) -> None:
    for code, rows in read.wrong.items():
        faults.error(name, code, rows, read.shapes[code])
    for code, rows in read.noted.items():
        faults.note(name, code, rows)


def _without_blank_rows(sheet: Sheet, places: Mapping[str, int]) -> tuple[Sheet, dict[str, pa.Array]]:
    """Leave out rows without any cell; they still count in the numbering."""
    cells = {name: _joined(sheet.cells.column(place)) for name, place in places.items()}
    blank = np.ones(sheet.cells.num_rows, dtype=np.bool_)
    for column in [*cells.values(), *sheet.cells.columns]:
        if not column.null_count or not blank.any():
            return sheet, cells
        blank &= pc.is_null(column).to_numpy(zero_copy_only=False)
    if not blank.any():
        return sheet, cells
    kept = pa.array(~blank)
    return replace(sheet, row_no=sheet.row_no[~blank]), {name: column.filter(kept) for name, column in cells.items()}


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


_COMPLETE: dict[str, re.Pattern[str]] = {
    "id": re.compile(r"\d{17}[\dXx]"),
    "date": re.compile(r"\d{4}-\d\d-\d\d|\d{8}"),
    "month": re.compile(r"\d{4}-\d\d|\d{6}"),
    "term": re.compile(r"\d{4}-\d{4}-[123]"),
    "region": re.compile(r"\d{12}"),
    "flag": re.compile(r"[01是否]"),
}


def _demand_complete(found: Recognised, cells: Mapping[str, pa.Array]) -> None:
    last = len(found.sheet.header) - 1
    name = next((name for name, place in found.places.items() if place == last), None)
    if name is None or (name in cells and _complete(found.page.columns[name], cells[name][-1].as_py())):
        return
    raise Invalid(
        zh="最后一行没有行尾，可能被截断；请重新发送，或附上写明 sha256 的清单文件",
        en="the last line has no line end and may be cut off; send the file again, or with a manifest of its sha256",
    )


def _complete(column: Column, cell: str | None) -> bool:
    """Whether ``cell`` cannot be the beginning of a longer value of its column."""
    said = folded(cell or "")
    if column.type == "code" and column.words and not column.open:
        known = {*column.words, *(column.codes or {})}
        return said in known and not any(word != said and word.startswith(said) for word in known)
    pattern = _COMPLETE.get(column.type)
    return pattern is not None and pattern.fullmatch(said) is not None


def empty_shares(checked: Checked) -> dict[str, float]:
    """Return for each column found the share of its cells that are empty or unreadable."""
    found = checked.columns().items()
    return {name: round(column.null_count / max(len(column), 1), 4) for name, column in found}
