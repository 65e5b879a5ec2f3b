"""家庭收支与财产 over HTTP: by year, by source, with the date of each; and who may be entered twice."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ByLaw, Reading, Serving, Viewing, asked_date, may
from api.errands import Errand
from api.households import HouseholdNo
from api.problems import RESPONSES
from api.written import Day
from monitor import means
from monitor.means import Source

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)


class SourceOut(BaseModel):
    """One source of what is shown, or of what is missing."""

    feed: str
    zh: str
    en: str
    kind: Literal["income", "expense", "property"]
    fresh: bool
    heard_on: date | None = Field(description="最近数据；空为从未获取 / the newest data; null: never obtained")


class FlowOut(BaseModel):
    """What one source says of one year."""

    model_config = ConfigDict(from_attributes=True)
    feed: str
    year: int
    yuan: float
    records: int


class OwnedOut(BaseModel):
    """One thing in a member's name."""

    model_config = ConfigDict(from_attributes=True)
    feed: str
    member: int = Field(description="成员在户中的次序 / place in the household")
    said: list[str]
    since: date | None
    amount: float | None = Field(description="面积、注册资本或余额 / area, capital or balance")


class TwinOut(BaseModel):
    """疑似同一人: somebody of this household may stand in another too."""

    model_config = ConfigDict(from_attributes=True)
    household_no: str
    member: int
    how: Literal["same", "alike"] = Field(description="same 同一人在两户；alike 姓名、性别、出生日期相同")


class MeansOut(BaseModel):
    """Income, expenditure and property of a household as known on a day; sources overlap and are not added up."""

    as_of: date
    sources: list[SourceOut]
    flows: list[FlowOut]
    owned: list[OwnedOut]
    twins: list[TwinOut]


@router.get("/{household_no}/means", summary="收支与财产 / Income and property", dependencies=[may("household.read")])
def get_means(
    household_no: HouseholdNo, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw,
    as_of: Annotated[Day | None, Query(description="截止日，默认最近一次扫描 / default: the newest scan's")] = None,
) -> MeansOut:  # fmt: skip
    """Return three years of income and expenditure by source, property checks, and hints of double entries."""
    on = asked_date(session, as_of)
    found = means.means(session, service, laws.on(on), household_no, as_of=on, viewer=viewer)
    return MeansOut(
        as_of=on, sources=[_source(one) for one in found.sources],
        flows=[FlowOut.model_validate(one) for one in found.flows],
        owned=[OwnedOut.model_validate(one) for one in found.owned],
        twins=[TwinOut.model_validate(one) for one in found.twins],
    )  # fmt: skip


def _source(one: Source) -> SourceOut:
    return SourceOut(
        feed=one.feed, zh=one.description.zh, en=one.description.en, fresh=one.fresh, heard_on=one.heard_on,
        kind=one.kind,  # type: ignore[arg-type]
    )  # fmt: skip
