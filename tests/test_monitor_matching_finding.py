"""People found by the ways their names are said and typed, and nothing of them readable in the index."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from monitor import database
from monitor.matching import finding
from monitor.matching.exact import ABOUT_ID_NO
from monitor.matching.spelling import asked, ways
from monitor.matching.tokens import Tokens
from monitor.privacy import Keyring
from monitor.service import Service
from monitor.tables import Person, SearchToken


def enter(service: Service, *people: tuple[str, str | None]) -> list[int]:
    """Put people into the register, as it holds them; return their keys."""
    seal = service.keyring.encrypt
    rows = [
        Person(
            name=seal(name, about=finding.ABOUT_NAME),
            id_no=seal(number, about=ABOUT_ID_NO) if number else None,
        )
        for name, number in people
    ]
    with database.transaction(service.engine) as session:
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def found(service: Service, text: str) -> list[int]:
    tokens = finding.tokens_for(text, service.keyring)
    with database.reading(service.engine) as session:
        chosen = select(SearchToken.person_id).where(SearchToken.token.in_(tokens))
        return sorted(set(session.scalars(chosen)))


def count(service: Service) -> int:
    with database.reading(service.engine) as session:
        return session.scalar(select(func.count()).select_from(SearchToken)) or 0


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("曾小贤", "zengxiaoxian"), ("单田芳", "shantianfang"), ("解晓东", "xie xiao dong"), ("仇和", "qiuhe"),
        ("翟天临", "zhaitianlin"), ("查良镛", "zhaliangyong"), ("朴树", "piaoshu"), ("盖叫天", "gejiaotian"),
        ("尉迟恭", "yuchigong"), ("万俟卨", "moqi"), ("吕布", "lvbu"), ("吕布", "lubu"),
        ("吕布", "lyubu"), ("吕布", "lübu"),
        ("单田芳", "dantianfang"), ("王桂兰", "wgl"), ("王桂兰", "wanggui"), ("王桂兰", "王桂"), ("王桂兰", " 王 桂兰"),
        ("阿依古丽·买买提", "阿依古丽买买提"), ("阿依古丽·买买提", "买买提"), ("阿依古丽·买买提", "ayiguli"),
        ("王桂兰", "WANG Guilan"), ("王桂兰", "wang'guilan"),
    ],
)  # fmt: skip
def test_a_name_is_found_as_it_is_typed(name: str, typed: str) -> None:
    assert asked(typed) & ways(name)


@pytest.mark.parametrize("typed", ["", "王", "w", "  ", "1", "'"])
def test_one_sign_is_too_little_to_seek_by(typed: str) -> None:
    assert asked(typed) == frozenset()


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_has_its_ways_and_its_keys(name: str, typed: str) -> None:
    assert all(len(key) >= 4 for key in ways(name) | asked(typed))


NAMES = st.text(st.sampled_from("王李吕绿单曾尉迟欧阳万俟小桂兰芳㐀𠮷·． aé1"), max_size=5)


@given(st.lists(st.tuples(st.none() | NAMES, st.none() | st.sampled_from(["", "1234", "34029919600101123x"]))))
def test_a_column_of_people_has_the_tokens_that_each_has_alone(people: list[tuple[str | None, str | None]]) -> None:
    keyring = Keyring(b"k" * 32)
    alone = Tokens(keyring)
    keys = [
        {*(ways(name) if name else ()), *([f"d:{number[-4:].upper()}"] if number and len(number) > 4 else [])}
        for name, number in people
    ]
    expected = {(token, place) for place, some in enumerate(keys) for token in alone.of(some)}
    tokens, places = Tokens(keyring).of_people([name for name, _ in people], [number for _, number in people])
    assert set(zip(tokens.tolist(), places.tolist(), strict=True)) == expected


KEYS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.lists(st.tuples(KEYS, st.integers(1, 9)), max_size=9), max_size=4), st.integers(1, 5))
def test_tokens_of_many_come_once_and_in_order_however_many_stretches_they_are_put_in_order_by(
    parts: list[list[tuple[int, int]]], stretches: int
) -> None:
    some = [*parts, *parts[:1]]
    sides = [np.array(part, np.int64).reshape(-1, 2).T for part in some]
    found = list(finding.in_order([(flat, persons) for flat, persons in sides], stretches))
    assert len(found) == stretches
    pairs = [pair for flat, persons in found for pair in zip(flat.tolist(), persons.tolist(), strict=True)]
    assert pairs == sorted({pair for part in some for pair in part})


def test_people_are_found_by_name_by_sound_by_initials_and_by_the_last_four(service: Service) -> None:
    wang, li = enter(service, ("王桂兰", "34029919600101123X"), ("李桂兰", "340299196001014444"))
    assert found(service, "王桂兰") == []
    assert finding.index_people(service.engine, service.keyring) == 2
    assert found(service, "王桂兰") == found(service, "wangguilan") == found(service, "wgl") == [wang]
    assert (found(service, "123x"), found(service, "4444"), found(service, "guilan")) == ([wang], [li], [])


def test_a_second_time_there_is_nobody_left_and_nothing_is_written_twice(service: Service) -> None:
    enter(service, ("王桂兰", None), ("王桂兰", None))
    finding.index_people(service.engine, service.keyring)
    before = count(service)
    assert (finding.index_people(service.engine, service.keyring), count(service)) == (0, before)
    with database.transaction(service.engine) as session:
        for person in session.scalars(select(Person)):
            person.findable = False
    assert finding.index_people(service.engine, service.keyring) == 2
    assert count(service) == before


def test_a_mended_name_is_found_anew_and_who_shows_people_looks_at_the_name(service: Service) -> None:
    key = enter(service, ("王桂兰", "34029919600101123X"))[0]
    finding.index_people(service.engine, service.keyring)
    with database.transaction(service.engine) as session:
        person = session.get_one(Person, key)
        person.name, person.findable = service.keyring.encrypt("汪桂兰", about=finding.ABOUT_NAME), False
    finding.index_people(service.engine, service.keyring)
    assert found(service, "汪桂兰") == found(service, "王桂兰") == [key]
    assert finding.is_meant("汪桂", "汪桂兰", None)
    assert not finding.is_meant("王桂兰", "汪桂兰", "34029919600101123X")
    assert finding.is_meant("123x", "汪桂兰", "34029919600101123X")


def test_who_is_forgotten_is_found_no_more(service: Service) -> None:
    wang, li = enter(service, ("王桂兰", "34029919600101123X"), ("李桂兰", "340299196001014444"))
    finding.index_people(service.engine, service.keyring)
    with database.transaction(service.engine) as session:
        finding.forget(session, [wang], service.keyring)
    assert (found(service, "wgl"), found(service, "123X"), found(service, "lgl")) == ([], [], [li])


def test_the_index_says_nothing_without_the_key(service: Service) -> None:
    enter(service, ("王桂兰", "34029919600101123X"))
    finding.index_people(service.engine, service.keyring)
    stranger = finding.tokens_for("王桂兰", Keyring(os.urandom(32)))
    with database.reading(service.engine) as session:
        assert session.scalars(select(SearchToken).where(SearchToken.token.in_(stranger))).all() == []
