"""The audit chain: who did what to which thing, each entry sealed with the one before it."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.tables import AuditEntry, utc_now

GENESIS = "0" * 64


def record(session: Session, *, by: str, action: str, subject: str, detail: dict[str, Any] | None = None) -> AuditEntry:
    """Append an entry in the caller's transaction: the act and its record stand or fall together.

    ``detail`` must hold no personal data; name things by their ids.
    """
    entry = AuditEntry(
        at=utc_now(), by=by, action=action, subject=subject, detail=detail or {}, previous=_head(session)
    )
    entry.hash = seal(entry)
    session.add(entry)
    session.flush()
    return entry


def broken_links(session: Session) -> Iterator[int]:
    """Yield the id of every entry whose hash or link to its predecessor does not hold."""
    return (place for place, _ in breaks(session))


def breaks(session: Session) -> Iterator[tuple[int, str]]:
    """Yield the id of every entry that does not hold, and how: ``altered`` in itself, or ``unlinked``."""
    previous = GENESIS
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
        if entry.hash != seal(entry):
            yield entry.id, "altered"
        elif entry.previous != previous:
            yield entry.id, "unlinked"
        previous = entry.hash


def _head(session: Session) -> str:
    """Hold the end of the chain: whoever does anything waits for whoever holds it, so all else is written before."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(7301)")
    return database.run(session, _last, values={}).value() or GENESIS


def _last() -> Select[*tuple[Any, ...]]:
    return select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)


def seal(entry: AuditEntry) -> str:
    """Return the hash (SHA-256, hex) of an entry and of the hash it follows."""
    body = [entry.previous, _instant(entry.at), entry.by, entry.action, entry.subject, entry.detail]
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
