"""Exports that two must agree to: asked for by one, decided on by another, taken by the first within a day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.briefs import Desk
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.once import CHANGES, Doing, Expected
from api.problems import RESPONSES, described
from api.queue import Narrow, narrowed
from monitor import outgoing
from monitor.access import Viewer
from monitor.exports import Narrowed
from monitor.service import Service
from monitor.sheets import MEDIA_TYPE
from monitor.tables import ExportRequest

router = APIRouter(prefix="/api/v1/exports/requests", tags=["sheets"], responses=RESPONSES, route_class=Errand)
ASKED = "须另一人同意后取件 / another must agree before it is taken"
MOST_TICKED = 200
BOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "工作簿 / a workbook",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
Verdict = Annotated[Literal["agree", "refuse"], Field(description="同意或不同意 / whether it may be taken out")]


class Ticked(Narrow):
    """What the queue is narrowed to, and which of it."""

    alerts: list[UUID] | None = Field(
        None, min_length=1, max_length=MOST_TICKED, description="只要其中这些 / only these of them"
    )


class DecisionIn(BaseModel):
    """What is decided on another's export."""

    model_config = ConfigDict(extra="forbid")
    verdict: Verdict


class ExportRequestOut(BaseModel):
    """An export that waits for another, or that another decided on."""

    id: UUID
    asked_by: str
    asked_at: datetime
    path: str = Field(description="申请人管辖区划路径 / the regions of who asked, from the province down")
    narrowed: dict[str, bool | str | list[str] | None] = Field(
        description="范围，与队列筛选相同 / as the queue is narrowed",
        examples=[{"region": "340299", "group": "overdue"}],
    )
    why: str
    rows: int
    status: Literal["asked", "agreed", "refused", "taken"]
    decided_by: str | None
    decided_at: datetime | None
    version: int = Field(description="版本，即 ETag / its ETag")


@router.get("", dependencies=[may("report.export")], summary="导出申请 / Requests for exports")
def list_requests(service: Serving, viewer: Viewing, session: Reading) -> list[ExportRequestOut]:
    """Return up to a hundred requests: mine, and those that wait for somebody like me to decide, newest first."""
    return shown_requests(session, outgoing.requests(session, viewer=viewer), service)


@router.get("/{export_id}", dependencies=[may("report.export")], summary="一个导出申请 / One request")
def get_request(
    export_id: UUID, service: Serving, viewer: Viewing, session: Reading, response: Response
) -> ExportRequestOut:
    """Return a request; its ETag is what a decision rests on."""
    found = outgoing.get(session, export_id, viewer=viewer)
    response.headers["ETag"] = f'"{found.version}"'
    return shown_request(session, found, service)


@router.post(
    "/{export_id}/decision", dependencies=[may("report.export")], responses=CHANGES, response_model=ExportRequestOut,
    summary="审批导出 / Decide on an export",
)  # fmt: skip
def decide(
    export_id: UUID, sent: DecisionIn, service: Serving, viewer: Viewing, once: Doing, expected: Expected
) -> Response:
    """Agree to another's export or refuse it; nobody decides on their own."""
    agreed = sent.verdict == "agree"

    def work() -> ExportRequestOut:
        found = outgoing.decide(once.session, export_id, agreed=agreed, by=viewer, expected=expected)
        return shown_request(once.session, found, service)

    return once.answer(work)


@router.post(
    "/{export_id}/file", dependencies=[may("report.export")], response_class=Response,
    responses={**BOOK, **described(409)}, summary="取件 / Take an export that was agreed to",
)  # fmt: skip
def take(export_id: UUID, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> Response:
    """Return the workbook to who asked for it, within a day of the agreement; each taking is in the audit."""
    desk = Desk(session, service, laws)

    def narrows(said: Mapping[str, Any]) -> Narrowed:
        return as_queued(Ticked.model_validate(said), desk, viewer)

    taken = outgoing.take(session, service, export_id, by=viewer, tree=laws.tree, narrows=narrows)
    return book(taken.data, f"alerts-{taken.number}.xlsx")


def as_queued(said: Ticked, desk: Desk, viewer: Viewer) -> Narrowed:
    """Return what the queue shows when narrowed so, or what of it was ticked, to be taken out."""
    plain = Ticked.model_validate(said.model_dump(include=set(Ticked.model_fields)))
    ids = None if plain.alerts is None else tuple(plain.alerts)
    filters = replace(narrowed(plain, desk.session, desk.laws, viewer), ids=ids)
    return Narrowed(plain.model_dump(mode="json", exclude_none=True), filters, desk.spans)


def shown_request(session: Session, one: ExportRequest, service: Service) -> ExportRequestOut:
    """Return a request as it is shown."""
    return shown_requests(session, [one], service)[0]


def shown_requests(session: Session, found: Any, service: Service) -> list[ExportRequestOut]:
    """Return requests as they are shown."""
    called = outgoing.asked_by(session, found)
    return [
        ExportRequestOut(
            id=one.id, asked_by=called[one.asked_by], asked_at=one.asked_at, path=one.path, narrowed=one.narrowed,
            why=outgoing.why_of(one, service), rows=one.rows, status=one.status,
            decided_by=called.get(one.decided_by), decided_at=one.decided_at, version=one.version,
        )
        for one in found
    ]  # fmt: skip


def book(data: bytes, name: str) -> Response:
    """Return a workbook to be saved under ``name``."""
    return Response(data, media_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})
