"""Rules that a verified "no need" keeps quiet: a list to look through, and one spoken of again by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope, within
from monitor.cases.chain import household_for, names_of
from monitor.errors import Invalid, NotFound
from monitor.tables import FollowUp, Household, Quiet

LIFTED: dict[str, tuple[str, str]] = {
    "CHANGED": ("情况已变化", "things have changed"),
    "FOUND_WRONG": ("原核查结论有误", "what was found was wrong"),
    "ASKED": ("该户提出困难", "the household asked for help"),
    "CHECK_AGAIN": ("需重新核查", "it is to be looked at again"),
}


@dataclass(frozen=True)
class Asked:
    """Which are wanted: in a region, of a rule, that still hold on a day."""

    on: date
    region: str | None = None
    rule: str | None = None


def listed(
    session: Session, asked: Asked, *, viewer: Viewer, after: int | None = None, most: int = 50
) -> Sequence[tuple[Quiet, Household, str | None]]:
    """Return up to ``most`` quiet rules in the viewer's region with household and who found no need, newest first.

    ``after`` is the last id of the page before.
    """
    chosen = select(Quiet, Household, FollowUp.recorded_by).join(Household, Household.id == Quiet.household_id)
    chosen = scope(chosen.outerjoin(FollowUp, FollowUp.id == Quiet.follow_up_id), viewer, of=Household)
    chosen = chosen.where(Quiet.ended_on.is_(None), Quiet.until_on >= asked.on)
    rows = session.execute(_narrowed(chosen, asked, after).order_by(Quiet.id.desc()).limit(most)).all()
    names = names_of(session, (row[2] for row in rows))
    return [(row[0], row[1], names.get(row[2] or "", row[2])) for row in rows]


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
    return chosen if after is None else chosen.where(Quiet.id < after)
