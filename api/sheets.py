"""Workbooks out: alerts and reports taken out, masked, watermarked and audited."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.briefs import Desk
from api.deps import ByLaw, InTransaction, Serving, Viewing, may
from api.errands import Errand
from api.outgoing import ASKED, BOOK, ExportRequestOut, Ticked, as_queued, book, shown_request
from api.problems import RESPONSES, described
from api.queue import RegionCode
from api.reports import Dimension
from monitor import exports, outgoing
from monitor.reports import Asked

router = APIRouter(
    prefix="/api/v1", tags=["sheets"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Why = Annotated[
    str, Field(min_length=4, max_length=100, description="用途，印在表头 / printed on top", examples=["例会材料"])
]


class AlertsOutIn(Ticked):
    """Which alerts, as the queue is narrowed and ticked, and what for."""

    why: Why


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


@router.post(
    "/exports/alerts", dependencies=[may("report.export")], summary="导出预警 / Take alerts out",
    response_class=Response,
    responses={**BOOK, 202: {"model": ExportRequestOut, "description": ASKED}, **described(409)},
)  # fmt: skip
def alerts_out(sent: AlertsOutIn, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> Response:
    """Return what the queue shows when narrowed so as a workbook: masked names, every cell text, a watermark, audited.

    At most 5,000 rows, in the queue's order; where some are ticked, those of them that it shows.

    More than a hundred rows a day (as the installation sets it) are not taken out alone: the answer is 202 and a
    request, which another whose region holds yours must agree to; then you have a day to take it.
    """
    narrowed = as_queued(sent, Desk(session, service, laws), viewer)
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
