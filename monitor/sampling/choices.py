"""Why each visited household was chosen: entered once, beside the chance that it had."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor.policy import Policy
from monitor.sampling.drawing import week_of
from monitor.sampling.scores import Scores
from monitor.tables import COUNTS, Alert, Choice, FollowUp

CERTAIN = 1.0
"""What a rule raised is visited whatever chance says; only its place in the queue differs."""


def unentered(session: Session) -> Sequence[uuid.UUID]:
    """Return the alerts that were visited and of which nobody noted why."""
    visited = select(FollowUp.id).where(FollowUp.alert_id == Alert.id, COUNTS)
    return session.scalars(select(Alert.id).where(visited.exists(), ~_entered().exists()).order_by(Alert.id)).all()


def enter_visits(
    session: Session, law: Policy, visited: Sequence[uuid.UUID], *, as_of: date, scores: Scores | None
) -> int:
    """Enter why the alerts ``visited`` were chosen; returns how many. A second call enters none.

    What the sample drew and what a person confirmed were entered when they were chosen. What another office sent here
    is a referral; the rest was raised by rules.
    """
    chosen = select(Alert).where(Alert.id.in_(visited), ~_entered().exists())
    found = session.scalars(chosen.order_by(Alert.id)).all()
    for alert in found:
        week = week_of(law, alert.county, as_of=as_of)
        session.add(
            Choice(
                household_id=alert.household_id, alert_id=alert.id, as_of=as_of, week=week.name,
                reason="referral" if alert.handed_from else "rule", score=score_of(scores, alert.household_id),
                rank=alert.rank, capacity=week.capacity, propensity=CERTAIN, stratum=None, county=alert.county,
                town=alert.town, village=alert.village,
            )
        )  # fmt: skip
    session.flush()
    return len(found)


def _entered() -> Select[int]:
    return select(Choice.id).where(Choice.alert_id == Alert.id)


def score_of(scores: Scores | None, household: int) -> float | None:
    """Return tonight's score of a household; None where there is none."""
    found = None if scores is None else scores.score.get(household)
    return None if found is None or found != found else float(found)
