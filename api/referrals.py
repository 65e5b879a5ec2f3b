"""Referrals: asked of a department by our people, taken, refused or ended with a receipt by it or for it."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.deps import ByLaw, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.office import AtOffice
from api.once import CHANGES, Doing, Expected
from api.problems import RESPONSES
from monitor.alerts import people
from monitor.cases import disputes, referrals
from monitor.privacy import Keyring
from monitor.service import today
from monitor.tables import Delivery, Household, Referral
from monitor.work import taking

router = APIRouter(prefix="/api/v1", tags=["referrals"], responses=RESPONSES, route_class=Errand)
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$", description="原因代码 / a code of the catalogue")]


class ReferralIn(BaseModel):
    """A request to a department."""

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="由设备生成 / made by the device")
    code: Code = Field(examples=["RF_MED"])
    department: str = Field(min_length=1, max_length=64, examples=["县医疗保障局"])
    due_on: date
    note: str | None = Field(None, max_length=2000, description="加密保存，受理部门可见 / for the department to read")


class CorrectionIn(BaseModel):
    """A row of an alert's evidence that is wrong."""

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="由设备生成 / made by the device")
    code: Literal["ERR_AMT", "ERR_ID", "ERR_STALE"] = Field(description="金额错误、错人、数据过时 / what is wrong")
    feed: str = Field(min_length=1, max_length=64, examples=["medical_settlements"])
    delivery: int = Field(ge=0, description="批次序号 / number of the delivery")
    row: int = Field(ge=0, description="行号 / row of the delivery")
    department: str = Field(min_length=1, max_length=64, examples=["县医疗保障局"])
    note: str | None = Field(None, max_length=2000, description="加密保存，受理部门可见 / for the department to read")


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
    version: int = Field(description="版本，即 ETag / its ETag")
    feed: str | None = Field(description="请其更正的数据；空：一般转办 / the data to be corrected; null: to help")
    delivery_seq: int | None = Field(description="批次序号 / number of the delivery")
    row_no: int | None = Field(description="行号 / row of the delivery")


class ReferralInFull(ReferralOut):
    """A referral with what the department must know to act on it, and nothing else of the household."""

    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name", examples=["张*"])
    region: str
    region_name: str
    note: str | None
    feed_zh: str | None
    feed_en: str | None
    received_on: date | None = Field(description="该批入库日期 / the day that delivery was taken in")


class Change:
    """What a change of a referral is made with."""

    def __init__(self, viewer: Viewing, office: AtOffice, once: Doing, expected: Expected) -> None:
        self.viewer, self.office, self.once, self.expected = viewer, office, once, expected


Changing = Annotated[Change, Depends(Change)]


@router.post(
    "/alerts/{alert_id}/referrals", dependencies=[may("alert.refer")], status_code=201, responses=CHANGES,
    response_model=ReferralOut, summary="转办 / Refer to a department",
)  # fmt: skip
def refer(alert_id: UUID, sent: ReferralIn, change: Changing) -> Response:
    """Ask a department for help by a date; If-Match is the alert's version, and the same id again changes nothing."""
    asked, session = referrals.Asked(**sent.model_dump()), change.once.session

    def work() -> ReferralOut:
        made = referrals.refer(
            session, alert_id, asked, by=change.viewer, office=change.office, expected=change.expected
        )
        return ReferralOut.model_validate(made)

    return change.once.answer(work, status=201)


@router.post(
    "/alerts/{alert_id}/corrections", dependencies=[may("alert.refer")], status_code=201, responses=CHANGES,
    response_model=ReferralOut, summary="数据有误，提请更正 / Ask for a row of data to be corrected",
)  # fmt: skip
def dispute(alert_id: UUID, sent: CorrectionIn, change: Changing) -> Response:
    """Ask whoever answers for a row to correct it, by a date that policy sets; the alert stays as it is.

    If-Match is the alert's version, and the same id again changes nothing. It is answered like any referral.
    """
    said, session = disputes.Disputed(**sent.model_dump()), change.once.session

    def work() -> ReferralOut:
        made = disputes.dispute(
            session, alert_id, said, by=change.viewer, office=change.office, expected=change.expected
        )
        return ReferralOut.model_validate(made)

    return change.once.answer(work, status=201)


@router.get(
    "/alerts/{alert_id}/corrections", dependencies=[may("alert.read")], summary="数据更正 / Corrections asked for"
)
def list_corrections(alert_id: UUID, viewer: Viewing, session: Reading) -> list[ReferralOut]:
    """Return every request to correct a row behind the alert, ended ones too, the newest first."""
    taking.seen(session, alert_id, by=viewer)
    return [ReferralOut.model_validate(one) for one in disputes.of_alert(session, alert_id)]


@router.post(
    "/referrals/{referral_id}/answers", dependencies=[may("referral.answer")], responses=CHANGES,
    response_model=ReferralOut, summary="转办回复 / A department's answer",
)  # fmt: skip
def answer(referral_id: UUID, sent: AnswerIn, change: Changing) -> Response:
    """Record acceptance, refusal, the receipt or our withdrawal; with the last one the alert comes back.

    By the department itself, or by our people for it; the department withdraws nothing.
    """
    said, session = referrals.Answered(**sent.model_dump()), change.once.session

    def work() -> ReferralOut:
        found = referrals.answer(
            session, referral_id, said, by=change.viewer, office=change.office, expected=change.expected
        )
        return ReferralOut.model_validate(found)

    return change.once.answer(work)


@router.get("/referrals", dependencies=[may("referral.read")], summary="未办结转办 / Outstanding referrals")
def list_referrals(
    viewer: Viewing,
    session: Reading,
    overdue: Annotated[bool, Query(description="仅逾期 / only overdue ones")] = False,
    alert: Annotated[UUID | None, Query(description="仅此预警的 / only those of this alert")] = None,
) -> list[ReferralOut]:
    """Return up to 200 referrals that have not ended, the soonest due first; a department sees those sent to it."""
    found = referrals.outstanding(session, viewer=viewer, overdue_on=today() if overdue else None, alert=alert)
    return [ReferralOut.model_validate(one) for one in found]


@router.get("/departments", dependencies=[may("alert.refer")], summary="协同部门 / Departments with a clerk here")
def list_departments(viewer: Viewing, session: Reading) -> list[str]:
    """Return the departments whose clerks see what is referred to them from here; one not among them sees nothing."""
    return referrals.departments(session, viewer=viewer)


@router.get("/referrals/{referral_id}", dependencies=[may("referral.read")], summary="一件转办 / One referral")
def get_referral(
    referral_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, response: Response
) -> ReferralInFull:
    """Return a referral with whom it is about, the name masked, and what was asked; its ETag is for the answer."""
    found = referrals.get(session, referral_id, viewer=viewer)
    response.headers["ETag"] = f'"{found.version}"'
    return _in_full(session, found, service.keyring, laws)


def _in_full(session: Session, found: Referral, keyring: Keyring, laws: Laws) -> ReferralInFull:
    home = session.get_one(Household, found.household_id)
    names = people.titles(session, [home.id], keyring=keyring)
    page = laws.on(today()).feeds.get(found.feed or "")
    received_on = select(Delivery.received_on).where(Delivery.seq == found.delivery_seq)
    return ReferralInFull(
        **ReferralOut.model_validate(found).model_dump(), household_no=home.household_no, name=names.get(home.id, "—"),
        region=home.region, region_name=laws.tree.full_name(home.region, today()),
        note=None if found.note is None else keyring.decrypt(found.note, about=referrals.NOTE),
        feed_zh=page.description.zh if page else found.feed, feed_en=page.description.en if page else found.feed,
        received_on=None if found.delivery_seq is None else session.scalar(received_on),
    )  # fmt: skip
