"""What the model suggests and no rule sees: listed, and by a person made an alert or set aside."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ByLaw, InTransaction, Reading, Viewing, may
from api.errands import Errand
from api.once import CHANGES, Expected
from api.problems import RESPONSES
from monitor import sampling
from monitor.sampling import SetAside
from monitor.service import today

router = APIRouter(
    prefix="/api/v1/suggestions", tags=["suggestions"], responses=RESPONSES | CHANGES, route_class=Errand
)


class RaisesOut(BaseModel):
    """What raises a score, as a sentence with its value and what is usual."""

    model_config = ConfigDict(extra="allow")
    zh: str
    en: str


class SuggestionOut(BaseModel):
    """One household that the model suggests: its place on the county's list, the score and the reasons for it."""

    id: UUID
    household_no: str
    region: str
    region_name: str
    category: str | None
    as_of: date = Field(description="评分所依数据截至 / the day that the score is of")
    model: str
    score: float = Field(description="模型估计的概率，0至1 / the model's probability")
    place: int = Field(description="在县区名单中的位次 / place on the county's list")
    reasons: list[RaisesOut] = Field(description="前三个原因 / the three weightiest reasons")
    says: Literal["模型建议，非规则命中"] = "模型建议，非规则命中"
    version: int


class DismissalIn(BaseModel):
    """Why a suggestion is set aside."""

    model_config = ConfigDict(extra="forbid")
    why: SetAside = Field(description="原因代码 / reason code")


class DecidedOut(BaseModel):
    """What became of a suggestion; a confirmed one is an alert."""

    id: UUID
    status: Literal["confirmed", "dismissed"]
    alert_id: UUID | None = None


@router.get("", dependencies=[may("suggestion.read")], summary="模型建议 / What the model suggests")
def listed(viewer: Viewing, session: Reading, laws: ByLaw) -> list[SuggestionOut]:
    """Return what waits in the viewer's region, the highest score first, up to a hundred. None of it is an alert."""
    return [
        SuggestionOut(
            id=one.id, household_no=home.household_no, region=home.region,
            region_name=laws.tree.full_name(home.region, one.as_of), category=home.category, as_of=one.as_of,
            model=one.model, score=one.score, place=one.place, reasons=one.reasons, version=one.version,
        )
        for one, home in sampling.waiting(session, viewer=viewer)
    ]  # fmt: skip


@router.post(
    "/{suggestion_id}/confirmation", dependencies=[may("suggestion.decide")], summary="确认为预警 / Make it an alert"
)
def confirm(suggestion_id: UUID, viewer: Viewing, session: InTransaction, expected: Expected) -> DecidedOut:
    """Make an alert of the suggestion; it says that a model suggested it and no rule fires."""
    alert = sampling.confirm(session, suggestion_id, by=viewer, on=today(), expected=expected)
    return DecidedOut(id=suggestion_id, status="confirmed", alert_id=alert)


@router.post("/{suggestion_id}/dismissal", dependencies=[may("suggestion.decide")], summary="不采纳 / Set it aside")
def dismiss(
    suggestion_id: UUID, sent: DismissalIn, viewer: Viewing, session: InTransaction, expected: Expected
) -> DecidedOut:
    """Set the suggestion aside with a reason code; rules go on judging the household."""
    sampling.dismiss(session, suggestion_id, why=sent.why, by=viewer, expected=expected)
    return DecidedOut(id=suggestion_id, status="dismissed")
