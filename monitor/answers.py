"""Answers kept in the transaction of their effect, so that sending a request again never does its work again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from monitor.errors import InFlight, Invalid
from monitor.privacy import Keyring
from monitor.tables import Answer, utc_now

KEPT = timedelta(days=7)
_ABOUT = "answers.body"
_LOCKS = 7304
_under_way: set[tuple[str, str, str]] = set()
_guard = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """A request that may come twice: whose, by which route, under which key, and the digest of what it says."""

    principal: str
    route: str
    key: str
    digest: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.principal, self.route, self.key


@dataclass(frozen=True)
class Given:
    """An answer as it went out; ``version`` is that of the thing it shows, if it has one."""

    status: int
    body: str
    version: int | None = None


@contextmanager
def under_way(asked: Asked) -> Iterator[None]:
    """Hold ``asked`` while it is carried out in this process; the same request meanwhile is refused as in flight."""
    with _guard:
        if asked.name in _under_way:
            raise _in_flight()
        _under_way.add(asked.name)
    try:
        yield
    finally:
        with _guard:
            _under_way.discard(asked.name)


def find(session: Session, asked: Asked, *, keyring: Keyring) -> Given | None:
    """Return the answer given to ``asked`` within the last seven days, None when it is new.

    Refuses the same key with other contents, and a request that another process is carrying out.
    """
    _alone_everywhere(session, asked)
    kept = session.get(Answer, asked.name)
    if kept is not None and kept.made_at < utc_now() - KEPT:
        session.delete(kept)
        session.flush()
        kept = None
    if kept is None:
        return None
    if kept.digest != asked.digest:
        raise Invalid(
            zh="该 Idempotency-Key 已用于内容不同的请求，请换一个新的",
            en="this Idempotency-Key was sent with other contents before: make a new one",
        )
    return Given(kept.status, keyring.decrypt(kept.body, about=_ABOUT), kept.version)


def keep(session: Session, asked: Asked, given: Given, *, keyring: Keyring) -> None:
    """Keep the answer to ``asked`` in the caller's transaction: effect and answer stand or fall together."""
    principal, route, key = asked.name
    body = keyring.encrypt(given.body, about=_ABOUT)
    session.add(
        Answer(
            principal=principal, route=route, key=key, digest=asked.digest, status=given.status,
            version=given.version, body=body,
        )
    )  # fmt: skip
    session.flush()


def forget(session: Session, *, now: datetime) -> int:
    """Delete the answers older than seven days and return how many they were."""
    old = select(func.count()).select_from(Answer).where(Answer.made_at < now - KEPT)
    count = session.scalar(old) or 0
    session.execute(delete(Answer).where(Answer.made_at < now - KEPT))
    return count


def _alone_everywhere(session: Session, asked: Asked) -> None:
    """On PostgreSQL another process may be at it; on SQLite it would hold the one write lock, and has ended."""
    if session.get_bind().dialect.name != "postgresql":
        return
    number = crc32("\x1f".join(asked.name).encode()) >> 1
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCKS, number))):
        raise _in_flight()


def _in_flight() -> InFlight:
    return InFlight(
        zh="同一请求正在处理，请稍候再取结果", en="this very request is being carried out: ask again in a moment"
    )
