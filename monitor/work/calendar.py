"""The calendar that the office counts by: the pages shipped with the policy, and the office's own years over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.access import Viewer
from monitor.errors import Invalid, Stale
from monitor.policy import Policy
from monitor.policy.days import SATURDAY, Calendar, Year
from monitor.policy.thresholds import Reference
from monitor.tables import CalendarYear, utc_now

SHIPPED = 0


@dataclass(frozen=True)
class Arranged:
    """A year as it is counted; ``version`` is 0 while the page that ships with the policy holds."""

    year: int
    title: str
    published: bool
    off: Sequence[date]
    worked: Sequence[date]
    version: int = SHIPPED


def calendar(session: Session, law: Policy) -> Calendar:
    """Return which days are worked: an office's own year stands in place of the one shipped."""
    own = {row.year: _year(row) for row in database.run(session, _years, values={})}
    return Calendar({**law.pack.calendar.years, **own}) if own else law.pack.calendar


def arranged(session: Session, law: Policy, year: int) -> Arranged:
    """Return how ``year`` is counted; a year that nobody arranged has weekends only, and is not published."""
    own = session.get(CalendarYear, year)
    shipped = law.pack.calendar.years.get(year)
    if own is not None:
        page = _year(own)
        return Arranged(year, own.title, True, sorted(page.off), sorted(page.worked), own.version)
    if shipped is not None:
        return Arranged(year, shipped.reference.title, shipped.published, sorted(shipped.off), sorted(shipped.worked))
    return Arranged(year, "", False, (), ())


def arrange(session: Session, said: Arranged, *, by: Viewer, expected: int) -> None:
    """Put the office's own arrangement of a year in place of what was counted by.

    Refuses a day of another year, one both off and worked, one worked that is no weekend; ``expected`` is the version
    it rests on, 0 for the shipped page.
    """
    _check(said)
    row = session.get(CalendarYear, said.year, with_for_update=True)
    if (row.version if row else SHIPPED) != expected:
        raise Stale(row.version if row else SHIPPED)
    if row is None:
        row = CalendarYear(year=said.year, version=SHIPPED)
        session.add(row)
    row.title, row.off, row.worked = said.title, _texts(said.off), _texts(said.worked)
    row.version, row.changed_by, row.changed_at = expected + 1, by.name, utc_now()
    detail = {"title": said.title, "off": len(row.off), "worked": len(row.worked), "version": row.version}
    audit.record(session, by=str(by.worker), action="calendar.arranged", subject=str(said.year), detail=detail)
    session.flush()


def unpublished(calendar: Calendar, days: Iterable[date]) -> list[int]:
    """Return the years among ``days`` whose days off nobody has arranged: there only weekends are left out."""
    return sorted({day.year for day in days if day.year < date.max.year and not calendar.published(day)})


def _check(said: Arranged) -> None:
    off, worked = set(said.off), set(said.worked)
    if off & worked or any(day.year != said.year for day in off | worked):
        raise Invalid(
            zh="日期须在本年内，且不能既放假又上班", en="each day lies in the year, and is not both off and worked"
        )
    if any(day.weekday() < SATURDAY for day in worked):
        raise Invalid(zh="补班日应在周末", en="a day worked in exchange lies on a weekend")


def _years() -> Select[*tuple[Any, ...]]:
    return select(CalendarYear.year, CalendarYear.title, CalendarYear.off, CalendarYear.worked)


def _year(row: Any) -> Year:
    off, worked = (frozenset(map(date.fromisoformat, days)) for days in (row.off, row.worked))
    return Year(row.year, True, Reference(row.title, "", "", "", ""), off, worked)


def _texts(days: Iterable[date]) -> list[str]:
    return sorted({day.isoformat() for day in days})
