"""What the date itself says, and which names of policy's vocabulary are said of deaths or of households."""

from collections.abc import Mapping
from datetime import date, timedelta

from monitor.policy.vocabulary import REGISTER

DEATH_ATTRIBUTES = frozenset({"died_on", "age_at_death", "days_since_death", "month_after_death"})
HOUSEHOLD_ATTRIBUTES = tuple(REGISTER)


def constants(as_of: date) -> Mapping[str, date | int | str]:
    """Return the value of each of policy's ``CONSTANTS``: months, year, this term and the last.

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


def months_before(day: date, months: int) -> date:
    """Return the same day ``months`` calendar months earlier; where that month is shorter, its last day."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
