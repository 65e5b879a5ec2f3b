"""Many alerts at once: each looked at for itself, done or not done with a reason, all in one transaction.

There is no closing of many: every household was visited by somebody, or it is not closed.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import lifecycle
from monitor.access import Viewer, scope
from monitor.errors import Conflict, Invalid, NotFound, Refused, Stale
from monitor.lifecycle import Step
from monitor.tables import Alert
from monitor.work import colleagues, queue
from monitor.work.colleagues import Care, Colleague
from monitor.work.deadlines import Spans
from monitor.work.queue import Filters
from monitor.work.taking import PUT_OFF, Pause, taker

MOST = 10_000
TOGETHER = frozenset({"assign", "claim", "release", "snooze"})
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Target:
    """One of many: an alert, and the version the sender saw if they say so."""

    id: uuid.UUID
    version: int | None = None


@dataclass
class Outcome:
    """What became of many: the ids done, and each that was not with its refusal."""

    done: list[uuid.UUID] = field(default_factory=list)
    refused: list[tuple[uuid.UUID, Refused]] = field(default_factory=list)


def assign_all(session: Session, targets: Sequence[Target], to: uuid.UUID, *, by: Viewer, on: date) -> Outcome:
    """Give every one of ``targets`` to a worker, or on leave to who stands in."""
    owner, outcome = taker(session, to, on=on), Outcome()
    alerts = []
    for alert in _looked_at(session, targets, by=by, outcome=outcome):
        if colleagues.reaches(owner, alert):
            alerts.append(alert)
        else:
            outcome.refused.append((alert.id, _out_of_reach()))
    _move(session, alerts, "assign", by=by, step=Step(as_of=on, values={"owner_id": owner.id}), outcome=outcome)
    return outcome


def put_off_all(session: Session, targets: Sequence[Target], pause: Pause, *, by: Viewer, on: date) -> Outcome:
    """Put every one of ``targets`` off; see ``taking.put_off``."""
    if pause.why not in PUT_OFF:
        raise Invalid(zh=f"原因只能是 {'、'.join(PUT_OFF)}", en=f"why is one of {', '.join(PUT_OFF)}")
    outcome = Outcome()
    alerts = list(_looked_at(session, targets, by=by, outcome=outcome))
    values: dict[str, Any] = {"paused_until": pause.until, "wakes_on_worse": pause.wakes_on_worse}
    _move(session, alerts, "snooze", by=by, step=Step(pause.why, as_of=on, values=values), outcome=outcome)
    return outcome


def go_all(session: Session, targets: Sequence[Target], edge: str, *, by: Viewer, on: date) -> Outcome:
    """Take every one of ``targets`` along an edge that needs nothing else, as claiming or releasing."""
    outcome = Outcome()
    alerts = list(_looked_at(session, targets, by=by, outcome=outcome))
    _move(session, alerts, edge, by=by, step=Step(as_of=on), outcome=outcome)
    return outcome


def undo_all(session: Session, targets: Sequence[Target], *, by: Viewer) -> Outcome:
    """Take back what ``by`` did last with every one of ``targets``, if it was done in the last thirty seconds.

    Only what can be done to many is taken back of many; both stay on record.
    """
    outcome = Outcome()
    alerts = list(_looked_at(session, targets, by=by, outcome=outcome))
    _keep(lifecycle.undo_each(session, alerts, by=by, edges=TOGETHER), outcome)
    return outcome


def assign_by_village(session: Session, filters: Filters, *, by: Viewer, spans: Spans, most: int = MOST) -> Outcome:
    """Give what nobody has to who cares for its village, the one with least to do for their visits a day.

    Who is on leave is passed over for who stands in; an alert in nobody's care stays and is named.
    """
    free = replace(filters, unowned=True, claimable=True)
    keys = queue.first(session, free, viewer=by, spans=spans, most=most)
    outcome, shares = Outcome(), _Shares(session, by, spans.today)
    parted: dict[uuid.UUID, list[Alert]] = {}
    for alert in _looked_at(session, [Target(key.id) for key in keys], by=by, outcome=outcome):
        owner = shares.taker(alert)
        if owner is None:
            outcome.refused.append((alert.id, _in_nobodys_care()))
        else:
            parted.setdefault(owner, []).append(alert)
    for owner, alerts in parted.items():
        step = Step(as_of=spans.today, values={"owner_id": owner}, detail={"by_village": True})
        _move(session, alerts, "assign", by=by, step=step, outcome=outcome)
    return outcome


class _Shares:
    """Who cares for which village, and how much each has by now."""

    def __init__(self, session: Session, viewer: Viewer, on: date) -> None:
        everybody = colleagues.colleagues(session, viewer=viewer, today=on)
        self._by_id: Mapping[uuid.UUID, Colleague] = {one.id: one for one in everybody}
        self._cares: Mapping[uuid.UUID, Care] = {one.id: one.care for one in everybody}
        self._load = {one.id: one.open for one in everybody}
        self._on = on
        self._village: dict[str, list[uuid.UUID]] = {}
        for one in everybody:
            for village in one.care.villages:
                self._village.setdefault(village, []).append(one.id)

    def taker(self, alert: Alert) -> uuid.UUID | None:
        """Return who takes ``alert`` now, counting it as theirs; None when it is in nobody's care."""
        in_care = self._village.get(alert.village or "", [])
        stands = {colleagues.stand_in(self._cares, one, on=self._on) for one in in_care}
        able = [one for one in stands if one is not None and self._reaches(one, alert)]
        chosen = min(able, key=self._burden, default=None)
        if chosen is not None:
            self._load[chosen] += 1
        return chosen

    def _reaches(self, worker: uuid.UUID, alert: Alert) -> bool:
        found = self._by_id.get(worker)
        return found is not None and colleagues.reaches(found, alert)

    def _burden(self, worker: uuid.UUID) -> tuple[float, str]:
        return self._load[worker] / max(self._cares[worker].visits_a_day, 1), str(worker)


def _looked_at(session: Session, targets: Sequence[Target], *, by: Viewer, outcome: Outcome) -> Iterable[Alert]:
    """Yield the alerts that ``by`` may see, as they were seen, in the order given; say of the others why not."""
    if len(targets) > MOST:
        raise Invalid(zh=f"一次最多{MOST}条", en=f"at most {MOST} at once")
    found: dict[uuid.UUID, Alert] = {}
    ids = sorted({target.id for target in targets})
    for start in range(0, len(ids), _AT_ONCE):
        some = scope(select(Alert).where(Alert.id.in_(ids[start : start + _AT_ONCE])), by)
        found |= {alert.id: alert for alert in session.scalars(some.order_by(Alert.id).with_for_update())}
    for target in dict.fromkeys(targets):
        alert = found.get(target.id)
        if alert is None:
            outcome.refused.append((target.id, _not_there()))
        elif target.version is not None and target.version != alert.version:
            outcome.refused.append((target.id, Stale(alert.version)))
        else:
            yield alert


def _move(session: Session, alerts: Sequence[Alert], edge: str, *, by: Viewer, step: Step, outcome: Outcome) -> None:
    _keep(lifecycle.move_each(session, alerts, edge, by=by, step=step), outcome)


def _keep(moved: lifecycle.Moved, outcome: Outcome) -> None:
    outcome.done += [subject.id for subject in moved.done]
    outcome.refused += [(subject.id, refusal) for subject, refusal in moved.refused]


def _not_there() -> NotFound:
    return NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")


def _out_of_reach() -> Invalid:
    return Invalid(zh="该工作人员无权办理此地区的预警", en="that worker's region does not hold this alert")


def _in_nobodys_care() -> Conflict:
    return Conflict(zh="该村没有包片经办人，请人工分派", en="nobody has this village in their care: assign it by hand")
