"""One household's whole story in one line (一户一条救助链): alerts, visits, referrals, measures, benefits received."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.cases.codes import (
    AWAITED,
    CASE_WAYS,
    CASE_WHYS,
    DISPUTED,
    FINDINGS,
    PAUSED,
    PROGRAMS,
    REASON_CODES,
    REOPENED,
    SENT_BACK,
)
from monitor.cases.supplements import WHY
from monitor.errors import NotFound
from monitor.indicators import manifest, opened
from monitor.lake import Lake
from monitor.lake.showing import paid_to
from monitor.lifecycle import ALERT, CASE
from monitor.policy import Policy
from monitor.policy.vocabulary import CATEGORIES
from monitor.service import CITY_TIME
from monitor.tables import (
    Alert,
    AlertEvent,
    Case,
    CaseEvent,
    FollowUp,
    Household,
    Json,
    Measure,
    Member,
    Referral,
    Worker,
)

_YEARS_OF_BENEFITS = timedelta(days=3 * 365)
_ID = 36
_WHYS = {**REASON_CODES, **SENT_BACK, **PAUSED, **DISPUTED, **AWAITED, **REOPENED, **CASE_WAYS}
_WHYS |= {code: said for some in CASE_WHYS.values() for code, said in some.items()}
_WHYS |= {name: (called.zh, called.en) for name, called in CATEGORIES.items()}
_SAID = {
    "raised": ("发出预警", "alert raised"),
    "evidence": ("预警依据变化", "evidence changed"),
    "escalated": ("等级升高", "level raised"),
    "lowered": ("等级降低", "level lowered"),
    "all_cleared": ("全部原因已消除", "every reason cleared"),
    "moved": ("随户迁移", "moved with the household"),
    "supplemented": ("补充记录存档", "a supplement kept for the record"),
    "passed_over": ("跳过", "passed over"),
    "rule_paused": ("暂停规则", "rule paused"),
    "lead": ("收到困难线索", "a lead was heard of"),
}

_BECAME = {
    "planned": ("增加措施", "measure planned"),
    "done": ("措施已落实", "measure done"),
    "dropped": ("取消措施", "measure dropped"),
}

_ANSWERED = {
    "accepted": ("已受理", "taken to be checked"),
    "done": ("已更正，回执 {}", "corrected, receipt {}"),
    "refused": ("未更正：", "not corrected: "),
    "withdrawn": ("已撤回：", "withdrawn: "),
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened: its kind, the day it is of, when it was written down, by whom, and what it says.

    ``place`` is a member's place among the household's current ones; None when it is the household's.
    """

    kind: str
    on: date
    at: datetime | None
    subject: str
    zh: str
    en: str
    by: str | None = None
    detail: Json | None = None
    person: int | None = None


def household_for(session: Session, household_no: str, viewer: Viewer) -> Household:
    """Return the household by its number in the register; absent and not the viewer's are the same refusal."""
    chosen = scope(select(Household).where(Household.household_no == household_no), viewer, of=Household)
    found = session.scalar(chosen)
    if found is None:
        raise NotFound(zh="没有这户，或不在您的管辖范围", en="there is no such household in your region")
    return found


def chain(session: Session, household: Household, *, lake: Lake, policy: Policy, as_of: date) -> list[Entry]:
    """Return everything on record of the household up to ``as_of``, the newest first.

    Benefits are those that the finance bureau's deliveries known on ``as_of`` say were paid, three years back. Notes,
    names and numbers are not in it; a correction by an agency is an entry like any other.
    """
    told = [
        *_alert_events(session, household), *_visits(session, household), *_referrals(session, household, policy),
        *_cases(session, household), *_measures(session, household),
        *_benefits(session, household, lake=lake, policy=policy, as_of=as_of),
    ]  # fmt: skip
    found = _by_name(session, [entry for entry in told if entry.on <= as_of])
    return sorted(found, key=lambda entry: (entry.on, entry.at is not None, entry.at, entry.subject), reverse=True)


def _by_name(session: Session, entries: list[Entry]) -> list[Entry]:
    names = names_of(session, (one.by for one in entries))
    return [replace(one, by=names.get(one.by or "", one.by)) for one in entries]


def names_of(session: Session, written: Iterable[str | None]) -> dict[str, str]:
    """Return what the accounts among ``written`` are called: some rows keep an account, others a name already."""
    accounts = {uuid.UUID(one) for one in written if one is not None and len(one) == _ID}
    chosen = select(Worker.id, Worker.name).where(Worker.id.in_(accounts))
    return {str(key): name for key, name in session.execute(chosen)} if accounts else {}


def _alert_events(session: Session, household: Household) -> Iterator[Entry]:
    chosen = select(AlertEvent).join(Alert, Alert.id == AlertEvent.alert_id)
    for event in session.scalars(chosen.where(Alert.household_id == household.id)):
        yield _event(event, "alert", str(event.alert_id))


def _cases(session: Session, household: Household) -> Iterator[Entry]:
    chosen = select(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
    for event in session.scalars(chosen.where(Case.household_id == household.id)):
        yield _event(event, "case", str(event.case_id))


def told_of(event: AlertEvent | CaseEvent, kind: str) -> tuple[str, str]:
    """Return what a step of an alert (``kind``: alert) or of a case is called, with its reason, in both languages."""
    zh, en = _words(event, kind)
    why = _WHYS.get((event.detail["code"] if event.edge == "plan" else event.why) or "")
    return (zh, en) if why is None else (f"{zh}：{why[0]}", f"{en}: {why[1]}")


def _event(event: AlertEvent | CaseEvent, kind: str, subject: str) -> Entry:
    zh, en = told_of(event, kind)
    shown = {key: value for key, value in event.detail.items() if key not in ("changed", "batch")}
    on = event.as_of or event.at.astimezone(CITY_TIME).date()
    return Entry(f"{kind}.{event.kind}", on, event.at, subject, zh, en, event.by, shown | {"why": event.why})


def _words(event: AlertEvent | CaseEvent, kind: str) -> tuple[str, str]:
    """An edge is called what the table of the life calls it; what a scan notes besides has words of its own."""
    if event.edge == "plan":
        return _BECAME[event.detail["became"]]
    if event.edge is not None:
        edge = (ALERT if kind == "alert" else CASE).edge(event.edge)
        return edge.zh, edge.en
    return _SAID.get(event.kind, (event.kind, event.kind))


def _visits(session: Session, household: Household) -> Iterator[Entry]:
    chosen = select(FollowUp).join(Alert, Alert.id == FollowUp.alert_id).where(Alert.household_id == household.id)
    for found in session.scalars(chosen):
        zh, en = _finding(found)
        detail = {
            "finding": found.finding,
            "reason_code": found.reason_code,
            "way": found.way,
            "proposed": found.proposed,
        }
        yield Entry(
            "supplement" if found.supplement else "visit", found.visited_on, found.recorded_at, str(found.id), zh, en,
            found.recorded_by, detail | {"undone": found.undone_at is not None, "supplement": found.supplement},
        )  # fmt: skip


def _finding(found: FollowUp) -> tuple[str, str]:
    """A supplement may carry a word that the catalogue no longer has."""
    known = FINDINGS.get(found.finding)
    zh, en = (known.zh, known.en) if known else (found.finding, found.finding)
    if found.supplement:
        why = WHY[found.supplement]
        return f"补充记录：{zh}（{why[0]}）", f"supplement: {en} ({why[1]})"
    return (
        (f"核查：{zh}（已撤回）", f"visit: {en} (taken back)") if found.undone_at else (f"核查：{zh}", f"visit: {en}")
    )


def _referrals(session: Session, household: Household, policy: Policy) -> Iterator[Entry]:
    for found in session.scalars(select(Referral).where(Referral.household_id == household.id)):
        zh, en = REASON_CODES[found.code]
        detail = {
            "code": found.code, "department": found.department, "due_on": found.due_on.isoformat(),
            "status": found.status, "receipt_no": found.receipt_no, "why": found.refused_why,
        }  # fmt: skip
        on = found.sent_at.astimezone(CITY_TIME).date()
        if found.feed is None:
            yield Entry("referral", on, found.sent_at, str(found.id), zh, en, found.sent_by, detail)
        else:
            yield from _correction(found, policy, on, detail)


def _correction(found: Referral, policy: Policy, on: date, detail: Json) -> Iterator[Entry]:
    """What was asked of the row's agency, and its answer; of a feed that policy has no more, by its code."""
    page, subject = policy.feeds.get(str(found.feed)), str(found.id)
    feed = (page.description.zh, page.description.en) if page else (str(found.feed), str(found.feed))
    wrong, batch, row = REASON_CODES[found.code], found.delivery_seq, found.row_no
    zh = f"数据更正：{feed[0]}第{batch}批第{row}行{wrong[0]}，由{found.department}核对"
    en = f"data: {wrong[1]} in {feed[1]}, delivery {batch}, row {row}, for {found.department} to check"
    yield Entry("correction", on, found.sent_at, subject, zh, en, found.sent_by, detail)
    if found.answered_at is not None:
        zh, en = _ANSWERED[found.status]
        why = _WHYS.get(found.refused_why or "", ("", ""))
        zh = f"数据更正（第{batch}批第{row}行）{zh.format(found.receipt_no)}{why[0]}"
        en = f"data (delivery {batch}, row {row}) {en.format(found.receipt_no)}{why[1]}"
        on = found.answered_at.astimezone(CITY_TIME).date()
        yield Entry("correction.answered", on, found.answered_at, subject, zh, en, found.answered_by, detail)


def _measures(session: Session, household: Household) -> Iterator[Entry]:
    chosen = select(Measure).join(Case, Case.id == Measure.case_id).where(Case.household_id == household.id)
    for found in session.scalars(chosen):
        zh, en = REASON_CODES[found.code]
        detail = {
            "code": found.code, "status": found.status, "due_on": found.due_on.isoformat() if found.due_on else None,
            "amount_yuan": found.amount_yuan,
        }  # fmt: skip
        on = found.done_on or found.made_at.astimezone(CITY_TIME).date()
        yield Entry("measure", on, found.made_at, str(found.id), f"措施：{zh}", f"measure: {en}", found.made_by, detail)


def _benefits(session: Session, household: Household, *, lake: Lake, policy: Policy, as_of: date) -> Iterator[Entry]:
    known = manifest(session, as_of=as_of)
    persons = persons_of(session, household, as_of)
    if not persons or not any(delivery.feed == "benefit_payments" for delivery in known):
        return
    with opened(lake, policy, known) as view:
        paid = view.query(paid_to(view.facts("benefit_payments"), persons=persons, since=as_of - _YEARS_OF_BENEFITS))
    for row in paid.to_pylist():
        yield _benefit(row)


def _benefit(row: dict[str, Any]) -> Entry:
    program, amount = str(row["program"]), None if row["amount"] is None else float(row["amount"])
    result = ("发放", "paid") if row["result"] == "paid" else ("退回", "returned")
    detail = {"program": program, "amount_yuan": amount, "result": row["result"], "delivery": row["seq"]}
    subject = f"{row['seq']}.{row['row_no']}"
    # An agency may pay under a name of its own, which then is the best there is.
    called = PROGRAMS.get(program, (program, program))
    zh, en = f"{result[0]}：{called[0]}", f"{result[1]}: {called[1]}"
    return Entry("benefit", row["month"], None, subject, zh, en, None, detail, int(row["person_key"]))


def persons_of(session: Session, household: Household, as_of: date) -> Sequence[int]:
    """Return who belongs to the household on a day, in the order of their joining."""
    chosen = select(Member.person_id).where(Member.household_id == household.id, Member.from_on <= as_of)
    chosen = chosen.where(or_(Member.until_on.is_(None), Member.until_on > as_of))
    return session.scalars(chosen.order_by(Member.id)).all()
