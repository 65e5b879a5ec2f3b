"""The queue: grouped by urgency, then by level, then by what is due first; cut to what the viewer may see.

Each group of each level is one stretch of an index, so a page costs the same however many alerts there are, and pages
go on from the last alert shown, whatever came in between.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, selectinload

from monitor.access import Viewer, scope, within
from monitor.alerts.levels import LEVELS
from monitor.errors import Invalid
from monitor.lifecycle import ALERT
from monitor.tables import Alert, Member, Reason
from monitor.work.deadlines import GROUPS, Spans

MOST_COUNTED = 1000
STANDING = ("active", "unknown")
_FEW = 2000
_ASLEEP = ("snoozed", "suspended")
Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to; None leaves it wide.

    Without a status: what somebody may work on now, so nothing put off or suspended. ``rules``: one of them still
    stands in it; ``owners``: one of them has it; ``unowned``: nobody has; ``claimable``: whoever asks may take it;
    ``people``: one of them is in the household.
    """

    region: str | None = None
    level: str | None = None
    rules: tuple[str, ...] | None = None
    status: str | None = None
    direction: str | None = None
    cleared: bool | None = None
    owners: tuple[uuid.UUID, ...] | None = None
    unowned: bool = False
    claimable: bool = False
    recurring: bool | None = None
    group: str | None = None
    people: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Alerts in the queue's order, where the next page begins (None: nowhere), and how many there are.

    ``count`` stops at 1,001: more than that is told as "1000+".
    """

    alerts: Sequence[Alert]
    following: str | None
    count: int


class Key(NamedTuple):
    """Where an alert stands in the queue: its stretch, its due date, its rank; the smaller key comes first."""

    place: int
    due_on: date
    rank: int
    id: uuid.UUID


@dataclass(frozen=True)
class _Stretch:
    """One group of one level: where it lies in the order, and what holds of it."""

    place: int
    group: str
    conditions: tuple[Condition, ...]


def queue(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, after: str | None = None, most: int = 50
) -> Page:
    """Return a page of the queue with each alert's reasons and household, ``most`` alerts long."""
    conditions, few = _conditions(session, filters)
    stretches, begin = _stretches(filters, spans), None if after is None else _read_cursor(after)
    if few:
        whole = _sorted(session, viewer, conditions, filters, spans)
        keys, count = [key for key in whole if begin is None or key > begin][: most + 1], len(whole)
    else:
        keys = _keys(session, viewer, conditions, _from(stretches, begin), most=most + 1)
        count = _count(session, viewer, conditions, stretches)
    ids = [key.id for key in keys[:most]]
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    found = {alert.id: alert for alert in session.scalars(select(Alert).where(Alert.id.in_(ids)).options(*loads))}
    following = _cursor(keys[most - 1]) if len(keys) > most else None
    return Page([found[id_] for id_ in ids if id_ in found], following, min(count, MOST_COUNTED + 1))


def counts(session: Session, filters: Filters, *, viewer: Viewer, spans: Spans) -> Mapping[str, int]:
    """Return how many alerts each group of the queue holds, each counted up to 1,001, as its list would show."""
    conditions, few = _conditions(session, filters)
    found: dict[str, int] = dict.fromkeys(GROUPS, 0)
    if few:
        for key in _sorted(session, viewer, conditions, filters, spans):
            found[GROUPS[key.place // len(LEVELS)]] += 1
    else:
        for group in GROUPS:
            stretches = [one for one in _stretches(filters, spans) if one.group == group]
            found[group] = _count(session, viewer, conditions, stretches)
    return {group: min(count, MOST_COUNTED + 1) for group, count in found.items()}


def first(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, skip: Sequence[uuid.UUID] = (), most: int
) -> list[Key]:
    """Return the keys of the ``most`` most urgent alerts, those to ``skip`` left out."""
    conditions, few = _conditions(session, filters)
    if skip:
        conditions.append(Alert.id.not_in(skip))
    if few:
        return _sorted(session, viewer, conditions, filters, spans)[:most]
    return _keys(session, viewer, conditions, _stretches(filters, spans), most=most)


def _stretches(filters: Filters, spans: Spans) -> Sequence[_Stretch]:
    if filters.status in ALERT.ends:
        return [_Stretch(0, "", (Alert.status == filters.status,))]
    found = []
    for group in GROUPS:
        for level in LEVELS:
            if filters.group in (None, group) and filters.level in (None, level):
                place = GROUPS.index(group) * len(LEVELS) + LEVELS.index(level)
                found.append(_Stretch(place, group, (Alert.closed_at.is_(None), *_span(spans, group, level))))
    return found


def _span(spans: Spans, group: str, level: str) -> tuple[Condition, ...]:
    start, end = spans.days(group)
    inside: list[Condition] = [Alert.level == level]
    if start is not None:
        inside.append(Alert.due_on >= start)
    if end is not None:
        inside.append(Alert.due_on <= end)
    return tuple(inside)


def _from(stretches: Sequence[_Stretch], begin: Key | None) -> Sequence[_Stretch]:
    """What is left of the stretches after the last alert shown."""
    if begin is None:
        return stretches
    beyond = tuple_(Alert.due_on, Alert.rank, Alert.id) > tuple_(begin.due_on, begin.rank, begin.id)
    return [
        _Stretch(one.place, one.group, (*one.conditions, beyond)) if one.place == begin.place else one
        for one in stretches
        if one.place >= begin.place
    ]


def _keys(
    session: Session, viewer: Viewer, conditions: Sequence[Condition], stretches: Sequence[_Stretch], *, most: int
) -> list[Key]:
    """Return place, due date, rank and id of the first alerts, in order; each stretch gives its own first ones."""
    if not stretches:
        return []
    parts = []
    for one in stretches:
        chosen = select(literal(one.place).label("place"), Alert.due_on, Alert.rank, Alert.id)
        chosen = scope(chosen, viewer).where(*one.conditions, *conditions)
        part = chosen.order_by(Alert.due_on, Alert.rank, Alert.id).limit(most).subquery()
        parts.append(select(part))
    whole = union_all(*parts).subquery()
    columns = (whole.c.place, whole.c.due_on, whole.c.rank, whole.c.id)
    return [Key(*row) for row in session.execute(select(*columns).order_by(*columns).limit(most))]


def _count(session: Session, viewer: Viewer, conditions: Sequence[Condition], stretches: Sequence[_Stretch]) -> int:
    """Count what lies in the stretches; one past the most that is told is enough."""
    parts = [scope(select(Alert.id), viewer).where(*one.conditions, *conditions) for one in stretches]
    if not parts:
        return 0
    enough = union_all(*parts).limit(MOST_COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(enough)) or 0


def _sorted(
    session: Session, viewer: Viewer, conditions: Sequence[Condition], filters: Filters, spans: Spans
) -> list[Key]:
    """Return the keys of all that the conditions, which only few alerts meet, leave; in order."""
    chosen = scope(select(Alert.level, Alert.due_on, Alert.rank, Alert.id), viewer).where(*conditions)
    if filters.status in ALERT.ends:
        return sorted(Key(0, row.due_on, row.rank, row.id) for row in session.execute(chosen))
    wanted = {one.place for one in _stretches(filters, spans)}
    found = []
    for row in session.execute(chosen.where(Alert.closed_at.is_(None))):
        group = spans.group(row.due_on)
        place = GROUPS.index(group) * len(LEVELS) + LEVELS.index(row.level)
        if place in wanted:
            found.append(Key(place, row.due_on, row.rank, row.id))
    return sorted(found)


def _conditions(session: Session, filters: Filters) -> tuple[list[Condition], bool]:
    """Return what holds of the alerts wanted, and whether only a few can meet it."""
    reasons, few = _reasons(session, filters)
    found: list[Condition] = []
    if filters.status is None:
        found.append(Alert.status.not_in(_ASLEEP))
    elif filters.status not in ALERT.ends:
        found.append(Alert.status == filters.status)
    if filters.region:
        found.append(within(filters.region))
    if filters.level and filters.status in ALERT.ends:
        found.append(Alert.level == filters.level)
    whole = [*found, *_owned(filters), *_marks(filters), *reasons, *_members(filters)]
    return whole, few or filters.people is not None


def _marks(filters: Filters) -> list[Condition]:
    found: list[Condition] = []
    if filters.cleared is not None:
        found.append(Alert.cleared_on.is_not(None) if filters.cleared else Alert.cleared_on.is_(None))
    if filters.recurring is not None:
        found.append(Alert.previous_id.is_not(None) if filters.recurring else Alert.previous_id.is_(None))
    return found


def _owned(filters: Filters) -> list[Condition]:
    found: list[Condition] = []
    if filters.owners is not None:
        found.append(Alert.owner_id.in_(filters.owners))
    if filters.unowned:
        found.append(Alert.owner_id.is_(None))
    if filters.claimable:
        found.append(Alert.status.in_(tuple(ALERT.edge("claim").moves)))
    return found


def _members(filters: Filters) -> list[Condition]:
    if filters.people is None:
        return []
    theirs = select(Member.household_id).where(Member.person_id.in_(filters.people), Member.until_on.is_(None))
    return [Alert.household_id.in_(theirs)]


def _reasons(session: Session, filters: Filters) -> tuple[list[Condition], bool]:
    """A rule that stands in few alerts is asked for those; one that stands in many is looked for along the queue."""
    if filters.rules is None and filters.direction is None:
        return [], False
    standing = select(Reason.alert_id).where(Reason.status.in_(STANDING))
    if filters.direction:
        standing = standing.where(Reason.direction == filters.direction)
    if filters.rules is not None:
        standing = standing.where(Reason.rule.in_(filters.rules))
        counted = select(func.count()).select_from(standing.limit(_FEW + 1).subquery())
        if (session.scalar(counted) or 0) <= _FEW:
            return [Alert.id.in_(standing)], True
    return [standing.where(Reason.alert_id == Alert.id).correlate(Alert).exists()], False


def _cursor(key: Key) -> str:
    said = [key.place, key.due_on.isoformat(), key.rank, key.id.hex]
    return base64.urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode()


def _read_cursor(text: str) -> Key:
    try:
        place, due_on, rank, id_ = json.loads(base64.urlsafe_b64decode(text.encode()))
        if type(rank) is not int or abs(rank) >= 2**63 or type(place) is not int:
            raise ValueError
        return Key(place, date.fromisoformat(due_on), rank, uuid.UUID(hex=id_))
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise Invalid(zh="翻页标记无效，请从第一页开始", en="not a page cursor: begin at the first page") from None
