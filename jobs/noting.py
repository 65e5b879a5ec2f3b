"""A job begun by hand, in the ledger like one of the timetable: what was asked, how it ended, what it counted."""

from collections.abc import Callable
from datetime import date
from typing import Any

from jobs import ledger, run
from monitor.service import Service
from monitor.tables import Run

Job = Callable[[Service, date], dict[str, Any]]


def noted(service: Service, job: str, as_of: date, work: Job) -> dict[str, Any]:
    """Run ``work`` alone and write its row; a refusal is noted in its own words and goes on to the caller."""
    with run.leased(service, job, as_of=as_of) as lease:
        counts = work(service, as_of)

        def last(_session: object, entry: Run) -> None:
            entry.counts = counts

        ledger.finish(lease, last)
    return counts
