"""Links that a person may question: proposed, confirmed, rejected, undone - each step with who and why.

Links are of the operational database; the facts they stand for are written by whoever holds the lake, which is
told here exactly which row becomes a fact and which facts must go.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Conflict, Invalid, NotFound
from monitor.privacy import Keyring
from monitor.tables import Link, Proposal, utc_now

ABOUT_ROW = "proposals.row"


@dataclass(frozen=True)
class Doubt:
    """A row for a worker: its number in the file, its columns, and whom it may be of (JSON, likeliest first)."""

    row_no: int
    row: Mapping[str, Any]
    candidates: list[dict[str, Any]]


@dataclass(frozen=True)
class Confirmed:
    """A row that a worker gave to a person: it becomes a fact known from the day of the confirmation."""

    proposal_id: int
    feed: str
    delivery_id: uuid.UUID
    row_no: int
    row: Mapping[str, Any]
    person_id: int
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Fact:
    """A fact in the lake that rests on a link."""

    feed: str
    delivery_seq: int
    row_no: int
    fact_key: int
    person_id: int


def propose(session: Session, keyring: Keyring, *, delivery_id: uuid.UUID, feed: str, doubts: Iterable[Doubt]) -> int:
    """Keep rows for a worker to decide on, encrypted; a row of a delivery is kept once. Return how many are new."""
    listed = list(doubts)
    if not listed:
        return 0
    kept = {number for (number,) in database.run(session, _kept, values={"delivery": delivery_id})}
    common = {"delivery_id": delivery_id, "feed": feed, "status": "open", "made_at": utc_now()}
    new = [
        {
            **common,
            "row_no": doubt.row_no,
            "row": keyring.encrypt_json(dict(doubt.row), about=ABOUT_ROW),
            "candidates": doubt.candidates,
        }
        for doubt in listed
        if doubt.row_no not in kept
    ]
    database.insert_many(session, Proposal, new)
    return len(new)


def _kept() -> Select[*tuple[Any, ...]]:
    return select(Proposal.row_no).where(Proposal.delivery_id == bindparam("delivery"))


def confirm(session: Session, keyring: Keyring, proposal_id: int, *, person_id: int, by: str) -> Confirmed:
    """Record that a worker gave a proposed row to one of its candidates, and return what becomes a fact.

    The caller writes the fact and its ``Link`` in the same transaction. Refuses a person who was not
    proposed, and a proposal that somebody decided before.
    """
    proposal = _open(session, proposal_id)
    confirmed = _given(proposal, keyring, person_id)
    _decide(session, proposal, "confirmed", by=by, why=None)
    return confirmed


def look(session: Session, keyring: Keyring, proposal_id: int, *, person_id: int) -> Confirmed:
    """Return what ``confirm`` would, deciding nothing."""
    return _given(_open(session, proposal_id, hold=False), keyring, person_id)


def _given(proposal: Proposal, keyring: Keyring, person_id: int) -> Confirmed:
    chosen = next((each for each in proposal.candidates if each["person"] == person_id), None)
    if chosen is None:
        raise Invalid(zh="所选人员不在候选名单中", en="the person chosen is not among the candidates")
    return Confirmed(
        proposal.id,
        proposal.feed,
        proposal.delivery_id,
        proposal.row_no,
        keyring.decrypt_json(proposal.row, about=ABOUT_ROW),
        person_id,
        {key: value for key, value in chosen.items() if key != "person"},
    )


def reject(session: Session, proposal_id: int, *, by: str, why: str) -> None:
    """Record that a proposed row is none of its candidates'; ``why`` is required."""
    _required(why)
    _decide(session, _open(session, proposal_id), "rejected", by=by, why=why)


def record(session: Session, facts: Iterable[tuple[Fact, Mapping[str, Any]]], *, how: str, by: str) -> list[Link]:
    """Keep the evidence of facts that came to their person other than by a whole number."""
    made = [Link(**vars(fact), how=how, evidence=dict(evidence), made_by=by) for fact, evidence in facts]
    session.add_all(made)
    session.flush()
    return made


def undo(session: Session, link_id: int, *, by: str, why: str) -> list[Fact]:
    """Undo a link and every other made by the same mistake, and return the facts that must go.

    The same mistake is the same number and name as written, given to the same person: an agency repeats
    it month by month. The caller withdraws the facts from today on and annuls the alerts that rest on
    them; earlier states stay as they were known. The link is not made again. Refuses one already undone.
    """
    _required(why)
    link = session.get(Link, link_id, with_for_update=True)
    if link is None:
        raise NotFound(zh="没有这条关联", en="there is no such link")
    if link.status == "undone":
        raise Conflict(zh="该关联已被撤销", en="the link has been undone already")
    links = _same_mistake(session, link)
    for each in links:
        each.status, each.undone_by, each.undone_at, each.undone_why = "undone", by, utc_now(), why
    detail = {"person": link.person_id, "links": [each.id for each in links], "why": why}
    audit.record(session, by=by, action="link.undone", subject=f"link/{link.id}", detail=detail)
    session.flush()
    return [Fact(each.feed, each.delivery_seq, each.row_no, each.fact_key, each.person_id) for each in links]


def _same_mistake(session: Session, link: Link) -> list[Link]:
    claim = link.evidence.get("claim")
    if claim is None:
        return [link]
    others = select(Link).where(Link.person_id == link.person_id, Link.status == "active").order_by(Link.id)
    return [each for each in session.scalars(others) if each.evidence.get("claim") == claim]


def _open(session: Session, proposal_id: int, *, hold: bool = True) -> Proposal:
    proposal = session.get(Proposal, proposal_id, with_for_update=hold)
    if proposal is None:
        raise NotFound(zh="没有这条待确认记录", en="there is no such proposal")
    if proposal.status != "open":
        raise Conflict(zh="该记录已有人处理", en="somebody has decided this proposal already")
    return proposal


def _decide(session: Session, proposal: Proposal, status: str, *, by: str, why: str | None) -> None:
    proposal.status, proposal.decided_by, proposal.decided_at, proposal.decided_why = status, by, utc_now(), why
    detail = {"feed": proposal.feed, **({"why": why} if why else {})}
    audit.record(session, by=by, action=f"proposal.{status}", subject=f"proposal/{proposal.id}", detail=detail)
    session.flush()


def _required(why: str) -> None:
    if not why.strip():
        raise Invalid(zh="请写明理由", en="say why")
