"""Rules kept quiet for a household after a verified "no need", and spoken of again when that is taken back."""

import uuid
from datetime import date, timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.tables import Alert, Quiet


class Seen(Protocol):
    """What a quiet rests on: a visit, or a follow-up as stored."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def visited_on(self) -> date: ...
    @property
    def finding(self) -> str: ...
    @property
    def reason_code(self) -> str | None: ...


def keep(session: Session, alert: Alert, seen: Seen) -> dict[str, str]:
    """Keep the alert's rules quiet from the day of the visit; return each with its last quiet day."""
    told = [reason for reason in alert.reasons if reason.status != "annulled" and reason.quiet_days > 0]
    rules = [reason.rule for reason in told]
    replaced = update(Quiet).where(Quiet.household_id == alert.household_id, Quiet.rule.in_(rules))
    session.execute(replaced.where(Quiet.ended_on.is_(None)).values(ended_on=seen.visited_on, ended_why="replaced"))
    until = {reason.rule: seen.visited_on + timedelta(days=reason.quiet_days) for reason in told}
    session.add_all(
        Quiet(
            household_id=alert.household_id, rule=reason.rule, since_on=seen.visited_on, until_on=until[reason.rule],
            level=reason.level, observed=reason.observed, worse=reason.quiet_worse, category=alert.category,
            lower_is_worse=reason.lower_is_worse, why=seen.reason_code or seen.finding, follow_up_id=seen.id,
        )
        for reason in told
    )  # fmt: skip
    return {rule: day.isoformat() for rule, day in until.items()}


def end(session: Session, follow_up: uuid.UUID, *, on: date, why: str) -> list[str]:
    """End the quiets that rest on ``follow_up`` and put back in force those it had replaced; return the rules."""
    resting = select(Quiet).where(Quiet.follow_up_id == follow_up, Quiet.ended_on.is_(None))
    ended = session.scalars(resting).all()
    for quiet in ended:
        quiet.ended_on, quiet.ended_why = on, why
    session.flush()
    if why == "undone":
        for quiet in ended:
            _restore(session, quiet)
    return sorted(quiet.rule for quiet in ended)


def _restore(session: Session, after: Quiet) -> None:
    chosen = select(Quiet).where(Quiet.household_id == after.household_id, Quiet.rule == after.rule)
    chosen = chosen.where(Quiet.ended_why == "replaced", Quiet.ended_on == after.since_on, Quiet.id < after.id)
    before = session.scalar(chosen.order_by(Quiet.id.desc()).limit(1))
    if before is not None:
        before.ended_on, before.ended_why = None, None
        session.flush()
