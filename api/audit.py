"""The audit over HTTP, for the auditor: who did what to which thing, and whether the chain holds."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.called import CalledOut, called
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from api.written import Day
from monitor import anchors, auditing
from monitor.auditing import Sought
from monitor.service import CITY_TIME

router = APIRouter(
    prefix="/api/v1/audit", tags=["audit"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Action = Annotated[str, Field(pattern=r"^[a-z_]{1,24}\.[a-z_]{1,24}$")]


class SoughtIn(BaseModel):
    """Which entries, and which page of them."""

    model_config = ConfigDict(extra="forbid")
    action: list[Action] = Field(
        default=[], max_length=20, description="操作，可多个 / actions: person.revealed, alerts.exported, role.granted"
    )
    by: str | None = Field(None, min_length=1, max_length=64, description="操作人编号或作业名 / a worker's id, a job")
    subject: str | None = Field(
        None, min_length=1, max_length=96, description="对象编号 / the id of what it was done to"
    )
    since: Day | None = Field(None, description="起始日（含）/ first day")
    until: Day | None = Field(None, description="截止日（含）/ last day", le=date(2999, 12, 31))
    before: int | None = Field(None, ge=1, le=2**53, description="上一页的 next / next of the page before")
    limit: int = Field(50, ge=1, le=200)


class AuditEntryOut(BaseModel):
    """One act. What it says holds no personal data: things are named by their ids."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    at: datetime
    by: str
    by_name: str = Field(description="操作人 / who it was, as they are called now")
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    """A page of the audit, the newest first."""

    items: list[AuditEntryOut]
    next: int | None = Field(description="下一页标记；空为最后一页 / the next page's before; null: this is the last")
    called: dict[str, CalledOut] = Field(description="本页所含代码的名称 / what the codes on this page are called")


class BreakOut(BaseModel):
    """One thing that does not hold."""

    model_config = ConfigDict(from_attributes=True)
    kind: str = Field(description="altered, unlinked, missing, rewritten, anchor, unanchored")
    at: int = Field(description="第几条，或锚定文件第几行 / the entry, or the line of the anchor")
    zh: str
    en: str


class VerifiedOut(BaseModel):
    """What a check of the whole chain found."""

    at: datetime
    by: str
    well: bool
    entries: int
    breaks: int


class VerifiedNowOut(VerifiedOut):
    """What a check of the whole chain found just now; at most fifty breaks are shown."""

    anchored: int = Field(description="锚定至第几条 / anchored up to this entry")
    public_key: str = Field(description="锚定签名公钥（Ed25519）/ the anchor's public key")
    found: list[BreakOut]


class AuditStatusOut(BaseModel):
    """How far the chain goes, how far it is anchored outside the database, and when it was last checked whole."""

    newest: int = Field(description="最新一条 / the newest entry; 0: none")
    newest_at: datetime | None
    anchored: int = Field(description="已锚定至 / anchored up to this entry; 0: never")
    anchored_at: datetime | None
    unanchored: int = Field(description="尚未锚定的条数 / entries not anchored yet")
    unanchored_since: datetime | None = Field(description="最早未锚定者的时刻 / when the first of them was made")
    verified: VerifiedOut | None = Field(description="最近一次全链校验 / the last check of the whole chain")


@router.get("", dependencies=[may("audit.read")], summary="审计记录 / Audit entries")
def list_audit(session: Reading, laws: ByLaw, asked: Annotated[SoughtIn, Query()]) -> AuditPage:
    """Return what was done, newest first, by action, by who did it, by what it was done to and by day."""
    sought = Sought(asked.action, asked.by, asked.subject, _begin(asked.since), _begin(_following(asked.until)))
    found = auditing.entries(session, sought, before=asked.before, most=asked.limit + 1)
    shown = found[: asked.limit]
    workers = auditing.names(session, shown)
    items = [
        AuditEntryOut(
            id=one.id, at=one.at, by=one.by, by_name=workers[one.by], action=one.action, subject=one.subject,
            detail=one.detail, hash=one.hash,
        )
        for one in shown
    ]  # fmt: skip
    following = shown[-1].id if len(found) > asked.limit else None
    return AuditPage(items=items, next=following, called=called((one.detail for one in shown), laws))


@router.get("/status", dependencies=[may("audit.read")], summary="审计链状态 / How the chain stands")
def audit_status(service: Serving, session: Reading) -> AuditStatusOut:
    """Return how far chain and anchor go and what the last whole check found; nothing is checked now."""
    end, anchored = auditing.newest(session), anchors.newest(service.settings.anchor)
    waiting, since = auditing.after(session, anchored.entry if anchored else 0)
    last = auditing.last_verified(session)
    verified = None
    if last is not None:
        entries, breaks = last.detail["entries"], last.detail["breaks"]
        by = auditing.names(session, [last])[last.by]
        verified = VerifiedOut(at=last.at, by=by, well=breaks == 0, entries=entries, breaks=breaks)
    return AuditStatusOut(
        newest=end.id if end else 0, newest_at=end.at if end else None, anchored=anchored.entry if anchored else 0,
        anchored_at=anchored.at if anchored else None, unanchored=waiting, unanchored_since=since, verified=verified,
    )  # fmt: skip


@router.post("/verification", dependencies=[may("audit.read")], summary="校验审计链 / Check the whole chain")
def verify_audit(service: Serving, viewer: Viewing, session: InTransaction) -> VerifiedNowOut:
    """Hold every entry against its hash, the one before it and the anchor; that it was done is an entry itself."""
    found = anchors.check(service)
    at = auditing.note_verified(session, by=str(viewer.worker), entries=found.entries, breaks=len(found.breaks))
    return VerifiedNowOut(
        at=at, by=viewer.name, well=found.well, entries=found.entries, breaks=len(found.breaks),
        anchored=found.anchored, public_key=found.public_key,
        found=[BreakOut.model_validate(one) for one in found.breaks[:50]],
    )  # fmt: skip


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), CITY_TIME)


def _following(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)
