"""Working days as the State Council arranges them, and the deadlines counted in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.policy.language import PolicyError
from monitor.policy.reading import Part
from monitor.policy.thresholds import Reference, read_reference

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = 5
ONE_DAY = timedelta(days=1)


def day_of(instant: datetime) -> date:
    """Return the day in Shanghai on which ``instant`` lies; refuses an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant must carry its time zone")
    return instant.astimezone(SHANGHAI).date()


@dataclass(frozen=True)
class Year:
    """One year's arrangement: days off, weekend days worked; ``published`` is False until there is a notice."""

    year: int
    published: bool
    reference: Reference
    off: frozenset[date]
    worked: frozenset[date]


@dataclass(frozen=True)
class Deadlines:
    """The last day, in Shanghai, to contact a household, to visit it and to have the result; None: the level sets none.

    ``provisional``: one of them lies in a year whose arrangement of days off is not published, so that only
    weekends were left out.
    """

    contact_due_on: date | None
    visit_due_on: date | None
    result_due_on: date | None
    provisional: bool = False


@dataclass(frozen=True)
class Calendar:
    """Which days are worked."""

    years: Mapping[int, Year]

    def works(self, day: date) -> bool:
        """Whether ``day`` is a working day; in a year without a page, whether it is no weekend."""
        year = self.years.get(day.year)
        if year and day in year.off:
            return False
        return day.weekday() < SATURDAY or bool(year and day in year.worked)

    def published(self, day: date) -> bool:
        year = self.years.get(day.year)
        return bool(year and year.published)

    def after(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day``; ``day`` itself never counts."""
        while count > 0:
            day += ONE_DAY
            count -= self.works(day)
        return day

    def before(self, day: date, count: int) -> date:
        """Return the ``count``-th working day before ``day``; ``day`` itself never counts."""
        while count > 0:
            day -= ONE_DAY
            count -= self.works(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Return how many working days lie after ``start`` up to ``end``; negative when ``end`` lies before."""
        if end < start:
            return -self.between(end, start)
        weeks, rest = divmod((end - start).days, 7)
        weekdays = 5 * weeks + sum((start.weekday() + step) % 7 < SATURDAY for step in range(1, rest + 1))
        pages = [self.years[year] for year in range(start.year, end.year + 1) if year in self.years]
        off = sum(start < day <= end and day.weekday() < SATURDAY for page in pages for day in page.off)
        return weekdays - off + sum(start < day <= end for page in pages for day in page.worked - page.off)

    def deadlines(
        self, received_on: date, *, contact_days: float | None, visit_days: float | None, result_days: float | None
    ) -> Deadlines:
        """Return the deadlines, in working days, of something received on a day; that day never counts."""
        contact, visit, result = (
            self.after(received_on, int(days)) if days else None for days in (contact_days, visit_days, result_days)
        )
        last_days = [day for day in (contact, visit, result) if day]
        return Deadlines(contact, visit, result, not all(self.published(day) for day in last_days))


def read_year(name: str, page: Part) -> Year:
    """Read one year's page; refuses a day of another year, a day worked that is no weekend, a day both ways."""
    said = page.fields(required=("status", "reference", "off", "worked"))
    year = Year(
        year=int(name),
        published=said["status"].choice("published", "unpublished") == "published",
        reference=read_reference(said["reference"]),
        off=frozenset(part.day() for part in said["off"].items()),
        worked=frozenset(part.day() for part in said["worked"].items()),
    )
    for part in (*said["off"].items(), *said["worked"].items()):
        if part.day().year != year.year or part.day() in year.off & year.worked:
            raise _not_of_the_year(part)
    for part in said["worked"].items():
        if part.day().weekday() < SATURDAY:
            raise part.refuse(zh="补班日应在周末", en="a day worked in exchange lies on a weekend")
    return year


def _not_of_the_year(part: Part) -> PolicyError:
    return part.refuse(zh="不属于本页年份,或既放假又上班", en="of another year, or both off and worked")
