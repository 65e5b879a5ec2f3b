"""The statements of the queue, each made and compiled once for its shape: what is asked, and of nobody and nothing.

A shape holds no value, so a statement kept for it cannot carry over whose region or which rule was asked about first:
every value comes with its asking, by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from monitor import database
from monitor.access import reach
from monitor.lifecycle import ALERT
from monitor.tables import Alert, Member, Reason

_ASLEEP = ("snoozed", "suspended")
Condition = ColumnElement[bool]
Values = Mapping[str, Any]
FIRST_DAY, LAST_DAY = date.min, date.max
# Named, not looked up in each of sixteen stretches: looking up costs a third of the page.
_KEY = (
    literal_column("place", Integer()), literal_column("due_on", Date()), literal_column("rank", BigInteger()),
    literal_column("id", Uuid()),
)  # fmt: skip
_KEYS = (Alert.due_on, Alert.rank, Alert.id)
_ONE = literal_column("1", Integer())
_LISTED: Mapping[str, Any] = {
    "place": Integer(), "level": Text(), "start": Date(), "end": Date(), "last_due": Date(),
    "last_rank": BigInteger(), "last_id": Uuid(),
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What is asked of the queue, whoever asks and about whatever; ``viewer`` and ``region`` are kinds of reach.

    ``status`` is "awake" when none is asked for, "ended" for one that alerts end in, else "one"; ``parts`` is how many
    texts are looked for in what stands in an alert, of ``rules`` or of a ``direction`` ("help", "other") or both;
    ``town`` says that all that is wanted lies in one.
    """

    viewer: str
    region: str | None = None
    status: str = "awake"
    level: bool = False
    rules: bool = False
    parts: int = 0
    direction: str | None = None
    cleared: bool | None = None
    owners: bool = False
    unowned: bool = False
    claimable: bool = False
    recurring: bool | None = None
    people: bool = False
    skip: bool = False
    ids: bool = False
    town: bool = False
    group: bool = False

    @property
    def standing(self) -> bool:
        """Whether it asks for reasons that stand."""
        return self.rules or self.direction is not None


class Stretch(NamedTuple):
    """One group of one level: where it lies in the order, and from which to which day of what is due."""

    place: int
    group: str
    level: str
    start: date
    end: date


def along(shape: Shape, stretches: int, begun: bool) -> Select[*tuple[Any, ...]]:
    """Return the first ``most`` alerts of so many stretches in order; each stretch gives its own first ones.

    ``begun``: the first stretch goes on after ``last_due``, ``last_rank``, ``last_id``.
    """
    parts: list[Select[*tuple[Any, ...]]] = []
    for number in range(stretches):
        chosen = select(_named(f"place{number}", Integer()).label("place"), *_KEYS)
        chosen = chosen.where(*_stretch(shape, number), *conditions(shape), *_asked_along(shape))
        if begun and number == 0:
            last = (_named("last_due", Date()), _named("last_rank", BigInteger()), _named("last_id", Uuid()))
            chosen = chosen.where(tuple_(*_KEYS) > tuple_(*last))
        part = chosen.order_by(*_KEYS).limit(_most()).subquery()
        parts.append(select(literal_column("*")).select_from(part))
    return select(*_KEY).select_from(union_all(*parts).subquery()).order_by(*_KEY).limit(_most())


def counted_along(shape: Shape, stretches: int) -> Select[*tuple[Any, ...]]:
    """Return how many alerts lie in so many stretches, counted up to ``most``."""
    parts = [
        select(Alert.id).where(*_stretch(shape, number), *conditions(shape), *_asked_along(shape))
        for number in range(stretches)
    ]
    return _counted(union_all(*parts).limit(_most()))


def along_listed(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return what ``along`` does where a query may look into another's rows: planned once for any number of stretches.

    Each stretch begins after its own ``last_due``, ``last_rank``, ``last_id``.
    """
    listed = _listed()
    keys = tuple_(*_KEYS) > tuple_(listed.c.last_due, listed.c.last_rank, listed.c.last_id)
    chosen = select(*_KEYS).where(*_within(shape, listed), keys, *conditions(shape), *_asked_along(shape))
    first = chosen.order_by(*_KEYS).limit(_most()).lateral()
    found = select(listed.c.place.label("place"), first.c.due_on, first.c.rank, first.c.id)
    return found.select_from(listed.join(first, true())).order_by(*_KEY).limit(_most())


def counted_listed(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return what ``counted_along`` does, as ``along_listed`` does what ``along`` does."""
    listed = _listed()
    chosen = select(Alert.id).where(*_within(shape, listed), *conditions(shape), *_asked_along(shape))
    each = chosen.limit(_most()).lateral()
    return _counted(select(each.c.id).select_from(listed.join(each, true())).limit(_most()))


def counted(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return how many alerts are wanted, counted up to ``most``."""
    return _counted(_chosen(shape, _ONE).limit(_most()))  # no column of its own: any index that holds the rest will do


def keys(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return level and key of what is wanted, in no order, ``most`` of them."""
    return _chosen(shape, Alert.level, *_KEYS).limit(_most())


def by_group(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return how many alerts each group holds, all that is wanted counted."""
    group = case(
        (Alert.due_on < _named("long", Date()), "long_overdue"), (Alert.due_on < _named("today", Date()), "overdue"),
        (Alert.due_on <= _named("soon", Date()), "soon"), else_="later",
    )  # fmt: skip
    return _chosen(shape, group, func.count()).group_by(literal_column("1"))


def reasons(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Return how many reasons stand that are wanted, counted up to ``most``."""
    return _counted(_standing(shape).limit(_most()))


def stands() -> Condition:
    """Return the condition that a reason stands, in the words of the index over those that do.

    SQLite takes that index for constants only.
    """
    return Reason.status.in_([literal_column("'active'"), literal_column("'unknown'")])


def conditions(shape: Shape) -> list[Condition]:
    """Return what holds of the alerts wanted and seen, their stretch of the queue aside."""
    found: list[Condition] = [reach.of_kind(shape.viewer, Alert, "viewer")]
    if shape.region is not None:
        found.append(reach.of_kind(shape.region, Alert, "region"))
    return [*found, *_by_status(shape), *_owned(shape), *_marks(shape), *_named_ones(shape)]


def _by_status(shape: Shape) -> list[Condition]:
    if shape.status == "awake":
        return [Alert.status != one for one in _ASLEEP]  # SQLite reckons a list thrice: it might hold nothing known
    if shape.status == "one":
        return [Alert.status == _named("status")]
    found: list[Condition] = [Alert.town == _named("town")] if shape.town else []
    return [*found, Alert.level == _named("level")] if shape.level else found


def _marks(shape: Shape) -> list[Condition]:
    found: list[Condition] = []
    if shape.cleared is not None:
        found.append(Alert.cleared_on.is_not(None) if shape.cleared else Alert.cleared_on.is_(None))
    if shape.recurring is not None:
        found.append(Alert.previous_id.is_not(None) if shape.recurring else Alert.previous_id.is_(None))
    return found


def _owned(shape: Shape) -> list[Condition]:
    found: list[Condition] = []
    if shape.owners:
        found.append(Alert.owner_id.in_(_many("owners", Uuid())))
    if shape.unowned:
        found.append(Alert.owner_id.is_(None))
    if shape.claimable:
        found.append(Alert.status.in_(tuple(ALERT.edge("claim").moves)))
    return found


def _named_ones(shape: Shape) -> list[Condition]:
    found: list[Condition] = []
    if shape.people:
        theirs = select(Member.household_id).where(Member.until_on.is_(None))
        found.append(Alert.household_id.in_(theirs.where(Member.person_id.in_(_many("people", BigInteger())))))
    if shape.ids:
        found.append(Alert.id.in_(_many("ids", Uuid())))
    if shape.skip:
        found.append(Alert.id.not_in(_many("skip", Uuid())))
    return found


def _stretch(shape: Shape, number: int) -> tuple[Condition, ...]:
    if shape.status == "ended":
        return (Alert.status == _named("status"), Alert.closed_at.is_not(None))
    between = Alert.due_on.between(_named(f"start{number}", Date()), _named(f"end{number}", Date()))
    return (Alert.closed_at.is_(None), Alert.level == _named(f"level{number}"), between)


def _listed() -> Any:
    """The stretches as rows, one value of each from as many lists."""
    lists = [bindparam(f"all_{name}", type_=ARRAY(kind)) for name, kind in _LISTED.items()]
    return func.unnest(*lists).table_valued(*_LISTED).render_derived(name="stretches")


def _within(shape: Shape, listed: Any) -> tuple[Condition, ...]:
    if shape.status == "ended":
        return (Alert.status == _named("status"), Alert.closed_at.is_not(None))
    between = Alert.due_on.between(listed.c.start, listed.c.end)
    return (Alert.closed_at.is_(None), Alert.level == listed.c.level, between)


def _chosen(shape: Shape, *columns: Any) -> Select[*tuple[Any, ...]]:
    chosen = select(*columns).where(*conditions(shape))
    if shape.standing:  # in one town each alert is asked; in a city those with the reason are fewer
        chosen = chosen.where(_asked(shape) if shape.town else Alert.id.in_(_standing(shape)))
    if shape.status == "ended":
        return chosen.where(Alert.status == _named("status"), Alert.closed_at.is_not(None))
    chosen = chosen.where(Alert.closed_at.is_(None))
    if shape.group:
        chosen = chosen.where(Alert.due_on.between(_named("start", Date()), _named("end", Date())))
    return chosen.where(Alert.level == _named("level")) if shape.level else chosen


def _asked_along(shape: Shape) -> list[Condition]:
    return [_asked(shape)] if shape.standing else []


def _asked(shape: Shape) -> Condition:
    """What each alert is asked along the queue: its index holds what stands in it."""
    parts = (database.holds(Alert.standing, _named(f"part{number}", Text())) for number in range(shape.parts))
    return or_(false(), *parts)


def _standing(shape: Shape) -> Select[*tuple[Any, ...]]:
    """The reasons wanted, any of which may stand in the alert."""
    standing = select(Reason.alert_id).where(stands())
    if shape.direction is not None:
        standing = standing.where(Reason.direction == _named("direction"))
    if shape.direction == "other":  # in the words of the index over those that are no help
        standing = standing.where(Reason.direction != literal_column("'help'"))
    return standing.where(Reason.rule.in_(_many("rules"))) if shape.rules else standing


def _counted(chosen: Any) -> Select[*tuple[Any, ...]]:
    return select(func.count()).select_from(chosen.subquery())


def _most() -> BindParameter[int]:
    return _named("most", Integer())


def _named(name: str, kind: Any = None) -> BindParameter[Any]:
    return bindparam(name, type_=kind)


def _many(name: str, kind: Any = None) -> BindParameter[Any]:
    return bindparam(name, type_=kind, expanding=True)
