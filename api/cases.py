"""Cases: the plan of a confirmed household, its notice, the removal of its risk; referrals to departments."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.deps import InTransaction, Reading, Serving, Viewing, may
from api.office import AtOffice
from api.problems import RESPONSES, described
from monitor.access import Viewer
from monitor.cases import Office, plans, referrals, removal
from monitor.cases.office import case_for
from monitor.indicators import compute, manifest, opened
from monitor.lake import Lake
from monitor.lifecycle import may as edges_of
from monitor.privacy import Keyring
from monitor.service import Service, today
from monitor.tables import Case, Measure

router = APIRouter(prefix="/api/v1", tags=["cases"], responses=RESPONSES)
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$", description="原因或措施代码 / a code of the catalogue")]
CHANGED = described(409)


class MeasureOut(BaseModel):
    """One measure of the plan."""

    id: UUID
    code: str
    status: Literal["planned", "done", "dropped"]
    responsible: str
    due_on: date | None
    done_on: date | None
    amount_yuan: float | None
    note: str | None


class LaterCheckOut(BaseModel):
    """A check owed, or made, after the risk was removed."""

    model_config = ConfigDict(from_attributes=True)
    months: int
    due_on: date
    done_on: date | None
    found: str | None = Field(description="holds 稳定; back 返困; void 不再需要")


class StepOut(BaseModel):
    """One step of the case's life."""

    model_config = ConfigDict(from_attributes=True)
    at: datetime
    as_of: date | None
    kind: str
    by: str
    role: str | None
    why: str | None
    detail: dict[str, Any]


class CaseOut(BaseModel):
    """A case in full."""

    id: UUID
    household_no: str
    alert_id: UUID
    status: str = Field(description="状态，见 decisions/0040 / a state of the table of a case's life")
    risk_factors: list[str]
    opened_on: date
    notice_from: date | None
    notice_until: date | None = Field(description="公示最后一日 / the last day of the public notice")
    removal: dict[str, Any] | None = Field(
        description="风险消除各项核对 / every check of the proposal to remove the risk"
    )
    removed_on: date | None
    closed_why: str | None
    version: int
    measures: list[MeasureOut]
    later_checks: list[LaterCheckOut]
    timeline: list[StepOut]
    may: list[str] = Field(description="您现在可做的操作 / edges open to your desk")


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
    food_and_clothing: bool
    education: bool
    medical: bool
    housing: bool
    water: bool
    first_risk_gone: bool


class AppraisalIn(BaseModel):
    """How the democratic appraisal went."""

    model_config = ConfigDict(extra="forbid")
    present: int = Field(ge=1, le=10_000)
    agreed: int = Field(ge=0, le=10_000)


class LaterCheckIn(BaseModel):
    """What a later check found, on the ground of a visit."""

    model_config = ConfigDict(extra="forbid")
    follow_up: UUID
    holds: bool


class ReferralIn(BaseModel):
    """A request to a department."""

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="由设备生成 / made by the device")
    code: Code = Field(examples=["RF_MED"])
    department: str = Field(min_length=1, max_length=64, examples=["县医疗保障局"])
    due_on: date
    note: str | None = Field(None, max_length=2000, description="加密保存 / kept encrypted")


class AnswerIn(BaseModel):
    """What the department answered."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["accept", "refuse", "finish", "withdraw"]
    why: Code | None = Field(None, description="退回或撤回必填 / needed to refuse or withdraw")
    receipt_no: str | None = Field(None, min_length=1, max_length=64, description="回执号，办结必填 / needed to finish")


class ReferralOut(BaseModel):
    """A referral and what became of it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    alert_id: UUID
    case_id: UUID | None
    code: str
    department: str
    status: Literal["sent", "accepted", "refused", "done", "withdrawn"]
    due_on: date
    sent_at: datetime
    answered_at: datetime | None
    refused_why: str | None
    receipt_no: str | None
    ended_at: datetime | None


@router.get("/cases/{case_id}", dependencies=[may("case.read")], summary="一个帮扶个案 / One case")
def get_case(case_id: UUID, service: Serving, viewer: Viewing, session: Reading) -> CaseOut:
    """Return a case with its plan, its later checks and its life so far."""
    return _shown(session, case_for(session, case_id, viewer, hold=False), viewer, service.keyring)


@router.post(
    "/cases/{case_id}/measures", dependencies=[may("case.work")], status_code=201, responses=CHANGED,
    summary="增加措施 / Plan a measure",
)  # fmt: skip
def add_measure(
    case_id: UUID, sent: MeasureIn, viewer: Viewing, session: InTransaction, office: AtOffice
) -> MeasureOut:
    """Put a measure into the plan: what, who is responsible, by when. The same id again changes nothing."""
    planned = plans.Planned(**sent.model_dump())
    made = plans.add_measure(session, case_id, planned, by=viewer, office=office)
    return _measure(made, office.keyring)


@router.post(
    "/cases/{case_id}/measures/{measure_id}/end", dependencies=[may("case.work")], responses=CHANGED,
    summary="措施落实或取消 / End a measure",
)  # fmt: skip
def end_measure(
    case_id: UUID, measure_id: UUID, sent: EndIn, viewer: Viewing, session: InTransaction, office: AtOffice
) -> MeasureOut:
    """Say that a measure was done today, or will not be."""
    made = plans.end_measure(session, case_id, measure_id, status=sent.status, by=viewer, office=office)
    return _measure(made, office.keyring)


@router.post(
    "/cases/{case_id}/notice", dependencies=[may("case.work")], responses=CHANGED, summary="公示 / Public notice"
)
def publish(case_id: UUID, sent: NoticeIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> CaseOut:
    """Begin the public notice, for the days that policy sets; recognition alone is never shown in public."""
    case = plans.publish(session, case_id, category=sent.category, by=viewer, office=office)
    return _shown(session, case, viewer, office.keyring)


@router.post(
    "/cases/{case_id}/acts", dependencies=[may("case.work")], responses=CHANGED, summary="办理 / Act on a case"
)
def act(case_id: UUID, sent: ActIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> CaseOut:
    """Take the case along one edge of its life: adopt the plan, take an objection, fall back, finish, end, uphold."""
    case = plans.act(session, case_id, sent.edge, why=sent.why, by=viewer, office=office)
    return _shown(session, case, viewer, office.keyring)


@router.post(
    "/cases/{case_id}/removal", dependencies=[may("case.work")], responses=CHANGED,
    summary="提出风险消除 / Propose removal",
)  # fmt: skip
def propose(
    case_id: UUID, sent: RemovalIn, service: Serving, viewer: Viewing, session: InTransaction, office: AtOffice
) -> CaseOut:
    """Propose that the risk is gone: every check of the standard is made, and the proposal refused if one fails."""
    said = sent.model_dump()
    guarantees = {name: said.pop(name) for name in removal.GUARANTEES}
    seen = _seen(session, case_for(session, case_id, viewer), service, office)
    proposal = removal.Proposal(guarantees=guarantees, **said)
    case, _ = removal.propose(session, case_id, proposal, seen=seen, by=viewer, office=office)
    return _shown(session, case, viewer, office.keyring)


@router.post(
    "/cases/{case_id}/appraisal", dependencies=[may("case.work")], responses=CHANGED,
    summary="民主评议并公示 / Appraisal and notice",
)  # fmt: skip
def appraise(case_id: UUID, sent: AppraisalIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> CaseOut:
    """Record the appraisal of a proposed removal; with a majority it goes on public notice."""
    case = removal.appraise(session, case_id, present=sent.present, agreed=sent.agreed, by=viewer, office=office)
    return _shown(session, case, viewer, office.keyring)


@router.post(
    "/cases/{case_id}/county-acts", dependencies=[may("case.review")], responses=CHANGED,
    summary="县级审批 / The county's acts",
)  # fmt: skip
def county_act(case_id: UUID, sent: CountyActIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> CaseOut:
    """Approve or refuse the removal, put the case in doubt, or annul it; nobody approves their own proposal."""
    if sent.edge == "remove":
        case = removal.remove(session, case_id, by=viewer, office=office)
    else:
        case = plans.act(session, case_id, sent.edge, why=sent.why, by=viewer, office=office)
    return _shown(session, case, viewer, office.keyring)


@router.post(
    "/cases/{case_id}/checks", dependencies=[may("case.work")], responses=CHANGED, summary="回访 / A later check"
)
def check(case_id: UUID, sent: LaterCheckIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> CaseOut:
    """Record the check that is owed 3, 6 or 12 months after removal; a risk that is back takes the case back."""
    removal.check(session, case_id, follow_up=sent.follow_up, holds=sent.holds, by=viewer, office=office)
    return _shown(session, case_for(session, case_id, viewer), viewer, office.keyring)


@router.post(
    "/alerts/{alert_id}/referrals", dependencies=[may("alert.refer")], status_code=201, responses=CHANGED,
    summary="转办 / Refer to a department",
)  # fmt: skip
def refer(alert_id: UUID, sent: ReferralIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> ReferralOut:
    """Ask a department for help by a date; the same id again changes nothing."""
    asked = referrals.Asked(**sent.model_dump())
    made = referrals.refer(session, alert_id, asked, by=viewer, office=office)
    return ReferralOut.model_validate(made)


@router.post(
    "/referrals/{referral_id}/answers", dependencies=[may("alert.refer")], responses=CHANGED,
    summary="转办回复 / A department's answer",
)  # fmt: skip
def answer(referral_id: UUID, sent: AnswerIn, viewer: Viewing, session: InTransaction, office: AtOffice) -> ReferralOut:
    """Record acceptance, refusal, the receipt or our withdrawal; with the last one the alert comes back."""
    said = referrals.Answered(**sent.model_dump())
    found = referrals.answer(session, referral_id, said, by=viewer, office=office)
    return ReferralOut.model_validate(found)


@router.get("/referrals", dependencies=[may("alert.read")], summary="未办结转办 / Outstanding referrals")
def list_referrals(
    viewer: Viewing, session: Reading, overdue: Annotated[bool, Query(description="仅逾期 / only overdue ones")] = False
) -> list[ReferralOut]:
    """Return up to 200 referrals that have not ended, the soonest due first."""
    found = referrals.outstanding(session, viewer=viewer, overdue_on=today() if overdue else None)
    return [ReferralOut.model_validate(one) for one in found]


def _seen(session: Session, case: Case, service: Service, office: Office) -> dict[str, Any]:
    """The household's indicators as known today."""
    if office.law is None:
        return {}
    lake = Lake(service.lake, memory_limit=service.settings.memory_limit, threads=service.settings.threads)
    with opened(lake, office.law, manifest(session, as_of=office.today)) as view:
        table = compute(view, office.law, as_of=office.today, households=[case.household_id])
    known = table.astype(object).where(table.notna(), None)
    return {} if table.empty else {str(name): value for name, value in known.iloc[0].items()}


def _measure(one: Measure, keyring: Keyring) -> MeasureOut:
    note = None if one.note is None else keyring.decrypt(one.note, about=plans.NOTE)
    return MeasureOut(
        id=one.id, code=one.code, status=one.status, responsible=one.responsible, due_on=one.due_on,  # type: ignore[arg-type]
        done_on=one.done_on, amount_yuan=one.amount_yuan, note=note,
    )  # fmt: skip


def _shown(session: Session, case: Case, viewer: Viewer, keyring: Keyring) -> CaseOut:
    return CaseOut(
        id=case.id, household_no=case.household.household_no, alert_id=case.alert_id, status=case.status,
        risk_factors=case.risk_factors, opened_on=case.opened_on, notice_from=case.notice_from,
        notice_until=case.notice_until, removal=case.removal, removed_on=case.removed_on, closed_why=case.closed_why,
        version=case.version, measures=[_measure(one, keyring) for one in plans.measures(session, case)],
        later_checks=[LaterCheckOut.model_validate(one) for one in removal.checks(session, case)],
        timeline=[StepOut.model_validate(one) for one in plans.timeline(session, case)], may=edges_of(case, viewer),
    )  # fmt: skip
