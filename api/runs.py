"""The ledger of jobs: what ran, for which date, and what became of it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from api.deps import Reading, may
from api.problems import RESPONSES
from monitor.tables import Run

router = APIRouter(prefix="/api/v1", tags=["runs"], responses={401: RESPONSES[401], 422: RESPONSES[422]})


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
