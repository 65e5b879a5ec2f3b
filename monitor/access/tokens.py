"""Tokens of machines: issued for named actions and a time, shown once, kept as a hash."""

import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, String, bindparam, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.access.policy import ACTIONS, relation
from monitor.access.reach import Viewer
from monitor.errors import Invalid, NotFound
from monitor.privacy import hash_token
from monitor.tables import ServiceToken, Worker, utc_now

MOST_DAYS = 365
EVERYTHING = "*"


def issue(
    session: Session, worker: Worker, *, scopes: Iterable[str], days: int, note: str, by: str
) -> tuple[ServiceToken, str]:
    """Return a new token of ``worker`` for the actions ``scopes`` and the text that is shown this once.

    Refuses an action that the worker's role does not have, and a life of more than a year.
    """
    wanted = sorted(set(scopes))
    beyond = [one for one in wanted if one not in ACTIONS or relation(worker.role, one) is None]
    if beyond or not wanted:
        raise Invalid(
            zh=f"该账号的角色没有这些权限：{'、'.join(beyond) or '（未指定）'}",
            en=f"the account's role does not have: {', '.join(beyond) or '(none named)'}",
        )
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(zh=f"令牌有效期为1至{MOST_DAYS}天", en=f"a token lasts 1 to {MOST_DAYS} days")
    text = secrets.token_urlsafe(32)
    token = ServiceToken(
        worker_id=worker.id, hash=hash_token(text), scopes=wanted, note=note, made_by=by,
        expires_at=utc_now() + timedelta(days=days),
    )  # fmt: skip
    session.add(token)
    session.flush()
    detail = {"worker": str(worker.id), "scopes": wanted, "days": days}
    audit.record(session, by=by, action="token.issued", subject=str(token.id), detail=detail)
    return token, text


def issue_to_machine(
    session: Session, worker: Worker, *, scopes: Iterable[str], days: int, note: str, by: str
) -> tuple[ServiceToken, str]:
    """Issue a token as ``issue`` does, to a machine only: with a person's token somebody else could act as them."""
    if worker.role != "service":
        raise Invalid(zh="令牌只发给数据服务账号", en="tokens are for accounts of machines only")
    return issue(session, worker, scopes=scopes, days=days, note=note, by=by)


def revoke(session: Session, token_id: uuid.UUID, *, by: str) -> ServiceToken:
    """End a token at once; a second call changes nothing."""
    token = session.get(ServiceToken, token_id)
    if token is None:
        raise NotFound(zh="没有这个令牌", en="there is no such token")
    if token.revoked_at is None:
        token.revoked_at = utc_now()
        audit.record(session, by=by, action="token.revoked", subject=str(token.id))
    return token


def sign_in(session: Session, token: str) -> Viewer | None:
    """Return the active worker whose living token this is; None for any other token."""
    found = database.run(session, _living, values={"hash": hash_token(token)}).first()
    if found is None or found.expires_at <= utc_now():
        return None
    scopes = None if EVERYTHING in found.scopes else frozenset(found.scopes)
    return Viewer(found.id, found.name, found.role, found.region, scopes, department=found.department)


def _living() -> Select[*tuple[Any, ...]]:
    return (
        select(
            ServiceToken.expires_at, ServiceToken.scopes, Worker.id, Worker.name, Worker.role, Worker.region,
            Worker.department,
        )
        .join(Worker, Worker.id == ServiceToken.worker_id)
        .where(ServiceToken.hash == bindparam("hash", type_=String()), ServiceToken.revoked_at.is_(None))
        .where(Worker.active)
    )  # fmt: skip
