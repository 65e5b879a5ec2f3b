"""成员情况 over HTTP: ability to work, disability, school and benefits of each member, with source and date."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ByLaw, Reading, Serving, Viewing, asked_date, may
from api.errands import Errand
from api.households import HouseholdNo
from api.problems import RESPONSES
from api.written import Day
from monitor import circumstances
from monitor.alerts import people
from monitor.cases.chain import household_for
from monitor.circumstances import Kind
from monitor.service import today

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)


class SaidOut(BaseModel):
    """A code of an agency in words."""

    model_config = ConfigDict(from_attributes=True)
    zh: str
    en: str


class ToldOut(BaseModel):
    """One thing an agency tells of a member."""

    model_config = ConfigDict(from_attributes=True)
    kind: Kind
    said: list[SaidOut] = Field(description="类别、等级、在读状态或项目 / what it is, by the agency's codes")
    on: date | None = Field(description="发证日或最近发放月 / its day, or the newest month paid")
    amount: float | None = Field(description="最近发放月的合计（元） / yuan paid in the newest month")


class MemberStandingOut(BaseModel):
    """What is told of one member; what is neither told nor silent is unknown."""

    model_config = ConfigDict(from_attributes=True)
    place: int
    able: bool | None = Field(
        description="劳动年龄且无重度残疾（推算）；空为未知 / of working age and not severely disabled; null: unknown"
    )
    told: list[ToldOut]
    silent: list[Kind] = Field(description="按期到达的数据中没有该成员 / agencies heard of in time that tell nothing")


class KindHeardOut(BaseModel):
    """One feed that one kind of thing is known from."""

    kind: Literal["able", "disability", "school", "benefit"]
    feed: str
    zh: str
    en: str
    heard_on: date | None = Field(description="最近数据；空为从未获取 / the newest data; null: never obtained")
    fresh: bool


class CircumstancesOut(BaseModel):
    """劳动能力、残疾、就学与待遇: of each member, as known on a day."""

    as_of: date
    members: list[MemberStandingOut]
    heard: list[KindHeardOut]


@router.get(
    "/{household_no}/circumstances",
    summary="成员情况 / Members' circumstances",
    dependencies=[may("household.read")],
)
def get_circumstances(
    household_no: HouseholdNo, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw,
    as_of: Annotated[Day | None, Query(description="截止日，默认最近一次扫描 / default: the newest scan's")] = None,
) -> CircumstancesOut:  # fmt: skip
    """Return ability to work, disability, school and benefits of a year of each member, by place; unknown is not no."""
    on = asked_date(session, as_of)
    home = household_for(session, household_no, viewer)
    shown = people.members(session, home.id, as_of=as_of or today(), keyring=service.keyring)
    found = circumstances.circumstances(session, service, laws.on(on), shown=shown, as_of=on)
    return CircumstancesOut(
        as_of=on, members=[MemberStandingOut.model_validate(one) for one in found.members],
        heard=[
            KindHeardOut(
                kind=one.kind, feed=one.feed, zh=one.description.zh, en=one.description.en, heard_on=one.heard_on,
                fresh=one.fresh,
            )
            for one in found.heard
        ],
    )  # fmt: skip
