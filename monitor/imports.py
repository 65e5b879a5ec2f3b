"""Visits done on paper, sent as a sheet: tried first, recorded once however often sent, taken back within a day."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit, cases, visit_sheets
from monitor.access import Viewer, scope
from monitor.cases import undoing
from monitor.errors import Conflict, Invalid, NotFound, Refused
from monitor.privacy import Keyring
from monitor.sheets import workbook
from monitor.tables import Alert, FollowUp, Household, VisitSheet, utc_now
from monitor.visit_sheets import COLUMNS, Lying, Places

UNDO_WITHIN = timedelta(hours=24)
SHOWN_ROWS = 20
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
    """What became of a sheet: rows recorded now, rows that had been recorded before, and rows refused.

    ``sheet`` is the number under which what was recorded can be taken back; None when nothing was.
    """

    recorded: int
    repeated: int
    errors: tuple[RowError, ...]
    errors_book: bytes
    sheet: uuid.UUID | None = None


@dataclass(frozen=True)
class Tried:
    """A sheet looked at: its columns as read by ``places``, and what would become of it (None: columns are missing).

    ``remembered``: the places are those by which the viewer sent a sheet with the same header before.
    """

    lying: Lying
    places: Places
    remembered: bool
    would: Imported | None


@dataclass(frozen=True)
class Undone:
    """A sheet taken back: how many of its visits, and which households' stay, each with the reason."""

    sheet: VisitSheet
    kept: tuple[tuple[str, Refused], ...]


def template() -> bytes:
    """Return an empty sheet to fill in: its columns, every cell text."""
    return workbook("入户核查", list(COLUMNS), [], watermark=None)


def look(
    session: Session, data: bytes, *, ending: str, places: Places | None, by: Viewer, office: cases.Office
) -> Tried:
    """Say how a sheet would be read and what would become of each row; nothing of it is kept.

    Without ``places``, columns are read as the viewer did last with the same header, else by their titles.
    """
    lying = visit_sheets.read(data, ending=ending)
    before = _remembered(session, _header(lying, office.keyring), by) if places is None else None
    found = places or before or visit_sheets.guess(lying.header)
    if visit_sheets.lacking(found):
        return Tried(lying, found, before is not None, None)
    visit_sheets.require(found, lying.header)
    trial = session.begin_nested()
    try:
        would = _each(session, lying, found, by=by, office=office)
    finally:
        trial.rollback()
        session.expire_all()
    return Tried(lying, found, before is not None, would)


def visits(
    session: Session, data: bytes, *, ending: str, by: Viewer, office: cases.Office, places: Places | None = None
) -> Imported:
    """Record the visits of a sheet (``xlsx``, ``xls`` or ``csv``) in the caller's transaction, row by row.

    A row that cannot be recorded costs itself and no other. The same row again, in this sheet or a later one, by
    whomever, is only counted as repeated. Refuses a sheet that cannot be read, or lacks a column, as a whole.
    ``places`` says which of its columns is which of ours; None goes by their titles.
    """
    lying = visit_sheets.read(data, ending=ending)
    found = visit_sheets.guess(lying.header) if places is None else places
    visit_sheets.require(found, lying.header)
    digest = hashlib.sha256(data).hexdigest()
    sheet = VisitSheet(
        id=uuid.uuid4(), sent_by=by.worker, sha256=digest, header=_header(lying, office.keyring), places=dict(found),
        recorded=0, repeated=0, refused=0,
    )  # fmt: skip
    session.add(sheet)
    session.flush()
    done = _each(session, lying, found, by=by, office=office, sheet=sheet.id)
    sheet.recorded, sheet.repeated, sheet.refused = done.recorded, done.repeated, len(done.errors)
    if not done.recorded:
        session.delete(sheet)
    detail = {"recorded": done.recorded, "repeated": done.repeated, "refused": len(done.errors), "sha256": digest}
    audit.record(session, by=str(by.worker), action="visits.imported", subject=digest, detail=detail)
    return done


def sheets(session: Session, *, by: Viewer) -> Sequence[VisitSheet]:
    """Return the fifty sheets that the viewer sent last, the newest first."""
    chosen = select(VisitSheet).where(VisitSheet.sent_by == by.worker)
    return session.scalars(chosen.order_by(VisitSheet.sent_at.desc(), VisitSheet.id).limit(50)).all()


def undo(session: Session, sheet_id: uuid.UUID, *, by: Viewer, office: cases.Office) -> Undone:
    """Take back the visits that came with a sheet of the viewer's own, within a day, in the caller's transaction.

    A visit after which something was done stays, and is named. Refuses a second time, and another's sheet as absent.
    """
    chosen = select(VisitSheet).where(VisitSheet.id == sheet_id, VisitSheet.sent_by == by.worker)
    sheet = session.scalar(chosen.with_for_update())
    if sheet is None:
        raise NotFound(zh="没有这张导入表", en="there is no such sheet of yours")
    if sheet.undone_at is not None or utc_now() - sheet.sent_at > UNDO_WITHIN:
        raise Conflict(zh="已撤回过，或已超过24小时", en="it was taken back already, or is older than a day")
    kept = []
    came = select(FollowUp).where(FollowUp.sheet_id == sheet.id).order_by(FollowUp.recorded_at.desc())
    for visit in session.scalars(came).all():
        try:
            with session.begin_nested():
                undoing.undo_visit(session, visit, by=by, office=office, within=UNDO_WITHIN)
                sheet.undone += 1
        except Refused as refusal:
            kept.append((_number_of(session, visit), refusal))
    sheet.undone_at = utc_now()
    detail = {"undone": sheet.undone, "kept": len(kept)}
    audit.record(session, by=str(by.worker), action="visits.import_undone", subject=str(sheet.id), detail=detail)
    return Undone(sheet, tuple(kept))


def _each(
    session: Session, lying: Lying, places: Places, *, by: Viewer, office: cases.Office, sheet: uuid.UUID | None = None
) -> Imported:
    rows = list(visit_sheets.cells(lying, places))
    done: Counter[str] = Counter()
    errors = []
    for number, row in rows:
        try:
            with session.begin_nested():
                done[_record(session, row, by=by, office=office, sheet=sheet)] += 1
        except Refused as refusal:
            errors.append(RowError(number, refusal.zh, refusal.en))
    kept = sheet if done["recorded"] else None
    return Imported(done["recorded"], done["repeated"], tuple(errors), _book(rows, errors), kept)


def _record(
    session: Session, row: Mapping[str, str], *, by: Viewer, office: cases.Office, sheet: uuid.UUID | None
) -> str:
    visit = _visit(row)
    chosen = scope(select(Household).where(Household.household_no == row["household_no"]), by, of=Household)
    home = session.scalar(chosen)
    if home is None:
        raise NotFound(zh="没有这一户，或不在您的管辖范围", en="there is no such household in your region")
    visit = _not_taken_back(session, visit)
    if session.get(FollowUp, visit.id) is not None:
        return "repeated"
    standing = select(Alert.id).where(Alert.household_id == home.id, Alert.closed_at.is_(None))
    alert = session.scalar(scope(standing, by))
    if alert is None:
        raise NotFound(zh="该户没有未办结的预警", en="the household has no open alert")
    done = cases.record(session, alert, visit, by=by, office=office)
    if done.new:
        done.follow_up.sheet_id = sheet
    return "recorded" if done.new else "repeated"


def _not_taken_back(session: Session, visit: cases.Visit) -> cases.Visit:
    """A visit that was taken back stays on record: the same row sent again is another visit."""
    while (before := session.get(FollowUp, visit.id)) is not None and before.undone_at is not None:
        visit = replace(visit, id=uuid.uuid5(_NAMESPACE, visit.id.hex))
    return visit


def _remembered(session: Session, header: str, by: Viewer) -> Places | None:
    chosen = select(VisitSheet.places).where(VisitSheet.sent_by == by.worker, VisitSheet.header == header)
    return session.scalar(chosen.order_by(VisitSheet.sent_at.desc()).limit(1))


def _header(lying: Lying, keyring: Keyring) -> str:
    """Keyed, because a sheet without a header begins with somebody's row."""
    return keyring.blind_index("\x1f".join(lying.header)).hex()


def _number_of(session: Session, visit: FollowUp) -> str:
    homes = select(Household.household_no).join(Alert, Alert.household_id == Household.id)
    return session.scalar(homes.where(Alert.id == visit.alert_id)) or ""


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
