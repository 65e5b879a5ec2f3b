"""Households that the newest night could not judge or settle: since when, and why, as far as the viewer may know."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer, visible
from monitor.tables import Household, Quarantine, Run

_WELL = ("done", "done_with_quarantine")
_NIGHTS = 400


@dataclass(frozen=True)
class Unjudged:
    """A household that was set aside; ``nights`` in a row since ``since``, and ``home`` only for whom it lies in sight.

    Its alert is as it was. ``found.error`` and ``found.place`` say what broke and where; no text of it was ever kept.
    """

    found: Quarantine
    since: date
    nights: int
    home: Household | None


def unjudged(session: Session, *, viewer: Viewer) -> list[Unjudged]:
    """Return who was set aside in the newest scan that ended, those the longest aside first.

    A household is named to nobody in whose region it does not lie: an operator has its reference and the reason.
    """
    ended = select(Run.id).where(Run.job == "scan", Run.status.in_(_WELL))
    nights = session.scalars(ended.order_by(Run.finished_at.desc(), Run.id).limit(_NIGHTS)).all()
    if not nights:
        return []
    theirs = (Household.id == Quarantine.household_id) & visible(viewer, of=Household)
    chosen = select(Quarantine, Household).outerjoin(Household, theirs).where(Quarantine.run_id == nights[0])
    rows = session.execute(chosen.order_by(Quarantine.id)).all()
    before = _before(session, [row[0].household_id for row in rows])
    found = []
    for row in rows:
        count = _in_a_row(nights, before[row[0].household_id])
        found.append(Unjudged(row[0], before[row[0].household_id][nights[count - 1]], count, row[1]))
    return sorted(found, key=lambda one: (one.since, one.found.id))


def _before(session: Session, households: Sequence[int]) -> dict[int, dict[uuid.UUID, date]]:
    """The nights on which each was set aside, with their dates."""
    kept: dict[int, dict[uuid.UUID, date]] = {household: {} for household in households}
    chosen = select(Quarantine.household_id, Quarantine.run_id, Quarantine.as_of)
    for household, run, as_of in session.execute(chosen.where(Quarantine.household_id.in_(households))):
        kept[household][run] = as_of
    return kept


def _in_a_row(nights: Sequence[uuid.UUID], aside: Collection[uuid.UUID]) -> int:
    """How many of the newest nights in a row it was set aside on."""
    return next((count for count, run in enumerate(nights) if run not in aside), len(nights))
