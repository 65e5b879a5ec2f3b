"""Cases as a list: what waits today first, narrowed to a region, a state or what waits to be done about them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session, contains_eager

from monitor.access import Viewer, scope, within
from monitor.access.reach import Cut
from monitor.tables import Case, Household, LaterCheck, Measure

WAITS = ("check_due", "measure_overdue", "notice_over")
_ON_NOTICE = ("notice", "removal_notice")


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; without a status: what has not ended.

    ``waits``: a later check is due, a measure is overdue, or a public notice is over, on the day of asking.
    """

    region: str | None = None
    status: str | None = None
    waits: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a case was found in the list: among those for which something ``waits``, or behind them all."""

    waits: bool
    opened_on: date
    id: uuid.UUID


def cases(
    session: Session, wanted: Wanted, *, viewer: Viewer, today: date, after: Place | None = None, most: int = 50
) -> Sequence[tuple[Case, Place]]:
    """Return at most ``most`` cases that the viewer may see, beyond the one at ``after``, each with its place.

    Those for which something waits today come first, then the others; of either the newest first. Others work while
    a list is read: a case whose work is done meanwhile moves behind the place reached and comes again; one that only
    now begins to wait moves before it, and is missed until the list is read anew.
    """
    chosen = _within(select(Case).options(contains_eager(Case.household)), wanted.region, viewer)
    chosen = chosen.where(Case.status == wanted.status if wanted.status else Case.closed_at.is_(None))
    if wanted.waits is not None:
        chosen = chosen.where(_waits(wanted.waits, today))
    found: list[tuple[Case, Place]] = []
    for part in (True, False):
        if len(found) == most or (after is not None and after.waits < part):
            continue
        these = chosen.where(_any_waits(today) if part else not_(_any_waits(today)))
        if after is not None and after.waits == part:
            these = these.where(tuple_(Case.opened_on, Case.id) < tuple_(after.opened_on, after.id))
        these = these.order_by(Case.opened_on.desc(), Case.id.desc()).limit(most - len(found))
        found += [(one, Place(part, one.opened_on, one.id)) for one in session.scalars(these)]
    return found


def waiting(session: Session, region: str | None, *, viewer: Viewer, today: date) -> Mapping[str, int]:
    """Return how many open cases wait for each of ``WAITS``, of a region within the viewer's or of all of theirs."""
    counted = _within(select(func.count()).select_from(Case), region, viewer).where(Case.closed_at.is_(None))
    return {what: session.scalar(counted.where(_waits(what, today))) or 0 for what in WAITS}


def waits_of(session: Session, shown: Sequence[Case], *, today: date) -> Mapping[uuid.UUID, list[str]]:
    """Return what each of the cases at hand waits for, of ``WAITS`` and in its order; nothing of one that ended."""
    found: dict[uuid.UUID, list[str]] = {one.id: [] for one in shown}
    living = select(Case.id).where(Case.id.in_(found), Case.closed_at.is_(None))
    for what in WAITS:
        for id_ in session.scalars(living.where(_waits(what, today))):
            found[id_].append(what)
    return found


def _within(chosen: Cut, region: str | None, viewer: Viewer) -> Cut:
    chosen = scope(chosen.join(Household, Household.id == Case.household_id), viewer, of=Household)
    return chosen if region is None else chosen.where(within(region, of=Household))


def _any_waits(today: date) -> ColumnElement[bool]:
    some: ColumnElement[bool] = or_(*(_waits(what, today) for what in WAITS))
    return and_(Case.closed_at.is_(None), func.coalesce(some, false()))


def _waits(what: str, today: date) -> ColumnElement[bool]:
    check = select(LaterCheck.id).where(LaterCheck.case_id == Case.id, LaterCheck.done_on.is_(None))
    measure = select(Measure.id).where(Measure.case_id == Case.id, Measure.status == "planned")
    return {
        "check_due": and_(Case.status == "removed", check.where(LaterCheck.due_on <= today).exists()),
        "measure_overdue": measure.where(Measure.due_on < today).exists(),
        "notice_over": and_(Case.status.in_(_ON_NOTICE), Case.notice_until < today),
    }[what]
