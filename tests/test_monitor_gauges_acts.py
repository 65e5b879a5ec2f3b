"""Metrics of what people did: visits by the way they came and in time or not, reveals, rows that left, packs sent."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from desks import raised, stored
from factories import DAY, FIRES, viewer
from sqlalchemy import select, update
from test_monitor_gauges import COUNTY, one, scraped

from monitor import audit, database
from monitor.cases import Visit, record_follow_up, supplements
from monitor.cases.clocks import Device
from monitor.cases.visits import Office
from monitor.gauges import CACHE_SECONDS, StoreCollector, acts
from monitor.gauges.acts import LAGS
from monitor.gauges.history import SETTLED
from monitor.service import Service, today
from monitor.tables import Alert, FollowUp, utc_now

FALSE_ALARM = Visit(uuid.UUID(int=0), DAY, "home", "false_alarm", "ERR_STALE")
HOUR = timedelta(hours=1)


def visited(service: Service, alert: uuid.UUID, **how: object) -> None:
    """The real act: an end by what was found, however it came."""
    visit = replace(FALSE_ALARM, id=uuid.uuid4(), visited_on=today(), **how)  # type: ignore[arg-type]
    with database.transaction(service.engine) as session:
        assert record_follow_up(session, alert, visit, by=viewer(), keyring=service.keyring, today=today()).new


def device(ago: timedelta, *, ahead: timedelta = timedelta(0)) -> Device:
    """Filled in so long ago, on a device whose clock is ``ahead``."""
    now = utc_now()
    return Device(filled_at=now - ago + ahead, sent_at=now + ahead)


def test_an_end_says_for_ever_whether_it_was_in_time_and_a_visit_how_it_came(service: Service) -> None:
    alerts = raised(service, [{"illness": FIRES}] * 3)
    for alert, due in zip(alerts, (today(), today() - timedelta(days=1), None), strict=True):
        with database.transaction(service.engine) as session:
            session.execute(update(Alert).where(Alert.id == alert).values(result_due_on=due, level="yellow"))
    visited(service, alerts[0])
    visited(service, alerts[1], device=device(HOUR))
    visited(service, alerts[2], device=device(HOUR), pack=uuid.uuid4())
    assert {stored(service, alert).status for alert in alerts} == {"closed"}
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).values(result_due_on=DAY))
    series, false_alarm = scraped(service), {"county": COUNTY, "outcome": "false_alarm"}
    closed = {word: one(series, "alerts_closed_total", in_time=word, **false_alarm) for word in ("yes", "no")}
    assert closed == {"yes": 2, "no": 1}
    for channel in ("import", "console", "offline"):
        assert one(series, "follow_ups_total", channel=channel, **false_alarm) == 1


def test_what_came_home_from_packs_is_counted_with_how_long_it_lay_by_our_clock(service: Service) -> None:
    alerts = raised(service, [{"illness": FIRES}] * 3)
    pack = uuid.uuid4()
    visited(service, alerts[0], device=device(5 * HOUR, ahead=timedelta(days=3)), pack=pack)
    visited(service, alerts[1], device=device(timedelta(minutes=5)))
    late = replace(FALSE_ALARM, id=uuid.uuid4(), visited_on=today(), device=device(30 * HOUR), pack=pack)
    with database.transaction(service.engine) as session:
        office = Office(service.keyring, today())
        assert supplements.keep(session, alerts[0], late, why="ended", by=viewer(), office=office).new
    now = [0.0]
    collector = StoreCollector(service, clock=lambda: now[0])
    for age in (timedelta(0), 2 * SETTLED):
        with database.transaction(service.engine) as session:
            for row in session.scalars(select(FollowUp).where(FollowUp.pack_id.is_not(None))).all():
                row.recorded_at, row.device_at = row.recorded_at - age, (row.device_at or utc_now()) - age
        now[0] += CACHE_SECONDS
        for series in (scraped(service, collector), scraped(service)):
            synced = {word: one(series, "offline_sync_total", result=word) for word in ("accepted", "supplement")}
            assert synced == {"accepted": 1, "supplement": 1}
            lag = "offline_sync_lag_seconds"
            below = {bound: one(series, f"{lag}_bucket", result="accepted", le=str(bound)) for bound in LAGS}
            assert below == {bound: float(bound > 5 * 3600) for bound in LAGS}
            assert one(series, f"{lag}_sum", result="supplement") is not None
        collector = StoreCollector(service, clock=lambda: now[0])


def test_reveals_and_rows_that_left_are_counted_once_from_the_audit_however_old(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [
        ("person.revealed", {"county": COUNTY}), ("person.revealed", {"county": COUNTY}), ("person.revealed", {}),
        ("alerts.exported", {"rows": 40}), ("alerts.exported", {"rows": 2}), ("report.exported", {"rows": 7}),
        ("forms.printed", {"forms": 3}), ("pack.made", {"households": 11}), ("role.granted", {"rows": 1_000}),
    ]  # fmt: skip
    now = [0.0]
    collector = StoreCollector(service, clock=lambda: now[0])
    before = scraped(service, collector)
    assert one(before, "export_rows_total", kind="alerts") == 0
    with database.transaction(service.engine) as session:
        for action, detail in said:
            audit.record(session, by="somebody", action=action, subject="x", detail=detail)
    for settled in (SETTLED, timedelta(0), SETTLED):  # what is recent, then all of it remembered, then both
        monkeypatch.setattr(acts, "SETTLED", settled)
        now[0] += CACHE_SECONDS
        for series in (scraped(service, collector), scraped(service)):
            kinds = ("alerts", "report", "forms", "packs")
            taken = {kind: one(series, "export_rows_total", kind=kind) for kind in kinds}
            assert taken == {"alerts": 42, "report": 7, "forms": 3, "packs": 11}
            assert one(series, "pii_reveals_total", county=COUNTY) == 2
            assert one(series, "pii_reveals_total", county="unknown") == 1
