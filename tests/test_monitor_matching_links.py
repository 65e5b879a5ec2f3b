"""Links that a person may question: decided once, with who and why, and undone with all of the same mistake."""

import uuid
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.errors import Conflict, Invalid, NotFound
from monitor.matching import links
from monitor.matching.links import Doubt, Fact
from monitor.service import Service
from monitor.tables import AuditEntry, Delivery, Link, Person, Proposal

ROW = {"ticket_no": "T1", "name": "张三", "phone": "13900000001", "kind": "assistance"}


@pytest.fixture
def delivery(session: Session) -> uuid.UUID:
    made = Delivery(
        feed="hotline_tickets",
        file_name="hotline_tickets.csv",
        sha256="0" * 64,
        received_on=date(2026, 4, 15),
        mode="append",
        status="held",
    )
    session.add(made)
    session.flush()
    return made.id


@pytest.fixture
def persons(session: Session) -> list[int]:
    people = [Person(), Person(), Person()]
    session.add_all(people)
    session.flush()
    return [person.id for person in people]


def propose(session: Session, service: Service, delivery: uuid.UUID, *persons: int, row_no: int = 2) -> list[Proposal]:
    candidates = [{"person": person, "probability": 0.9, "evidence": {"name": "equal"}} for person in persons]
    before = set(session.scalars(select(Proposal.id)))
    count = links.propose(
        session,
        service.keyring,
        delivery_id=delivery,
        feed="hotline_tickets",
        doubts=[Doubt(row_no, ROW, candidates)],
    )
    made = [each for each in session.scalars(select(Proposal).order_by(Proposal.id)) if each.id not in before]
    assert len(made) == count
    return made


def fact(row_no: int, person: int) -> Fact:
    return Fact("wages", 7, row_no, 1000 + row_no, person)


def test_a_proposed_row_is_kept_encrypted_and_once(
    session: Session, service: Service, delivery: uuid.UUID, persons: list[int]
) -> None:
    (made,) = propose(session, service, delivery, *persons)
    assert "张三".encode() not in made.row
    assert b"13900000001" not in made.row
    assert propose(session, service, delivery, *persons) == []
    assert len(propose(session, service, delivery, *persons, row_no=3)) == 1


def test_a_confirmed_row_comes_back_as_it_was_with_its_person(
    session: Session, service: Service, delivery: uuid.UUID, persons: list[int]
) -> None:
    (made,) = propose(session, service, delivery, *persons)
    confirmed = links.confirm(session, service.keyring, made.id, person_id=persons[1], by="li")
    assert (confirmed.row, confirmed.person_id, confirmed.row_no) == (ROW, persons[1], 2)
    assert confirmed.evidence == {"probability": 0.9, "evidence": {"name": "equal"}}
    assert (made.status, made.decided_by) == ("confirmed", "li")
    assert session.scalars(select(AuditEntry.action)).all() == ["proposal.confirmed"]


def test_a_proposal_is_decided_once(
    session: Session, service: Service, delivery: uuid.UUID, persons: list[int]
) -> None:
    (made,) = propose(session, service, delivery, *persons)
    links.reject(session, made.id, by="li", why="不是本人")
    assert (made.status, made.decided_why) == ("rejected", "不是本人")
    with pytest.raises(Conflict):
        links.confirm(session, service.keyring, made.id, person_id=persons[0], by="wang")
    with pytest.raises(Conflict):
        links.reject(session, made.id, by="wang", why="again")


def test_a_row_is_given_to_nobody_who_was_not_proposed(
    session: Session, service: Service, delivery: uuid.UUID, persons: list[int]
) -> None:
    (made,) = propose(session, service, delivery, persons[0])
    with pytest.raises(Invalid, match="candidates"):
        links.confirm(session, service.keyring, made.id, person_id=persons[1], by="li")
    assert made.status == "open"


def test_what_does_not_exist_is_not_found(session: Session, service: Service) -> None:
    with pytest.raises(NotFound):
        links.confirm(session, service.keyring, 99, person_id=1, by="li")
    with pytest.raises(NotFound):
        links.undo(session, 99, by="li", why="x")


def test_a_decision_against_needs_its_reason(
    session: Session, service: Service, delivery: uuid.UUID, persons: list[int]
) -> None:
    (made,) = propose(session, service, delivery, *persons)
    with pytest.raises(Invalid, match="say why"):
        links.reject(session, made.id, by="li", why=" ")
    with pytest.raises(Invalid, match="say why"):
        links.undo(session, 1, by="li", why="")


def test_undoing_a_link_undoes_the_same_mistake_of_every_month_and_no_other(
    session: Session, persons: list[int]
) -> None:
    ann, bob, _ = persons
    made = links.record(
        session,
        [
            (fact(1, ann), {"claim": "c1"}),
            (fact(2, ann), {"claim": "c1"}),
            (fact(3, ann), {"claim": "c2"}),
            (fact(4, bob), {"claim": "c1"}),
        ],
        how="repaired",
        by="system",
    )
    gone = links.undo(session, made[1].id, by="li", why="同名不同人")
    assert gone == [fact(1, ann), fact(2, ann)]
    assert [link.status for link in made] == ["undone", "undone", "active", "active"]
    assert (made[0].undone_by, made[0].undone_why) == ("li", "同名不同人")
    assert made[0].undone_at is not None
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.detail["links"]) == ("link.undone", [made[0].id, made[1].id])
    with pytest.raises(Conflict):
        links.undo(session, made[0].id, by="li", why="again")


def test_a_confirmed_link_is_undone_alone(session: Session, persons: list[int]) -> None:
    one, other = links.record(session, [(fact(1, persons[0]), {}), (fact(2, persons[0]), {})], how="confirmed", by="li")
    assert links.undo(session, one.id, by="wang", why="错") == [fact(1, persons[0])]
    assert session.get_one(Link, other.id).status == "active"
