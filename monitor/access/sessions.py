"""Sessions of people: opaque, kept by their SHA-256, half an hour idle and ten hours in all."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Select, String, bindparam, select, update
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.access.passwords import PROFILES
from monitor.access.reach import Viewer
from monitor.privacy import hash_token
from monitor.settings import Settings
from monitor.tables import Credential, SignIn, Worker

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=10)
NOTED_EVERY = timedelta(minutes=1)
UNFINISHED = frozenset({"session.own"})


@dataclass(frozen=True)
class Manner:
    """How somebody signed in: by ``password`` or ``oidc``, with a second factor or not, from which source."""

    how: str
    second: bool
    source: bytes


class Entered(Protocol):
    """What is asked of a session: how somebody signed in, and with a second factor or not."""

    @property
    def how(self) -> str: ...
    @property
    def second(self) -> bool: ...


class Proof(Protocol):
    """What is asked of somebody's own password and second factor."""

    @property
    def password_at(self) -> datetime | None: ...
    @property
    def totp(self) -> bytes | None: ...


def begin(session: Session, worker: Worker, manner: Manner, *, now: datetime, most: int) -> str:
    """Open a session and return what the cookie holds; of more than ``most`` of one worker the oldest end."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            worker_id=worker.id, hash=hash_token(token), source=manner.source, how=manner.how, second=manner.second,
            began_at=now, seen_at=now, proved_at=now,
        )
    )  # fmt: skip
    session.flush()
    standing = session.scalars(_standing(worker.id).order_by(SignIn.began_at.desc(), SignIn.id)).all()
    for surplus in standing[most:]:
        surplus.ended_at, surplus.ended_why = now, "too_many"
    audit.record(session, by=worker.name, action="session.begun", subject=str(worker.id), detail={"how": manner.how})
    return token


def find(session: Session, token: str, *, settings: Settings, now: datetime) -> tuple[Viewer, datetime] | None:
    """Return whose session ``token`` holds, and when it was last in use.

    None when it ended, rested for half an hour or is ten hours old. Whoever must still change a password or add a
    second factor may do that and nothing else.
    """
    found = database.run(session, _held, values={"hash": hash_token(token)}).first()
    if found is None or now - found.seen_at > IDLE or now - found.began_at > WHOLE:
        return None
    scopes = UNFINISHED if unfinished(found, found if found.known else None, settings, now) else None
    viewer = Viewer(
        found.worker_id, found.name, found.role, found.region, scopes, found.id, found.proved_at, found.department
    )
    return viewer, found.seen_at


def unfinished(sign_in: Entered, credential: Proof | None, settings: Settings, now: datetime) -> list[str]:
    """Return what must be done first: ``password``, which is too old, or ``second_factor``, which is missing."""
    if sign_in.how != "password" or credential is None:
        return ["second_factor"] if settings.second_factor and not sign_in.second else []
    lasts = PROFILES[settings.passwords].lasts
    old = lasts is not None and credential.password_at is not None and now - credential.password_at > lasts
    missing = settings.second_factor and credential.totp is None
    return ["password"] * old + ["second_factor"] * missing


def note_seen(session: Session, sign_in: uuid.UUID, *, now: datetime) -> None:
    """Remember that the session is in use."""
    session.execute(update(SignIn).where(SignIn.id == sign_in).values(seen_at=now))


def renew(session: Session, sign_in: uuid.UUID, *, second: bool, now: datetime) -> str:
    """Note a fresh proof and return the session's new token; the old one is worth nothing from here on."""
    token = secrets.token_urlsafe(32)
    values = {"hash": hash_token(token), "proved_at": now, "seen_at": now} | ({"second": True} if second else {})
    session.execute(update(SignIn).where(SignIn.id == sign_in).values(values))
    return token


def end(session: Session, worker: uuid.UUID, *, why: str, now: datetime, only: uuid.UUID | None = None) -> int:
    """End the sessions of a worker, or only one of them, and return how many that was."""
    chosen = session.scalars(_standing(worker) if only is None else _standing(worker).where(SignIn.id == only)).all()
    for sign_in in chosen:
        sign_in.ended_at, sign_in.ended_why = now, why
    session.flush()
    return len(chosen)


def known_source(session: Session, worker: uuid.UUID, source: bytes, *, now: datetime) -> bool:
    """Return whether the worker signed in from ``source`` within thirty days."""
    since = now - timedelta(days=30)
    chosen = select(SignIn.id).where(SignIn.worker_id == worker, SignIn.source == source, SignIn.began_at > since)
    return session.scalar(chosen.limit(1)) is not None


def _held() -> Select[*tuple[Any, ...]]:
    """Plain columns: who asks is looked up at every request, and objects of the session cost three times as much."""
    return (
        select(
            SignIn.id, SignIn.seen_at, SignIn.began_at, SignIn.proved_at, SignIn.how, SignIn.second, SignIn.worker_id,
            Worker.name, Worker.role, Worker.region, Worker.department, Credential.worker_id.label("known"),
            Credential.password_at, Credential.totp,
        )
        .join(Worker, Worker.id == SignIn.worker_id)
        .outerjoin(Credential, Credential.worker_id == Worker.id)
        .where(SignIn.hash == bindparam("hash", type_=String()), SignIn.ended_at.is_(None), Worker.active)
    )  # fmt: skip


def _standing(worker: uuid.UUID) -> Select[SignIn]:
    return select(SignIn).where(SignIn.worker_id == worker, SignIn.ended_at.is_(None))
