"""Is it alive, is it ready, how does it run: for machines."""

from datetime import date, datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.deps import Serving, may
from api.errands import Errand
from api.problems import RESPONSES
from monitor import database, gauges
from monitor.tables import Scan, utc_now

router = APIRouter(tags=["health"], route_class=Errand)
OVERDUE = timedelta(hours=36)


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the service can do its work, and the last night it did."""

    status: Literal["ready", "scan_overdue"]
    last_scan_as_of: date | None = Field(description="截止日 / the date last judged")
    last_scan_at: datetime | None = Field(description="完成时间 / when that scan ended")


@router.get("/healthz", summary="存活 / Alive")
def healthz() -> Alive:
    """Answer as long as the process runs."""
    return Alive()


@router.get("/readyz", summary="就绪 / Ready", responses={503: {"model": Ready, "description": "逾期未扫描 / overdue"}})
def readyz(service: Serving, response: Response) -> Ready:
    """Answer 503 when the database cannot be read, or no scan ended in 36 hours though one had before."""
    with database.reading(service.engine) as session:
        ended = select(Scan.as_of, Scan.finished_at).where(Scan.finished_at.is_not(None))
        last = session.execute(ended.order_by(Scan.finished_at.desc()).limit(1)).first()
    if last is None:
        return Ready(status="ready", last_scan_as_of=None, last_scan_at=None)
    overdue = last.finished_at is not None and utc_now() - last.finished_at > OVERDUE
    response.status_code = 503 if overdue else 200
    return Ready(
        status="scan_overdue" if overdue else "ready", last_scan_as_of=last.as_of, last_scan_at=last.finished_at
    )


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={401: RESPONSES[401]},
    summary="运行指标 / Metrics",
    dependencies=[may("metrics.read")],
)
def prometheus(request: Request) -> Response:
    """Return the Prometheus series; no label names a township, a household or a person."""
    return Response(gauges.exposition(request.app.state.collector), media_type=CONTENT_TYPE_LATEST)
