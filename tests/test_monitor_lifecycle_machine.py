"""Random lives of alerts and cases against the plain model of the page: what one refuses the other refuses.

``LOWINCOME_LIFE_STEPS=100000`` makes it a campaign of that many steps on each kind of database; one transaction is
rolled forward through all of them and undone at the end.
"""

import os
import uuid
from datetime import date, timedelta
from random import Random
from typing import Any, ClassVar

import life_model
import pytest
from factories import DAY, VILLAGE, register
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from life_model import AlertLife, CaseLife, Try, Way
from sqlalchemy import func, select

from monitor import audit
from monitor.access import Viewer
from monitor.database import Session
from monitor.errors import Conflict, Forbidden, Invalid, Stale
from monitor.lifecycle import Step, begin, move, undo
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, Case, CaseEvent, FollowUp, LaterCheck, Measure, Worker, utc_now

STEPS = int(os.environ.get("LOWINCOME_LIFE_STEPS", "6000"))
LENGTH, TOGETHER = 10, 5
TRIED, BACK = 0.8, 0.12
OTHER = "340203002003"
WORKERS = [
    Viewer(uuid.UUID(int=number), f"干事{number}", role, "00")
    for number, role in enumerate(["assistant", "caseworker", "caseworker", "reviewer", "supervisor", "auditor"], 1)
]
WHO = [*WORKERS, *WORKERS[1:4], None]
DAYS = [0, 1, 30, 180, 181]
ALERTS, CASES = life_model.read("An alert"), life_model.read("A case")
SEEDS = st.integers(0, 2**32)  # a life is drawn from its seed: ten times the steps a second
COLUMNS = ("status", "owner_id", "paused_from", "paused_until", "wakes_on_worse", "region", "handed_from", "review_of",
           "contacted_on", "closed_why")  # fmt: skip
CASE_COLUMNS = ("status", "notice_from", "notice_until", "proposed_by", "paused_from", "removed_on")


class Told:
    """The session all examples share, and the steps made in it."""

    session: ClassVar[Session]
    done: ClassVar[int] = 0
    gone: ClassVar[int] = 0
    homes: ClassVar[int] = 0

    @classmethod
    def home(cls) -> int:
        cls.homes += 1
        return cls.homes


def an_edge(table: dict[str, Way], status: str, draw: int) -> str:
    """Mostly one that leaves from where it stands, sometimes any."""
    leaving = sorted(name for name, way in table.items() if status in way.moves)
    some = leaving if leaving and draw % 8 else sorted(table)
    return some[draw // 8 % len(some)]


def a_reason(way: Way, draw: int) -> str | None:
    """Mostly one that the edge takes, sometimes another or none."""
    fitting = "NE_INC" if way.reason in ("", "required") else way.reason.split(", ")[0]
    return fitting if draw % 7 else (None, "NE_INC", "ERR_ID", "DEAD")[draw // 7 % 4]


def tried(edge: str, who: Viewer | None, why: str | None, values: dict[str, Any], on: date, *, stale: bool) -> Try:
    return Try(edge, who.role if who else None, who.worker if who else None, why, values, on, stale)


def went(work: Any) -> bool:
    """Do ``work``; tell whether it was allowed. Anything but a refusal is a failure."""
    Told.done += 1
    try:
        work()
    except (Conflict, Forbidden, Invalid, Stale):
        return False
    Told.gone += 1
    return True


class Alerts(RuleBasedStateMachine):
    """One household through episodes of alerts, worked on by everybody at once."""

    @initialize(seed=SEEDS)
    def begins(self, seed: int) -> None:
        self.session, self.today, self.random = Told.session, DAY, Random(seed)
        self.household = register(self.session, start=Told.home())[0].id
        self.follow_ups = {one.id: one.recorded_by for one in self.session.scalars(select(FollowUp))}
        self.lives: list[tuple[Alert, AlertLife]] = []
        self.raises()

    def raises(self) -> None:
        """A scan raises the household's next episode, as it may whenever none is open."""
        alert = Alert(
            id=uuid.uuid4(), household_id=self.household, episode=len(self.lives) + 1, status="", level="red",
            level_since_on=DAY, region=VILLAGE, county=VILLAGE[:6], town=VILLAGE[:9], village=VILLAGE, opened_on=DAY,
            seen_on=DAY, wakes_on_worse=False, version=1, previous_id=self.lives[-1][0].id if self.lives else None,
        )  # fmt: skip
        begin(self.session, alert, "raise", by="scan")
        said = {name: getattr(alert, name) for name in COLUMNS} | {"closed": False}
        authors = {one: uuid.UUID(by) for one, by in self.follow_ups.items()}
        self.lives.append((alert, AlertLife(ALERTS, said, authors)))

    @rule()
    def lives_on(self) -> None:
        """Some steps together: drawing a step costs the framework as much as the step itself."""
        for _ in range(TOGETHER):
            kind = self.random.random()
            if kind < TRIED:
                self.goes()
            elif kind < TRIED + BACK:
                self.takes_back()
            else:
                self.night()

    def night(self) -> None:
        if all(life.said["closed"] for _, life in self.lives):
            self.raises()

    def goes(self) -> None:
        who, days, draw = self.random.choice(WHO), self.random.choice(DAYS), self.random.getrandbits(24)
        alert, life = self.lives[-1 if draw % 5 else draw % len(self.lives)]
        edge = an_edge(ALERTS, life.said["status"], draw)
        if edge in ("raise", "undo") or (edge == "claim" and who is None):
            return
        why, values = a_reason(ALERTS[edge], draw), self.values(edge, days, draw)
        one = tried(edge, who, why, values, self.today, stale=draw % 16 == 15)
        expected = life.version - 1 if one.stale else life.version
        step = Step(why, self.today, values, expected=expected)
        allowed = life.attempt(one, other_open=self.other_open(alert))
        assert went(lambda: move(self.session, alert, edge, by=who or "scan", step=step)) == allowed
        self.agree(alert, life)

    def takes_back(self) -> None:
        alert, life = self.lives[-1]
        who = next((one for one in WORKERS if life.steps and one.worker == life.steps[-1][1]), WORKERS[0])
        who = who if self.random.random() < 0.8 else self.random.choice(WORKERS)
        one = Try("undo", who.role, who.worker, None, {}, self.today)
        allowed = life.attempt(one, other_open=self.other_open(alert))
        assert went(lambda: undo(self.session, alert, by=who)) == allowed
        self.agree(alert, life)

    def values(self, edge: str, days: int, draw: int) -> dict[str, Any]:
        return {
            "assign": {"owner_id": WORKERS[draw % 3].worker if draw % 4 else None},
            "snooze": {"paused_until": self.today + timedelta(days=days), "wakes_on_worse": bool(draw % 2)},
            "suspend": {"paused_until": self.today + timedelta(days=days)},
            "hand_over": {"region": (OTHER, VILLAGE, None)[draw % 3]},
            "submit": {"review_of": list(self.follow_ups)[draw % 2]} if draw % 5 else {},
            "visit": {"contacted_on": self.today} if draw % 2 else {},
            "close": {"contacted_on": self.today} if draw % 2 else {},
        }.get(edge, {})

    def other_open(self, alert: Alert) -> bool:
        return any(not life.said["closed"] for one, life in self.lives if one is not alert)

    def agree(self, alert: Alert, life: AlertLife) -> None:
        assert {name: getattr(alert, name) for name in COLUMNS} == {name: life.said[name] for name in COLUMNS}
        assert (alert.version, alert.closed_at is not None) == (life.version, life.said["closed"])

    def teardown(self) -> None:
        """The database says the same as the objects, and every step is on the timeline with its version."""
        for alert, life in getattr(self, "lives", []):
            self.session.expire(alert)
            self.agree(alert, life)
            told = select(AlertEvent.edge, AlertEvent.version).where(AlertEvent.alert_id == alert.id)
            events = self.session.execute(told.order_by(AlertEvent.id)).all()
            gone = [(edge, number) for number, (edge, *_) in enumerate(life.steps, 2)]
            assert [tuple(event) for event in events] == [("raise", 1), *gone]
            self.session.expunge(alert)


class Cases(RuleBasedStateMachine):
    """One case, its measures, notices and later checks."""

    @initialize(seed=SEEDS)
    def begins(self, seed: int) -> None:
        self.session, self.today, self.random = Told.session, DAY, Random(seed)
        home = register(self.session, start=Told.home())[0].id
        alert = Alert(
            id=uuid.uuid4(), household_id=home, status="closed", closed_at=utc_now(), level="red", level_since_on=DAY,
            region=VILLAGE, county=VILLAGE[:6], opened_on=DAY, seen_on=DAY, wakes_on_worse=False,
        )  # fmt: skip
        self.session.add(alert)
        self.session.flush()
        self.home, self.alert = home, alert.id
        self.opens()

    def opens(self) -> None:
        self.case = Case(
            id=uuid.uuid4(), household_id=self.home, alert_id=self.alert, follow_up_id=uuid.uuid4(), status="",
            opened_on=DAY, version=1, risk_factors=[],
        )  # fmt: skip
        begin(self.session, self.case, "open", by=WORKERS[1])
        said = {name: getattr(self.case, name) for name in CASE_COLUMNS} | {"closed": False, "removal": None}
        self.life = CaseLife(CASES, said)

    @rule()
    def lives_on(self) -> None:
        for _ in range(TOGETHER):
            if self.random.random() < TRIED:
                self.goes()
            else:
                self.a_measure()

    def a_measure(self) -> None:
        made = {"code": "LS_J", "responsible": "王主任", "due_on": self.today, "made_by": "x"}
        self.session.add(Measure(id=uuid.uuid4(), case_id=self.case.id, **made))
        self.session.flush()
        self.life.measures += 1
        Told.done += 1

    def goes(self) -> None:
        who, draw = self.random.choice(WHO), self.random.getrandbits(24)
        self.today += timedelta(days=draw % 4)
        if self.life.said["closed"] and draw % 3:
            self.teardown()
            self.opens()
        edge = an_edge(CASES, self.life.said["status"], draw)
        if edge == "open" or (edge in ("withdraw", "end", "annul") and draw % 11):
            return
        why, values = a_reason(CASES[edge], draw), self.values(edge, draw)
        one = tried(edge, who, why, values, self.today, stale=draw % 16 == 15)
        expected = self.life.version - 1 if one.stale else self.life.version
        allowed = self.life.attempt(one)
        step = Step(why, self.today, values, expected=expected)
        assert went(lambda: move(self.session, self.case, edge, by=who or "scan", step=step)) == allowed
        self.checks_follow(edge, allowed=allowed)
        self.agree()

    def values(self, edge: str, draw: int) -> dict[str, Any]:
        last = self.today + timedelta(days=draw % 5 - 1)
        checks = dict.fromkeys(
            ("income_above_line", "guarantees_firm", "first_risk_gone", "no_new_risk", "consistent"), True
        )
        return {
            "publish": {"notice_from": self.today, "notice_until": last},
            "appraise": {"notice_from": self.today, "notice_until": last},
            "propose": {"removal": {"checks": checks | ({"no_new_risk": False} if draw % 4 == 3 else {})}},
            "remove": {"removed_on": self.today},
        }.get(edge, {})

    def checks_follow(self, edge: str, *, allowed: bool) -> None:
        """As casework does: three checks are owed after a removal, each check makes one."""
        if edge == "remove" and allowed:
            dues = [
                LaterCheck(case_id=self.case.id, months=m, due_on=self.today + timedelta(days=m)) for m in (3, 6, 12)
            ]
            self.session.add_all(dues)
            self.life.owed += 3
        if edge == "check" and allowed and self.life.owed:
            owed = select(LaterCheck).where(LaterCheck.case_id == self.case.id, LaterCheck.done_on.is_(None)).limit(1)
            self.session.scalars(owed).one().done_on = self.today
            self.life.owed -= 1
        self.session.flush()

    def agree(self) -> None:
        assert {name: getattr(self.case, name) for name in CASE_COLUMNS} == {
            name: self.life.said[name] for name in CASE_COLUMNS
        }
        assert (self.case.version, self.case.closed_at is not None) == (self.life.version, self.life.said["closed"])

    def teardown(self) -> None:
        if hasattr(self, "case"):
            self.session.expire(self.case)
            self.agree()
            told = select(func.count()).select_from(CaseEvent).where(CaseEvent.case_id == self.case.id)
            assert self.session.scalar(told) == self.life.version
            self.session.expunge(self.case)


@pytest.fixture
def rolled_forward(service: Service) -> Any:
    with service.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        Told.session, Told.done, Told.gone = session, 0, 0
        session.add_all(Worker(id=one.worker, name=one.name, role=one.role, region="00") for one in WORKERS)
        home = register(session, start=9_999_999)[0].id
        alert = Alert(
            id=uuid.uuid4(), household_id=home, status="open", level="red", level_since_on=DAY, region=VILLAGE,
            county=VILLAGE[:6], opened_on=DAY, seen_on=DAY, wakes_on_worse=False,
        )  # fmt: skip
        session.add(alert)
        session.flush()
        for worker in WORKERS[:2]:
            session.add(FollowUp(
                id=uuid.uuid4(), alert_id=alert.id, visited_on=DAY, way="home", finding="no_need", digest="x",
                recorded_by=str(worker.worker),
            ))  # fmt: skip
        session.flush()
        yield session
        assert list(audit.broken_links(session)) == []
        session.rollback()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("machine", "share"), [(Alerts, 0.75), (Cases, 0.25)], ids=["alerts", "cases"])
def test_any_life_goes_as_the_page_says(
    rolled_forward: Session, machine: type[RuleBasedStateMachine], share: float
) -> None:
    wanted = int(STEPS * share)
    checks = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ]
    chosen = settings(
        max_examples=max(1, round(wanted / (LENGTH * TOGETHER) * 1.4)), stateful_step_count=LENGTH, deadline=None,
        database=None,
        suppress_health_check=checks,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]
    print(f"{machine.__name__}: {Told.done} tried, {Told.gone} went")  # noqa: T201 - read by the campaign
    assert Told.done >= wanted // 2
    assert Told.gone >= Told.done // 5
