"""What a worker decides on single rows: a proposed row becomes a fact, a wrongly linked fact goes."""

import csv
import hashlib
import io
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Conflict
from monitor.feeds.agreed import recognise
from monitor.feeds.checking import check
from monitor.feeds.drafts import Desk, Draft, Terms
from monitor.feeds.files import Arrival
from monitor.feeds.identity import Identified
from monitor.feeds.receipts import Receipt, receipt_of
from monitor.feeds.storing import commit, refs
from monitor.feeds.text import read_text
from monitor.matching import links
from monitor.matching.links import Confirmed, Fact
from monitor.tables import Delivery


def confirm(desk: Desk, proposal_id: int, *, person: int, by: str, on: date) -> Receipt:
    """Give a proposed row to ``person``: it becomes a fact known from ``on``, with a link that can be undone.

    Refuses a person who was not proposed, and a proposal that somebody decided before.
    """
    with database.reading(desk.service.engine) as session:
        said = links.look(session, desk.service.keyring, proposal_id, person_id=person)
    draft = _draft(desk, said, by=by, on=on)
    if not draft.checked.usable().all():
        raise Conflict(
            zh="该行按现行数据页已不可用，请让来源部门重新报送",
            en="by today's feed page the row can no longer be used: ask its agency to send it again",
        )
    delivery = commit(
        desk,
        draft,
        first=lambda session: links.confirm(session, desk.service.keyring, proposal_id, person_id=person, by=by),
    )
    return receipt_of(delivery)


def _draft(desk: Desk, said: Confirmed, *, by: str, on: date) -> Draft:
    """Write the row as the file that it came from would have written it, and read it as any other."""
    text = io.StringIO()
    written = {name: value for name, value in said.row.items() if value is not None}
    csv.writer(text).writerows([list(written), list(written.values())])
    data = text.getvalue().encode()
    found = recognise(desk.feeds, [read_text(data)], feed=said.feed)
    checked = check(found, mode="append", received_on=on, vouched=True)
    name = f"proposal-{said.proposal_id}.csv"
    arrival = Arrival(name, b"", hashlib.sha256(name.encode()).hexdigest(), None)
    evidence = said.evidence | {"delivery": str(said.delivery_id), "row": said.row_no}
    identified = Identified(np.array([said.person_id], dtype=np.int64), {0: evidence})
    return Draft(arrival, Terms(on, feed=said.feed, mode="append"), checked, identified, confirmed_by=by)


@dataclass(frozen=True)
class Word:
    """Who corrects, and from which day on."""

    by: str
    on: date


def take_back(desk: Desk, session: Session, facts: Iterable[Fact], word: Word, *, undo: ExitStack) -> None:
    """End ``facts``, in the caller's transaction; what a later delivery said anew stays.

    The caller has the turn (``storing.take_turn``). ``undo`` removes the files if the transaction fails.
    """
    by_feed: dict[str, list[Fact]] = {}
    for fact in facts:
        by_feed.setdefault(fact.feed, []).append(fact)
    for feed, some in sorted(by_feed.items()):
        gone = _standing(desk, session, feed, some)
        if gone.num_rows:
            undo.callback(desk.lake.discard, feed, _withdraw(desk, session, feed, gone, word))


def _standing(desk: Desk, session: Session, feed: str, facts: list[Fact]) -> pa.Table:
    """The keys of those facts that still stand and that no later delivery has said anew."""
    deliveries = refs(session, feed)
    keys: set[int] = set()
    for seq in {fact.delivery_seq for fact in facts}:
        mine = pa.array([fact.fact_key for fact in facts if fact.delivery_seq == seq])
        later = [each for each in deliveries if each.seq > seq]
        anew = desk.lake.said_keys(feed, tuple(later), mine).column("fact_key").to_pylist() if later else []
        keys |= set(mine.to_pylist()) - set(anew)
    return desk.lake.gone_keys(feed, tuple(deliveries), pa.array(sorted(keys), type=pa.int64()))


def _withdraw(desk: Desk, session: Session, feed: str, gone: pa.Table, word: Word) -> int:
    """Commit a withdrawal of our own and return its place in the order of knowledge."""
    seq = (session.scalar(select(func.max(Delivery.seq))) or 0) + 1
    newest = session.scalar(select(func.max(Delivery.known_on)).where(Delivery.feed == feed, Delivery.seq.is_not(None)))
    made = Delivery(
        id=uuid.uuid4(), seq=seq, feed=feed, file_name="link-undone", mode="withdraw", status="committed",
        sha256=hashlib.sha256(f"link-undone/{seq}".encode()).hexdigest(), received_on=word.on,
        known_on=max(word.on, newest or word.on), correction=True, rows=gone.num_rows, gone=gone.num_rows,
        lake_sha256=desk.lake.write(feed, seq, None, gone).sha256, decided_by=word.by,
    )  # fmt: skip
    session.add(made)
    session.flush()
    detail = {"feed": feed, "seq": seq, "gone": gone.num_rows}
    audit.record(session, by=word.by, action="delivery.corrected", subject=f"delivery/{made.id}", detail=detail)
    return seq
