"""The table of an alert's and a case's life: the page says what the code says, and no edge is gone but by its rules."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, Home, judge, register, scan, viewer
from sqlalchemy import func, select, update

from monitor import audit, database
from monitor.access import Viewer
from monitor.alerts import raise_alerts
from monitor.errors import Conflict, Forbidden, Invalid, Stale
from monitor.lifecycle import ALERT, CASE, MACHINE, Machine, Step, last_step, leap, may, move, move_each, page, undo
from monitor.tables import Alert, AlertEvent, AuditEntry, Case, Outbox, Worker, utc_now

TOWN = viewer()
VILLAGE = replace(viewer(), worker=uuid.UUID(int=8), role="assistant", name="村协理员")
COUNTY = replace(viewer(), worker=uuid.UUID(int=9), role="reviewer", name="县审核")
AUDITOR = replace(viewer(), role="auditor")
PAUSE = ("paused_from", "paused_until", "wakes_on_worse")
LATER = DAY + timedelta(days=10)


@pytest.fixture
def session(engine: Any) -> Any:
    with database.transaction(engine) as opened:
        for one in (TOWN, VILLAGE, COUNTY):
            opened.add(Worker(id=one.worker, name=one.name, role=one.role, region="00"))
        opened.flush()
        yield opened


def some_alerts(session: database.Session, count: int = 1) -> list[Alert]:
    homes = register(session, count)
    raise_alerts(session, judge({home.id: Home({"illness": FIRES}) for home in homes}), scan=scan(session))
    return list(session.scalars(select(Alert).order_by(Alert.household_id)))


def said(alert: Alert, *columns: str) -> list[Any]:
    return [getattr(alert, name) for name in columns]


def brought_to(session: database.Session, state: str) -> Alert:
    """An alert that stands at ``state``, put there from outside: only what leads on from there is tried."""
    alert = some_alerts(session)[0]
    ended = utc_now() if state in ALERT.ends else None
    session.execute(update(Alert).values(status=state, closed_at=ended, paused_from="assigned", handed_from="340203"))
    session.refresh(alert)
    return alert


def test_the_page_holds_the_tables_as_the_code_has_them() -> None:
    assert page.PAGE.read_text(encoding="utf-8").endswith(f"{page.START}\n\n{page.tables()}")


@pytest.mark.parametrize("machine", [ALERT, CASE], ids=lambda machine: machine.name)
def test_every_state_can_be_reached_left_and_is_named_in_the_database(machine: Machine) -> None:
    table: type[Any] = Alert if machine is ALERT else Case
    words = next(str(one.sqltext) for one in table.__table__.constraints if str(one.name).endswith("_status"))
    assert [state for state in machine.states if f"'{state}'" not in words] == []
    assert words.count("'") == 2 * len(machine.states)
    reached = {target for edge in machine.edges.values() for target in edge.moves.values()}
    left = {source for edge in machine.edges.values() for source in edge.moves}
    assert set(machine.states) - reached == set()
    assert {*machine.living, ""} - left == set()
    assert left | reached - {"as before", "as it stands"} <= {*machine.states, ""}


def test_no_machine_closes_an_alert_removes_a_risk_or_ends_a_case() -> None:
    gone = [
        (machine.name, name)
        for machine in (ALERT, CASE)
        for name, edge in machine.edges.items()
        if MACHINE in edge.desks and set(edge.moves.values()) & {"closed", "removed", "ended"}
    ]
    assert gone == []
    assert [name for name, edge in CASE.edges.items() if MACHINE in edge.desks] == ["question"]


def test_what_others_outside_may_have_acted_on_cannot_be_undone() -> None:
    kept = {"refer", "approve", "approve_county", "annul", "reopen", "take_over", "decline", "raise", "undo"}
    assert kept & {name for name, edge in ALERT.edges.items() if edge.undoable} == set()


@pytest.mark.parametrize("state", list(ALERT.states))
def test_from_every_state_only_its_own_edges_lead_on(session: database.Session, state: str) -> None:
    alert = brought_to(session, state)
    for name, edge in ALERT.edges.items():
        if state not in edge.moves:
            with pytest.raises(Conflict, match="does not lead from there"):
                move(session, alert, name, by=TOWN, step=Step(why="X"))
    assert (alert.status, session.scalar(select(func.count()).select_from(AuditEntry))) == (state, 0)


def test_each_edge_is_for_its_desks_alone(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    for name, edge in ALERT.edges.items():
        source = next(iter(edge.moves))
        session.execute(
            update(Alert).values(status=source or "open", closed_at=utc_now() if source in ALERT.ends else None)
        )
        session.refresh(alert)
        for one, desk in ((VILLAGE, "village"), (TOWN, "township"), (COUNTY, "county"), (AUDITOR, "none")):
            if source and desk not in edge.desks:
                with pytest.raises(Forbidden, match="not for your desk"):
                    move(session, alert, name, by=one, step=Step(why="X"))
    assert alert.version == 1


def test_an_edge_leaves_who_when_why_before_and_after(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    before = utc_now()
    event = move(session, alert, "assign", by=TOWN, step=Step("BY_VILLAGE", DAY, {"owner_id": VILLAGE.worker}))
    assert (alert.status, alert.owner_id, alert.version) == ("assigned", VILLAGE.worker, 2)
    session.expire_all()
    assert (alert.status, alert.owner_id, alert.version) == ("assigned", VILLAGE.worker, 2)
    assert (event.by, event.role, event.worker, event.why) == (TOWN.name, "caseworker", TOWN.worker, "BY_VILLAGE")
    assert (event.kind, event.edge, event.as_of, event.version) == ("assigned", "assign", DAY, 2)
    assert before <= event.at <= utc_now()
    changed = {"owner_id": [None, str(VILLAGE.worker)]}
    assert event.detail == {"before": "open", "after": "assigned", "changed": changed}
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.by, entry.action, entry.subject) == (str(TOWN.worker), "alert.assigned", str(alert.id))
    assert list(audit.broken_links(session)) == []


@pytest.mark.parametrize(
    ("edge", "step", "refusal"),
    [
        ("assign", Step(), Invalid),
        ("snooze", Step(values={"paused_until": LATER}), Invalid),
        ("snooze", Step("BUSY", DAY), Invalid),
        ("snooze", Step("BUSY", DAY, {"paused_until": DAY}), Invalid),
        ("snooze", Step("BUSY", DAY, {"paused_until": DAY + timedelta(days=181)}), Invalid),
        ("suspend", Step("BUSY", DAY, {"paused_until": LATER}), Invalid),
        ("hand_over", Step("MOVED"), Invalid),
        ("hand_over", Step("MOVED", values={"region": "340299001001"}), Invalid),
        ("submit", Step("NE_INC"), Invalid),
        ("close", Step(), Invalid),
    ],
)
def test_what_an_edge_asks_for_must_be_given(
    session: database.Session, edge: str, step: Step, refusal: type[Exception]
) -> None:
    alert = some_alerts(session)[0]
    with pytest.raises(refusal):
        move(session, alert, edge, by=TOWN, step=step)
    first = last_step(session, alert)
    assert (alert.status, alert.version, first.edge if first else None) == ("open", 1, "raise")


def test_an_edge_sets_nothing_that_its_table_does_not_name(session: database.Session) -> None:
    with pytest.raises(ValueError, match="claim does not set"):
        move(session, some_alerts(session)[0], "claim", by=TOWN, step=Step(values={"level": "blue"}))


def test_somebody_who_saw_an_older_version_is_told_the_present_one(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "claim", by=TOWN)
    with pytest.raises(Stale) as refusal:
        move(session, alert, "release", by=TOWN, step=Step(expected=1))
    assert (refusal.value.version, alert.status) == (2, "assigned")
    session.connection().execute(update(Alert).values(version=7))
    with pytest.raises(Stale) as refusal:
        move(session, alert, "release", by=TOWN)
    assert refusal.value.version == 7


def test_a_paused_alert_returns_to_where_it_stood_or_to_its_new_owner(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    step = Step("BUSY", DAY, {"paused_until": LATER, "wakes_on_worse": True})
    move(session, alert, "snooze", by=VILLAGE, step=step)
    assert (alert.status, alert.paused_from, alert.paused_until, alert.wakes_on_worse) == (
        "snoozed",
        "open",
        LATER,
        True,
    )
    move(session, alert, "assign", by=TOWN, step=Step(values={"owner_id": VILLAGE.worker}))
    assert alert.status == "snoozed"
    move(session, alert, "resume", by="clock", step=Step("DATE"))
    assert (alert.status, alert.paused_from, alert.paused_until, alert.wakes_on_worse) == (
        "assigned",
        None,
        None,
        False,
    )
    move(session, alert, "suspend", by=TOWN, step=Step("AWAIT_REPORT", DAY, {"paused_until": LATER}))
    move(session, alert, "resume", by=VILLAGE)
    assert alert.status == "assigned"


def test_what_somebody_has_is_not_claimed_by_another(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "claim", by=TOWN)
    with pytest.raises(Conflict, match="somebody else"):
        move(session, alert, "claim", by=VILLAGE)
    move(session, alert, "claim", by=TOWN)
    move(session, alert, "release", by=TOWN)
    assert (alert.status, alert.owner_id) == ("open", None)


def test_an_alert_handed_over_is_taken_there_or_given_back(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    step = Step("MOVED", values={"region": "340203002003"})
    move(session, alert, "hand_over", by=TOWN, step=step)
    assert (alert.status, alert.region, alert.county, alert.town) == (
        "transferred",
        "340203002003",
        "340203",
        "340203002",
    )
    assert (alert.village, alert.handed_from, alert.owner_id) == ("340203002003", "340299001001", None)
    move(session, alert, "decline", by=TOWN, step=Step("NOT_OURS"))
    assert (alert.status, alert.region, alert.town, alert.handed_from) == (
        "returned",
        "340299001001",
        "340299001",
        None,
    )
    move(session, alert, "hand_over", by=TOWN, step=step)
    move(session, alert, "take_over", by=TOWN)
    assert (alert.status, alert.region, alert.handed_from) == ("open", "340203002003", "340299001001")


def test_closing_and_opening_again_keep_the_end_in_step_with_the_status(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "close", by=TOWN, step=Step("NE_INC"))
    assert alert.closed_at is not None
    assert alert.closed_why == "NE_INC"
    with pytest.raises(Forbidden):
        move(session, alert, "reopen", by=TOWN, step=Step("NEW_EVIDENCE"))
    move(session, alert, "reopen", by=COUNTY, step=Step("NEW_EVIDENCE"))
    assert (alert.status, alert.closed_at, alert.closed_why) == ("reopened", None, None)
    kinds = session.scalars(select(Outbox.kind).order_by(Outbox.id)).all()
    assert kinds == ["alert_raised", "alert_closed", "alert_reopened"]


def test_an_alert_is_not_opened_again_beside_another_of_its_household(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "close", by=TOWN, step=Step("NE_INC"))
    raise_alerts(session, judge({alert.household_id: Home({"illness": FIRES})}, as_of=LATER), scan=scan(session, LATER))
    with pytest.raises(Conflict, match="has an open alert"):
        move(session, alert, "reopen", by=COUNTY, step=Step("NEW_EVIDENCE"))
    with pytest.raises(Conflict, match="has an open alert"):
        undo(session, alert, by=TOWN)


@pytest.mark.parametrize(
    ("edge", "step"),
    [
        ("claim", Step()),
        ("assign", Step(values={"owner_id": VILLAGE.worker})),
        ("snooze", Step("BUSY", DAY, {"paused_until": LATER, "wakes_on_worse": True})),
        ("hand_over", Step("MOVED", values={"region": "340203002003"})),
        ("visit", Step()),
        ("submit", Step("NE_INC", values={"review_of": uuid.UUID(int=3)})),
        ("close", Step("NE_INC")),
    ],
)
def test_undo_sets_back_what_an_edge_changed_and_both_stay_on_record(
    session: database.Session, edge: str, step: Step
) -> None:
    alert = some_alerts(session)[0]
    columns = [column.name for column in Alert.__table__.columns if column.name != "version"]
    session.refresh(alert)
    before = {name: getattr(alert, name) for name in columns}
    move(session, alert, edge, by=TOWN, step=step)
    undo(session, alert, by=TOWN)
    session.expire_all()
    assert {name: getattr(alert, name) for name in columns} == before
    kinds = session.scalars(select(AlertEvent.edge).where(AlertEvent.edge.is_not(None)).order_by(AlertEvent.id)).all()
    assert kinds == ["raise", edge, "undo"]
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 2
    assert alert.version == 3
    with pytest.raises(Conflict, match="nothing of yours"):
        undo(session, alert, by=TOWN)


def _later(session: database.Session, alert: Alert) -> None:
    old = utc_now() - timedelta(seconds=31)
    session.add(AlertEvent(
        alert_id=alert.id, at=old, kind="claimed", edge="claim", worker=TOWN.worker, version=alert.version,
        detail={"before": "open", "after": "assigned", "changed": {}},
    ))  # fmt: skip
    session.flush()


def _touched(session: database.Session, alert: Alert) -> None:
    session.execute(update(Alert).values(version=Alert.version + 1))
    session.refresh(alert)


@pytest.mark.parametrize("meanwhile", [_later, _touched])
def test_undo_comes_too_late_after_thirty_seconds_or_another_change(
    session: database.Session, meanwhile: Callable[[database.Session, Alert], None]
) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "claim", by=TOWN)
    meanwhile(session, alert)
    with pytest.raises(Conflict, match="30 seconds"):
        undo(session, alert, by=TOWN)


def test_nobody_undoes_what_another_did_or_what_cannot_be_undone(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    move(session, alert, "claim", by=TOWN)
    with pytest.raises(Conflict, match="nothing of yours"):
        undo(session, alert, by=VILLAGE)
    move(session, alert, "annul", by=COUNTY, step=Step("ERR_ID"))
    with pytest.raises(Conflict, match="nothing of yours"):
        undo(session, alert, by=COUNTY)


def test_many_move_together_and_those_who_may_not_are_named(session: database.Session) -> None:
    alerts = some_alerts(session, 6)
    move(session, alerts[2], "close", by=TOWN, step=Step("NE_INC"))
    move(session, alerts[4], "claim", by=VILLAGE)
    audited = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    done = move_each(session, alerts, "claim", by=TOWN)
    assert [one.household_id for one in done.done] == [alerts[place].household_id for place in (0, 1, 3, 5)]
    assert [(one.household_id, type(why)) for one, why in done.refused] == [
        (alerts[2].household_id, Conflict), (alerts[4].household_id, Conflict),
    ]  # fmt: skip
    session.expire_all()
    assert [alert.status for alert in alerts] == ["assigned"] * 2 + ["closed"] + ["assigned"] * 3
    claimed = session.scalars(select(AlertEvent).where(AlertEvent.edge == "claim", AlertEvent.worker == TOWN.worker))
    assert len({event.detail["batch"] for event in claimed}) == 1
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == audited + 1


def test_of_many_none_moves_when_one_was_changed_meanwhile(engine: Any) -> None:
    with database.transaction(engine) as opened:
        alerts = some_alerts(opened, 3)
    with pytest.raises(Stale), database.transaction(engine) as opened:
        opened.connection().execute(update(Alert).where(Alert.id == alerts[1].id).values(version=5))
        move_each(opened, alerts, "note", by=TOWN)
    with database.reading(engine) as opened:
        assert opened.scalars(select(Alert.version)).all() == [1, 1, 1]


def test_a_scan_may_only_take_the_machines_edges(session: database.Session) -> None:
    assert (leap("raise", ""), leap("annul", "snoozed")) == ("open", "annulled")
    for edge, status in (("close", "open"), ("annul", "closed"), ("raise", "open")):
        with pytest.raises(ValueError, match="no scan takes"):
            leap(edge, status)


def test_a_viewer_is_shown_the_edges_of_their_desk(session: database.Session) -> None:
    alert = some_alerts(session)[0]
    nobody = Viewer(uuid.UUID(int=5), "审计", "auditor", "00")
    assert {"assign", "claim", "close", "hand_over"} <= set(may(alert, TOWN))
    assert "assign" not in may(alert, VILLAGE)
    assert may(alert, nobody) == []
