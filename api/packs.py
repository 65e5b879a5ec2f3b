"""走访包 over HTTP: taken along for some hours, asked after by the device, ended from here, known to be wiped."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.briefs import Desk
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, WholeServing, may, newest_date
from api.errands import Errand
from api.problems import RESPONSES, described
from api.taking import Strict
from api.visiting import CatalogueOut, VisitSheetOut, catalogue, sheet_out
from api.written import Truth
from monitor import access, database, packs, reveals
from monitor.access import Viewer
from monitor.packs import Sheet
from monitor.service import Service, today
from monitor.tables import Alert, VisitPack, utc_now
from monitor.work import colleagues

router = APIRouter(prefix="/api/v1/packs", tags=["visits"], responses=RESPONSES, route_class=Errand)
Token = Annotated[
    str, Field(min_length=20, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="仅设备持有 / the device's alone")
]


class PackIn(Strict):
    """What is taken along."""

    alerts: list[UUID] | None = Field(
        None, max_length=packs.MOST, description="省略：全部在办，最多50户 / omitted: all that is mine, at most fifty"
    )
    phones: Truth = Field(
        False, description="带户主电话：每户计一次明文查看 / with the heads' phones: a reveal of each, with its rules"
    )


class LeftOut(BaseModel):
    """One that was asked for and is not taken along."""

    id: UUID
    zh: str
    en: str


class PackOut(BaseModel):
    """A visit pack, whole; its token is told this once."""

    id: UUID
    token: Token
    made_at: datetime
    expires_at: datetime
    day: date = Field(description="城市的今天 / the city's today")
    catalogue: CatalogueOut
    sheets: list[VisitSheetOut]
    count: int = Field(description="在您名下的全部在办户数；多于 sheets 的未带上 / all that is mine")
    left_out: list[LeftOut] = Field(description="不在您名下或已办结 / not in your hands, or ended")


class PackToken(Strict):
    """Which pack a device asks after, and the token that only it has."""

    id: UUID
    token: Token


class PackStateOut(BaseModel):
    """What a device must do with its pack."""

    living: bool = Field(description="否：请立即清除 / no: wipe it now")
    why: str | None = Field(description="expired, wiped, replaced, revoked, suspended, moved, signed_out, unknown")
    expires_at: datetime | None
    dropped: list[UUID] = Field(description="已不归您或已办结，请移出 / no longer yours or ended: take them out")


class PackLine(BaseModel):
    """A pack that is out, as a supervisor sees it."""

    id: UUID
    worker: UUID
    name: str
    households: int
    phones: int
    made_at: datetime
    expires_at: datetime
    asked_at: datetime | None = Field(description="设备最近联系 / the device was last heard of")
    ended_at: datetime | None
    ended_why: str | None
    wiped_at: datetime | None = Field(description="设备已清除 / the device has wiped it")


@router.post(
    "", status_code=201, summary="下载走访包 / Take a visit pack", dependencies=[may("visit.pack")],
    responses=described(429),
)  # fmt: skip
def take_pack(sent: PackIn, service: Serving, viewer: Viewing, session: InTransaction, laws: ByLaw) -> PackOut:
    """Return the sheets of what is in my hands, good for some hours on this device; the pack before it ends.

    Phones are revealed one by one, by the rules of a reveal: the role, a proof within five minutes, the day's quota.
    """
    if sent.phones:
        access.require(viewer, "person.reveal")
    alerts = packs.assigned(session, viewer=viewer, only=sent.alerts)
    day = newest_date(session)
    found = packs.sheets(session, service, laws.on(day), alerts, as_of=day)
    told = _phones(session, service, found, viewer) if sent.phones else {}
    pack, token = packs.make(session, service, alerts, by=viewer, phones=len(told))
    briefs = Desk(session, service, laws).briefs([one.id for one in alerts])
    return PackOut(
        id=pack.id, token=token, made_at=pack.made_at, expires_at=pack.expires_at, day=today(), catalogue=catalogue(),
        count=packs.assigned_count(session, viewer=viewer),
        left_out=_left_out(sent, alerts),
        sheets=[
            sheet_out(sheet, brief, keyring=service.keyring, phone=told.get(sheet.alert.household_id))
            for sheet, brief in zip(found, briefs, strict=True)
        ],
    )  # fmt: skip


@router.post("/state", summary="走访包是否有效 / Is my pack still good", responses=described(422))
def ask_state(sent: PackToken, service: WholeServing) -> PackStateOut:
    """Return whether a device may keep its pack; asked with the pack's own token, for its session may be over."""
    with database.transaction(service.engine, region=access.NATION) as session:
        found = packs.state_of(session, sent.id, sent.token, now=utc_now())
    return PackStateOut(living=found.living, why=found.why, expires_at=found.expires_at, dropped=list(found.dropped))


@router.post("/wiped", status_code=204, summary="走访包已清除 / My pack is wiped", responses=described(422))
def tell_wiped(sent: PackToken, service: WholeServing) -> None:
    """Note that a device has wiped its pack; sent again, or of a pack that nobody knows, it changes nothing."""
    with database.transaction(service.engine, region=access.NATION) as session:
        packs.wiped(session, sent.id, sent.token, now=utc_now())


@router.delete("/mine", summary="停用我的走访包 / End my packs", dependencies=[may("visit.pack")], status_code=204)
def end_mine(viewer: Viewing, session: InTransaction) -> None:
    """End my packs wherever they are, as one does who has lost a telephone; a second time changes nothing."""
    packs.end(session, viewer=viewer)


@router.get("", summary="辖区内的走访包 / Packs that are out", dependencies=[may("alert.assign")])
def list_packs(viewer: Viewing, session: Reading) -> list[PackLine]:
    """Return the packs of those who work in my region that are out or not known to be wiped, the newest first."""
    everybody = colleagues.colleagues(session, viewer=viewer, today=today(), loaded=False)
    names = {one.id: one.name for one in everybody}
    return [_line(pack, names) for pack in packs.out(session, list(names))]


@router.post(
    "/{pack_id}/revocation", summary="远程停用走访包 / Revoke a pack", dependencies=[may("alert.assign")],
)  # fmt: skip
def revoke_pack(pack_id: UUID, viewer: Viewing, session: InTransaction) -> PackLine:
    """End a colleague's pack; their device wipes it when it next has a signal, and says so."""
    pack = packs.revoke(session, pack_id, by=viewer)
    someone = colleagues.colleague(session, pack.worker_id, viewer=viewer, today=today(), loaded=False)
    return _line(pack, {someone.id: someone.name})


def _phones(session: Session, service: Service, found: Sequence[Sheet], viewer: Viewer) -> dict[int, str]:
    heads = {one.alert.household_id: one.members[0].shown.person for one in found if one.members}
    return reveals.phones(session, service, heads, by=viewer)


def _left_out(sent: PackIn, alerts: Sequence[Alert]) -> list[LeftOut]:
    taken = {alert.id for alert in alerts}
    zh, en = "不在您名下，或已办结", "not in your hands, or it has ended"
    return [LeftOut(id=one, zh=zh, en=en) for one in sent.alerts or [] if one not in taken]


def _line(pack: VisitPack, names: dict[UUID, str]) -> PackLine:
    return PackLine(
        id=pack.id, worker=pack.worker_id, name=names[pack.worker_id], households=len(pack.alerts), phones=pack.phones,
        made_at=pack.made_at, expires_at=pack.expires_at, asked_at=pack.asked_at, ended_at=pack.ended_at,
        ended_why=pack.ended_why, wiped_at=pack.wiped_at,
    )  # fmt: skip
