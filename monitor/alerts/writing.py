"""Changes into the database: one transaction's worth at a time, refused if somebody was faster."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.orm import Session

from monitor.alerts import standing
from monitor.alerts.amending import amend
from monitor.alerts.changes import Change, Values
from monitor.alerts.due import Due, hasten, of_new
from monitor.database import insert_many
from monitor.tables import Alert, AlertEvent, Household, Outbox, Quiet, Reason, utc_now


class Overtaken(Exception):
    """A worker changed one of these alerts after it was read; nothing may be written on stale ground."""


def write(session: Session, changes: Sequence[Change], *, due: Due | None = None) -> Counter[str]:
    """Write ``changes`` in the caller's transaction and return what was done, counted; ``due`` sets the deadlines.

    Raises ``Overtaken`` when an alert is no longer as it was read; the caller undoes the transaction and
    plans those households anew.
    """
    now = utc_now()
    renewed = [change.alert_update for change in changes if change.alert_update]
    if amend(session, Alert, renewed) != len(renewed):
        raise Overtaken
    insert_many(session, Alert, [_new(change, change.alert, due, now) for change in changes if change.alert])
    if due is not None:
        hasten(session, changes, due)
    insert_many(session, Reason, [row for change in changes for row in change.reasons])
    updates = [row for change in changes for row in change.reason_updates]
    amend(session, Reason, updates)
    standing.settle(session, [row for change in changes if not change.alert for row in change.reasons], updates)
    amend(session, Quiet, [row for change in changes for row in change.quiets_ended])
    insert_many(session, AlertEvent, [row | {"at": now} for change in changes for row in change.events])
    insert_many(session, Outbox, [row | {"made_at": now} for change in changes for row in change.outbox])
    done: Counter[str] = Counter()
    for change in changes:
        for what, times in change.counts.items():
            done[what] += times
    return done


def _new(change: Change, alert: Values, due: Due | None, now: datetime) -> Values:
    said = standing.text_of(change.reasons)
    return {**alert, "version": 1, "standing": said, **of_new(change, due), "opened_at": now}


def mark_seen(
    session: Session, county: str, lowest: int, highest: int, *, as_of: date, besides: Sequence[int] = ()
) -> None:
    """Note that the open alerts of the county's households with those keys were judged as of ``as_of``.

    A household between them that left the register, or is among ``besides``, was not judged: its alert keeps the day
    it last was.
    """
    said = {"of_county": county, "lowest": lowest, "highest": highest, "on": as_of, "besides": list(besides)}
    session.connection().execute(_seen(), said)


@cache
def _seen() -> Update:
    registered = select(Household.id).where(Household.id == Alert.household_id, Household.registered)
    between = Alert.household_id.between(bindparam("lowest"), bindparam("highest"))
    # As a sum the county leads to no index: SQLite would go through all alerts of the county, every time anew.
    in_county = Alert.county + "" == bindparam("of_county")
    return (
        update(Alert)
        .where(Alert.closed_at.is_(None), between, in_county)
        .where(Alert.seen_on < bindparam("on"), registered.exists())
        .where(Alert.household_id.not_in(bindparam("besides", expanding=True)))
        .values(seen_on=bindparam("on"))
    )
