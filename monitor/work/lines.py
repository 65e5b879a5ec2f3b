"""Alerts as lines of a list: what is shown of each, and nothing else read; as many statements for any page."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.alerts.queue import BEHIND, Told
from monitor.tables import Alert, Household, Reason, Worker

STANDING = ("active", "unknown")
_OWN = (
    "id", "version", "household_id", "level", "status", "category", "region", "opened_on", "seen_on", "cleared_on",
    "closed_at", "previous_id", "due_on", "owner_id", "owner_name", "paused_until", "household_no",
)  # fmt: skip


class Line(NamedTuple):
    """An alert as a line; ``rules`` are those that stand, the weightiest first, and the sentences are of the first."""

    id: uuid.UUID
    version: int
    household_id: int
    household_no: str
    level: str
    status: str
    category: str | None
    region: str
    opened_on: date
    seen_on: date
    cleared_on: date | None
    closed_at: datetime | None
    previous_id: uuid.UUID | None
    unseen: int
    due_on: date
    owner_id: uuid.UUID | None
    owner_name: str | None
    paused_until: date | None
    rules: Sequence[str]
    sentence_zh: str
    sentence_en: str


def lines(session: Session, alerts: Sequence[uuid.UUID]) -> list[Line]:
    """Return a line for each of ``alerts``, in their order; one that is gone is left out.

    Nothing is cut here: the caller has found the ids within the viewer's reach.
    """
    if not alerts:
        return []
    values, listed = {"alerts": list(alerts)}, database.takes_lists(session)
    found, standing = database.run_together(session, (_alerts, [listed], values), (_reasons, [listed], values))
    rows = {row.id: row for row in found}
    reasons: dict[uuid.UUID, list[Any]] = {}
    for reason in standing:
        reasons.setdefault(reason.alert_id, []).append(reason)
    return [Line._make((*rows[id_], *_why(reasons.get(id_, [])))) for id_ in alerts if id_ in rows]


def line_of(told: Told) -> Line:
    """Return the line of an alert that is at hand, as ``lines`` would."""
    read: dict[str, Any] = {name: getattr(told.own, name) for name in _OWN}
    rules, zh, en = _why(told.reasons)
    return Line(**read, unseen=len(told.own.unseen), rules=rules, sentence_zh=zh, sentence_en=en)


def _why(reasons: Sequence[Any]) -> tuple[list[str], str, str]:
    """The last three of a line: the rules that stand, and the first one's sentences."""
    standing = [reason for reason in reasons if reason.status in STANDING]
    first = next(iter(standing or reasons), None)
    zh, en = ("", "") if first is None else (first.sentence_zh, first.sentence_en)
    return [reason.rule for reason in standing], zh, en


def _alerts(listed: bool) -> Select[*tuple[Any, ...]]:
    """All but the last three of a line, in its order.

    The household of an alert that was handed over may lie behind the wall: its line is shown without the number.
    """
    number = func.coalesce(Household.household_no, BEHIND).label("household_no")
    return (
        select(
            Alert.id, Alert.version, Alert.household_id, number, Alert.level, Alert.status,
            Alert.category, Alert.region, Alert.opened_on, Alert.seen_on, Alert.cleared_on, Alert.closed_at,
            Alert.previous_id, func.json_array_length(Alert.unseen).label("unseen"), Alert.due_on, Alert.owner_id,
            Worker.name.label("owner_name"), Alert.paused_until,
        )
        .outerjoin(Household, Household.id == Alert.household_id)
        .outerjoin(Worker, Worker.id == Alert.owner_id)
        .where(database.among_named(Alert.id, "alerts", listed=listed))
    )  # fmt: skip


def _reasons(listed: bool) -> Select[*tuple[Any, ...]]:
    chosen = select(Reason.alert_id, Reason.rule, Reason.status, Reason.sentence_zh, Reason.sentence_en)
    chosen = chosen.where(database.among_named(Reason.alert_id, "alerts", listed=listed))
    return chosen.order_by(Reason.place)
