"""A job begun by hand, in the ledger like one of the timetable: what was asked, how it ended, what it counted."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import update

from jobs import run
from monitor import database
from monitor.service import Service
from monitor.tables import Run, utc_now

Job = Callable[[Service, date], dict[str, Any]]


def noted(service: Service, job: str, as_of: date, work: Job) -> dict[str, Any]:
    """Run ``work`` alone and write its row; a refusal is noted in its own words and goes on to the caller."""
    with run.alone(service, job):
        with database.transaction(service.engine) as session:
            row = run.begin(session, job, as_of=as_of, scope="").id
        with run.recorded(service.engine, row):
            counts = work(service, as_of)
            with database.transaction(service.engine) as session:
                done = update(Run).where(Run.id == row, Run.status == "running")
                session.execute(done.values(status="done", counts=counts, finished_at=utc_now()))
    return counts
