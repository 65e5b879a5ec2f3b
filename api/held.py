"""Deliveries that wait for a person: let in or turned away with a reason, and the list of a delivery's row errors."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Viewing, WholeServing, may
from api.errands import Errand
from api.problems import RESPONSES, described
from api.uploads import ReceiptOut, stored
from monitor import feeds
from monitor.errors import NotFound

router = APIRouter(
    prefix="/api/v1/deliveries",
    tags=["feeds"],
    responses={401: RESPONSES[401], 422: RESPONSES[422]},
    route_class=Errand,
)


class HeldDecisionIn(BaseModel):
    """What is decided on a delivery that waits, and why; the reason is kept in its record."""

    model_config = ConfigDict(extra="forbid")
    verdict: Literal["release", "reject"] = Field(description="release 放行; reject 退回，不取用任何内容")
    why: Annotated[str, Field(min_length=4, max_length=200, examples=["已与医保局核对，本月数据属实"])]


@router.post(
    "/{delivery_id}/decision", dependencies=[may("delivery.decide")], responses=described(404, 409),
    summary="放行或退回待处理批次 / Let a held delivery in, or turn it away",
)  # fmt: skip
def decide(delivery_id: UUID, sent: HeldDecisionIn, service: WholeServing, viewer: Viewing) -> ReceiptOut:
    """Let a held delivery in, its facts known from today, or turn it away and destroy its original; once for all."""
    act = feeds.release if sent.verdict == "release" else feeds.reject
    receipt = act(service, delivery_id, by=str(viewer.worker), reason=sent.why)
    return stored(service, receipt.delivery_id)


@router.get(
    "/{delivery_id}/errors", dependencies=[may("delivery.decide")], summary="行错误清单 / A delivery's row errors",
    response_class=Response,
    responses={
        200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}, **described(404),
    },
)  # fmt: skip
def row_errors(delivery_id: UUID, service: WholeServing) -> Response:
    """Return each faulty row's number, column and what to do, as CSV; a delivery without any has no list."""
    path = feeds.error_rows(service, delivery_id)
    if path is None:
        raise NotFound(zh="这一批没有行错误", en="no row of this delivery had an error")
    return FileResponse(path, media_type="text/csv", filename=f"row-errors-{delivery_id}.csv")
