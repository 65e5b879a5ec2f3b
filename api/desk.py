"""What waits for me: the day's worklist, notes that call me, the digests of deadlines."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.briefs import AlertBrief, Desk, Level
from api.deps import ByLaw, InTransaction, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from api.referrals import ReferralOut
from api.taking import NoteOut, note_out
from monitor.access import NATION, Viewer, scope
from monitor.cases import referrals
from monitor.service import today
from monitor.tables import Alert, Digest
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


class AlertNamed(BaseModel):
    """An alert whose deadline was told, as it was then."""

    alert: UUID
    step: Literal["remind", "overdue", "escalate"] = Field(
        description="即将到期、逾期、严重逾期并报上级 / due soon, overdue, long overdue and told to the level above"
    )
    due_on: date
    level: Level


class ReferralNamed(AlertNamed):
    """What a department was asked about an alert, or a row that it was to put right."""

    level: Level | None = Field(description="协同部门不知等级 / null: told to a department, which is not told it")  # type: ignore[assignment]
    referral: UUID
    correction: bool


class DeadlinesTold(BaseModel):
    """What a digest says: of how many, and which."""

    counts: dict[str, int] = Field(
        description="remind, overdue, escalate；转办与数据更正的另计 / with referral_ and correction_ before them"
    )
    alerts: list[AlertNamed]
    referrals: list[ReferralNamed]
    left_out: int = Field(description="未逐条列出的 / not named one by one")


class DigestOut(BaseModel):
    """Deadlines told on one day; named alerts are at most two hundred, and so are named referrals and corrections."""

    id: UUID
    as_of: date
    region: str
    region_name: str = Field(
        description="发给哪个辖区；空：本人或全国 / the region it is told to; empty: oneself, or the nation"
    )
    made_at: datetime
    contents: DeadlinesTold


class DigestSheet(DigestOut):
    """A digest with the alerts and referrals that it names as they are today, those that are still mine to see."""

    alerts: list[AlertBrief]
    referrals: list[ReferralOut]


class AwaitedOut(BaseModel):
    """What has come for me."""

    mentions: int = Field(description="提及我、尚未阅的备注 / notes that call me and that I have not seen")
    digests: int = Field(description="今日的期限提醒 / digests of today")


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


@router.get("/digests", summary="期限提醒 / Digests of deadlines", dependencies=[may("referral.read")])
def digests(
    viewer: Viewing, session: Reading, laws: ByLaw, most: Annotated[int, Query(ge=1, le=100)] = 30
) -> list[DigestOut]:
    """Return my digests, newest first; who assigns in a region reads the region's as well."""
    return [_digest(one, laws) for one in reminding.digests(session, viewer=viewer, most=most)]


@router.get("/digests/{digest_id}", summary="一份期限提醒 / One digest", dependencies=[may("referral.read")])
def digest(digest_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw) -> DigestSheet:
    """Return one of my digests with what it names as it stands now."""
    told = _digest(reminding.digest(session, digest_id, viewer=viewer), laws)
    named = dict.fromkeys(one.alert for one in [*told.contents.alerts, *told.contents.referrals])
    alerts = Desk(session, service, laws).briefs(_seen(session, list(named), viewer))
    asked = referrals.named(session, [one.referral for one in told.contents.referrals], viewer=viewer)
    return DigestSheet(**dict(told), alerts=alerts, referrals=[ReferralOut.model_validate(one) for one in asked])


@router.get("/awaited", summary="有无新提醒 / What has come for me", dependencies=[may("referral.read")])
def awaited(viewer: Viewing, session: Reading) -> AwaitedOut:
    """Return how many notes call me and how many digests are of today: what a page asks from time to time."""
    called = notes.unseen_count(session, viewer=viewer)
    return AwaitedOut(mentions=called, digests=reminding.told_on(session, today(), viewer=viewer))


def _digest(one: Digest, laws: Laws) -> DigestOut:
    of_region = one.recipient == reminding.REGION_DESK and one.region != NATION
    return DigestOut(
        id=one.id, as_of=one.as_of, region=one.region, made_at=one.made_at,
        region_name=laws.tree.full_name(one.region, one.as_of) if of_region else "",
        contents=DeadlinesTold(**{"referrals": [], **one.contents}),  # the first digests named alerts alone
    )  # fmt: skip


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
