"""What somebody with every right over the database could do to the audit chain: the six ways, each done for real."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.migrations import append_only
from monitor.service import Service
from monitor.tables import AuditEntry


def change(session: Session, chance: random.Random) -> None:
    """Change what an entry says."""
    session.execute(update(AuditEntry).where(AuditEntry.id == chance.choice(_ids(session))).values(by="somebody else"))


def remove(session: Session, chance: random.Random) -> None:
    """Remove an entry from the middle."""
    session.execute(delete(AuditEntry).where(AuditEntry.id == chance.choice(_ids(session)[:-1])))


def slip_in(session: Session, chance: random.Random) -> None:
    """Slip in an entry that is sound by itself and follows another."""
    rows = _rows(session)
    place = chance.randrange(len(rows) - 1)
    forged = rows[place] | {"action": "forged", "previous": rows[place]["hash"]}
    later = rows[place + 1 :]
    session.execute(delete(AuditEntry).where(AuditEntry.id > rows[place]["id"]))
    forged["hash"] = audit.seal(AuditEntry(**forged))
    session.execute(insert(AuditEntry), [forged | {"id": rows[place]["id"] + 1}])
    session.execute(insert(AuditEntry), [row | {"id": row["id"] + 1} for row in later])
    if session.get_bind().dialect.name == "postgresql":  # so that the next entry finds its place
        session.execute(text("SELECT nextval(pg_get_serial_sequence('audit_entries', 'id'))"))


def reorder(session: Session, chance: random.Random) -> None:
    """Let two entries change places."""
    rows = _rows(session)
    one, other = sorted(chance.sample(range(len(rows)), 2))
    session.execute(delete(AuditEntry).where(AuditEntry.id.in_([rows[one]["id"], rows[other]["id"]])))
    swapped = [rows[one] | {"id": rows[other]["id"]}, rows[other] | {"id": rows[one]["id"]}]
    session.execute(insert(AuditEntry), swapped)


def cut_off(session: Session, chance: random.Random) -> None:
    """Cut off the end."""
    ids = _ids(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id >= chance.choice(ids[1:])))


def make_anew(session: Session, chance: random.Random) -> None:
    """Change one entry and make every hash after it anew, so that the chain holds by itself."""
    rows, place = _rows(session), 0
    place = chance.randrange(len(rows))
    rows[place] |= {"subject": "another"}
    previous = audit.GENESIS if place == 0 else rows[place - 1]["hash"]
    session.execute(delete(AuditEntry).where(AuditEntry.id >= rows[place]["id"]))
    for row in rows[place:]:
        row["previous"] = previous
        row["hash"] = previous = audit.seal(AuditEntry(**row))
    session.execute(insert(AuditEntry), rows[place:])


WAYS: Mapping[str, Callable[[Session, random.Random], None]] = {
    "change": change, "delete": remove, "insert": slip_in, "reorder": reorder, "truncate": cut_off,
    "rewrite": make_anew,
}  # fmt: skip


def unlock(service: Service) -> None:
    """Take the database's own refusal away, as only the owner of the tables can."""
    with service.engine.begin() as connection:
        append_only.release(connection)


def chain(service: Service, entries: int) -> None:
    """Give the chain some entries."""
    with database.transaction(service.engine) as session:
        for number in range(entries):
            audit.record(session, by="t", action="read", subject=f"{number:03}", detail={"n": number})


def _ids(session: Session) -> list[int]:
    return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def _rows(session: Session) -> list[dict[str, Any]]:
    found = session.execute(select(*AuditEntry.__table__.c).order_by(AuditEntry.id)).mappings()
    return [dict(row) for row in found]


def entries(session: Session) -> int:
    """How many entries there are."""
    return session.scalar(select(func.count()).select_from(AuditEntry)) or 0
