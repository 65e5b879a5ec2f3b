"""Exact matching: the same persons whether asked one by one, loaded whole, or learned on the way."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import exact, ids
from monitor.matching.exact import NO_PERSON, How, Index
from monitor.privacy import Keyring
from monitor.service import Service
from monitor.tables import Person


def number(sequence: int, *, year: int = 1960) -> str:
    digits = f"340202{year + sequence // 100_000}{1 + sequence // 10_000 % 10:02d}{1 + sequence // 1000 % 10:02d}"
    digits += f"{sequence % 1000:03d}"
    return digits + ids.check_digit(digits)


def register(session: Session, keyring: Keyring, *numbers: str) -> list[int]:
    """Put people with these numbers into the register and return their keys."""
    people = [
        Person(id_index=keyring.blind_index(text), id_no=keyring.encrypt(text, about=exact.ABOUT_ID_NO))
        for text in numbers
    ]
    session.add_all(people)
    session.flush()
    return [person.id for person in people]


def test_a_row_finds_its_person_however_the_number_is_written(session: Session, service: Service) -> None:
    ann, bob, guest = register(session, service.keyring, number(1), number(2), "E12345678")
    register(session, service.keyring, *map(number, range(100, 140)))
    session.add(Person())
    entries = [number(1), f" {number(1).lower()} ", number(2)[:6] + number(2)[8:17], "e1234 5678", number(99), "", None]
    found = Index(service.keyring).match(session, pa.array(entries))
    assert found.people.tolist() == [ann, ann, bob, guest, NO_PERSON, NO_PERSON, NO_PERSON]
    how = [How.EXACT, How.EXACT, How.EXPANDED_15, How.EXACT, How.NONE, How.NONE, How.NONE]
    assert found.how.tolist() == how
    assert found.person_key.to_pylist() == [ann, ann, bob, guest, None, None, None]


def test_a_number_that_fails_its_checksum_finds_nobody(session: Session, service: Service) -> None:
    register(session, service.keyring, number(1))
    wrong = number(1)[:-1] + ("1" if number(1)[-1] != "1" else "2")
    assert Index(service.keyring).match(session, pa.array([wrong, "5.2E+17"])).people.tolist() == [NO_PERSON] * 2


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=6), st.booleans())
def test_asking_and_loading_give_the_same_persons(
    sqlite_service: Service, deliveries: list[list[int]], loaded: bool
) -> None:
    with database.transaction(sqlite_service.engine) as session:
        people = dict(zip(range(40), register(session, sqlite_service.keyring, *map(number, range(40))), strict=True))
        index = Index(sqlite_service.keyring)
        if loaded:
            index.load(session)
        for sequences in deliveries:
            found = index.match(session, pa.array(list(map(number, sequences)), pa.string()))
            assert found.people.tolist() == [people.get(sequence, NO_PERSON) for sequence in sequences]
        session.rollback()


def test_a_small_delivery_asks_only_for_its_own_numbers(session: Session, service: Service) -> None:
    keys = register(session, service.keyring, *map(number, range(200)))
    asked: list[str] = []
    event.listen(service.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    index = Index(service.keyring)
    column = pa.array([number(5), number(6), number(999)])
    assert index.match(session, column).people.tolist() == [keys[5], keys[6], NO_PERSON]
    assert not any("id_no" in statement for statement in asked)
    asked.clear()
    assert index.match(session, column).people.tolist() == [keys[5], keys[6], NO_PERSON]
    assert asked == []


def test_people_just_registered_are_found_after_they_are_added(session: Session, service: Service) -> None:
    index = Index(service.keyring)
    column = pa.array([number(1), "E12345678"])
    assert index.match(session, column).people.tolist() == [NO_PERSON, NO_PERSON]
    keys = register(session, service.keyring, number(1), "E12345678")
    index.add([number(1), "E12345678"], keys)
    assert index.match(session, column).people.tolist() == keys


def test_nothing_is_found_in_an_empty_register(session: Session, service: Service) -> None:
    found = Index(service.keyring).match(session, pa.array([number(1), None], pa.string()))
    assert found.people.tolist() == [NO_PERSON] * 2
    assert Index(service.keyring).match(session, pa.array([], pa.string())).people.tolist() == []


@given(st.lists(st.text()), st.binary(min_size=32, max_size=32))
def test_the_prepared_blind_index_is_that_of_the_keyring(texts: list[str], master: bytes) -> None:
    keyring = Keyring(master)
    assert list(exact.blind_indexes(keyring, texts)) == [keyring.blind_index(text) for text in texts]


def test_rows_given_to_people_leave_the_first_answer_as_it_was(session: Session, service: Service) -> None:
    found = Index(service.keyring).match(session, pa.array([number(1), number(2)]))
    changed = found.with_people(np.array([1]), np.array([7]), How.REPAIRED)
    assert (changed.people.tolist(), changed.how.tolist()) == ([NO_PERSON, 7], [How.NONE, How.REPAIRED])
    assert found.people.tolist() == [NO_PERSON, NO_PERSON]


@pytest.mark.parametrize("seed", range(3))
def test_many_rows_of_few_people_all_find_them(sqlite_service: Service, seed: int) -> None:
    rows = random.Random(seed).choices(range(300), k=5000)
    with database.transaction(sqlite_service.engine) as session:
        keys = register(session, sqlite_service.keyring, *map(number, range(250)))
        found = Index(sqlite_service.keyring).match(session, pa.array(map(number, rows)))
        assert found.people.tolist() == [keys[row] if row < 250 else NO_PERSON for row in rows]
