"""The ledger: every job's run is a row that says what became of it, and no two of a kind run at once."""

import fcntl
import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from zlib import crc32

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from monitor import database, logs
from monitor.errors import Conflict, Refused
from monitor.service import Service
from monitor.tables import Run, utc_now

_log = logging.getLogger(__name__)


@contextmanager
def alone(service: Service, job: str) -> Iterator[None]:
    """Hold the right to run ``job`` on this installation until the block ends, however it ends.

    Refuses at once when another process holds it, on this machine or on another with the same PostgreSQL.
    A run still marked running by now was killed; it is marked interrupted.
    """
    with ExitStack() as held:
        held.enter_context(_alone_here(service, job))
        if service.engine.dialect.name == "postgresql":
            held.enter_context(_alone_everywhere(service.engine, job))
        with database.transaction(service.engine) as session:
            killed = update(Run).where(Run.job == job, Run.status == "running")
            session.execute(killed.values(status="interrupted", finished_at=utc_now(), problem="killed"))
        yield


def begin(session: Session, job: str, *, as_of: date, scope: str, resumes: uuid.UUID | None = None) -> Run:
    """Return the row of a run that begins, or of the broken one that it ``resumes``, one attempt later."""
    run = session.get(Run, resumes) if resumes else None
    if run is None:
        run = Run(job=job, as_of=as_of, scope=scope, status="running")
        session.add(run)
    else:
        run.status, run.attempt, run.finished_at, run.problem = "running", run.attempt + 1, None, None
    session.flush()
    return run


@contextmanager
def recorded(engine: Engine, run: uuid.UUID) -> Iterator[None]:
    """Mark the run failed or interrupted when the block does not reach its end; the error goes on.

    The note is the kind of the error, or a refusal's own words: other texts may quote data.
    """
    ended_well = False
    try:
        with logs.bound(run=run):
            yield
            _log.info("run ended")
        ended_well = True
    finally:
        if not ended_well:
            error = sys.exception()
            stopped = isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
            problem = str(error) if isinstance(error, Refused) else type(error).__name__
            status = "interrupted" if stopped else "failed"
            _log.warning("run broken off", extra={"run": run, "status": status, "error": type(error).__name__})
            with database.transaction(engine) as session:
                ended = update(Run).where(Run.id == run, Run.status == "running")
                session.execute(ended.values(status=status, problem=problem, finished_at=utc_now()))


def recent(session: Session, *, most: int = 50) -> list[Run]:
    """Return the latest runs of all jobs, newest first."""
    return list(session.scalars(select(Run).order_by(Run.started_at.desc(), Run.id).limit(most)))


def _busy(job: str) -> Conflict:
    return Conflict(zh=f"另一进程正在运行 {job}，请稍后再试", en=f"another process is running {job}: try again later")


@contextmanager
def _alone_here(service: Service, job: str) -> Iterator[None]:
    folder = service.settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{job}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(job) from None
        yield


@contextmanager
def _alone_everywhere(engine: Engine, job: str) -> Iterator[None]:
    """The lock belongs to the connection: a process that dies lets go of it."""
    key = {"key": crc32(job.encode())}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(7302, :key ::int)").bindparams(key=key["key"] >> 1)):
            raise _busy(job)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(7302, :key ::int)").bindparams(key=key["key"] >> 1))
