"""What visits and offices found, read from the operational tables as it was known by a date."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from monitor.alerts.asked import AUDIT
from monitor.cases.codes import HELP, REFERRALS
from monitor.service import CITY_TIME
from monitor.tables import COUNTS, Alert, AlertEvent, Case, FollowUp, Reason

CONFIRMED = ("confirmed", "partly")
REFUTED = ("no_need", "false_alarm")
_PENDING = timedelta(days=183)


def visits(session: Session, *, since: date, until: date, known_on: date) -> pd.DataFrame:
    """Return ``confirmed`` (1 or 0) of each household visited after ``since``, up to ``until``, by household key;
    ``confirmed_on`` is the day of the first visit that confirmed.

    Counts what was recorded by ``known_on`` and not taken back. One visit that confirms outweighs those that do not;
    who was not reached was not visited. What an alert to leave or to check the data confirms is no need.
    """
    asked = select(Reason.alert_id).where(or_(Reason.direction == "help", Reason.rule == AUDIT)).distinct()
    chosen = (
        select(Alert.household_id, FollowUp.finding, FollowUp.reason_code, FollowUp.visited_on)
        .join(Alert, Alert.id == FollowUp.alert_id)
        .where(FollowUp.visited_on > since, FollowUp.visited_on <= until, COUNTS)
        .where(FollowUp.recorded_at < _end_of(known_on), FollowUp.alert_id.in_(asked))
    )
    said = [
        (row.household_id, settled(row.finding, row.reason_code), row.visited_on) for row in session.execute(chosen)
    ]
    frame = pd.DataFrame(said, columns=["household_key", "confirmed", "visited_on"]).dropna()
    frame["confirmed_on"] = pd.to_datetime(frame["visited_on"]).where(frame["confirmed"] == 1)
    return frame.groupby("household_key").agg({"confirmed": "max", "confirmed_on": "min"})


def settled(finding: str, code: str | None) -> int | None:
    """Return 1 for a finding that confirms need, 0 for one that refutes it, None for one that settles nothing."""
    if finding in CONFIRMED or (finding == "helped" and code in HELP - _TAKES | REFERRALS):
        return 1
    return 0 if finding in REFUTED else None


_TAKES = frozenset({"STOP", "DOWN_AMT", "GRACE", "RECOVER", "REPORT", "ADJUST", "CAT_CHG"})


def pending(session: Session, *, on: date) -> Sequence[int]:
    """Return the households whose need was confirmed and being decided on at the end of ``on``."""
    closed_later = or_(Case.closed_at.is_(None), Case.closed_at >= _end_of(on))
    cases = select(Case.household_id).where(Case.opened_on <= on, closed_later)
    confirmed = and_(FollowUp.finding.in_(CONFIRMED), COUNTS)
    inside = and_(FollowUp.visited_on <= on, FollowUp.visited_on > on - _PENDING, FollowUp.recorded_at < _end_of(on))
    visited = select(Alert.household_id).join(FollowUp, FollowUp.alert_id == Alert.id).where(confirmed, inside)
    still = or_(Alert.closed_at.is_(None), Alert.closed_at >= _end_of(on))
    return sorted({*session.scalars(cases), *session.scalars(visited.where(still))})


def red(session: Session, *, since: date, until: date) -> Sequence[int]:
    """Return the households that had an alert at red between the two dates."""
    raised = select(Alert.household_id, AlertEvent.detail).join(AlertEvent, AlertEvent.alert_id == Alert.id)
    raised = raised.where(AlertEvent.as_of <= until, AlertEvent.kind.in_(("raised", "escalated")))
    raised = raised.where(or_(Alert.closed_at.is_(None), Alert.closed_at > _end_of(since)))
    return sorted({key for key, said in session.execute(raised) if "red" in (said.get("level"), said.get("to"))})


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, CITY_TIME)
