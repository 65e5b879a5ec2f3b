"""Who may see what: a worker sees the region that is theirs and everything below it, nothing else."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, select, true
from sqlalchemy.orm import Session

from monitor import audit
from monitor.errors import Conflict, Invalid
from monitor.privacy import hash_token
from monitor.tables import Alert, Household, Worker

ROLES = ("caseworker", "reviewer", "supervisor")
NATION = "00"
Chosen = TypeVar("Chosen", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Viewer:
    """The worker a read is scoped to; ``region`` is an official code without its trailing zeros."""

    worker: uuid.UUID
    name: str
    role: str
    region: str


def add_worker(session: Session, name: str, *, region: str, role: str = "caseworker", by: str) -> tuple[Worker, str]:
    """Return a new worker and the token to sign in with, which is shown this once and never kept.

    Refuses a name that is blank or taken, an unknown role, and a region that is no official code (``00``: the whole).
    """
    if role not in ROLES:
        raise Invalid(zh=f"角色只能是 {', '.join(ROLES)}", en=f"a role is one of {', '.join(ROLES)}")
    if not name.strip():
        raise Invalid(zh="须写明姓名或岗位", en="say the worker's name or post")
    if session.scalar(select(Worker.id).where(Worker.name == name)) is not None:
        raise Conflict(zh="已有同名工作人员", en="there is a worker of that name")
    token = secrets.token_urlsafe(32)
    worker = Worker(name=name, role=role, region=shorten(region), token_hash=hash_token(token))
    session.add(worker)
    session.flush()
    detail = {"role": role, "region": worker.region}
    audit.record(session, by=by, action="worker.added", subject=str(worker.id), detail=detail)
    return worker, token


def sign_in(session: Session, token: str) -> Viewer | None:
    """Return the active worker whose token this is; None for any other token."""
    worker = session.scalar(select(Worker).where(Worker.token_hash == hash_token(token), Worker.active))
    return None if worker is None else Viewer(worker.id, worker.name, worker.role, worker.region)


def shorten(region: str) -> str:
    """Return an official code without the zeros of the levels below it: 340203000000 is 340203.

    Refuses what is no code of 2, 4, 6, 9 or 12 digits.
    """
    code = region.strip()
    if not code.isascii() or not code.isdigit() or len(code) not in (2, 4, 6, 9, 12):
        raise Invalid(zh="行政区划代码须为2、4、6、9或12位数字", en="a region is a code of 2, 4, 6, 9 or 12 digits")
    for longer, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(code) == longer and code.endswith("0" * (longer - shorter)):
            code = code[:shorter]
    return code


def scope(statement: Chosen, viewer: Viewer, *, of: type[Alert | Household] = Alert) -> Chosen:
    """Return ``statement`` cut to the rows of ``of`` that ``viewer`` may see: the one place that decides it."""
    return statement.where(within(viewer.region, of=of))


def within(region: str, *, of: type[Alert | Household] = Alert) -> ColumnElement[bool]:
    """Return the condition that a row of ``of`` lies in ``region``; a code of no level holds nothing."""
    code = region if region == NATION else shorten(region)
    if code == NATION:
        return true()
    match len(code):
        case 2 | 4:
            return of.county.startswith(code)
        case 6:
            return of.county == code
        case 9:
            return of.town == code
        case 12:
            return of.village == code
    return false()
