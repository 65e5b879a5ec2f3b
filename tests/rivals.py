"""The clock and the worker as a process of their own, for those who race with them.

What a process imports before it begins costs more than fifty races: nothing here knows the API.
"""

import os
import threading
from datetime import date, datetime, timedelta
from multiprocessing.synchronize import Barrier

from jobs import ledger, run, timetable
from jobs.ledger import Busy
from jobs.reconciling import reconcile
from jobs.work import next_asked
from monitor.service import CITY_TIME, Service, open_service
from monitor.settings import read
from monitor.tables import Outbox

ROUNDS = int(os.environ.get("LOWINCOME_RIVAL_ROUNDS", "60"))
"""On each database; 200 are the campaign."""
NIGHT = date(2026, 3, 1)
CHUNKS = 2
_NEVER = threading.Event()


def work(service: Service, as_of: date, by: str) -> None:
    """A run as any: leased, a few chunks under the fence, its end."""
    with run.leased(service, "scan", as_of=as_of) as lease:
        for _ in range(CHUNKS):
            told = f"{as_of} {lease.fence} {by}"
            ledger.commit(
                lease, lambda session, entry, told=told: session.add(Outbox(kind="t", subject=told, payload={}))
            )


def nights(home: str, url: str, both: Barrier) -> None:
    """The clock asks for each date in its turn, and the worker does what is asked for."""
    service = open_service(read({"LOWINCOME_HOME": home, "LOWINCOME_DATABASE_URL": url}))
    due = {"scan": timetable.read()["scan"]}
    for ahead in range(ROUNDS):
        both.wait(120)
        at = NIGHT + timedelta(days=ahead)
        reconcile(service, due, now=datetime(at.year, at.month, at.day, 2, tzinfo=CITY_TIME))
        serve(service)
        both.wait(120)
    serve(service)
    service.engine.dispose()


def serve(service: Service) -> None:
    """Do what is asked for until nothing is."""
    while (asked := next_asked(service)) is not None:
        try:
            work(service, asked.as_of, "worker")
        except Busy:
            _NEVER.wait(0.002)
