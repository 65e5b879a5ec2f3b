"""The service over HTTP: every door listed; refusals become problems, every answer carries its guards."""

from fastapi import FastAPI
from sqlalchemy import func, select

from api import alerts, feeds, health, households, problems, runs
from api.deps import Laws
from api.guard import Guard
from monitor import database, metrics
from monitor.service import Service, open_service
from monitor.settings import read
from monitor.tables import Scan

VERSION = "0.1.0"
_DESCRIPTION = """低收入人口动态监测：预警队列、逐条解释、核查登记。

Low-income monitoring: the queue of alerts, each reason explained, follow-ups recorded. Every answer is cut to the
region of the worker whose bearer token is sent; names are masked and ID numbers never appear.
"""


def create() -> FastAPI:
    """Return the application of the installation that the environment names."""
    return create_app(open_service(read()))


def create_app(service: Service) -> FastAPI:
    """Return the application that serves ``service``."""
    app = FastAPI(
        title="低收入人口动态监测 / Low-income monitoring",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's pages fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.service, app.state.laws = service, Laws(service)
    problems.install(app)
    app.add_middleware(Guard)
    for door in (health, alerts, households, feeds, runs):
        app.include_router(door.router)
    _remember_last_scan(service)
    return app


def _remember_last_scan(service: Service) -> None:
    """A restart must not hide a missed night: the gauge starts from the ledger."""
    with database.reading(service.engine) as session:
        last = session.scalar(select(func.max(Scan.finished_at)))
    if last is not None:
        metrics.SCAN_SUCCEEDED.set(last.timestamp())
