"""The ground that planned changes rest on: held while they are written, and what of it has moved meanwhile."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.alerts.changes import Change
from monitor.alerts.judged import Span
from monitor.tables import Alert, Household


class Held(NamedTuple):
    """An open alert as it stands while it is held, and whether its household is registered."""

    household: int
    id: uuid.UUID
    version: int
    county: str
    seen_on: date
    registered: bool


@dataclass(frozen=True)
class Ground:
    """The open alerts of some households, by household: nobody else changes them until the transaction ends."""

    held: Mapping[int, Held]

    def moved(self, changes: Sequence[Change]) -> set[int]:
        """Return the places of ``changes`` whose alert is no longer as it was read."""
        resting = (change for change in changes if change.alert_update or change.alert)
        return {change.place for change in resting if self._now(change) != _as_read(change)}

    def seen(self, change: Change, spans: Sequence[Span], *, as_of: date, besides: Collection[int]) -> Change:
        """Return ``change`` marking its alert as judged, where ``mark_seen`` would after it: a row is written once."""
        update, held = change.alert_update, self.held.get(change.household)
        if not update or held is None or "closed_at" in update or change.household in besides:
            return change
        county = update.get("county", held.county)
        within = any(county == name and low <= change.household <= high for name, low, high in spans)
        if not within or not held.registered or held.seen_on >= as_of:
            return change
        return replace(change, alert_update=update | {"seen_on": as_of})

    def _now(self, change: Change) -> tuple[object, object] | None:
        held = self.held.get(change.household)
        return (held.id, held.version) if held else None


def hold(session: Session, changes: Sequence[Change]) -> Ground:
    """Hold the open alerts that ``changes`` rest on until the transaction ends.

    They are held in the order of their ids, as everybody holds several, so that no two wait for each other.
    """
    households = sorted({change.household for change in changes if change.alert_update or change.alert})
    if not households:
        return Ground({})
    listed = database.takes_lists(session)
    rows = database.run(session, _open, listed, values={"households": households})
    return Ground({one.household: one for one in (Held(*row) for row in rows)})


def _open(listed: bool) -> Select[*tuple[Any, ...]]:
    # Not a join: for many PostgreSQL would read every household there is.
    registered = select(Household.registered).where(Household.id == Alert.household_id).scalar_subquery()
    return (
        select(Alert.household_id, Alert.id, Alert.version, Alert.county, Alert.seen_on, registered)
        .where(Alert.closed_at.is_(None), database.among_named(Alert.household_id, "households", listed=listed))
        .order_by(Alert.id)
        .with_for_update(of=Alert)
    )


def _as_read(change: Change) -> tuple[object, object] | None:
    """Which alert stood open, and at which version; none where one is to be opened."""
    known = change.alert_update
    return (known["b_id"], known["b_version"]) if known else None
