"""What workers found, and what follows from it: the alert's new state, its quiet rules, the labels to learn from."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope
from monitor.errors import Conflict, Invalid, NotFound
from monitor.privacy import Keyring
from monitor.tables import Alert, AlertEvent, FollowUp, Outbox, Quiet, utc_now

WAYS: Mapping[str, tuple[str, str]] = {
    "home": ("入户", "home visit"),
    "phone": ("电话", "telephone"),
    "video": ("视频", "video call"),
    "office": ("来访", "at the office"),
}
REASON_CODES: Mapping[str, tuple[str, str]] = {
    "IN_DB": ("纳入低保", "taken into dibao"),
    "IN_DB1": ("单人户纳入低保", "one person taken into dibao"),
    "IN_TK": ("纳入特困供养", "taken into tekun support"),
    "IN_BY": ("纳入低保边缘", "recognised as near-dibao"),
    "IN_GZ": ("纳入刚性支出困难", "recognised for rigid expenditure"),
    "IN_FP": ("纳入防止返贫监测", "taken into anti-poverty monitoring"),
    "LS_J": ("临时救助（急难型）", "temporary assistance, emergency"),
    "LS_Z": ("临时救助（支出型）", "temporary assistance, expenditure"),
    "UP_AMT": ("增发救助金", "amount raised"),
    "DOWN_AMT": ("减发救助金", "amount lowered"),
    "STOP": ("停发救助金", "payment stopped"),
    "GRACE": ("救助渐退", "leaving by steps"),
    "CAT_CHG": ("救助类别变更", "category changed"),
    "RF_MED": ("转医疗救助", "referred: medical assistance"),
    "RF_EDU": ("转教育救助", "referred: education"),
    "RF_HOU": ("转住房救助", "referred: housing"),
    "RF_EMP": ("转就业援助", "referred: work"),
    "RF_DIS": ("转残疾人两补/康复", "referred: disability"),
    "RF_DST": ("转受灾救助", "referred: disaster relief"),
    "RF_CHD": ("转困境儿童保障", "referred: children"),
    "RF_ELD": ("转养老/探访服务", "referred: elderly care"),
    "RF_CHA": ("转慈善帮扶", "referred: charity"),
    "RF_UNI": ("转工会帮扶", "referred: union"),
    "RF_VET": ("转退役军人帮扶", "referred: veterans"),
    "RF_LAW": ("转法律援助", "referred: legal aid"),
    "RF_AGR": ("转农业农村帮扶", "referred: rural support"),
    "RF_PSY": ("转心理服务", "referred: counselling"),
    "AL_ENJ": ("已享受同类救助", "already receives the like"),
    "NE_INC": ("收入超标准", "income above the standard"),
    "NE_ASS": ("财产超标准", "assets above the standard"),
    "NE_SUP": ("赡养人有能力", "supporters are able"),
    "NE_SHORT": ("困难已缓解", "the hardship has passed"),
    "NE_PROG": ("不符合项目条件", "no programme fits"),
    "REFUSE": ("本人放弃", "declined in writing"),
    "COMP_PAID": ("已有保险或第三方赔付", "insured or compensated"),
    "PRISON": ("服刑", "in prison"),
    "LOST": ("失联（三次以上）", "lost after three attempts"),
    "MOVED": ("迁出/人户分离", "moved away"),
    "DEAD": ("死亡", "died"),
    "DUP": ("重复预警", "duplicate alert"),
    "ERR_ID": ("错人", "wrong person"),
    "ERR_AMT": ("金额错误", "wrong amount"),
    "ERR_STALE": ("数据过时", "outdated data"),
    "ERR_WITHDRAWN": ("来源部门撤回", "taken back by its agency"),
    "WATCH": ("继续观察", "keep watching"),
    "KEEP_EXEMPT": ("属豁免情形，继续保障", "exempt, stays"),
    "KEEP_VERIFIED": ("核实后继续保障", "verified, stays"),
    "ADJUST": ("调整救助", "adjusted"),
    "RECOVER": ("追缴", "recovered"),
    "REPORT": ("移交处理", "handed to the authorities"),
}
_REFERRALS = frozenset(code for code in REASON_CODES if code.startswith("RF_"))
_HELP = frozenset(code for code in REASON_CODES if code.startswith(("IN_", "LS_"))) | {
    "UP_AMT", "DOWN_AMT", "STOP", "GRACE", "CAT_CHG", "ADJUST", "RECOVER", "REPORT",
}  # fmt: skip
_NO_NEED = frozenset(code for code in REASON_CODES if code.startswith("NE_")) | {
    "AL_ENJ", "REFUSE", "COMP_PAID", "PRISON", "KEEP_EXEMPT", "KEEP_VERIFIED",
}  # fmt: skip
_ATTEMPTS_BEFORE_LOST = 2


@dataclass(frozen=True)
class Finding:
    """A conclusion a worker may come to: its codes, whether one is required, whether it ends the alert.

    ``quiets`` marks a verified "no need", the only one that keeps rules quiet: after help, a move, a death or
    wrong data nobody has found that the household needs nothing.
    """

    zh: str
    en: str
    codes: frozenset[str] = frozenset()
    required: bool = True
    closes: bool = True
    quiets: bool = False


FINDINGS: Mapping[str, Finding] = {
    "confirmed": Finding("情况属实", "confirmed", _REFERRALS | {"WATCH"}, required=False, closes=False),
    "partly": Finding("部分属实", "partly confirmed", _REFERRALS | {"WATCH"}, required=False, closes=False),
    "helped": Finding("已落实帮扶或处理", "help given or decision carried out", _HELP | _REFERRALS),
    "no_need": Finding("核实无需帮扶", "verified: no need", _NO_NEED, quiets=True),
    "false_alarm": Finding(
        "误报", "false alarm", frozenset({"DUP", "ERR_ID", "ERR_AMT", "ERR_STALE", "ERR_WITHDRAWN"})
    ),
    "unreachable": Finding("未联系上", "not reached", frozenset({"LOST"}), required=False, closes=False),
    "moved": Finding("已搬迁", "moved away", frozenset({"MOVED"})),
    "died": Finding("已死亡", "died", frozenset({"DEAD"})),
    "watch": Finding("继续观察", "keep watching", frozenset({"WATCH"}), closes=False),
}


@dataclass(frozen=True)
class Visit:
    """One check of a household, as the worker's device sends it; ``id`` is made there, once."""

    id: uuid.UUID
    visited_on: date
    way: str
    finding: str
    reason_code: str | None = None
    next_on: date | None = None
    note: str | None = None

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
    """Record ``visit`` against an alert and carry out what it decides, all in the caller's transaction.

    Sending the same visit twice records it once; sending it changed, or by another worker, is a conflict, and
    so is a new visit to an alert that has ended. A verified "no need" keeps each of its rules quiet for the
    household, for the days that the rule says; whatever else ends an alert keeps nothing quiet.
    """
    alert = session.scalar(scope(select(Alert).where(Alert.id == alert_id), by).with_for_update())
    if alert is None:
        raise NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
    digest = _digest(alert_id, visit, by, keyring)
    if (before := session.get(FollowUp, visit.id)) is not None:
        return _again(before, digest)
    _check(session, alert, visit, today=today)
    follow_up = FollowUp(
        id=visit.id, alert_id=alert.id, visited_on=visit.visited_on, way=visit.way, finding=visit.finding,
        reason_code=visit.reason_code, next_on=visit.next_on, digest=digest, recorded_by=str(by.worker),
        note=None if visit.note is None else keyring.encrypt(visit.note, about="follow_ups.note"),
    )  # fmt: skip
    session.add(follow_up)
    session.flush()
    _carry_out(session, alert, visit, by=by)
    return Recorded(follow_up, new=True)


def _again(before: FollowUp, digest: str) -> Recorded:
    if before.digest != digest:
        raise Conflict(
            zh="同一编号的核查记录已存在且内容不同；如需更正请新建一条",
            en="a follow-up with this id exists and says something else; to correct it, record a new one",
        )
    return Recorded(before, new=False)


def _digest(alert_id: uuid.UUID, visit: Visit, by: Viewer, keyring: Keyring) -> str:
    """Keyed, because a note may be personal and short enough to guess."""
    said = [alert_id, by.worker, visit.id, visit.visited_on, visit.way, visit.finding, visit.reason_code]
    text = json.dumps([*map(str, said), str(visit.next_on), visit.note], ensure_ascii=False)
    return keyring.blind_index(text).hex()


def _check(session: Session, alert: Alert, visit: Visit, *, today: date) -> None:
    if alert.closed_at is not None:
        raise Conflict(zh="预警已办结或撤销", en="the alert has ended")
    if visit.way not in WAYS:
        raise Invalid(zh=f"核查方式只能是 {'、'.join(WAYS)}", en=f"way is one of {', '.join(WAYS)}")
    _check_finding(visit)
    if not alert.opened_on <= visit.visited_on <= today:
        raise Invalid(zh="核查日期须在预警日期与今天之间", en="the visit lies between the day of the alert and today")
    if visit.reason_code == "LOST" and _failed_attempts(session, alert) < _ATTEMPTS_BEFORE_LOST:
        raise Invalid(zh="三次以上未联系上方可认定失联", en="lost takes three attempts without contact")


def _check_finding(visit: Visit) -> None:
    finding = FINDINGS.get(visit.finding)
    if finding is None:
        raise Invalid(zh=f"核查结论只能是 {'、'.join(FINDINGS)}", en=f"finding is one of {', '.join(FINDINGS)}")
    if visit.reason_code is None and finding.required:
        listed = ", ".join(sorted(finding.codes))
        raise Invalid(zh=f"“{finding.zh}”须选择原因代码：{listed}", en=f'"{finding.en}" needs a reason code: {listed}')
    if visit.reason_code is not None and visit.reason_code not in finding.codes:
        listed = ", ".join(sorted(finding.codes))
        raise Invalid(zh=f"“{finding.zh}”的原因代码只能是：{listed}", en=f'reason codes of "{finding.en}": {listed}')
    if visit.finding == "watch" and visit.next_on is None:
        raise Invalid(zh="继续观察须填写下次核查日期", en="to keep watching needs the date of the next visit")
    if visit.next_on is not None and visit.next_on <= visit.visited_on:
        raise Invalid(zh="下次核查日期须晚于本次", en="the next visit comes after this one")


def _failed_attempts(session: Session, alert: Alert) -> int:
    counted = select(func.count()).select_from(FollowUp)
    return session.scalar(counted.where(FollowUp.alert_id == alert.id, FollowUp.finding == "unreachable")) or 0


def _carry_out(session: Session, alert: Alert, visit: Visit, *, by: Viewer) -> None:
    now, before = utc_now(), alert.status
    alert.version += 1
    if visit.closes:
        alert.status, alert.closed_at, alert.closed_why = "closed", now, visit.reason_code
    elif visit.finding != "unreachable":
        alert.status = "visited"
    detail = {
        "follow_up": str(visit.id), "finding": visit.finding, "reason_code": visit.reason_code, "way": visit.way,
        "visited_on": visit.visited_on.isoformat(), "before": before, "after": alert.status,
        "quiet": _keep_quiet(session, alert, visit) if visit.quiets else {},
    }  # fmt: skip
    kind = "closed" if visit.closes else "followed_up"
    session.add(AlertEvent(alert_id=alert.id, at=now, as_of=visit.visited_on, kind=kind, by=by.name, detail=detail))
    session.add(Outbox(kind=f"alert_{kind}", subject=str(alert.id), payload=detail | {"household": alert.household_id}))
    audit.record(session, by=str(by.worker), action=f"alert.{kind}", subject=str(alert.id), detail=detail)


def _keep_quiet(session: Session, alert: Alert, visit: Visit) -> dict[str, str]:
    """Keep the alert's rules quiet; return each with its last quiet day."""
    told = [reason for reason in alert.reasons if reason.status != "annulled" and reason.quiet_days > 0]
    rules = [reason.rule for reason in told]
    replaced = update(Quiet).where(Quiet.household_id == alert.household_id, Quiet.rule.in_(rules))
    session.execute(replaced.where(Quiet.ended_on.is_(None)).values(ended_on=visit.visited_on, ended_why="replaced"))
    until = {reason.rule: visit.visited_on + timedelta(days=reason.quiet_days) for reason in told}
    session.add_all(
        Quiet(
            household_id=alert.household_id, rule=reason.rule, since_on=visit.visited_on, until_on=until[reason.rule],
            level=reason.level, observed=reason.observed, worse=reason.quiet_worse, category=alert.category,
            lower_is_worse=reason.lower_is_worse, why=visit.reason_code or visit.finding, follow_up_id=visit.id,
        )
        for reason in told
    )  # fmt: skip
    return {rule: day.isoformat() for rule, day in until.items()}
