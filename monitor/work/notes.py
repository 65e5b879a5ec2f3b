"""Notes on alerts, and who is called to read them. What a note says is personal and kept encrypted."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from monitor import database
from monitor.access import Viewer, scope
from monitor.access.reach import Cut
from monitor.errors import Conflict, Invalid
from monitor.policy.days import day_of
from monitor.privacy import Keyring
from monitor.tables import Alert, Mention, Note, Worker, utc_now
from monitor.work.colleagues import reaches

_ABOUT = "notes.text"


@dataclass(frozen=True)
class Draft:
    """A note as it is sent; ``id`` is made by the sender, so that sending it twice keeps it once."""

    id: uuid.UUID
    text: str
    mentions: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class Said:
    """A note as it is read."""

    id: uuid.UUID
    alert: uuid.UUID
    by: str
    on: date
    text: str


def write(session: Session, alert: Alert, draft: Draft, *, by: Viewer, keyring: Keyring) -> bool:
    """Keep a note on ``alert``, which ``by`` may see, and call whom it mentions; return whether it was new.

    Refuses an id that was sent with other words, a blank note, and the mention of somebody who may not see the alert.
    """
    if not draft.text.strip():
        raise Invalid(zh="备注不能为空", en="a note says something")
    digest = keyring.blind_index(f"note\x1f{alert.id}\x1f{by.worker}\x1f{draft.text}").hex()
    before = session.get(Note, draft.id)
    if before is not None:
        if before.digest != digest:
            raise Conflict(zh="同一编号的备注已存在且内容不同", en="a note with this id says something else")
        return False
    called = _called(session, alert, draft.mentions)
    sealed = keyring.encrypt(draft.text, about=_ABOUT)
    session.add(Note(id=draft.id, alert_id=alert.id, text=sealed, digest=digest, written_by=by.worker))
    session.flush()
    session.add_all(Mention(note_id=draft.id, worker_id=worker, alert_id=alert.id) for worker in called)
    session.flush()
    return True


def of(session: Session, alert: uuid.UUID, *, keyring: Keyring) -> list[Said]:
    """Return the notes on an alert, oldest first."""
    chosen = select(Note).where(Note.alert_id == alert).order_by(Note.written_at, Note.id)
    return _read(session, session.scalars(chosen).all(), keyring)


def latest(session: Session, alerts: Sequence[uuid.UUID], *, keyring: Keyring) -> dict[uuid.UUID, Said]:
    """Return the latest note of each of ``alerts`` that has one."""
    rows = database.run(session, _latest, database.takes_lists(session), values={"alerts": list(alerts)})
    return {said.alert: said for said in _read(session, rows, keyring)}


def unseen(session: Session, *, viewer: Viewer, keyring: Keyring, most: int = 100) -> list[Said]:
    """Return the notes that ``viewer`` was called to and has not seen, on alerts that they may see still."""
    chosen = _calling(select(Note), viewer).order_by(Note.written_at.desc()).limit(most)
    return _read(session, session.scalars(chosen).all(), keyring)


def unseen_count(session: Session, *, viewer: Viewer) -> int:
    """Return how many notes ``unseen`` would find."""
    return session.scalar(_calling(select(func.count()).select_from(Note), viewer)) or 0


def see(session: Session, note: uuid.UUID, *, viewer: Viewer) -> None:
    """Note that ``viewer`` has seen what they were called to; a second time changes nothing."""
    mine = update(Mention).where(Mention.note_id == note, Mention.worker_id == viewer.worker)
    session.execute(mine.where(Mention.seen_at.is_(None)).values(seen_at=utc_now()))


def names(session: Session, workers: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return what each of ``workers`` is called."""
    if not workers:
        return {}
    rows = session.execute(select(Worker.id, Worker.name).where(Worker.id.in_(workers)))
    return {row.id: row.name for row in rows}


def _calling(chosen: Cut, viewer: Viewer) -> Cut:
    """Narrow to the notes that call ``viewer``, are not seen yet, and are on alerts that they may see."""
    joined = chosen.join(Mention, Mention.note_id == Note.id).join(Alert, Alert.id == Note.alert_id)
    return scope(joined, viewer).where(Mention.worker_id == viewer.worker, Mention.seen_at.is_(None))


def _called(session: Session, alert: Alert, mentions: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    wanted = set(mentions)
    if not wanted:
        return wanted
    rows = session.scalars(select(Worker).where(Worker.id.in_(wanted), Worker.active)).all()
    if len(rows) != len(wanted) or not all(reaches(row, alert) for row in rows):
        raise Invalid(
            zh="被提及的人须在职，且该预警在其管辖范围内", en="who is mentioned works here and may see this alert"
        )
    return wanted


def _latest(listed: bool) -> Select[*tuple[Any, ...]]:
    asked = database.among_named(Note.alert_id, "alerts", listed=listed)
    newest = select(Note.alert_id, func.max(Note.written_at).label("at")).where(asked)
    last = newest.group_by(Note.alert_id).subquery()
    chosen = select(Note.id, Note.alert_id, Note.written_by, Note.written_at, Note.text)
    return chosen.join(last, (Note.alert_id == last.c.alert_id) & (Note.written_at == last.c.at))


def _read(session: Session, rows: Sequence[Any], keyring: Keyring) -> list[Said]:
    called = names(session, {row.written_by for row in rows})
    texts = keyring.decrypt_many((row.text for row in rows), about=_ABOUT)
    return [
        Said(row.id, row.alert_id, called.get(row.written_by, "—"), day_of(row.written_at), text)
        for row, text in zip(rows, texts, strict=True)
    ]
