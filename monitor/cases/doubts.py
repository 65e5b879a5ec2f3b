"""What an agency corrects or takes back is followed to what it caused: alerts that ended, rules kept quiet, cases."""

import uuid
from collections.abc import Callable, Iterable, Sequence, Set
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from monitor.alerts.annulment import end_pauses
from monitor.cases import quieting
from monitor.cases.codes import FINDINGS
from monitor.cases.office import case_of
from monitor.lifecycle import Step, move
from monitor.tables import Alert, AlertEvent, Case, FollowUp, Member, Reason

Row = tuple[str, int, int]
_STANDING = ("active", "unknown", "cleared")
_UNDOUBTED = and_(Case.closed_at.is_(None), Case.status != "questioned")


def follow(session: Session, rows: Set[Row], *, person: int, code: str, by: str, as_of: date) -> list[uuid.UUID]:
    """Follow facts that fell, said of ``person``, to the alerts that ended on them and to the household's case.

    What ended as helped is opened again for somebody to look at, or, beside another open alert, only says so on its
    timeline; rules kept quiet by a finding made on those facts speak again; a case that rests on them is in doubt.
    Nothing is removed. Returns the ended alerts that were touched; following the same facts twice touches each once.
    """
    homes = select(Member.household_id).where(Member.person_id == person)
    ended = select(Alert).where(Alert.household_id.in_(homes), Alert.closed_at.is_not(None), Alert.status == "closed")
    touched = []
    for alert in session.scalars(ended.order_by(Alert.id).with_for_update()):
        fallen = [reason for reason in alert.reasons if reason.status in _STANDING and _rests_on(reason, rows)]
        if fallen:
            _fall(session, alert, fallen, code=code, by=by, as_of=as_of)
            touched.append(alert.id)
    for household in sorted(set(session.scalars(homes))):
        _question(session, household, rows, code=code, by=by, as_of=as_of)
    return touched


def unsupported(
    session: Session, withdrawn: Callable[[str, set[tuple[int, int]]], Iterable[tuple[int, int]]]
) -> list[uuid.UUID]:
    """Return the cases, not in doubt yet, of which an agency took back all facts that their alert was raised on.

    ``withdrawn`` answers which rows (delivery, row) of a feed are gone.
    """
    living = select(Case).where(_UNDOUBTED).order_by(Case.id)
    evidence = {case: _rows_of(session, case) for case in session.scalars(living)}
    asked: dict[str, set[tuple[int, int]]] = {}
    for rows in evidence.values():
        for feed, delivery, row in rows:
            asked.setdefault(feed, set()).add((delivery, row))
    gone = {(feed, *row) for feed, some in asked.items() for row in withdrawn(feed, some)}
    return [case.id for case, rows in evidence.items() if rows and rows <= gone]


def question(session: Session, cases: Sequence[uuid.UUID], *, as_of: date) -> int:
    """Put ``cases`` in doubt and return how many; one that ended or is in doubt already stays as it is."""
    chosen = select(Case).where(Case.id.in_(cases), _UNDOUBTED).order_by(Case.id).with_for_update()
    found = session.scalars(chosen).all()
    for case in found:
        move(session, case, "question", by="scan", step=Step("ERR_WITHDRAWN", as_of))
    return len(found)


def _rows_of(session: Session, case: Case) -> set[Row]:
    lists = session.scalars(select(Reason.evidence).where(Reason.alert_id == case.alert_id))
    return {(row["feed"], row["delivery"], row["row"]) for rows in lists for row in rows}


def _rests_on(reason: Reason, rows: Set[Row]) -> bool:
    return bool({(row["feed"], row["delivery"], row["row"]) for row in reason.evidence} & rows)


def _fall(session: Session, alert: Alert, fallen: list[Reason], *, code: str, by: str, as_of: date) -> None:
    for reason in fallen:
        reason.status, reason.cleared_on = "annulled", as_of
        reason.cleared_by = {"as_of": as_of.isoformat(), "feeds": {}, "code": code}
    spoken = [rule for id_ in _quieting(session, alert) for rule in quieting.end(session, id_, on=as_of, why=code)]
    rules = [reason.rule for reason in fallen]
    spoken += end_pauses(session, alert.id, rules, on=as_of, why=code)
    detail = {"annulled": rules, "code": code, "quiets_ended": spoken}
    session.add(AlertEvent(alert_id=alert.id, kind="evidence", by=by, as_of=as_of, why=code, detail=detail))
    other = select(Alert.id).where(Alert.household_id == alert.household_id, Alert.closed_at.is_(None)).limit(1)
    if alert.closed_why in FINDINGS["helped"].codes and session.scalar(other) is None:
        move(session, alert, "reopen", by=by, step=Step(code, as_of, detail={"code": code}))


def _quieting(session: Session, alert: Alert) -> list[uuid.UUID]:
    return list(session.scalars(select(FollowUp.id).where(FollowUp.alert_id == alert.id)))


def _question(session: Session, household: int, rows: Set[Row], *, code: str, by: str, as_of: date) -> None:
    case = case_of(session, household)
    if case is not None and case.status != "questioned" and _rows_of(session, case) & rows:
        move(session, case, "question", by=by, step=Step(code, as_of))
