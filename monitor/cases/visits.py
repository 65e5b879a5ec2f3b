"""What workers found, and what follows from it: the alert's new state, a review, a case, quiet rules, labels."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.cases import clocks, plans, quieting
from monitor.cases.clocks import Device
from monitor.cases.codes import FINDINGS, REASON_CODES, WAYS
from monitor.cases.office import Office, alert_for
from monitor.errors import CodeGone, Conflict, Ended, Invalid, Stale
from monitor.lifecycle import Step, move
from monitor.privacy import Keyring
from monitor.tables import COUNTS, Alert, FollowUp, Json, utc_now

CHANNELS = ("offline", "console", "import")
_ATTEMPTS_BEFORE_LOST = 2
NOTE, PRESENT, FACTS = "follow_ups.note", "follow_ups.present", "follow_ups.facts"


@dataclass(frozen=True)
class Visit:
    """One check of a household, as the worker's device sends it; ``id`` is made there, once.

    ``facts`` are what the data said and the worker confirmed or corrected, ``proposed`` the codes of measures.
    ``device`` is the clock it was written by, ``catalogue`` the version its codes are from, ``pack`` the visit pack it
    was taken along in: with those it may come late, and sent again later it is the same visit. ``said_on`` is the
    day as the device said it where our clock says another.
    """

    id: uuid.UUID
    visited_on: date
    way: str
    finding: str
    reason_code: str | None = None
    next_on: date | None = None
    note: str | None = None
    present: tuple[str, ...] = ()
    facts: tuple[Mapping[str, Any], ...] = ()
    proposed: tuple[str, ...] = ()
    device: Device | None = None
    catalogue: str | None = None
    pack: uuid.UUID | None = None
    said_on: date | None = None

    @property
    def channel(self) -> str:
        """How it came to us: from a pack taken along, from the console, or brought in by a sheet or a program."""
        offline, console, brought_in = CHANNELS
        return offline if self.pack else console if self.device else brought_in

    @property
    def closes(self) -> bool:
        """Whether it ends the alert; somebody who cannot be found ends it only as lost."""
        return FINDINGS[self.finding].closes or self.reason_code == "LOST"

    @property
    def quiets(self) -> bool:
        """Whether it keeps the alert's rules quiet for the household."""
        return FINDINGS[self.finding].quiets


@dataclass(frozen=True)
class Recorded:
    """The follow-up as stored; ``new`` is false when it had been recorded before."""

    follow_up: FollowUp
    new: bool


def record_follow_up(
    session: Session, alert_id: uuid.UUID, visit: Visit, *, by: Viewer, keyring: Keyring, today: date
) -> Recorded:
    """Record ``visit`` as ``record`` does, where no policy asks for a review."""
    return record(session, alert_id, visit, by=by, office=Office(keyring, today))


def record(
    session: Session, alert_id: uuid.UUID, visit: Visit, *, by: Viewer, office: Office, expected: int | None = None
) -> Recorded:
    """Record ``visit`` against an alert and carry out what it decides, all in the caller's transaction.

    Sending the same visit twice records it once; sending it changed, or by another worker, is a conflict, and
    so is a new visit to an alert that has ended. What ends an alert waits for a review where policy asks for one.
    A verified "no need" keeps each of its rules quiet for the household, for the days that the rule says; whatever
    else ends an alert keeps nothing quiet. A confirmed need opens a case. ``expected`` is the version of the alert that
    the worker saw; another one is refused as stale, unless the visit is recorded already.
    """
    alert = alert_for(session, alert_id, by)
    digest = digest_of(alert_id, visit, by, office.keyring)
    if (before := session.get(FollowUp, visit.id)) is not None:
        return again(before, digest)
    if alert.closed_at is not None:
        raise Ended(zh="预警已办结或撤销", en="the alert has ended")
    if expected is not None and expected != alert.version:
        raise Stale(alert.version)
    now = utc_now()
    visit = by_our_clock(visit, now)
    _check(session, alert, visit, today=office.today)
    follow_up = stored(alert, visit, by=by, keyring=office.keyring, now=now)
    session.add(follow_up)
    session.flush()
    _carry_out(session, alert, visit, by=by, office=office)
    follow_up.case_id = plans.after_visit(session, alert, follow_up, by=by, office=office)
    session.flush()
    return Recorded(follow_up, new=True)


def by_our_clock(visit: Visit, now: datetime) -> Visit:
    """Return ``visit`` on the day it was on by our clock, with the day that the device said where it differs."""
    told = clocks.corrected(visit.visited_on, visit.device, now=now)
    return replace(visit, visited_on=told.on, said_on=told.said_on)


def stored(
    alert: Alert, visit: Visit, *, by: Viewer, keyring: Keyring, now: datetime, why: str | None = None
) -> FollowUp:
    """Return the row of a visit received ``now``; ``why`` it decides nothing, if it is a supplement."""
    device = visit.device
    return FollowUp(
        id=visit.id, alert_id=alert.id, visited_on=visit.visited_on, way=visit.way, finding=visit.finding,
        reason_code=visit.reason_code, next_on=visit.next_on, recorded_by=str(by.worker),
        digest=digest_of(alert.id, visit, by, keyring),
        note=None if visit.note is None else keyring.encrypt(visit.note, about=NOTE),
        present=keyring.encrypt_json(list(visit.present), about=PRESENT) if visit.present else None,
        facts=keyring.encrypt_json([dict(one) for one in visit.facts], about=FACTS) if visit.facts else None,
        proposed=list(visit.proposed), recorded_at=now, said_on=visit.said_on, supplement=why,
        device_at=device.filled_at if device else None, catalogue=visit.catalogue, pack_id=visit.pack,
        ahead_seconds=round(device.ahead(now).total_seconds()) if device else None,
    )  # fmt: skip


def again(before: FollowUp, digest: str) -> Recorded:
    """Return what was recorded before; refused when the same id says something else."""
    if before.digest != digest:
        raise Conflict(
            zh="同一编号的核查记录已存在且内容不同；如需更正请新建一条",
            en="a follow-up with this id exists and says something else; to correct it, record a new one",
        )
    return Recorded(before, new=False)


def digest_of(alert_id: uuid.UUID, visit: Visit, by: Viewer, keyring: Keyring) -> str:
    """Return the keyed digest of what a visit says; keyed, because a note may be personal and short enough to guess.

    When and by which clock it was sent is not in it: a device tries again later, and corrects its clock.
    """
    on = visit.said_on or visit.visited_on
    said = [alert_id, by.worker, visit.id, on, visit.way, visit.finding, visit.reason_code]
    more = [list(visit.present), [dict(one) for one in visit.facts], list(visit.proposed)]
    text = json.dumps([*map(str, said), str(visit.next_on), visit.note, *more], ensure_ascii=False, sort_keys=True)
    return keyring.blind_index(text).hex()


def _check(session: Session, alert: Alert, visit: Visit, *, today: date) -> None:
    if visit.way not in WAYS:
        raise Invalid(zh=f"核查方式只能是 {'、'.join(WAYS)}", en=f"way is one of {', '.join(WAYS)}")
    check_finding(visit)
    if not alert.opened_on <= visit.visited_on <= today:
        raise Invalid(zh="核查日期须在预警日期与今天之间", en="the visit lies between the day of the alert and today")
    if visit.reason_code == "LOST" and _failed_attempts(session, alert) < _ATTEMPTS_BEFORE_LOST:
        raise Invalid(zh="三次以上未联系上方可认定失联", en="lost takes three attempts without contact")


def check_finding(visit: Visit) -> None:
    """Refuse a finding, a reason code, a date or a measure that does not go with the others.

    A word that the catalogue does not have is ``CodeGone``: the sender's is older, or made up.
    """
    finding = FINDINGS.get(visit.finding)
    if finding is None:
        raise CodeGone(zh=f"核查结论只能是 {'、'.join(FINDINGS)}", en=f"finding is one of {', '.join(FINDINGS)}")
    listed = ", ".join(sorted(finding.codes))
    if visit.reason_code is None and finding.required:
        raise Invalid(zh=f"“{finding.zh}”须选择原因代码：{listed}", en=f'"{finding.en}" needs a reason code: {listed}')
    if visit.reason_code is not None and visit.reason_code not in finding.codes:
        kind = Invalid if visit.reason_code in REASON_CODES else CodeGone
        raise kind(zh=f"“{finding.zh}”的原因代码只能是：{listed}", en=f'reason codes of "{finding.en}": {listed}')
    _check_dates(visit)
    if unknown := sorted(set(visit.proposed) - set(REASON_CODES)):
        raise CodeGone(zh=f"没有这样的措施代码：{'、'.join(unknown)}", en=f"no such measures: {', '.join(unknown)}")


def _check_dates(visit: Visit) -> None:
    if visit.finding == "watch" and visit.next_on is None:
        raise Invalid(zh="继续观察须填写下次核查日期", en="to keep watching needs the date of the next visit")
    if visit.next_on is not None and visit.next_on <= visit.visited_on:
        raise Invalid(zh="下次核查日期须晚于本次", en="the next visit comes after this one")


def _failed_attempts(session: Session, alert: Alert) -> int:
    counted = select(func.count()).select_from(FollowUp).where(COUNTS)
    return session.scalar(counted.where(FollowUp.alert_id == alert.id, FollowUp.finding == "unreachable")) or 0


def _carry_out(session: Session, alert: Alert, visit: Visit, *, by: Viewer, office: Office) -> None:
    edge = _edge(alert, visit, by, office)
    detail: Json = {
        "follow_up": str(visit.id), "finding": visit.finding, "reason_code": visit.reason_code, "way": visit.way,
        "visited_on": visit.visited_on.isoformat(), "channel": visit.channel,
        "quiet": quieting.keep(session, alert, visit) if edge == "close" and visit.quiets else {},
    }  # fmt: skip
    values = _seen(alert, visit) | ({"review_of": visit.id} if edge == "submit" else {})
    move(session, alert, edge, by=by, step=Step(visit.reason_code, visit.visited_on, values, detail))


def _seen(alert: Alert, visit: Visit) -> dict[str, Any]:
    """Which deadlines the visit meets: reached in any way is contacted, at home is visited."""
    if visit.finding == "unreachable":
        return {}
    met = {"contacted_on": alert.contacted_on is None, "visited_on": alert.visited_on is None and visit.way == "home"}
    return {name: visit.visited_on for name, first in met.items() if first}


def _edge(alert: Alert, visit: Visit, by: Viewer, office: Office) -> str:
    """Which way a finding leads; a red false alarm may be asked to be looked at whoever recorded it."""
    if not visit.closes:
        return "miss" if visit.finding == "unreachable" else "visit"
    asked = office.sampled("township_share", alert.id, region=alert.region) and by.role in ("assistant", "caseworker")
    red = visit.finding == "false_alarm" and alert.level == "red"
    if asked or (red and office.sampled("red_false_alarm_share", alert.id, region=alert.region)):
        return "submit"
    return "close"
