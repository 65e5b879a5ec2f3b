"""The words that an indicator may use beside a feed's columns and other indicators, and what each is."""

from collections.abc import Mapping
from datetime import date, timedelta

from monitor.policy.language import Kind

ATTRIBUTES: Mapping[str, Kind] = {
    "age": "number",
    "sex": "text",
    "relation": "text",
    "alive": "flag",
    "birth_on": "date",
    "died_on": "date",
    "age_at_death": "number",
    "days_since_death": "number",
    "month_after_death": "date",
}
DEATH_ATTRIBUTES = frozenset({"died_on", "age_at_death", "days_since_death", "month_after_death"})
HOUSEHOLD_ATTRIBUTES: Mapping[str, Kind] = {
    "region": "text",
    "county": "text",
    "town": "text",
    "category": "text",
    "members": "number",
    "members_living": "number",
    "monthly_income_per_head": "number",
    "yearly_income": "number",
}


def constants(as_of: date) -> Mapping[str, date | int | str]:
    """Return what the date itself says: the last full month, this month, the year, this term and the last.

    Terms are named as schools name them: 2025-2026-1 runs from September to January, -2 from February.
    """
    month_now = as_of.replace(day=1)
    start = as_of.year if as_of.month >= 9 else as_of.year - 1
    first, second, before = f"{start}-{start + 1}-1", f"{start}-{start + 1}-2", f"{start - 1}-{start}-2"
    spring = 2 <= as_of.month <= 8
    return {
        "as_of": as_of,
        "month_0": (month_now - timedelta(days=1)).replace(day=1),
        "month_now": month_now,
        "this_year": as_of.year,
        "this_term": second if spring else first,
        "last_term": first if spring else before,
    }


CONSTANTS: Mapping[str, Kind] = {
    "as_of": "date",
    "month_0": "date",
    "month_now": "date",
    "this_year": "number",
    "this_term": "text",
    "last_term": "text",
}


def months_before(day: date, months: int) -> date:
    """Return the same day ``months`` calendar months earlier; where that month is shorter, its last day."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
