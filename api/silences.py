"""Rules kept quiet for households: listed, paused for a time with a reason, and spoken of again with one."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ByLaw, Reading, Viewing, may
from api.errands import Errand
from api.households import HouseholdNo
from api.once import ONCE, Doing
from api.problems import RESPONSES
from api.queue import RegionCode, RuleName
from api.written import Day, Truth
from monitor.cases import silences
from monitor.cases.silences import Asked, Pause
from monitor.service import today

router = APIRouter(prefix="/api/v1", tags=["households"], responses=RESPONSES, route_class=Errand)
PausedWhy = Literal["KNOWN_CAUSE", "IN_HAND", "DATA_AMENDED", "AGREED"]
LiftedWhy = Literal["CHANGED", "FOUND_WRONG", "ASKED", "CHECK_AGAIN"]
Rule = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="规则 / the rule")]


class SilenceOut(BaseModel):
    """One rule kept quiet for one household."""

    id: int
    household_no: str
    region: str
    region_name: str
    rule: str
    since_on: date
    until_on: date = Field(description="最后静默日 / the last quiet day")
    why: str = Field(description="原因代码 / reason code")
    found_by: str | None = Field(description="谁核查或谁暂停 / who found no need, or who paused it")
    paused: bool = Field(description="人工暂停(true)或核查后静默(false) / paused by hand, or after a visit")


class SilencePage(BaseModel):
    """A page of quiet rules, the newest first."""

    items: list[SilenceOut]
    next: int | None = Field(description="下一页标记；空为最后一页 / null: this is the last")


class PauseIn(BaseModel):
    """Until when a rule is to be quiet for a household, and why."""

    model_config = ConfigDict(extra="forbid")
    until_on: Day = Field(description="最后静默日，180天以内 / the last quiet day, within 180 days")
    why: PausedWhy = Field(description="原因代码 / reason code")


class PausedOut(BaseModel):
    """A rule that is quiet from now on."""

    household_no: str
    rule: str
    since_on: date
    until_on: date
    why: str


class LiftIn(BaseModel):
    """Why a rule is spoken of again."""

    model_config = ConfigDict(extra="forbid")
    why: LiftedWhy = Field(description="原因代码 / reason code")


class LiftedOut(BaseModel):
    """A rule that is quiet no longer."""

    household_no: str
    rule: str
    ended_on: date


class Silenced(BaseModel):
    """Which quiet rules are wanted."""

    region: RegionCode | None = None
    rule: RuleName | None = None
    paused: Truth | None = Field(None, description="只看人工暂停(true)或核查后静默(false) / paused by hand, or not")
    household_no: str | None = Field(
        None, max_length=64, pattern=r"^[\w-]+$", description="户编号 / the register's number"
    )
    after: int | None = Field(None, ge=1, le=2**62, description="上一页的 next / next of the page before")
    limit: int = Field(50, ge=1, le=200)


@router.get("/quiets", dependencies=[may("household.read")], summary="静默名单 / Rules kept quiet")
def list_quiets(viewer: Viewing, session: Reading, laws: ByLaw, asked: Annotated[Silenced, Query()]) -> SilencePage:
    """Return the rules that a visit or a person keeps quiet in the viewer's region: until when, why and by whom."""
    wanted = Asked(today(), asked.region, asked.rule, asked.paused, asked.household_no)
    found = silences.listed(session, wanted, viewer=viewer, after=asked.after, most=asked.limit + 1)
    items = [
        SilenceOut(
            id=quiet.id, household_no=home.household_no, region=home.region,
            region_name=laws.tree.full_name(home.region, today()), rule=quiet.rule, since_on=quiet.since_on,
            until_on=quiet.until_on, why=quiet.why, found_by=by,
            paused=quiet.alert_id is not None,
        )
        for quiet, home, by in found[: asked.limit]
    ]  # fmt: skip
    return SilencePage(items=items, next=items[-1].id if len(found) > asked.limit else None)


@router.post(
    "/households/{household_no}/quiets/{rule}", status_code=201, dependencies=[may("alert.assign")], responses=ONCE,
    response_model=PausedOut, summary="该户暂停此规则 / Pause a rule for a household",
)  # fmt: skip
def pause_rule(household_no: HouseholdNo, rule: Rule, sent: PauseIn, viewer: Viewing, once: Doing) -> Response:
    """Keep one rule quiet for one household until a day; worse facts end it earlier. What stands in its alert stays."""

    def work() -> PausedOut:
        wanted = Pause(sent.until_on, sent.why)
        made = silences.pause(once.session, household_no, rule, wanted, by=viewer, on=today())
        return PausedOut(
            household_no=household_no, rule=made.rule, since_on=made.since_on, until_on=made.until_on, why=made.why
        )

    return once.answer(work, status=201)


@router.post(
    "/households/{household_no}/quiets/{rule}/end", dependencies=[may("alert.assign")], responses=ONCE,
    response_model=LiftedOut, summary="解除静默 / Lift a quiet",
)  # fmt: skip
def lift_quiet(household_no: HouseholdNo, rule: Rule, sent: LiftIn, viewer: Viewing, once: Doing) -> Response:
    """End one rule's quiet for one household, with a reason; tonight's scan may raise it again. No other is touched."""

    def work() -> LiftedOut:
        ended = silences.lift(once.session, household_no, rule, why=sent.why, by=viewer, on=today())
        return LiftedOut(household_no=household_no, rule=ended.rule, ended_on=ended.ended_on or today())

    return once.answer(work)
