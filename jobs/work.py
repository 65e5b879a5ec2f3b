"""The worker: takes what the ledger asks for and does it in a process of its own, one after the other."""

import logging
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from jobs import ledger
from jobs.catalogue import JOBS
from monitor import database
from monitor.service import Service
from monitor.tables import Run

ROOT = Path(__file__).parent.parent
POLL = 1.0
TO_STOP = 8.0
REFUSED, BUSY = 3, 75
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the worker does next."""

    job: str
    as_of: date


@dataclass
class Worker:
    """Works until it is told to stop: then whatever is at work stops at the edge of a chunk, within ten seconds."""

    service: Service
    over: Event = field(default_factory=Event)
    command: tuple[str, ...] = (sys.executable, "-m", "jobs", "run")

    def work(self) -> None:
        """Do what is asked for until told to stop; a database that is away is waited for."""
        while not self.over.is_set():
            try:
                asked = next_asked(self.service)
            except SQLAlchemyError as error:
                _log.warning("no work seen", extra={"error": type(error).__name__})
                asked = None
            if asked is None:
                self.over.wait(POLL)
            else:
                self._do(asked)

    def stop(self) -> None:
        """Stop soon."""
        self.over.set()

    def _do(self, asked: Asked) -> None:
        """Do it in a child, away from everything else: its memory is capped, and it can be killed."""
        try:
            child = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [*self.command, asked.job, "--as-of", asked.as_of.isoformat(), "--unattended"],
                cwd=ROOT, env=_environment(self.service), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            _log.warning("no process for the run", extra={"job": asked.job, "error": type(error).__name__})
            self._leave_written(asked, problem=type(error).__name__)
            self.over.wait(POLL)
            return
        code = self._await(child)
        _log.info("process ended", extra={"job": asked.job, "as_of": asked.as_of, "status": code})
        if code not in (0, BUSY) and not self.over.is_set():
            self._leave_written(asked, problem=f"the process ended with {code}", code=code)
        if code == BUSY:
            self.over.wait(POLL)

    def _await(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for its end; told to stop meanwhile, ask it to, and kill it when it does not: nothing is lost so."""
        while child.poll() is None and not self.over.wait(0.1):
            pass
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(TO_STOP)
        if child.poll() is None:
            child.kill()
        with suppress(OSError):
            child.communicate()
        return child.wait()

    def _leave_written(self, asked: Asked, *, problem: str, code: int = 1) -> None:
        """A child that ended before it could write in the ledger must not be started again without a pause."""
        with suppress(SQLAlchemyError), database.transaction(self.service.engine) as session:
            ledger.not_begun(session, asked.job, as_of=asked.as_of, problem=problem, held=code == REFUSED)


def next_asked(service: Service) -> Asked | None:
    """Return the run that is to be done next: of each job its oldest date, and of those what was asked for first.

    A date that has failed and rests keeps later dates of its job waiting, until it was tried five times without
    getting on: then it waits for a person, and they go on.
    """
    with database.reading(service.engine) as session:
        dead = ledger.orphans(session)
    if dead:
        with database.transaction(service.engine) as session:
            ledger.bury(session, dead)
    with database.reading(service.engine) as session:
        return _choose(session)


def _choose(session: Session) -> Asked | None:
    busy = set(session.scalars(select(Run.job).where(Run.status == "running")))
    waiting = select(Run.job, Run.as_of, _rested().label("rested")).where(
        Run.status.in_(ledger.UNFINISHED), Run.scope == "", Run.tries < ledger.MOST_TRIES, Run.job.in_(JOBS)
    )
    oldest: dict[str, tuple[date, bool]] = {}
    order: list[str] = []
    for job, as_of, rested in session.execute(waiting.order_by(Run.requested_at, Run.as_of)):
        if job not in oldest:
            order.append(job)
        if job not in oldest or as_of < oldest[job][0]:
            oldest[job] = (as_of, rested)
    free = (job for job in order if job not in busy and oldest[job][1])
    return next((Asked(job, oldest[job][0]) for job in free), None)


def _rested() -> ColumnElement[bool]:
    return or_(Run.not_before.is_(None), Run.not_before <= database.now())


def _environment(service: Service) -> dict[str, str]:
    settings = service.settings
    named = {"LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url}
    return {**os.environ, **named, "LOWINCOME_KEY_FILE": str(settings.key_file), "PYTHONPATH": str(ROOT)}
