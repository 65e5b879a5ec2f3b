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
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Uuid,
    case,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, selectinload

from monitor.access import Viewer, scope, shorten, within
from monitor.alerts.levels import LEVELS
from monitor.errors import Invalid
from monitor.lifecycle import ALERT
from monitor.tables import Alert, Member, Reason
from monitor.work.deadlines import GROUPS, Spans

MOST_COUNTED = 1000
STANDING = ("active", "unknown")
_FEW, _COMMON, _MANY_RULES, _TOWN = 2000, 20_000, 2, 9
_ASLEEP = ("snoozed", "suspended")
Condition = ColumnElement[bool]
# Named, not looked up in each of sixteen stretches: looking up costs a third of the page.
_KEY = (
    literal_column("place", Integer()), literal_column("due_on", Date()), literal_column("rank", BigInteger()),
    literal_column("id", Uuid()),
)  # fmt: skip


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
    asked = _Asked(session, viewer, filters, spans)
    begin, whole = None if after is None else _read_cursor(after), asked.whole()
    if whole is not None:
        keys, count = [key for key in whole if begin is None or key > begin][: most + 1], len(whole)
    else:
        keys = asked.keys(_from(asked.stretches, begin), most=most + 1)
        count = asked.count(asked.stretches) if asked.wide or asked.common else MOST_COUNTED + 1
    ids = [key.id for key in keys[:most]]
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    found = {alert.id: alert for alert in session.scalars(select(Alert).where(Alert.id.in_(ids)).options(*loads))}
    following = _cursor(keys[most - 1]) if len(keys) > most else None
    return Page([found[id_] for id_ in ids if id_ in found], following, min(count, MOST_COUNTED + 1))


def counts(session: Session, filters: Filters, *, viewer: Viewer, spans: Spans) -> Mapping[str, int]:
    """Return how many alerts each group of the queue holds, each counted up to 1,001, as its list would show."""
    asked = _Asked(session, viewer, filters, spans)
    found: dict[str, int] = dict.fromkeys(GROUPS, 0)
    if (whole := asked.whole()) is not None:
        for key in whole:
            found[GROUPS[key.place // len(LEVELS)]] += 1
    elif asked.standing is not None and not asked.common and filters.status not in ALERT.ends:
        found |= asked.by_group()
    else:
        for group in GROUPS:
            found[group] = asked.count([one for one in asked.stretches if one.group == group])
    return {group: min(count, MOST_COUNTED + 1) for group, count in found.items()}


def first(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, skip: Sequence[uuid.UUID] = (), most: int
) -> list[Key]:
    """Return the keys of the ``most`` most urgent alerts, those to ``skip`` left out."""
    asked = _Asked(session, viewer, filters, spans)
    if skip:
        asked.conditions.append(Alert.id.not_in(skip))
    whole = asked.whole()
    return asked.keys(asked.stretches, most=most) if whole is None else whole[:most]


class _Asked:
    """A question to the queue: what holds of the alerts wanted, and along which stretches they are looked for."""

    def __init__(self, session: Session, viewer: Viewer, filters: Filters, spans: Spans) -> None:
        self.session, self.viewer, self.filters, self.spans = session, viewer, filters, spans
        self.conditions, self.stretches = _conditions(filters, viewer), _stretches(filters, spans)
        self.wide, self.town = not _selects(filters), _town(filters, viewer)
        self.standing = None if filters.rules is None and filters.direction is None else _standing(filters)
        self.common = self.standing is not None and self.town is None and self._has_many(self.standing, _COMMON)

    def whole(self) -> list[Key] | None:
        """Return all that is wanted in order when it is few; None when it is many, or nothing selects among it.

        What is rare is found at once by what makes it rare; what is common is met soon enough along the queue.
        """
        if self.wide or self.common or (self.filters.unowned and self._has_many(self._chosen(Alert.id), _FEW)):
            return None
        rows = self.session.execute(self._chosen(Alert.level, Alert.due_on, Alert.rank, Alert.id).limit(_FEW + 1)).all()
        if len(rows) > _FEW:
            return None
        ended = self.filters.status in ALERT.ends
        return sorted(Key(0 if ended else self._place(row), row.due_on, row.rank, row.id) for row in rows)

    def keys(self, stretches: Sequence[_Stretch], *, most: int) -> list[Key]:
        """Return place, due date, rank and id of the first alerts, in order; each stretch gives its own first ones."""
        found: list[Key] = []
        lots = [stretches] if self.wide else [[one] for one in stretches]  # a narrowed stretch costs, and may be enough
        for lot in lots:
            if lot and len(found) < most:
                found += self._first(lot, most - len(found))
        return found

    def _first(self, stretches: Sequence[_Stretch], most: int) -> list[Key]:
        along = self._along()
        parts: list[Select[*tuple[Any, ...]]] = []
        for one in stretches:
            chosen = select(literal(one.place).label("place"), Alert.due_on, Alert.rank, Alert.id)
            chosen = scope(chosen, self.viewer).where(*one.conditions, *along)
            part = chosen.order_by(Alert.due_on, Alert.rank, Alert.id).limit(most).subquery()
            parts.append(select(literal_column("*")).select_from(part))
        whole = select(*_KEY).select_from(union_all(*parts).subquery()).order_by(*_KEY).limit(most)
        return [Key(*row) for row in self.session.execute(whole)]

    def count(self, stretches: Sequence[_Stretch]) -> int:
        """Count what lies in the stretches; one past the most that is told is enough."""
        if self.wide and self.filters.group is None and stretches is self.stretches:
            parts = [self._chosen(Alert.id)]  # the stretches are then all that stands
        else:
            parts = self._parts(stretches)
        if not parts:
            return 0
        enough = union_all(*parts).limit(MOST_COUNTED + 1).subquery()
        return self.session.scalar(select(func.count()).select_from(enough)) or 0

    def _parts(self, stretches: Sequence[_Stretch]) -> list[Select[*tuple[Any, ...]]]:
        along = self._along()
        return [scope(select(Alert.id), self.viewer).where(*one.conditions, *along) for one in stretches]

    def by_group(self) -> dict[str, int]:
        """Count all that is wanted, group by group, in one go: what has a reason that is not common is soon counted."""
        group = case(
            (Alert.due_on < self.spans.long, GROUPS[0]), (Alert.due_on < self.spans.today, GROUPS[1]),
            (Alert.due_on <= self.spans.soon, GROUPS[2]), else_=GROUPS[3],
        )  # fmt: skip
        return dict(self.session.execute(self._chosen(group, func.count()).group_by(group)).tuples().all())

    def _has_many(self, chosen: Select[*tuple[Any, ...]], most: int) -> bool:
        enough = chosen.limit(most + 1).subquery()
        return (self.session.scalar(select(func.count()).select_from(enough)) or 0) > most

    def _along(self) -> list[Condition]:
        """What each alert is asked along the queue: a scalar, so that no planner joins what a page never reaches."""
        if self.standing is None:
            return self.conditions
        return [*self.conditions, self._asked()]

    def _asked(self) -> Condition:
        standing = _standing(self.filters, each=True)
        one = standing.where(Reason.alert_id == Alert.id).correlate(Alert).limit(1).scalar_subquery()
        return one.is_not(None)

    def _chosen(self, *columns: Any) -> Select[*tuple[Any, ...]]:
        chosen = scope(select(*columns), self.viewer).where(*self.conditions)
        if self.standing is not None:  # in one town each alert is asked; in a city those with the reason are fewer
            chosen = chosen.where(self._asked() if self.town else Alert.id.in_(self.standing))
        if self.filters.status in ALERT.ends:
            return chosen.where(Alert.status == self.filters.status, Alert.closed_at.is_not(None))
        chosen = chosen.where(Alert.closed_at.is_(None))
        start, end = self.spans.days(self.filters.group) if self.filters.group else (None, None)
        found = [] if start is None else [Alert.due_on >= start]
        found += [] if end is None else [Alert.due_on <= end]
        return chosen.where(*found, *([Alert.level == self.filters.level] if self.filters.level else []))

    def _place(self, row: Any) -> int:
        return GROUPS.index(self.spans.group(row.due_on)) * len(LEVELS) + LEVELS.index(row.level)


def _stretches(filters: Filters, spans: Spans) -> Sequence[_Stretch]:
    if filters.status in ALERT.ends:
        return [_Stretch(0, "", (Alert.status == filters.status, Alert.closed_at.is_not(None)))]
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


def _selects(filters: Filters) -> bool:
    """Whether what is wanted may be rare among what stands in the queue."""
    return (
        filters.unowned
        or filters.recurring is True
        or filters.cleared is True
        or any(
            one is not None
            for one in (filters.rules, filters.direction, filters.status, filters.owners, filters.people)
        )
    )


def _conditions(filters: Filters, viewer: Viewer) -> list[Condition]:
    """Return what holds of the alerts wanted, their stretch of the queue aside."""
    found: list[Condition] = []
    town = _town(filters, viewer)
    if filters.status is None:
        found.append(Alert.status.not_in(_ASLEEP))
    elif filters.status not in ALERT.ends:
        found.append(Alert.status == filters.status)
    elif town is not None:
        found.append(Alert.town == town)
    if filters.region:
        found.append(within(filters.region))
    if filters.level and filters.status in ALERT.ends:
        found.append(Alert.level == filters.level)
    return [*found, *_owned(filters), *_marks(filters), *_members(filters)]


def _town(filters: Filters, viewer: Viewer) -> str | None:
    """The town that all that is wanted lies in, if it lies in one."""
    codes = [code for code in (filters.region and shorten(filters.region), viewer.region) if code]
    return next((code[:_TOWN] for code in codes if len(code) >= _TOWN), None)


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


def stands() -> Condition:
    """Return the condition that a reason stands, in the words of the index over those that do.

    SQLite takes that index for constants only.
    """
    return Reason.status.in_([literal_column("'active'"), literal_column("'unknown'")])


def _standing(filters: Filters, *, each: bool = False) -> Select[*tuple[Any, ...]]:
    """The reasons wanted, any of which may stand in the alert.

    Asked of ``each`` alert for many rules, its few reasons are read, and not the index once for every rule.
    """
    standing = select(Reason.alert_id).where(stands())
    if filters.direction:
        standing = standing.where(Reason.direction == filters.direction)
    if filters.rules is None:
        return standing
    many = each and len(filters.rules) > _MANY_RULES
    return standing.where((func.coalesce(Reason.rule, "") if many else Reason.rule).in_(filters.rules))


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
