"""Where each agency's feed stands: how fresh, how complete, what waits for a person."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import ByLaw, Reading, asked_date, may
from api.errands import Errand
from api.problems import RESPONSES
from api.written import Day
from monitor import feeds

router = APIRouter(
    prefix="/api/v1", tags=["feeds"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)


class HeldOut(BaseModel):
    """A delivery that waits for a person, and why."""

    delivery: UUID
    received_on: date
    rows: int
    why_zh: list[str]
    why_en: list[str]


class FeedOut(BaseModel):
    """One feed on a date."""

    feed: str
    zh: str
    en: str
    agency: str
    fresh: bool = Field(description="是否在时效内；否则相关规则判为缺数据 / else its rules are unknown")
    last_known_on: date | None
    days: int | None = Field(description="距最近一批的天数 / days since the last delivery")
    fresh_days: int | None = Field(description="时效天数；空为不过期 / null: never stale")
    deliveries: int
    rows: int
    errors: int
    matched: float | None = Field(description="匹配到在册人员的比例 / share of rows whose person is registered")
    held: list[HeldOut]


@router.get("/feeds", summary="部门数据 / Feeds", dependencies=[may("feed.read")])
def list_feeds(session: Reading, laws: ByLaw, as_of: Annotated[Day | None, Query()] = None) -> list[FeedOut]:
    """Return every feed as known on a date (the newest scan's when omitted), those never delivered among them."""
    day = asked_date(session, as_of)
    return [_shown(status) for status in feeds.overview(session, laws.on(day), day)]


def _shown(status: feeds.FeedStatus) -> FeedOut:
    return FeedOut(
        feed=status.feed, zh=status.description.zh, en=status.description.en, agency=status.agency.zh,
        fresh=status.fresh, last_known_on=status.last_known_on, days=status.days, fresh_days=status.fresh_days,
        deliveries=status.deliveries, rows=status.rows, errors=status.errors, matched=status.matched,
        held=[
            HeldOut(
                delivery=one.delivery_id, received_on=one.received_on, rows=one.rows,
                why_zh=[said.zh for said in one.why], why_en=[said.en for said in one.why],
            )
            for one in status.held
        ],
    )  # fmt: skip
