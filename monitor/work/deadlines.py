"""Deadlines of alerts, counted in working days by the policy in force and the office's calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from monitor.alerts.due import DATES, Due
from monitor.policy import Policy
from monitor.policy.days import SHANGHAI, Calendar, Deadlines, day_of
from monitor.tables import Alert
from monitor.work.calendar import calendar

GROUPS = ("long_overdue", "overdue", "soon", "later")
NEVER = date(9999, 12, 31)
_TOWN = 9  # no village has deadlines of its own
_LONG_OVERDUE = "deadlines.long_overdue"


@dataclass(frozen=True)
class Spans:
    """The days that part the queue: due before ``long`` is long overdue, before ``today`` overdue, to ``soon`` soon."""

    long: date
    today: date
    soon: date

    def group(self, due_on: date) -> str:
        """Return the group of something due on a day."""
        if due_on < self.long:
            return "long_overdue"
        if due_on < self.today:
            return "overdue"
        return "soon" if due_on <= self.soon else "later"

    def days(self, group: str) -> tuple[date | None, date | None]:
        """Return the first and the last day of ``group``, both within it; None: no end on that side."""
        one = timedelta(days=1)
        return {
            "long_overdue": (None, self.long - one),
            "overdue": (self.long, self.today - one),
            "soon": (self.today, self.soon),
            "later": (self.soon + one, None),
        }[group]


def spans(session: Session, law: Policy, *, today: date) -> Spans:
    """Return how the queue parts on ``today``: soon is until the next working day, long overdue as policy says."""
    return parted(calendar(session, law), law, today=today)


def parted(days: Calendar, law: Policy, *, today: date) -> Spans:
    """Return ``spans`` by a calendar at hand."""
    late = int(law.resolved.amount(_LONG_OVERDUE, None, None) or 0) if _LONG_OVERDUE in law.parameters else 0
    return Spans(days.before(today, late) if late else today, today, days.after(today, 1))


@dataclass
class Clock:
    """The deadlines of one policy, for one transaction after another: reckoned anew when day or calendar change."""

    law: Policy
    _known: tuple[Calendar, date, Due] | None = None

    def due(self, session: Session, *, on: date) -> Due:
        """Return what tells the deadlines of an alert, by level and region, that is received on a day."""
        days = calendar(session, self.law)
        if self._known is None or self._known[:2] != (days, on):
            self._known = days, on, _teller(self.law, days, on)
        return self._known[2]


def recount(session: Session, law: Policy) -> int:
    """Count the deadlines of open alerts anew, after the calendar changed; return how many alerts have others now.

    An alert that was raised to a higher level meanwhile keeps its own: they ran from that day.
    """
    days, changed = calendar(session, law), 0
    for level, region, received_on in _kinds(session):
        found = _teller(law, days, received_on)(level, region)
        changed += _set(session, level, region, received_on, found)
    return changed


def _teller(law: Policy, days: Calendar, on: date) -> Due:
    @cache
    def of_town(level: str, town: str) -> Deadlines:
        return law.deadlines(level, on, region=town or None, calendar=days)

    return lambda level, region: of_town(level, region[:_TOWN])


def _kinds(session: Session) -> Iterator[tuple[str, str, date]]:
    """Yield level, town and day of receipt of the open alerts, each combination once at least."""
    columns = (Alert.level, _place(), Alert.opened_on)
    chosen = select(*columns, func.min(Alert.opened_at), func.max(Alert.opened_at))
    chosen = chosen.where(Alert.closed_at.is_(None), Alert.level_since_on == Alert.opened_on)
    for level, region, _, earliest, latest in session.execute(chosen.group_by(*columns)):
        day = day_of(earliest)
        while day <= day_of(latest):
            yield level, region, day
            day += timedelta(days=1)


def _place() -> ColumnElement[str]:
    return func.coalesce(Alert.town, Alert.county)


def _set(session: Session, level: str, region: str, on: date, found: Deadlines) -> int:
    start = datetime.combine(on, time(), SHANGHAI)
    values: dict[str, Any] = {name: getattr(found, name) for name in DATES}
    differ = [getattr(Alert, name).is_distinct_from(value) for name, value in values.items()]
    these = update(Alert).where(
        Alert.closed_at.is_(None), Alert.level == level, _place() == region, differ[0] | differ[1] | differ[2],
        Alert.opened_at >= start, Alert.opened_at < start + timedelta(days=1), Alert.level_since_on == Alert.opened_on,
    )  # fmt: skip
    done = session.connection().execute(these.values(values))
    return done.rowcount
