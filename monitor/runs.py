"""A run of the ledger that somebody lets go: asked for anew after it was held, missed or had failed."""

import uuid
from zlib import crc32

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from monitor import audit
from monitor.errors import Conflict, NotFound
from monitor.tables import Run, RunEvent, utc_now

STATES = {
    "requested": "等待执行", "running": "正在执行", "done": "已完成", "done_with_quarantine": "已完成，有家庭未能判定",
    "held": "已搁置", "failed": "失败", "interrupted": "已中断", "missed": "已错过",
}  # fmt: skip
RELEASED_FROM = ("held", "missed", "failed")


def release(session: Session, run: uuid.UUID, *, by: str) -> Run:
    """Ask anew for a run, as a person who looked at why it stands; whoever works takes it next.

    Refuses one that neither waits for a person nor failed. It is audited in this transaction.
    """
    job = session.scalar(select(Run.job).where(Run.id == run))
    if job is None:
        raise NotFound(zh="没有这次作业", en="there is no such run")
    lock_job(session, job)
    entry = session.get_one(Run, run, populate_existing=True)
    if entry.status not in RELEASED_FROM:
        raise Conflict(
            zh=f"作业 {run} 没有被搁置、错过或失败（{STATES[entry.status]}），不能重新放行",
            en=f"run {run} is not on hold, missed or failed: it is {entry.status}",
        )
    detail = {"job": job, "as_of": entry.as_of.isoformat(), "was": entry.status}
    audit.record(session, by=by, action="run.released", subject=str(run), detail=detail)
    reopen(session, entry, by=by)
    return entry


def reopen(session: Session, entry: Run, *, by: str) -> None:
    """Let an entry of the ledger be taken again, its tries forgotten."""
    entry.tries, entry.not_before, entry.finished_at, entry.problem = 0, None, None, None
    entry.status, entry.requested_at = "requested", utc_now()
    note(session, entry, "requested", by=by)


def lock_job(session: Session, job: str) -> None:
    """Let no two at once decide on runs of ``job``; on SQLite whoever may write is alone already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7302, :key)").bindparams(key=crc32(job.encode()) >> 1))


def note(session: Session, entry: Run, kind: str, *, by: str) -> None:
    """Write a change of the run's state beside it, in the same transaction."""
    session.flush()
    session.add(RunEvent(run_id=entry.id, kind=kind, by=by, fence=entry.fence, problem=entry.problem))
