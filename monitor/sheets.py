"""Workbooks for people: every cell text, nothing that a spreadsheet would carry out, and who took it on top."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_TEXT = 32_767
# What a spreadsheet, or one that reads the cells out again as CSV, would take for a formula; full width included.
_FORMULA = re.compile(r"^[\s\x00]*[=+\-@＝＋－＠\t\r\n\x00]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Watermark:
    """Who took the sheet, when, what for, and the number by which the audit knows it."""

    who: str
    when: str
    why: str
    number: str

    @property
    def text(self) -> str:
        """The line above the table."""
        return f"内部资料，仅限公务使用 / for official use only · {self.who} · {self.when} · {self.why} · {self.number}"


def harmless(value: object) -> str:
    """Return what a cell shows for ``value``: text that no spreadsheet carries out; None is empty.

    A text that begins like a formula gets an apostrophe before it; characters that no workbook may hold go.
    """
    text = "" if value is None else str(value)
    bare = _FORBIDDEN.sub("", text)[: MOST_TEXT - 1]
    return f"'{bare}" if _FORMULA.match(text) or _FORMULA.match(bare) else bare


def workbook(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[object]], *, watermark: Watermark | None
) -> bytes:
    """Return an xlsx with one sheet: the watermark, the headings, then ``rows``; every cell is typed as text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    first = 1 if watermark is None else 2
    sheet.freeze_panes = f"A{first + 1}"
    for place, heading in enumerate(headings, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = max(14, 2 * len(heading) + 2)
    if watermark is not None:
        sheet.append([_cell(sheet, watermark.text, bold=True)])
    sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - counted for the filter
        sheet.append([_cell(sheet, value) for value in row])
    sheet.auto_filter.ref = f"A{first}:{get_column_letter(max(len(headings), 1))}{first + count}"
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _cell(sheet: object, value: object, *, bold: bool = False) -> WriteOnlyCell:
    made = WriteOnlyCell(sheet, value=harmless(value))
    made.data_type, made.number_format = "s", "@"
    if bold:
        made.font = Font(bold=True)
    return made
