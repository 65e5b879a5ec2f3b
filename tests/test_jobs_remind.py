"""Reminders: every deadline told once as coming, once as overdue, once to the level above; two clocks tell no more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

from desks import due, hire, raised
from factories import FIRES, VILLAGE
from sqlalchemy import func, select, update

from jobs.remind import remind
from monitor import database
from monitor.service import Service
from monitor.tables import Alert, Breach, Digest, Outbox
from monitor.work import reminding

RED = {"illness": FIRES}
TODAY = date(2026, 3, 13)


def digests(service: Service) -> list[Digest]:
    with database.reading(service.engine) as session:
        return list(session.scalars(select(Digest).order_by(Digest.region, Digest.recipient)))


def own(service: Service, alert: Any, worker: Any) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id == alert).values(owner_id=worker, status="assigned"))


def test_each_deadline_is_told_once_to_whom_it_concerns(service: Service) -> None:
    soon, overdue, long_overdue = raised(service, [RED] * 3)
    lin = hire(service, "林干事")[0]
    own(service, soon, lin.worker)
    for alert, on in ((soon, TODAY), (overdue, TODAY - timedelta(days=1)), (long_overdue, date(2026, 3, 2))):
        due(service, alert, on)
    assert remind(service, TODAY) == {"remind": 1, "overdue": 2, "escalate": 1, "answers_forgotten": 0}
    told = {(one.recipient, one.region): one.contents["counts"] for one in digests(service)}
    assert told == {
        (str(lin.worker), VILLAGE[:9]): {"remind": 1},
        ("", VILLAGE[:9]): {"overdue": 2},
        ("", VILLAGE[:6]): {"escalate": 1},
    }
    assert remind(service, TODAY)["overdue"] == remind(service, TODAY + timedelta(days=1))["escalate"] == 0


def test_what_is_due_later_is_told_on_its_day_and_a_new_deadline_anew(service: Service) -> None:
    alert = raised(service, [RED])[0]
    due(service, alert, date(2026, 3, 20))
    days = [TODAY + timedelta(days=ahead) for ahead in range(0, 18)]
    told = [(day.day, dict(+remind(service, day))) for day in days]
    assert [(day, said) for day, said in told if said] == [
        (19, {"remind": 1}), (21, {"overdue": 1}), (28, {"escalate": 1}),
    ]  # fmt: skip
    due(service, alert, date(2026, 3, 31))
    assert remind(service, date(2026, 3, 31))["remind"] == 1


def test_two_clocks_at_the_same_moment_tell_each_deadline_once_between_them(service: Service) -> None:
    for alert in raised(service, [RED] * 20):
        due(service, alert, date(2026, 3, 2))
    start = threading.Barrier(2)

    def clock(_: int) -> int:
        start.wait(timeout=60)
        return remind(service, TODAY)["escalate"]

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(clock, range(2))) == 20
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Breach)) == 40
        payloads = session.scalars(select(Outbox.payload).where(Outbox.kind == "deadlines_told")).all()
    assert sum(one.get("escalate", 0) for one in payloads) == 20


def test_what_was_put_off_comes_back_on_its_day(service: Service) -> None:
    alert = raised(service, [RED])[0]
    with database.transaction(service.engine) as session:
        paused = {"status": "snoozed", "paused_from": "open", "paused_until": TODAY}
        session.execute(update(Alert).where(Alert.id == alert).values(paused))
    assert remind(service, TODAY - timedelta(days=1))["woken"] == 0
    assert remind(service, TODAY)["woken"] == 1
    with database.reading(service.engine) as session:
        row = session.get_one(Alert, alert)
        assert (row.status, row.paused_until, row.version) == ("open", None, 2)


def test_who_is_on_leave_is_not_reminded_but_who_stands_in(service: Service) -> None:
    from monitor.tables import Duty

    alert = raised(service, [RED])[0]
    lin, fang = hire(service, "林干事")[0], hire(service, "方干事")[0]
    own(service, alert, lin.worker)
    due(service, alert, TODAY)
    with database.transaction(service.engine) as session:
        session.add(Duty(worker_id=lin.worker, villages=[], away_from=TODAY, away_until=TODAY, cover_id=fang.worker))
    remind(service, TODAY)
    assert [one.recipient for one in digests(service)] == [str(fang.worker)]
    with database.reading(service.engine) as session:
        assert len(reminding.digests(session, viewer=fang)) == 1
        assert reminding.digests(session, viewer=lin) == []


def test_the_level_above_a_village_is_its_town_and_so_on_to_the_nation() -> None:
    assert [reminding.above(code) for code in (VILLAGE, VILLAGE[:9], "340299", "3402", "34")] == [
        VILLAGE[:9], "340299", "3402", "34", "00",
    ]  # fmt: skip
