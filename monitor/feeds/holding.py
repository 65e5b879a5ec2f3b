"""Deliveries that wait for a person: the original kept encrypted, released or rejected with a reason."""

import json
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Conflict, Invalid, NotFound
from monitor.feeds.drafts import Decision, Desk, Draft
from monitor.feeds.receipts import as_json, keep, original_path
from monitor.feeds.repeats import stop_repeats
from monitor.feeds.storing import take_turn
from monitor.service import Service, come
from monitor.tables import Delivery, utc_now

ABOUT = "deliveries.original"
_MARK = b"\n"


def hold(desk: Desk, draft: Draft) -> Delivery:
    """Keep the original, encrypted, and a row that says why a person must look; earlier facts stand.

    Of two that bring the same file at the same instant the second raises ``Repeated``.
    """
    delivery = draft.as_delivery(status="held")
    checked = draft.checked
    delivery.rows, delivery.errors = checked.rows, int(checked.faults.bad().sum())
    delivery.good = delivery.rows - delivery.errors
    delivery.profile = draft.profile
    delivery.problems = as_json([*draft.problems, *checked.faults.summary()])
    terms = json.dumps({"name": draft.arrival.name, "force": draft.terms.force}).encode()
    sealed = desk.service.keyring.encrypt_bytes(terms + _MARK + draft.arrival.data, about=f"{ABOUT}/{delivery.id}")
    with database.transaction(desk.service.engine) as session:
        take_turn(session)
        stop_repeats(session, desk, draft.arrival, draft.terms)
        keep(desk.service, original_path(desk.service, delivery.id).name, sealed)
        session.add(delivery)
        session.flush()
        why = [problem["code"] for problem in delivery.problems if problem["weight"] == "held"]
        _record(session, delivery, by="system", action="delivery.held", detail={"feed": delivery.feed, "why": why})
    return delivery


def original(service: Service, delivery: Delivery) -> tuple[str, bytes]:
    """Return the name and the bytes of a held delivery as they arrived."""
    path = original_path(service, delivery.id)
    if not path.exists():
        raise NotFound(zh="该批次的原件已不在", en="the original of the delivery is no longer there")
    opened = service.keyring.decrypt_bytes(path.read_bytes(), about=f"{ABOUT}/{delivery.id}")
    terms, data = opened.split(_MARK, 1)
    return str(json.loads(terms)["name"]), data


def find_held(session: Session, delivery_id: UUID) -> Delivery:
    """Return a delivery that waits; refuses one that is decided or unknown."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(zh="没有这一批次", en="there is no such delivery")
    if delivery.status != "held":
        raise Conflict(
            zh=f"该批次不在待处理状态（{delivery.status}）", en=f"the delivery is not held ({delivery.status})"
        )
    return delivery


def decision(delivery_id: UUID, *, by: str, reason: str, on: date) -> Decision:
    """Return a person's word; refuses one without a name or a reason, and one of a day to come."""
    if not by.strip() or not reason.strip():
        raise Invalid(zh="须写明操作人和理由", en="say who decides and why")
    return Decision(by.strip(), reason.strip(), come(on), delivery_id)


def reject(service: Service, said: Decision) -> Delivery:
    """End the wait: nothing of the delivery is taken, and its original is destroyed."""
    with database.transaction(service.engine) as session:
        delivery = find_held(session, said.delivery_id)
        delivery.status, delivery.decided_at = "rejected", utc_now()
        delivery.decided_by, delivery.decided_why = said.by, said.why
        _record(session, delivery, by=said.by, action="delivery.rejected", detail={"why": said.why})
    original_path(service, said.delivery_id).unlink(missing_ok=True)
    return delivery


def _record(session: Session, delivery: Delivery, *, by: str, action: str, detail: dict[str, object]) -> None:
    audit.record(session, by=by, action=action, subject=f"delivery/{delivery.id}", detail=detail)
