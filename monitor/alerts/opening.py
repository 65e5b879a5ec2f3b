"""A household without an open alert and with a rule that fires: a new episode."""

import os
import time
import uuid
from collections.abc import Sequence

from monitor.alerts import levels
from monitor.alerts.changes import Change, Values, excess_at, ordered, where
from monitor.alerts.judged import Judged
from monitor.alerts.loading import Episode
from monitor.alerts.unseen import Unseen
from monitor.lifecycle import NEW, leap


def raised(
    judged: Judged, place: int, *, said: Sequence[Values], last: Episode | None, scan: uuid.UUID, unseen: Unseen
) -> Change:
    """Return the alert that ``said`` (at least one reason) raises, linked to the household's ``last`` episode."""
    change = Change(place, int(judged.keys[place]))
    id_ = new_id()
    reasons = ordered(list(said))
    level = str(reasons[0]["level"])
    change.alert = {
        "id": id_,
        "household_id": change.household,
        "episode": last.number + 1 if last else 1,
        "previous_id": last.id if last else None,
        "status": leap("raise", NEW),
        "level": level,
        "level_since_on": judged.as_of,
        "rank": levels.rank(level, excess_at(level, reasons), judged.as_of, tenth=judged.tenth(place)),
        "category": judged.places["category"][place],
        "opened_on": judged.as_of,
        "seen_on": judged.as_of,
        "unseen": unseen,
        "scan_id": scan,
    } | where(judged, place)
    for number, reason in enumerate(reasons):
        reason.update(alert_id=id_, place=number, first_on=judged.as_of)
    change.reasons = reasons
    detail = {"level": level, "rules": [reason["rule"] for reason in reasons]}
    change.tell(id_, "raised", as_of=judged.as_of, detail=detail, outside=True)
    change.told_edge("raise", 1)
    return change


def new_id() -> uuid.UUID:
    """Return an id that grows with time (UUID version 7, RFC 9562): a night's alerts lie together in every index."""
    millis, below = divmod(time.time_ns(), 1_000_000)
    fraction, noise = below * 4096 // 1_000_000, int.from_bytes(os.urandom(8), "big") >> 2
    return uuid.UUID(int=millis << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | noise)
