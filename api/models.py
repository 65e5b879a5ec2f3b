"""Whether a model stands behind tonight's order, and how many households in need the sample says were missed."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.deps import Reading, Viewing, may, newest_date
from api.errands import Errand
from api.overseeing import overseeing
from api.problems import RESPONSES
from api.written import Day
from monitor.access import NATION
from monitor.reports import missed
from monitor.tables import Scan

router = APIRouter(
    prefix="/api/v1", tags=["models"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)


class StandingOut(BaseModel):
    """How the newest scan ordered the queue."""

    mode: Literal["champion", "rules_only"]
    as_of: date | None
    model: str | None
    banner_zh: str | None = Field(description="页首提示；无则为空 / a banner for the top of the page; null: none")
    banner_en: str | None


class MissedOut(BaseModel):
    """Households in need that nobody flagged, in a week on average; numbers are null without enough evidence."""

    model_config = ConfigDict(from_attributes=True)
    since: date
    until: date
    drawn: int
    settled: int
    confirmed: int
    unflagged: float
    enough: bool
    share: float | None
    estimate: float | None
    low: float | None
    high: float | None


@router.get("/model", dependencies=[may("policy.read")], summary="模型状态 / Whether a model orders the queue")
def standing(session: Reading) -> StandingOut:
    """Return what the newest scan went by: a champion, or rules alone and why."""
    newest = select(Scan).where(Scan.finished_at.is_not(None)).order_by(Scan.as_of.desc(), Scan.finished_at.desc())
    scan = session.scalar(newest.limit(1))
    said = {} if scan is None else scan.counts.get("score", {})
    mode = said.get("mode", "rules_only")
    return StandingOut(
        mode=mode, as_of=None if scan is None else scan.as_of, model=said.get("model"),
        banner_zh=said.get("zh") or (None if mode == "champion" else "未启用模型，队列仅按规则排序"),
        banner_en=said.get("en") or (None if mode == "champion" else "no model is in use: rules alone order the queue"),
    )  # fmt: skip


@router.get("/missed", dependencies=[may("report.missed")], summary="漏报估计 / Missed cases, estimated")
def estimated(
    viewer: Viewing,
    session: Reading,
    since: Annotated[Day | None, Query(description="起 / from")] = None,
    until: Annotated[Day | None, Query(description="止 / up to")] = None,
) -> MissedOut:
    """Return the estimate from the random sample of the viewer's region, by default of the last half year.

    To an auditor it is that of all regions, and is noted in the audit.
    """
    end = until or newest_date(session)
    begin = since or end - timedelta(days=183)
    with overseeing(session, viewer, action="report.missed", subject=NATION) as (seer, _):
        return MissedOut.model_validate(missed.missed(session, since=begin, until=end, viewer=seer))
