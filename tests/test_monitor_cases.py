"""Follow-ups: what a worker found is recorded once, and what it decides is carried out with it."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from factories import DAY, FIRES, Home, judge, register, scan, viewer
from sqlalchemy import Engine, func, select

from monitor import audit, database, policy
from monitor.alerts import raise_alerts
from monitor.cases import FINDINGS, REASON_CODES, Visit, record_follow_up
from monitor.cases.codes import PROGRAMS
from monitor.errors import Conflict, Invalid, NotFound
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, FollowUp, Outbox, Quiet

TODAY = DAY + timedelta(days=10)
NO_NEED = Visit(uuid.UUID(int=1), DAY + timedelta(days=2), "home", "no_need", "NE_SHORT", note="张三家已缓解")


@pytest.fixture
def alert(engine: Engine) -> Alert:
    with database.transaction(engine) as session:
        home = register(session)[0].id
        raise_alerts(session, judge({home: Home({"illness": FIRES, "elder": FIRES})}), scan=scan(session))
    with database.reading(engine) as session:
        return session.scalars(select(Alert)).one()


def record(service: Service, alert: Alert, visit: Visit, region: str = "00") -> bool:
    with database.transaction(service.engine) as session:
        return record_follow_up(session, alert.id, visit, by=viewer(region), keyring=service.keyring, today=TODAY).new


def now(service: Service) -> Alert:
    with database.reading(service.engine) as session:
        return session.scalars(select(Alert)).one()


def count(service: Service, table: type) -> int:
    with database.reading(service.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_verified_no_need_closes_the_alert_and_keeps_its_rules_quiet(service: Service, alert: Alert) -> None:
    assert record(service, alert, NO_NEED)
    closed = now(service)
    assert (closed.status, closed.closed_why, closed.version) == ("closed", "NE_SHORT", 2)
    with database.reading(service.engine) as session:
        quiets = {quiet.rule: quiet for quiet in session.scalars(select(Quiet))}
    assert set(quiets) == {"illness", "elder"}
    assert (quiets["illness"].observed, quiets["illness"].level) == (12_000, "red")
    assert quiets["illness"].until_on == NO_NEED.visited_on + timedelta(days=90)


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        ("helped", "LS_J"),
        ("helped", "RF_MED"),
        ("moved", "MOVED"),
        ("died", "DEAD"),
        ("false_alarm", "ERR_STALE"),
        ("false_alarm", "ERR_AMT"),
        ("false_alarm", "DUP"),
    ],
)
def test_an_alert_ended_by_anything_else_keeps_no_rule_quiet(
    service: Service, alert: Alert, finding: str, code: str
) -> None:
    record(service, alert, replace(NO_NEED, finding=finding, reason_code=code))
    assert (now(service).status, now(service).closed_why, count(service, Quiet)) == ("closed", code, 0)
    day = DAY + timedelta(days=3)
    with database.transaction(service.engine) as session:
        raise_alerts(session, judge({alert.household_id: Home({"illness": FIRES})}, as_of=day), scan=scan(session, day))
    assert count(service, Alert) == 2


def test_the_step_is_on_the_timeline_in_the_outbox_and_in_the_audit_chain(service: Service, alert: Alert) -> None:
    record(service, alert, NO_NEED)
    with database.reading(service.engine) as session:
        last = session.scalars(select(AlertEvent).order_by(AlertEvent.id.desc())).first()
        assert last is not None
        assert (last.kind, last.by, last.detail["before"], last.detail["after"]) == (
            "closed",
            "林干事",
            "open",
            "closed",
        )
        assert list(session.scalars(select(Outbox.kind).order_by(Outbox.id))) == ["alert_raised", "alert_closed"]
        assert list(audit.broken_links(session)) == []


def test_a_note_is_kept_encrypted_and_nowhere_else(service: Service, alert: Alert) -> None:
    record(service, alert, NO_NEED)
    with database.reading(service.engine) as session:
        follow_up = session.scalars(select(FollowUp)).one()
        told = [str(row) for column in (AlertEvent.detail, Outbox.payload) for row in session.scalars(select(column))]
    assert follow_up.note is not None
    assert service.keyring.decrypt(follow_up.note, about="follow_ups.note") == "张三家已缓解"
    assert "张三" not in "".join(told) + repr(follow_up.note)


def test_the_same_visit_sent_twice_is_recorded_once(service: Service, alert: Alert) -> None:
    assert record(service, alert, NO_NEED)
    assert not record(service, alert, NO_NEED)
    assert (count(service, FollowUp), count(service, Quiet), now(service).version) == (1, 2, 2)


@pytest.mark.parametrize("change", [{"note": "别的"}, {"reason_code": "NE_INC"}, {"way": "phone"}])
def test_the_same_visit_sent_changed_is_a_conflict(service: Service, alert: Alert, change: dict[str, str]) -> None:
    record(service, alert, NO_NEED)
    with pytest.raises(Conflict, match="says something else"):
        record(service, alert, replace(NO_NEED, **change))


def test_parallel_sendings_record_one_follow_up(service: Service, alert: Alert) -> None:
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(record(service, alert, NO_NEED))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 9 + [True]
    assert (count(service, FollowUp), count(service, AlertEvent)) == (1, 2)


def test_an_alert_that_has_ended_takes_no_new_visit(service: Service, alert: Alert) -> None:
    record(service, alert, NO_NEED)
    with pytest.raises(Conflict, match="has ended"):
        record(service, alert, replace(NO_NEED, id=uuid.UUID(int=2)))


@pytest.mark.parametrize("region", ["340298", "340299001002", "340299002", "33"])
def test_an_alert_of_another_region_does_not_exist_for_the_worker(service: Service, alert: Alert, region: str) -> None:
    with pytest.raises(NotFound) as hidden:
        record(service, alert, NO_NEED, region)
    with pytest.raises(NotFound) as absent, database.transaction(service.engine) as session:
        record_follow_up(session, uuid.uuid4(), NO_NEED, by=viewer(), keyring=service.keyring, today=TODAY)
    assert str(hidden.value) == str(absent.value)


@pytest.mark.parametrize("region", ["340299001001", "340299001", "340299", "3402", "34", "00"])
def test_a_worker_of_any_region_above_may_record(service: Service, alert: Alert, region: str) -> None:
    assert record(service, alert, NO_NEED, region)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"finding": "false_alarm", "reason_code": None}, "needs a reason code"),
        ({"finding": "false_alarm", "reason_code": "NE_INC"}, "reason codes of"),
        ({"finding": "fine"}, "finding is one of"),
        ({"way": "pigeon"}, "way is one of"),
        ({"finding": "watch", "reason_code": "WATCH"}, "date of the next visit"),
        ({"next_on": NO_NEED.visited_on}, "comes after"),
        ({"visited_on": DAY - timedelta(days=1)}, "between"),
        ({"visited_on": TODAY + timedelta(days=1)}, "between"),
        ({"finding": "unreachable", "reason_code": "LOST"}, "three attempts"),
    ],
)
def test_a_visit_that_makes_no_sense_is_refused_and_changes_nothing(
    service: Service, alert: Alert, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(Invalid, match=complaint):
        record(service, alert, replace(NO_NEED, **change))
    assert (count(service, FollowUp), now(service).version) == (0, 1)


@pytest.mark.parametrize("finding", ["confirmed", "partly"])
def test_a_confirmed_risk_stays_open_and_is_marked_visited(service: Service, alert: Alert, finding: str) -> None:
    record(service, alert, replace(NO_NEED, finding=finding, reason_code="RF_MED"))
    assert (now(service).status, count(service, Quiet)) == ("visited", 0)


def test_a_household_is_lost_at_the_third_attempt_and_not_before(service: Service, alert: Alert) -> None:
    for number in (1, 2):
        record(service, alert, replace(NO_NEED, id=uuid.UUID(int=number), finding="unreachable", reason_code=None))
        assert now(service).status == "open"
    record(service, alert, replace(NO_NEED, id=uuid.UUID(int=3), finding="unreachable", reason_code="LOST"))
    assert (now(service).status, now(service).closed_why) == ("closed", "LOST")


def test_the_night_after_a_verified_no_need_raises_nothing_until_the_facts_worsen(
    service: Service, alert: Alert
) -> None:
    record(service, alert, NO_NEED)
    for days, observed, episodes in ((3, 12_000, 1), (4, 15_599, 1), (5, 15_600, 2)):
        day = DAY + timedelta(days=days)
        home = {alert.household_id: Home({"illness": (FIRES, observed), "elder": FIRES})}
        with database.transaction(service.engine) as session:
            raise_alerts(session, judge(home, as_of=day), scan=scan(session, day))
        assert count(service, Alert) == episodes


def deaths(delivery: int, feed: str = "deaths", people: Sequence[int] = (1,)) -> list[dict[str, Any]]:
    """A list in full brings the same death in another row every time."""
    row = {"feed": feed, "delivery": delivery, "row": delivery, "on": None, "amount": None}
    return [row | {"person": person} for person in people]


def always(rows: list[dict[str, Any]], _: int, __: str) -> list[dict[str, Any]]:
    """The same rows for every household and rule."""
    return rows


@pytest.mark.parametrize(
    ("feed", "people", "why"),
    [
        ("deaths", [1], None),
        ("deaths", [1, 2], "person"),
        ("household_register", [1, 2], None),
    ],
)
def test_a_rule_that_measures_nothing_speaks_again_of_a_further_person(
    service: Service, feed: str, people: list[int], why: str | None
) -> None:
    with database.transaction(service.engine) as session:
        home = register(session)[0].id
    for days, told in ((0, deaths(1)), (3, deaths(2) + deaths(2, feed, people))):
        day = DAY + timedelta(days=days)
        verdicts = {home: Home({"elder": (FIRES, float("nan"))})}
        judged = judge(verdicts, as_of=day, rows=partial(always, told))
        with database.transaction(service.engine) as session:
            raise_alerts(session, judged, scan=scan(session, day))
        if not days:
            record(service, now(service), NO_NEED)
    with database.reading(service.engine) as session:
        assert list(session.scalars(select(Quiet.ended_why))) == [why]
    assert count(service, Alert) == (1 if why is None else 2)


def test_a_rule_quieted_again_has_one_quiet_in_force(service: Service, alert: Alert) -> None:
    record(service, alert, NO_NEED)
    day = DAY + timedelta(days=5)
    with database.transaction(service.engine) as session:
        home = {alert.household_id: Home({"illness": (FIRES, 20_000)})}
        raise_alerts(session, judge(home, as_of=day), scan=scan(session, day))
        second = session.scalars(select(Alert).where(Alert.episode == 2)).one()
    record(service, second, replace(NO_NEED, id=uuid.UUID(int=2), visited_on=day))
    with database.reading(service.engine) as session:
        ended = list(session.scalars(select(Quiet.ended_why).where(Quiet.rule == "illness").order_by(Quiet.id)))
    assert ended == ["worse", None]


def test_every_finding_names_only_known_reason_codes() -> None:
    assert {code for finding in FINDINGS.values() for code in finding.codes} <= set(REASON_CODES)
    assert [name for name, finding in FINDINGS.items() if finding.required and not finding.codes] == []
    assert set(REASON_CODES) <= {code for finding in FINDINGS.values() for code in finding.codes}


def test_every_programme_that_agencies_pay_under_is_called_something_in_both_languages() -> None:
    paid = policy.load(DAY).pack.feeds["benefit_payments"].columns["program"].codes or {}
    assert set(paid) == set(PROGRAMS)
    assert all(zh != code != en for code, (zh, en) in PROGRAMS.items())
