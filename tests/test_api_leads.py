"""手动登记困难线索: who is in no list is visited; nobody's data elsewhere are opened by typing their number."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from desks import as_person, hire, raised
from factories import FIRES, scan
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from monitor import database, regions
from monitor.alerts import leavers, left_register
from monitor.service import Service, today
from monitor.tables import Choice, Household, Lead, Member, Person, Reason, Scan, utc_now

ALERTS, PACKS = "/api/v1/alerts", "/api/v1/packs"
RED = {"illness": FIRES}
NUMBER = "340299194910018322"
PHONE = "19900001234"
VILLAGE = "340202001001"


@pytest.fixture
def town(service: Service) -> Iterator[TestClient]:
    """Somebody of a town that the tree of regions knows."""
    with database.transaction(service.engine) as session:
        regions.load_regions(session, [regions.Place("340202001", "某镇"), regions.Place(VILLAGE, "某村")])
    with as_person(service, "镇干事", region="340202001")[0] as client:
        yield client


def heard(**more: Any) -> dict[str, Any]:
    said = {"id": str(uuid.uuid4()), "how": "neighbour", "heard_on": str(today()), "said": "独居，近日摔伤"}
    return said | {"region": VILLAGE, "name": "单凤英"} | more


def lead(client: TestClient, sent: dict[str, Any]) -> Any:
    return client.post("/api/v1/leads", json=sent)


def test_somebody_in_no_list_becomes_a_household_to_visit_and_is_found_at_once(
    town: TestClient, service: Service
) -> None:
    sent = heard(id_no=NUMBER, phone=PHONE)
    made = lead(town, sent)
    assert (made.status_code, made.json()["new_alert"], made.json()["known"]) == (201, True, False), made.text
    assert lead(town, sent).json()["alert_id"] == made.json()["alert_id"]
    assert lead(town, sent | {"said": "另一种情况"}).status_code == 409
    found = town.post("/api/v1/households/search", json={"text": "shanfengying"}).json()["items"]
    assert [(one["household_no"], one["registered"]) for one in found] == [(made.json()["household_no"], False)]
    shown = town.get(f"{ALERTS}/{made.json()['alert_id']}").json()
    assert (shown["rules"], shown["sentence_zh"], shown["level"]) == (["lead"], "主动发现：邻里反映", "yellow")
    with database.reading(service.engine) as session:
        row, person = session.scalars(select(Lead)).one(), session.scalars(select(Person)).one()
        choice = session.scalars(select(Choice)).one()
    assert (service.keyring.decrypt(row.said or b"", about="leads.said"), person.sex) == ("独居，近日摔伤", "2")
    assert (choice.reason, choice.propensity) == ("referral", 1.0)


def test_somebody_in_the_register_is_found_by_number_and_an_open_alert_takes_the_lead(
    town: TestClient, service: Service
) -> None:
    hire(service, "甲")
    alert = raised(service, [RED], region=VILLAGE)[0]
    with database.transaction(service.engine) as session:
        session.scalars(select(Person)).one().id_index = service.keyring.blind_index(NUMBER)
    said = lead(town, heard(id_no=NUMBER)).json()
    assert (said["alert_id"], said["new_alert"], said["known"]) == (str(alert), False, True)
    assert town.get(f"{ALERTS}/{alert}").json()["timeline"][-1]["kind"] == "lead"
    by_list = lead(town, heard(household_no=said["household_no"], name=None, region=None)).json()
    assert by_list["alert_id"] == str(alert)
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Household)) == 1


def test_a_lead_that_cannot_be_is_refused_in_words_and_leaves_nothing(town: TestClient, service: Service) -> None:
    refused = {
        "没有这个村": heard(region="350202001001"), "校验位": heard(id_no="340299194910018320"),
        "不能晚于今天": heard(heard_on=str(today() + timedelta(days=1))), "姓名和所在村": heard(name=None),
        "没有这户": heard(household_no="H999999"),
    }  # fmt: skip
    for words, sent in refused.items():
        answer = lead(town, sent)
        assert (answer.status_code in (404, 422), words in answer.json()["detail_zh"]) == (True, True), answer.text
    with database.reading(service.engine) as session:
        counts = [
            session.scalar(select(func.count()).select_from(table)) for table in (Household, Person, Member, Lead)
        ]
    assert counts == [0, 0, 0, 0]


def test_the_register_leaves_the_reason_of_a_lead_as_it_is(town: TestClient, service: Service) -> None:
    alert = uuid.UUID(lead(town, heard()).json()["alert_id"])
    with database.transaction(service.engine) as session:
        assert leavers(session, "34") == []
        assert left_register(session, [alert], as_of=today()) == 0
        assert session.scalars(select(Reason.status).where(Reason.alert_id == alert)).all() == ["active"]


def test_names_that_are_rare_or_long_or_script_are_only_names(town: TestClient) -> None:
    for name in ("䶮𠮷", "阿依古丽·买买提" * 4, "<script>alert(1)</script>", "𰻝" * 30):
        made = lead(town, heard(id=str(uuid.uuid4()), name=name))
        assert made.status_code == 201, made.text
        number = made.json()["household_no"]
        shown = town.get(f"/api/v1/households/{number}")
        assert (shown.status_code, shown.json()["name"]) == (200, f"{name[0]}*")


def test_a_number_of_another_county_opens_nothing_of_who_bears_it(town: TestClient, service: Service) -> None:
    raised(service, [RED], region="340203001001")
    with database.transaction(service.engine) as session:
        stranger = session.scalars(select(Person)).one()
        stranger.id_index = service.keyring.blind_index(NUMBER)
        stranger.id_no = service.keyring.encrypt(NUMBER, about="people.id_no")
        stranger.phone = service.keyring.encrypt(PHONE, about="people.phone")
        theirs = stranger.id
    made = lead(town, heard(id_no=NUMBER))
    number = made.json()["household_no"]
    assert (made.status_code, made.json()["known"]) == (201, False), made.text
    with database.reading(service.engine) as session:
        home = select(Household.id).where(Household.household_no == number).scalar_subquery()
        person = session.scalars(select(Person).join(Member).where(Member.household_id == home)).one()
        kept = session.scalars(select(Lead)).one()
    assert person.id != theirs
    assert (person.id_index, person.id_no, person.phone) == (None, None, None)
    assert service.keyring.decrypt(person.name or b"", about="people.name") == "单凤英"
    assert kept.id_index == service.keyring.blind_index(NUMBER)
    assert town.get(f"/api/v1/households/{number}/means").json()["twins"] == []
    asked = {"field": "phone", "reason_code": "CONTACT", "why": "约定入户时间"}
    refused = town.post(f"/api/v1/households/{number}/members/1/reveal", json=asked)
    assert (refused.status_code, PHONE in refused.text) == (404, False)
    again = lead(town, heard(id_no=NUMBER)).json()
    assert (again["household_no"], again["new_alert"]) == (number, False)


def test_who_lived_here_and_lives_elsewhere_now_is_not_opened_either(town: TestClient, service: Service) -> None:
    raised(service, [RED], region="340203001001")
    with database.transaction(service.engine) as session:
        stranger = session.scalars(select(Person)).one()
        stranger.id_index = service.keyring.blind_index(NUMBER)
        before = Household(
            household_no="H-before", category=None, region=VILLAGE, county="340202", town="340202001", village=VILLAGE
        )
        session.add(before)
        session.flush()
        day = today() - timedelta(days=30)
        session.add(Member(household_id=before.id, person_id=stranger.id, from_on=day, until_on=today()))
    made = lead(town, heard(id_no=NUMBER)).json()
    with database.reading(service.engine) as session:
        home = select(Household.id).where(Household.household_no == made["household_no"]).scalar_subquery()
        found = session.scalars(select(Member.person_id).where(Member.household_id == home)).all()
        assert len(found) == 1
        assert session.get_one(Person, found[0]).id_index is None


def test_who_was_registered_since_the_newest_scan_has_members_and_what_was_heard_on_every_page(
    town: TestClient, service: Service
) -> None:
    with database.transaction(service.engine) as session:
        session.get_one(Scan, scan(session, today() - timedelta(days=3))).finished_at = utc_now()
    made = lead(town, heard(phone=PHONE)).json()
    number, alert = made["household_no"], made["alert_id"]
    sheet = town.get(f"{ALERTS}/{alert}/sheet").json()
    assert [(one["name"], one["phone_masked"]) for one in sheet["members"]] == [("单*", "199****1234")]
    home = town.get(f"/api/v1/households/{number}").json()
    assert (home["name"], len(home["members"])) == ("单*", 1)
    asked = {"field": "phone", "reason_code": "CONTACT", "why": "约定入户时间"}
    shown = town.post(f"/api/v1/households/{number}/members/1/reveal", json=asked)
    assert (shown.status_code, shown.json()["value"]) == (200, PHONE)
    told = [{"how": "neighbour", "zh": "邻里反映", "en": "told by neighbours", "heard_on": str(today())}]
    said = [one | {"said": "独居，近日摔伤"} for one in told]
    assert (sheet["leads"], town.get(f"{ALERTS}/{alert}").json()["leads"]) == (said, said)
    far, _ = as_person(service, "外县干事", region="340203")
    assert [far.get(f"{ALERTS}/{alert}{end}").status_code for end in ("", "/sheet")] == [404, 404]
