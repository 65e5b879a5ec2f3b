"""A night's run, a person at a terminal and a person at the console want the same job at the same instant."""

import multiprocessing
import random
import threading
import time
import uuid
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from browsing import Browser
from desks import signed_in
from rivals import CHUNKS, NIGHT, ROUNDS, nights, work
from sqlalchemy import select

from jobs.ledger import Busy
from monitor import database
from monitor.service import Service
from monitor.tables import Outbox, Run, RunEvent

BEFORE = date(2020, 1, 1)
_NEVER = threading.Event()


def prepared(service: Service, ahead: int) -> uuid.UUID:
    """What the console will let go: in turn a run of long ago that is on hold, and this night's own that has failed."""
    first = ahead % 2 == 0
    as_of = (BEFORE if first else NIGHT) + timedelta(days=ahead)
    with database.transaction(service.engine) as session:
        made = Run(job="scan", as_of=as_of, status="held" if first else "failed", attempt=1, fence=1)
        session.add(made)
        session.flush()
        return made.id


def comes(service: Service, ahead: int, chance: random.Random) -> None:
    """The person at the terminal comes at once, a little later, or while somebody is seen at work."""
    if ahead % 3 == 1:
        _NEVER.wait(chance.uniform(0, 0.02))
    until = time.monotonic() + 2
    while ahead % 3 == 2 and time.monotonic() < until:
        with database.reading(service.engine) as session:
            if session.scalar(select(Run.id).where(Run.status == "running")) is not None:
                return


def by_hand(service: Service, as_of: date) -> str:
    """What a person at a terminal hears: that it was done, or which run is at work."""
    try:
        work(service, as_of, "hand")
    except Busy as busy:
        return str(busy)
    return "done"


@pytest.mark.timeout(600)
def test_a_night_a_terminal_and_the_console_want_one_job_at_once_and_one_at_a_time_has_it(
    service: Service,
) -> None:
    operator = signed_in(service, "运维", role="administrator", region="00")
    context, chance = multiprocessing.get_context("spawn"), random.Random(6)
    both = context.Barrier(2)
    settings = service.settings
    night = context.Process(target=nights, args=(str(settings.home), settings.database_url, both))
    night.start()
    heard: Counter[str] = Counter()
    for ahead in range(ROUNDS):
        waiting = prepared(service, ahead)
        both.wait(120)
        asking = threading.Thread(target=lambda held=waiting: heard.update([let_go(operator, held)]))
        asking.start()
        comes(service, ahead, chance)
        said = by_hand(service, NIGHT + timedelta(days=ahead))
        heard["hand done" if said == "done" else "hand refused"] += 1
        assert said == "done" or at_work(service, said)
        asking.join()
        both.wait(120)
    night.join(60)
    assert night.exitcode == 0
    assert heard["queued"] + heard["told which"] == heard["hand done"] + heard["hand refused"] == ROUNDS
    assert min(heard["queued"], heard["hand done"], heard["hand refused"]) > 0
    never_beside(service)


def let_go(operator: Browser, held: uuid.UUID) -> str:
    answer = operator.post(f"/api/v1/runs/{held}/release")
    if answer.status_code == 200:
        assert answer.json()["status"] == "requested"
        return "queued"
    assert (answer.status_code, str(held) in answer.json()["detail"]) == (409, True), answer.text
    return "told which"


def at_work(service: Service, refusal: str) -> bool:
    """Whether the run that a refusal names is one that was begun."""
    with database.reading(service.engine) as session:
        named = [str(one) for one in session.scalars(select(RunEvent.run_id).distinct()) if str(one) in refusal]
    return len(named) == 1


def never_beside(service: Service) -> None:
    """Between the beginning of a run and its end nothing of another happens, and what was asked for was done."""
    with database.reading(service.engine) as session:
        steps: list[Any] = list(session.execute(select(RunEvent.run_id, RunEvent.kind).order_by(RunEvent.id)))
        chunks = list(session.scalars(select(Outbox.subject).where(Outbox.kind == "t").order_by(Outbox.id)))
        states = Counter(session.scalars(select(Run.status)))
        held = list(session.scalars(select(Run.id).where(Run.as_of < NIGHT)))
    at_work: uuid.UUID | None = None
    for key, kind in steps:
        if kind == "requested":
            continue
        assert at_work == (None if kind != "done" else key), (key, kind)
        at_work = key if kind != "done" else None
    assert at_work is None
    assert states == {"done": ROUNDS + len(held)}
    done = Counter(key for key, kind in steps if kind == "done")
    assert [done[key] for key in held] == [1] * len(held) == [1] * ((ROUNDS + 1) // 2)
    assert chunks == [one for first in chunks[::CHUNKS] for one in [first] * CHUNKS]
    assert len(chunks) == CHUNKS * done.total()
