"""One alert and all that is told of it, if the viewer may see it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, Uuid, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from monitor import database
from monitor.access import Viewer, reach, scope
from monitor.errors import NotFound
from monitor.prepared import Rows
from monitor.tables import Alert, AlertEvent, Case, Delivery, FollowUp, Household, Quiet, Reason, Worker

BEHIND = "—"
"""In place of the number of a household that lies behind the wall: its alert was handed over."""

_WHOLE = (selectinload(Alert.reasons), joinedload(Alert.household))


class Told(NamedTuple):
    """An alert as it is told, read as plain columns: nothing of it can be changed.

    ``own`` has its columns, ``household_no``, ``owner_name``, ``following_id``, the episode after, and ``case_id``, the
    household's case that has not ended; ``reasons`` are those of all times, the weightiest first; ``steps`` those of
    its life and ``found`` what workers found, both oldest first; ``quiet`` the household's rules that a person's
    finding keeps quiet.
    """

    own: Any
    reasons: Rows
    steps: Rows
    found: Rows
    quiet: Rows


def get(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> Alert:
    """Return one alert with its reasons and household; absent and not yours are the same refusal."""
    alert = session.scalar(scope(select(Alert).where(Alert.id == alert_id), viewer).options(*_WHOLE))
    if alert is None:
        raise _no_such()
    return alert


def told(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> Told:
    """Return one alert as it is told; absent and not yours are the same refusal."""
    kind = reach.kind_of(viewer)
    values = {"alert": alert_id} | (reach.values(viewer.region, "viewer") if kind != reach.NOTHING else {})
    own = database.run(session, _own, kind, values=values).first()
    if own is None:
        raise _no_such()
    values |= {"household": own.household_id}
    return Told(
        own, *database.run_together(session, *((made, (), values) for made in (_reasons, _steps, _found, _quiet)))
    )


def _own(kind: str) -> Select[*tuple[Any, ...]]:
    after = aliased(Alert)
    following = select(after.id).where(after.previous_id == Alert.id).limit(1).scalar_subquery()
    living = select(Case.id).where(Case.household_id == Household.id, Case.closed_at.is_(None)).scalar_subquery()
    return (
        select(
            Alert.id, Alert.version, Alert.household_id, Alert.episode, Alert.level, Alert.status, Alert.category,
            Alert.region, Alert.opened_on, Alert.seen_on, Alert.cleared_on, Alert.closed_at, Alert.closed_why,
            Alert.lower_level, Alert.lower_since_on, Alert.previous_id, Alert.unseen, Alert.due_on, Alert.owner_id,
            Alert.paused_until, func.coalesce(Household.household_no, BEHIND).label("household_no"),
            Worker.name.label("owner_name"), following.label("following_id"), living.label("case_id"),
        )
        .outerjoin(Household, Household.id == Alert.household_id)
        .outerjoin(Worker, Worker.id == Alert.owner_id)
        .where(Alert.id == bindparam("alert", type_=Uuid()), reach.of_kind(kind, Alert, "viewer"))
    )  # fmt: skip


def _reasons() -> Select[*tuple[Any, ...]]:
    chosen = select(
        Reason.rule, Reason.rule_version, Reason.direction, Reason.level, Reason.status, Reason.sentence_zh,
        Reason.sentence_en, Reason.observed, Reason.observed_before, Reason.before_on, Reason.limit_value,
        Reason.excess, Reason.unit, Reason.parameters, Reason.reference, Reason.evidence, Reason.unseen,
        Reason.data_on, Reason.first_on, Reason.last_on, Reason.cleared_on, Reason.cleared_by,
    )  # fmt: skip
    return chosen.where(Reason.alert_id == bindparam("alert", type_=Uuid())).order_by(Reason.place)


def version(session: Session, alert_id: uuid.UUID, *, viewer: Viewer) -> int:
    """Return the version of one alert and nothing else of it; absent and not yours are the same refusal."""
    found = session.scalar(scope(select(Alert.version).where(Alert.id == alert_id), viewer))
    if found is None:
        raise _no_such()
    return found


def _steps() -> Select[*tuple[Any, ...]]:
    chosen = select(AlertEvent.at, AlertEvent.as_of, AlertEvent.kind, AlertEvent.by, AlertEvent.detail)
    return chosen.where(AlertEvent.alert_id == bindparam("alert", type_=Uuid())).order_by(AlertEvent.id)


def _found() -> Select[*tuple[Any, ...]]:
    chosen = select(
        FollowUp.id, FollowUp.alert_id, FollowUp.visited_on, FollowUp.way, FollowUp.finding, FollowUp.reason_code,
        FollowUp.next_on, FollowUp.note, FollowUp.recorded_by, FollowUp.recorded_at, FollowUp.present, FollowUp.facts,
        FollowUp.proposed, FollowUp.case_id, FollowUp.undone_at, FollowUp.supplement, FollowUp.said_on,
        FollowUp.device_at, FollowUp.ahead_seconds,
    )  # fmt: skip
    chosen = chosen.where(FollowUp.alert_id == bindparam("alert", type_=Uuid()))
    return chosen.order_by(FollowUp.recorded_at, FollowUp.id)


def _quiet() -> Select[*tuple[Any, ...]]:
    chosen = select(Quiet.rule, Quiet.since_on, Quiet.until_on, Quiet.why).where(Quiet.ended_on.is_(None))
    return chosen.where(Quiet.household_id == bindparam("household", type_=BigInteger())).order_by(Quiet.rule)


def measured_before(session: Session, told: Told) -> Mapping[str, tuple[float, date]]:
    """Return by rule what was measured last time, and the last day it was.

    Last time is before it last changed in this alert, or else in the episode before.
    """
    before = told.own.previous_id
    rows = database.run(session, _measured, values={"before": before}) if before else []
    found = {row.rule: (row.observed, row.last_on) for row in rows if row.observed is not None}
    for reason in told.reasons:
        if reason.observed_before is not None and reason.before_on is not None:
            found[reason.rule] = (reason.observed_before, reason.before_on)
    return found


def _measured() -> Select[*tuple[Any, ...]]:
    until = case((Reason.status == "active", Alert.seen_on), else_=Reason.last_on).label("last_on")
    chosen = select(Reason.rule, Reason.observed, until).join(Reason.alert)
    return chosen.where(Alert.id == bindparam("before", type_=Uuid()))


def received(session: Session, reasons: Sequence[Any]) -> Mapping[int, date]:
    """Return by its number the day on which each delivery behind the evidence of ``reasons`` was taken in."""
    numbers = {row["delivery"] for reason in reasons for row in reason.evidence}
    if not numbers:
        return {}
    listed = database.takes_lists(session)
    return dict(database.run(session, _received, listed, values={"numbers": sorted(numbers)}))


def _received(listed: bool) -> Select[*tuple[Any, ...]]:
    among = database.among_named(Delivery.seq, "numbers", listed=listed)
    return select(Delivery.seq, Delivery.received_on).where(among)


def _no_such() -> NotFound:
    return NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
