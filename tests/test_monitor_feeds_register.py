"""The register makes people, households and memberships, and changes them only where it says something else."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from drops import DAY, codes, drop, facts, name, number, people, settlements
from sqlalchemy import delete, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from monitor import database, feeds
from monitor.feeds.bulk import add_rows, indexed_after
from monitor.feeds.drafts import Terms
from monitor.feeds.particulars import Said
from monitor.feeds.profile import counties
from monitor.feeds.receiving import open_desk, receive
from monitor.feeds.register import NOBODY
from monitor.matching import finding
from monitor.privacy import Keyring
from monitor.service import Service
from monitor.tables import Household, Member, Person, SearchToken

LATER = date(2026, 9, 1)


def told(service: Service) -> list[tuple[str, str | None, date | None]]:
    """Who is in the register now: name, phone, birth date."""
    with database.reading(service.engine) as session:
        return [
            (
                service.keyring.decrypt(one.name or b"", about="people.name"),
                None if one.phone is None else service.keyring.decrypt(one.phone, about="people.phone"),
                one.birth_on,
            )
            for one in session.scalars(select(Person).order_by(Person.id))
        ]


def memberships(service: Service) -> list[tuple[str, int, str | None, date, date | None]]:
    with database.reading(service.engine) as session:
        query = (
            select(Household.household_no, Member.person_id, Member.relation, Member.from_on, Member.until_on)
            .join(Household, Household.id == Member.household_id)
            .order_by(Member.id)
        )
        return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def test_people_are_found_by_a_keyed_digest_and_readable_by_key_alone(service: Service, tmp_path: Path) -> None:
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", people(4, phone="13900000001")))
    assert (receipt.status, receipt.facts) == ("committed", 4)
    with database.reading(service.engine) as session:
        first = session.scalars(select(Person).order_by(Person.id)).first()
        assert first is not None
        assert first.id_index == service.keyring.blind_index(number(0))
        assert service.keyring.decrypt(first.id_no or b"", about="people.id_no") == number(0)
    assert told(service)[0][:2] == (name(0), "13900000001")


def test_a_household_speaks_through_its_head(service: Service, tmp_path: Path) -> None:
    rows = [dict(row) for row in people(2)]
    rows[0] |= {"relation": "20", "category": "other"}
    rows[1] |= {"relation": "户主", "category": "低保", "region": "340223000000"}
    feeds.ingest(service, drop(tmp_path, "household_register", rows))
    with database.reading(service.engine) as session:
        home = session.scalars(select(Household)).one()
    assert (home.household_no, home.category, home.county, home.registered) == ("H00000", "dibao", "340223", True)
    fact = next(fact for fact in facts(service, "household_register") if fact["relation"] == "02")
    assert (fact["household_key"], fact["region"], fact["category"]) == (home.id, "340223000000", "dibao")


def test_an_obsolete_region_code_is_brought_to_where_it_stands_today(service: Service, tmp_path: Path) -> None:
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", people(2, region="340221000000")))
    with database.reading(service.engine) as session:
        assert session.scalars(select(Household.county)).one() == "340210"
    assert "region_unknown" not in codes(receipt.problems)


@pytest.mark.parametrize("region", ["镜湖区", "999999999999", "340202999999"])
def test_a_region_that_nobody_knows_never_loses_the_household(service: Service, tmp_path: Path, region: str) -> None:
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", people(2, region=region)))
    assert (receipt.status, receipt.facts) == ("committed", 2)
    assert {"region", "region_unknown"} & set(codes(receipt.problems))


def test_a_full_register_ends_the_memberships_it_does_not_name(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(4)))
    rows = [*people(1), *people(1, start=3, household_id="H00000")]
    feeds.ingest(service, drop(tmp_path, "household_register", rows, day=LATER))
    assert memberships(service) == [
        ("H00000", 1, "02", DAY, None),
        ("H00000", 2, "20", DAY, LATER),
        ("H00001", 3, "02", DAY, LATER),
        ("H00001", 4, "20", DAY, LATER),
        ("H00000", 4, "20", LATER, None),
    ]
    with database.reading(service.engine) as session:
        homes = {home.household_no: home.registered for home in session.scalars(select(Household))}
    assert homes == {"H00000": True, "H00001": False}


def test_an_append_adds_and_changes_and_ends_nothing(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(2)))
    rows = [*people(1, relation="99", category="tekun"), *people(2, start=2)]
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows, day=LATER), mode="append")
    assert (receipt.superseded, receipt.facts) == (1, 3)
    assert [(home, person, relation) for home, person, relation, _, until in memberships(service) if until is None] == [
        ("H00000", 1, "99"), ("H00000", 2, "20"), ("H00001", 3, "02"), ("H00001", 4, "20"),
    ]  # fmt: skip
    assert len(facts(service, "household_register")) == 4


def test_who_lives_in_which_county_is_known_as_the_database_has_it(service: Service, tmp_path: Path) -> None:
    first = [*people(4), *people(1, start=0, household_id="H00001"), *people(2, start=4, region="340223000000")]
    moved = [
        *people(2, region="340281000000"),
        *people(2, start=4, region="340223000000"),
        *people(1, start=7, id_no="?"),
    ]
    steps = [
        (DAY, "full", first),
        (LATER, "full", moved),
        (date(2026, 9, 2), "append", [*people(2, start=2, household_id="H00009"), *people(1, start=4)]),
        (date(2026, 9, 3), "withdraw", people(1)),
    ]
    desk = open_desk(service)
    for day, mode, rows in steps:
        path = drop(tmp_path, "household_register", rows, day=day)
        assert receive(desk, path, Terms(day, "household_register", mode)).status == "committed"
        assert (desk.residence is None) == (mode == "withdraw")
        with database.reading(service.engine) as session:
            every = np.array(session.scalars(select(Person.id)).all(), np.int64)
            for asked in (every, *every[:, None], np.array([10**6], np.int64)):
                assert counties(session, asked, desk.residence) == counties(session, asked)


def test_a_withdrawal_ends_the_memberships_it_names(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(4)))
    rows = [{"household_id": "H00000", "id_no": number(1)}, {"household_id": "H77777", "id_no": number(2)}]
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows, day=LATER), mode="withdraw")
    assert (receipt.status, receipt.gone) == ("committed", 1)
    assert [person for _, person, _, _, until in memberships(service) if until is None] == [1, 3, 4]
    assert len(facts(service, "household_register")) == 3


def test_a_changed_name_or_phone_is_mended_and_the_person_stays_the_same(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(2)))
    rows = [*people(1, name="赵改名", phone="13900000002"), *people(1, start=1)]
    feeds.ingest(service, drop(tmp_path, "household_register", rows, day=LATER))
    assert [one[:2] for one in told(service)] == [("赵改名", "13900000002"), (name(1), None)]


def kept(service: Service) -> list[tuple[bytes | None, bytes | None, int | None, bool]]:
    with database.reading(service.engine) as session:
        people = session.scalars(select(Person).order_by(Person.id))
        return [(one.name, one.phone, one.said, one.findable) for one in people]


def indexes(service: Service) -> dict[str, list[tuple[str, str, bool]]]:
    """Every index there is of what a register fills: its name, of what, and whether it lets nothing in twice."""
    seen, kinds = inspect(service.engine), ("people", "households", "members")
    return {
        kind: sorted(
            (
                str(one["name"]),
                f"{one['column_names']} {[*map(str, one['dialect_options'].values())]}",
                bool(one["unique"]),
            )
            for one in seen.get_indexes(kind)
        )
        for kind in kinds
    }


def test_whom_the_register_brings_is_findable_as_soon_as_it_is_committed(service: Service, tmp_path: Path) -> None:
    rows = [*people(2), *people(1, start=2, name="尉迟·恭", id_no="X1234567")]
    receipt = receive(open_desk(service), drop(tmp_path, "household_register", rows), Terms(DAY))
    assert (receipt.facts, [one[3] for one in kept(service)]) == (3, [True, True, True])
    with database.transaction(service.engine) as session:
        made = list(session.execute(select(SearchToken.token, SearchToken.person_id).order_by(SearchToken.token)))
        session.execute(delete(SearchToken))
        session.execute(update(Person).values(findable=False))
    assert finding.index_people(service.engine, service.keyring) == 3
    with database.reading(service.engine) as session:
        again = select(SearchToken.token, SearchToken.person_id).order_by(SearchToken.token)
        assert (list(session.execute(again)), {person for _, person in made}) == (made, {1, 2, 3})


def test_a_first_register_leaves_the_indexes_as_they_were(service: Service, tmp_path: Path) -> None:
    before = indexes(service)
    assert all(any(unique for _, _, unique in some) for some in before.values())
    feeds.ingest(service, drop(tmp_path, "household_register", people(4)))
    assert indexes(service) == before
    with pytest.raises(IntegrityError), database.transaction(service.engine) as session:
        session.execute(insert(Person).values(id_index=service.keyring.blind_index(number(0))))


def test_who_comes_twice_is_refused_and_no_index_is_lost(service: Service) -> None:
    before = indexes(service)
    twice = {"id": list(range(1, 51)), "id_index": [b"1" * 32] * 50}
    with (
        pytest.raises(IntegrityError),
        database.transaction(service.engine) as session,
        indexed_after(session, Person, 50),
    ):
        add_rows(session, Person, twice)
    assert (indexes(service), kept(service)) == (before, [])


@pytest.mark.parametrize("printed", [True, False])
def test_only_cells_of_whom_the_register_says_something_else_are_written_again(
    service: Service, tmp_path: Path, printed: bool
) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(4)))
    before = kept(service)
    if not printed:  # as an installation has them that was set up before there were fingerprints
        with database.transaction(service.engine) as session:
            session.execute(update(Person).values(said=None))
    rows = [*people(1, phone="13900000002"), *people(1, start=1, sex="2"), *people(3, start=2)]
    feeds.ingest(service, drop(tmp_path, "household_register", rows, day=LATER))
    after = kept(service)
    assert [one[0] == other[0] for one, other in zip(before, after, strict=False)] == [False, False, True, True]
    assert after[2:4] == before[2:4]
    assert len({one[2] for one in (*before, *after[:2], after[4])}) == 7
    assert told(service)[0][:2] == (name(0), "13900000002")


def test_no_fingerprint_is_alike_between_people_or_installations(service: Service, tmp_path: Path) -> None:
    rows = [*people(1), *people(1, start=1, name=name(0), birth_on=people(1)[0]["birth_on"])]
    feeds.ingest(service, drop(tmp_path, "household_register", rows))
    (first, second), said = (one[2] for one in kept(service)), Said(*(pa.array([None], pa.string()) for _ in range(4)))
    assert first != second
    ours, theirs = (said.fingerprints(ring, np.array([1])) for ring in (service.keyring, Keyring(b"k" * 32)))
    assert ours != theirs


def test_somebody_who_left_the_register_still_has_facts_arriving(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(4)))
    feeds.ingest(service, drop(tmp_path, "household_register", people(2), day=LATER))
    receipt = feeds.ingest(service, drop(tmp_path, "medical_settlements", settlements(4, of=4), day=LATER))
    assert (receipt.unmatched, receipt.facts) == (0, 4)


def test_one_person_in_two_households_is_one_person(service: Service, tmp_path: Path) -> None:
    rows = [*people(2), *people(1, household_id="H00009")]
    feeds.ingest(service, drop(tmp_path, "household_register", rows))
    assert len(told(service)) == 2
    assert [person for _, person, *_ in memberships(service)] == [1, 2, 1]


def test_a_member_whose_number_fails_its_check_is_a_member_matched_by_that_very_string(
    service: Service, tmp_path: Path
) -> None:
    odd = number(5)[:17] + ("1" if number(5)[17] != "1" else "2")
    rows = [*people(2), *people(1, start=2, id_no=odd), *people(1, start=3, id_no="X1234567")]
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows))
    assert (receipt.errors, receipt.facts) == (0, 4)
    assert "id_unlikely" in codes(receipt.problems)
    sent = [*settlements(1, id_no=odd, name="谁"), *settlements(1, start=1, id_no="x1234567"), *settlements(3, start=2)]
    got = feeds.ingest(service, drop(tmp_path, "medical_settlements", sent))
    assert (got.errors, got.unmatched) == (0, 3)
    assert {fact["person_key"] for fact in facts(service, "medical_settlements")} >= {3, 4}


def test_members_without_any_number_never_become_one_person(service: Service, tmp_path: Path) -> None:
    rows = [*people(1), *people(1, start=1, id_no="无", name="甲"), *people(1, start=1, id_no="无", name="乙")]
    rows += people(1, start=2, id_no="无", name="甲")
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows))
    assert receipt.facts == 4
    assert len(told(service)) == 4
    again = feeds.ingest(service, drop(tmp_path, "household_register", [*rows, *people(1, start=8)], day=LATER))
    assert again.facts == 5
    assert len(told(service)) == 5


def test_a_missing_birth_date_is_told_by_the_number(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(2, birth_on="")))
    born = date.fromisoformat(f"{number(0)[6:10]}-{number(0)[10:12]}-{number(0)[12:14]}")
    assert told(service)[0][2] == born
    assert sorted(fact["birth_on"] for fact in facts(service, "household_register"))[0] == born


def test_contradictions_within_the_register_are_told_and_lose_nobody(service: Service, tmp_path: Path) -> None:
    rows = [dict(row) for row in people(6)]
    rows[0]["birth_on"] = "1999-09-09"
    rows[2]["relation"] = "20"
    rows[5]["relation"] = "02"
    rows.append(dict(rows[1]) | {"household_id": "H00002", "name": "另一人", "relation": "20"})
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows))
    assert (receipt.errors, receipt.facts) == (0, 7)
    assert {"id_birth", "head_absent", "two_heads", "id_two_names"} <= set(codes(receipt.problems))


def test_facts_of_the_register_name_neither_household_number_nor_person(service: Service, tmp_path: Path) -> None:
    feeds.ingest(service, drop(tmp_path, "household_register", people(2)))
    assert set(facts(service, "household_register")[0]) == {
        "fact_key", "person_key", "row_no", "seq", "household_key", "relation", "sex", "birth_on", "region", "category",
        "monthly_income_per_head",
    }  # fmt: skip
    assert NOBODY not in {fact["household_key"] for fact in facts(service, "household_register")}


def test_an_id_number_in_place_of_the_household_number_is_an_error_of_its_row(service: Service, tmp_path: Path) -> None:
    rows = [*people(4), *people(1, start=4, household_id=number(4))]
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", rows))
    assert (receipt.status, receipt.errors, "personal" in codes(receipt.problems)) == ("committed", 1, True)
