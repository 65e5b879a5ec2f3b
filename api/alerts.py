"""One alert with all its reasons, and the follow-up that a worker records."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.briefs import AlertBrief, Desk, Level
from api.deps import ByLaw, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.households import QuietOut, by_place
from api.office import AtOffice
from api.once import CHANGES, Doing, Expected
from api.presence import SomebodyOut, colleagues_at
from api.problems import RESPONSES
from api.written import Moment
from monitor import cases, leads
from monitor.alerts import people, queue
from monitor.alerts.queue import Told
from monitor.alerts.words import Speaker
from monitor.cases import visits
from monitor.cases.clocks import Device
from monitor.lifecycle import open_from
from monitor.privacy import Keyring
from monitor.work.lines import line_of

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], responses=RESPONSES, route_class=Errand)

Direction = Literal["help", "leave", "check"]
Way = Literal["home", "phone", "video", "office"]
FindingWord = Literal[
    "confirmed", "partly", "helped", "no_need", "false_alarm", "unreachable", "moved", "died", "watch"
]


class EvidenceOut(BaseModel):
    """A row behind a reason: of which feed, in which delivery, about whom."""

    feed: str
    delivery: int = Field(description="批次序号 / number of the delivery")
    row: int = Field(description="行号 / row of the delivery")
    member: int | None = Field(description="成员次序；空：已不在该户 / place in the household; null: no longer in it")
    on: date | None = Field(description="业务日期 / the date it is about")
    amount: float | None
    received_on: date | None = Field(description="入库日期 / the day its delivery was taken in")


class ReasonOut(BaseModel):
    """One reason of an alert, pinned as it was judged."""

    model_config = ConfigDict(from_attributes=True)
    rule: str
    rule_version: str
    direction: Direction
    level: Level
    status: str = Field(description="active, unknown (现缺数据), cleared, annulled")
    sentence_zh: str
    sentence_en: str
    observed: float | None
    before: float | None = Field(
        validation_alias="observed_before", description="上次的数值 / what was measured last time"
    )
    before_on: date | None = Field(description="上次数值的最后日期 / the last day it was measured so")
    limit: float | None = Field(validation_alias="limit_value")
    excess: float | None = Field(description="超过标准的倍数 / times the limit")
    unit: str | None
    parameters: list[dict[str, Any]] = Field(description="所依标准，含文号、生效日和是否样例 / each with its reference")
    reference: dict[str, Any]
    evidence: list[EvidenceOut]
    unseen: list[str]
    data_on: date | None = Field(description="数据截至 / data up to")
    first_on: date = Field(description="首次命中的截止日 / the first night on which it fired")
    last_on: date = Field(
        description="最近一次命中的截止日；已消除或缺数据的为此前最后一次 / the last night on which it fired"
    )
    cleared_on: date | None
    cleared_by: dict[str, Any] | None = Field(description="消除依据：各数据截至日 / the data that cleared it")


class MemberOut(BaseModel):
    """A member, by place in the household; no numbers, no full names."""

    model_config = ConfigDict(from_attributes=True)
    place: int
    relation: str | None = Field(description="GB/T 4761")
    name: str
    sex: str | None
    born_in: int | None


class EventOut(BaseModel):
    """One step of the alert's life."""

    model_config = ConfigDict(from_attributes=True)
    at: datetime
    as_of: date | None
    kind: str
    by: str
    detail: dict[str, Any]


class FollowUpOut(BaseModel):
    """What a worker found."""

    id: UUID
    alert_id: UUID
    visited_on: date
    way: str
    finding: str
    reason_code: str | None
    next_on: date | None
    note: str | None
    recorded_by: str
    recorded_at: datetime
    present: list[str] = Field(description="在场人 / who was there")
    facts: list[dict[str, Any]] = Field(description="核对或更正的事实 / facts confirmed or corrected")
    proposed: list[str] = Field(description="拟帮扶措施代码 / codes of measures proposed")
    case_id: UUID | None = Field(description="所属帮扶个案 / the case it belongs to")
    undone_at: datetime | None = Field(description="已撤回 / taken back")
    supplement: str | None = Field(
        description="仅存档的原因：ended、changed、code_gone / why it is kept for the record"
    )
    said_on: date | None = Field(description="设备所填日期，设备时钟有误时 / the day as the device said it")
    device_at: datetime | None = Field(description="设备时钟：填写时 / the device's clock when it was filled in")
    ahead_seconds: int | None = Field(description="设备时钟快多少秒 / by how much the device's clock was ahead")


class UnseenOut(BaseModel):
    """A rule that could not be judged, and the indicators it lacked."""

    rule: str
    zh: str
    en: str
    inputs: list[str]


class HeardOut(BaseModel):
    """What a worker heard of the household, as they registered it."""

    how: str = Field(description="来源：visit、neighbour、grid、hotline、self、other")
    zh: str
    en: str
    heard_on: date
    said: str | None = Field(description="困难情况；保存期满为空 / what was said; null when its time is over")


class AlertOut(AlertBrief):
    """One alert in full."""

    episode: int
    previous: UUID | None = Field(description="上一次预警 / the episode before")
    following: UUID | None = Field(description="下一次预警 / the episode after")
    case_id: UUID | None = Field(description="该户未结的帮扶个案 / the household's case that has not ended")
    closed_at: datetime | None
    closed_why: str | None
    lower_level: str | None = Field(description="冷静期内拟降至的等级 / level it falls to when the cool-down ends")
    lower_since_on: date | None
    members: list[MemberOut]
    reasons: list[ReasonOut]
    leads: list[HeardOut] = Field(description="登记的困难线索 / what was heard of the household")
    could_not_see: list[UnseenOut]
    quiet: list[QuietOut] = Field(description="核实后静默的规则 / rules kept quiet for this household")
    timeline: list[EventOut]
    follow_ups: list[FollowUpOut]
    others_here: list[SomebodyOut] = Field(description="还有谁在看 / who else has it open just now")
    may: list[str] = Field(description="您现在可做的操作 / edges open to your desk")


class FactIn(BaseModel):
    """Something the data said, as the worker found it."""

    model_config = ConfigDict(extra="forbid")
    about: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="指标或规则 / an indicator or a rule")
    found: Literal["confirmed", "corrected"]
    value: str | None = Field(None, max_length=200, description="更正后的情况，加密保存 / kept encrypted")


class DeviceIn(BaseModel):
    """What the device's own clock says, right or wrong."""

    model_config = ConfigDict(extra="forbid")
    filled_at: Moment = Field(
        description="填写时 / when the form was filled in", examples=["2026-03-02T09:12:00+08:00"]
    )
    sent_at: Moment = Field(description="发送时 / now, as it sends", examples=["2026-03-02T17:40:00+08:00"])


class VisitIn(BaseModel):
    """What a worker's device says of a visit, whatever becomes of it."""

    model_config = ConfigDict(extra="forbid")
    id: UUID = Field(description="由设备生成 / made by the device")
    visited_on: date = Field(description="核查日期 / day of the visit")
    way: Way = Field(description="入户、电话、视频、来访")
    reason_code: str | None = Field(
        None, pattern=r"^[A-Z][A-Z0-9_]{1,31}$", description="原因代码；误报必填 / see domain"
    )
    next_on: date | None = Field(None, description="下次核查日期 / next visit")
    note: str | None = Field(None, max_length=2000, description="加密保存 / kept encrypted")
    present: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field([], max_length=10, description="在场人")
    facts: list[FactIn] = Field([], max_length=30, description="核对或更正的事实 / facts confirmed or corrected")
    proposed: list[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,31}$")]] = Field(
        [], max_length=10, description="拟帮扶措施代码 / codes of measures proposed"
    )
    device: DeviceIn | None = Field(None, description="设备时钟；离线填写须带 / the device's clock")
    catalogue: str | None = Field(None, pattern=r"^[0-9a-f]{12}$", description="所依目录版本 / the catalogue's version")
    pack: UUID | None = Field(None, description="所用走访包 / the visit pack it was taken along in")


class FollowUpIn(VisitIn):
    """A visit as the worker's device sends it; sending it again with the same id records it once."""

    finding: FindingWord = Field(description="核查结论 / conclusion")


_OF_REASON = {str(field.validation_alias or name) for name, field in ReasonOut.model_fields.items()} - {"evidence"}


@router.get("/{alert_id}", summary="一条预警 / One alert", dependencies=[may("alert.read")])
def get_alert(
    alert_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, response: Response
) -> AlertOut:
    """Return an alert with every reason, its evidence, what could not be seen, and its life so far."""
    told = queue.told(session, alert_id, viewer=viewer)
    alert = told.own
    shown = people.members(session, alert.household_id, as_of=alert.seen_on, keyring=service.keyring)
    response.headers["ETag"] = f'"{alert.version}"'
    return AlertOut(
        **Desk(session, service, laws).told([line_of(told)])[0],
        episode=alert.episode, previous=alert.previous_id, following=alert.following_id, case_id=alert.case_id,
        closed_at=alert.closed_at, closed_why=alert.closed_why, lower_level=alert.lower_level,
        lower_since_on=alert.lower_since_on,
        members=[MemberOut.model_validate(member) for member in shown],
        reasons=_reasons(session, told, people.places(shown)),
        leads=[heard_out(one, service.keyring) for one in leads.of_alerts(session, [alert_id]).get(alert_id, [])],
        could_not_see=_unseen(alert, laws),
        quiet=[
            QuietOut.model_validate(quiet, from_attributes=True) for quiet in told.quiet
        ],
        timeline=[EventOut.model_validate(event) for event in told.steps],
        follow_ups=[follow_up_out(one, service.keyring) for one in told.found],
        others_here=colleagues_at(session, alert_id, viewer), may=open_from(alert.status, viewer),
    )  # fmt: skip


@router.post(
    "/{alert_id}/follow-ups",
    status_code=201,
    summary="登记核查 / Record a follow-up",
    responses=CHANGES,
    response_model=FollowUpOut,
    dependencies=[may("alert.work")],
)
def add_follow_up(
    alert_id: UUID, sent: FollowUpIn, viewer: Viewing, office: AtOffice, once: Doing, expected: Expected
) -> Response:
    """Record what a worker found and carry out what it decides; the same body again gives the same answer.

    If-Match is the version of the alert that the worker saw. A visit made without a connection to an alert that
    changed meanwhile is answered 412: show the change, then send the same visit with the new version; nothing is lost.
    """
    visit = visit_of(sent)

    def work() -> FollowUpOut:
        done = cases.record(once.session, alert_id, visit, by=viewer, office=office, expected=expected)
        return follow_up_out(done.follow_up, office.keyring)

    return once.answer(work, status=201)


def visit_of(sent: VisitIn) -> cases.Visit:
    """Return what the device says as the command that records it."""
    said = sent.model_dump(exclude={"why"})
    device = None if sent.device is None else Device(sent.device.filled_at, sent.device.sent_at)
    lists = {name: tuple(said[name]) for name in ("present", "facts", "proposed")}
    return cases.Visit(**said | lists | {"device": device})


def _reasons(session: Session, told: Told, places: dict[int, int]) -> list[ReasonOut]:
    before, received = queue.measured_before(session, told), queue.received(session, told.reasons)
    found = []
    for one in told.reasons:
        shown = reason_out(one, places, told.own.seen_on, received)
        shown.before, shown.before_on = before.get(one.rule, (None, None))
        found.append(shown)
    return found


def reason_out(
    reason: Any, places: dict[int, int], seen_on: date, received: Mapping[int, date] | None = None
) -> ReasonOut:
    """Return a reason, an object or a row, as it is shown; its alert was last judged as of ``seen_on``.

    ``received`` says when the deliveries behind it were taken in, if it is known.
    """
    days = received or {}
    rows = [one | {"received_on": days.get(one["delivery"])} for one in by_place(reason.evidence, places)]
    last_on = seen_on if reason.status == "active" else reason.last_on
    said = {name: getattr(reason, name) for name in _OF_REASON} | {"evidence": rows, "last_on": last_on}
    return ReasonOut.model_validate(said)


def _unseen(alert: Any, laws: Laws) -> list[UnseenOut]:
    policy = laws.on(alert.seen_on)
    zh, en = Speaker(policy, "zh"), Speaker(policy, "en")
    return [
        UnseenOut(rule=gap["rule"], zh=zh.unseen(gap), en=en.unseen(gap), inputs=gap["inputs"]) for gap in alert.unseen
    ]


def heard_out(one: leads.Told, keyring: Keyring) -> HeardOut:
    """Return what was heard as it is shown, opened."""
    zh, en = leads.HOW[one.how]
    said = None if one.said is None else keyring.decrypt(one.said, about="leads.said")
    return HeardOut(how=one.how, zh=zh, en=en, heard_on=one.heard_on, said=said)


def follow_up_out(one: Any, keyring: Keyring) -> FollowUpOut:
    """Return a follow-up, an object or a row, as it is shown, its note and what it says of people opened."""
    note = None if one.note is None else keyring.decrypt(one.note, about="follow_ups.note")
    return FollowUpOut(
        id=one.id, alert_id=one.alert_id, visited_on=one.visited_on, way=one.way, finding=one.finding,
        reason_code=one.reason_code, next_on=one.next_on, note=note, recorded_by=one.recorded_by,
        recorded_at=one.recorded_at, supplement=one.supplement, said_on=one.said_on, device_at=one.device_at,
        ahead_seconds=one.ahead_seconds, proposed=one.proposed, case_id=one.case_id, undone_at=one.undone_at,
        present=keyring.decrypt_json(one.present, about=visits.PRESENT) if one.present else [],
        facts=keyring.decrypt_json(one.facts, about=visits.FACTS) if one.facts else [],
    )  # fmt: skip
