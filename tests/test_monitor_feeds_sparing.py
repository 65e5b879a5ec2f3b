"""A damaged row of a full list is in the list all the same: it ends nothing, and so it clears no alert."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import codes, drop, facts, name, number, people
from sqlalchemy import select

from jobs.scan import scan
from monitor import corrections, database, feeds
from monitor.alerts.asked import UNRULED
from monitor.feeds import Receipt
from monitor.service import Service
from monitor.tables import Alert, Household, Link, Member, Reason

DAY = date(2026, 3, 5)
LATER = date(2026, 3, 25)
HEADER = "house_no,id_no,level,assessed_on,only_home"


def house(at: int, *, key: str | None = None, id_no: str | None = None, level: str = "D") -> str:
    return f"{f'F{at}' if key is None else key},{number(at) if id_no is None else id_no},{level},2026-01-10,1"


def send(service: Service, root: Path, *lines: str, day: date = DAY) -> Receipt:
    content = "".join(f"{line}\n" for line in (HEADER, *lines))
    return feeds.ingest(service, drop(root, "housing_safety", content, day=day))


def standing(service: Service) -> list[tuple[int, int, str]]:
    """Who has which house, and which delivery says so."""
    return sorted((fact["person_key"], fact["seq"], fact["level"]) for fact in facts(service, "housing_safety"))


@pytest.fixture
def home(service: Service, tmp_path: Path) -> Path:
    """Ten people in five households, three of them with a dangerous house."""
    assert feeds.ingest(service, drop(tmp_path, "household_register", people(10), day=DAY)).status == "committed"
    assert send(service, tmp_path, house(0), house(2), house(4)).facts == 3
    return tmp_path


DAMAGED = {
    "a value": house(2, level="Z"),
    "a number that lost its digits": house(2, id_no="3.4029819500103E+17"),
    "a number left out": house(2, id_no=""),
    "a key left out, the person legible": house(2, key=""),
    "nothing legible": house(2, key="", id_no="?"),
    "a field too many": house(2) + ",1,1",
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_row_of_a_full_list_ends_nothing(service: Service, home: Path, line: str) -> None:
    before = standing(service)
    receipt = send(service, home, house(0, level="C"), line, house(4), day=LATER)
    assert (receipt.status, receipt.errors, receipt.facts) == ("committed", 1, 3)
    assert "kept" in codes(receipt.problems)
    (_, seq, _), kept, _ = standing(service)
    assert kept == before[1]
    assert seq > kept[1]


def test_what_a_list_with_a_legible_damaged_row_does_not_name_still_ends(service: Service, home: Path) -> None:
    receipt = send(service, home, house(0), house(2, level="Z"), day=LATER)
    assert (receipt.facts, len(standing(service))) == (2, 2)


def test_a_row_of_which_nothing_can_be_read_may_be_anyones_and_the_list_ends_nothing(
    service: Service, home: Path
) -> None:
    assert send(service, home, house(0), house(9, key="", id_no=""), day=LATER).facts == 3


def test_a_damaged_row_of_a_stranger_spares_nothing(service: Service, home: Path) -> None:
    receipt = send(service, home, house(0), house(500, key=""), day=LATER)
    assert (receipt.facts, codes(receipt.problems)) == (1, ["missing"])


def test_a_good_row_of_the_same_key_goes_before_a_damaged_one(service: Service, home: Path) -> None:
    receipt = send(service, home, house(0), house(2, level="Z"), house(2, level="B"), house(4), day=LATER)
    assert receipt.facts == 3
    assert [level for _, _, level in standing(service)] == ["D", "B", "D"]


def test_what_was_spared_ends_with_the_next_list_that_can_be_read(service: Service, home: Path) -> None:
    send(service, home, house(0), house(2, level="Z"), house(4), day=LATER)
    send(service, home, house(0), house(2, level="Y"), house(4), day=LATER + timedelta(days=1))
    assert len(standing(service)) == 3
    receipt = send(service, home, house(0), house(4), day=LATER + timedelta(days=2))
    assert (receipt.facts, len(standing(service))) == (2, 2)


def test_a_damaged_row_clears_no_alert(service: Service, home: Path) -> None:
    scan(service, DAY)
    send(service, home, house(0), house(2, level="Z"), house(4), day=LATER)
    scan(service, LATER)
    with database.reading(service.engine) as session:
        ruled = select(Reason.alert_id).where(Reason.rule.not_in(UNRULED))  # not by the random sample
        alerts = session.scalars(select(Alert).where(Alert.id.in_(ruled))).all()
        assert [(one.status, one.cleared_on) for one in alerts] == [("open", None)] * 3


def test_a_wrong_link_spared_by_a_damaged_row_can_still_be_undone(service: Service, home: Path) -> None:
    whole = number(6)
    wrong = whole[:16] + str((int(whole[16]) + 1) % 10) + whole[17]
    header = "certificate_no,id_no,name,kind,degree,issued_on,status\n"
    row = f"Z1,{wrong},{name(6)},1,{{}},2020-01-01,active\n"
    for day, degree in ((DAY, "1"), (LATER, "9")):
        path = drop(home, "disability_certificates", header + row.format(degree), day=day)
        receipt = feeds.ingest(service, path)
        if receipt.status == "held":
            feeds.release(service, receipt.delivery_id, by="Wang", reason="one row", on=day)
        assert len(facts(service, "disability_certificates")) == 1
    with database.reading(service.engine) as session:
        link = session.scalars(select(Link)).one()
    corrections.undo_link(service, link.id, by="Wang", why="somebody else", on=LATER)
    assert facts(service, "disability_certificates") == []


REGISTER = {
    "an impossible category": {"category": "rich"},
    "a number left out": {"id_no": ""},
    "a household number left out": {"household_id": ""},
    "neither number": {"household_id": "", "id_no": ""},
}


@pytest.mark.parametrize("changed", REGISTER.values(), ids=REGISTER.keys())
def test_a_damaged_row_of_the_register_keeps_its_member_and_household(
    service: Service, home: Path, changed: dict[str, str]
) -> None:
    rows = people(10)
    damaged = [*rows[:8], *({**row, **changed} for row in rows[8:])]
    receipt = feeds.ingest(service, drop(home, "household_register", damaged, day=LATER))
    assert (receipt.status, receipt.errors, receipt.facts) == ("committed", 2, 10)
    with database.reading(service.engine) as session:
        assert session.scalars(select(Member).where(Member.until_on.is_not(None))).all() == []
        assert session.scalars(select(Household).where(Household.registered.is_(False))).all() == []


def test_a_register_with_a_damaged_row_still_ends_whom_it_leaves_out(service: Service, home: Path) -> None:
    rows = people(10)
    changed = [*rows[:7], {**rows[7], "category": "rich"}]
    assert feeds.ingest(service, drop(home, "household_register", changed, day=LATER)).facts == 8
    with database.reading(service.engine) as session:
        assert len(session.scalars(select(Member).where(Member.until_on.is_not(None))).all()) == 2
        assert len(session.scalars(select(Household).where(Household.registered.is_(False))).all()) == 1
