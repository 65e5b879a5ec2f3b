"""Runs that are not as they should be: silent, far longer than usual, missed; households that were set aside."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.gauges.families import family, filled
from monitor.gauges.nights import SCAN, WELL
from monitor.tables import Quarantine, Run, RunEvent, utc_now

REMEMBERED = timedelta(days=14)
_OF, _LEAST = 20, 3


def runs(session: Session) -> Iterator[Metric]:
    """Yield, by job, what is at work and how long and how silently, what is usual, and which dates were missed."""
    at_work = session.execute(
        select(Run.job, Run.started_at, Run.heartbeat_at).where(Run.status == "running").order_by(Run.job)
    ).all()
    now: float = session.scalar(select(database.now())) or 0.0
    silent = family(GaugeMetricFamily, "job_silent_seconds", "Since a run at work last gave a sign of life", ["task"])
    yield filled(silent, (((job,), max(now - (beat or 0.0), 0.0)) for job, _, beat in at_work))
    began = ((job, (utc_now() - at).total_seconds()) for job, at, _ in at_work if at is not None)
    running = family(GaugeMetricFamily, "job_running_seconds", "How long a run has been at work", ["task"])
    yield filled(running, (((job,), seconds) for job, seconds in began))
    usual = family(
        GaugeMetricFamily, "job_usual_seconds", "The middle of its last twenty runs that ended well", ["task"]
    )
    yield filled(usual, (((job,), seconds) for job, seconds in _usual(session)))
    yield from _left(session)
    yield _lost(session)


def _usual(session: Session) -> Iterator[tuple[str, float]]:
    """A job that has ended well fewer than three times has no usual length."""
    for job in session.scalars(select(Run.job).distinct().order_by(Run.job)).all():
        ended = select(Run.started_at, Run.finished_at).where(Run.job == job, Run.status.in_(WELL))
        rows = session.execute(ended.order_by(Run.finished_at.desc()).limit(_OF))
        took = [(finished - started).total_seconds() for started, finished in rows if started and finished]
        if len(took) >= _LEAST:
            yield job, median(took)


def _left(session: Session) -> Iterator[Metric]:
    """A date that is asked for again counts no longer; nor does a household when a newer night could judge it."""
    since = utc_now().date() - REMEMBERED
    dates = select(Run.job, func.count()).where(Run.status == "missed", Run.as_of >= since).group_by(Run.job)
    missed = family(GaugeMetricFamily, "job_dates_missed", "Dates of the last fortnight that were missed", ["task"])
    yield filled(missed, (((job,), float(count)) for job, count in sorted(session.execute(dates).all())))
    newest = select(Run.id).where(Run.job == SCAN, Run.status.in_(WELL)).order_by(Run.finished_at.desc()).limit(1)
    aside = session.scalar(select(func.count()).where(Quarantine.run_id == newest.scalar_subquery()))
    set_aside = family(
        GaugeMetricFamily, "households_set_aside", "Households the newest night could not judge or settle"
    )
    set_aside.add_metric([], float(aside or 0))
    yield set_aside


def _lost(session: Session) -> Metric:
    """By job, how often a run was taken from whoever had it: they had died, or were silent beyond their lease."""
    taken = or_(RunEvent.kind == "taken_over", RunEvent.problem == "killed")
    counts = select(Run.job, func.count()).join(RunEvent, RunEvent.run_id == Run.id).where(taken).group_by(Run.job)
    lost = family(CounterMetricFamily, "job_holders_lost", "Runs taken from a holder who died or fell silent", ["task"])
    return filled(lost, (((job,), float(count)) for job, count in sorted(session.execute(counts).all())))
