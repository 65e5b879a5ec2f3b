"""Twelve months of a household's money over HTTP, for the chart and for the table behind it."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import ByLaw, Reading, Serving, Viewing, asked_date, may
from api.errands import Errand
from api.households import HouseholdNo
from api.problems import RESPONSES
from api.written import Day
from monitor.cases import chain, months
from monitor.lake import Lake

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)
Yuan = Annotated[float | None, Field(description="元；空为尚无数据，不是0 / yuan; null: not told yet, which is not 0")]


class MonthOut(BaseModel):
    """One month: what came in by source, what illness cost, and both together."""

    month: str = Field(description="YYYY-MM", examples=["2026-02"])
    wages: Yuan
    pensions: Yuan
    benefits: Yuan
    medical: Yuan
    income: Yuan
    spending: Yuan


class MonthsOut(BaseModel):
    """The months, the oldest first."""

    household_no: str
    as_of: date
    months: list[MonthOut]


@router.get("/{household_no}/months", summary="近12个月收支 / Twelve months", dependencies=[may("household.read")])
def twelve_months(
    household_no: HouseholdNo,
    service: Serving,
    viewer: Viewing,
    session: Reading,
    laws: ByLaw,
    as_of: Annotated[Day | None, Query(description="截止日，默认最近一次扫描 / default: the newest scan's")] = None,
) -> MonthsOut:
    """Return wages, pensions, benefits and medical costs by month, as the deliveries known on the day tell them."""
    day = asked_date(session, as_of)
    household = chain.household_for(session, household_no, viewer)
    lake = Lake.of(service.settings)
    found = months.months(session, household, lake=lake, policy=laws.on(day), as_of=day)
    told = [
        MonthOut(month=one.first_day.isoformat()[:7], income=one.income, spending=one.spending, **one.amounts)
        for one in found
    ]
    return MonthsOut(household_no=household_no, as_of=day, months=told)
