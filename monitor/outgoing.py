"""Large exports: what one may not take out alone is asked for, agreed to by another, and taken within a day."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from monitor import audit, auditing, exports
from monitor.access import NATION, Viewer
from monitor.auditing import Sought
from monitor.errors import Conflict, Forbidden, NotFound, Stale
from monitor.exports import Narrowed, Paper, Taken
from monitor.regions import Tree
from monitor.service import CITY_TIME, Service
from monitor.tables import ExportRequest, Region, Worker, utc_now

LASTS = timedelta(hours=24)
_GROWN = 1.1
_LENGTHS = (2, 4, 6, 9, 12)
Narrows = Callable[[Mapping[str, Any]], Narrowed]
_ABOUT_WHY = "export_requests.why"


def alone(session: Session, narrowed: Narrowed, *, by: Viewer, most: int) -> int:
    """Return 0 when ``by`` may take these alerts out alone, else how many they are.

    Alone are at most ``most`` a day, all exports of the day together: many small ones are a large one.
    """
    rows = exports.count(session, narrowed, by=by)
    since = datetime.combine(datetime.now(CITY_TIME).date(), time(), CITY_TIME)
    sought = Sought(actions=("alerts.exported",), by=str(by.worker), since=since)
    taken = auditing.entries(session, sought, most=most + 1)
    before = sum(int(one.detail["rows"]) for one in taken if not one.detail.get("agreed"))
    return rows if rows and before + rows > most else 0


def ask(session: Session, service: Service, narrowed: Narrowed, *, by: Viewer, why: str) -> ExportRequest:
    """Ask, in the caller's transaction, for an export that another must agree to; refuses more than one may hold."""
    rows = exports.count(session, narrowed, by=by)
    exports.refuse_too_many(rows)
    made = ExportRequest(
        id=uuid.uuid4(), asked_by=by.worker, path=path_of(session, by.region), rows=rows, status="asked", version=1,
        narrowed=dict(narrowed.said),
        why=service.keyring.encrypt(why, about=_ABOUT_WHY),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _note(session, made, "asked", by)
    return made


def requests(session: Session, *, viewer: Viewer) -> Sequence[ExportRequest]:
    """Return what the viewer asked for, and what waits for somebody like them to agree; the newest first."""
    mine = ExportRequest.asked_by == viewer.worker
    chosen = select(ExportRequest).where(or_(mine, _over(viewer) & (ExportRequest.status == "asked")))
    return session.scalars(chosen.order_by(ExportRequest.asked_at.desc(), ExportRequest.id).limit(100)).all()


def get(session: Session, request: uuid.UUID, *, viewer: Viewer, hold: bool = False) -> ExportRequest:
    """Return a request of the viewer's own or of their region; absent and not theirs are the same refusal."""
    chosen = select(ExportRequest).where(ExportRequest.id == request)
    chosen = chosen.where(or_(ExportRequest.asked_by == viewer.worker, _over(viewer)))
    found = session.scalar(chosen.with_for_update() if hold else chosen)
    if found is None:
        raise NotFound(zh="没有这个导出申请，或不在您的管辖范围", en="there is no such request in your region")
    return found


def decide(
    session: Session, request: uuid.UUID, *, agreed: bool, by: Viewer, expected: int | None = None
) -> ExportRequest:
    """Agree to another's export, or refuse it; nobody decides on their own, nor twice, nor after a day."""
    found = get(session, request, viewer=by, hold=True)
    if expected is not None and expected != found.version:
        raise Stale(found.version)
    if found.asked_by == by.worker:
        raise Forbidden(zh="不能审批自己的导出申请", en="nobody decides on their own export")
    if found.status != "asked" or utc_now() - found.asked_at > LASTS:
        raise Conflict(zh="该申请已审批或已过期", en="it has been decided on already, or is older than a day")
    found.status, found.decided_by, found.decided_at = "agreed" if agreed else "refused", by.worker, utc_now()
    found.version += 1
    session.flush()
    _note(session, found, found.status, by)
    return found


def take(session: Session, service: Service, request: uuid.UUID, *, by: Viewer, tree: Tree, narrows: Narrows) -> Taken:
    """Return the workbook that was agreed to, within a day of it, to who asked for it and nobody else.

    ``narrows`` reads what was asked for anew. Refuses when there are a tenth more rows now than were agreed to. Each
    taking is in the audit.
    """
    found = get(session, request, viewer=by, hold=True)
    if found.asked_by != by.worker:
        raise Forbidden(zh="只能由申请人本人取件", en="it is taken by who asked for it")
    if found.status not in ("agreed", "taken") or found.decided_at is None or utc_now() - found.decided_at > LASTS:
        raise Conflict(zh="尚未同意，或同意已超过24小时", en="not agreed to, or more than a day ago: ask again")
    narrowed = narrows(found.narrowed)
    if exports.count(session, narrowed, by=by) > found.rows * _GROWN:
        raise Conflict(zh="现有条数超过同意时的一成以上，请重新申请", en="a tenth more rows than agreed to: ask again")
    why = service.keyring.decrypt(found.why, about=_ABOUT_WHY)
    taken = exports.alerts(session, service, narrowed, by=by, paper=Paper(why, found.id), tree=tree)
    if found.status == "agreed":
        found.status, found.version = "taken", found.version + 1
    return taken


def path_of(session: Session, region: str) -> str:
    """Return the codes that manage ``region``, from the province down and itself last, as ``/34/3402/340202/``."""
    codes = [region[:length] for length in _LENGTHS if length <= len(region)]
    held = select(Region.code, Region.path).where(Region.scheme == "official", Region.valid_to.is_(None))
    paths = dict(session.execute(held.where(Region.code.in_(codes), Region.path.is_not(None))).all())
    known = max(paths, key=len, default="")
    below = [code for code in codes if len(code) > len(known)]
    return (paths.get(known) or "/") + "".join(f"{code}/" for code in below)


def _over(viewer: Viewer) -> ColumnElement[bool]:
    """Whoever asked works in the viewer's region."""
    here = ExportRequest.path.contains(f"/{viewer.region}/", autoescape=True)
    return true() if viewer.region == NATION else here


def _note(session: Session, found: ExportRequest, what: str, by: Viewer) -> None:
    detail = {"rows": found.rows, **found.narrowed}
    audit.record(session, by=str(by.worker), action=f"export.{what}", subject=str(found.id), detail=detail)


def asked_by(session: Session, found: Sequence[ExportRequest]) -> dict[uuid.UUID, str]:
    """Return what everybody who asked or decided is called."""
    ids = {id_ for one in found for id_ in (one.asked_by, one.decided_by) if id_ is not None}
    return dict(session.execute(select(Worker.id, Worker.name).where(Worker.id.in_(ids))).all()) if ids else {}


def why_of(found: ExportRequest, service: Service) -> str:
    """Return what an export was asked for."""
    return service.keyring.decrypt(found.why, about=_ABOUT_WHY)
