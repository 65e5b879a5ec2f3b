"""Taking a run, keeping it, losing it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from signal import SIGTERM
from threading import Event
from time import monotonic

from sqlalchemy import ColumnElement, Engine, select, update
from sqlalchemy.orm import Session

from jobs.ledger.entries import WELL, find, pause
from jobs.ledger.owners import is_dead, this_process
from monitor import database
from monitor.errors import Conflict
from monitor.runs import lock_job, note
from monitor.tables import Json, Run, utc_now

MOST_TRIES = 5


class Busy(Conflict):
    """Somebody else is at work on this job."""


class Fenced(Exception):
    """Somebody else has taken the run over: whoever hears this writes nothing more and leaves."""


class Stopped(SystemExit):
    """The run was asked to stop and did, at the edge of a chunk: nothing but the process's end catches it."""

    def __init__(self) -> None:
        super().__init__(128 + SIGTERM)


@dataclass
class Lease:
    """The right to work on one run until somebody takes it over; ``seconds`` after the last sign of life they may."""

    engine: Engine
    run: uuid.UUID
    job: str
    as_of: date
    scope: str
    fence: int
    attempt: int
    step: int
    cursor: Json
    counts: Json
    seconds: float
    owner: str
    stop: Event = field(default_factory=Event)
    lost: Event = field(default_factory=Event)
    ended: bool = False
    committing: bool = False
    moved_at: float = field(default_factory=monotonic)

    def mine(self) -> ColumnElement[bool]:
        """The condition under which the run is still the holder's."""
        return (Run.id == self.run) & (Run.fence == self.fence) & (Run.status == "running")


def take(engine: Engine, job: str, *, as_of: date, scope: str = "", seconds: float = 5.0) -> Lease:
    """Take ``job`` for ``as_of`` and go on where its cursor says, with a higher fence than anybody before.

    Refuses with ``Busy`` while another process is alive and at work on this job, whatever its date: of one
    job there is one run at a time. What the ledger calls running, though its holder is dead or silent for longer
    than its lease, is interrupted and may be taken.
    """
    with database.transaction(engine) as session:
        lock_job(session, job)
        _clear_the_way(session, job, as_of=as_of, scope=scope)
        entry = find(session, job, as_of=as_of, scope=scope)
        if entry is None:
            entry = Run(job=job, as_of=as_of, scope=scope, attempt=0, fence=0, step=0, tries=0, cursor={}, counts={})
            session.add(entry)
        kind = _overtake(entry)
        entry.owner = this_process()
        session.flush()
        session.execute(update(Run).where(Run.id == entry.id).values(_signs(seconds)))
        note(session, entry, kind, by=entry.owner)
        return Lease(
            engine, entry.id, job, as_of, scope, fence=entry.fence, attempt=entry.attempt, step=entry.step,
            cursor=dict(entry.cursor), counts=dict(entry.counts), seconds=seconds, owner=entry.owner,
        )  # fmt: skip


def _overtake(entry: Run) -> str:
    """Turn the row into that of a run at work and return what happened; what had ended well begins from nothing."""
    kind = {"running": "taken_over", "interrupted": "resumed", "failed": "retried"}.get(entry.status or "", "begun")
    if entry.status in WELL:
        entry.cursor, entry.counts, entry.tries = {}, {}, 0
    entry.status, entry.problem, entry.finished_at, entry.not_before = "running", None, None, None
    entry.started_at = utc_now()
    entry.fence, entry.attempt, entry.tries = entry.fence + 1, entry.attempt + 1, entry.tries + 1
    return kind


def _clear_the_way(session: Session, job: str, *, as_of: date, scope: str) -> None:
    """Mark other runs of the job as interrupted whose holders are gone; refuse when one is at work."""
    at_work = select(Run).where(Run.job == job, Run.status == "running").with_for_update()
    for other in session.scalars(at_work).all():
        if is_alive(session, other):
            raise Busy(
                zh=f"另一进程正在运行 {job}（{other.as_of}，运行编号 {other.id}），请稍后再试",
                en=f"another process is running {job} (for {other.as_of}, run {other.id}): try again later",
            )
        if (other.as_of, other.scope) != (as_of, scope):
            other.status, other.problem, other.finished_at = "interrupted", "killed", utc_now()
            note(session, other, "interrupted", by="")


def is_alive(session: Session, entry: Run) -> bool:
    """Say whether a run's holder may still be at work: it gave a sign within its lease, and is not known dead.

    A sign of life from the future says that the clock was set back: it counts as long as one of the past.
    """
    if entry.lease_until is None or entry.heartbeat_at is None or is_dead(entry.owner):
        return False
    now: float = session.scalar(select(database.now())) or 0.0
    return abs(now - entry.heartbeat_at) <= entry.lease_until - entry.heartbeat_at


def renew(lease: Lease) -> bool:
    """Give a sign of life; False, and ``lease.lost`` set, when somebody else has taken the run."""
    with database.transaction(lease.engine) as session:
        signed = update(Run).where(lease.mine()).values(_signs(lease.seconds)).returning(Run.id)
        mine = session.scalar(signed) is not None
    if not mine and not lease.ended:
        lease.lost.set()
    return mine


def _signs(seconds: float) -> dict[str, object]:
    return {"heartbeat_at": database.now(), "lease_until": database.now() + seconds}


def broken_off(lease: Lease, status: str, problem: str | None) -> None:
    """Write that the run ended before its end, if it is still the holder's; it may be taken again.

    One that was stopped may be taken at once; one that failed after a pause that doubles with every try without
    progress, and after five of them not until a person asks for it.
    """
    with database.transaction(lease.engine) as session:
        lock_job(session, lease.job)
        entry = session.scalars(select(Run).where(lease.mine()).with_for_update()).one_or_none()
        lease.ended = True
        if entry is None:
            return
        entry.status, entry.problem, entry.finished_at = status, problem, utc_now()
        if status == "interrupted":
            entry.tries = max(entry.tries - 1, 0)
        note(session, entry, status, by=lease.owner)
        session.execute(update(Run).where(Run.id == entry.id).values(_rest(status, entry.tries)))


def _rest(status: str, tries: int) -> dict[str, object]:
    return {"lease_until": None, "not_before": None if status == "interrupted" else database.now() + pause(tries)}


def orphans(session: Session) -> list[uuid.UUID]:
    """Return the runs that the ledger calls running and whose holders are gone."""
    at_work = session.scalars(select(Run).where(Run.status == "running"))
    return [entry.id for entry in at_work if not is_alive(session, entry)]


def bury(session: Session, runs: Collection[uuid.UUID]) -> None:
    """Mark those of ``runs`` as interrupted that are still without a living holder, or failed after five tries in vain.

    They may be taken up again at once; nothing they committed is undone.
    """
    for run in runs:
        entry = session.scalars(
            select(Run).where(Run.id == run, Run.status == "running").with_for_update()
        ).one_or_none()
        if entry is not None and not is_alive(session, entry):
            entry.status = "failed" if entry.tries >= MOST_TRIES else "interrupted"
            entry.problem, entry.finished_at = "killed", utc_now()
            note(session, entry, entry.status, by="")
