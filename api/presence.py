"""Who else is at an alert: one small call, made every twenty seconds while it is open, says it and is told it."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.deps import InTransaction, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from monitor.access import Viewer
from monitor.alerts import queue
from monitor.work import presence

router = APIRouter(prefix="/api/v1/alerts", tags=["desk"], responses=RESPONSES, route_class=Errand)


class HereIn(BaseModel):
    """What I do at the alert."""

    model_config = ConfigDict(extra="forbid")
    doing: Literal["looking", "working"] = Field(
        "looking", description="查看中、登记中 / looking at it, or filling in a form"
    )


class SomebodyOut(BaseModel):
    """Somebody else who has the alert open."""

    model_config = ConfigDict(from_attributes=True)
    name: str = Field(description="姓名或岗位 / name or post", examples=["花桥镇林干事"])
    doing: Literal["looking", "working"] = Field(description="查看中、登记中 / looking, or filling in a form")
    seconds: int = Field(description="已多少秒 / for how many seconds now")


class HereOut(BaseModel):
    """Who else is here, which version the alert has come to, and when to call again."""

    version: int = Field(description="现为第几版；与所见不同即已被更新 / another than the one you saw: it has changed")
    others: list[SomebodyOut]
    again_seconds: int = Field(description="多少秒后再报 / seconds after which to call again")


@router.put("/{alert_id}/presence", summary="我在看 / I am here", dependencies=[may("alert.read")])
def be_here(alert_id: UUID, sent: HereIn, viewer: Viewing, session: InTransaction) -> HereOut:
    """Note that I have the alert open, for 45 seconds by the database's clock, and return who else has."""
    version = queue.version(session, alert_id, viewer=viewer)
    presence.note(session, alert_id, sent.doing, by=viewer)
    return HereOut(
        version=version, others=colleagues_at(session, alert_id, viewer), again_seconds=presence.RENEWED_EVERY_SECONDS
    )


@router.delete("/{alert_id}/presence", status_code=204, summary="我已离开 / I left", dependencies=[may("alert.read")])
def leave(alert_id: UUID, viewer: Viewing, session: InTransaction) -> None:
    """Note that I have closed the alert; a second time changes nothing."""
    queue.version(session, alert_id, viewer=viewer)
    presence.leave(session, alert_id, by=viewer)


def colleagues_at(session: Session, alert: UUID, viewer: Viewer) -> list[SomebodyOut]:
    """Return who else has an alert open that the viewer may see."""
    return [SomebodyOut.model_validate(one) for one in presence.others(session, alert, viewer=viewer)]
