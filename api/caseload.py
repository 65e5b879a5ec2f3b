"""The cases of a region as a list: in which state each is, and what waits to be done about it today."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.casefile import CaseStatus
from api.deps import ByLaw, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from api.queue import RegionCode
from monitor.alerts import people
from monitor.cases import listing
from monitor.cases.listing import Place, Wanted
from monitor.errors import Invalid
from monitor.service import today
from monitor.tables import Case

router = APIRouter(
    prefix="/api/v1/cases", tags=["cases"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Waiting = Literal["check_due", "measure_overdue", "notice_over"]
Waits = Annotated[
    Waiting,
    Field(
        description="今日待办：回访到期、措施逾期、公示期满 / what waits: a later check, a measure, the end of a notice"
    ),
]
Cursor = Annotated[
    str,
    Field(
        pattern=r"^(waits|other)_[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9a-f]{32}$",
        description="上一页的 next / next of the page before",
        examples=["waits_2026-03-02_0190b5a07c0070008000000000000001"],
    ),
]


class CasesIn(BaseModel):
    """Which cases, and which page of them."""

    model_config = ConfigDict(extra="forbid")
    region: RegionCode | None = None
    status: CaseStatus | None = Field(None, description="省略：未结案 / omitted: those that have not ended")
    waits: Waits | None = None
    after: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class CaseBrief(BaseModel):
    """A case as a line of the list."""

    id: UUID
    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name", examples=["张*"])
    region: str
    region_name: str
    status: CaseStatus
    risk_factors: list[str]
    opened_on: date
    notice_until: date | None
    removed_on: date | None
    waits: list[Waiting] = Field(description="今日待办 / what waits to be done today")
    version: int


class CasePage(BaseModel):
    """A page of cases: those with something due today first, of either the newest first.

    A case whose work is done between two pages comes again; one for which something begins to be due is missed until
    the list is read anew.
    """

    items: list[CaseBrief]
    next: str | None = Field(description="下一页标记；空为最后一页 / the next page's after; null: this is the last")


class WaitingOut(BaseModel):
    """How many open cases wait for each thing; a case that waits for two counts for both."""

    check_due: int = Field(description="回访到期 / a later check is due")
    measure_overdue: int = Field(description="措施逾期 / a measure is overdue")
    notice_over: int = Field(description="公示期满 / a public notice is over")


@router.get("/waiting", dependencies=[may("case.read")], summary="个案待办数 / What waits")
def count_waiting(viewer: Viewing, session: Reading, region: RegionCode | None = None) -> WaitingOut:
    """Return how many cases of my region, or of one within it, wait today for what the list can be narrowed to."""
    return WaitingOut(**listing.waiting(session, region, viewer=viewer, today=today()))


@router.get("", dependencies=[may("case.read")], summary="帮扶个案列表 / Cases")
def list_cases(
    service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, asked: Annotated[CasesIn, Query()]
) -> CasePage:
    """Return the cases of my region, those with something due today first: of those open, or in one state."""
    wanted, day = Wanted(asked.region, asked.status, asked.waits), today()
    after = None if asked.after is None else _place(asked.after)
    found = listing.cases(session, wanted, viewer=viewer, today=day, after=after, most=asked.limit + 1)
    shown = [one for one, _ in found[: asked.limit]]
    names = people.titles(session, [one.household_id for one in shown], keyring=service.keyring)
    waits = listing.waits_of(session, shown, today=day)
    items = [_brief(one, names.get(one.household_id, "—"), waits[one.id], laws) for one in shown]
    return CasePage(items=items, next=_cursor(found[asked.limit - 1][1]) if len(found) > asked.limit else None)


def _cursor(last: Place) -> str:
    return f"{'waits' if last.waits else 'other'}_{last.opened_on.isoformat()}_{last.id.hex}"


def _place(cursor: str) -> Place:
    part, day, id_ = cursor.split("_")
    try:
        return Place(part == "waits", date.fromisoformat(day), UUID(hex=id_))
    except ValueError:
        raise Invalid(zh="翻页标记无效，请从第一页开始", en="not a page cursor: begin at the first page") from None


def _brief(one: Case, name: str, waits: list[str], laws: Laws) -> CaseBrief:
    home = one.household
    return CaseBrief(
        id=one.id, household_no=home.household_no, name=name, region=home.region,
        region_name=laws.tree.full_name(home.region, today()), status=one.status,  # type: ignore[arg-type]
        risk_factors=one.risk_factors, opened_on=one.opened_on, notice_until=one.notice_until,
        removed_on=one.removed_on, waits=waits, version=one.version,  # type: ignore[arg-type]
    )  # fmt: skip
