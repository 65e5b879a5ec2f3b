"""The queue in numbers: what is open, what is late, what nobody has taken, by county."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import policy
from monitor.alerts.levels import LEVELS
from monitor.gauges.families import counties, county, family, filled
from monitor.service import Service, today
from monitor.tables import Alert, utc_now

STATUSES = ("open", "assigned", "visited")
_UNVISITED = ("open", "assigned")


class Queue:
    """The series of open alerts; the policy in force today says by when each must be dealt with."""

    def __init__(self, service: Service) -> None:
        root, production = service.pack or policy.HERE, service.settings.production
        self._law = lru_cache(maxsize=2)(
            lambda day: policy.load(day, known_on=day, root=root, production=production)
        )  # fmt: skip

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield open, overdue and untaken alerts, and the age of the oldest."""
        standing = select(
            Alert.county, Alert.level, Alert.status, Alert.opened_on, func.count(), func.min(Alert.opened_at),
            func.max(Alert.opened_at),
        ).where(Alert.closed_at.is_(None))  # fmt: skip
        groups = session.execute(standing.group_by(Alert.county, Alert.level, Alert.status, Alert.opened_on)).all()
        law, now = self._law(today()), utc_now()
        where = counties(session)
        is_open = Counter({(at, level, status): 0 for at in where for level in LEVELS for status in STATUSES})
        late: Counter[tuple[str, str]] = Counter({(at, level): 0 for at in where for level in LEVELS})
        oldest: dict[str, datetime] = {}
        for code, level, status, _, count, first, last in groups:
            place = county(code)
            is_open[place, level, status] += count
            late[place, level] += count if _overdue(law, level, status, last, code, now) else 0
            oldest[place] = min(first, oldest.get(place, first))
        yield from _shown(is_open, late, {at: (now - since).total_seconds() for at, since in oldest.items()})


def _overdue(law: policy.Policy, level: str, status: str, opened_at: datetime, code: str, now: datetime) -> bool:
    """A night's alerts of one kind are judged together, by the one that was opened last."""
    due = law.deadlines(level, opened_at, region=code)
    by = [due.result_by] + ([due.contact_by, due.visit_by] if status in _UNVISITED else [])
    return any(at is not None and at < now for at in by)


def _shown(
    is_open: Counter[tuple[str, str, str]], late: Counter[tuple[str, str]], ages: dict[str, float]
) -> Iterator[Metric]:
    made = family(GaugeMetricFamily, "alerts_open", "Open alerts", ["county", "level", "status"])
    yield filled(made, sorted(is_open.items()))
    made = family(GaugeMetricFamily, "alerts_overdue", "Open alerts past a deadline of policy", ["county", "level"])
    yield filled(made, sorted(late.items()))
    made = family(GaugeMetricFamily, "alerts_unassigned", "Open alerts that nobody has taken", ["county", "level"])
    yield filled(
        made, (((at, level), count) for (at, level, status), count in sorted(is_open.items()) if status == "open")
    )
    made = family(GaugeMetricFamily, "alert_oldest_open_age_seconds", "Age of the oldest open alert", ["county"])
    yield filled(made, (((at,), age) for at, age in sorted(ages.items())))
