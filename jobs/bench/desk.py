"""The desk under load: fifty people at once, each taking a breath between two acts, through the real HTTP server."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Engine, text

from jobs.bench import office, serving
from jobs.bench.workers import QUERIES, Client, Length, Times, work
from monitor import database
from monitor.service import open_service
from monitor.settings import Settings

ALERTS = 525_000
_SMALL = 10_000
WHOLE, TRIED = Length(), Length(people=4, breath=0.0, warm=1.0, samples=2, longest=30.0, costed=4)
"""What is reported, and what only tries the harness in an office too small to say anything."""


def desk(settings: Settings, alerts: int, *, served_as: str | None = None) -> dict[str, Any]:
    """Furnish the empty database of ``settings`` with so many alerts and measure there; see ``measure``.

    ``served_as`` is the database's address for the service's own role, where another one owns the tables.
    """
    service = open_service(settings)
    began = time.perf_counter()
    tokens = office.furnish(service, alerts)
    service.engine.dispose()
    furnished = time.perf_counter() - began
    here = replace(settings, database_url=served_as or settings.database_url)
    found = measure(here, tokens, length=TRIED if alerts < _SMALL else WHOLE)
    return {"alerts": alerts, "furnished_seconds": round(furnished, 1), **found}


def measure(
    settings: Settings, tokens: Mapping[str, Sequence[str]], *, length: Length = WHOLE, bulk: bool = True
) -> dict[str, Any]:
    """Return 50th, 95th and 99th percentiles of each act by role in milliseconds, a warming up left out.

    ``cost_ms`` is what one page of the queue used of a processor, by role and asked alone: the service's processes,
    and PostgreSQL's where they run here. ``share`` says how much of one core the service, its database and the people
    themselves used while all worked. ``walled``: row-level security held.
    """
    engine = database.connect(settings)
    with serving.served(settings) as (port, api):

        def spent() -> tuple[float, float]:
            return serving.used(api), serving.used_by_database(engine)

        before = spent()
        times, said = work(port, tokens, length)
        after, whole = spent(), said["seconds"] + length.warm
        cost = {role: _cost(Client(port, role, some[0]), spent, length.costed) for role, some in tokens.items()}
        given = _bulk(port, tokens["supervisor"]) if bulk else {}
    share = {"service": (after[0] - before[0]) / whole, "database": (after[1] - before[1]) / whole}
    share["people"] = said["cpu"] / said["seconds"]
    found = {
        "length": asdict(length), "walled": _walled(engine), "per_second": round(said["asked"] / said["seconds"], 1),
        "share": {name: round(value, 2) for name, value in share.items()}, "cost_ms": cost,
        "milliseconds": told(times), **given,
    }  # fmt: skip
    engine.dispose()
    return found


def both(settings: Settings, alerts: int) -> dict[str, Any]:
    """Measure on SQLite, and on the PostgreSQL that LOWINCOME_BENCH_POSTGRESQL names (an empty database), if any.

    LOWINCOME_BENCH_APPLICATION is the same database for a role that row-level security holds for.
    """
    home = settings.home / "desk"
    here = replace(settings, home=home, database_url=f"sqlite:///{home / 'lowincome.db'}", key_file=home / "k" / "key")
    found = {"sqlite": desk(here, alerts)}
    url = os.environ.get("LOWINCOME_BENCH_POSTGRESQL")
    if url:
        there = replace(here, home=settings.home / "desk-postgresql", database_url=url)
        found["postgresql"] = desk(there, alerts, served_as=os.environ.get("LOWINCOME_BENCH_APPLICATION"))
    return found


def told(times: Times) -> dict[str, dict[str, Any]]:
    """Return by act and role how many waits there were and their percentiles in milliseconds."""
    found: dict[str, dict[str, Any]] = {}
    for (role, what), took in sorted(times.items()):
        ordered = sorted(took)
        at = {
            f"p{share}": round(ordered[min(len(ordered) * share // 100, len(ordered) - 1)] * 1000, 1)
            for share in (50, 95, 99)
        }
        found.setdefault(what, {})[role] = at | {"count": len(ordered)}
    return found


def _cost(client: Client, spent: Callable[[], tuple[float, float]], pages: int) -> dict[str, float]:
    """Ask for pages of the queue, one after the other, each narrowing as often as any other."""
    before = spent()
    for number in range(pages):
        client.ask("cost", "GET", f"/api/v1/alerts{QUERIES[number % len(QUERIES)]}")
    api, base = (now - then for now, then in zip(spent(), before, strict=True))
    client.pause()
    return {"service": round(api / pages * 1000, 1), "database": round(base / pages * 1000, 1)}


def _bulk(port: int, tokens: Sequence[str]) -> dict[str, Any]:
    """Give ten thousand alerts of the city to one person in one request."""
    boss = Client(port, "supervisor", tokens[0])
    _, everybody = boss.ask("colleagues", "GET", "/api/v1/colleagues")
    to = next(one["id"] for one in everybody if one["role"] == "reviewer")
    region = next(one["region"] for one in everybody if one["id"] == to)
    body = {"to": to, "all_of": {"region": region}}
    began = time.perf_counter()
    _, done = boss.ask("bulk", "POST", "/api/v1/alerts/bulk/assign", body)
    return {"bulk_assigned": done["done"], "bulk_seconds": round(time.perf_counter() - began, 2)}


def _walled(engine: Engine) -> bool:
    if engine.dialect.name != "postgresql":
        return False
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT row_security_active('alerts')")))
