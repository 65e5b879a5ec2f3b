"""Reminders: what is due soon, what is overdue, what the level above must hear; each once, gathered in digests."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from monitor import access, lifecycle
from monitor.access import NATION, Viewer
from monitor.errors import NotFound
from monitor.lifecycle import Step
from monitor.tables import Alert, Breach, Digest, Outbox, Referral, ReferralBreach
from monitor.work import colleagues
from monitor.work.deadlines import Spans

BY = "remind"
REGION_DESK = ""
_NAMED = 200
_LENGTHS = (12, 9, 6, 4, 2)
_WOKEN_AT_ONCE = 5_000
# Of what is told: the table that keeps what was told, its column that names which, and what says that it has ended.
_TOLD_OF: Mapping[Any, tuple[Any, Any, Any]] = {
    Alert: (Breach, Breach.alert_id, Alert.closed_at),
    Referral: (ReferralBreach, ReferralBreach.referral_id, Referral.ended_at),
}


@dataclass(frozen=True)
class Missed:
    """One deadline told now for the first time: of an alert or, with ``referral``, of what a department was asked."""

    alert: uuid.UUID
    step: str
    due_on: date
    level: str | None
    owner: uuid.UUID | None
    place: str
    referral: uuid.UUID | None = None
    correction: bool = False
    department: str | None = None

    @property
    def counted(self) -> str:
        """The word under which it is counted."""
        if self.referral is None:
            return self.step
        return f"{'correction' if self.correction else 'referral'}_{self.step}"


def wake(session: Session, *, today: date) -> int:
    """Bring back the alerts that were put off or suspended until ``today`` or earlier; return how many."""
    waiting = Alert.status.in_(("snoozed", "suspended"))
    due = select(Alert).where(Alert.closed_at.is_(None), waiting, Alert.paused_until <= today)
    rows = session.scalars(due.order_by(Alert.id).limit(_WOKEN_AT_ONCE).with_for_update(skip_locked=True)).all()
    return len(lifecycle.move_each(session, rows, "resume", by=BY, step=Step("DAY_CAME", as_of=today)).done)


def remind(session: Session, *, spans: Spans) -> Counter[str]:
    """Tell, in the caller's transaction, what has come due since last told, and return how much of each kind.

    A deadline, of an alert or of what a department was asked, is told once as coming, once as overdue, and once, when
    long overdue, to the level above. The first two of what a department was asked are told to its clerks besides. Two
    that run at the same moment tell each deadline once between them, and a second run on a day finds nothing left to
    tell.
    """
    told: list[Missed] = []
    for step, when in _steps(spans, Alert.due_on).items():
        told += _alerts(session, _first_told(session, Alert, step, when, spans.today), step)
    for step, when in _steps(spans, Referral.due_on).items():
        told += _referrals(session, _first_told(session, Referral, step, when, spans.today), step)
    cares = colleagues.cares_of(session)
    parcels: dict[tuple[str, str], list[Missed]] = {}
    for one in told:
        parcels.setdefault(_recipient(one, cares, spans.today), []).append(one)
    for to, one in _to_clerks(session, told):
        parcels.setdefault(to, []).append(one)
    for (recipient, region), missed in sorted(parcels.items()):
        digest = Digest(as_of=spans.today, recipient=recipient, region=region, contents=_contents(missed))
        session.add(digest)
        session.flush()
        counts = {"as_of": spans.today.isoformat(), "region": region, **digest.contents["counts"]}
        session.add(Outbox(kind="deadlines_told", subject=str(digest.id), payload=counts))
    session.flush()
    return Counter(one.counted for one in told)


def digests(session: Session, *, viewer: Viewer, most: int = 30) -> Sequence[Digest]:
    """Return the viewer's digests, newest first: their own, and their region's if it is theirs to assign."""
    chosen = select(Digest).where(_told_to(viewer)).order_by(Digest.made_at.desc(), Digest.id)
    return session.scalars(chosen.limit(most)).all()


def digest(session: Session, which: uuid.UUID, *, viewer: Viewer) -> Digest:
    """Return one of the viewer's digests; NotFound where there is none or it was told to somebody else."""
    found = session.scalars(select(Digest).where(Digest.id == which, _told_to(viewer))).one_or_none()
    if found is None:
        raise NotFound(zh="没有这份提醒", en="there is no such digest")
    return found


def told_on(session: Session, day: date, *, viewer: Viewer) -> int:
    """Return how many of the viewer's digests are of ``day``."""
    chosen = select(func.count()).select_from(Digest).where(_told_to(viewer), Digest.as_of == day)
    return session.scalar(chosen) or 0


def above(place: str) -> str:
    """Return the region one level above ``place``: a village's town, a town's county, a county's city."""
    shorter = [length for length in _LENGTHS if length < len(place)]
    return place[: shorter[0]] if shorter else NATION


def _told_to(viewer: Viewer) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = Digest.recipient == str(viewer.worker)
    if not access.relation(viewer.role, "alert.assign"):
        return mine
    return or_(mine, and_(Digest.recipient == REGION_DESK, Digest.region == viewer.region))


def _steps(spans: Spans, due_on: InstrumentedAttribute[Any]) -> Mapping[str, ColumnElement[bool]]:
    return {
        "remind": due_on.between(spans.today, spans.soon),
        "overdue": due_on < spans.today,
        "escalate": due_on < spans.long,
    }


def _first_told(session: Session, of: Any, step: str, when: ColumnElement[bool], today: date) -> dict[uuid.UUID, date]:
    """Note what holds of ``when`` and was never noted; the database's unique key decides who is first."""
    noted, key, ended = _TOLD_OF[of]
    found = select(of.id, literal(step), of.due_on, literal(today)).where(ended.is_(None), when)
    known = select(noted.id).where(key == of.id, noted.step == step, noted.due_on == of.due_on)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = dialect.insert(noted).from_select([key.key, "step", "due_on", "as_of"], found.where(~known.exists()))
    new = session.execute(rows.on_conflict_do_nothing().returning(key, noted.due_on)).all()
    return {row[0]: row[1] for row in new}


def _alerts(session: Session, due: Mapping[uuid.UUID, date], step: str) -> list[Missed]:
    columns = (Alert.id, Alert.level, Alert.owner_id, func.coalesce(Alert.town, Alert.county))
    return [
        Missed(id_, step, due[id_], level, owner, place)
        for some in _some(due)
        for id_, level, owner, place in session.execute(select(*columns).where(Alert.id.in_(some)))
    ]


def _referrals(session: Session, due: Mapping[uuid.UUID, date], step: str) -> list[Missed]:
    """Told to who has the alert: whoever asked a department must ask again when it does not answer."""
    columns = (Alert.id, Alert.level, Alert.owner_id, func.coalesce(Alert.town, Alert.county))
    asked = select(Referral.id, Referral.feed, Referral.department, *columns).join(Alert, Alert.id == Referral.alert_id)
    return [
        Missed(alert, step, due[id_], level, owner, place, id_, feed is not None, department)
        for some in _some(due)
        for id_, feed, department, alert, level, owner, place in session.execute(asked.where(Referral.id.in_(some)))
    ]


def _some(due: Iterable[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    ids = list(due)
    yield from (ids[start : start + _WOKEN_AT_ONCE] for start in range(0, len(ids), _WOKEN_AT_ONCE))


def _recipient(one: Missed, cares: Mapping[uuid.UUID, colleagues.Care], today: date) -> tuple[str, str]:
    """A missed deadline goes up a level; the others to who has the alert, or to the desk of its region."""
    if one.step == "escalate":
        return REGION_DESK, above(one.place)
    doer = colleagues.stand_in(cares, one.owner, on=today) if one.owner else None
    return (str(doer), one.place) if doer else (REGION_DESK, one.place)


def _to_clerks(session: Session, told: Iterable[Missed]) -> Iterator[tuple[tuple[str, str], Missed]]:
    """What a department's clerks are told of what it was asked in their region; an alert's level is not theirs."""
    asked = {one.referral: one for one in told if one.referral is not None and one.step != "escalate"}
    departments = {one.department for one in asked.values() if one.department is not None}
    for clerk in colleagues.clerks(session, departments):
        theirs = [which for which, one in asked.items() if one.department == clerk.department]
        for which in _lying_in(session, theirs, clerk.region):
            yield (str(clerk.worker), clerk.region), replace(asked[which], level=None)


def _lying_in(session: Session, referrals: Sequence[uuid.UUID], region: str) -> Iterator[uuid.UUID]:
    chosen = select(Referral.id).join(Alert, Alert.id == Referral.alert_id).where(access.within(region))
    for some in _some(referrals):
        yield from session.scalars(chosen.where(Referral.id.in_(some)).order_by(Referral.id))


def _contents(missed: Iterable[Missed]) -> dict[str, Any]:
    listed = sorted(missed, key=lambda one: (one.due_on, one.level or "", str(one.alert), str(one.referral)))
    counts = Counter(one.counted for one in listed)
    alerts = [_said(one) for one in listed if one.referral is None][:_NAMED]
    referrals = [
        _said(one) | {"referral": str(one.referral), "correction": one.correction}
        for one in listed
        if one.referral is not None
    ][:_NAMED]
    left_out = len(listed) - len(alerts) - len(referrals)
    return {"counts": dict(counts), "alerts": alerts, "referrals": referrals, "left_out": left_out}


def _said(one: Missed) -> dict[str, Any]:
    return {"alert": str(one.alert), "step": one.step, "due_on": one.due_on.isoformat(), "level": one.level}
