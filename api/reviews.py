"""The second look at a finding, opening again, and taking back what one did by mistake."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.briefs import Status
from api.deps import InTransaction, Viewing, may
from api.errands import Errand
from api.office import AtOffice
from api.once import CHANGES, Expected
from api.problems import RESPONSES
from monitor.cases import reviews, undoing
from monitor.cases.office import alert_for
from monitor.lifecycle import Step, move
from monitor.lifecycle import may as edges_of
from monitor.service import today
from monitor.tables import Alert

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], responses=RESPONSES | CHANGES, route_class=Errand)
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$", description="原因代码 / reason code")]


class ReviewIn(BaseModel):
    """What the reviewer says of the finding."""

    model_config = ConfigDict(extra="forbid")
    verdict: Literal["approve", "send_back"]
    why: Code | None = Field(None, description="退回必填 / needed to send back")

    @model_validator(mode="after")
    def _reasoned(self) -> "ReviewIn":
        if self.verdict == "send_back" and self.why is None:
            raise ValueError("why")
        return self


class ReopenIn(BaseModel):
    """Whether an ended alert is opened again, or one is annulled, and why."""

    model_config = ConfigDict(extra="forbid")
    edge: Literal["reopen", "annul"]
    why: Code


class StandingOut(BaseModel):
    """Where the alert stands now, and what the viewer may do next."""

    id: UUID
    status: Status
    version: int
    may: list[str] = Field(description="您现在可做的操作 / edges open to your desk")


@router.post("/{alert_id}/review", dependencies=[may("alert.review")], summary="复核 / Review a finding")
def review(
    alert_id: UUID, sent: ReviewIn, viewer: Viewing, session: InTransaction, office: AtOffice, expected: Expected
) -> StandingOut:
    """Approve the finding, by which the alert ends or goes to the county's sample, or send it back to be mended.

    Nobody reviews what they recorded themselves.
    """
    if sent.verdict == "approve":
        alert = reviews.approve(session, alert_id, by=viewer, office=office, expected=expected)
    else:
        alert = reviews.send_back(session, alert_id, why=sent.why or "", by=viewer, office=office, expected=expected)
    return _standing(alert, viewer)


@router.post("/{alert_id}/undo", dependencies=[may("alert.undo")], summary="撤销 / Take back")
def undo(alert_id: UUID, viewer: Viewing, session: InTransaction, office: AtOffice, expected: Expected) -> StandingOut:
    """Take back one's own last act on the alert, within thirty seconds; both stay on the timeline and in the audit."""
    return _standing(undoing.undo(session, alert_id, by=viewer, office=office, expected=expected), viewer)


@router.post(
    "/{alert_id}/reopening", dependencies=[may("alert.review")], summary="重新打开或撤销 / Open again, or annul"
)
def reopen(alert_id: UUID, sent: ReopenIn, viewer: Viewing, session: InTransaction, expected: Expected) -> StandingOut:
    """Open an ended alert again, or annul one that rests on wrong facts; the county's act, with a reason."""
    alert = alert_for(session, alert_id, viewer)
    move(session, alert, sent.edge, by=viewer, step=Step(sent.why, today(), expected=expected))
    return _standing(alert, viewer)


def _standing(alert: Alert, viewer: Viewing) -> StandingOut:
    return StandingOut(id=alert.id, status=alert.status, version=alert.version, may=edges_of(alert, viewer))  # type: ignore[arg-type]
