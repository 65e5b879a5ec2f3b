"""Reminders: what is due soon, what is overdue, what the level above must hear; each once, gathered in digests."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from monitor import access, lifecycle
from monitor.access import NATION, Viewer
from monitor.lifecycle import Step
from monitor.tables import Alert, Breach, Digest, Outbox
from monitor.work import colleagues
from monitor.work.deadlines import Spans

BY = "remind"
REGION_DESK = ""
_NAMED = 200
_LENGTHS = (12, 9, 6, 4, 2)
_WOKEN_AT_ONCE = 5_000


@dataclass(frozen=True)
class Missed:
    """One deadline told now for the first time."""

    alert: uuid.UUID
    step: str
    due_on: date
    level: str
    owner: uuid.UUID | None
    place: str


def wake(session: Session, *, today: date) -> int:
    """Bring back the alerts that were put off or suspended until ``today`` or earlier; return how many."""
    waiting = Alert.status.in_(("snoozed", "suspended"))
    due = select(Alert).where(Alert.closed_at.is_(None), waiting, Alert.paused_until <= today)
    rows = session.scalars(due.order_by(Alert.id).limit(_WOKEN_AT_ONCE).with_for_update(skip_locked=True)).all()
    return len(lifecycle.move_each(session, rows, "resume", by=BY, step=Step("DAY_CAME", as_of=today)).done)


def remind(session: Session, *, spans: Spans) -> Counter[str]:
    """Tell, in the caller's transaction, what has come due since last told, and return how much of each kind.

    A deadline is told once as coming, once as overdue, and once, when long overdue, to the level above. Two that run
    at the same moment tell each deadline once between them, and a second run on a day finds nothing left to tell.
    """
    told: list[Missed] = []
    for step, when in _steps(spans).items():
        told += _first_told(session, step, when, spans.today)
    cares = colleagues.cares_of(session)
    parcels: dict[tuple[str, str], list[Missed]] = {}
    for one in told:
        parcels.setdefault(_recipient(one, cares, spans.today), []).append(one)
    for (recipient, region), missed in sorted(parcels.items()):
        digest = Digest(as_of=spans.today, recipient=recipient, region=region, contents=_contents(missed))
        session.add(digest)
        session.flush()
        counts = {"as_of": spans.today.isoformat(), "region": region, **digest.contents["counts"]}
        session.add(Outbox(kind="deadlines_told", subject=str(digest.id), payload=counts))
    session.flush()
    return Counter(one.step for one in told)


def digests(session: Session, *, viewer: Viewer, most: int = 30) -> Sequence[Digest]:
    """Return the viewer's digests, newest first: their own, and their region's if it is theirs to assign."""
    mine: ColumnElement[bool] = Digest.recipient == str(viewer.worker)
    if access.relation(viewer.role, "alert.assign"):
        mine = or_(mine, and_(Digest.recipient == REGION_DESK, Digest.region == viewer.region))
    return session.scalars(select(Digest).where(mine).order_by(Digest.made_at.desc(), Digest.id).limit(most)).all()


def above(place: str) -> str:
    """Return the region one level above ``place``: a village's town, a town's county, a county's city."""
    shorter = [length for length in _LENGTHS if length < len(place)]
    return place[: shorter[0]] if shorter else NATION


def _steps(spans: Spans) -> Mapping[str, ColumnElement[bool]]:
    return {
        "remind": Alert.due_on.between(spans.today, spans.soon),
        "overdue": Alert.due_on < spans.today,
        "escalate": Alert.due_on < spans.long,
    }


def _first_told(session: Session, step: str, when: ColumnElement[bool], today: date) -> list[Missed]:
    """Note what holds of ``when`` and was never noted; the database's unique key decides who is first."""
    found = select(Alert.id, literal(step), Alert.due_on, literal(today)).where(Alert.closed_at.is_(None), when)
    known = select(Breach.id).where(Breach.alert_id == Alert.id, Breach.step == step, Breach.due_on == Alert.due_on)
    rows = _insert(session).from_select(["alert_id", "step", "due_on", "as_of"], found.where(~known.exists()))
    new = session.execute(rows.on_conflict_do_nothing().returning(Breach.alert_id, Breach.due_on)).all()
    seen: dict[uuid.UUID, Any] = {}
    ids = [row.alert_id for row in new]
    columns = (Alert.id, Alert.level, Alert.owner_id, Alert.county, Alert.town)
    for start in range(0, len(ids), _WOKEN_AT_ONCE):
        some = select(*columns).where(Alert.id.in_(ids[start : start + _WOKEN_AT_ONCE]))
        seen |= {row.id: row for row in session.execute(some)}
    return [
        Missed(id_, step, due_on, seen[id_].level, seen[id_].owner_id, seen[id_].town or seen[id_].county)
        for id_, due_on in new
    ]


def _insert(session: Session) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(Breach)


def _recipient(one: Missed, cares: Mapping[uuid.UUID, colleagues.Care], today: date) -> tuple[str, str]:
    """A missed deadline goes up a level; the others to who has the alert, or to the desk of its region."""
    if one.step == "escalate":
        return REGION_DESK, above(one.place)
    doer = colleagues.stand_in(cares, one.owner, on=today) if one.owner else None
    return (str(doer), one.place) if doer else (REGION_DESK, one.place)


def _contents(missed: Iterable[Missed]) -> dict[str, Any]:
    listed = sorted(missed, key=lambda one: (one.due_on, one.level, str(one.alert)))
    counts = Counter(one.step for one in listed)
    named = [
        {"alert": str(one.alert), "step": one.step, "due_on": one.due_on.isoformat(), "level": one.level}
        for one in listed[:_NAMED]
    ]
    return {"counts": dict(counts), "alerts": named, "left_out": len(listed) - len(named)}
