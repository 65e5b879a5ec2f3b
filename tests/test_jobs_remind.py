"""Reminders: every deadline told once as coming, once as overdue, once to the level above; two clocks tell no more."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

from desks import due, hire, raised
from factories import FIRES, VILLAGE
from sqlalchemy import func, select, update

from jobs.remind import remind
from monitor import database
from monitor.service import Service
from monitor.tables import Alert, Breach, Digest, Outbox, Referral, ReferralBreach, Worker, utc_now
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


def asked(service: Service, alert: Any, on: date, **more: Any) -> uuid.UUID:
    """Something asked of a department, to be answered by a day."""
    with database.transaction(service.engine) as session:
        home = session.get_one(Alert, alert).household_id
        made = Referral(
            id=uuid.uuid4(), household_id=home, alert_id=alert, code="RF_MED", department="医保局", due_on=on,
            digest="0", sent_by="x", **more,
        )  # fmt: skip
        session.add(made)
        return made.id


ROW = {"feed": "medical_settlements", "delivery_seq": 1, "row_no": 1}


def test_what_a_department_was_asked_is_told_once_as_coming_late_and_long_late(service: Service) -> None:
    one, other = raised(service, [RED] * 2)
    lin = hire(service, "林干事")[0]
    own(service, one, lin.worker)
    for alert in (one, other):
        due(service, alert, date(2026, 12, 31))
    help_, row = asked(service, one, date(2026, 3, 20)), asked(service, one, date(2026, 3, 20), **ROW)
    late = asked(service, other, date(2026, 3, 2))
    asked(service, other, date(2026, 3, 2), status="done", ended_at=utc_now())
    assert dict(+remind(service, TODAY)) == {"referral_overdue": 1, "referral_escalate": 1}
    told = {(one.recipient, one.region): one.contents for one in digests(service)}
    assert set(told) == {("", VILLAGE[:9]), ("", VILLAGE[:6])}
    assert told["", VILLAGE[:9]]["referrals"] == [
        {"referral": str(late), "correction": False, "alert": str(other), "step": "overdue", "due_on": "2026-03-02",
         "level": "red"}
    ]  # fmt: skip
    days = [TODAY + timedelta(days=ahead) for ahead in range(1, 18)]
    said = [(day.day, dict(+remind(service, day))) for day in days]
    assert [(day, counts) for day, counts in said if counts] == [
        (19, {"referral_remind": 1, "correction_remind": 1}),
        (21, {"referral_overdue": 1, "correction_overdue": 1}),
        (28, {"referral_escalate": 1, "correction_escalate": 1}),
    ]  # fmt: skip
    mine = [one.contents for one in digests(service) if one.recipient == str(lin.worker)]
    assert [{one["referral"] for one in each["referrals"]} for each in mine] == [{str(help_), str(row)}] * 2
    with database.reading(service.engine) as session:
        payloads = session.scalars(select(Outbox.payload).where(Outbox.kind == "deadlines_told")).all()
    assert len(payloads) == len(digests(service)) == 5


def test_the_clerks_of_a_department_are_told_what_it_was_asked_in_their_region_and_of_no_alert(
    service: Service,
) -> None:
    alert = raised(service, [RED])[0]
    due(service, alert, TODAY)
    help_, row = asked(service, alert, TODAY), asked(service, alert, TODAY - timedelta(days=1), **ROW)
    posts = {"here": (VILLAGE[:6], "医保局"), "city": (VILLAGE[:4], "医保局"), "nation": ("00", "医保局"),
             "village": (VILLAGE, "医保局"), "elsewhere": ("340203", "医保局"), "others": (VILLAGE[:6], "教育局"),
             "nobody's": (VILLAGE[:6], None)}  # fmt: skip
    clerks = {
        name: hire(service, name, role="department", region=region)[0].worker for name, (region, _) in posts.items()
    }
    with database.transaction(service.engine) as session:
        for name, (_, department) in posts.items():
            session.get_one(Worker, clerks[name]).department = department
    assert dict(+remind(service, TODAY)) == {"remind": 1, "referral_remind": 1, "correction_overdue": 1}
    told = {one.recipient: one.contents for one in digests(service)}
    assert set(told) == {"", *(str(clerks[name]) for name in ("here", "city", "nation", "village"))}
    theirs = told[str(clerks["here"])]
    assert (theirs["counts"], theirs["alerts"]) == ({"correction_overdue": 1, "referral_remind": 1}, [])
    assert [(one["referral"], one["level"]) for one in theirs["referrals"]] == [(str(row), None), (str(help_), None)]
    assert dict(+remind(service, TODAY + timedelta(days=30)))["referral_escalate"] == 1
    later = [one for one in digests(service) if one.as_of > TODAY and one.recipient == str(clerks["here"])]
    assert [one.contents["counts"] for one in later] == [{"referral_overdue": 1}]


def test_alerts_and_referrals_of_a_day_come_in_one_digest_and_what_was_answered_is_told_no_more(
    service: Service,
) -> None:
    alert = raised(service, [RED])[0]
    due(service, alert, TODAY)
    referral = asked(service, alert, TODAY)
    assert dict(+remind(service, TODAY)) == {"remind": 1, "referral_remind": 1}
    (digest,) = digests(service)
    assert (len(digest.contents["alerts"]), len(digest.contents["referrals"])) == (1, 1)
    with database.transaction(service.engine) as session:
        session.get_one(Referral, referral).ended_at = utc_now()
    assert dict(+remind(service, TODAY + timedelta(days=30))) == {"overdue": 1, "escalate": 1}


def test_two_clocks_at_the_same_moment_tell_each_deadline_once_between_them(service: Service) -> None:
    for alert in raised(service, [RED] * 20):
        due(service, alert, date(2026, 3, 2))
        asked(service, alert, date(2026, 3, 2))
    start = threading.Barrier(2)

    def clock(_: int) -> Counter[str]:
        start.wait(timeout=60)
        return +remind(service, TODAY)

    with ThreadPoolExecutor(2) as pool:
        told = sum(pool.map(clock, range(2)), Counter())
    steps = ("overdue", "escalate", "referral_overdue", "referral_escalate")
    assert told == dict.fromkeys(steps, 20)
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Breach)) == 40
        assert session.scalar(select(func.count()).select_from(ReferralBreach)) == 40
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
