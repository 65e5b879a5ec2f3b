"""A chunk: one transaction that holds its effects, their record and how far the run came, under the fence."""

import logging
import random
import sqlite3
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import TypeVar

from sqlalchemy import Double, Select, Update, bindparam, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from jobs.ledger.lease import Fenced, Lease, Stopped
from monitor import database
from monitor.runs import note
from monitor.tables import Json, Run, utc_now

Done = TypeVar("Done")
Work = Callable[[Session, Run], Done]

TRIES = 20
LONGEST_PAUSE = 20.0
GAP = 0.002
"""Seconds before this run wants its next turn where others wait for one: so long a second in their queue needs."""
_log = logging.getLogger(__name__)
# Class 08 and 57: the connection or the server went away; 40001, 40P01, 55P03: somebody was in the way.
_PASSING = ("08", "57", "40001", "40P01", "55P03")
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")


def commit(lease: Lease, work: Work[Done]) -> Done:
    """Do ``work`` in one transaction with the run's row, which it moves on (``cursor``, ``counts``).

    Raises ``Fenced``, having written nothing, when somebody else took the run, and ``Stopped``, after the
    commit, when the run was asked to stop. A deadlock, a serialization failure or a dropped connection undoes the
    whole chunk and it is done again, up to twenty times in some five minutes; one that was committed although the
    answer got lost is not done twice.
    """
    done = _persist(lease, work)
    if lease.stop.wait(GAP if database.awaited(lease.engine) else 0.0):
        raise Stopped
    return done


def finish(lease: Lease, work: Work[Done], *, status: str = "done") -> Done:
    """Do the last ``work`` of the run and mark it as ended in the same transaction."""

    def last(session: Session, entry: Run) -> Done:
        done = work(session, entry)
        entry.status, entry.finished_at, entry.problem, entry.tries = status, utc_now(), None, 0
        note(session, entry, status, by=lease.owner)
        return done

    done = _persist(lease, last, last=True)
    lease.ended = True
    return done


def _persist(lease: Lease, work: Work[Done], *, last: bool = False) -> Done:
    kept: list[tuple[Done, Json, Json]] = []
    for attempt in range(1, TRIES + 1):
        try:
            return _once(lease, work, kept, last=last)
        except DBAPIError as error:
            if not is_passing(error) or attempt == TRIES:
                raise
            _log.warning("chunk again", extra={"attempt": attempt, "error": type(error.orig).__name__})
            if lease.stop.wait(_pause(attempt)):
                raise Stopped from error
    raise AssertionError("unreachable")


def _once(lease: Lease, work: Work[Done], kept: list[tuple[Done, Json, Json]], *, last: bool) -> Done:
    """One try. ``kept`` holds what an earlier try came to, should its commit have been heard and not answered."""
    lease.committing = True
    try:
        with database.transaction(lease.engine) as session:
            entry = session.scalars(_held(), {"run": lease.run}).one()
            if kept and entry.step == lease.step + 1 and entry.fence == lease.fence:
                return _move_on(lease, *kept[-1])
            if entry.fence != lease.fence or entry.status != "running":
                lease.lost.set()
                raise Fenced
            entry.step, entry.tries = lease.step + 1, 0
            done = work(session, entry)
            session.flush()
            kept.append((done, dict(entry.cursor), dict(entry.counts)))
            _sign(session, lease, last=last)
        return _move_on(lease, *kept[-1])
    finally:
        lease.committing = False


def _sign(session: Session, lease: Lease, *, last: bool) -> None:
    """At the end of the transaction: a long one must not leave a lease that has run out while it worked."""
    session.connection().execute(_signed(last), {"run": lease.run} | ({} if last else {"seconds": lease.seconds}))


@cache
def _held() -> Select[Run]:
    return select(Run).where(Run.id == bindparam("run")).with_for_update()


@cache
def _signed(last: bool) -> Update:
    until = None if last else database.now() + bindparam("seconds", type_=Double())
    return update(Run).where(Run.id == bindparam("run")).values(heartbeat_at=database.now(), lease_until=until)


def _move_on(lease: Lease, done: Done, cursor: Json, counts: Json) -> Done:
    lease.step, lease.cursor, lease.counts, lease.moved_at = lease.step + 1, cursor, counts, monotonic()
    return done


def is_passing(error: DBAPIError) -> bool:
    """Say whether doing the same again may well succeed."""
    if isinstance(error.orig, sqlite3.Error):
        return str(getattr(error.orig, "sqlite_errorname", "")).startswith(_LOCKED)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    unreachable = isinstance(error, OperationalError) and not state  # a server that starts again refuses connections
    return error.connection_invalidated or unreachable or state.startswith(_PASSING)


def _pause(attempt: int) -> float:
    """Seconds, doubling, with jitter: two that met must not meet again."""
    return min(0.05 * 2.0**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
