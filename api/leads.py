"""手动登记困难线索: a household in difficulty that no list has, registered by who heard of it."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.deps import ByLaw, Serving, Viewing, may
from api.errands import Errand
from api.once import ONCE, Doing
from api.problems import RESPONSES
from api.taking import RegionCode, Strict
from monitor import leads
from monitor.service import today

router = APIRouter(prefix="/api/v1/leads", tags=["households"], responses=RESPONSES, route_class=Errand)
How = Literal["visit", "neighbour", "grid", "hotline", "self", "other"]


class LeadIn(Strict):
    """What was heard of whom; sent again with the same id it is registered once."""

    id: UUID = Field(description="由设备生成 / made by the device")
    how: How = Field(description="来源：走访、邻里、网格、热线、本人、其他")
    heard_on: date = Field(description="发现日期 / the day")
    said: str = Field(min_length=4, max_length=1000, description="困难情况，加密保存 / kept encrypted")
    region: RegionCode | None = Field(None, description="所在村（社区）；已在册的户可不填", examples=["340202001001"])
    name: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(None, description="姓名，加密保存")
    id_no: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(None, description="证件号码，可空")
    phone: Annotated[str, Field(pattern=r"^[0-9+ -]{5,20}$")] | None = Field(None, description="电话，可空")
    household_no: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")] | None = Field(None, description="已在册的户编号")


class LeadOut(BaseModel):
    """What came of it."""

    id: UUID
    household_no: str
    alert_id: UUID
    new_alert: bool = Field(description="否：并入未办结的预警 / no: added to the alert that is open")
    known: bool = Field(description="该户已在册 / the household was known before")


@router.post(
    "", status_code=201, summary="登记困难线索 / Register a lead", dependencies=[may("lead.register")],
    responses=ONCE, response_model=LeadOut,
)  # fmt: skip
def register_lead(sent: LeadIn, service: Serving, viewer: Viewing, laws: ByLaw, once: Doing) -> Response:
    """Register a household in difficulty: an alert is raised on it, to be visited within fourteen days."""
    heard = leads.Heard(**sent.model_dump())

    def work() -> LeadOut:
        done = leads.register(once.session, heard, at=leads.Desk(viewer, service.keyring, laws.tree, today()))
        return LeadOut(
            id=done.lead.id,
            household_no=done.household_no,
            alert_id=done.lead.alert_id,
            new_alert=done.new_alert,
            known=done.known,
        )

    return once.answer(work, status=201)
