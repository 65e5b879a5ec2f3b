"""Who works where, with which villages and how many visits a day, who is on leave; and the calendar all count by."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.deps import ByLaw, Laws, Reading, Viewing, may
from api.errands import Errand
from api.once import CHANGES, Doing, Expected
from api.problems import RESPONSES
from api.taking import Strict
from monitor.access import NATION
from monitor.service import today
from monitor.work import calendar, colleagues, deadlines
from monitor.work.calendar import Arranged
from monitor.work.colleagues import Care, Colleague

router = APIRouter(prefix="/api/v1", tags=["desk"], responses=RESPONSES, route_class=Errand)
Village = Annotated[str, Field(pattern=r"^[0-9]{12}$", description="村（社区）代码")]
Year = Annotated[int, Path(ge=2020, le=2099)]


class DutyIn(Strict):
    """What is arranged for a worker."""

    villages: list[Village] = Field(default=[], max_length=200, description="包片村 / villages in their care")
    visits_a_day: int = Field(4, ge=0, le=50, description="每个工作日可走访户数 / households visited a working day")
    away_from: date | None = Field(None, description="休假开始 / leave from")
    away_until: date | None = Field(None, description="休假结束（含）/ until and including")
    cover: UUID | None = Field(None, description="代班人 / who stands in")


class ColleagueOut(DutyIn):
    """A worker, what is arranged for them, and what is in their hands."""

    id: UUID
    name: str
    role: str
    region: str
    region_name: str = Field(description="辖区名称；空：全国 / empty: the whole nation")
    open: int = Field(description="未办结 / open")
    overdue: int = Field(description="逾期 / overdue")
    version: int = Field(description="0：尚未安排 / nothing arranged yet; the ETag of the arrangement")


class YearIn(Strict):
    """A year's days off, and the weekend days worked in exchange."""

    title: str = Field(min_length=4, max_length=200, description="通知名称和文号 / the notice it rests on")
    off: list[date] = Field(max_length=366, description="放假日 / days off")
    worked: list[date] = Field(max_length=110, description="调休上班日 / weekend days worked")


class YearOut(BaseModel):
    """A year as it is counted."""

    year: int
    title: str
    published: bool = Field(description="否：只扣周末，期限为暂定 / no: weekends only, deadlines are provisional")
    off: Sequence[date]
    worked: Sequence[date]
    version: int = Field(description="0：随系统附带 / shipped; the ETag to change it by")
    recounted: int | None = Field(None, description="因此改变期限的预警数 / alerts whose deadlines changed with it")


@router.get("/colleagues", summary="工作人员与工作量 / Colleagues and their load", dependencies=[may("colleague.read")])
def list_colleagues(viewer: Viewing, session: Reading, laws: ByLaw) -> list[ColleagueOut]:
    """Return who does the work in my region, what is arranged for them, and how much is open and overdue."""
    return [_colleague(one, laws) for one in colleagues.colleagues(session, viewer=viewer, today=today())]


@router.put(
    "/colleagues/{worker}/duty", summary="安排包片、走访量与休假 / Arrange a worker's duty",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=ColleagueOut,
)  # fmt: skip
def arrange_duty(worker: UUID, sent: DutyIn, viewer: Viewing, laws: ByLaw, expected: Expected, once: Doing) -> Response:
    """Arrange a worker's villages, visits a day, leave and stand-in; If-Match "0" when nothing was arranged yet."""
    care = Care(tuple(sent.villages), sent.visits_a_day, sent.away_from, sent.away_until, sent.cover)
    return once.answer(
        lambda: _colleague(
            colleagues.arrange(once.session, worker, care, viewer=viewer, today=today(), expected=expected), laws
        )
    )


@router.get("/calendar/{year}", summary="工作日历 / Calendar of a year", dependencies=[may("policy.read")])
def get_year(year: Year, session: Reading, laws: ByLaw, response: Response) -> YearOut:
    """Return how a year is counted: shipped, or as the office arranged it; unpublished ones count weekends only."""
    found = calendar.arranged(session, laws.on(today()), year)
    response.headers["ETag"] = f'"{found.version}"'
    return YearOut(**vars(found))


@router.put(
    "/calendar/{year}", summary="修改工作日历 / Arrange a year", dependencies=[may("policy.write")],
    responses=CHANGES, response_model=YearOut,
)  # fmt: skip
def put_year(year: Year, sent: YearIn, viewer: Viewing, laws: ByLaw, expected: Expected, once: Doing) -> Response:
    """Put the office's own arrangement in place of what was counted by; the deadlines of open alerts follow."""
    law, said = laws.on(today()), Arranged(year, sent.title, True, sent.off, sent.worked)

    def work() -> YearOut:
        calendar.arrange(once.session, said, by=viewer, expected=expected)
        recounted = deadlines.recount(once.session, law)
        return YearOut(**vars(calendar.arranged(once.session, law, year)), recounted=recounted)

    return once.answer(work)


def _colleague(one: Colleague, laws: Laws) -> ColleagueOut:
    place = "" if one.region == NATION else laws.tree.name(one.region, today())
    return ColleagueOut(
        id=one.id, name=one.name, role=one.role, region=one.region, region_name=place, open=one.open,
        overdue=one.overdue, villages=list(one.care.villages), visits_a_day=one.care.visits_a_day,
        away_from=one.care.away_from, away_until=one.care.away_until, cover=one.care.cover, version=one.care.version,
    )  # fmt: skip
