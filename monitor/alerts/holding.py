"""The ground that planned changes rest on: held while they are written, and what of it has moved meanwhile."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.alerts.changes import Change
from monitor.tables import Alert


def moved(session: Session, changes: Sequence[Change]) -> set[int]:
    """Hold the alerts of ``changes`` until the transaction ends; return the places of those no longer as read.

    They are held in the order of their ids, as everybody holds several, so that no two wait for each other.
    """
    rests = {change.household: change for change in changes if change.alert_update or change.alert}
    if not rests:
        return set()
    chosen = select(Alert.household_id, Alert.id, Alert.version).where(
        Alert.closed_at.is_(None), Alert.household_id.in_(list(rests))
    )
    held = session.execute(chosen.order_by(Alert.id).with_for_update())
    now = {household: (id_, version) for household, id_, version in held}
    return {change.place for household, change in rests.items() if now.get(household) != _as_read(change)}


def _as_read(change: Change) -> tuple[object, object] | None:
    """Which alert stood open, and at which version; none where one is to be opened."""
    known = change.alert_update
    return (known["b_id"], known["b_version"]) if known else None
