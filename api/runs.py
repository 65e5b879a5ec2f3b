"""The ledger of jobs: what ran, for which date, and what became of it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from api.deps import Reading, may
from api.errands import Errand
from api.problems import RESPONSES
from monitor.tables import Run, Scan

router = APIRouter(
    prefix="/api/v1", tags=["runs"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)


class RunOut(BaseModel):
    """One run of a job."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    job: str
    as_of: date = Field(description="截止日 / the date the run was for")
    scope: str = Field(description="行政区划；空为全部 / region; empty: all")
    status: str = Field(
        description="requested, running, done, done_with_quarantine, held, failed, interrupted or missed"
    )
    attempt: int
    counts: dict[str, Any]
    problem: str | None
    requested_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/runs", summary="运行记录 / Runs", dependencies=[may("run.read")])
def list_runs(session: Reading, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[RunOut]:
    """Return the latest runs, newest first."""
    begun = func.coalesce(Run.started_at, Run.requested_at)
    found = session.scalars(select(Run).order_by(begun.desc(), Run.id).limit(limit))
    return [RunOut.model_validate(run) for run in found]


class NightOut(BaseModel):
    """How the last night went: what the lists show, and whether a later night did not come to its end."""

    as_of: date | None = Field(description="现有结果的截止日 / the date that the lists show; null: none yet")
    finished_at: datetime | None
    state: Literal["done", "running", "failed"] = Field(description="最近一次扫描 / the latest scan")
    tried_as_of: date | None = Field(description="最近一次扫描的截止日 / the date that the latest scan is for")


@router.get("/night", summary="昨夜扫描 / Last night", dependencies=[may("alert.read")])
def last_night(session: Reading) -> NightOut:
    """Return which night's results the lists show, and how the latest scan ended; why it failed is the operator's."""
    done = session.execute(
        select(Scan.as_of, Scan.finished_at).where(Scan.finished_at.is_not(None)).order_by(Scan.as_of.desc()).limit(1)
    ).first()
    newest = select(func.max(Run.as_of)).where(Run.job == "scan").scalar_subquery()
    tried = session.execute(select(Run.as_of, Run.status).where(Run.job == "scan", Run.as_of == newest)).all()
    return NightOut(
        as_of=done.as_of if done else None, finished_at=done.finished_at if done else None,
        state=_state({run.status for run in tried}), tried_as_of=tried[0].as_of if tried else None,
    )  # fmt: skip


def _state(statuses: set[str]) -> Literal["done", "running", "failed"]:
    """One part of the night that failed is a night that failed."""
    if statuses & {"held", "failed", "interrupted", "missed"}:
        return "failed"
    return "running" if statuses & {"requested", "running"} else "done"
