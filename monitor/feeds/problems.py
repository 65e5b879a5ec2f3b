"""What can be wrong with a delivery, said for the person who must mend it, and the list of wrong rows.

Nothing here ever repeats a cell: a shifted column puts names where codes should be. A cell is shown by its
shape alone (digits as 9, letters as A, Han characters as 汉).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
LISTED = 100_000
NOTES_LISTED = 1_000


class Saying(NamedTuple):
    """A fault in two languages, and what to do about it."""

    zh: str
    en: str
    do_zh: str
    do_en: str


SAYINGS: dict[str, Saying] = {
    "missing": Saying(
        "必填项为空", "a required cell is empty", "请补填后重发该行", "fill it in and send the row again"
    ),
    "date": Saying(
        "不是日期", "not a date", "请写成 YYYY-MM-DD、YYYY/M/D 或 YYYYMMDD", "write YYYY-MM-DD, YYYY/M/D or YYYYMMDD"
    ),
    "date_impossible": Saying("日历上没有这一天", "no calendar has this day", "请核对日期", "check the date"),
    "date_absurd": Saying("年份不合情理", "the year makes no sense", "请核对日期", "check the date"),
    "date_sentinel": Saying(
        "占位日期（如 1900-01-01、9999-12-31），按空值处理",
        "a placeholder date (such as 1900-01-01 or 9999-12-31), read as empty",
        "没有日期时请留空",
        "leave the cell empty when there is no date",
    ),
    "date_future": Saying("日期晚于收到日期", "the date lies after the day of receipt", "请核对日期", "check the date"),
    "month": Saying("不是月份", "not a month", "请写成 YYYY-MM 或 YYYYMM", "write YYYY-MM or YYYYMM"),
    "money": Saying("不是金额", "not an amount", "请以元为单位填写数字", "write a number, in yuan"),
    "number": Saying("不是数字", "not a number", "请填写数字", "write a number"),
    "integer": Saying("不是整数", "not a whole number", "请填写整数", "write a whole number"),
    "out_of_range": Saying(
        "超出约定范围", "outside the agreed range", "请核对数值和单位（元）", "check the value and its unit (yuan)"
    ),
    "flag": Saying("不是是/否", "neither yes nor no", "请填 0/1 或 否/是", "write 0/1 or 否/是"),
    "code": Saying(
        "代码表中没有", "not in the list of codes", "请按数据约定填写代码", "use a code of the feed's agreed list"
    ),
    "term": Saying("不是学期", "not a school term", "请写成 2025-2026-1", "write it as 2025-2026-1"),
    "region": Saying("不是行政区划代码", "not a region code", "请填12位行政区划代码", "write the 12-digit region code"),
    "region_unknown": Saying(
        "行政区划代码不在树中，已挂到最近的上级",
        "the region code is not in the tree; hung under its nearest known ancestor",
        "请核对是否为新旧代码",
        "check whether the code is old or newly made",
    ),
    "too_long": Saying("内容过长", "the cell is too long", "请核对是否错列", "check whether columns are shifted"),
    "personal": Saying(
        "此列出现了像证件号码或电话的内容",
        "the cell looks like an ID or phone number, which this column must not hold",
        "请核对是否错列",
        "check whether columns are shifted",
    ),
    "fields": Saying(
        "列数与表头不符",
        "the number of fields differs from the header",
        "请检查分隔符和引号",
        "check delimiters and quotes",
    ),
    "precision_lost": Saying(
        "精度丢失：号码被表格软件当成了数字，末几位已不可恢复",
        "precision lost: a spreadsheet turned the number into a float and its last digits are gone",
        "请把该列设为文本格式后重新导出",
        "format the column as text and export it again",
    ),
    "id_invalid": Saying("不是证件号码", "not an ID number", "请核对证件号码", "check the ID number"),
    "id_damaged": Saying(
        "证件号码校验位不符，且没有足够依据修复",
        "the ID number fails its check digit and could not be repaired with certainty",
        "请核对证件号码",
        "check the ID number against the document",
    ),
    "id_unlikely": Saying(
        "证件号码未通过校验，仅能以原样匹配",
        "the ID number fails its check; it can be matched only exactly as written",
        "请核对证件号码",
        "check the ID number against the document",
    ),
    "id_birth": Saying(
        "出生日期与证件号码不一致", "the birth date contradicts the ID number", "请核对两者", "check both"
    ),
    "id_two_names": Saying(
        "同一证件号码出现了不同姓名",
        "one ID number carries different names",
        "请核对是否重号",
        "check for a reused number",
    ),
    "head_absent": Saying("该户没有户主", "the household has no head", "请补充户主", "add the head of the household"),
    "two_heads": Saying("该户有多个户主", "the household has several heads", "请核对与户主关系", "check the relations"),
    "household_differs": Saying(
        "同户各行的类别或区划不一致，以户主为准",
        "rows of one household differ in category or region; the head's hold",
        "请核对",
        "check the rows",
    ),
    "unmatched": Saying("人员不在登记库", "the person is not in the register", "无需处理", "nothing to do"),
    "nothing_to_withdraw": Saying(
        "没有可撤回的记录", "there is no such record to withdraw", "请核对编号", "check the key"
    ),
    "listed": Saying("其余问题未列出", "further faults are not listed", "请先处理以上问题", "mend those above first"),
}


@dataclass(frozen=True)
class Problem:
    """Something said of a whole delivery; ``weight`` is refused, held, error or warning."""

    code: str
    zh: str
    en: str
    weight: str = "warning"
    column: str | None = None
    count: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the operational database keeps of it."""
        return {name: value for name, value in vars(self).items() if value is not None}


def shape(text: str | None) -> str:
    """Return what ``text`` looks like without telling it, at most 24 characters of it.

    >>> shape("3402-张三")
    '9999-汉汉'
    """
    return "".join(map(_class, (text or "")[:24]))


def _class(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isascii():
        return "A" if character.isalpha() else character
    return "汉"


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


@dataclass
class RowFaults:
    """The faults of single rows, kept by column and code; rows are counted from 0 within the sheet's rows."""

    rows: int
    _errors: list[tuple[str, str, Places, tuple[str, ...]]] = field(default_factory=list)
    _notes: list[tuple[str, str, Places]] = field(default_factory=list)

    def error(self, column: str, code: str, rows: Places, shapes: tuple[str, ...] = ()) -> None:
        """Add rows that cannot be used; ``shapes`` tells what their cells look like."""
        if len(rows):
            self._errors.append((column, code, rows, shapes))

    def note(self, column: str, code: str, rows: Places) -> None:
        """Add rows that are used all the same."""
        if len(rows):
            self._notes.append((column, code, rows))

    def bad(self) -> npt.NDArray[np.bool_]:
        """Return which rows have an error."""
        mask = np.zeros(self.rows, dtype=np.bool_)
        for _, _, rows, _ in self._errors:
            mask[rows] = True
        return mask

    def summary(self) -> list[Problem]:
        """Return one problem for each column and code, the heaviest first."""
        found = [_counted(column, code, len(rows), "error") for column, code, rows, _ in self._errors]
        return found + [_counted(column, code, len(rows), "warning") for column, code, rows in self._notes]

    def counted(self, code: str) -> int:
        """Return how many rows carry ``code``, as an error or as a note."""
        errors = sum(len(rows) for _, found, rows, _ in self._errors if found == code)
        return errors + sum(len(rows) for _, found, rows in self._notes if found == code)

    def lines(self) -> Iterator[tuple[int, str, str, str, str]]:
        """Yield (row, column, code, weight, shape) in the order of the file; of each warning the first thousand."""
        found = [
            (int(row), column, code, "error", shapes[place] if place < len(shapes) else "")
            for column, code, rows, shapes in self._errors
            for place, row in enumerate(rows)
        ]
        found += [
            (int(row), column, code, "warning", "") for column, code, rows in self._notes for row in rows[:NOTES_LISTED]
        ]
        yield from sorted(found)


def _counted(column: str, code: str, count: int, weight: str) -> Problem:
    said = SAYINGS[code]
    return Problem(code, f"{count} 行：{said.zh}", f"{count} rows: {said.en}", weight, column or None, count)


def error_list(faults: RowFaults, row_no: npt.NDArray[np.int32], labels: dict[str, str]) -> bytes:
    """Return the downloadable list of row faults: CSV, UTF-8 with BOM so that Excel shows Chinese.

    ``row_no`` gives each row's number as Excel shows it, ``labels`` each column's Chinese header.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["行号 row", "列 column", "代码 code", "性质 weight", "问题", "problem", "处理", "what to do", "形状 shape"]
    )
    for listed, (row, column, code, weight, looks) in enumerate(faults.lines()):
        if listed == LISTED:
            column, code = "", "listed"
        said = SAYINGS[code]
        where = f"{labels[column]} {column}" if column in labels else column
        cells = [where, code, weight, said.zh, said.en, said.do_zh, said.do_en, looks]
        writer.writerow([int(row_no[row]), *map(safe_cell, cells)])
        if listed == LISTED:
            break
    return out.getvalue().encode("utf-8-sig")
