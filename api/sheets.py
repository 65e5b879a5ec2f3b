"""Workbooks out and in: alerts and reports taken out, visits done on paper sent in, what was refused sent back."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.briefs import Level
from api.deps import ByLaw, InTransaction, Laws, Serving, Viewing, may
from api.outgoing import ASKED, BOOK, ExportRequestOut, book, shown_request
from api.problems import RESPONSES, described
from api.queue import RegionCode
from api.reports import Dimension
from monitor import access, cases, database, exports, imports, outgoing
from monitor.reports import Asked
from monitor.service import Service, today

router = APIRouter(prefix="/api/v1", tags=["sheets"], responses={401: RESPONSES[401], 422: RESPONSES[422]})
Why = Annotated[
    str, Field(min_length=4, max_length=100, description="用途，印在表头 / printed on top", examples=["例会材料"])
]


class AlertsOutIn(BaseModel):
    """Which open alerts, and what for."""

    model_config = ConfigDict(extra="forbid")
    why: Why
    region: RegionCode | None = None
    level: Level | None = None
    status: str | None = Field(None, pattern=r"^[a-z_]{1,16}$", examples=["open"])


class ReportOutIn(BaseModel):
    """Which figure, how it is split, of which quarter, and what for."""

    model_config = ConfigDict(extra="forbid")
    why: Why
    figure: str = Field(pattern=r"^[a-z][a-z0-9_]{1,31}$", examples=["confirmed_share"])
    by: Dimension | None = Field(None, examples=["county"])
    region: RegionCode | None = None
    since: date | None = Field(
        None, description="季度首日；存量指标不填 / first day of a quarter", examples=["2026-01-01"]
    )
    until: date | None = Field(None, description="季度末日 / last day of that quarter", examples=["2026-03-31"])


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


class HowIn(BaseModel):
    """What kind of file it is, and how the answer is wanted."""

    model_config = ConfigDict(extra="forbid")
    ending: Literal["xlsx", "xls", "csv"] = "xlsx"
    answer: Literal["json", "errors"] = Field(
        "json", description="errors：未登记的行作为工作簿下载 / refused rows as a workbook"
    )


@router.post(
    "/exports/alerts", dependencies=[may("report.export")], summary="导出预警 / Take alerts out",
    response_class=Response,
    responses={**BOOK, 202: {"model": ExportRequestOut, "description": ASKED}, **described(409)},
)  # fmt: skip
def alerts_out(sent: AlertsOutIn, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> Response:
    """Return open alerts as a workbook: masked names, every cell text, a watermark; at most 5,000 rows, audited.

    More than a hundred rows a day (as the installation sets it) are not taken out alone: the answer is 202 and a
    request, which another whose region holds yours must agree to; then you have a day to take it.
    """
    narrowed = exports.Narrowed(sent.region, sent.level, sent.status)
    if outgoing.alone(session, narrowed, by=viewer, most=service.settings.export_rows_alone):
        made = outgoing.ask(session, service, narrowed, by=viewer, why=sent.why)
        return JSONResponse(shown_request(session, made, service).model_dump(mode="json"), 202)
    taken = exports.alerts(session, service, narrowed, by=viewer, paper=exports.Paper(sent.why), tree=laws.tree)
    return book(taken.data, f"alerts-{taken.number}.xlsx")


@router.post("/exports/report", dependencies=[may("report.export")], summary="导出报表 / Take a report out",
             response_class=Response, responses={**BOOK, **described(404, 409)})  # fmt: skip
def report_out(sent: ReportOutIn, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> Response:
    """Return a figure by cells as a workbook; small cells, and those from which they follow, are starred."""
    asked = Asked(sent.figure, sent.by, sent.region, sent.since, sent.until)
    taken = exports.report(session, service, asked, by=viewer, why=sent.why, tree=laws.tree)
    return book(taken.data, f"report-{taken.number}.xlsx")


@router.get("/visits/template", dependencies=[may("visit.import")], summary="核查登记模板 / The sheet to fill in",
            response_class=Response, responses=BOOK)  # fmt: skip
def template(_: Viewing) -> Response:
    """Return the empty sheet for visits done on paper."""
    return book(imports.template(), "visits.xlsx")


@router.post(
    "/visits/import",
    dependencies=[may("visit.import")],
    summary="导入纸质核查 / Send in visits done on paper",
    response_model=ImportedOut,
    responses={200: {**BOOK[200], "model": ImportedOut}, **described(409)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def visits_in(
    request: Request, service: Serving, viewer: Viewing, laws: ByLaw, how: Annotated[HowIn, Query()]
) -> ImportedOut | Response:
    """Record each row that can be recorded and say of every other why not; at most 8 MiB and 2,000 rows."""
    data = await request.body()
    done = await run_in_threadpool(_taken_in, service, data, how.ending, viewer, laws)
    if how.answer == "errors":
        return book(done.errors_book, "errors.xlsx")
    errors = [RowErrorOut(row=one.row, zh=one.zh, en=one.en) for one in done.errors]
    return ImportedOut(recorded=done.recorded, repeated=done.repeated, errors=errors)


def _taken_in(service: Service, data: bytes, ending: str, viewer: access.Viewer, laws: Laws) -> imports.Imported:
    office = cases.Office(service.keyring, today(), laws.on(today()))
    with database.transaction(service.engine, region=access.wall(viewer)) as session:
        return imports.visits(session, data, ending=ending, by=viewer, office=office)
