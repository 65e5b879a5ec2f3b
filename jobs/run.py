"""A run from its taking to its end: leased, alive, stoppable, and marked however it ends."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from time import monotonic
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from jobs import ledger
from jobs.ledger import Fenced, Lease, Stopped
from monitor import logs
from monitor.errors import Held, Refused
from monitor.service import Service

STILL = 1800.0
_BEATS = 5
_log = logging.getLogger(__name__)


@contextmanager
def leased(service: Service, job: str, *, as_of: date, scope: str = "") -> Iterator[Lease]:
    """Take ``job`` for ``as_of``, keep the lease alive while the block works, and write how it ended.

    Refuses with ``Busy`` while another process is at work on the job. A block that ends without having
    called ``ledger.finish`` is marked done; one that raises, failed, or held when a person must look, or interrupted
    when it was stopped, and the error goes on. What was committed stays, and whoever takes it next goes on from there.
    """
    lease = ledger.take(service.engine, job, as_of=as_of, scope=scope, seconds=service.settings.lease_seconds)
    fields = {"run": lease.run, "job": job, "as_of": as_of, "scope": scope, "attempt": lease.attempt}
    with logs.bound(**fields, fence=lease.fence), _stopping(lease), _recorded(lease), _beating(lease):
        yield lease
        if not lease.ended:
            ledger.finish(lease, lambda session, entry: None)
        _log.info("run ended")


@contextmanager
def _recorded(lease: Lease) -> Iterator[None]:
    """The note is the kind of the error, or a refusal's own words: other texts may quote data."""
    ended_well = False
    try:
        yield
        ended_well = True
    finally:
        if not ended_well:
            error = sys.exception()
            _write_down(lease, error)
            if lease.stop.is_set() and isinstance(error, Exception) and not isinstance(error, Fenced):
                raise Stopped from error


def _write_down(lease: Lease, error: BaseException | None) -> None:
    # A library that was interrupted may say so in an error of its own: DuckDB does.
    stopped = lease.stop.is_set() or isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
    status = "interrupted" if stopped else "held" if isinstance(error, Held) else "failed"
    _log.warning("run broken off", extra={"status": status, "error": type(error).__name__})
    if isinstance(error, Fenced):
        return
    try:
        ledger.broken_off(lease, status, _said(error))
    except SQLAlchemyError as unheard:  # the database is gone: the lease runs out and says the same
        _log.warning("end not written", extra={"error": type(unheard).__name__})


def _said(error: BaseException | None) -> str:
    """A refusal's own words; of anything else its kind and, where the system itself says why, that."""
    if isinstance(error, Refused):
        return str(error)
    why = error.strerror if isinstance(error, OSError) else None
    return type(error).__name__ + (f": {why}" if why else "")


@contextmanager
def _beating(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread of its own, by a clock that nobody can set."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(lease, over), name=f"heartbeat-{lease.job}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(lease: Lease, over: threading.Event) -> None:
    """Stops where the work has stood still for half an hour: a hung run must be free to be taken."""
    while not over.wait(lease.seconds / _BEATS):
        if monotonic() - lease.moved_at > STILL:
            continue
        try:
            if not ledger.renew(lease):
                return
        except SQLAlchemyError as error:
            _log.warning("no heartbeat", extra={"error": type(error).__name__})


@contextmanager
def _stopping(lease: Lease) -> Iterator[None]:
    """On SIGTERM stop at once between two transactions, and within one at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        lease.stop.set()
        if not lease.committing:
            raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
