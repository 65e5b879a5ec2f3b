"""What rested on the wrong facts falls with them: a link undone, a row taken back."""

import uuid
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.alerts.changes import LIVE
from monitor.lifecycle import Step, move
from monitor.tables import Alert, AlertEvent, Json, Member, Quiet, Reason

Rows = Set[tuple[str, int, int]]
CODES = ("ERR_ID", "ERR_WITHDRAWN")


@dataclass(frozen=True)
class Fallen:
    """Wrong facts said of ``person``, as rows (feed, delivery, row number).

    A reason keeps only its weightiest rows: ``reasons`` are those (by id) that rest on the facts unseen.
    """

    person: int
    rows: Rows
    reasons: Set[int] = frozenset()

    def bear(self, reason: Reason) -> bool:
        """Whether a standing reason rests on these facts."""
        return reason.status in LIVE and (reason.id in self.reasons or bool(rows_of(reason.evidence) & self.rows))


def annul_for_facts(session: Session, fallen: Fallen, *, code: str, by: str, as_of: date) -> list[uuid.UUID]:
    """Annul the reasons that rest on ``fallen`` facts; return their alerts.

    ``code`` says why: ERR_ID, the facts were somebody else's; ERR_WITHDRAWN, their agency took them back.
    An alert of which nothing else stands, nor ever stood, is annulled with them; one that has other reasons
    keeps its level until the next scan settles it. Reasons annulled before are left as they are.
    """
    if code not in CODES:
        raise ValueError(f"no code for annulling: {code}")
    touched = []
    for alert in _alerts_of(session, fallen.person):
        reasons = [reason for reason in alert.reasons if fallen.bear(reason)]
        if reasons:
            _annul(session, alert, reasons, code=code, by=by, as_of=as_of)
            touched.append(alert.id)
    return touched


def _alerts_of(session: Session, person: int) -> Iterator[Alert]:
    homes = select(Member.household_id).where(Member.person_id == person)
    chosen = select(Alert).where(Alert.household_id.in_(homes), Alert.closed_at.is_(None)).with_for_update()
    yield from session.scalars(chosen.order_by(Alert.id))


def rows_of(evidence: Iterable[Json]) -> set[tuple[str, int, int]]:
    """Return the rows (feed, delivery, row number) that ``evidence`` shows."""
    return {(row["feed"], row["delivery"], row["row"]) for row in evidence}


def live_reasons(session: Session, person: int) -> list[tuple[Reason, int]]:
    """Return the reasons that stand in the open alerts of the households ``person`` is or was in, each with its key."""
    return [
        (reason, alert.household_id)
        for alert in _alerts_of(session, person)
        for reason in alert.reasons
        if reason.status in LIVE
    ]


def end_pauses(session: Session, alert: uuid.UUID, rules: Sequence[str], *, on: date, why: str) -> list[str]:
    """End those of ``rules`` that somebody paused on what ``alert`` showed; return which those were."""
    resting = select(Quiet).where(Quiet.alert_id == alert, Quiet.rule.in_(rules), Quiet.ended_on.is_(None))
    ended = session.scalars(resting.order_by(Quiet.rule)).all()
    for quiet in ended:
        quiet.ended_on, quiet.ended_why = on, why
    return [quiet.rule for quiet in ended]


def _annul(session: Session, alert: Alert, fallen: list[Reason], *, code: str, by: str, as_of: date) -> None:
    for reason in fallen:
        reason.status, reason.cleared_on = "annulled", as_of
        reason.cleared_by = {"as_of": as_of.isoformat(), "feeds": {}, "code": code}
    rules = [reason.rule for reason in fallen]
    detail: Json = {"annulled": rules, "code": code}
    if spoken := end_pauses(session, alert.id, rules, on=as_of, why=code):
        detail["quiets_ended"] = spoken
    _tell(session, alert, "evidence", detail, by=by, as_of=as_of)
    statuses = {reason.status for reason in alert.reasons}
    if falls := statuses == {"annulled"} and alert.status != "reopened":
        move(session, alert, "annul", by=by, step=Step(code, as_of, detail={"code": code}))
    else:
        alert.version += 1
    if not falls and not statuses & set(LIVE):
        alert.cleared_on = alert.cleared_on or as_of
        _tell(session, alert, "all_cleared", {}, by=by, as_of=as_of)
    audit.record(session, by=by, action="alert.evidence_annulled", subject=str(alert.id), detail=detail)


def _tell(session: Session, alert: Alert, kind: str, detail: Json, *, by: str, as_of: date) -> None:
    session.add(AlertEvent(alert_id=alert.id, kind=kind, by=by, as_of=as_of, detail=detail))
