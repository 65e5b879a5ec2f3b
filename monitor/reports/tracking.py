"""The narrow rows that reports count, kept up with the alerts by following their events, which are never changed."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.service import CITY_TIME
from monitor.tables import Alert, AlertEvent, FollowUp, Mark, Reason, Scan, Track, TrackCause, utc_now

MARK = "tracks"
OVERLAP = 20_000  # ids are given before they are committed: the newest events are looked at again
CHUNK = 500
UNSETTLED = frozenset({"unreachable", "watch"})


def follow(session: Session) -> int:
    """Bring the rows up to the newest event, in the caller's transaction; returns how many alerts were looked at.

    A second call looks at the newest alerts again and changes nothing.
    """
    mark = session.get(Mark, MARK) or Mark(name=MARK, event_id=0)
    newest = session.scalar(select(func.max(AlertEvent.id))) or 0
    touched = select(AlertEvent.alert_id).where(AlertEvent.id > mark.event_id - OVERLAP).distinct()
    alerts = list(session.scalars(touched))
    for start in range(0, len(alerts), CHUNK):
        _replace(session, alerts[start : start + CHUNK])
    mark.event_id, mark.at = newest, utc_now()
    session.add(mark)
    return len(alerts)


def _replace(session: Session, alerts: Sequence[uuid.UUID]) -> None:
    for table in (TrackCause, Track):
        session.execute(delete(table).where(table.alert_id.in_(alerts)))
    found, results = _seen(session, alerts), {}
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
            "close_days": _days(row.opened_on, closed), "result": result,
        }  # fmt: skip
        tracks.append(track)
        results[row.id] = track
    database.insert_many(session, Track, tracks)
    database.insert_many(session, TrackCause, _causes(session, results))


def _seen(session: Session, alerts: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[date, str | None]]:
    """The day of the first follow-up of each alert, and what the last one that settles anything found."""
    seen: dict[uuid.UUID, tuple[date, str | None]] = {}
    chosen = select(FollowUp.alert_id, FollowUp.visited_on, FollowUp.finding).where(FollowUp.alert_id.in_(alerts))
    for alert, visited_on, finding in session.execute(chosen.order_by(FollowUp.recorded_at, FollowUp.id)):
        first, result = seen.get(alert, (visited_on, None))
        seen[alert] = (min(first, visited_on), result if finding in UNSETTLED else finding)
    return seen


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
