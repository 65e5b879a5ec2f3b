"""Week by week: how many alerts were opened, and how many of these have ended since."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope, within
from monitor.reports.figures import between
from monitor.tables import Track

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Week:
    """The alerts opened from Monday to Sunday, both among them; ``closed`` of these have ended by now."""

    since: date
    until: date
    raised: int
    closed: int


def weeks(session: Session, *, until: date, many: int, viewer: Viewer, region: str | None = None) -> list[Week]:
    """Return the ``many`` weeks up to the one that holds ``until``, oldest first, weeks of nothing among them.

    Each counts what the figures ``raised`` and ``closed`` count of its days, in the viewer's region alone.
    """
    last = until - timedelta(days=until.weekday())
    starts = [last - _WEEK * back for back in range(many - 1, -1, -1)]
    ends = last + _WEEK - timedelta(days=1)
    grouped = select(Track.opened_on, func.count(), func.count(Track.close_days)).group_by(Track.opened_on)
    grouped = scope(grouped.where(between(Track, starts[0], ends)), viewer, of=Track)
    if region is not None:
        grouped = grouped.where(within(region, of=Track))
    raised, closed = Counter[date](), Counter[date]()
    for day, opened, ended in session.execute(grouped):
        monday = day - timedelta(days=day.weekday())
        raised[monday] += opened
        closed[monday] += ended
    return [Week(day, day + timedelta(days=6), raised[day], closed[day]) for day in starts]
