"""What a worker does with one alert before any visit: take it, put it off, note on it, give it on to another region."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from monitor import lifecycle
from monitor.access import Viewer, scope, shorten
from monitor.errors import Invalid, NotFound
from monitor.lifecycle import ALERT, Step
from monitor.tables import Alert, Worker
from monitor.work import colleagues, queue
from monitor.work.deadlines import Spans
from monitor.work.queue import Filters

PUT_OFF: dict[str, tuple[str, str]] = {
    "APPOINTED": ("已约定上门时间", "a visit is agreed"),
    "AWAY": ("该户外出未归", "the household is away"),
    "WAIT_DATA": ("等待部门数据更新", "newer data are on their way"),
    "WAIT_PAPERS": ("等待当事人补充材料", "the household is to bring papers"),
    "WEATHER": ("天气或道路原因", "weather or roads"),
    "OTHER": ("其他（见备注）", "other: see the note"),
}
HANDED_ON: dict[str, tuple[str, str]] = {
    "LIVES_ELSEWHERE": ("人户分离，实际居住在他处", "registered here, living elsewhere"),
    "MOVED": ("已迁出", "moved away"),
    "WRONG_PLACE": ("区划登记有误", "the place is registered wrongly"),
}
_TRIES = 3
_CANDIDATES = 20


@dataclass(frozen=True)
class Pause:
    """How long an alert is put off, at the longest, and whether it comes back as soon as it worsens."""

    until: date
    why: str
    wakes_on_worse: bool = True


def held(session: Session, alert: uuid.UUID, *, by: Viewer) -> Alert:
    """Return one alert, held against others' changes until the transaction ends; not yours and absent are the same."""
    found = session.scalar(scope(select(Alert).where(Alert.id == alert), by).with_for_update(of=Alert))
    if found is None:
        raise NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
    return found


def seen(session: Session, alert: uuid.UUID, *, by: Viewer) -> None:
    """Refuse an alert that is absent or not the viewer's to see; nothing is held."""
    if session.scalar(scope(select(Alert.id).where(Alert.id == alert), by)) is None:
        raise NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")


def go(session: Session, alert: uuid.UUID, edge: str, *, by: Viewer, step: Step) -> Alert:
    """Take an alert along an edge of its life and return it; see ``lifecycle.move`` for what is refused."""
    found = held(session, alert, by=by)
    lifecycle.move(session, found, edge, by=by, step=step)
    return found


def assign(session: Session, alert: uuid.UUID, to: uuid.UUID, *, by: Viewer, on: date, expected: int) -> Alert:
    """Give an alert to a worker who may see it, or on leave to who stands in; the owner before loses it."""
    found = held(session, alert, by=by)
    owner = taker(session, to, on=on)
    if not colleagues.reaches(owner, found):
        raise Invalid(zh="该工作人员无权办理此地区的预警", en="that worker's region does not hold this alert")
    lifecycle.move(
        session, found, "assign", by=by, step=Step(as_of=on, values={"owner_id": owner.id}, expected=expected)
    )
    return found


def taker(session: Session, worker: uuid.UUID, *, on: date) -> Worker:
    """Return who takes what is given to ``worker`` on a day; refuses one on leave for whom nobody stands in."""
    stands = colleagues.stand_in(colleagues.cares_of(session), worker, on=on)
    if stands is None:
        raise Invalid(zh="该工作人员休假且无人代班", en="that worker is on leave and nobody stands in")
    found = session.get(Worker, stands)
    if found is None or not found.active or found.role not in colleagues.DOING:
        raise Invalid(zh="没有这位在职的经办人", en="there is no such worker to give it to")
    return found


def put_off(session: Session, alert: uuid.UUID, pause: Pause, *, by: Viewer, on: date, expected: int) -> Alert:
    """Put an alert off; it comes back on the day, or at once when it worsens. Its deadlines run on meanwhile."""
    if pause.why not in PUT_OFF:
        raise Invalid(zh=f"原因只能是 {'、'.join(PUT_OFF)}", en=f"why is one of {', '.join(PUT_OFF)}")
    values: dict[str, Any] = {"paused_until": pause.until, "wakes_on_worse": pause.wakes_on_worse}
    return go(session, alert, "snooze", by=by, step=Step(pause.why, as_of=on, values=values, expected=expected))


def hand_over(session: Session, alert: uuid.UUID, region: str, *, why: str, by: Viewer, expected: int) -> Alert:
    """Give an alert to another region, which takes it or sends it back; the scan leaves it where it was handed."""
    if why not in HANDED_ON:
        raise Invalid(zh=f"原因只能是 {'、'.join(HANDED_ON)}", en=f"why is one of {', '.join(HANDED_ON)}")
    code = shorten(region)
    if len(code) < 6:
        raise Invalid(zh="须移交到县级以下的行政区划", en="hand it to a county, a town or a village")
    return go(session, alert, "hand_over", by=by, step=Step(why, values={"region": code}, expected=expected))


def next_alert(
    session: Session, filters: Filters, *, viewer: Viewer, spans: Spans, skip: Sequence[uuid.UUID] = ()
) -> Alert | None:
    """Return the most urgent alert that is the viewer's already or nobody's, which becomes theirs; None: none waits.

    Two who ask at the same moment get two different ones.
    """
    theirs = colleagues.whose(colleagues.cares_of(session), viewer.worker, on=spans.today)
    mine, free = replace(filters, owners=theirs), replace(filters, unowned=True, claimable=True)
    passed = list(skip)
    for _ in range(_TRIES):
        own = queue.first(session, mine, viewer=viewer, spans=spans, skip=passed, most=1)
        others = queue.first(session, free, viewer=viewer, spans=spans, skip=passed, most=_CANDIDATES)
        if own and (not others or own[0] < others[0]):
            return held(session, own[0].id, by=viewer)
        if not others:
            return None
        if (taken := _take(session, [key.id for key in others], viewer)) is not None:
            return taken
        passed += [key.id for key in others]
    return None


def _take(session: Session, ids: Sequence[uuid.UUID], viewer: Viewer) -> Alert | None:
    """Claim the first of ``ids`` that nobody else holds at this moment."""
    order = case({id_: place for place, id_ in enumerate(ids)}, value=Alert.id)
    free = select(Alert).where(Alert.id.in_(ids), Alert.owner_id.is_(None))
    free = scope(free, viewer).where(Alert.status.in_(tuple(ALERT.edge("claim").moves)))
    free = free.order_by(order).limit(1).with_for_update(of=Alert, skip_locked=True)
    found = session.scalar(free.execution_options(populate_existing=True))
    if found is not None:
        lifecycle.move(session, found, "claim", by=viewer)
    return found
