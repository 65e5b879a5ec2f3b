"""The API while nights are scanned: how long those wait who read and those who write, and whether all is answered."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from jobs.bench.crowd import Crowd, Waits
from jobs.bench.serving import begun, served, used
from monitor import access, database
from monitor.service import Service
from monitor.settings import Settings
from monitor.tables import Alert

_ALERTS = 2_000


@dataclass(frozen=True)
class Length:
    """Seconds of warming up, which are not counted, and alone; then nights one after the other until there are
    ``samples`` of reading and a quarter as many of writing, but at most ``nights``."""

    warm: float = 20.0
    alone: float = 60.0
    samples: int = 1_000
    nights: int = 12

    def enough(self, waits: Waits) -> bool:
        """Whether a 99th percentile of these says anything."""
        return len(waits.read) >= self.samples and len(waits.write) >= self.samples // 4


WHOLE, TRIED = Length(), Length(warm=1.0, alone=3.0, samples=4, nights=1)
"""What is reported, and what only tries the harness on a city too small to say anything."""


def measure_beside(service: Service, night: date, length: Length = WHOLE) -> dict[str, Any]:
    """Serve the installation, let fifty users work, first alone, then beside the scans of ``night`` and those after.

    All run in processes of their own, started as in production: the API has its processes, the scan is the
    worker's child, with its low priority and its cap of memory. ``cost_ms`` is what the API's processes used of a
    processor for each request while they were alone; ``per_second`` how often was asked.
    """
    token, alerts = _desk(service)
    with served(service.settings) as (port, api), _working(Crowd(port, token, alerts)) as crowd:
        time.sleep(length.warm)
        before = used(api)
        calm = _during(crowd, lambda _: time.sleep(length.alone))
        cost = (used(api) - before) / max(calm.asked, 1)
        began = time.perf_counter()
        ended: list[int] = []
        busy = _during(crowd, lambda waits: ended.extend(_nights(service.settings, night, length, waits)))
        seconds = time.perf_counter() - began
    said = calm.said("alone") | busy.said("beside") | {"cost_ms": round(cost * 1000, 1)}
    said["per_second"] = round(calm.asked / length.alone, 1)
    return {"seconds": round(seconds, 3), "users": crowd.users, "scans_ended": ended} | said


def _nights(settings: Settings, night: date, length: Length, waits: Waits) -> Iterator[int]:
    """Scan night after night, a fortnight apart, and yield how each ended; one that has not come is refused."""
    for number in range(length.nights):
        ended = _scanned(settings, night + number * _APART)
        yield ended
        if ended not in (0, 1) or length.enough(waits):
            return


def _during(crowd: Crowd, meanwhile: Callable[[Waits], None]) -> Waits:
    """What is asked while ``meanwhile`` lasts; who still waits at its end is waited for by ``_working``."""
    crowd.waits = Waits()
    meanwhile(crowd.waits)
    measured, crowd.waits = crowd.waits, Waits()
    return measured


@contextmanager
def _working(crowd: Crowd) -> Iterator[Crowd]:
    people = crowd.come()
    try:
        yield crowd
    finally:
        crowd.over.set()
        for one in people:
            one.join()


def _desk(service: Service) -> tuple[str, list[str]]:
    with database.transaction(service.engine) as session:
        name = f"bench {uuid4()}"
        _, token = access.add_worker(session, name, region=access.NATION, role="caseworker", by="bench")
        found = session.scalars(select(Alert.id).where(Alert.closed_at.is_(None)).order_by(Alert.rank).limit(_ALERTS))
        return token, [str(one) for one in found]


def _scanned(settings: Settings, night: date) -> int:
    """Scan as the worker has it done, and return how it ended; a scan lives only as long as its standard input."""
    scanning = begun(settings, "run", "scan", "--as-of", night.isoformat(), "--unattended")
    with scanning:
        return scanning.wait()


AFTER = timedelta(days=31)
"""So many days after the newest night many feeds are stale and many alerts change: a night that writes much."""
_APART = timedelta(days=14)
"""Every other night then writes as much again, and there are enough of them before today for a 99th percentile."""
