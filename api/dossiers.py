"""家庭档案 over HTTP: find a household by what a worker types, and read all that may be seen of it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.alerts import MemberOut
from api.deps import ByLaw, Reading, Serving, Viewing, asked_date, may
from api.errands import Errand
from api.households import HouseholdNo
from api.problems import RESPONSES
from api.written import Day
from monitor import dossiers
from monitor.alerts import people
from monitor.dossiers import Known
from monitor.service import CITY_TIME, today
from monitor.tables import Alert

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)


class SoughtHousehold(BaseModel):
    """What somebody types: a name, its pinyin, the last four digits, a whole number, a household's number."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=64, description="姓名、拼音、后四位、证件号码或户编号", examples=["wgl"])


class AlertOfHome(BaseModel):
    """One episode of alert of the household."""

    id: UUID
    status: str
    level: str
    opened_on: date
    closed_on: date | None
    closed_why: str | None


class FoundHousehold(BaseModel):
    """A household that was meant."""

    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name", examples=["张*"])
    category: str | None
    region: str
    region_name: str
    members: int
    registered: bool = Field(description="是否仍在登记中 / whether the newest register still has it")
    alert: AlertOfHome | None = Field(description="未办结预警 / the open alert")


class FoundHouseholds(BaseModel):
    """Whom the text may mean; at most fifty."""

    items: list[FoundHousehold]
    more: bool = Field(description="还有更多，请输入更具体的内容 / there are more: type more")


class KnownOut(BaseModel):
    """One thing known of the household, or not known."""

    indicator: str
    zh: str
    en: str
    unit: str
    value: float | bool | str | None = Field(description="空为未知，不是“没有” / null: unknown, which is not no")
    feeds: list[str]
    stale: list[str] = Field(description="未按期到达的数据 / feeds that are late")
    heard_on: date | None = Field(description="数据日期 / the oldest of its feeds was last heard of then")


class CaseOfHome(BaseModel):
    """One case of the household."""

    id: UUID
    status: str
    opened_on: date
    removed_on: date | None


class DossierOut(BaseModel):
    """A household as it stands on a day."""

    household_no: str
    name: str
    as_of: date
    category: str | None
    region: str
    region_name: str
    registered: bool
    members: list[MemberOut]
    known: list[KnownOut]
    alerts: list[AlertOfHome]
    cases: list[CaseOfHome]


class Asked:
    """What is asked of a household: as of which day, and whether its indicators are computed too."""

    def __init__(
        self,
        as_of: Annotated[Day | None, Query(description="截止日，默认最近一次扫描 / default: the newest scan's")] = None,
        known: Annotated[bool, Query(description="是否计算监测指标 / whether indicators are computed too")] = True,
    ) -> None:
        self.as_of, self.known = as_of, known


@router.post("/search", summary="查找家庭 / Find households", dependencies=[may("household.read")])
def find_households(
    service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, sought: SoughtHousehold
) -> FoundHouseholds:
    """Return the households of my region of whoever is meant, alerted or not; nothing of what was typed is kept."""
    found = dossiers.find(session, sought.text, viewer=viewer, keyring=service.keyring)
    day = today()
    items = [
        FoundHousehold(
            household_no=one.household.household_no, name=one.name, category=one.household.category,
            region=one.household.region, region_name=laws.tree.full_name(one.household.region, day),
            members=one.members, registered=one.household.registered,
            alert=_alert(one.alert) if one.alert else None,
        )
        for one in found
    ]  # fmt: skip
    return FoundHouseholds(items=items, more=len(found) == dossiers.MOST_FOUND)


@router.get("/{household_no}", summary="家庭档案 / A household", dependencies=[may("household.read")])
def get_household(
    household_no: HouseholdNo,
    service: Serving,
    viewer: Viewing,
    session: Reading,
    laws: ByLaw,
    asked: Annotated[Asked, Depends(Asked)],
) -> DossierOut:
    """Return members, everything known or unknown with its data's date, alerts and cases; names are masked.

    Members are today's unless a date is asked for: who was registered since the newest scan belongs to it too.
    """
    day = asked_date(session, asked.as_of)
    found = dossiers.dossier(session, household_no, viewer=viewer)
    home = found.household
    said = dossiers.known_of(session, service, laws.on(day), [home.id], as_of=day) if asked.known else {}
    shown = people.members(session, home.id, as_of=asked.as_of or today(), keyring=service.keyring)
    return DossierOut(
        household_no=household_no, name=people.title(shown), as_of=day, category=home.category,
        region=home.region, region_name=laws.tree.full_name(home.region, day), registered=home.registered,
        members=[MemberOut.model_validate(one) for one in shown],
        known=[known_out(one) for one in said.get(home.id, [])],
        alerts=[_alert(one) for one in found.alerts],
        cases=[
            CaseOfHome(id=one.id, status=one.status, opened_on=one.opened_on, removed_on=one.removed_on)
            for one in found.cases
        ],
    )  # fmt: skip


def known_out(one: Known) -> KnownOut:
    """Return one thing known, as it is shown."""
    return KnownOut(
        indicator=one.indicator, zh=one.description.zh, en=one.description.en, unit=one.unit, value=one.value,
        feeds=list(one.feeds), stale=list(one.stale), heard_on=one.heard_on,
    )  # fmt: skip


def _alert(one: Alert) -> AlertOfHome:
    return AlertOfHome(
        id=one.id, status=one.status, level=one.level, opened_on=one.opened_on,
        closed_on=one.closed_at.astimezone(CITY_TIME).date() if one.closed_at else None, closed_why=one.closed_why,
    )  # fmt: skip
