"""Working days with their exchanged rest days, and deadlines that end at midnight in Shanghai."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.policy import PolicyError, load
from monitor.policy.days import Calendar, Deadlines, day_of, read_year
from monitor.policy.reading import read_text

POLICY = load(date(2026, 6, 1))
CALENDAR = POLICY.pack.calendar


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2024-02-04", True), ("2024-02-09", True), ("2024-02-10", False), ("2024-02-18", True), ("2024-04-07", True),
        ("2024-05-11", True), ("2024-09-14", True), ("2024-09-29", True), ("2024-10-12", True), ("2024-10-13", False),
        ("2025-01-01", False), ("2025-01-26", True), ("2025-02-04", False), ("2025-02-08", True), ("2025-04-27", True),
        ("2025-06-02", False), ("2025-09-28", True), ("2025-10-08", False), ("2025-10-11", True), ("2025-10-09", True),
        ("2026-01-02", False), ("2026-01-04", True), ("2026-02-14", True), ("2026-02-23", False), ("2026-02-28", True),
        ("2026-05-09", True), ("2026-06-19", False), ("2026-09-20", True), ("2026-09-25", False), ("2026-10-10", True),
        ("2027-01-01", True), ("2027-01-02", False), ("2031-03-03", True), ("2031-03-02", False),
    ],
)  # fmt: skip
def test_the_day_is_worked_as_the_state_council_arranged(day, works):
    assert CALENDAR.works(date.fromisoformat(day)) is works


@pytest.mark.parametrize(("year", "off", "worked"), [(2024, 28, 8), (2025, 28, 5), (2026, 33, 6)])
def test_a_year_has_as_many_days_off_and_worked_in_exchange_as_its_notice(year, off, worked):
    page = CALENDAR.years[year]
    assert (len(page.off), len(page.worked), page.published) == (off, worked, True)


def test_2027_is_not_yet_published():
    assert not CALENDAR.years[2027].published
    assert not CALENDAR.published(date(2027, 1, 4))
    assert not CALENDAR.published(date(2031, 1, 6))
    assert CALENDAR.published(date(2026, 12, 31))


def test_a_red_alert_before_the_spring_festival_waits_for_the_days_worked():
    # Friday 13 February 2026: the 14th is a Saturday worked, the 15th to the 23rd are off.
    found = POLICY.deadlines("red", date(2026, 2, 13))
    assert found == Deadlines(date(2026, 2, 14), date(2026, 2, 25), date(2026, 3, 5))


def test_the_day_of_receipt_is_shanghais_and_never_counts():
    late = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)
    later = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
    assert POLICY.deadlines("red", day_of(late)).visit_due_on == date(2026, 6, 4)
    assert POLICY.deadlines("red", day_of(later)).visit_due_on == date(2026, 6, 5)


def test_each_level_has_its_own_deadlines_and_blue_none():
    on = date(2026, 6, 1)
    assert POLICY.deadlines("orange", on) == Deadlines(None, date(2026, 6, 8), date(2026, 6, 23))
    assert POLICY.deadlines("yellow", on) == Deadlines(None, date(2026, 6, 15), date(2026, 6, 30))
    assert POLICY.deadlines("blue", on) == Deadlines(None, None, None)


def test_a_deadline_in_a_year_that_is_not_arranged_is_provisional():
    assert POLICY.deadlines("red", date(2026, 12, 25)).provisional
    assert not POLICY.deadlines("red", date(2026, 12, 1)).provisional


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="an instant must carry its time zone"):
        day_of(datetime(2026, 6, 1))  # noqa: DTZ001


@given(st.dates(date(2024, 1, 1), date(2027, 6, 1)), st.integers(0, 30))
def test_exactly_as_many_days_are_worked_as_were_asked_for(day, count):
    last = CALENDAR.after(day, count)
    between = [day.fromordinal(number) for number in range(day.toordinal() + 1, last.toordinal() + 1)]
    assert sum(CALENDAR.works(each) for each in between) == count
    assert count == 0 or CALENDAR.works(last)


@given(st.dates(date(2025, 1, 1), date(2028, 12, 31)), st.integers(-500, 500))
def test_the_working_days_between_two_days_are_those_that_counting_one_by_one_finds(day, days):
    other = day.fromordinal(day.toordinal() + days)
    after = range(min(day, other).toordinal() + 1, max(day, other).toordinal() + 1)
    counted = sum(CALENDAR.works(date.fromordinal(number)) for number in after)
    assert CALENDAR.between(day, other) == (counted if days >= 0 else -counted)


@given(st.dates(date(2024, 1, 1), date(2027, 6, 1)), st.integers(1, 30))
def test_counting_back_finds_the_day_that_counting_on_left(day, count):
    first = CALENDAR.before(day, count)
    assert CALENDAR.works(first)
    assert CALENDAR.after(first, count) == (day if CALENDAR.works(day) else CALENDAR.after(day, 1))


YEAR = "status: published\nreference: {title: a, article: b}\noff: [2030-01-01]\nworked: [2030-01-05]\n"


@pytest.mark.parametrize(
    ("old", "new", "en"),
    [
        ("off: [2030-01-01]", "off: [2031-01-01]", "of another year, or both off and worked"),
        ("worked: [2030-01-05]", "worked: [2029-01-06]", "of another year"),
        ("off: [2030-01-01]", "off: [2030-01-05]", "both off and worked"),
        ("worked: [2030-01-05]", "worked: [2030-01-07]", "a day worked in exchange lies on a weekend"),
        ("status: published", "status: rumoured", '"rumoured" is not one of: published, unpublished'),
    ],
)
def test_a_year_that_contradicts_itself_is_refused(old, new, en):
    with pytest.raises(PolicyError) as refused:
        read_year("2030", read_text(YEAR.replace(old, new), "calendar/2030.yaml"))
    assert en in refused.value.en


def test_a_calendar_without_pages_knows_weekends_only():
    assert Calendar({}).after(date(2026, 2, 13), 1) == date(2026, 2, 16)
