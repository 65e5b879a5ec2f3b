"""The nights: how long each scan took, what came of it, how it compares; and a run that waited for somebody, let go."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from statistics import median
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.deps import ByLaw, InTransaction, Laws, Reading, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES, described
from api.runs import RunOut
from monitor import runs
from monitor.service import today
from monitor.tables import Run, Scan
from monitor.unjudged import Unjudged, unjudged

router = APIRouter(
    prefix="/api/v1", tags=["runs"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
COMPARED, SPIKE, LEAST_MORE = 7, 2.0, 20


class NightRunOut(BaseModel):
    """One scan: what it went by, how long it took, what came of it."""

    run: UUID
    as_of: date
    scope: str
    status: str = Field(description="requested, running, done, done_with_quarantine, held, failed, interrupted, missed")
    attempt: int
    problem: str | None
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="用时 / how long; null while at work")
    households: int | None = Field(description="判定户数 / households judged")
    set_aside: int = Field(description="未能判定，另存 / households that could not be judged")
    raised: int | None
    cleared: int | None
    policy_version: str | None = Field(description="规则包 / the pack that it went by")
    model: str | None
    usual: float | None = Field(description="此前七夜新增的中位数 / the median raised in the seven nights before")
    spike: bool = Field(description="新增为平常两倍以上且多20件以上，宜先复核 / look before it is worked on")
    can_release: bool = Field(description="可重新放行 / may be let go")


class AsideOut(BaseModel):
    """A household that the newest night could not judge: its alert stands, and nothing of it was cleared."""

    id: int = Field(description="搁置编号 / the reference of the setting aside")
    as_of: date
    since: date = Field(description="连续搁置的首个截止日 / the first night of those in a row")
    nights: int = Field(description="连续几夜 / how many nights in a row", examples=[3])
    stage: str = Field(description="判定或写入时 / where it broke: judge, or settle (writing)", examples=["judge"])
    error: str = Field(description="错误种类，不含原文 / kind of error, not its text", examples=["ValueError"])
    place: str = Field(description="位置 / where in the program", examples=["rules.py:41"])
    household_no: str | None = Field(description="仅管辖该户者可见 / null to whom the household is not in sight")
    region_name: str | None


@router.get("/nights/aside", dependencies=[may("run.start")], summary="未能判定的户 / Households set aside")
def list_aside(viewer: Viewing, session: Reading, laws: ByLaw) -> list[AsideOut]:
    """Return whom the newest night that ended could not judge, the longest aside first, and why, without personal data.

    An administrator sees references only; who manages the region sees which household it is.
    """
    return [_aside(one, laws) for one in unjudged(session, viewer=viewer)]


@router.get("/nights", dependencies=[may("run.read")], summary="夜间扫描 / Nights")
def list_nights(session: Reading, limit: Annotated[int, Query(ge=1, le=100)] = 30) -> list[NightRunOut]:
    """Return the latest scans, newest first, each beside what was usual in the seven nights before it."""
    begun = func.coalesce(Run.started_at, Run.requested_at)
    chosen = select(Run).where(Run.job == "scan").order_by(Run.as_of.desc(), begun.desc(), Run.id)
    found = session.scalars(chosen.limit(limit + COMPARED)).all()
    scans = _scans(session, [run.id for run in found])
    return [_night(run, scans, found[place + 1 :]) for place, run in enumerate(found[:limit])]


@router.post("/runs/{run_id}/release", dependencies=[may("run.start")], summary="重新放行 / Let a run go",
             responses=described(404, 409))  # fmt: skip
def release_run(run_id: UUID, viewer: Viewing, session: InTransaction) -> RunOut:
    """Ask anew for a run that is on hold, was missed or failed; whoever works takes it next."""
    return RunOut.model_validate(runs.release(session, run_id, by=str(viewer.worker)))


def _aside(one: Unjudged, laws: Laws) -> AsideOut:
    home = one.home
    return AsideOut(
        id=one.found.id, as_of=one.found.as_of, since=one.since, nights=one.nights, stage=one.found.stage,
        error=one.found.error, place=one.found.place, household_no=None if home is None else home.household_no,
        region_name=None if home is None else laws.tree.full_name(home.region, today()),
    )  # fmt: skip


def _scans(session: Session, ids: Sequence[UUID]) -> Mapping[UUID | None, Scan]:
    ended = select(Scan).where(Scan.run_id.in_(ids), Scan.finished_at.is_not(None))
    return {scan.run_id: scan for scan in session.scalars(ended.order_by(Scan.finished_at))}


def _night(run: Run, scans: Mapping[UUID | None, Scan], before: Sequence[Run]) -> NightRunOut:
    scan = scans.get(run.id)
    said: Mapping[str, Any] = scan.counts if scan else {}
    earlier = [_raised(scans[one.id]) for one in before if one.id in scans and one.scope == run.scope][:COMPARED]
    usual, raised = (median(earlier) if earlier else None), (_raised(scan) if scan else None)
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    return NightRunOut(
        run=run.id, as_of=run.as_of, scope=run.scope, status=run.status, attempt=run.attempt, problem=run.problem,
        started_at=run.started_at, finished_at=run.finished_at, seconds=took, households=said.get("households"),
        set_aside=said.get("quarantined", 0), raised=raised, cleared=said.get("reasons_cleared", 0) if scan else None,
        policy_version=scan.policy_version if scan else None, model=scan.model_version if scan else None, usual=usual,
        spike=_spike(raised, usual), can_release=run.status in runs.RELEASED_FROM,
    )  # fmt: skip


def _raised(scan: Scan) -> int:
    return int(scan.counts.get("raised", 0))


def _spike(raised: int | None, usual: float | None) -> bool:
    return raised is not None and usual is not None and raised >= SPIKE * usual and raised >= usual + LEAST_MORE
