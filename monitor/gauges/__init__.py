"""The state of the service as Prometheus series, read from the database when they are asked for.

Nothing of the business is counted in a process: several API processes, a restart or a scan that has long
ended all show the same numbers. A query that fails shows as ``lowincome_collector_error`` 1 and its series
are absent; it never shows as 0.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from monitor import database, metrics, policy
from monitor.errors import Refused
from monitor.gauges.acts import Acts
from monitor.gauges.families import LABELS, family
from monitor.gauges.history import History
from monitor.gauges.nights import Nights
from monitor.gauges.plant import plant
from monitor.gauges.runs import runs
from monitor.gauges.score import score
from monitor.gauges.sources import Sources
from monitor.gauges.work import Queue
from monitor.service import Service

CACHE_SECONDS = 15.0
_log = logging.getLogger(__name__)
Part = Callable[[Session], Iterable[Metric]]

__all__ = ["CACHE_SECONDS", "LABELS", "StoreCollector", "exposition", "registry"]


class StoreCollector(Collector):
    """Reads every business series from the database of ``service``, at most once in fifteen seconds.

    Whoever scrapes several processes behind one address must do so less often than that: an answer may be
    fifteen seconds old, and a counter that seems to fall looks like a restart.
    """

    def __init__(self, service: Service, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock, self._lock = service, clock, Lock()
        self._kept: list[Metric] = []
        self._until = float("-inf")
        pack = policy.read_pack(service.pack or policy.HERE)
        self._parts: dict[str, Part] = {
            "nights": Nights(pack).collect,
            "sources": Sources(pack).collect,
            "queue": Queue().collect,
            "history": History(pack).collect,
            "acts": Acts().collect,
            "runs": runs,
            "score": score,
            "plant": lambda session: plant(session, service.settings.home),
        }

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the names are known when they are collected, and no query runs at start-up."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family that could be read, and for each part whether it failed."""
        with self._lock:
            if self._clock() >= self._until:
                self._kept = list(self._read())
                self._until = self._clock() + CACHE_SECONDS
            kept = list(self._kept)
        yield from kept

    def _read(self) -> Iterator[Metric]:
        failed = family(GaugeMetricFamily, "collector_error", "1 when this part could not be read just now", ["part"])
        took = family(GaugeMetricFamily, "collector_seconds", "How long reading this part took", ["part"])
        for name, part in self._parts.items():
            began = time.perf_counter()
            try:
                with database.reading(self._service.engine) as session:
                    found = list(part(session))
            except (SQLAlchemyError, Refused, OSError) as error:
                _log.warning("metrics part unavailable", extra={"part": name, "error": type(error).__name__})
                found = []
                failed.add_metric([name], 1)
            else:
                failed.add_metric([name], 0)
            took.add_metric([name], time.perf_counter() - began)
            yield from found
        yield failed
        yield took


def registry(collector: StoreCollector, requests: Path | None = None) -> CollectorRegistry:
    """Return what one scrape shows: the database's series, and the requests of every API process.

    Those of all processes that share the folder ``requests``, or the one that ``PROMETHEUS_MULTIPROC_DIR`` names, are
    added up.
    """
    shown = CollectorRegistry()
    shown.register(collector)
    shown.register(_Requests(requests))
    return shown


class _Requests(Collector):
    """The requests answered: by this process, or by all that share the folder for it."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        own, shared = (
            list(metrics.HTTP.collect()),
            str(self._folder or os.environ.get("PROMETHEUS_MULTIPROC_DIR") or ""),
        )
        if not shared:
            return own
        if not os.path.isdir(shared):  # noqa: PTH112 (the API has not started yet)
            return []
        names = {one.name for one in own}
        added_up = MultiProcessCollector(CollectorRegistry(), path=shared)  # type: ignore[no-untyped-call]
        return [one for one in added_up.collect() if one.name in names]  # type: ignore[no-untyped-call]


def exposition(collector: StoreCollector, requests: Path | None = None) -> bytes:
    """Return one scrape in Prometheus' text format."""
    return generate_latest(registry(collector, requests))
