"""The service over HTTP: every door listed; refusals become problems, every answer carries its guards."""

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import parent_process
from threading import Thread

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from api import (
    accounts,
    alerts,
    audit,
    auth,
    caseload,
    cases,
    circumstances,
    desk,
    dossiers,
    duties,
    feeds,
    forms,
    health,
    held,
    households,
    imports,
    leads,
    means,
    models,
    months,
    nights,
    oidc,
    outgoing,
    packs,
    pages,
    photos,
    places,
    presence,
    problems,
    queue,
    referrals,
    reports,
    reveals,
    reviews,
    rules,
    runs,
    seats,
    sheets,
    silences,
    suggestions,
    system,
    taking,
    together,
    uploads,
    views,
    visiting,
)
from api.declared import declare
from api.deps import Laws
from api.description import complete
from api.guard import Guard
from api.observing import Observe
from api.ways import Ways
from monitor import database, logs
from monitor.errors import Refused
from monitor.gauges import StoreCollector
from monitor.metrics import VERSION
from monitor.service import Service, open_service, today
from monitor.settings import read

_DESCRIPTION = """低收入人口动态监测：预警队列、逐条解释、核查登记。

Low-income monitoring: the queue of alerts, each reason explained, follow-ups recorded. Every answer is cut to the
region of the worker whose bearer token is sent; names are masked and ID numbers never appear.
"""
_DOORS = (  # the queue's own addresses come before /alerts/{alert_id}
    health, auth, oidc, accounts, audit, queue, together, taking, presence, alerts, desk, duties, views, households,
    silences, dossiers, months, visiting, packs, leads, means, circumstances, places, feeds, runs, uploads, held,
    reveals, reports, sheets, imports, forms, outgoing, caseload, cases, referrals, photos, reviews, suggestions,
    models, rules, system, nights,
)  # fmt: skip
_TURN = 0.0005
"""Seconds that a hand computes while the loop has somebody at the door: Python's own five thousandths are a page."""


def create() -> FastAPI:
    """Return the application of the installation that the environment names."""
    settings = read()
    logs.install(production=settings.production)
    app = create_app(open_service(settings))
    _warm(app)
    return app


def _warm(app: FastAPI) -> None:
    """Do before the first request what would keep it waiting, and end with whoever started this process."""
    seats.sit_down()
    sys.setswitchinterval(_TURN)
    with suppress(Refused):  # a page that cannot be read is told to whoever asks
        app.state.laws.on(today())
    gc.collect()
    gc.freeze()  # what stays as long as the process is not looked through again at every collection
    parent = parent_process()
    if parent is not None:
        Thread(target=_follow, args=[parent.join], daemon=True).start()


def _follow(parent_ends: Callable[[], None]) -> None:
    parent_ends()
    os.kill(os.getpid(), signal.SIGTERM)


def create_app(service: Service) -> FastAPI:
    """Return the application that serves ``service``."""
    app = FastAPI(
        title="低收入人口动态监测 / Low-income monitoring",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's pages fetch scripts from elsewhere
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},  # we have our own
    )
    app.state.whole = service
    app.state.service = replace(service, engine=database.unscoped(service.engine))
    app.state.laws = Laws(app.state.service)
    app.state.collector = StoreCollector(service)
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)
    app.add_middleware(Guard)
    app.add_middleware(Observe)  # the outermost: it names the request
    routers = [door.router for door in _DOORS]
    for router in routers:
        app.router.routes += router.routes  # included as a router, each would be looked through twice
    declare(app, routers)
    pages.install(app)
    complete(app)
    app.router.routes.insert(0, Ways(app.router.routes))
    return app
