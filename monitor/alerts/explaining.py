"""Why a household is alerted, and why not: each rule's verdict on a date, the nearest limit, what is unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.alerts.chunks import Judge
from monitor.alerts.judged import Json
from monitor.alerts.levels import severity
from monitor.errors import NotFound, NotThen
from monitor.indicators import FeedState, compute, freshness, manifest, opened
from monitor.lake import Lake
from monitor.policy import Explanation, Policy
from monitor.tables import Alert, Household, Quiet

_ORDER = {"fires": 0, "unknown": 1, "silent": 2}


@dataclass(frozen=True)
class Answer:
    """One rule's verdict on the household: the explanation, the rows behind it, the quiet it is kept under."""

    explanation: Explanation
    evidence: Sequence[Json]
    quiet: Quiet | None


@dataclass(frozen=True)
class Account:
    """Everything the rules say of one household as of one date, what fires first, then the nearest to firing."""

    household: Household
    as_of: date
    category: str | None
    region: str
    policy: Policy
    answers: Sequence[Answer]
    states: Mapping[str, FeedState]
    alert: Alert | None


def account(
    session: Session, lake: Lake, policy: Policy, household_no: str, *, as_of: date, viewer: Viewer | None = None
) -> Account:
    """Return why ``household_no`` is alerted as of ``as_of``, and why not, by the deliveries known then.

    A household that ``viewer`` may not see is refused like one that does not exist.
    """
    household = _find(session, household_no, viewer)
    known = manifest(session, as_of=as_of)
    states = freshness(known, policy, as_of=as_of)
    with opened(lake, policy, known) as view:
        table = compute(view, policy, as_of=as_of, households=[household.id])
        if table.empty:
            raise NotThen(
                zh=f"{household_no} 在 {as_of} 不在登记中", en=f"{household_no} was not in the register on {as_of}"
            )
        row = {str(name): value for name, value in table.iloc[0].items()}
        said = [policy.explain(rule, row) for rule in sorted(policy.rules)]
        judge = Judge(view, policy, states, as_of)
        rows = {one.rule.name: judge.evidence(one.rule.name, np.array([household.id])) for one in said if _fires(one)}
    quiets = _quiets(session, household.id, as_of)
    answers = [
        Answer(one, rows.get(one.rule.name, {}).get(household.id, []), quiets.get(one.rule.name)) for one in said
    ]
    alert = session.scalar(select(Alert).where(Alert.household_id == household.id, Alert.closed_at.is_(None)))
    category = row["category"] if isinstance(row["category"], str) else None
    return Account(household, as_of, category, str(row["region"]), policy, sorted(answers, key=_place), states, alert)


def _find(session: Session, household_no: str, viewer: Viewer | None) -> Household:
    chosen = select(Household).where(Household.household_no == household_no)
    household = session.scalar(chosen if viewer is None else scope(chosen, viewer, of=Household))
    if household is None:
        raise NotFound(zh="没有这户，或不在您的管辖范围", en="there is no such household in your region")
    return household


def _quiets(session: Session, household: int, as_of: date) -> dict[str, Quiet]:
    chosen = select(Quiet).where(Quiet.household_id == household, Quiet.since_on <= as_of, Quiet.until_on >= as_of)
    return {quiet.rule: quiet for quiet in session.scalars(chosen) if quiet.ended_on is None or quiet.ended_on > as_of}


def _fires(said: Explanation) -> bool:
    return said.verdict == "fires"


def _place(answer: Answer) -> tuple[int, float, int, str]:
    said = answer.explanation
    near = 0.0 if _fires(said) else sum(step.effort for step in said.gap)
    return _ORDER[said.verdict], near, severity(said.rule.level), said.rule.name
