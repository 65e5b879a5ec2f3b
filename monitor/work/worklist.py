"""The day's worklist: what to visit today, and what will be overdue at this pace, given how many visits a day allows.

The earliest deadline goes first, which makes as few late as can be. So that no village and no rule waits for ever
behind more urgent ones, a share of the day goes to those of which something waits and nothing was visited for a week.
"""

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.alerts.levels import severity
from monitor.policy.days import Calendar
from monitor.tables import Alert, Reason
from monitor.work import colleagues
from monitor.work.colleagues import Care, Colleague
from monitor.work.queue import STANDING

FLOOR_SHARE = 0.2
WAITED_DAYS = 5  # working days
DAYS_AHEAD = 60
_UNVISITED = ("open", "assigned", "returned", "reopened")


@dataclass(frozen=True)
class Waiting:
    """An alert whose household is to be visited."""

    id: uuid.UUID
    owner: uuid.UUID | None
    level: str
    due_on: date
    rank: int
    village: str
    opened_on: date
    rules: frozenset[str] = frozenset()

    @property
    def urgency(self) -> tuple[date, int, int, str]:
        return self.due_on, severity(self.level), self.rank, str(self.id)

    @property
    def groups(self) -> list[str]:
        """The village and the rules that must not starve."""
        return [f"village {self.village}", *(f"rule {rule}" for rule in sorted(self.rules))]


@dataclass
class Plan:
    """One worker's day and what lies ahead: the day's visits, for the floor or by urgency, and who will be late."""

    worker: uuid.UUID
    visits: int
    today: list[Waiting] = field(default_factory=list)
    floor: frozenset[uuid.UUID] = frozenset()
    late: list[tuple[Waiting, date]] = field(default_factory=list)
    waiting: int = 0
    beyond: int = 0


def plan(
    waiting: Sequence[Waiting],
    care: Care,
    *,
    worker: uuid.UUID,
    days: Calendar,
    today: date,
    served: Mapping[str, date],
) -> Plan:
    """Return a worker's day and what will be late; ``served``: when each village and rule last saw a visit.

    Each group (a village, a rule) that waits while nothing of it was visited for five working days has a place on the
    day before it would be its turn, as far as a fifth of the day, and one visit at least, allows. The rest of the day
    is filled by deadline, then level, then rank; the visits of one village stand together.
    """
    order = sorted(waiting, key=lambda one: one.urgency)
    made = Plan(worker, _visits(care, days, today), waiting=len(order))
    chosen = order[: made.visits]
    promoted = _floor(order, chosen, days, today, served)[: math.ceil(made.visits * FLOOR_SHARE)]
    kept = chosen[: made.visits - len(promoted)]
    made.today = sorted([*kept, *promoted], key=lambda one: (one.village, one.urgency))
    made.floor = frozenset(one.id for one in promoted)
    done = {one.id for one in made.today}
    made.late = list(_late(made, [one for one in order if one.id not in done], care, days, today))
    made.beyond = sum(1 for _, on in made.late if on == date.max)
    return made


def plans(
    session: Session, *, viewer: Viewer, days: Calendar, today: date, worker: uuid.UUID | None = None
) -> list[Plan]:
    """Return the plan of every worker in ``viewer``'s region, or of the one asked for, in the order of their region."""
    everybody = colleagues.colleagues(session, viewer=viewer, today=today, loaded=False)
    wanted = [one for one in everybody if worker in (None, one.id)]
    cares, served = colleagues.cares_of(session), _served(session, viewer, days, today)
    parted = _parted(session, viewer, wanted, cares, today)
    return [
        plan(parted.get(one.id, []), one.care, worker=one.id, days=days, today=today, served=served) for one in wanted
    ]


def _visits(care: Care, days: Calendar, on: date) -> int:
    return care.visits_a_day if days.works(on) and not care.away(on) else 0


def _floor(
    order: Sequence[Waiting], chosen: Sequence[Waiting], days: Calendar, today: date, served: Mapping[str, date]
) -> list[Waiting]:
    """The most urgent of each group that starves, the longest unserved first; one visit may serve several groups."""
    since = days.before(today, WAITED_DAYS)
    covered = {group for one in chosen for group in one.groups}
    starving: dict[str, tuple[date, Waiting]] = {}
    for one in order:
        for group in one.groups:
            last = max(served.get(group, date.min), one.opened_on)
            if group not in covered and group not in starving and last < since:
                starving[group] = (last, one)
    found: dict[uuid.UUID, Waiting] = {}
    for _, one in sorted(starving.values(), key=lambda said: (said[0], said[1].urgency)):
        found.setdefault(one.id, one)
    return list(found.values())


def _late(
    made: Plan, rest: Sequence[Waiting], care: Care, days: Calendar, today: date
) -> Iterator[tuple[Waiting, date]]:
    """Go on by deadline, day after day: what is reached after its deadline will be late."""
    yield from ((one, today) for one in made.today if one.due_on < today)
    slots = _slots(care, days, today)
    for one in rest:
        on = next(slots, date.max)  # not within sixty days
        if on > one.due_on:
            yield one, on


def _slots(care: Care, days: Calendar, today: date) -> Iterator[date]:
    for ahead in range(1, DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        yield from [day] * _visits(care, days, day)


def _parted(
    session: Session, viewer: Viewer, wanted: Sequence[Colleague], cares: Mapping[uuid.UUID, Care], today: date
) -> dict[uuid.UUID, list[Waiting]]:
    """What waits, by who does it today: its owner or who stands in."""
    ids = {one.id for one in wanted}
    behind = {one for one in cares if colleagues.stand_in(cares, one, on=today) in ids}
    found: dict[uuid.UUID, list[Waiting]] = {}
    for one in _waiting(session, viewer, Alert.owner_id.in_(ids | behind)):
        doer = colleagues.stand_in(cares, one.owner, on=today) if one.owner else None
        if doer in ids:
            found.setdefault(doer, []).append(one)
    return found


def _waiting(session: Session, viewer: Viewer, whose: ColumnElement[bool]) -> list[Waiting]:
    columns = (
        Alert.id,
        Alert.owner_id,
        Alert.level,
        Alert.due_on,
        Alert.rank,
        Alert.village,
        Alert.region,
        Alert.opened_on,
    )
    unvisited = scope(select(*columns), viewer).where(whose, Alert.closed_at.is_(None), Alert.visited_on.is_(None))
    unvisited = unvisited.where(Alert.status.in_(_UNVISITED))
    standing = select(Reason.alert_id, Reason.rule).join(Alert, Alert.id == Reason.alert_id)
    standing = scope(standing, viewer).where(whose, Alert.closed_at.is_(None), Reason.status.in_(STANDING))
    rules: dict[uuid.UUID, set[str]] = {}
    for alert, rule in session.execute(standing):
        rules.setdefault(alert, set()).add(rule)
    return [
        Waiting(
            row.id, row.owner_id, row.level, row.due_on, row.rank, row.village or row.region, row.opened_on,
            frozenset(rules.get(row.id, ())),
        )
        for row in session.execute(unvisited)
    ]  # fmt: skip


def _served(session: Session, viewer: Viewer, days: Calendar, today: date) -> dict[str, date]:
    """When each village and each rule last saw a visit, as far back as the floor looks."""
    since = days.before(today, WAITED_DAYS)
    recent = or_(Alert.visited_on >= since, Alert.contacted_on >= since)
    newest = func.max(func.coalesce(Alert.visited_on, Alert.contacted_on))
    place = func.coalesce(Alert.village, Alert.region)
    villages = scope(select(place, newest), viewer).where(recent).group_by(place)
    rules = scope(select(Reason.rule, newest).join(Alert, Alert.id == Reason.alert_id), viewer).where(recent)
    found = {f"village {village}": on for village, on in session.execute(villages)}
    return found | {f"rule {rule}": on for rule, on in session.execute(rules.group_by(Reason.rule))}
