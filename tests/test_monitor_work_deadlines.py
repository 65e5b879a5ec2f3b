"""Deadlines: counted in working days, by the office's own calendar, and never later because things got worse."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, SILENT, Home, judge, register, scan, viewer
from sqlalchemy import select, update

from monitor import policy
from monitor.alerts import raise_alerts
from monitor.database import Session
from monitor.errors import Invalid, Stale
from monitor.policy.days import SHANGHAI
from monitor.tables import Alert, AuditEntry
from monitor.work import calendar, deadlines
from monitor.work.calendar import Arranged

LAW = policy.load(DAY)
MONDAY = date(2026, 3, 2)


def raised(session: Session, verdicts: Mapping[str, Any], *, on: date = MONDAY) -> Alert:
    home = register(session)[0]
    return again(session, home.id, verdicts, on=on, as_of=DAY)


def again(session: Session, home: int, verdicts: Mapping[str, Any], *, on: date, as_of: date) -> Alert:
    judged = judge({home: Home(verdicts)}, as_of=as_of)
    raise_alerts(session, judged, scan=scan(session, as_of), due=deadlines.Clock(LAW).due(session, on=on))
    session.expire_all()
    return session.scalars(select(Alert)).one()


def test_an_alert_is_raised_with_its_deadlines(session: Session) -> None:
    alert = raised(session, {"illness": FIRES})
    dates = (alert.contact_due_on, alert.visit_due_on, alert.result_due_on, alert.due_on)
    assert dates == (date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 16), date(2026, 3, 3))


def test_what_is_due_next_follows_what_was_done(session: Session) -> None:
    alert = raised(session, {"illness": FIRES})
    seen = []
    for done in ({"contacted_on": MONDAY}, {"visited_on": MONDAY}, {"contacted_on": None}):
        session.execute(update(Alert).values(**done))
        session.refresh(alert)
        seen.append(alert.due_on)
    assert seen == [alert.visit_due_on, alert.result_due_on, alert.result_due_on]


def test_without_deadlines_an_alert_is_due_never(session: Session) -> None:
    home = register(session)[0]
    raise_alerts(session, judge({home.id: Home({"illness": FIRES})}), scan=scan(session))
    assert session.scalars(select(Alert)).one().due_on == deadlines.NEVER


def test_worse_brings_deadlines_forward_and_never_back(session: Session) -> None:
    before = raised(session, {"income": FIRES})
    assert (before.level, before.visit_due_on, before.result_due_on) == ("orange", date(2026, 3, 9), date(2026, 3, 23))
    both = {"income": FIRES, "illness": FIRES}
    after = again(session, before.household_id, both, on=date(2026, 3, 6), as_of=DAY + timedelta(days=5))
    assert (after.level, after.contact_due_on) == ("red", date(2026, 3, 9))
    assert (after.visit_due_on, after.result_due_on) == (date(2026, 3, 9), date(2026, 3, 20))


def test_milder_leaves_deadlines_as_they_are(session: Session) -> None:
    alert = raised(session, {"illness": FIRES, "elder": FIRES})
    before = (alert.contact_due_on, alert.visit_due_on, alert.result_due_on)
    for days in (1, 32):
        said = {"illness": SILENT, "elder": FIRES}
        alert = again(session, alert.household_id, said, on=MONDAY, as_of=DAY + timedelta(days=days))
    assert (alert.level, alert.contact_due_on, alert.visit_due_on, alert.result_due_on) == ("yellow", *before)


def test_the_queue_parts_by_working_days(session: Session) -> None:
    spans = deadlines.spans(session, LAW, today=date(2026, 3, 13))
    assert (spans.long, spans.today, spans.soon) == (date(2026, 3, 6), date(2026, 3, 13), date(2026, 3, 16))
    days = [date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 12), date(2026, 3, 13), date(2026, 3, 16)]
    groups = [spans.group(day) for day in (*days, date(2026, 3, 17), deadlines.NEVER)]
    assert groups == ["long_overdue", "overdue", "overdue", "soon", "soon", "later", "later"]
    for group in deadlines.GROUPS:
        first, last = spans.days(group)
        assert all(spans.group(day) == group for day in (first, last) if day is not None)


def test_the_offices_own_year_stands_in_place_of_the_shipped_one(session: Session) -> None:
    shipped = calendar.arranged(session, LAW, 2026)
    assert (shipped.published, len(shipped.off), shipped.version) == (True, 33, 0)
    flood = Arranged(2026, "市政府通知", True, [*shipped.off, date(2026, 3, 3)], shipped.worked)
    calendar.arrange(session, flood, by=viewer(), expected=0)
    assert not calendar.calendar(session, LAW).works(date(2026, 3, 3))
    assert calendar.arranged(session, LAW, 2026).version == 1
    assert raised(session, {"illness": FIRES}).contact_due_on == date(2026, 3, 4)
    assert session.scalars(select(AuditEntry.action)).all() == ["calendar.arranged"]


def test_a_clock_that_is_asked_again_reckons_anew_only_when_day_or_calendar_have_changed(session: Session) -> None:
    clock = deadlines.Clock(LAW)

    def contact(on: date) -> date | None:
        return clock.due(session, on=on)("red", "340202001001").contact_due_on

    before = clock.due(session, on=MONDAY)
    assert (clock.due(session, on=MONDAY) is before, contact(MONDAY)) == (True, date(2026, 3, 3))
    assert (contact(date(2026, 3, 6)), contact(MONDAY)) == (date(2026, 3, 9), date(2026, 3, 3))
    shipped = calendar.arranged(session, LAW, 2026)
    flood = Arranged(2026, "市政府通知", True, [*shipped.off, date(2026, 3, 3)], shipped.worked)
    calendar.arrange(session, flood, by=viewer(), expected=0)
    assert contact(MONDAY) == date(2026, 3, 4)
    again = clock.due(session, on=MONDAY)
    assert clock.due(session, on=MONDAY) is again


def test_two_who_arrange_a_year_do_not_overwrite_each_other(session: Session) -> None:
    year = Arranged(2027, "国务院办公厅通知", True, [date(2027, 1, 1)], [])
    calendar.arrange(session, year, by=viewer(), expected=0)
    for seen in (0, 2):
        with pytest.raises(Stale) as refused:
            calendar.arrange(session, year, by=viewer(), expected=seen)
        assert refused.value.version == 1
    calendar.arrange(session, year, by=viewer(), expected=1)


@pytest.mark.parametrize(
    ("off", "worked"),
    [
        ([date(2026, 1, 1)], []),
        ([date(2027, 1, 2)], [date(2027, 1, 2)]),
        ([], [date(2027, 1, 4)]),
    ],
)
def test_a_year_that_contradicts_itself_is_refused(session: Session, off: list[date], worked: list[date]) -> None:
    with pytest.raises(Invalid):
        calendar.arrange(session, Arranged(2027, "x", True, off, worked), by=viewer(), expected=0)


def test_a_year_that_nobody_arranged_counts_weekends_and_says_so(session: Session) -> None:
    days = calendar.calendar(session, LAW)
    assert calendar.unpublished(days, [date(2026, 5, 1), date(2027, 1, 4), date(2031, 3, 3), deadlines.NEVER]) == [
        2027, 2031,
    ]  # fmt: skip
    assert days.after(date(2030, 12, 31), 1) == date(2031, 1, 1)
    assert calendar.arranged(session, LAW, 2031) == Arranged(2031, "", False, (), ())


def test_when_the_calendar_changes_open_alerts_are_counted_anew(session: Session) -> None:
    alert = raised(session, {"illness": FIRES})
    at = datetime(2026, 3, 2, 0, 5, tzinfo=SHANGHAI)
    session.execute(update(Alert).values(opened_at=at))
    shipped = calendar.arranged(session, LAW, 2026)
    closed = Arranged(
        2026, "停工三天", True, [*shipped.off, *(date(2026, 3, day) for day in (3, 4, 5))], shipped.worked
    )
    calendar.arrange(session, closed, by=viewer(), expected=0)
    assert deadlines.recount(session, LAW) == 1
    session.refresh(alert)
    assert (alert.contact_due_on, alert.visit_due_on) == (date(2026, 3, 6), date(2026, 3, 10))
    assert deadlines.recount(session, LAW) == 0
