"""Rules kept quiet for one household: listed, paused by hand for a time, and spoken of again by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope, within
from monitor.cases.chain import household_for, names_of
from monitor.cases.codes import PAUSED
from monitor.errors import Conflict, Invalid, NotFound
from monitor.tables import Alert, AlertEvent, FollowUp, Household, Quiet, Reason

LIFTED: dict[str, tuple[str, str]] = {
    "CHANGED": ("情况已变化", "things have changed"),
    "FOUND_WRONG": ("原核查结论有误", "what was found was wrong"),
    "ASKED": ("该户提出困难", "the household asked for help"),
    "CHECK_AGAIN": ("需重新核查", "it is to be looked at again"),
}
LONGEST = timedelta(days=180)


@dataclass(frozen=True)
class Asked:
    """Which are wanted: in a region, of a rule, of one household, that still hold on a day."""

    on: date
    region: str | None = None
    rule: str | None = None
    paused: bool | None = None
    household_no: str | None = None


@dataclass(frozen=True)
class Pause:
    """Until when a rule is to be quiet, that day included, and why: one of ``PAUSED``."""

    until: date
    why: str


def listed(
    session: Session, asked: Asked, *, viewer: Viewer, after: int | None = None, most: int = 50
) -> Sequence[tuple[Quiet, Household, str | None]]:
    """Return up to ``most`` quiet rules in the viewer's region with household and by whom, newest first.

    ``after`` is the last id of the page before.
    """
    by = func.coalesce(Quiet.set_by, FollowUp.recorded_by)
    chosen = select(Quiet, Household, by).join(Household, Household.id == Quiet.household_id)
    chosen = scope(chosen.outerjoin(FollowUp, FollowUp.id == Quiet.follow_up_id), viewer, of=Household)
    chosen = chosen.where(Quiet.ended_on.is_(None), Quiet.until_on >= asked.on)
    rows = session.execute(_narrowed(chosen, asked, after).order_by(Quiet.id.desc()).limit(most)).all()
    names = names_of(session, (row[2] for row in rows))
    return [(row[0], row[1], names.get(row[2] or "", row[2])) for row in rows]


def pause(session: Session, household_no: str, rule: str, pause: Pause, *, by: Viewer, on: date) -> Quiet:
    """Keep one rule quiet for one household from ``on``, in the caller's transaction; scans raise it no more.

    It rests on the reason last shown: worse facts, another category or the last day end it, as they end what a visit
    keeps quiet. What stands in an open alert stands on. Refuses more than 180 days, a reason that is not listed, a rule
    that never spoke of the household or that policy lets nobody quieten, and one that is quiet already.
    """
    household = household_for(session, household_no, by)
    if pause.why not in PAUSED:
        raise Invalid(zh=f"原因只能是 {'、'.join(PAUSED)}", en=f"why is one of {', '.join(PAUSED)}")
    if not on < pause.until <= on + LONGEST:
        raise Invalid(zh="须填写今后180天以内的日期", en="say until when: a day to come, within 180 days")
    alert, shown = _last_shown(session, household, rule)
    category = household.category if alert.closed_at else alert.category  # the register's may be newer than the night's
    made = Quiet(
        household_id=household.id, rule=rule, since_on=on, until_on=pause.until, level=shown.level,
        observed=shown.observed, worse=shown.quiet_worse, category=category,
        lower_is_worse=shown.lower_is_worse, why=pause.why, alert_id=alert.id, set_by=str(by.worker),
    )  # fmt: skip
    session.add(made)
    said = {"rule": rule, "until": pause.until.isoformat(), "why": pause.why}
    session.add(
        AlertEvent(
            alert_id=alert.id, as_of=on, kind="rule_paused", by=by.name, why=pause.why, role=by.role, worker=by.worker,
            detail=said,
        )
    )  # fmt: skip
    session.flush()
    detail = said | {"household": household.id}
    audit.record(session, by=str(by.worker), action="quiet.paused", subject=str(made.id), detail=detail)
    return made


def _last_shown(session: Session, household: Household, rule: str) -> tuple[Alert, Reason]:
    """The household is locked: of two who pause the same rule at once the second is told of the first."""
    session.execute(select(Household.id).where(Household.id == household.id).with_for_update(key_share=True))
    held = select(Quiet.until_on).where(Quiet.household_id == household.id, Quiet.rule == rule)
    if (until := session.scalar(held.where(Quiet.ended_on.is_(None)))) is not None:
        raise Conflict(
            zh=f"该规则对该户已静默至{until}，如需改期请先解除",
            en=f"that rule is quiet for this household until {until}: lift that first",
        )
    chosen = select(Alert, Reason).join(Reason, Reason.alert_id == Alert.id).where(Alert.household_id == household.id)
    chosen = chosen.where(Reason.rule == rule, Reason.status != "annulled").order_by(Alert.episode.desc()).limit(1)
    found = session.execute(chosen).first()
    if found is None or found[1].quiet_days == 0:
        raise Conflict(
            zh="只能暂停已对该户预警、且政策允许静默的规则",
            en="only a rule that spoke of this household, and that policy lets be quiet, can be paused",
        )
    return found[0], found[1]


def lift(session: Session, household_no: str, rule: str, *, why: str, by: Viewer, on: date) -> Quiet:
    """End one rule's quiet for one household, in the caller's transaction: tonight's scan may raise it again.

    No other rule is touched. Refuses a reason that is not listed and a rule that is not quiet there.
    """
    if why not in LIFTED:
        raise Invalid(zh=f"原因只能是 {'、'.join(LIFTED)}", en=f"why is one of {', '.join(LIFTED)}")
    household = household_for(session, household_no, by)
    chosen = select(Quiet).where(Quiet.household_id == household.id, Quiet.rule == rule, Quiet.ended_on.is_(None))
    found = session.scalar(chosen.with_for_update())
    if found is None:
        raise NotFound(zh="该户没有静默中的这条规则", en="that rule is not kept quiet for this household")
    found.ended_on, found.ended_why = on, f"lifted:{why}"
    detail = {"household": household.id, "rule": rule, "why": why, "until": found.until_on.isoformat()}
    audit.record(session, by=str(by.worker), action="quiet.lifted", subject=str(found.id), detail=detail)
    session.flush()
    return found


def _narrowed(chosen: Select[*tuple[Any, ...]], asked: Asked, after: int | None) -> Select[*tuple[Any, ...]]:
    if asked.region is not None:
        chosen = chosen.where(within(asked.region, of=Household))
    if asked.rule is not None:
        chosen = chosen.where(Quiet.rule == asked.rule)
    if asked.paused is not None:
        chosen = chosen.where(Quiet.alert_id.is_not(None) if asked.paused else Quiet.alert_id.is_(None))
    if asked.household_no is not None:
        chosen = chosen.where(Household.household_no == asked.household_no)
    return chosen if after is None else chosen.where(Quiet.id < after)
