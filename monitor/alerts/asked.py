"""Alerts that no rule raised: drawn at random, suggested by a model and confirmed by a person, or heard of by one.

What they stand on is not judged by any rule, so a scan leaves their reason as it is, and adds to it what rules find.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.alerts import levels
from monitor.alerts.changes import Change
from monitor.alerts.loading import Episode, last_episodes
from monitor.alerts.opening import new_id
from monitor.alerts.writing import write
from monitor.errors import Conflict
from monitor.lifecycle import NEW, leap
from monitor.tables import Alert, Household

AUDIT, SUGGESTED, LEAD = "audit_sample", "model_suggestion", "lead"
UNRULED = frozenset({AUDIT, SUGGESTED, LEAD})
"""Reasons that no rule gives: a scan neither confirms nor clears them."""


@dataclass(frozen=True)
class Asked:
    """What an alert says that no rule raised; ``within`` days it should be visited."""

    reason: str
    version: str
    direction: str
    level: str
    sentence_zh: str
    sentence_en: str
    reference: Mapping[str, str]
    evidence: list[Any] = field(default_factory=list)
    within: int = 14


def raise_asked(session: Session, home: Household, asked: Asked, *, as_of: date, scan: uuid.UUID | None) -> uuid.UUID:
    """Open an alert on ``home`` and return its id; refuses a household that has one already."""
    return raise_all_asked(session, [home], asked, as_of=as_of, scan=scan)[0]


def raise_all_asked(
    session: Session, homes: Sequence[Household], asked: Asked, *, as_of: date, scan: uuid.UUID | None
) -> list[uuid.UUID]:
    """Open the same alert on each of ``homes`` and return the ids in their order; refuses all if one has an alert."""
    keys = [home.id for home in homes]
    if flagged(session, keys):
        raise Conflict(zh="该户已有未办结的预警", en="the household has an open alert already")
    last = last_episodes(session, keys)
    changes = [_change(home, asked, last.get(home.id), as_of=as_of, scan=scan) for home in homes]
    write(session, changes)
    return [change.alert["id"] for change in changes if change.alert]


def flagged(session: Session, households: Sequence[int]) -> bool:
    """Say whether one of ``households`` has an open alert."""
    open_ = select(Alert.id).where(Alert.household_id.in_(households), Alert.closed_at.is_(None))
    return session.scalar(open_.limit(1)) is not None


def _change(home: Household, asked: Asked, last: Episode | None, *, as_of: date, scan: uuid.UUID | None) -> Change:
    change = Change(0, home.id, region=home.region)
    id_ = new_id()
    change.alert = {
        "id": id_, "household_id": home.id, "episode": last.number + 1 if last else 1,
        "previous_id": last.id if last else None, "status": leap("raise", NEW), "level": asked.level,
        "level_since_on": as_of, "rank": levels.rank(asked.level, None, as_of), "category": home.category,
        "opened_on": as_of, "seen_on": as_of, "unseen": [], "scan_id": scan, "region": home.region,
        "county": home.county, "town": home.town, "village": home.village,
        "visit_due_on": as_of + timedelta(days=asked.within),
    }  # fmt: skip
    change.reasons = [_reason(asked, as_of) | {"alert_id": id_}]
    change.tell(id_, "raised", as_of=as_of, detail={"level": asked.level, "rules": [asked.reason]}, outside=True)
    change.told_edge("raise", 1)
    return change


def _reason(asked: Asked, as_of: date) -> dict[str, Any]:
    return {
        "rule": asked.reason, "rule_version": asked.version, "direction": asked.direction, "level": asked.level,
        "status": "active", "place": 0, "sentence_zh": asked.sentence_zh, "sentence_en": asked.sentence_en,
        "observed": None, "limit_value": None, "excess": None, "unit": None, "parameters": [], "unseen": [],
        "reference": dict(asked.reference), "evidence": asked.evidence, "data_on": None, "cooldown_days": 0,
        "quiet_days": 0, "quiet_worse": 0.0, "lower_is_worse": False, "first_on": as_of, "last_on": as_of,
        "cleared_on": None, "cleared_by": None,
    }  # fmt: skip
