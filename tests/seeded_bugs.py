"""Mistakes that somebody could make one day, planted on purpose in a child of the harness: it must catch each."""

import os
import time
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import jobs.scan as scanning
from jobs import settling
from jobs.ledger import chunks, lease
from monitor import audit, database
from monitor.alerts import loading, writing
from monitor.tables import Alert, Outbox, Run, Scan, utc_now

ANOTHER_HOST = 3600.0
_once, _persist, _begin, _insert_many = chunks._once, chunks._persist, scanning._begin, writing.insert_many


def plant(name: str) -> None:
    """Make this process behave as if the mistake had been committed."""
    BUGS[name]()


def cursor_first() -> None:
    """The cursor is committed, and then what it says was done."""

    def once(held: Any, work: Any, kept: Any, *, last: bool) -> Any:
        if not last:
            with Session(held.engine) as session:
                entry = session.get_one(Run, held.run)
                work(session, entry)
                reached, counts = entry.cursor, entry.counts
                session.rollback()
            with database.transaction(held.engine) as session:
                session.execute(update(Run).where(Run.id == held.run).values(cursor=reached, counts=counts))
        return _once(held, work, kept, last=last)

    chunks._once = once


def _after_commit(wait: list[Any], late: Callable[[Session, list[Any]], None]) -> None:
    def once(held: Any, work: Any, kept: Any, *, last: bool) -> Any:
        done = _once(held, work, kept, last=last)
        with database.transaction(held.engine) as session:
            late(session, wait)
        wait.clear()
        return done

    chunks._once = once


def outbox_outside() -> None:
    """What must be told outside is written after the commit."""
    waiting: list[Any] = []

    def insert(session: Session, table: Any, rows: Any) -> None:
        if table is Outbox:
            waiting.extend(rows)
        else:
            _insert_many(session, table, rows)

    writing.insert_many = insert
    _after_commit(waiting, lambda session, rows: _insert_many(session, Outbox, rows))


def outbox_before() -> None:
    """What must be told outside is written, and committed, before the thing itself."""

    def insert(session: Session, table: Any, rows: Any) -> None:
        _insert_many(session, table, rows)
        if table is Outbox:
            _commit_here(session)

    writing.insert_many = insert


def half_committed() -> None:
    """The alerts are committed before their outbox, cursor and audit."""

    def insert(session: Session, table: Any, rows: Any) -> None:
        _insert_many(session, table, rows)
        if table is Alert:
            _commit_here(session)

    writing.insert_many = insert


def _commit_here(session: Session) -> None:
    connection = session.connection()
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN")


def audit_outside() -> None:
    """The record of an act is written after the act was committed."""
    waiting: list[Any] = []
    settling.audit = SimpleNamespace(record=lambda _session, **said: waiting.append(said))

    def late(session: Session, rows: list[Any]) -> None:
        for said in rows:
            audit.record(session, **said)

    _after_commit(waiting, late)


def no_fence() -> None:
    """Nobody looks whether the run is still theirs."""

    def once(held: Any, work: Any, kept: Any, *, last: bool) -> Any:
        with database.transaction(held.engine) as session:
            entry = session.get_one(Run, held.run)
            done = work(session, entry)
            session.flush()
            kept.append((done, dict(entry.cursor), dict(entry.counts)))
        return chunks._move_on(held, *kept[-1])

    chunks._once = once


def clock_of_the_host() -> None:
    """Leases are reckoned by the host's clock, and hosts differ: this one may be an hour ahead."""
    ahead = ANOTHER_HOST * (os.getpid() % 2)
    lease._signs = lambda seconds: {"heartbeat_at": time.time() + ahead, "lease_until": time.time() + ahead + seconds}
    lease.is_alive = lambda _session, entry: (entry.lease_until or 0) > time.time() + ahead


def two_at_once() -> None:
    """Nobody looks whether another is at work on the run."""
    lease.is_alive = lambda _session, _entry: False


def heartbeat_without_fence() -> None:
    """A sign of life takes the run back, whoever has it by now."""

    def renew(held: Any) -> bool:
        with database.transaction(held.engine) as session:
            mine = {"fence": held.fence, "owner": held.owner, "step": held.step}
            session.execute(update(Run).where(Run.id == held.run, Run.status == "running").values(mine))
        return True

    lease.renew = renew
    scanning.run.ledger.renew = renew


def from_nothing() -> None:
    """A run that was broken off begins again at its first chunk, and does not look at what stands already."""

    def begin(night: Any, held: Any, *rest: Any) -> Any:
        before = _begin(night, held, *rest)
        night.start = (0, 0)
        return before

    scanning._begin = begin
    loading.open_alerts = lambda *_: {}


def no_key() -> None:
    """The same, and no unique key stops it."""
    from_nothing()

    def once(held: Any, work: Any, kept: Any, *, last: bool) -> Any:
        with database.transaction(held.engine) as session:
            for name in ("uq_alerts_one_open", "uq_alerts_episode"):
                session.execute(text(f"DROP INDEX IF EXISTS {name}"))
        return _once(held, work, kept, last=last)

    chunks._once = once


def done_too_early() -> None:
    """The scan is called finished when it begins."""

    def begin(night: Any, held: Any, *rest: Any) -> Any:
        before = _begin(night, held, *rest)
        with database.transaction(held.engine) as session:
            session.execute(update(Scan).where(Scan.id == night.scan).values(finished_at=utc_now()))
        return before

    scanning._begin = begin


def counts_forgotten() -> None:
    """What was counted before the run was broken off is not counted."""

    def begin(night: Any, held: Any, *rest: Any) -> Any:
        before = _begin(night, held, *rest)
        night.counts.clear()
        return before

    scanning._begin = begin


def errors_swallowed() -> None:
    """A chunk whose connection broke is passed over."""

    def persist(held: Any, work: Any, *, last: bool = False) -> Any:
        try:
            return _once(held, work, [], last=last)
        except DBAPIError:
            return Counter()

    chunks._persist = persist


BUGS: dict[str, Callable[[], None]] = {
    planted.__name__: planted
    for planted in (
        cursor_first, outbox_outside, outbox_before, half_committed, audit_outside, no_fence, clock_of_the_host,
        two_at_once, heartbeat_without_fence, from_nothing, no_key, done_too_early, counts_forgotten, errors_swallowed,
    )
}  # fmt: skip
