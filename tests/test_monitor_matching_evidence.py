"""Records without a number: the right person first, two equals never told apart, nothing across counties."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy.orm import Session

from jobs import bench_matching
from monitor.matching import chance, evidence, suggesting
from monitor.service import Service
from monitor.tables import Household, Member, Person

COUNTY = "340202"


def records(*rows: dict[str, str | None]) -> pa.Table:
    columns = ("name", "county", "birth", "phone", "town", "village")
    filled = [{"county": COUNTY, **row} for row in rows]
    return evidence.records(**{key: pa.array([row.get(key) for row in filled], pa.string()) for key in columns})


def people(count: int = 400) -> list[dict[str, str | None]]:
    """A small register in one county: everybody different."""
    made = bench_matching.made_up(count, np.random.default_rng(3))
    return [
        {"name": str(made.name[row]), "phone": f"139{row:08d}", "town": f"{COUNTY}{101 + row % 8}"}
        for row in range(count)
    ]


def best(pairs: evidence.Pairs) -> dict[int, tuple[int, bool]]:
    return {pair["left"]: (pair["right"], pair["alone"]) for pair in reversed(pairs.table.to_pylist())}


def test_name_and_phone_find_their_person_among_hundreds() -> None:
    register = people()
    asked = [{**register[7], "town": None}, {**register[9], "name": f" {register[9]['name']}"}]
    assert best(evidence.compare(records(*asked), records(*register))) == {0: (7, True), 1: (9, True)}


def test_a_name_that_sounds_alike_still_finds_its_person() -> None:
    register = [*people(), {"name": "王杰", "phone": "13000000001", "town": f"{COUNTY}101"}]
    found = evidence.compare(
        records({"name": "汪傑", "phone": "130-0000-0001", "town": f"{COUNTY}101"}), records(*register)
    )
    assert best(found) == {0: (400, True)}


def test_two_equals_are_both_found_and_neither_stands_alone() -> None:
    twin = {"name": "欧阳龘", "phone": "13000000001", "town": f"{COUNTY}101"}
    found = evidence.compare(records(twin), records(*people(), twin, twin)).table.to_pylist()
    assert sorted(pair["right"] for pair in found) == [400, 401]
    assert not any(pair["alone"] or pair["mutual"] for pair in found)


def test_nobody_of_another_county_is_found() -> None:
    register = people()
    assert not len(evidence.compare(records({**register[7], "county": "340207"}), records(*register)).table)


def test_a_common_name_alone_is_not_enough() -> None:
    register = people()
    assert not any(
        pair["probability"] >= evidence.LIKELY
        for pair in evidence.compare(records({"name": register[0]["name"]}), records(*register)).table.to_pylist()
    )


@pytest.mark.parametrize("side", ["left", "right", "nameless"])
def test_nothing_is_found_where_there_is_nothing_to_compare(side: str) -> None:
    some = records(*people(20))
    left = some if side == "right" else records({"phone": "13900000001"}) if side == "nameless" else some.slice(0, 0)
    assert not len(evidence.compare(left, some.slice(0, 0) if side == "right" else some).table)


def test_the_same_records_give_the_same_pairs_twice() -> None:
    left, right = records(*people(50)), records(*people(400))
    assert evidence.compare(left, right).table.equals(evidence.compare(left, right).table)


def test_a_phone_too_short_to_be_one_is_no_evidence() -> None:
    table = records({"name": "张三", "phone": "110"}, {"name": "张三", "phone": "+86 139 0000 0001"})
    assert table["phone"].to_pylist() == [None, "13900000001"]


def test_against_made_up_truth_one_to_one_is_right_and_finds_most() -> None:
    figures = bench_matching.bench_evidence(12_000)
    assert figures["one_to_one_0.9"]["precision"] >= 0.999
    assert figures["one_to_one_0.9"]["recall"] >= 0.96
    assert figures["one_to_one_0.9"]["recall"] > figures["baseline_name_and_birth"]["recall"]


def test_a_tenth_of_the_records_teaches_as_well_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_ENOUGH_FOR_A_TENTH", 5_000)
    monkeypatch.setattr(evidence, "_MANY_PAIRS", 1e6)
    figures = bench_matching.bench_evidence(12_000)
    assert figures["one_to_one_0.9"]["precision"] >= 0.999
    assert figures["one_to_one_0.9"]["recall"] >= 0.95


def settle(session: Session, service: Service, name: str, phone: str, *, home: int, county: str = COUNTY) -> int:
    household = session.get(Household, home) or Household(
        id=home, household_no=f"H{home}", region=f"{county}101001", county=county, town=f"{county}101"
    )
    keyring = service.keyring
    person = Person(
        name=keyring.encrypt(name, about="people.name"),
        phone=keyring.encrypt(phone, about="people.phone"),
        birth_on=date(1960, 1, home % 28 + 1),
    )
    session.add_all([household, person])
    session.flush()
    session.add(Member(household_id=household.id, person_id=person.id, from_on=date(2024, 1, 1)))
    session.flush()
    return person.id


def asked(**row: str | None) -> pa.Table:
    return records(row)


def test_a_suggestion_names_persons_and_what_agrees_and_nothing_personal(session: Session, service: Service) -> None:
    keys = [
        settle(session, service, str(each["name"]), str(each["phone"]), home=home)
        for home, each in enumerate(people(60), 1)
    ]
    target = people(60)[5]
    rows, register = (
        asked(name=target["name"], phone=target["phone"]),
        suggesting.registered(session, service.keyring, COUNTY),
    )
    found = suggesting.suggest(session, service.keyring, rows, register)
    chosen: dict[str, Any] = found[0].candidates[0]
    assert (chosen["person"], found[0].likely) == (keys[5], True)
    assert chosen["evidence"] == {"name": "equal", "phone": "equal"}
    assert str(target["name"]) not in str(found)
    assert str(target["phone"]) not in str(found)


def test_only_the_counties_asked_for_are_read_and_a_person_of_two_households_once(
    session: Session, service: Service
) -> None:
    here = settle(session, service, "张三", "13900000001", home=1)
    settle(session, service, "李四", "13900000002", home=2, county="340207")
    home = Household(id=9, household_no="H9", region=f"{COUNTY}101001", county=COUNTY, town=f"{COUNTY}101")
    session.add(home)
    session.flush()
    session.add(Member(household_id=home.id, person_id=here, from_on=date(2025, 1, 1)))
    session.flush()
    read = suggesting.registered(session, service.keyring, COUNTY)
    assert read.people.tolist() == [here]
    nobody = suggesting.registered(session, service.keyring, "340299")
    assert len(nobody.people) == 0
    assert suggesting.suggest(session, service.keyring, records({"name": "张三"}), nobody) == {}


def test_chance_agreement_is_that_of_different_people_of_one_county() -> None:
    made = [{"name": name, "phone": phone} for name in ("张三", "李四") for phone in ("13900000001", "13900000002")]
    far = {"name": "张三", "phone": "13900000001", "county": "340207"}
    luck = chance.count(records(*made, far))
    assert luck.levels["name"][0] == pytest.approx((2 * 2 + 1) / (4 * 3 + 2))
    assert luck.levels["phone"][0] == pytest.approx((2 * 2 + 1) / (4 * 3 + 2))
    assert luck.county == pytest.approx((16 + 1) / 5)
    assert all(sum(levels) == pytest.approx(1) for levels in luck.levels.values())
