"""The reconciler: accounts for every date on which a job was due, whatever the clock, the machine or we did."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Event, Thread

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from jobs import ledger
from jobs.timetable import Due
from monitor import database
from monitor.service import CITY_TIME, Service
from monitor.tables import Run, RunEvent

EVERY = 30.0
CATCH_UP = timedelta(days=7)
LOOK_BACK = timedelta(days=400)
CLOCKS = ("schedule", "reconciler")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owed:
    """A date that the ledger does not account for, and what becomes of it: asked for, or missed for a reason."""

    job: str
    as_of: date
    missed: str | None = None
    again: bool = False


@dataclass
class Reconciler:
    """A thread that looks every half minute, by a clock that nobody can set, until it is told to stop."""

    service: Service
    timetable: Mapping[str, Due]
    every: float = EVERY
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to look, at once."""
        self._thread = Thread(target=self._go_on, name="reconciler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(10)

    def _go_on(self) -> None:
        while True:
            try:
                reconcile(self.service, self.timetable)
            except SQLAlchemyError as error:  # the database is away: the next look sees what this one could not
                _log.warning("not reconciled", extra={"error": type(error).__name__})
            if self._over.wait(self.every):
                return


def reconcile(service: Service, timetable: Mapping[str, Due], *, now: datetime | None = None) -> list[Owed]:
    """Ask for what is due and not in the ledger, record what can no longer be made up for, and return both.

    A date within the last seven days is asked for, an older one recorded as missed. Runs whose holders are
    gone are marked interrupted. The time is the database's, where it has one of its own; a second call finds
    nothing more to do, and then takes no lock.
    """
    with database.reading(service.engine) as session:
        at = now or city_now(session)
        owed = [one for due in timetable.values() for one in owing(session, due, at)]
        dead = ledger.orphans(session)
    if dead:
        with database.transaction(service.engine) as session:
            ledger.bury(session, dead)
    return [one for one in owed if _account_for(service, one)]


def city_now(session: Session) -> datetime:
    """Return the present instant by the database's clock, in city time."""
    return datetime.fromtimestamp(session.scalar(select(database.now())) or 0.0, CITY_TIME)


def owing(session: Session, due: Due, now: datetime) -> list[Owed]:
    """Return what the ledger does not account for by ``now``, the oldest first, since a clock first asked."""
    today = now.astimezone(CITY_TIME).date()
    if due.every_minutes is not None:
        return _again(session, due, today, now)
    dates = list(due.dates(_first(session, due.job, today), now))
    known = set(session.scalars(select(Run.as_of).where(Run.job == due.job, Run.scope == "", Run.as_of.in_(dates))))
    done = select(func.max(Run.as_of)).where(Run.job == due.job, Run.scope == "", Run.status.in_(ledger.WELL))
    newest = session.scalar(done)
    return [Owed(due.job, day, _why_missed(due, day, dates, today, newest)) for day in dates if day not in known]


def _why_missed(due: Due, day: date, dates: list[date], today: date, newest: date | None) -> str | None:
    if day <= today - CATCH_UP:
        return "not done within seven days"
    if newest is not None and newest > day:
        return f"{newest} is done already"
    if due.missed == "latest" and day != dates[-1]:
        return "a later date is done in its place"
    return None


def _first(session: Session, job: str, today: date) -> date:
    """The first date that a clock ever asked for; a new installation owes nothing of the time before it."""
    asked = select(func.min(Run.as_of)).join(RunEvent).where(Run.job == job, RunEvent.by.in_(CLOCKS))
    return max(session.scalar(asked) or today, today - LOOK_BACK)


def _again(session: Session, due: Due, today: date, now: datetime) -> list[Owed]:
    entry = ledger.find(session, due.job, as_of=today)
    if entry is None:
        return [Owed(due.job, today)]
    rested = entry.finished_at is not None and now - entry.finished_at >= timedelta(minutes=due.every_minutes or 0)
    return [Owed(due.job, today, again=True)] if rested and entry.status in (*ledger.WELL, "failed") else []


def _account_for(service: Service, owed: Owed) -> bool:
    with database.transaction(service.engine) as session:
        if owed.missed is not None:
            done = ledger.miss(session, owed.job, as_of=owed.as_of, reason=owed.missed)
        else:
            done = ledger.request(session, owed.job, as_of=owed.as_of, by="reconciler", again=owed.again)
    if done:
        said = "date missed" if owed.missed is not None else "date asked for"
        level = logging.WARNING if owed.missed is not None else logging.INFO
        _log.log(level, said, extra={"job": owed.job, "as_of": owed.as_of})
    return done
