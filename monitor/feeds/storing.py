"""The commit of a delivery: files first, then one transaction that names them; whole or not at all."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, Select, bindparam, func, select, text
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Conflict
from monitor.feeds.agreed import REGISTER
from monitor.feeds.checking import Checked
from monitor.feeds.doubts import doubts
from monitor.feeds.drafts import Decision, Desk, Draft
from monitor.feeds.facts import Keyed, facts, keyed
from monitor.feeds.identity import Identified
from monitor.feeds.problems import SAYINGS, Problem
from monitor.feeds.receipts import as_json
from monitor.feeds.register import Registered, register
from monitor.feeds.repeats import stop_repeats
from monitor.feeds.sparing import Spared, spared, told
from monitor.lake import DeliveryRef
from monitor.matching.exact import NO_PERSON
from monitor.matching.links import propose
from monitor.tables import Delivery, Link, utc_now

_ORDER = text("SELECT pg_advisory_xact_lock(7302)")


def commit(
    desk: Desk, draft: Draft, *, decision: Decision | None = None, first: Callable[[Session], object] | None = None
) -> Delivery:
    """Store the facts and the delivery that names them; refuses one older than the newest of its feed.

    ``first`` is done before, in the same transaction. Of two that bring the same file at the same instant the
    second raises ``Repeated``.

    Everything happens under the lock that orders deliveries, so ``seq`` has no gap that another could fill.
    What fails before the commit leaves no file; what fails in it, only files that no row names.
    """
    with ExitStack() as undo, database.transaction(desk.service.engine) as session:
        take_turn(session)
        if first is not None:
            first(session)
        if decision is None:
            stop_repeats(session, desk, draft.arrival, draft.terms)
        newest = _newest(session, draft.feed)
        delivery, day = _place(session, draft, newest, decision)
        seq = (database.run(session, _last, values={}).value() or 0) + 1
        undo.callback(desk.lake.discard, draft.feed, seq)
        stored = _store(desk, session, draft, delivery, seq=seq, known_on=max(day, newest or day))
        session.add(delivery)
        session.flush()
        database.insert_many(session, Link, _links(draft, seq, stored.known))
        keyring = desk.service.keyring
        unsure = doubts(desk, session, draft)
        delivery.proposed = propose(session, keyring, delivery_id=delivery.id, feed=draft.feed, doubts=unsure)
        _audit(session, delivery, draft, decision)
        undo.pop_all()
    if stored.registered is not None:
        desk.learn(stored.registered.met, stored.registered.residence)
    return delivery


def take_turn(session: Session) -> None:
    """One delivery at a time; on SQLite the transaction itself holds the write lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ORDER)


def _last() -> Select[*tuple[Any, ...]]:
    return select(func.max(Delivery.seq))


def _newest(session: Session, feed: str) -> date | None:
    known: date | None = database.run(session, _known, values={"feed": feed}).value()
    return known


def _known() -> Select[*tuple[Any, ...]]:
    return select(func.max(Delivery.known_on)).where(*_committed())


def _committed() -> tuple[ColumnElement[bool], ...]:
    return Delivery.feed == bindparam("feed"), Delivery.status == "committed"


def _place(session: Session, draft: Draft, newest: date | None, decision: Decision | None) -> tuple[Delivery, date]:
    """Return the delivery's row and the day on which it became known, were it the first of its feed."""
    day = draft.terms.received_on if decision is None else max(decision.on, draft.terms.received_on)
    if newest is not None and day < newest and decision is None and draft.terms.force is None:
        raise Conflict(
            zh=f"早于该数据最新批次（{newest}），按倒退拒收；确需接收请用 --force 写明理由",
            en=f"older than the newest delivery of its feed ({newest}): refused as a regression; "
            "to take it all the same, give a reason with --force",
        )
    if decision is None:
        delivery = draft.as_delivery(status="committed")
        delivery.decided_why = draft.terms.force
        return delivery, day
    delivery = session.get_one(Delivery, decision.delivery_id, with_for_update=True)
    _still_held(delivery)
    _not_overtaken(session, delivery)
    delivery.decided_by, delivery.decided_why, delivery.decided_at = decision.by, decision.why, utc_now()
    return delivery, day


def _still_held(delivery: Delivery) -> None:
    if delivery.status != "held":
        raise Conflict(
            zh=f"该批次已不在待处理状态（{delivery.status}）", en=f"the delivery is no longer held ({delivery.status})"
        )


def _not_overtaken(session: Session, delivery: Delivery) -> None:
    """A held list that replaces everything must not replace a newer one."""
    if delivery.mode == "full" and any(
        one.mode == "full" for one in refs(session, delivery.feed, received_after=delivery.received_on)
    ):
        raise Conflict(
            zh="此后已有更新的全量批次入库，请驳回这一批",
            en="a newer full delivery has been committed: reject this one",
        )


def refs(session: Session, feed: str, *, received_after: date = date.min) -> list[DeliveryRef]:
    """Return the committed deliveries of ``feed`` as the lake must know them, in the order of knowledge."""
    rows = database.run(session, _refs, values={"feed": feed, "after": received_after})
    return [
        DeliveryRef(feed, seq, mode, known_on, has_facts=facts > 0, has_gone=gone > 0)
        for seq, mode, known_on, facts, gone in rows
        if seq is not None and known_on is not None
    ]


def _refs() -> Select[*tuple[Any, ...]]:
    chosen = select(Delivery.seq, Delivery.mode, Delivery.known_on, Delivery.facts, Delivery.gone)
    return chosen.where(*_committed(), Delivery.received_on > bindparam("after")).order_by(Delivery.seq)


@dataclass(frozen=True)
class Stored:
    """What a delivery left: the rows that have a key, and the register's people if it was the register."""

    known: Keyed
    registered: Registered | None


def _store(desk: Desk, session: Session, draft: Draft, delivery: Delivery, *, seq: int, known_on: date) -> Stored:
    """Write the lake's files under ``seq`` and fill the delivery's counts."""
    checked, identified, registered = draft.checked, draft.identified, None
    lasting = spared(desk, session, checked, identified)
    if draft.feed == REGISTER:
        registered = register(session, desk, checked, lasting, known_on=known_on)
        identified = replace(identified, people=registered.people)
    known = draft.known or keyed(checked, identified, desk.service.keyring.fact_key)
    kept = _kept(desk, session, known, lasting, draft.feed)
    if delivery.decided_by is not None and delivery.mode != "full":
        known = _without(desk, known, draft.feed, refs(session, draft.feed, received_after=delivery.received_on))
    gone = None if delivery.mode == "full" else _live(desk, known, draft.feed, refs(session, draft.feed))
    rows = None if delivery.mode == "withdraw" else facts(checked, identified, known)
    if rows is not None and registered is not None:
        rows = _of_households(rows, checked, known, registered)
    delivery.status, delivery.seq, delivery.known_on = "committed", seq, known_on
    delivery.lake_sha256 = desk.lake.write(draft.feed, seq, rows, gone, kept).sha256
    _count(delivery, draft, identified, known)
    new, delivery.gone, still = (0 if table is None else table.num_rows for table in (rows, gone, kept))
    delivery.facts = new + still
    delivery.superseded = delivery.gone if delivery.mode == "append" else 0
    delivery.problems = as_json([*draft.problems, *checked.faults.summary(), *_unfound(delivery, known), *told(still)])
    delivery.profile = draft.profile
    return Stored(known, registered)


def _live(desk: Desk, known: Keyed, feed: str, deliveries: list[DeliveryRef]) -> pa.Table:
    """Return those of the keys that stand for facts still live in ``deliveries``."""
    return desk.lake.gone_keys(feed, tuple(deliveries), pa.array(known.keys))


def _kept(desk: Desk, session: Session, known: Keyed, lasting: Spared, feed: str) -> pa.Table | None:
    """Return the earlier facts that damaged rows of a full list spare; a good row of the same key goes before."""
    if not lasting:
        return None
    before = desk.lake.live_facts(feed, tuple(refs(session, feed)), but=pa.array(known.keys))
    return None if before is None else lasting.facts(before)


def _without(desk: Desk, known: Keyed, feed: str, later: list[DeliveryRef]) -> Keyed:
    """Leave out rows that a delivery received later has already said anew."""
    if not later:
        return known
    said = desk.lake.said_keys(feed, tuple(later), pa.array(known.keys)).column("fact_key").to_numpy()
    return known.only(~np.isin(known.keys, said))


def _of_households(rows: pa.Table, checked: Checked, known: Keyed, registered: Registered) -> pa.Table:
    places = pa.array(known.rows[registered.people[known.rows] != NO_PERSON])
    households = pa.array(registered.households).take(places)
    born = registered.birth_on.take(places)
    rows = rows.append_column("household_key", households)
    if "birth_on" not in rows.column_names:
        return rows.append_column("birth_on", born)
    return rows.set_column(rows.column_names.index("birth_on"), "birth_on", born)


def _count(delivery: Delivery, draft: Draft, identified: Identified, known: Keyed) -> None:
    checked = draft.checked
    usable = checked.usable()
    delivery.rows, delivery.errors = checked.rows, int(checked.faults.bad().sum())
    delivery.good = delivery.rows - delivery.errors
    delivery.unmatched = int((usable & (identified.people == NO_PERSON)).sum()) if checked.id_column else 0
    delivery.duplicates = known.duplicates
    delivery.repaired = len(draft.identified.repaired)


def _unfound(delivery: Delivery, known: Keyed) -> list[Problem]:
    missing = len(known.keys) - delivery.gone
    if delivery.mode != "withdraw" or not missing:
        return []
    said = SAYINGS["nothing_to_withdraw"]
    return [Problem("nothing_to_withdraw", f"{missing} 行：{said.zh}", f"{missing} rows: {said.en}", count=missing)]


def _links(draft: Draft, seq: int, known: Keyed) -> list[dict[str, Any]]:
    """Keep why a repaired row is said of its person; only rows that became facts have a link."""
    repaired = draft.identified.repaired
    if not repaired:
        return []
    by, at = draft.confirmed_by, np.isin(known.rows, np.fromiter(repaired, np.int64, len(repaired)))
    common = {"feed": draft.feed, "delivery_seq": seq, "status": "active", "made_at": utc_now()}
    common |= {"how": "confirmed" if by else "repaired", "made_by": by or "system"}
    return [
        {
            **common,
            "row_no": int(draft.checked.row_no[row]),
            "fact_key": int(key),
            "person_id": int(draft.identified.people[row]),
            "evidence": dict(repaired[row]),
        }
        for row, key in zip(known.rows[at].tolist(), known.keys[at].tolist(), strict=True)
    ]


def _audit(session: Session, delivery: Delivery, draft: Draft, decision: Decision | None) -> None:
    detail = {"feed": delivery.feed, "seq": delivery.seq, "rows": delivery.rows, "facts": delivery.facts}
    why = decision.why if decision else draft.terms.force
    audit.record(
        session,
        by=decision.by if decision else draft.confirmed_by or "system",
        action="delivery.released" if decision else "delivery.committed",
        subject=f"delivery/{delivery.id}",
        detail=detail | ({"why": why} if why else {}),
    )
