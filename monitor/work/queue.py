"""The queue: grouped by urgency, then by level, then by what is due first; cut to what the viewer may see.

Each group of each level is one stretch of an index, so a page costs the same however many alerts there are, and pages
go on from the last alert shown, whatever came in between.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session, selectinload

from monitor import database
from monitor.access import Viewer, reach, shorten
from monitor.alerts import standing
from monitor.alerts.levels import LEVELS
from monitor.errors import Invalid
from monitor.lifecycle import ALERT
from monitor.prepared import Rows
from monitor.tables import Alert
from monitor.work import shapes
from monitor.work.deadlines import GROUPS, Spans
from monitor.work.shapes import Shape, Stretch

MOST_COUNTED = 1000
STANDING = ("active", "unknown")
_FEW, _COMMON, _TOWN = 2000, 3000, 9
_LEAST, _NIL = -(2**63), uuid.UUID(int=0)
LAST = len(GROUPS) * len(LEVELS)
_REACHED: WeakKeyDictionary[Engine, dict[Any, int]] = WeakKeyDictionary()
"""The last stretch of the group in which the first page of a region's queue ended: it mostly ends there again."""
Made = Callable[..., Select[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Filters:
    """What the queue is narrowed to; None leaves it wide.

    Without a status: what somebody may work on now, so nothing put off or suspended. ``rules``: one of them still
    stands in it; ``owners``: one of them has it; ``unowned``: nobody has; ``claimable``: whoever asks may take it;
    ``people``: one of them is in the household; ``ids``: it is one of them.
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
    ids: tuple[uuid.UUID, ...] | None = None


@dataclass(frozen=True)
class Found:
    """The ids of a page in the queue's order, where the next page begins (None: nowhere), and how many there are.

    ``count`` stops at 1,001: more than that is told as "1000+".
    """

    ids: Sequence[uuid.UUID]
    following: str | None
    count: int


@dataclass(frozen=True)
class Page:
    """A page as ``Found``, with the alerts themselves."""

    alerts: Sequence[Alert]
    following: str | None
    count: int


class Key(NamedTuple):
    """Where an alert stands in the queue: its stretch, its due date, its rank; the smaller key comes first."""

    place: int
    due_on: date
    rank: int
    id: uuid.UUID


def page(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, after: str | None = None, most: int = 50
) -> Found:
    """Return a page of the queue, ``most`` alerts long."""
    asked = _Asked(session, viewer, filters, spans)
    begin, whole = None if after is None else _read_cursor(after), asked.whole()
    if whole is not None:
        keys, count = [key for key in whole if begin is None or key > begin][: most + 1], len(whole)
    else:
        keys = asked.keys(most=most + 1, begin=begin)
        count = asked.count(asked.stretches) if asked.wide or asked.common else MOST_COUNTED + 1
    following = _cursor(keys[most - 1]) if len(keys) > most else None
    return Found([key.id for key in keys[:most]], following, min(count, MOST_COUNTED + 1))


def queue(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, after: str | None = None, most: int = 50
) -> Page:
    """Return a page of the queue with each alert's reasons and household, ``most`` alerts long."""
    found = page(session, filters, viewer=viewer, spans=spans, after=after, most=most)
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    chosen = select(Alert).where(Alert.id.in_(found.ids)).options(*loads)
    alerts = {alert.id: alert for alert in session.scalars(chosen)}
    return Page([alerts[id_] for id_ in found.ids if id_ in alerts], found.following, found.count)


def counts(session: Session, filters: Filters, *, viewer: Viewer, spans: Spans) -> Mapping[str, int]:
    """Return how many alerts each group of the queue holds, each counted up to 1,001, as its list would show."""
    asked = _Asked(session, viewer, filters, spans)
    found: dict[str, int] = dict.fromkeys(GROUPS, 0)
    if (whole := asked.whole()) is not None:
        for key in whole:
            found[GROUPS[key.place // len(LEVELS)]] += 1
    elif asked.shape.standing and not asked.common and filters.status not in ALERT.ends:
        found |= asked.by_group()
    else:
        for group in GROUPS:
            found[group] = asked.count([one for one in asked.stretches if one.group == group])
    return {group: min(count, MOST_COUNTED + 1) for group, count in found.items()}


def first(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, skip: Sequence[uuid.UUID] = (), most: int
) -> list[Key]:
    """Return the keys of the ``most`` most urgent alerts, those to ``skip`` left out."""
    asked = _Asked(session, viewer, filters, spans, skip)
    whole = asked.whole()
    return asked.keys(most=most) if whole is None else whole[:most]


class _Asked:
    """A question to the queue: its shape, the values it is asked with, and along which stretches it is looked for."""

    def __init__(
        self, session: Session, viewer: Viewer, filters: Filters, spans: Spans, skip: Sequence[uuid.UUID] = ()
    ) -> None:
        self.session, self.filters, self.spans = session, filters, spans
        self.shape, self.values = _shape(filters, viewer, skip), _values(filters, viewer, spans, skip)
        self.stretches = _stretches(filters, spans)
        self.wide = not _selects(filters)
        self.whose = (self.shape, viewer.region, filters.region)
        self.listed = database.takes_lists(session)
        self.common = self.shape.standing and not self.shape.town and self._stands_in_many()

    def whole(self) -> list[Key] | None:
        """Return all that is wanted in order when it is few; None when it is many, or nothing selects among it.

        What is rare is found at once by what makes it rare; what is common is met soon enough along the queue.
        """
        if self.wide or self.common or (self.filters.unowned and self._has_many(shapes.counted, _FEW)):
            return None
        rows = self._run(shapes.keys, most=_FEW + 1)
        if len(rows) > _FEW:
            return None
        ended = self.filters.status in ALERT.ends
        return sorted(Key(0 if ended else self._place(row), row.due_on, row.rank, row.id) for row in rows)

    def keys(self, *, most: int, begin: Key | None = None) -> list[Key]:
        """Return the first keys after ``begin``, in order; each stretch gives its own first ones."""
        found: list[Key] = []
        left = [one for one in self.stretches if begin is None or one.place >= begin.place]
        for lot in self._lots(left):
            if lot and len(found) < most:
                found += self._first(lot, most - len(found), begin)
        if self.wide and begin is None:
            self._reached()[self.whose] = _group_end(found[-1].place) if len(found) == most else LAST
        return found

    def _lots(self, stretches: Sequence[Stretch]) -> Sequence[Sequence[Stretch]]:
        """Which stretches are asked together, one lot after the other as long as they are not enough.

        Each stretch that is asked gives its own first ones, and sorting those that are left out is most of the cost.
        """
        if not self.wide:
            return [[one] for one in stretches]  # a narrowed stretch costs, and may be enough
        reached = self._reached().get(self.whose, LAST)
        near = [one for one in stretches if one.place <= reached]
        return [near, stretches[len(near) :]]

    def _reached(self) -> dict[Any, int]:
        return _REACHED.setdefault(self.session.get_bind().engine, {})

    def _first(self, stretches: Sequence[Stretch], most: int, begin: Key | None) -> list[Key]:
        begun = begin if begin is not None and stretches[0].place == begin.place else None
        if self.listed:
            rows = self._run(shapes.along_listed, most=most, **_lists(stretches, begun))
        else:
            values = _bounds(stretches)
            if begun is not None:
                values |= {"last_due": begun.due_on, "last_rank": begun.rank, "last_id": begun.id}
            rows = self._run(shapes.along, len(stretches), begun is not None, most=most, **values)
        return [Key(*row) for row in rows]

    def count(self, stretches: Sequence[Stretch]) -> int:
        """Count what lies in the stretches; one past the most that is told is enough."""
        if self.wide and self.filters.group is None and stretches is self.stretches:
            return int(self._run(shapes.counted, most=MOST_COUNTED + 1).value())  # they are all that stands
        if not stretches:
            return 0
        if self.listed:
            said = self._run(shapes.counted_listed, most=MOST_COUNTED + 1, **_lists(stretches, None))
        else:
            said = self._run(shapes.counted_along, len(stretches), most=MOST_COUNTED + 1, **_bounds(stretches))
        return int(said.value())

    def by_group(self) -> dict[str, int]:
        """Count all that is wanted, group by group, in one go: what has a reason that is not common is soon counted."""
        parts = {"long": self.spans.long, "today": self.spans.today, "soon": self.spans.soon}
        return dict(self._run(shapes.by_group, **parts))

    def _stands_in_many(self) -> bool:
        """Whether the reasons wanted are common anywhere: which way is shorter hangs on that, and no answer does.

        Behind the wall every reason looked at would first be asked for its alert.
        """
        with database.whole(self.session):
            return self._has_many(shapes.reasons, _COMMON)

    def _has_many(self, of: Made, most: int) -> bool:
        return bool(self._run(of, most=most + 1).value() > most)

    def _run(self, made: Made, *more: Any, **values: Any) -> Rows:
        return database.run(self.session, made, self.shape, *more, values={**self.values, **values})

    def _place(self, row: Any) -> int:
        return GROUPS.index(self.spans.group(row.due_on)) * len(LEVELS) + LEVELS.index(row.level)


def _group_end(place: int) -> int:
    return place - place % len(LEVELS) + len(LEVELS) - 1


def _shape(filters: Filters, viewer: Viewer, skip: Sequence[uuid.UUID]) -> Shape:
    direction = filters.direction and ("help" if filters.direction == "help" else "other")
    status = "awake" if filters.status is None else "ended" if filters.status in ALERT.ends else "one"
    return Shape(
        viewer=reach.kind_of(viewer), region=reach.kind(filters.region) if filters.region else None, status=status,
        level=filters.level is not None, rules=filters.rules is not None, direction=direction,
        parts=len(_parts(filters)), cleared=filters.cleared,
        owners=filters.owners is not None, unowned=filters.unowned, claimable=filters.claimable,
        recurring=filters.recurring, people=filters.people is not None, skip=bool(skip),
        ids=filters.ids is not None,
        town=_town(filters, viewer) is not None, group=filters.group is not None,
    )  # fmt: skip


def _parts(filters: Filters) -> list[str]:
    """The texts of which one must be part of what stands in an alert; none when nothing is asked of its reasons."""
    if filters.rules is None and filters.direction is None:
        return []
    rules = (None,) if filters.rules is None else filters.rules
    return [standing.part(rule, filters.direction) for rule in rules]


def _values(filters: Filters, viewer: Viewer, spans: Spans, skip: Sequence[uuid.UUID]) -> dict[str, Any]:
    """Every value of the question by its name in the statements; a statement takes those it names."""
    start, end = spans.days(filters.group) if filters.group else (None, None)
    found: dict[str, Any] = reach.values(viewer.region, "viewer") if reach.kind_of(viewer) != reach.NOTHING else {}
    found |= reach.values(filters.region, "region") if filters.region else {}
    found |= {f"part{number}": part for number, part in enumerate(_parts(filters))}
    return found | {
        "status": filters.status, "level": filters.level, "rules": filters.rules, "direction": filters.direction,
        "owners": filters.owners, "people": filters.people, "skip": list(skip), "town": _town(filters, viewer),
        "ids": filters.ids,
        "start": start or date.min, "end": end or date.max,
    }  # fmt: skip


def _stretches(filters: Filters, spans: Spans) -> Sequence[Stretch]:
    if filters.status in ALERT.ends:
        return [Stretch(0, "", "", date.min, date.max)]
    found = []
    for group in GROUPS:
        start, end = spans.days(group)
        for level in LEVELS:
            if filters.group in (None, group) and filters.level in (None, level):
                place = GROUPS.index(group) * len(LEVELS) + LEVELS.index(level)
                found.append(Stretch(place, group, level, start or date.min, end or date.max))
    return found


def _bounds(stretches: Sequence[Stretch]) -> dict[str, Any]:
    return {
        f"{name}{number}": getattr(one, name)
        for number, one in enumerate(stretches)
        for name in ("place", "level", "start", "end")
    }


def _lists(stretches: Sequence[Stretch], begun: Key | None) -> dict[str, Any]:
    """The stretches as lists; the first goes on after ``begun``, the others begin before all that lies in them."""
    after = [(one.start, _LEAST, _NIL) for one in stretches]
    if begun is not None:
        after[0] = (begun.due_on, begun.rank, begun.id)
    due, ranks, ids = zip(*after, strict=True)
    found = {name: [getattr(one, name) for one in stretches] for name in ("place", "level", "start", "end")}
    found |= {"last_due": list(due), "last_rank": list(ranks), "last_id": list(ids)}
    return {f"all_{name}": values for name, values in found.items()}


def _selects(filters: Filters) -> bool:
    """Whether what is wanted may be rare among what stands in the queue."""
    return (
        filters.unowned
        or filters.recurring is True
        or filters.cleared is True
        or any(
            one is not None
            for one in (filters.rules, filters.direction, filters.status, filters.owners, filters.people, filters.ids)
        )
    )


def _town(filters: Filters, viewer: Viewer) -> str | None:
    """The town that all that is wanted lies in, if it lies in one."""
    codes = [code for code in (filters.region and shorten(filters.region), viewer.region) if code]
    return next((code[:_TOWN] for code in codes if len(code) >= _TOWN), None)


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
