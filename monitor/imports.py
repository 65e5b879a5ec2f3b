"""Visits done on paper, sent as a sheet: a row is recorded once however often it is sent, a fault said by its row."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit, cases
from monitor.access import Viewer, scope
from monitor.errors import Invalid, NotFound, Refused
from monitor.feeds.sheets import read_book
from monitor.feeds.text import Sheet, read_text
from monitor.sheets import workbook
from monitor.tables import Alert, FollowUp, Household

COLUMNS: Mapping[str, str] = {
    "户编号": "household_no", "核查日期": "visited_on", "方式": "way", "结论": "finding", "原因代码": "reason_code",
    "下次核查日期": "next_on", "说明": "note",
}  # fmt: skip
_NEEDED = ("户编号", "核查日期", "方式", "结论")
MOST_ROWS = 2_000
MOST_NOTE = 2_000
_WAYS: Mapping[str, str] = {"入户": "home", "电话": "phone", "视频": "video", "来访": "office"}
_FINDINGS: Mapping[str, str] = {said.zh: name for name, said in cases.FINDINGS.items()}
_NAMESPACE = uuid.UUID("5f0c1a52-6d1e-5d0c-9f7e-3f2f4c1b7a10")


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row, numbered as the spreadsheet does."""

    row: int
    zh: str
    en: str


@dataclass(frozen=True)
class Imported:
    """What became of a sheet: rows recorded now, rows that had been recorded before, and rows refused."""

    recorded: int
    repeated: int
    errors: tuple[RowError, ...]
    errors_book: bytes


def template() -> bytes:
    """Return an empty sheet to fill in: its columns, every cell text."""
    return workbook("入户核查", list(COLUMNS), [], watermark=None)


def visits(session: Session, data: bytes, *, ending: str, by: Viewer, office: cases.Office) -> Imported:
    """Record the visits of a sheet (``xlsx``, ``xls`` or ``csv``) in the caller's transaction, row by row.

    A row that cannot be recorded costs itself and no other. The same row again, in this sheet or a later one, by
    whomever, is only counted as repeated. Refuses a sheet that cannot be read, or lacks a column, as a whole.
    """
    sheet = _read(data, ending)
    rows = list(_rows(sheet))
    done: dict[str, int] = {"recorded": 0, "repeated": 0}
    errors = []
    for number, row in rows:
        try:
            with session.begin_nested():
                done[_record(session, row, by=by, office=office)] += 1
        except Refused as refusal:
            errors.append(RowError(number, refusal.zh, refusal.en))
    digest = hashlib.sha256(data).hexdigest()
    detail = done | {"refused": len(errors), "sha256": digest}
    audit.record(session, by=str(by.worker), action="visits.imported", subject=digest, detail=detail)
    return Imported(done["recorded"], done["repeated"], tuple(errors), _book(rows, errors))


def _read(data: bytes, ending: str) -> Sheet:
    if ending == "csv":
        sheet = read_text(data)
    else:
        sheets = read_book(data, modern=ending == "xlsx")
        if not sheets:
            raise Invalid(zh="工作簿是空的", en="the workbook is empty")
        sheet = sheets[0]
    missing = [name for name in _NEEDED if name not in sheet.header]
    if missing:
        raise Invalid(
            zh=f"缺少列：{'、'.join(missing)}；请使用模板", en=f"columns are missing ({len(missing)}): use the template"
        )
    if sheet.cells.num_rows > MOST_ROWS:
        raise Invalid(zh=f"一次最多{MOST_ROWS}行，请分批", en=f"at most {MOST_ROWS} rows at a time: send it in parts")
    return sheet


def _rows(sheet: Sheet) -> Iterator[tuple[int, dict[str, str]]]:
    columns = [column.to_pylist() for column in sheet.cells.columns]
    for place, number in enumerate(sheet.row_no):
        row = {
            COLUMNS[name]: (cells[place] or "").strip()
            for name, cells in zip(sheet.header, columns, strict=False)
            if name in COLUMNS
        }
        if any(row.values()):
            yield int(number), row


def _record(session: Session, row: Mapping[str, str], *, by: Viewer, office: cases.Office) -> str:
    visit = _visit(row)
    chosen = scope(select(Household).where(Household.household_no == row["household_no"]), by, of=Household)
    home = session.scalar(chosen)
    if home is None:
        raise NotFound(zh="没有这一户，或不在您的管辖范围", en="there is no such household in your region")
    if session.get(FollowUp, visit.id) is not None:
        return "repeated"
    standing = select(Alert.id).where(Alert.household_id == home.id, Alert.closed_at.is_(None))
    alert = session.scalar(scope(standing, by))
    if alert is None:
        raise NotFound(zh="该户没有未办结的预警", en="the household has no open alert")
    done = cases.record(session, alert, visit, by=by, office=office)
    return "recorded" if done.new else "repeated"


def _visit(row: Mapping[str, str]) -> cases.Visit:
    """The id is made from the row itself: sent again it is the same visit."""
    way, finding = row["way"], row["finding"]
    if len(row.get("note", "")) > MOST_NOTE:
        raise Invalid(zh=f"说明最多{MOST_NOTE}字", en=f"a note has at most {MOST_NOTE} characters")
    return cases.Visit(
        id=uuid.uuid5(_NAMESPACE, "\x1f".join(row.get(name, "") for name in COLUMNS.values())),
        visited_on=_date(row["visited_on"], "核查日期"),
        way=_WAYS.get(way, way),
        finding=_FINDINGS.get(finding, finding),
        reason_code=row.get("reason_code") or None,
        next_on=_date(row["next_on"], "下次核查日期") if row.get("next_on") else None,
        note=row.get("note") or None,
    )


def _date(text: str, column: str) -> date:
    plain = text.strip().split(" ")[0].replace("/", "-").replace(".", "-")
    try:
        year, month, day = (int(part) for part in plain.split("-"))
        return date(year, month, day)
    except ValueError:
        raise Invalid(zh=f"{column}应为 2026-03-02 这样的日期", en="a date is written as 2026-03-02") from None


def _book(rows: list[tuple[int, dict[str, str]]], errors: list[RowError]) -> bytes:
    """The refused rows as they were sent, with why: mended, the file can be sent again as it is."""
    why = {error.row: f"第{error.row}行：{error.zh} / {error.en}" for error in errors}
    refused = [
        [row.get(name, "") for name in COLUMNS.values()] + [why[number]] for number, row in rows if number in why
    ]
    return workbook("未导入", [*COLUMNS, "未导入原因"], refused, watermark=None)
