"""The clock: asks for each job when it is due. It does nothing else, and what it fails to ask the reconciler does."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from jobs import ledger
from jobs.reconciling import Reconciler, city_now
from jobs.timetable import DAYS, Due
from monitor import database
from monitor.service import CITY_TIME, Service

# The library's own default drops what is a second late, and does not read these from its constructor's arguments.
DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
_log = logging.getLogger(__name__)


@dataclass
class Clock:
    """The scheduler of this process with its reconciler. Several clocks, on several machines, ask for a date once."""

    service: Service
    timetable: Mapping[str, Due]
    scheduler: BackgroundScheduler = field(init=False)
    reconciler: Reconciler = field(init=False)

    def __post_init__(self) -> None:
        self.scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()}, job_defaults=DEFAULTS, timezone=CITY_TIME
        )
        for due in self.timetable.values():
            self.scheduler.add_job(self.ring, trigger(due), args=[due.job], id=due.job)
        self.reconciler = Reconciler(self.service, self.timetable)

    def start(self) -> None:
        """Begin to ask; what fell due while no clock went is asked for at once."""
        self.reconciler.start()
        self.scheduler.start()

    def stop(self) -> None:
        """Ask no more; nothing that was asked for is taken back."""
        self.scheduler.shutdown(wait=False)
        self.reconciler.stop()

    def ring(self, job: str) -> None:
        """Ask for ``job`` for the newest date for which it is due by the database's clock.

        What goes wrong is logged by its kind alone: the library would print all of an error.
        """
        try:
            with database.transaction(self.service.engine) as session:
                due, now = self.timetable[job], city_now(session)
                dates = list(due.dates(now.date() - timedelta(days=1), now)) or [now.date()]
                if due.every_minutes is not None:
                    ledger.request(session, job, as_of=now.date(), again=True)
                elif due.on_date(dates[-1]) is not None:
                    ledger.request(session, job, as_of=dates[-1])
        except (SQLAlchemyError, OSError) as error:
            _log.warning("not asked for", extra={"job": job, "error": type(error).__name__})


def trigger(due: Due) -> BaseTrigger:
    """Return the library's trigger for ``due``, in city time."""
    if due.every_minutes is not None or due.at is None:
        return IntervalTrigger(minutes=due.every_minutes, timezone=CITY_TIME)
    days = None if due.on == DAYS else ",".join(due.on)
    return CronTrigger(
        day=due.day, day_of_week=days, hour=due.at.hour, minute=due.at.minute, second=0, timezone=CITY_TIME
    )
