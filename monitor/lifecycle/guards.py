"""What must hold before an edge is gone, and what it sets by itself. Each says on the page what it asks for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from monitor.errors import Conflict, Forbidden, Invalid
from monitor.lifecycle.edges import Ask
from monitor.tables import Alert, FollowUp, LaterCheck, Measure, Referral

STANDARD = ("income_above_line", "guarantees_firm", "first_risk_gone", "no_new_risk", "consistent")
OUTSTANDING = ("sent", "accepted")
LONGEST_PAUSE = timedelta(days=180)
Values = Mapping[str, Any]


def owner_given(ask: Ask) -> Values:
    """somebody is named"""
    if ask.values.get("owner_id") is None:
        raise Invalid(zh="须指定经办人", en="say who is to have it")
    return {}


def unowned(ask: Ask) -> Values:
    """nobody else has it; sets the owner"""
    if ask.subject.owner_id not in (None, ask.worker):
        raise Conflict(zh="已由他人认领", en="somebody else has it already")
    return {"owner_id": ask.worker}


def nobody(_: Ask) -> Values:
    """clears the owner"""
    return {"owner_id": None}


def pause(ask: Ask) -> Values:
    """a day to come, at most 180 days away; keeps where it stood"""
    until = ask.values.get("paused_until")
    if until is None or not ask.on < until <= ask.on + LONGEST_PAUSE:
        raise Invalid(zh="须填写今后180天以内的日期", en="say until when: a day to come, within 180 days")
    return {"paused_from": ask.subject.status}


def keep_place(ask: Ask) -> Values:
    """keeps where it stood, the first time"""
    again = ask.subject.status == "referred"
    return {"paused_from": ask.subject.paused_from if again else ask.subject.status}


def resume(ask: Ask) -> Values:
    """back to where it stood; assigned if it got an owner meanwhile"""
    owned = getattr(ask.subject, "owner_id", None) is not None
    return {"status": awake(ask.subject.paused_from, owned=owned), "paused_from": None} | _pause_over(ask)


def awake(paused_from: str | None, *, owned: bool) -> str:
    """Return where something comes back to after a pause."""
    status = paused_from or "open"
    return "assigned" if status == "open" and owned else status


def answered(ask: Ask) -> Values:
    """no referral is outstanding, corrections of data apart; back to where it stood"""
    waiting = select(func.count()).select_from(Referral)
    waiting = waiting.where(Referral.alert_id == ask.subject.id, Referral.status.in_(OUTSTANDING))
    waiting = waiting.where(Referral.feed.is_(None))
    if ask.session.scalar(waiting):
        raise Conflict(zh="尚有转办未办结", en="a referral is still outstanding")
    return resume(ask)


def pause_over(ask: Ask) -> Values:
    """ends a pause"""
    return {"paused_from": None} | _pause_over(ask)


def another_region(ask: Ask) -> Values:
    """another region is named; sets where it came from, clears the owner"""
    region = ask.values.get("region")
    if not region or region == ask.subject.region:
        raise Invalid(zh="须指定另一行政区划", en="name another region")
    return {"handed_from": ask.subject.region, "owner_id": None} | places_of(region)


def arrived(_: Ask) -> Values:
    """keeps the region it was handed to, whatever the register says"""
    return {"owner_id": None}


def back_home(ask: Ask) -> Values:
    """gives it back to the region it came from"""
    region = ask.subject.handed_from or ask.subject.region
    return {"region": region, "handed_from": None} | places_of(region)


def reviewed(ask: Ask) -> Values:
    """the follow-up to be reviewed is named; ends a pause"""
    if ask.values.get("review_of") is None:
        raise Invalid(zh="须指明待复核的核查记录", en="say which follow-up is to be reviewed")
    return pause_over(ask)


def four_eyes(ask: Ask) -> Values:
    """not by who recorded the finding"""
    found = ask.session.get(FollowUp, ask.subject.review_of) if ask.subject.review_of else None
    if found is not None and found.recorded_by == str(ask.worker):
        raise Forbidden(zh="不能复核自己登记的核查", en="nobody reviews their own finding")
    return {}


def none_open(ask: Ask) -> Values:
    """the household has no other open alert"""
    others = select(Alert.id).where(Alert.household_id == ask.subject.household_id, Alert.closed_at.is_(None))
    if ask.session.scalar(others.where(Alert.id != ask.subject.id).limit(1)) is not None:
        raise Conflict(
            zh="该户另有未办结预警，请在该预警中处理", en="the household has an open alert: work on that one"
        )
    return {}


def undone(ask: Ask) -> Values:
    """sets what the last edge changed back to what it was"""
    if isinstance(ask.subject, Alert) and ask.subject.closed_at is not None and ask.values.get("closed_at") is None:
        return none_open(ask)
    return {}


def planned(ask: Ask) -> Values:
    """a measure at least, each with who is responsible and by when; a public notice, if any, is over"""
    mine = ask.session.scalars(select(Measure).where(Measure.case_id == ask.subject.id, Measure.status != "dropped"))
    measures = mine.all()
    if not measures or any(one.due_on is None or not one.responsible for one in measures):
        raise Invalid(
            zh="帮扶方案至少一项措施，且每项须有责任人和期限",
            en="a plan has a measure at least, each with somebody responsible and a date",
        )
    return notice_over(ask) if ask.subject.status == "notice" else {}


def notice_dates(ask: Ask) -> Values:
    """the public notice has a first and a last day, the last not before the first"""
    start, end = ask.values.get("notice_from"), ask.values.get("notice_until")
    if start is None or end is None or end < start:
        raise Invalid(zh="须填写公示起止日期", en="a public notice has a first and a last day")
    return {}


def notice_over(ask: Ask) -> Values:
    """the public notice is over"""
    if ask.subject.notice_until is None or ask.on <= ask.subject.notice_until:
        raise Conflict(zh="公示期未满", en="the public notice is not over")
    return {}


def standard_met(ask: Ask) -> Values:
    """every check of the standard for risk removal was made and holds"""
    checks = (ask.values.get("removal") or {}).get("checks", {})
    failed = [name for name in STANDARD if checks.get(name) is not True]
    if failed:
        listed = ", ".join(failed)
        raise Conflict(zh=f"未达风险消除标准：{listed}", en=f"the standard for risk removal is not met: {listed}")
    return {"proposed_by": ask.worker}


def approved_by_another(ask: Ask) -> Values:
    """the public notice is over; not by who proposed it; the standard held when proposed"""
    notice_over(ask)
    if ask.subject.proposed_by == ask.worker:
        raise Forbidden(zh="不能审批自己提出的风险消除", en="nobody approves their own proposal")
    standard_met(replace(ask, values={"removal": ask.subject.removal}))
    return {}


def checks_done(ask: Ask) -> Values:
    """the later checks at 3, 6 and 12 months were all made"""
    open_ones = select(func.count()).select_from(LaterCheck)
    open_ones = open_ones.where(LaterCheck.case_id == ask.subject.id, LaterCheck.done_on.is_(None))
    if ask.session.scalar(open_ones):
        raise Conflict(zh="尚有回访未完成", en="a later check has not been made")
    return {}


def places_of(region: str) -> dict[str, str | None]:
    """Return the columns of where ``region`` (an official code) lies."""
    return {
        "county": region[:6],
        "town": region[:9] if len(region) >= 9 and region[6:9] != "000" else None,
        "village": region if len(region) == 12 and region[9:] != "000" else None,
    }


def _pause_over(ask: Ask) -> dict[str, Any]:
    return {"paused_until": None, "wakes_on_worse": False} if isinstance(ask.subject, Alert) else {}
