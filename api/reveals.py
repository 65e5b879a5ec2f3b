"""One personal field in the clear: asked by POST, so that no address holds it; written down before it is told."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.deps import InTransaction, Serving, Viewing, may
from api.errands import Errand
from api.households import HouseholdNo
from api.problems import RESPONSES, described
from monitor import reveals
from monitor.service import today

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)
Place = Annotated[int, Path(ge=1, le=99, description="成员在户中的次序，1为户主 / place in the household, 1: its head")]
ReasonCode = Literal["CONTACT", "IDENTITY", "REFERRAL", "PAYMENT", "COMPLAINT", "INSPECTION"]


class RevealIn(BaseModel):
    """Which field, and why."""

    model_config = ConfigDict(extra="forbid")
    field: Literal["id_no", "name", "phone"] = Field(description="证件号码、姓名或电话", examples=["phone"])
    reason_code: ReasonCode = Field(description="原因代码 / reason", examples=["CONTACT"])
    why: str = Field(
        min_length=4, max_length=200, description="用途，加密保存 / kept encrypted", examples=["约定入户时间"]
    )


class RevealOut(BaseModel):
    """The value, and how long a screen may show it."""

    id: UUID
    value: str
    until: datetime = Field(description="显示至 / a screen may show it until then")
    left_today: int = Field(description="今日剩余次数 / reveals left today")


@router.post(
    "/{household_no}/members/{place}/reveal",
    dependencies=[may("person.reveal")],
    summary="查看一项明文 / Reveal one field",
    responses=described(409, 429),
)
def reveal(
    household_no: HouseholdNo, place: Place, sent: RevealIn, service: Serving, viewer: Viewing, session: InTransaction
) -> RevealOut:
    """Return one field of one member in the clear; the audit entry is committed before the value leaves."""
    wanted = reveals.Wanted(household_no=household_no, place=place, **sent.model_dump())
    done = reveals.reveal(session, service, wanted, by=viewer, as_of=today())
    return RevealOut(id=done.id, value=done.value, until=done.until, left_today=done.left_today)
