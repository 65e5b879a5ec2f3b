"""Colleagues: who may work where, what is in whose care, who stands in for whom, and how much each has to do."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import DEPARTMENT, NATION, Viewer
from monitor.errors import Invalid, NotFound, Stale
from monitor.tables import Alert, Duty, Worker

DOING = ("assistant", "caseworker", "reviewer")
VISITS_A_DAY = 4
_MOST_HOPS = 5


@dataclass(frozen=True)
class Care:
    """What is arranged for a worker; ``version`` 0: nothing yet, and the usual number of visits a day."""

    villages: tuple[str, ...] = ()
    visits_a_day: int = VISITS_A_DAY
    away_from: date | None = None
    away_until: date | None = None
    cover: uuid.UUID | None = None
    version: int = 0

    def away(self, on: date) -> bool:
        """Whether the worker is on leave on a day; both ends count."""
        return self.away_from is not None and self.away_from <= on <= (self.away_until or self.away_from)


@dataclass(frozen=True)
class Colleague:
    """A worker as others see them at work."""

    id: uuid.UUID
    name: str
    role: str
    region: str
    care: Care
    open: int = 0
    overdue: int = 0


class Clerk(NamedTuple):
    """Somebody who answers for another department in a region."""

    worker: uuid.UUID
    region: str
    department: str


def clerks(session: Session, departments: Iterable[str]) -> list[Clerk]:
    """Return who answers now for one of ``departments``; a clerk of none answers for nothing."""
    chosen = select(Worker.id, Worker.region, Worker.department).where(
        Worker.role == DEPARTMENT, Worker.active, Worker.department.in_(sorted(departments))
    )
    rows = session.execute(chosen.order_by(Worker.name))
    return [Clerk(worker, region, department) for worker, region, department in rows if department is not None]


def reaches(worker: Worker | Viewer | Colleague, alert: Alert) -> bool:
    """Whether an alert lies in a worker's region; the same rule as ``access.within``, for a row at hand."""
    code = worker.region
    if code == NATION:
        return True
    if len(code) in (2, 4):
        return alert.county.startswith(code)
    return code == {6: alert.county, 9: alert.town, 12: alert.village}.get(len(code))


def colleagues(session: Session, *, viewer: Viewer, today: date, loaded: bool = True) -> list[Colleague]:
    """Return who does the work in ``viewer``'s region, each with what is open and overdue in their hands.

    Not ``loaded``, which spares counting the whole queue, both are 0.
    """
    chosen = select(Worker).where(Worker.active, Worker.role.in_(DOING)).order_by(Worker.region, Worker.name)
    if viewer.region != NATION:
        chosen = chosen.where(Worker.region.startswith(viewer.region, autoescape=True))
    cares, loads = cares_of(session), _loads(session, today) if loaded else {}
    return [
        Colleague(one.id, one.name, one.role, one.region, cares.get(one.id, Care()), *loads.get(one.id, (0, 0)))
        for one in session.scalars(chosen)
    ]


def colleague(session: Session, worker: uuid.UUID, *, viewer: Viewer, today: date, loaded: bool = True) -> Colleague:
    """Return one who works in ``viewer``'s region; somebody elsewhere is not found."""
    everybody = colleagues(session, viewer=viewer, today=today, loaded=loaded)
    found = next((one for one in everybody if one.id == worker), None)
    if found is None:
        raise NotFound(zh="您的辖区内没有这位工作人员", en="there is no such worker in your region")
    return found


def cares_of(session: Session) -> Mapping[uuid.UUID, Care]:
    """Return what is arranged for each worker for whom anything is."""
    return {row.worker_id: _care(row) for row in session.scalars(select(Duty))}


def arrange(
    session: Session, worker: uuid.UUID, care: Care, *, viewer: Viewer, today: date, expected: int
) -> Colleague:
    """Arrange a worker's villages, visits a day and leave; return the worker as they are then.

    Refuses leave that ends before it begins, a stand-in who is nobody in the region or the worker themselves, a
    village outside the worker's region, and a version that somebody changed meanwhile.
    """
    someone = colleague(session, worker, viewer=viewer, today=today, loaded=False)
    _check(session, someone, care, viewer=viewer, today=today)
    row = session.get(Duty, worker, with_for_update=True)
    if (row.version if row else 0) != expected:
        raise Stale(row.version if row else 0)
    if row is None:
        row = Duty(worker_id=worker)
        session.add(row)
    row.villages, row.visits_a_day, row.cover_id = sorted(set(care.villages)), care.visits_a_day, care.cover
    row.away_from, row.away_until, row.version = care.away_from, care.away_until, expected + 1
    session.flush()
    detail = {"villages": len(row.villages), "visits_a_day": row.visits_a_day, "away": care.away_from is not None}
    audit.record(session, by=str(viewer.worker), action="duty.arranged", subject=str(worker), detail=detail)
    return colleague(session, worker, viewer=viewer, today=today)


def stand_in(cares: Mapping[uuid.UUID, Care], worker: uuid.UUID, *, on: date) -> uuid.UUID | None:
    """Return who does ``worker``'s work on a day: the worker, or who stands in; None when nobody does."""
    for _ in range(_MOST_HOPS):
        care = cares.get(worker, Care())
        if not care.away(on):
            return worker
        if care.cover is None:
            return None
        worker = care.cover
    return None


def whose(cares: Mapping[uuid.UUID, Care], worker: uuid.UUID, *, on: date) -> tuple[uuid.UUID, ...]:
    """Return whose work ``worker`` does on a day: their own, and that of those they stand in for."""
    covered = [one for one in cares if one != worker and stand_in(cares, one, on=on) == worker]
    return (worker, *covered)


def _check(session: Session, someone: Colleague, care: Care, *, viewer: Viewer, today: date) -> None:
    if care.away_from and care.away_until and care.away_until < care.away_from:
        raise Invalid(zh="休假结束日不能早于开始日", en="leave does not end before it begins")
    if care.cover == someone.id:
        raise Invalid(zh="不能由本人代班", en="nobody stands in for themselves")
    if care.cover is not None:
        colleague(session, care.cover, viewer=viewer, today=today, loaded=False)
    if outside := [code for code in care.villages if someone.region != NATION and not code.startswith(someone.region)]:
        raise Invalid(zh=f"不在其管辖范围的村：{'、'.join(outside)}", en=f"not in their region: {', '.join(outside)}")


def _care(row: Duty) -> Care:
    return Care(tuple(row.villages), row.visits_a_day, row.away_from, row.away_until, row.cover_id, row.version)


def _loads(session: Session, today: date) -> dict[uuid.UUID, Sequence[int]]:
    late = func.sum(case((Alert.due_on < today, 1), else_=0))
    counted = select(Alert.owner_id, func.count(), late).where(Alert.closed_at.is_(None), Alert.owner_id.is_not(None))
    return {
        owner: (count, int(missed))
        for owner, count, missed in session.execute(counted.group_by(Alert.owner_id))
        if owner
    }
