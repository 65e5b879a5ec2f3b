"""The queue in numbers: what is open, what is late, what nobody has taken, by county."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from monitor.alerts.levels import LEVELS
from monitor.gauges.families import counties, county, family, filled
from monitor.reports import figures
from monitor.tables import Alert, utc_now

STATUSES = ("open", "assigned", "visited")


class Queue:
    """The series of open alerts; each says by itself by when it must be dealt with next."""

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield open, overdue and untaken alerts, and the age of the oldest."""
        late = func.sum(case((figures.overdue(Alert), 1), else_=0))
        standing = select(Alert.county, Alert.level, Alert.status, func.count(), late, func.min(Alert.opened_at))
        standing = standing.where(figures.standing(Alert)).group_by(Alert.county, Alert.level, Alert.status)
        now, where = utc_now(), counties(session)
        is_open = Counter({(at, level, status): 0 for at in where for level in LEVELS for status in STATUSES})
        overdue: Counter[tuple[str, str]] = Counter({(at, level): 0 for at in where for level in LEVELS})
        oldest: dict[str, datetime] = {}
        for code, level, status, count, missed, first in session.execute(standing):
            place = county(code)
            is_open[place, level, status] += count
            overdue[place, level] += missed
            oldest[place] = min(first, oldest.get(place, first))
        yield from _shown(is_open, overdue, {at: (now - since).total_seconds() for at, since in oldest.items()})


def _shown(
    is_open: Counter[tuple[str, str, str]], late: Counter[tuple[str, str]], ages: dict[str, float]
) -> Iterator[Metric]:
    made = family(GaugeMetricFamily, "alerts_open", "Open alerts", ["county", "level", "status"])
    yield filled(made, sorted(is_open.items()))
    made = family(GaugeMetricFamily, "alerts_overdue", "Open alerts past a deadline of policy", ["county", "level"])
    yield filled(made, sorted(late.items()))
    made = family(GaugeMetricFamily, "alerts_unassigned", "Open alerts that nobody has taken", ["county", "level"])
    yield filled(
        made, (((at, level), count) for (at, level, status), count in sorted(is_open.items()) if status in figures.FREE)
    )
    made = family(GaugeMetricFamily, "alert_oldest_open_age_seconds", "Age of the oldest open alert", ["county"])
    yield filled(made, (((at,), age) for at, age in sorted(ages.items())))
