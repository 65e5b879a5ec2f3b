"""The ledger's rows: asked for, put on hold, missed, found."""

from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from monitor import database
from monitor.errors import NotFound
from monitor.runs import RELEASED_FROM, lock_job, note, reopen
from monitor.tables import Run, utc_now

WELL = ("done", "done_with_quarantine")
UNFINISHED = ("requested", "interrupted", "failed")


def request(
    session: Session, job: str, *, as_of: date, scope: str = "", by: str = "schedule", again: bool = False
) -> bool:
    """Ask for ``job`` to be done for ``as_of``; whoever works takes it. Returns whether anything was asked anew.

    A second request for the same date and scope changes nothing, unless ``again`` asks for what has ended, well
    or not, to be done once more; what is on hold stays so.
    """
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is None:
        entry = Run(job=job, as_of=as_of, scope=scope, status="requested", attempt=0, fence=0)
        session.add(entry)
    elif again and entry.status in (*WELL, "failed", "interrupted"):
        reopen(session, entry, by=by)
        return True
    else:
        return False
    note(session, entry, "requested", by=by)
    return True


def release(session: Session, job: str, *, as_of: date, scope: str = "", by: str) -> None:
    """Ask anew for what is on hold, was missed or was given up; refuses when there is no such run."""
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is None or entry.status not in RELEASED_FROM:
        raise NotFound(zh=f"{job} {as_of} 没有被搁置", en=f"no run of {job} for {as_of} is on hold")
    reopen(session, entry, by=by)


def hold(session: Session, job: str, *, as_of: date, scope: str = "", by: str, reason: str) -> None:
    """Put what was asked for, or has failed, on hold: nobody takes it until it is asked for again by name."""
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is None or entry.status not in UNFINISHED:
        raise NotFound(zh=f"没有等待执行的 {job} {as_of}", en=f"no run of {job} for {as_of} waits to be done")
    entry.status, entry.problem = "held", reason
    note(session, entry, "held", by=by)


def miss(session: Session, job: str, *, as_of: date, scope: str = "", reason: str) -> bool:
    """Record a date on which ``job`` was due and was not done; does nothing when the ledger accounts for it."""
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is None:
        entry = Run(job=job, as_of=as_of, scope=scope, attempt=0, fence=0)
        session.add(entry)
    elif entry.status not in UNFINISHED:
        return False
    entry.status, entry.problem = "missed", reason
    note(session, entry, "missed", by="reconciler")
    return True


def not_begun(session: Session, job: str, *, as_of: date, problem: str, held: bool) -> None:
    """Write down that a process ended without a word in the ledger: held for a person, or failed and tried again."""
    lock_job(session, job)
    entry = find(session, job, as_of=as_of)
    if entry is None or entry.status != "requested":
        return
    entry.status, entry.problem, entry.tries = "held" if held else "failed", problem, entry.tries + 1
    entry.finished_at = utc_now()
    note(session, entry, entry.status, by="worker")
    session.execute(update(Run).where(Run.id == entry.id).values(not_before=database.now() + pause(entry.tries)))


def pause(tries: int) -> float:
    """Return the seconds that a run rests after so many tries without progress: five, doubling, at most 300."""
    return float(min(5 * 2 ** max(tries - 1, 0), 300))


def find(session: Session, job: str, *, as_of: date, scope: str = "") -> Run | None:
    """Return the row of ``job`` for ``as_of`` and ``scope``, as it is in the database now."""
    wanted = select(Run).filter_by(job=job, as_of=as_of, scope=scope)
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def recent(session: Session, *, most: int = 50) -> list[Run]:
    """Return the latest runs of all jobs, newest first; one that never began counts from when it was asked for."""
    newest = func.coalesce(Run.started_at, Run.requested_at).desc()
    return list(session.scalars(select(Run).order_by(newest, Run.id).limit(most)))
