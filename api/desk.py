"""What waits for me: the day's worklist, notes that call me, the digests of deadlines."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.briefs import AlertBrief, Desk
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from api.taking import NoteOut, note_out
from monitor.access import Viewer, scope
from monitor.tables import Alert
from monitor.work import colleagues, notes, reminding, worklist
from monitor.work.worklist import Plan

router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=RESPONSES, route_class=Errand)
_LATE_SHOWN = 50


class LateOut(BaseModel):
    """An alert that will be late at this pace."""

    alert: UUID
    due_on: date
    reached_on: date | None = Field(description="预计轮到之日；空为60日内轮不到 / null: not within sixty days")


class PlanOut(BaseModel):
    """A worker's day and what lies ahead."""

    worker: UUID
    name: str
    visits: int = Field(description="今日可走访户数 / visits that the day allows")
    waiting: int = Field(description="待走访 / households to be visited")
    today: list[AlertBrief] = Field(description="今日走访，同村相邻 / today's visits, a village together")
    floor: list[UUID] = Field(description="为不致久等的村或规则而列入 / there so that no village and no rule starves")
    late: int = Field(description="按此进度将逾期 / will be late at this pace")
    beyond: int = Field(description="60日内轮不到 / not reached within sixty days")
    soonest_late: list[LateOut]


class LoadOut(BaseModel):
    """One line of the supervisor's view: how much, and how much will be late."""

    worker: UUID
    name: str
    region: str
    visits: int
    waiting: int
    today: int
    late: int
    beyond: int


class DigestOut(BaseModel):
    """Deadlines told on one day; named alerts are at most two hundred, and so are named referrals and corrections."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    as_of: date
    region: str
    made_at: datetime
    contents: dict[str, Any] = Field(
        description="counts, alerts (alert, step, due_on, level), "
        "referrals (referral, correction, alert, step, due_on, level), left_out"
    )


@router.get("/worklist", summary="今日走访 / My worklist", dependencies=[may("alert.work")])
def my_worklist(service: Serving, viewer: Viewing, session: Reading, laws: ByLaw) -> PlanOut:
    """Return what to visit today with the visits that the day allows, and what will be late at this pace."""
    desk = Desk(session, service, laws)
    found = worklist.plans(session, viewer=viewer, days=desk.days, today=desk.today, worker=viewer.worker)
    made = found[0] if found else Plan(viewer.worker, 0)
    return _plan(desk, made, viewer.name, viewer)


@router.get("/worklists", summary="辖区工作量 / Worklists of my region", dependencies=[may("alert.assign")])
def all_worklists(service: Serving, viewer: Viewing, session: Reading, laws: ByLaw) -> list[LoadOut]:
    """Return of each worker in my region how much waits and how much will be late, before it is."""
    desk = Desk(session, service, laws)
    everybody = {one.id: one for one in colleagues.colleagues(session, viewer=viewer, today=desk.today)}
    return [
        LoadOut(
            worker=made.worker, name=everybody[made.worker].name, region=everybody[made.worker].region,
            visits=made.visits, waiting=made.waiting, today=len(made.today), late=len(made.late), beyond=made.beyond,
        )
        for made in worklist.plans(session, viewer=viewer, days=desk.days, today=desk.today)
    ]  # fmt: skip


@router.get("/worklists/{worker}", summary="某人的今日走访 / A worker's worklist", dependencies=[may("alert.assign")])
def worklist_of(worker: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw) -> PlanOut:
    """Return the worklist of somebody who works in my region."""
    desk = Desk(session, service, laws)
    someone = colleagues.colleague(session, worker, viewer=viewer, today=desk.today)
    made = worklist.plans(session, viewer=viewer, days=desk.days, today=desk.today, worker=worker)[0]
    return _plan(desk, made, someone.name, viewer)


@router.get("/mentions", summary="提及我的备注 / Notes that call me", dependencies=[may("alert.read")])
def mentions(service: Serving, viewer: Viewing, session: Reading) -> list[NoteOut]:
    """Return the notes that I was called to and have not seen, newest first."""
    return [note_out(one) for one in notes.unseen(session, viewer=viewer, keyring=service.keyring)]


@router.post("/mentions/{note_id}/seen", status_code=204, summary="已阅 / Seen", dependencies=[may("alert.read")])
def see_mention(note_id: UUID, viewer: Viewing, session: InTransaction) -> None:
    """Note that I have seen a note that calls me; a second time changes nothing."""
    notes.see(session, note_id, viewer=viewer)


@router.get("/digests", summary="期限提醒 / Digests of deadlines", dependencies=[may("alert.read")])
def digests(viewer: Viewing, session: Reading, most: Annotated[int, Query(ge=1, le=100)] = 30) -> list[DigestOut]:
    """Return my digests, newest first; who assigns in a region reads the region's as well."""
    return [DigestOut.model_validate(one) for one in reminding.digests(session, viewer=viewer, most=most)]


def _plan(desk: Desk, made: Plan, name: str, viewer: Viewer) -> PlanOut:
    return PlanOut(
        worker=made.worker, name=name, visits=made.visits, waiting=made.waiting,
        today=desk.briefs(_seen(desk.session, [one.id for one in made.today], viewer)),
        floor=sorted(made.floor), late=len(made.late), beyond=made.beyond,
        soonest_late=[
            LateOut(alert=one.id, due_on=one.due_on, reached_on=None if on == date.max else on)
            for one, on in made.late[:_LATE_SHOWN]
        ],
    )  # fmt: skip


def _seen(session: Session, ids: list[UUID], viewer: Viewer) -> list[UUID]:
    found = set(session.scalars(scope(select(Alert.id).where(Alert.id.in_(ids)), viewer)))
    return [id_ for id_ in ids if id_ in found]
