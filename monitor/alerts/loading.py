"""What is already known of a chunk's households: their open alerts, quiet rules and last episodes."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from monitor.alerts.judged import Keys
from monitor.alerts.levels import Standing
from monitor.alerts.quiets import Silence, said_of
from monitor.tables import Alert, FollowUp, Quiet, Reason

_AT_ONCE = 5_000
_CLOSE = 2  # keys that fill half of a stretch: reading the stretch costs no more than asking for each


@dataclass(slots=True)
class Known:
    """A reason as stored, as far as a scan compares it."""

    id: int
    rule: str
    version: str
    level: str
    status: str
    place: int
    observed: float | None
    limit: float | None
    excess: float | None
    data_on: date | None
    cooldown_days: int
    last_on: date


@dataclass(slots=True)
class Open:
    """An open alert as stored, with its reasons."""

    id: uuid.UUID
    household: int
    version: int
    standing: Standing
    rank: int
    region: str
    category: str | None
    opened_on: date
    seen_on: date
    cleared_on: date | None
    unseen: str
    status: str = "open"
    paused_from: str | None = None
    wakes_on_worse: bool = False
    owned: bool = False
    handed: bool = False
    reasons: list[Known] = field(default_factory=list)


class Episode(NamedTuple):
    """The last alert of a household that has none open."""

    number: int
    id: uuid.UUID


def open_alerts(session: Session, households: Keys) -> dict[int, Open]:
    """Return the open alerts of the households with those keys, by household."""
    found: dict[uuid.UUID, Open] = {}
    for those in _among(Alert.household_id, households):
        for row in session.execute(_alerts(those)):
            found[row.id] = _open(row)
        for row in session.execute(_reasons(those)):
            if row.alert_id in found:
                found[row.alert_id].reasons.append(Known(*row[1:]))
    return {alert.household: alert for alert in found.values()}


def silences(session: Session, households: Keys) -> Iterator[tuple[int, Silence]]:
    """Yield each quiet rule not yet ended of those households, with its household and what the worker saw."""
    seen_on = func.coalesce(Quiet.alert_id, FollowUp.alert_id)
    columns = (
        Quiet.household_id, Quiet.id, Quiet.rule, Quiet.until_on, Quiet.level, Quiet.observed,
        Quiet.worse, Quiet.lower_is_worse, Quiet.category, Reason.evidence,
    )  # fmt: skip
    chosen = (
        select(*columns)
        .outerjoin(FollowUp, FollowUp.id == Quiet.follow_up_id)
        .outerjoin(Reason, (Reason.alert_id == seen_on) & (Reason.rule == Quiet.rule))
        .where(Quiet.ended_on.is_(None))
    )
    for those in _among(Quiet.household_id, households):
        for row in session.execute(chosen.where(those).order_by(Quiet.id)):
            yield row[0], replace(Silence(*row[1:-1]), seen=said_of(row[-1] or []))


def _among(column: InstrumentedAttribute[int], keys: Keys) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together mean ``keys``, each key once.

    A stretch of keys where they lie close together; elsewhere key by key, or a chunk of one county would read
    what lies between its households of all others.
    """
    listed = np.sort(keys)
    portions = [listed] if _close(listed) else [listed[at : at + _AT_ONCE] for at in range(0, len(listed), _AT_ONCE)]
    for some in portions:
        if _close(some):
            yield column.between(int(some[0]), int(some[-1]))
        else:
            yield column.in_(some.tolist())


def _close(keys: Keys) -> bool:
    return bool(len(keys)) and int(keys[-1] - keys[0]) < _CLOSE * len(keys)


def last_episodes(session: Session, households: Sequence[int]) -> dict[int, Episode]:
    """Return the last episode of each of ``households`` that ever had an alert."""
    found: dict[int, Episode] = {}
    for some in _portions(households):
        newest = (
            select(Alert.household_id, func.max(Alert.episode).label("episode"))
            .where(Alert.household_id.in_(some))
            .group_by(Alert.household_id)
            .subquery()
        )
        chosen = select(Alert.household_id, Alert.episode, Alert.id).join(
            newest, (Alert.household_id == newest.c.household_id) & (Alert.episode == newest.c.episode)
        )
        found.update((household, Episode(number, id_)) for household, number, id_ in session.execute(chosen))
    return found


def evidence_rows(session: Session, reasons: Sequence[int]) -> dict[int, set[tuple[str, int, int]]]:
    """Return of each reason the rows (feed, delivery, row number) that it was raised on."""
    found: dict[int, set[tuple[str, int, int]]] = {}
    for some in _portions(reasons):
        for id_, rows in session.execute(select(Reason.id, Reason.evidence).where(Reason.id.in_(some))):
            found[id_] = {(row["feed"], row["delivery"], row["row"]) for row in rows}
    return found


def _portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _alerts(those: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(
        Alert.id, Alert.household_id, Alert.version, Alert.level, Alert.level_since_on, Alert.lower_level,
        Alert.lower_since_on, Alert.rank, Alert.region, Alert.category, Alert.opened_on, Alert.seen_on,
        Alert.cleared_on, cast(Alert.unseen, Text).label("unseen"), Alert.status, Alert.paused_from,
        Alert.wakes_on_worse, Alert.owner_id, Alert.handed_from,
    ).where(Alert.closed_at.is_(None), those)  # fmt: skip


def _reasons(those: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Reason.alert_id, Reason.id, Reason.rule, Reason.rule_version, Reason.level, Reason.status, Reason.place,
            Reason.observed, Reason.limit_value, Reason.excess, Reason.data_on, Reason.cooldown_days, Reason.last_on,
        )
        .join(Alert, Alert.id == Reason.alert_id)
        .where(Alert.closed_at.is_(None), those)
        .order_by(Reason.alert_id, Reason.place)
    )  # fmt: skip


def _open(row: Row[Any]) -> Open:
    return Open(
        id=row.id,
        household=row.household_id,
        version=row.version,
        standing=Standing(row.level, row.level_since_on, row.lower_level, row.lower_since_on),
        rank=row.rank,
        region=row.region,
        category=row.category,
        opened_on=row.opened_on,
        seen_on=row.seen_on,
        cleared_on=row.cleared_on,
        unseen=row.unseen,
        status=row.status,
        paused_from=row.paused_from,
        wakes_on_worse=row.wakes_on_worse,
        owned=row.owner_id is not None,
        handed=row.handed_from is not None,
    )
