"""What the ledger shows to whoever looks after it: silent runs, runs that take far too long, missed dates."""

from datetime import date, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.ledger.entries import WELL
from monitor import database
from monitor.tables import Quarantine, Run, utc_now

SILENT = timedelta(minutes=5)
TIMES = 3
_SHORTEST = timedelta(minutes=1)
_OF, _LEAST = 20, 3


def stuck(session: Session) -> list[Run]:
    """Return the runs at work whose last sign of life is more than five minutes old, by the database's clock."""
    now: float = session.scalar(select(database.now())) or 0.0
    at_work = session.scalars(select(Run).where(Run.status == "running").order_by(Run.job))
    return [run for run in at_work if now - (run.heartbeat_at or 0.0) > SILENT.total_seconds()]


def overrun(session: Session) -> list[Run]:
    """Return the runs at work for more than three times as long as their job took in the middle of its last twenty.

    A job that has ended well fewer than three times has no usual length, and none is over a minute too short.
    """
    at_work = session.scalars(select(Run).where(Run.status == "running").order_by(Run.job)).all()
    return [run for run in at_work if run.started_at and utc_now() - run.started_at > _patience(session, run.job)]


def missed(session: Session, since: date) -> list[Run]:
    """Return the dates from ``since`` on that were missed, the oldest first."""
    found = select(Run).where(Run.status == "missed", Run.as_of >= since)
    return list(session.scalars(found.order_by(Run.as_of, Run.job)))


def set_aside(session: Session) -> list[str]:
    """Return why the newest scan that ended could not judge or settle households: each error, its place, how many."""
    newest = select(Run.id).where(Run.job == "scan", Run.status.in_(WELL)).order_by(Run.finished_at.desc()).limit(1)
    why = (Quarantine.error, Quarantine.place)
    found = select(*why, func.count()).where(Quarantine.run_id == newest.scalar_subquery()).group_by(*why)
    return [f"{error} {place} ({count})" for error, place, count in session.execute(found.order_by(*why))]


def _patience(session: Session, job: str) -> timedelta:
    ended = select(Run.started_at, Run.finished_at).where(Run.job == job, Run.status.in_(WELL))
    rows = session.execute(ended.order_by(Run.finished_at.desc()).limit(_OF)).all()
    took = [(finished - started).total_seconds() for started, finished in rows if started and finished]
    if len(took) < _LEAST:
        return timedelta.max
    return max(TIMES * timedelta(seconds=median(took)), _SHORTEST)
