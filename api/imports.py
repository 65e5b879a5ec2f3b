"""Visits done on paper: the sheet to fill in, how a sheet would be read, recording it, taking it back within a day."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.deps import ByLaw, InTransaction, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.outgoing import BOOK, book
from api.problems import RESPONSES, described
from monitor import access, cases, database, imports
from monitor.service import Service, today
from monitor.tables import VisitSheet
from monitor.visit_sheets import COLUMNS, NEEDED, Places

router = APIRouter(
    prefix="/api/v1/visits", tags=["sheets"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Name = Literal["household_no", "visited_on", "way", "finding", "reason_code", "next_on", "note"]
Column = Annotated[str, Field(pattern=r"^[a-z_]{1,16}:[0-9]{1,3}$", examples=["household_no:0"])]
Done = TypeVar("Done")
_TITLES = {name: title for title, name in COLUMNS.items()}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class RowErrorOut(BaseModel):
    """What is wrong with a row, numbered as the spreadsheet does."""

    row: int
    zh: str
    en: str


class ImportedOut(BaseModel):
    """What became of a sheet; sending it again records nothing twice."""

    recorded: int = Field(description="本次登记 / recorded now")
    repeated: int = Field(description="此前已登记 / recorded before")
    errors: list[RowErrorOut] = Field(description="未登记的行 / rows that were refused")
    sheet: UUID | None = Field(
        description="撤回时的编号；没有登记任何行则为空 / by which it is taken back within a day"
    )


class ColumnOut(BaseModel):
    """One column of ours and the place it is read from; null: the sheet does not have it."""

    name: Name
    title: str
    needed: bool
    place: int | None


class RowOut(BaseModel):
    """One row as it lies in the sheet."""

    row: int
    cells: list[str]


class PreviewOut(BaseModel):
    """How a sheet is read and what would become of it; nothing was recorded."""

    encoding: str | None = Field(description="文本编码；工作簿为空 / of a text file; null: a workbook")
    header: list[str]
    columns: list[ColumnOut]
    remembered: bool = Field(description="列的对应沿用您上次的选择 / columns as you chose them last time")
    rows: list[RowOut] = Field(description="前20行 / the first twenty")
    count: int = Field(description="总行数 / rows in all")
    would: ImportedOut | None = Field(description="将如何处理；缺列时为空 / null: needed columns are missing")


class SheetOut(BaseModel):
    """A sheet that was recorded; it can be taken back until ``undo_until``."""

    id: UUID
    sent_at: datetime
    recorded: int
    repeated: int
    refused: int
    undo_until: datetime
    undone_at: datetime | None
    undone: int = Field(description="已撤回的核查数 / visits taken back")


class KeptOut(BaseModel):
    """A visit that stays because something was done after it."""

    household_no: str
    zh: str
    en: str


class UndoneOut(BaseModel):
    """What became of taking a sheet back."""

    sheet: SheetOut
    kept: list[KeptOut]


class HowIn(BaseModel):
    """What kind of file it is, which column is which, and how the answer is wanted."""

    model_config = ConfigDict(extra="forbid")
    ending: Literal["xlsx", "xls", "csv"] = "xlsx"
    answer: Literal["json", "errors"] = Field(
        "json", description="errors：不能登记的行作为工作簿下载 / refused rows as a workbook"
    )
    columns: list[Column] = Field(
        [],
        max_length=20,
        description="列名:位置（从0起）；省略则按标题识别 / name:place from 0; omitted: by their titles",
    )


How = Annotated[HowIn, Query()]
ANSWERS: dict[int | str, dict[str, Any]] = described(409)


@router.get("/template", dependencies=[may("visit.import")], summary="核查登记模板 / The sheet to fill in",
            response_class=Response, responses=BOOK)  # fmt: skip
def template(_: Viewing) -> Response:
    """Return the empty sheet for visits done on paper."""
    return book(imports.template(), "visits.xlsx")


@router.post(
    "/preview", dependencies=[may("visit.import")], summary="预览导入 / Look at a sheet before it is recorded",
    response_model=PreviewOut, responses={200: {**BOOK[200], "model": PreviewOut}}, openapi_extra=_FILE,
)  # fmt: skip
async def preview(request: Request, service: Serving, viewer: Viewing, laws: ByLaw, how: How) -> PreviewOut | Response:
    """Return how a sheet is read, its first twenty rows, and what would become of every row; records nothing."""
    data = await request.body()

    def work(session: Session, office: cases.Office) -> imports.Tried:
        return imports.look(session, data, ending=how.ending, places=_places(how), by=viewer, office=office)

    tried = await run_in_threadpool(_in_transaction, service, viewer, laws, work)
    if how.answer == "errors" and tried.would is not None:
        return book(tried.would.errors_book, "errors.xlsx")
    return _looked(tried)


@router.post(
    "/import", dependencies=[may("visit.import")], summary="导入纸质核查 / Send in visits done on paper",
    response_model=ImportedOut, responses={200: {**BOOK[200], "model": ImportedOut}, **ANSWERS}, openapi_extra=_FILE,
)  # fmt: skip
async def visits_in(
    request: Request, service: Serving, viewer: Viewing, laws: ByLaw, how: How
) -> ImportedOut | Response:
    """Record each row that can be recorded and say of every other why not; at most 8 MiB and 2,000 rows."""
    data = await request.body()

    def work(session: Session, office: cases.Office) -> imports.Imported:
        return imports.visits(session, data, ending=how.ending, places=_places(how), by=viewer, office=office)

    done = await run_in_threadpool(_in_transaction, service, viewer, laws, work)
    return book(done.errors_book, "errors.xlsx") if how.answer == "errors" else _imported(done)


@router.get("/sheets", dependencies=[may("visit.import")], summary="我的导入 / My sheets")
def list_sheets(viewer: Viewing, session: Reading) -> list[SheetOut]:
    """Return the fifty sheets that I sent last, the newest first."""
    return [_sheet(one) for one in imports.sheets(session, by=viewer)]


@router.post("/sheets/{sheet_id}/undo", dependencies=[may("visit.import")], summary="撤回导入 / Take a sheet back",
             responses=described(404, 409))  # fmt: skip
def undo(sheet_id: UUID, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> UndoneOut:
    """Take back the visits of a sheet of mine within a day; those after which something was done stay, and are told."""
    done = imports.undo(session, sheet_id, by=viewer, office=_office(service, laws))
    kept = [KeptOut(household_no=number, zh=why.zh, en=why.en) for number, why in done.kept]
    return UndoneOut(sheet=_sheet(done.sheet), kept=kept)


def _in_transaction(
    service: Service, viewer: access.Viewer, laws: Laws, work: Callable[[Session, cases.Office], Done]
) -> Done:
    with database.transaction(service.engine, region=access.wall(viewer)) as session:
        return work(session, _office(service, laws))


def _office(service: Service, laws: Laws) -> cases.Office:
    return cases.Office(service.keyring, today(), laws.on(today()))


def _places(how: HowIn) -> Places | None:
    said = [one.split(":") for one in how.columns]
    return {name: int(place) for name, place in said if name in _TITLES} or None


def _looked(tried: imports.Tried) -> PreviewOut:
    columns = [
        ColumnOut(name=name, title=title, needed=name in NEEDED, place=tried.places.get(name))  # type: ignore[arg-type]
        for name, title in _TITLES.items()
    ]
    rows = [RowOut(row=number, cells=list(cells)) for number, cells in tried.lying.rows[: imports.SHOWN_ROWS]]
    return PreviewOut(
        encoding=tried.lying.encoding, header=list(tried.lying.header), columns=columns, remembered=tried.remembered,
        rows=rows, count=len(tried.lying.rows), would=None if tried.would is None else _imported(tried.would),
    )  # fmt: skip


def _imported(done: imports.Imported) -> ImportedOut:
    errors = [RowErrorOut(row=one.row, zh=one.zh, en=one.en) for one in done.errors]
    return ImportedOut(recorded=done.recorded, repeated=done.repeated, errors=errors, sheet=done.sheet)


def _sheet(one: VisitSheet) -> SheetOut:
    return SheetOut(
        id=one.id, sent_at=one.sent_at, recorded=one.recorded, repeated=one.repeated, refused=one.refused,
        undo_until=one.sent_at + imports.UNDO_WITHIN, undone_at=one.undone_at, undone=one.undone,
    )  # fmt: skip
