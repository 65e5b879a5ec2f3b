"""One alert at the desk: taken, given, put off, noted on, handed to another region; each change says its version."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.briefs import AlertBrief, Desk
from api.deps import ByLaw, Reading, Serving, Viewing, may
from api.errands import Errand
from api.once import CHANGES, ONCE, Doing, Expected
from api.problems import RESPONSES
from api.queue import Narrow, narrowed
from api.written import Truth
from monitor import database
from monitor.lifecycle import Step
from monitor.service import today
from monitor.tables import Alert
from monitor.work import notes, passing, taking

router = APIRouter(prefix="/api/v1/alerts", tags=["desk"], responses=RESPONSES, route_class=Errand)

PutOffWhy = Literal["APPOINTED", "AWAY", "WAIT_DATA", "WAIT_PAPERS", "WEATHER", "OTHER"]
AwaitedWhy = Literal["AWAIT_REPORT", "AWAIT_COMPARISON", "AWAIT_NOTICE"]
PassedWhy = Literal["NOT_HOME", "TOO_FAR", "NOT_ALONE", "NOT_MINE", "ANOTHER_REASON"]
HandedWhy = Literal["LIVES_ELSEWHERE", "MOVED", "WRONG_PLACE"]
RegionCode = Annotated[
    str, Field(pattern=r"^[0-9]{6,12}$", description="县、乡镇或村代码 / a county, a town or a village")
]


class Strict(BaseModel):
    """A body that holds nothing but what it lists."""

    model_config = ConfigDict(extra="forbid")


class Given(Strict):
    """To whom an alert goes."""

    to: UUID = Field(description="经办人；休假的转给代班人 / who is on leave hands on to who stands in")


class PutOff(Strict):
    """How long, at the longest, and why."""

    until: date = Field(description="180天以内 / within 180 days")
    why: PutOffWhy = Field(description="原因代码 / reason code")
    wakes_on_worse: Truth = Field(True, description="情况恶化时立即恢复 / comes back as soon as it worsens")


class Suspended(Strict):
    """What is waited for, and until when at the longest."""

    until: date = Field(description="180天以内，到期自动恢复 / within 180 days; comes back by itself on the day")
    why: AwaitedWhy = Field(description="等待报告、核对或公示 / a report, a comparison or a public notice is awaited")


class HandedOver(Strict):
    """Where a household really is."""

    region: RegionCode
    why: HandedWhy = Field(description="原因代码 / reason code")


class Declined(Strict):
    """Why an alert goes back to where it came from."""

    why: HandedWhy = Field(description="原因代码 / reason code")


class NoteIn(Strict):
    """A note; ``id`` is made by the sender, so sending it again keeps it once."""

    id: UUID
    text: str = Field(min_length=1, max_length=2000, description="加密保存 / kept encrypted")
    mentions: list[UUID] = Field(default=[], max_length=10, description="提醒谁 / who is called to it")


class NoteOut(BaseModel):
    """A note as it is read."""

    id: UUID
    alert: UUID
    by: str
    on: date
    text: str


class NextAsked(Strict):
    """Which part of the queue, and what to pass over."""

    narrow: Narrow = Narrow()
    skip: list[UUID] = Field(default=[], max_length=50, description="跳过 / passed over this time")
    why: PassedWhy | None = Field(
        None, description="跳过红色预警的原因，每条每天一次 / why red ones are passed over; asked once a day of each"
    )


class Nothing(BaseModel):
    """The next alert, or none."""

    alert: AlertBrief | None
    version: int | None = None


class Change:
    """What a change of one alert is made with."""

    def __init__(self, service: Serving, viewer: Viewing, laws: ByLaw, once: Doing) -> None:
        self.service, self.viewer, self.laws, self.once = service, viewer, laws, once

    def shown(self, alert: Alert) -> AlertBrief:
        """Return the alert as a line of the queue, in the transaction of its change."""
        return Desk(self.once.session, self.service, self.laws).briefs([alert.id])[0]

    def go(self, alert: UUID, edge: str, step: Step) -> Response:
        """Take the alert along an edge that needs nothing else."""
        session = self.once.session
        return self.once.answer(lambda: self.shown(taking.go(session, alert, edge, by=self.viewer, step=step)))


Changing = Annotated[Change, Depends(Change)]


@router.post(
    "/next", summary="下一条 / Next in my queue",
    dependencies=[may("alert.work")], responses=ONCE, response_model=Nothing,
)  # fmt: skip
def take_next(asked: NextAsked, change: Changing) -> Response:
    """Return the most urgent alert that is mine or nobody's; one that was nobody's becomes mine, and never two
    people's. Passing over a red one wants a reason, which stays on its timeline."""
    session, viewer = change.once.session, change.viewer

    def work() -> Nothing:
        desk = Desk(session, change.service, change.laws)
        filters = narrowed(asked.narrow, session, change.laws, viewer)
        passing.over(session, asked.skip, asked.why, by=viewer, on=desk.today)
        found = taking.next_alert(session, filters, viewer=viewer, spans=desk.spans, skip=asked.skip)
        return Nothing(alert=None) if found is None else Nothing(alert=change.shown(found), version=found.version)

    return change.once.answer(work)


@router.post(
    "/{alert_id}/claim", summary="认领 / Claim",
    dependencies=[may("alert.work")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def claim(alert_id: UUID, expected: Expected, change: Changing) -> Response:
    """Take an alert that nobody has; one that somebody has stays theirs."""
    return change.go(alert_id, "claim", Step(expected=expected))


@router.post(
    "/{alert_id}/release", summary="放回 / Release",
    dependencies=[may("alert.work")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def release(alert_id: UUID, expected: Expected, change: Changing) -> Response:
    """Put an alert back for anybody to take."""
    return change.go(alert_id, "release", Step(expected=expected))


@router.post(
    "/{alert_id}/assign", summary="分派 / Assign",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def assign(alert_id: UUID, given: Given, expected: Expected, change: Changing) -> Response:
    """Give an alert to a worker whose region holds it, or to who stands in for them."""
    session = change.once.session
    return change.once.answer(
        lambda: change.shown(
            taking.assign(session, alert_id, given.to, by=change.viewer, on=today(), expected=expected)
        )
    )


@router.post(
    "/{alert_id}/snooze", summary="稍后处理 / Put off",
    dependencies=[may("alert.work")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def snooze(alert_id: UUID, sent: PutOff, expected: Expected, change: Changing) -> Response:
    """Put an alert off until a day, or until it worsens; its deadlines run on meanwhile."""
    session, pause = change.once.session, taking.Pause(sent.until, sent.why, sent.wakes_on_worse)
    return change.once.answer(
        lambda: change.shown(taking.put_off(session, alert_id, pause, by=change.viewer, on=today(), expected=expected))
    )


@router.post(
    "/{alert_id}/suspend", summary="中止 / Suspend",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def suspend(alert_id: UUID, sent: Suspended, expected: Expected, change: Changing) -> Response:
    """Suspend an alert while a report, a comparison or a public notice is awaited; its deadlines run on meanwhile."""
    step = Step(sent.why, as_of=today(), values={"paused_until": sent.until}, expected=expected)
    return change.go(alert_id, "suspend", step)


@router.post(
    "/{alert_id}/resume", summary="恢复 / Bring back",
    dependencies=[may("alert.work")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def resume(alert_id: UUID, expected: Expected, change: Changing) -> Response:
    """Bring back an alert that was put off or suspended, before its day."""
    return change.go(alert_id, "resume", Step("BY_HAND", expected=expected))


@router.post(
    "/{alert_id}/hand-over", summary="移交（人户分离）/ Hand over to another region",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def hand_over(alert_id: UUID, sent: HandedOver, expected: Expected, change: Changing) -> Response:
    """Give an alert to the region where the household lives; that region takes it over or sends it back."""
    session = change.once.session

    def work() -> AlertBrief:
        taking.held(session, alert_id, by=change.viewer)  # found behind the wall, before it is opened
        with database.whole(session):
            return change.shown(
                taking.hand_over(session, alert_id, sent.region, why=sent.why, by=change.viewer, expected=expected)
            )

    return change.once.answer(work)


@router.post(
    "/{alert_id}/take-over", summary="接收移交 / Take over",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def take_over(alert_id: UUID, expected: Expected, change: Changing) -> Response:
    """Take what another region handed over."""
    return change.go(alert_id, "take_over", Step(expected=expected))


@router.post(
    "/{alert_id}/decline", summary="退回移交 / Send back",
    dependencies=[may("alert.assign")], responses=CHANGES, response_model=AlertBrief,
)  # fmt: skip
def decline(alert_id: UUID, sent: Declined, expected: Expected, change: Changing) -> Response:
    """Send back what another region handed over."""
    session, step = change.once.session, Step(sent.why, expected=expected)

    def work() -> AlertBrief:
        taking.held(session, alert_id, by=change.viewer)  # found behind the wall, before it is opened
        with database.whole(session):
            return change.shown(taking.go(session, alert_id, "decline", by=change.viewer, step=step))

    return change.once.answer(work)


@router.post(
    "/{alert_id}/notes", status_code=201, summary="备注 / Note",
    dependencies=[may("alert.work")], responses=ONCE, response_model=NoteOut,
)  # fmt: skip
def add_note(alert_id: UUID, sent: NoteIn, change: Changing) -> Response:
    """Keep a note on an alert and call whom it mentions; nothing of the alert changes, so no version is asked for."""
    session, keyring = change.once.session, change.service.keyring
    draft = notes.Draft(sent.id, sent.text, tuple(sent.mentions))

    def work() -> NoteOut:
        alert = taking.held(session, alert_id, by=change.viewer)
        notes.write(session, alert, draft, by=change.viewer, keyring=keyring)
        return note_out(next(one for one in notes.of(session, alert_id, keyring=keyring) if one.id == sent.id))

    return change.once.answer(work, status=201)


@router.get("/{alert_id}/notes", summary="备注列表 / Notes", dependencies=[may("alert.read")])
def list_notes(alert_id: UUID, service: Serving, viewer: Viewing, session: Reading) -> list[NoteOut]:
    """Return the notes on an alert, oldest first."""
    taking.seen(session, alert_id, by=viewer)
    return [note_out(one) for one in notes.of(session, alert_id, keyring=service.keyring)]


def note_out(said: notes.Said) -> NoteOut:
    """Return a note as it is shown."""
    return NoteOut(id=said.id, alert=said.alert, by=said.by, on=said.on, text=said.text)
