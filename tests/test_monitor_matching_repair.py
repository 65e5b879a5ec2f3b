"""Damaged numbers: repaired on name and birth date, one person only; everything less is left to a worker."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import ids, repair
from monitor.matching.exact import ABOUT_ID_NO, Index
from monitor.matching.repair import ABOUT_NAME, Claim, Found
from monitor.service import Service
from monitor.tables import Link, Person

BODIES = st.builds(
    lambda place, day, sequence: f"{place}{day:%Y%m%d}{sequence:03d}",
    st.sampled_from(["340202", "340221", "342623"]),
    st.dates(date(1930, 1, 1), date(2020, 12, 31)),
    st.integers(0, 999),
)


def whole(body: str) -> str:
    return body + ids.check_digit(body)


NUMBER = whole("34022119831214577")
OTHER_PLACE = whole("34022419831214577")


def person(
    session: Session, service: Service, number: str, name: str | None = "张三", birth_on: date | None = None
) -> int:
    made = Person(
        id_index=service.keyring.blind_index(number),
        id_no=service.keyring.encrypt(number, about=ABOUT_ID_NO),
        name=None if name is None else service.keyring.encrypt(name, about=ABOUT_NAME),
        birth_on=birth_on,
    )
    session.add(made)
    session.flush()
    return made.id


def mend(session: Session, service: Service, *claims: Claim) -> repair.Repairs:
    return repair.repair(session, service.keyring, Index(service.keyring), claims)


def with_digit(number: str, place: int) -> str:
    return number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]


def swapped(number: str, place: int) -> str:
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def test_one_wrong_digit_is_repaired_on_name_and_the_numbers_own_birth_date(session: Session, service: Service) -> None:
    ann = person(session, service, NUMBER)
    found = mend(session, service, Claim(3, f" {with_digit(NUMBER, 15)} ", "张 三"))
    assert found.unsure == {}
    assert (found.repaired[3].person, found.repaired[3].sure) == (ann, True)
    said = {key: value for key, value in found.repaired[3].evidence.items() if key != "claim"}
    assert said == {"slip": "digit", "places": [16], "name": "equal", "birth": "number"}


@given(BODIES, st.data())
def test_every_single_slip_of_a_registered_number_finds_its_person(
    sqlite_service: Service, body: str, data: st.DataObject
) -> None:
    number = whole(body)
    slips = {number[:i] + c + number[i + 1 :] for i in range(18) for c in ids.ALPHABET}
    slips |= {swapped(number, place) for place in range(17)}
    written = data.draw(st.sampled_from(sorted(text for text in slips if ids.normalise(text).kind is ids.Kind.DAMAGED)))
    with database.transaction(sqlite_service.engine) as session:
        ann = person(session, sqlite_service, number)
        found = mend(session, sqlite_service, Claim(0, written, "张三", ids.birth_on(number)))
        assert found.repaired[0].person == ann
        session.rollback()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("李四", "nobody"), (None, "nobody"), ("张叁", "worker"), ("张*", "worker"), ("张三", "repaired")],
)
def test_only_an_equal_name_repairs_and_a_similar_one_is_left_to_a_worker(
    session: Session, service: Service, name: str | None, expected: str
) -> None:
    person(session, service, NUMBER)
    found = mend(session, service, Claim(0, with_digit(NUMBER, 15), name))
    assert (0 in found.repaired, 0 in found.unsure) == (expected == "repaired", expected == "worker")


def test_a_slip_within_the_birth_date_needs_the_rows_own_birth_date(session: Session, service: Service) -> None:
    ann = person(session, service, NUMBER)
    damaged = swapped(NUMBER, 9)
    claims = [Claim(0, damaged, "张三"), *(Claim(day, damaged, "张三", date(1983, 12, day)) for day in (14, 15))]
    found = mend(session, service, *claims)
    assert [each.evidence["birth"] for each in found.unsure[0]] == ["unconfirmed"]
    assert (found.repaired[14].person, found.repaired[14].evidence["birth"]) == (ann, "column")
    assert [each.evidence["birth"] for each in found.unsure[15]] == ["different"]


def test_the_registers_birth_date_is_what_must_agree(session: Session, service: Service) -> None:
    person(session, service, NUMBER, birth_on=date(1983, 12, 15))
    found = mend(session, service, Claim(0, with_digit(NUMBER, 15), "张三"))
    assert (dict(found.repaired), found.unsure[0][0].evidence["birth"]) == ({}, "different")


def test_two_persons_of_one_name_are_never_chosen_between(session: Session, service: Service) -> None:
    damaged = next(
        text
        for text in (with_digit(NUMBER, place) for place in (0, 1, 2, 3, 4, 5, 14, 15, 16))
        if sum(each.keeps_birth for each in ids.candidates(text)) > 1
    )
    numbers = [each.number for each in ids.candidates(damaged) if each.keeps_birth]
    people = {person(session, service, number) for number in numbers[:2]}
    found = mend(session, service, Claim(0, damaged, "张三"))
    assert found.repaired == {}
    assert {each.person for each in found.unsure[0]} == people


def test_a_repair_once_undone_is_not_made_again(session: Session, service: Service) -> None:
    ann = person(session, service, NUMBER)
    claim = Claim(0, with_digit(NUMBER, 15), "张三")
    made: Found = mend(session, service, claim).repaired[0]
    link = Link(
        feed="x", delivery_seq=1, row_no=1, fact_key=1, person_id=ann, how="repaired", evidence=dict(made.evidence)
    )
    link.status = "undone"
    session.add(link)
    session.flush()
    again = mend(session, service, claim, Claim(1, with_digit(NUMBER, 16), "张三"))
    assert (0 in again.repaired, 0 in again.unsure, 1 in again.repaired) == (False, False, True)


def test_nothing_of_the_number_or_the_name_is_in_the_evidence(session: Session, service: Service) -> None:
    person(session, service, NUMBER)
    evidence = str(mend(session, service, Claim(0, with_digit(NUMBER, 15), "张三")).repaired[0].evidence)
    assert not any(part in evidence for part in ("张", "1983", NUMBER[:6], NUMBER[-4:]))


def test_no_claims_ask_nothing(session: Session, service: Service) -> None:
    assert mend(session, service) == repair.Repairs()


def test_an_index_that_knows_everybody_repairs_the_same_and_passes_over_whom_nobody_is_near(
    session: Session, service: Service
) -> None:
    person(session, service, NUMBER)
    person(session, service, OTHER_PLACE, "李四")
    stranger = whole("34262319500101123")
    written = [
        with_digit(NUMBER, 15),
        swapped(NUMBER, 3),
        NUMBER[:17] + "O",
        with_digit(stranger, 8),
        NUMBER[:3] + "O" + NUMBER[4:],
    ]
    claims = [Claim(row, text, "张三") for row, text in enumerate(written)]
    complete = Index(service.keyring)
    complete.load(session)
    found = repair.repair(session, service.keyring, complete, claims)
    assert found == mend(session, service, *claims)
    assert {0, 2, 4} <= found.repaired.keys() | found.unsure.keys()
    assert 3 not in found.repaired.keys() | found.unsure.keys()
