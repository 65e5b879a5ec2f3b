"""The life of an alert and of a case: every state, every way from one to another, who may go it and what it does.

Nothing else changes a ``status``. A scan writes in bulk what ``leap`` says of an edge; everybody else calls ``move``.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Update, bindparam, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from monitor import audit
from monitor.access import Viewer
from monitor.database import insert_many
from monitor.errors import Conflict, Forbidden, Invalid, Refused, Stale
from monitor.lifecycle.alert import ALERT
from monitor.lifecycle.case import CASE
from monitor.lifecycle.edges import DEPARTMENT, MACHINE, SAME, Ask, Edge, Machine
from monitor.service import today
from monitor.tables import Alert, AlertEvent, Case, CaseEvent, Instant, Json, Outbox, utc_now

UNDO_WITHIN = timedelta(seconds=30)
_AT_ONCE = 2_000
Subject = Alert | Case
Event = AlertEvent | CaseEvent
_READ: Mapping[type, Callable[[Any], Any]] = {
    date: date.fromisoformat, datetime: datetime.fromisoformat, uuid.UUID: uuid.UUID,
}  # fmt: skip
_DESKS: Mapping[str, str] = {
    "assistant": "village", "caseworker": "township", "reviewer": "county", "supervisor": "city",
    "department": DEPARTMENT,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What is said with an edge: the reason code, the date it is of, columns to set, what else the timeline keeps.

    ``expected`` is the version that the actor saw; another one is refused as stale.
    """

    why: str | None = None
    as_of: date | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    detail: Json = field(default_factory=dict)
    expected: int | None = None


@dataclass(frozen=True)
class Moved:
    """What became of many: those moved, and those not, each with its refusal."""

    done: Sequence[Subject]
    refused: Sequence[tuple[Subject, Refused]]


@dataclass(frozen=True)
class _Actor:
    name: str
    desk: str
    role: str
    worker: uuid.UUID | None


@dataclass(frozen=True)
class _Plan:
    subject: Subject
    edge: Edge
    actor: _Actor
    values: Mapping[str, Any]
    event: Json


def move(session: Session, subject: Subject, edge: str, *, by: Viewer | str, step: Step = Step()) -> Event:
    """Take ``subject`` along ``edge`` in the caller's transaction and return the event that records it.

    Refuses an edge that does not leave from where the subject stands, an actor whose desk may not go it, a missing
    reason, and what the edge's guard refuses. A subject that somebody changed meanwhile is ``Stale``: nothing was
    written. ``by`` as text is the machine. Status, version, event, audit entry and outbox are written together.
    """
    plan = _plan(session, subject, machine_of(subject).edge(edge), by=by, step=step)
    _write(session, [plan])
    return _record(session, plan, version=subject.version)


def _record(session: Session, plan: _Plan, *, version: int) -> Event:
    subject = plan.subject
    event = _event_table(subject)(**plan.event | {"version": version})
    session.add(event)
    if plan.edge.outside:
        session.add(Outbox(**_told_outside(plan)))
    audit.record(session, by=_auditor(plan.actor), action=_action(plan), subject=str(subject.id), detail=_brief(plan))
    return event


def begin(session: Session, subject: Subject, edge: str, *, by: Viewer | str, step: Step = Step()) -> Event:
    """Put a new ``subject``, whose status is empty, where ``edge`` leads, with the event that records it.

    Refuses as ``move`` does; its version stays 1.
    """
    plan = _plan(session, subject, machine_of(subject).edge(edge), by=by, step=step)
    subject.status = plan.values["status"]
    session.add(subject)
    session.flush()
    return _record(session, plan, version=1)


def move_each(
    session: Session, subjects: Iterable[Subject], edge: str, *, by: Viewer | str,
    step: Step | Callable[[Subject], Step] = Step(),
) -> Moved:  # fmt: skip
    """Take each of ``subjects``, all of one kind, along ``edge``; who may not go stays and is named with the reason.

    ``step`` may differ from one to the next, and may itself refuse. What moves is written in bulk under one audit
    entry; when one of them was changed meanwhile all are ``Stale``.
    """
    plans: list[_Plan] = []
    refused: list[tuple[Subject, Refused]] = []
    batch = uuid.uuid4().hex
    for subject in subjects:
        try:
            said = step(subject) if callable(step) else step
            told = replace(said, detail=said.detail | {"batch": batch})
            plans.append(_plan(session, subject, machine_of(subject).edge(edge), by=by, step=told))
        except Refused as refusal:
            refused.append((subject, refusal))
    if plans:
        _write(session, plans)
        insert_many(session, _event_table(plans[0].subject), [plan.event for plan in plans])
        outside = [_told_outside(plan) | {"made_at": plan.event["at"]} for plan in plans if plan.edge.outside]
        insert_many(session, Outbox, outside)
        ids = hashlib.sha256("".join(str(plan.subject.id) for plan in plans).encode()).hexdigest()
        detail = {"edge": edge, "many": len(plans), "sha256": ids, "why": plans[0].event["why"]}
        audit.record(session, by=_auditor(plans[0].actor), action=_action(plans[0]), subject=batch, detail=detail)
    return Moved([plan.subject for plan in plans], refused)


def undo(
    session: Session, subject: Subject, *, by: Viewer, expected: int | None = None, within: timedelta = UNDO_WITHIN
) -> Event:
    """Take back the last edge, ``within`` a time (30 seconds), by whoever went it; both stay on record.

    Refuses when something has happened since, when it was another's, or when the edge cannot be taken back.
    """
    step = _step_back(subject, last_step(session, subject), by=by, within=within)
    return move(session, subject, "undo", by=by, step=replace(step, expected=expected))


def undo_each(session: Session, subjects: Sequence[Subject], *, by: Viewer, edges: Collection[str]) -> Moved:
    """Take back the last edge of each of ``subjects`` as ``undo`` does, where it was one of ``edges``.

    It goes as ``move_each`` does. All of them are of one kind. What was another's, is too long ago, or came to more
    since, stays and is named.
    """
    lasts = _last_steps(session, subjects)

    def back(subject: Subject) -> Step:
        last = lasts.get(subject.id)
        if last is not None and last.edge not in edges:
            raise Conflict(zh="最近的操作须逐条撤销", en="what was done last is taken back one by one")
        return _step_back(subject, last, by=by, within=UNDO_WITHIN)

    return move_each(session, subjects, "undo", by=by, step=back)


def _step_back(subject: Subject, last: Event | None, *, by: Viewer, within: timedelta) -> Step:
    if last is not None and last.worker != by.worker:
        raise Conflict(zh="此后已由他人办理，不能撤销", en="nothing of yours to take back: another worked on it since")
    if last is None or not machine_of(subject).edge(last.edge or "").undoable:
        raise Conflict(zh="没有可撤销的操作", en="there is nothing of yours to take back")
    if last.version != subject.version or utc_now() - last.at > within:
        zh, en = _span(within)
        raise Conflict(zh=f"已超过{zh}或之后另有变更，不能撤销", en=f"{en} passed, or something came after")
    values = {name: _revived(subject, name, old) for name, (old, _) in last.detail.get("changed", {}).items()}
    values["status"] = last.detail["before"]
    return Step(values=values, detail={"undone": last.edge, "event": last.id})


def _span(within: timedelta) -> tuple[str, str]:
    seconds = int(within.total_seconds())
    count, zh, en = (seconds // 3600, "小时", "hours") if seconds >= 3600 else (seconds, "秒", "seconds")
    return f"{count}{zh}", f"{count} {en}"


def last_step(session: Session, subject: Subject) -> Event | None:
    """Return the newest event of ``subject`` that was an edge; None before there was one."""
    table: Any = _event_table(subject)
    chosen = select(table).where(_about(table, subject), table.edge.is_not(None))
    found: Event | None = session.scalar(chosen.order_by(table.id.desc()).limit(1))
    return found


def _last_steps(session: Session, subjects: Sequence[Subject]) -> dict[uuid.UUID, Event]:
    found: dict[uuid.UUID, Event] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        some = subjects[start : start + _AT_ONCE]
        table: Any = _event_table(some[0])
        about = table.alert_id if table is AlertEvent else table.case_id
        newest = select(func.max(table.id)).where(about.in_([one.id for one in some]), table.edge.is_not(None))
        for event in session.scalars(select(table).where(table.id.in_(newest.group_by(about)))):
            found[event.alert_id if isinstance(event, AlertEvent) else event.case_id] = event
    return found


def machine_of(subject: Subject) -> Machine:
    """Return the table that rules ``subject``."""
    return ALERT if isinstance(subject, Alert) else CASE


def leap(edge: str, status: str) -> str:
    """Return where an alert in ``status`` comes to by ``edge``, for a scan that writes in bulk.

    Refuses an edge that is not the machine's to go, or that does not leave from there.
    """
    found = ALERT.edge(edge)
    if MACHINE not in found.desks or status not in found.moves:
        raise ValueError(f"no scan takes an alert from {status} by {edge}")
    return found.moves[status]


def may(subject: Subject, viewer: Viewer) -> list[str]:
    """Return the edges that leave from where ``subject`` stands and that ``viewer``'s desk may go, guards aside."""
    return open_from(subject.status, viewer, of=machine_of(subject))


def open_from(status: str, viewer: Viewer, *, of: Machine = ALERT) -> list[str]:
    """Return the edges that leave from ``status`` and that ``viewer``'s desk may go, guards aside."""
    desk = _DESKS.get(viewer.role)
    return [name for name, edge in of.edges.items() if status in edge.moves and desk in edge.desks]


def _plan(session: Session, subject: Subject, edge: Edge, *, by: Viewer | str, step: Step) -> _Plan:
    actor = _actor(by)
    if step.expected is not None and step.expected != subject.version:
        raise Stale(subject.version)
    _check(subject, edge, actor, step)
    values = dict(step.values)
    if edge.guard is not None:
        values |= edge.guard(Ask(session, subject, step.values, actor.worker, step.as_of or utc_now().date()))
    after = values.get("status") or edge.moves[subject.status]
    values["status"] = subject.status if after == SAME else after
    values = _closing(subject, values["status"], step.why) | values
    return _Plan(subject, edge, actor, values, _event_of(subject, edge, actor, values=values, step=step))


def _check(subject: Subject, edge: Edge, actor: _Actor, step: Step) -> None:
    if subject.status not in edge.moves:
        state = machine_of(subject).states.get(subject.status, (subject.status, subject.status))
        raise Conflict(
            zh=f"当前为“{state[0]}”，不能{edge.zh}", en=f'it stands at "{state[1]}": {edge.en} does not lead from there'
        )
    if actor.desk not in edge.desks:
        raise Forbidden(zh=f"您的岗位不能{edge.zh}", en=f"not for your desk: {edge.en}")
    if edge.needs_why and not step.why:
        raise Invalid(zh=f"{edge.zh}须写明原因代码", en=f"a reason code is needed: {edge.en}")
    if edge.codes and step.why not in edge.codes:
        listed = ", ".join(sorted(edge.codes))
        raise Invalid(zh=f"{edge.zh}的原因代码只能是：{listed}", en=f"reason codes for this: {listed}")
    if foreign := sorted(set(step.values) - set(edge.sets)) and edge.name != "undo":
        raise ValueError(f"{edge.name} does not set {foreign}")


def _closing(subject: Subject, status: str, why: str | None) -> dict[str, Any]:
    """The columns that say whether it has ended, kept in step with the status."""
    ended = status in machine_of(subject).ends
    if ended == (subject.closed_at is not None):
        return {}
    return {"closed_at": utc_now(), "closed_why": why} if ended else {"closed_at": None, "closed_why": None}


def _event_of(subject: Subject, edge: Edge, actor: _Actor, *, values: Mapping[str, Any], step: Step) -> dict[str, Any]:
    changed = {
        name: [_plain(getattr(subject, name)), _plain(value)]
        for name, value in values.items()
        if name != "status" and getattr(subject, name) != value
    }
    about = "alert_id" if isinstance(subject, Alert) else "case_id"
    return {
        about: subject.id, "at": utc_now(), "as_of": step.as_of, "kind": edge.kind, "by": actor.name, "why": step.why,
        "detail": {
            **step.detail, **_in_time(subject, values, step), "before": subject.status, "after": values["status"],
            "changed": changed,
        },
        "edge": edge.name, "role": actor.role, "worker": actor.worker, "version": subject.version + 1,
    }  # fmt: skip


def _in_time(subject: Subject, values: Mapping[str, Any], step: Step) -> Json:
    """Whether an alert that ends does so by its last deadline: said now, for a later life may set other deadlines."""
    if not isinstance(subject, Alert) or values.get("closed_at") is None:
        return {}
    on = step.as_of or today()
    return {"in_time": subject.result_due_on is None or on <= subject.result_due_on}


def _write(session: Session, plans: Sequence[_Plan]) -> None:
    """Set the columns where the version still is as read; one that is not undoes them all."""
    session.flush()
    groups: dict[frozenset[str], list[_Plan]] = {}
    for plan in plans:
        groups.setdefault(frozenset(plan.values), []).append(plan)
    for columns, some in groups.items():
        rows = [{"b_id": one.subject.id, "b_version": one.subject.version, **one.values} for one in some]
        done = session.connection().execute(_statement(type(some[0].subject), columns), rows)
        if done.rowcount != len(some):
            raise Stale(_newest(session, some))
    for plan in plans:
        for name, value in {**plan.values, "version": plan.subject.version + 1}.items():
            set_committed_value(plan.subject, name, value)


def _newest(session: Session, plans: Sequence[_Plan]) -> int:
    """The version that the first of ``plans`` to be overtaken has come to."""
    table = type(plans[0].subject)
    seen = {plan.subject.id: plan.subject.version for plan in plans}
    some = session.execute(select(table.id, table.version).where(table.id.in_(list(seen)[:5000])))
    return next((version for id_, version in some if version > seen[id_] + 1), plans[0].subject.version + 1)


@lru_cache(maxsize=256)
def _statement(table: type[Subject], columns: frozenset[str]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in sorted(columns)}
    return (
        update(table)
        .where(table.id == bindparam("b_id"), table.version == bindparam("b_version"))
        .values(values | {"version": table.version + 1})
    )


def _actor(by: Viewer | str) -> _Actor:
    if isinstance(by, str):
        return _Actor(by, MACHINE, MACHINE, None)
    return _Actor(by.name, _DESKS.get(by.role, "none"), by.role, by.worker)


def _auditor(actor: _Actor) -> str:
    return str(actor.worker or actor.name)


def _action(plan: _Plan) -> str:
    return f"{machine_of(plan.subject).name}.{plan.edge.kind}"


def _brief(plan: _Plan) -> Json:
    return {"edge": plan.edge.name, "role": plan.actor.role, "why": plan.event["why"], **plan.event["detail"]}


def _told_outside(plan: _Plan) -> Json:
    said = {key: value for key, value in plan.event["detail"].items() if key != "changed"}
    payload = {"household": plan.subject.household_id, "why": plan.event["why"], **said}
    kind = f"{machine_of(plan.subject).name}_{plan.edge.kind}"
    return {"kind": kind, "subject": str(plan.subject.id), "payload": payload}


def _event_table(subject: Subject) -> type[Event]:
    return AlertEvent if isinstance(subject, Alert) else CaseEvent


def _about(table: Any, subject: Subject) -> Any:
    return (table.alert_id if table is AlertEvent else table.case_id) == subject.id


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, uuid.UUID) else value


def _revived(subject: Subject, name: str, said: Any) -> Any:
    """What ``_plain`` wrote, as the column has it."""
    kind = type(subject).__table__.c[name].type
    if said is None or isinstance(kind, JSON):
        return said
    read = _READ.get(datetime if isinstance(kind, Instant) else kind.python_type)
    return said if read is None else read(said)
