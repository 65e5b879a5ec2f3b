"""One cell at a time: what a text means in a column of each type, or which fault it has.

These functions are the definition; ``columns`` applies them to each distinct text once and takes shortcuts
proven equal. A reader returns (value, None), or (None, code of the fault); an empty cell never reaches it.
"""

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from monitor.policy.feed_pages import Column

Read = tuple[Any, str | None]
Reader = Callable[[str], Read]

TEXT_LIMIT = 200
CODE_LIMIT = 64
SERIAL_DAY_0 = date(1899, 12, 30)
NULLS = frozenset({"null", "none", "nan", "n/a", "na", "#n/a", "-", "--", "—", "——", "/", "\\n", "无数据"})
SENTINELS = frozenset({date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(9999, 12, 31)})
SENTINEL_TEXTS = frozenset({"0", "0.0", "1", "1.0", "00000000", "0000", "0000-00-00", "0000/00/00", "1900-01-00"})
YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "是", "有", "真"})
NO = frozenset({"0", "0.0", "false", "f", "no", "n", "否", "无", "假"})
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
_DATE = re.compile(r"(\d{4})([-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{6})?(?:\.0+)?")
_SERIAL = re.compile(r"([1-9]\d{4})(?:\.\d+)?")
_MONTH = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})|(\d{2}))月?(?:\.0+)?")
_AMOUNT = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)?(\.\d*)?(e[+-]?\d{1,3})?")
_TERM = re.compile(r"(\d{4})-?(\d{4})(?:学年)?[-第(]*0?([1-3一二三上下])(?:学期)?\)?")
_PERSONAL = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?!\d)")
_TERM_NUMBERS = {"一": "1", "上": "1", "二": "2", "下": "2", "三": "3"}
_FLOAT_TAIL = re.compile(r"(\d+)\.0+")
_LOST = re.compile(r"\d+(?:\.\d+)?e\+?\d+", re.IGNORECASE)


def folded(text: str) -> str:
    """Return ``text`` trimmed, full-width ASCII made half-width."""
    return text.translate(_FOLD).strip()


def is_null(text: str) -> bool:
    """Whether a cell says in words that it is empty."""
    return not text or text.lower() in NULLS


def read_date(text: str) -> Read:
    """Read a day; a placeholder is the fault ``date_sentinel``, which only a required column minds."""
    said = folded(text).lstrip("'")
    if said in SENTINEL_TEXTS:
        return None, "date_sentinel"
    found = _DATE.fullmatch(said)
    if found:
        return _day(int(found[1]), int(found[3]), int(found[4]))
    found = _COMPACT.fullmatch(said)
    if found:
        return _day(int(found[1]), int(found[2]), int(found[3]))
    found = _SERIAL.fullmatch(said)
    return _judged(SERIAL_DAY_0 + timedelta(days=int(found[1]))) if found else (None, "date")


def _day(year: int, month: int, day: int) -> Read:
    if year == 0 or (year, month, day) == (1900, 1, 0):
        return None, "date_sentinel"
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(min(max(year, 1), 9999), month)[1]:
        return None, "date_impossible"
    return _judged(date(year, month, day))


def _judged(day: date) -> Read:
    if day in SENTINELS or day.year == 9999:
        return None, "date_sentinel"
    return (day, None) if 1880 <= day.year <= 2150 else (None, "date_absurd")


def read_month(text: str) -> Read:
    """Read a month as its first day; a whole date stands for its month."""
    said = folded(text).lstrip("'")
    found = _MONTH.fullmatch(said)
    if not found:
        day, fault = read_date(text)
        return (day.replace(day=1), None) if day else (None, "month" if fault == "date" else fault)
    year, month = int(found[1]), int(found[2] or found[3])
    if not 1 <= month <= 12:
        return None, "month"
    return (date(year, month, 1), None) if 1880 <= year <= 2150 else (None, "date_absurd")


def read_decimal(text: str) -> Decimal | None:
    """Return the number that ``text`` says, with thousands separators, currency signs and brackets for minus."""
    said = folded(text).lstrip("'").lower().replace(" ", "").replace("，", ",")
    if said.startswith("(") and said.endswith(")"):
        said = "-" + said[1:-1]
    said = said.replace("￥", "").replace("¥", "").replace("−", "-")
    for unit, factor in (("万元", 10_000), ("万", 10_000), ("元", 1)):
        if said.endswith(unit):
            amount = _plain(said.removesuffix(unit))
            return None if amount is None else amount * factor
    return _plain(said)


def _plain(said: str) -> Decimal | None:
    found = _AMOUNT.fullmatch(said)
    if not found or not (found[2] or (found[3] or ".") != "."):
        return None
    try:
        return Decimal(said.replace(",", ""))
    except InvalidOperation:
        return None


def read_money(text: str, column: Column) -> Read:
    """Read an amount in yuan, rounded half up to the cent."""
    amount = read_decimal(text)
    if amount is None:
        return None, "money"
    if abs(amount) >= 10**12 or _outside(float(amount), column):
        return None, "out_of_range"
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP), None


def read_number(text: str, column: Column) -> Read:
    """Read a number as a float."""
    amount = read_decimal(text)
    if amount is None:
        return None, "number"
    return (None, "out_of_range") if abs(amount) >= 10**15 or _outside(float(amount), column) else (float(amount), None)


def read_integer(text: str, column: Column) -> Read:
    """Read a whole number; 3.0 is one."""
    amount = read_decimal(text)
    if amount is None or amount != amount.to_integral_value():
        return None, "integer"
    return (None, "out_of_range") if abs(amount) >= 2**31 or _outside(float(amount), column) else (int(amount), None)


def _outside(amount: float, column: Column) -> bool:
    return (column.low is not None and amount < column.low) or (column.high is not None and amount > column.high)


def read_flag(text: str) -> Read:
    """Read yes or no."""
    said = folded(text).lower()
    if said in YES:
        return True, None
    return (False, None) if said in NO else (None, "flag")


def code_reader(column: Column) -> Reader:
    """Return the reader of ``column``'s codes: the code itself, a word for it, or a float of it ('3.0')."""
    known = {code.lower(): code for code in column.codes or {}}
    known |= {folded(word).lower(): code for word, code in (column.words or {}).items()}

    def read(text: str) -> Read:
        said = folded(text)
        bare = _FLOAT_TAIL.sub(r"\1", said.lower())
        for form in (said.lower(), bare, bare.zfill(2), bare.lstrip("0")):
            if form in known:
                return known[form], None
        if is_null(said):
            return None, None
        return _free(bare if said[:1].isdigit() else said, CODE_LIMIT) if column.open or not known else (None, "code")

    return read


def read_text(text: str) -> Read:
    """Read free text that may go into the lake: nothing long, nothing like an ID or phone number."""
    return _free(folded(text), TEXT_LIMIT)


def _free(said: str, limit: int) -> Read:
    if is_null(said):
        return None, None
    if len(said) > limit or "\n" in said:
        return None, "too_long"
    return (None, "personal") if _PERSONAL.search(said) else (said, None)


def read_term(text: str) -> Read:
    """Read a school term into the form 2025-2026-1."""
    found = _TERM.fullmatch(folded(text).replace(" ", ""))
    if not found or int(found[2]) != int(found[1]) + 1:
        return None, "term"
    return f"{found[1]}-{found[2]}-{_TERM_NUMBERS.get(found[3], found[3])}", None


def read_region(text: str) -> Read:
    """Read a region code of 2, 4, 6, 9 or 12 digits, filled up with zeros to 12."""
    said = _FLOAT_TAIL.sub(r"\1", folded(text).lstrip("'"))
    if not (said.isascii() and said.isdigit()) or len(said) not in (2, 4, 6, 9, 12) or said.startswith("00"):
        return None, "region"
    return said.ljust(12, "0"), None


def secret_reader(*, spreadsheet: bool) -> Reader:
    """Return the reader of certificate, plate and other numbers; a spreadsheet's float beyond 15 digits is lost."""

    def read(text: str) -> Read:
        said = folded(text).lstrip("'")
        if is_null(said):
            return None, None
        whole = _FLOAT_TAIL.fullmatch(said) if spreadsheet else None
        if _LOST.fullmatch(said) or (whole and len(whole[1]) > 15):
            return None, "precision_lost"
        return (whole[1] if whole else said, None) if len(said) <= TEXT_LIMIT else (None, "too_long")

    return read


def reader(column: Column, *, spreadsheet: bool) -> Reader:
    """Return the function that reads a cell of ``column``."""
    simple: dict[str, Reader] = {
        "date": read_date,
        "month": read_month,
        "flag": read_flag,
        "term": read_term,
        "region": read_region,
        "text": read_text,
        "money": lambda text: read_money(text, column),
        "number": lambda text: read_number(text, column),
        "integer": lambda text: read_integer(text, column),
    }
    if column.type in simple:
        return simple[column.type]
    return code_reader(column) if column.type == "code" else secret_reader(spreadsheet=spreadsheet)
