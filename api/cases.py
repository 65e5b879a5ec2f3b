"""Cases: the plan of a confirmed household, its notice, the removal of its risk; each change says its version."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.casefile import Casefile, CaseOut, GroundsOut, MeasureOut
from api.deps import ByLaw, Reading, Serving, Viewing, may
from api.errands import Errand
from api.office import AtOffice
from api.once import CHANGES, Doing, Expected
from api.problems import RESPONSES
from api.written import Truth
from monitor.cases import Office, plans, removal, standard
from monitor.cases.office import case_as_seen, case_for
from monitor.indicators import compute, manifest, opened
from monitor.lake import Lake
from monitor.service import Service
from monitor.tables import Case, Measure

router = APIRouter(prefix="/api/v1", tags=["cases"], responses=RESPONSES, route_class=Errand)
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$", description="原因或措施代码 / a code of the catalogue")]


class MeasureIn(BaseModel):
    """A measure as it is planned."""

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="由设备生成 / made by the device")
    code: Code
    responsible: str = Field(min_length=1, max_length=64, description="责任人或岗位 / a person or a post")
    due_on: date
    amount_yuan: float | None = Field(None, ge=0, le=10_000_000)
    note: str | None = Field(None, max_length=2000, description="加密保存 / kept encrypted")


class EndIn(BaseModel):
    """What became of a measure."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["done", "dropped"]


class NoticeIn(BaseModel):
    """The category that the household is to be shown for."""

    model_config = ConfigDict(extra="forbid")
    category: Literal["tekun", "dibao", "near_dibao", "rigid", "anti_poverty", "other"]


class ActIn(BaseModel):
    """A step of the case that needs a reason and nothing else."""

    model_config = ConfigDict(extra="forbid")
    edge: Literal["adopt", "object", "refuse", "relapse", "finish", "end", "uphold"]
    why: Code | None = None


class CountyActIn(BaseModel):
    """A step of the case that is the county's."""

    model_config = ConfigDict(extra="forbid")
    edge: Literal["remove", "refuse", "annul", "question"]
    why: Code | None = None


class RemovalIn(BaseModel):
    """What was found of a household whose risk is held to be gone."""

    model_config = ConfigDict(extra="forbid")
    way: Literal["helped", "natural"] = Field(description="帮扶消除、自然消除")
    follow_up: UUID = Field(description="所依据的核查 / the visit it rests on")
    income_yuan: float = Field(ge=0, le=10_000_000, description="家庭人均年收入（元）/ income per head and year")
    food_and_clothing: Truth
    education: Truth
    medical: Truth
    housing: Truth
    water: Truth
    first_risk_gone: Truth


class AppraisalIn(BaseModel):
    """How the democratic appraisal went."""

    model_config = ConfigDict(extra="forbid")
    present: int = Field(ge=1, le=10_000)
    agreed: int = Field(ge=0, le=10_000)


class LaterCheckIn(BaseModel):
    """What a later check found, on the ground of a visit."""

    model_config = ConfigDict(extra="forbid")
    follow_up: UUID
    holds: Truth


class Change:
    """What a change of a case is made with: whose it is, the office's day and keys, the version they saw."""

    def __init__(self, viewer: Viewing, office: AtOffice, once: Doing, expected: Expected, laws: ByLaw) -> None:
        self.viewer, self.office, self.once, self.expected = viewer, office, once, expected
        self.session = once.session
        self.file = Casefile(once.session, viewer, office.keyring, laws)

    def go(self, case_id: UUID, work: Callable[[Case], object]) -> Response:
        """Answer with the case after ``work``; refused when it changed since the viewer saw it."""

        def done() -> CaseOut:
            case = case_as_seen(self.session, case_id, self.viewer, expected=self.expected)
            work(case)
            return self.file.case(case)

        return self.once.answer(done)


Changing = Annotated[Change, Depends(Change)]


@router.get("/cases/{case_id}", dependencies=[may("case.read")], summary="一个帮扶个案 / One case")
def get_case(
    case_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, response: Response
) -> CaseOut:
    """Return a case with its plan, its later checks and its life so far; its ETag is what a change rests on."""
    case = case_for(session, case_id, viewer, hold=False)
    response.headers["ETag"] = f'"{case.version}"'
    return Casefile(session, viewer, service.keyring, laws).case(case)


@router.get(
    "/cases/{case_id}/visits", dependencies=[may("case.read")], summary="可作依据的核查 / Visits it may rest on"
)
def get_grounds(case_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw) -> GroundsOut:
    """Return the visits that a proposal to remove the risk, or the later check that is owed, may name today.

    They are the newest first, and with them the alert on which the next visit to the household is recorded.
    """
    case = case_for(session, case_id, viewer, hold=False)
    return Casefile(session, viewer, service.keyring, laws).grounds(case)


@router.post(
    "/cases/{case_id}/measures", dependencies=[may("case.work")], status_code=201, responses=CHANGES,
    response_model=MeasureOut, summary="增加措施 / Plan a measure",
)  # fmt: skip
def add_measure(case_id: UUID, sent: MeasureIn, change: Changing) -> Response:
    """Put a measure into the plan: what, who is responsible, by when. The same id again changes nothing."""
    session, planned = change.session, plans.Planned(**sent.model_dump())

    def work() -> MeasureOut:
        if session.get(Measure, sent.id) is None:
            case_as_seen(session, case_id, change.viewer, expected=change.expected)
        made = plans.add_measure(session, case_id, planned, by=change.viewer, office=change.office)
        return change.file.measure(made, version=session.get_one(Case, case_id).version)

    return change.once.answer(work, status=201)


@router.post(
    "/cases/{case_id}/measures/{measure_id}/end", dependencies=[may("case.work")], responses=CHANGES,
    response_model=MeasureOut, summary="措施落实或取消 / End a measure",
)  # fmt: skip
def end_measure(case_id: UUID, measure_id: UUID, sent: EndIn, change: Changing) -> Response:
    """Say that a measure was done today, or will not be."""
    session, viewer, office = change.session, change.viewer, change.office

    def work() -> MeasureOut:
        case = case_as_seen(session, case_id, viewer, expected=change.expected)
        made = plans.end_measure(session, case_id, measure_id, status=sent.status, by=viewer, office=office)
        return change.file.measure(made, version=case.version)

    return change.once.answer(work)


@router.post(
    "/cases/{case_id}/notice", dependencies=[may("case.work")], responses=CHANGES, response_model=CaseOut,
    summary="公示 / Public notice",
)  # fmt: skip
def publish(case_id: UUID, sent: NoticeIn, change: Changing) -> Response:
    """Begin the public notice, for the days that policy sets; recognition alone is never shown in public."""
    session, by, office = change.session, change.viewer, change.office
    return change.go(case_id, lambda _: plans.publish(session, case_id, category=sent.category, by=by, office=office))


@router.post(
    "/cases/{case_id}/acts", dependencies=[may("case.work")], responses=CHANGES, response_model=CaseOut,
    summary="办理 / Act on a case",
)  # fmt: skip
def act(case_id: UUID, sent: ActIn, change: Changing) -> Response:
    """Take the case along one edge of its life: adopt the plan, take an objection, fall back, finish, end, uphold."""
    session, by, office = change.session, change.viewer, change.office
    return change.go(case_id, lambda _: plans.act(session, case_id, sent.edge, why=sent.why, by=by, office=office))


@router.post(
    "/cases/{case_id}/removal", dependencies=[may("case.work")], responses=CHANGES, response_model=CaseOut,
    summary="提出风险消除 / Propose removal",
)  # fmt: skip
def propose(case_id: UUID, sent: RemovalIn, service: Serving, change: Changing) -> Response:
    """Propose that the risk is gone: every check of the standard is made, and the proposal refused if one fails."""
    said = sent.model_dump()
    guarantees = {name: said.pop(name) for name in standard.GUARANTEES}
    proposal = removal.Proposal(guarantees=guarantees, **said)

    def work(case: Case) -> None:
        seen = _seen(change.session, case, service, change.office)
        removal.propose(change.session, case_id, proposal, seen=seen, by=change.viewer, office=change.office)

    return change.go(case_id, work)


@router.post(
    "/cases/{case_id}/appraisal", dependencies=[may("case.work")], responses=CHANGES, response_model=CaseOut,
    summary="民主评议并公示 / Appraisal and notice",
)  # fmt: skip
def appraise(case_id: UUID, sent: AppraisalIn, change: Changing) -> Response:
    """Record the appraisal of a proposed removal; with a majority it goes on public notice."""
    session, by, office = change.session, change.viewer, change.office
    return change.go(
        case_id,
        lambda _: removal.appraise(session, case_id, present=sent.present, agreed=sent.agreed, by=by, office=office),
    )


@router.post(
    "/cases/{case_id}/county-acts", dependencies=[may("case.review")], responses=CHANGES, response_model=CaseOut,
    summary="县级审批 / The county's acts",
)  # fmt: skip
def county_act(case_id: UUID, sent: CountyActIn, change: Changing) -> Response:
    """Approve or refuse the removal, put the case in doubt, or annul it; nobody approves their own proposal."""
    session, by, office = change.session, change.viewer, change.office
    if sent.edge == "remove":
        return change.go(case_id, lambda _: removal.remove(session, case_id, by=by, office=office))
    return change.go(case_id, lambda _: plans.act(session, case_id, sent.edge, why=sent.why, by=by, office=office))


@router.post(
    "/cases/{case_id}/checks", dependencies=[may("case.work")], responses=CHANGES, response_model=CaseOut,
    summary="回访 / A later check",
)  # fmt: skip
def check(case_id: UUID, sent: LaterCheckIn, change: Changing) -> Response:
    """Record the check that is owed 3, 6 or 12 months after removal; a risk that is back takes the case back."""
    session, by, office = change.session, change.viewer, change.office
    return change.go(
        case_id,
        lambda _: removal.check(session, case_id, follow_up=sent.follow_up, holds=sent.holds, by=by, office=office),
    )


def _seen(session: Session, case: Case, service: Service, office: Office) -> dict[str, Any]:
    """The household's indicators as known today."""
    if office.law is None:
        return {}
    lake = Lake.of(service.settings)
    with opened(lake, office.law, manifest(session, as_of=office.today)) as view:
        table = compute(view, office.law, as_of=office.today, households=[case.household_id])
    known = table.astype(object).where(table.notna(), None)
    return {} if table.empty else {str(name): value for name, value in known.iloc[0].items()}
