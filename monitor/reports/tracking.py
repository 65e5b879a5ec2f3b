"""The narrow rows that reports count, kept up with the alerts by following their events, which are never changed."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.service import CITY_TIME
from monitor.tables import (
    COUNTS,
    Alert,
    AlertEvent,
    Case,
    CaseEvent,
    FollowUp,
    Mark,
    Measure,
    Reason,
    Scan,
    Track,
    TrackCause,
    utc_now,
)

MARK, CASES = "tracks", "tracks.cases"
OVERLAP = 20_000  # ids are given before they are committed: the newest events are looked at again
CHUNK = 500
NEVER: tuple[date | None, int | None] = (None, None)
UNSETTLED = frozenset({"unreachable", "watch"})


def follow(session: Session) -> int:
    """Bring the rows up to the newest event, in the caller's transaction; returns how many alerts were looked at.

    A second call looks at the newest alerts again and changes nothing.
    """
    by_case = select(Case.alert_id).join(CaseEvent, CaseEvent.case_id == Case.id)
    alerts = _newest(session, MARK, AlertEvent, select(AlertEvent.alert_id))
    alerts |= _newest(session, CASES, CaseEvent, by_case)
    listed = sorted(alerts)
    for start in range(0, len(listed), CHUNK):
        _replace(session, listed[start : start + CHUNK])
    return len(listed)


def _newest(session: Session, name: str, events: Any, alerts: Any) -> set[uuid.UUID]:
    """The alerts of the events since the mark, which goes on to the newest."""
    mark = session.get(Mark, name) or Mark(name=name, event_id=0)
    found = set(session.scalars(alerts.where(events.id > mark.event_id - OVERLAP).distinct()))
    mark.event_id, mark.at = session.scalar(select(func.max(events.id))) or 0, utc_now()
    session.add(mark)
    return found


def _replace(session: Session, alerts: Sequence[uuid.UUID]) -> None:
    for table in (TrackCause, Track):
        session.execute(delete(table).where(table.alert_id.in_(alerts)))
    found, helped, results = _seen(session, alerts), _helped(session, alerts), {}
    tracks = []
    columns = (
        Alert.id, Alert.household_id, Alert.county, Alert.town, Alert.village, Alert.level, Alert.opened_on,
        Alert.closed_at, Scan.model_version,
    )  # fmt: skip
    chosen = select(*columns).outerjoin(Scan, Scan.id == Alert.scan_id).where(Alert.id.in_(alerts))
    for row in session.execute(chosen.where(Alert.status != "annulled")):
        first, result = found.get(row.id, (None, None))
        closed = None if row.closed_at is None else row.closed_at.astimezone(CITY_TIME).date()
        track = {
            "alert_id": row.id, "household_id": row.household_id, "county": row.county, "town": row.town,
            "village": row.village, "level": row.level, "model": row.model_version, "opened_on": row.opened_on,
            "opened_month": f"{row.opened_on:%Y-%m}", "first_days": _days(row.opened_on, first),
            "close_days": _days(row.opened_on, closed), "result": result, "case_on": helped.get(row.id, NEVER)[0],
            "helped_days": helped.get(row.id, NEVER)[1],
        }  # fmt: skip
        tracks.append(track)
        results[row.id] = track
    database.insert_many(session, Track, tracks)
    database.insert_many(session, TrackCause, _causes(session, results))


def _seen(session: Session, alerts: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[date, str | None]]:
    """The day of the first follow-up of each alert, and what the last one that settles anything found."""
    seen: dict[uuid.UUID, tuple[date, str | None]] = {}
    chosen = select(FollowUp.alert_id, FollowUp.visited_on, FollowUp.finding).where(FollowUp.alert_id.in_(alerts))
    chosen = chosen.where(COUNTS)
    for alert, visited_on, finding in session.execute(chosen.order_by(FollowUp.recorded_at, FollowUp.id)):
        first, result = seen.get(alert, (visited_on, None))
        seen[alert] = (min(first, visited_on), result if finding in UNSETTLED else finding)
    return seen


def _helped(session: Session, alerts: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[date, int | None]]:
    """The day a case was opened from each alert, and how many days later the first measure was done."""
    done = func.min(Measure.done_on).filter(Measure.status == "done")
    chosen = select(Case.alert_id, Case.opened_on, done).outerjoin(Measure, Measure.case_id == Case.id)
    chosen = chosen.where(Case.alert_id.in_(alerts), Case.status != "annulled").group_by(Case.alert_id, Case.opened_on)
    rows = session.execute(chosen.order_by(Case.opened_on.desc()))
    return {alert: (opened_on, _days(opened_on, first)) for alert, opened_on, first in rows}


def _causes(session: Session, tracks: dict[uuid.UUID, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each rule and each feed behind an alert once; a rule that looks at no row at all has the feed of no name."""
    chosen = select(Reason.alert_id, Reason.rule, Reason.evidence).where(Reason.alert_id.in_(tracks))
    found = set()
    for alert, rule, evidence in session.execute(chosen.where(Reason.status != "annulled")):
        found.add((alert, "rule", rule))
        found |= {(alert, "feed", feed) for feed in {row["feed"] for row in evidence} or {""}}
    shared = ("county", "town", "village", "opened_on", "result")
    return [
        {"alert_id": alert, "kind": kind, "cause": cause} | {name: tracks[alert][name] for name in shared}
        for alert, kind, cause in sorted(found)
    ]


def _days(since: date, until: date | None) -> int | None:
    return None if until is None else max((until - since).days, 0)
