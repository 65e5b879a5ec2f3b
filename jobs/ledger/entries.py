"""The ledger's rows: asked for, put on hold, missed, found."""

from datetime import date
from zlib import crc32

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from monitor.errors import NotFound
from monitor.tables import Run, RunEvent

WELL = ("done", "done_with_quarantine")
UNFINISHED = ("requested", "interrupted", "failed")
ENDED = (*WELL, "held", "missed")


def request(
    session: Session, job: str, *, as_of: date, scope: str = "", by: str = "schedule", again: bool = False
) -> bool:
    """Ask for ``job`` to be done for ``as_of``; whoever works takes it. Returns whether anything was asked anew.

    A second request for the same date and scope changes nothing, unless ``again`` asks for what has ended
    well or waits for a person to be done once more.
    """
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is None:
        entry = Run(job=job, as_of=as_of, scope=scope, status="requested", attempt=0, fence=0)
        session.add(entry)
    elif again and entry.status != "running":
        entry.tries, entry.not_before, entry.finished_at, entry.problem = 0, None, None, None
        entry.status = "requested"
    else:
        return False
    note(session, entry, "requested", by=by)
    return True


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


def refuse(session: Session, job: str, *, as_of: date, scope: str = "", status: str, problem: str) -> None:
    """Say that what was asked for could not even begin: ``held`` for a person, or ``failed``."""
    lock_job(session, job)
    entry = find(session, job, as_of=as_of, scope=scope)
    if entry is not None and entry.status in UNFINISHED:
        entry.status, entry.problem = status, problem
        note(session, entry, status, by="worker")


def find(session: Session, job: str, *, as_of: date, scope: str = "") -> Run | None:
    """Return the row of ``job`` for ``as_of`` and ``scope``, as it is in the database now."""
    wanted = select(Run).filter_by(job=job, as_of=as_of, scope=scope)
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def recent(session: Session, *, most: int = 50) -> list[Run]:
    """Return the latest runs of all jobs, newest first; one that never began counts from when it was asked for."""
    newest = func.coalesce(Run.started_at, Run.requested_at).desc()
    return list(session.scalars(select(Run).order_by(newest, Run.id).limit(most)))


def lock_job(session: Session, job: str) -> None:
    """Let no two at once decide on runs of ``job``; on SQLite whoever may write is alone already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7302, :key)").bindparams(key=crc32(job.encode()) >> 1))


def note(session: Session, entry: Run, kind: str, *, by: str) -> None:
    """Write a change of the run's state beside it, in the same transaction."""
    session.flush()
    session.add(RunEvent(run_id=entry.id, kind=kind, by=by, fence=entry.fence, problem=entry.problem))
