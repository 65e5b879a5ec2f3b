"""What the system is, as its screen tells it: regions through their changes, terms of keeping, the doctor's answers."""

from datetime import date
from typing import Any

import pytest
from desks import signed_in
from fastapi.testclient import TestClient

from jobs import catalogue, timetable
from jobs.doctor import doctor
from jobs.noting import noted
from monitor import database, regions, register
from monitor.regions import Place
from monitor.service import Service, today
from monitor.tables import Table

PATH = "/api/v1/system"
PLACES = (
    Place("340202001", "花桥街道"), Place("340202001001", "上洋社区"), Place("340202001002", "下洋社区"),
    Place("340202009", "滨江街道", under="340207"),
    Place("340202008", "老街道", valid_to=date(2024, 1, 1), successor="340202001"),
)  # fmt: skip


@pytest.fixture
def admin(sqlite_service: Service) -> TestClient:
    with database.transaction(sqlite_service.engine) as session:
        regions.load_regions(session, PLACES)
    return signed_in(sqlite_service, "管理员", role="administrator", region="00")


def below(client: TestClient, code: str | None = None, **more: Any) -> list[str]:
    asked = {"under": code, **more} if code else more
    return [one["code"] for one in client.get(f"{PATH}/regions", params=asked).json()["below"]]


def test_the_tree_opens_level_by_level_from_the_city_that_is_watched(admin: TestClient) -> None:
    top = admin.get(f"{PATH}/regions").json()
    assert (top["here"]["code"], top["here"]["level"], top["path"]) == ("3402", "city", ["34"])
    assert "340202" in [one["code"] for one in top["below"]]
    assert below(admin, "340202") == ["340202001"]
    town = admin.get(f"{PATH}/regions", params={"under": "340202001000"}).json()
    assert [one["name"] for one in town["below"]] == ["上洋社区", "下洋社区"]
    assert town["path"] == ["34", "3402", "340202"]
    assert (town["here"]["below"], town["below"][0]["below"]) == (2, 0)


def test_a_street_stands_under_whoever_manages_it_and_not_under_its_digits(admin: TestClient) -> None:
    assert "340202009" in below(admin, "340207")
    assert "340202009" not in below(admin, "340202")


def test_what_was_merged_is_shown_when_asked_for_with_its_day_and_its_heir(admin: TestClient) -> None:
    assert below(admin, "340202", former="true") == ["340202001", "340202008"]
    old = admin.get(f"{PATH}/regions", params={"under": "340202", "former": "true"}).json()["below"][1]
    assert (old["valid_to"], old["successor"]) == ("2024-01-01", "340202001")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("上洋", ["340202001001"]), ("洋社", ["340202001001", "340202001002"]), ("shangyang", ["340202001001"]),
        ("hqjd", ["340202001"]), ("HUAQIAO", ["340202001"]),
        ("340202001", ["340202001", "340202001001", "340202001002"]),
        ("老街道", []), ("zzzz", []), ("<script>", []), ("' OR 1=1", []),
    ],
)  # fmt: skip
def test_a_region_is_found_by_name_by_pinyin_by_initials_and_by_code(
    admin: TestClient, text: str, found: list[str]
) -> None:
    answer = admin.post(f"{PATH}/regions/search", json={"text": text})
    assert (answer.status_code, [one["code"] for one in answer.json()]) == (200, found)


@pytest.mark.parametrize("text", ["", "a", "x" * 41, None, 7])
def test_too_little_or_too_much_to_look_for_is_refused(admin: TestClient, text: Any) -> None:
    assert admin.post(f"{PATH}/regions/search", json={"text": text}).status_code == 422


def test_a_code_that_the_tree_does_not_hold_is_not_found(admin: TestClient) -> None:
    answer = admin.get(f"{PATH}/regions", params={"under": "999999"})
    assert (answer.status_code, "区划树" in answer.json()["detail_zh"]) == (404, True)
    assert admin.get(f"{PATH}/regions", params={"under": "34x"}).status_code == 422


def test_of_every_table_is_told_what_for_and_how_long(admin: TestClient) -> None:
    said = {one["table"]: one for one in admin.get(f"{PATH}/retention").json()}
    assert set(said) == set(Table.metadata.tables)
    people, entry = said["people"], register.read()["people"]
    assert (people["days"], people["since"], people["then"]) == (1825, "left", "blank")
    assert people["columns"] == list(entry.keep.columns)
    assert people["sensitive"] == sum(kind == "sensitive" for kind in entry.classes.values()) == 4
    assert {"zh": "县级审核人", "en": "county reviewer"} in people["sees"]
    assert all(one["days"] or one["forever"] or one["together_with"] for one in said.values())


def test_what_runs_here_is_told_without_a_path_or_an_address(service: Service) -> None:
    admin = signed_in(service, "管理员", role="administrator", region="00")
    answer = admin.get(PATH)
    said = answer.json()
    assert said["database"] == service.engine.dialect.name
    assert len(said["policy_version"]) == 64
    assert (said["newest_scan"], said["production"], said["cipher"]) == (None, False, "intl")
    assert str(service.settings.home) not in answer.text
    assert "://" not in answer.text


def test_the_doctors_answers_are_read_from_its_newest_run_ill_ones_first(service: Service) -> None:
    admin = signed_in(service, "管理员", role="administrator", region="00")
    assert admin.get(f"{PATH}/doctor").json() == {
        "run": None, "at": None, "status": None, "well": 0, "ill": 0, "findings": [],
    }  # fmt: skip
    noted(service, "doctor", today(), doctor)
    said = admin.get(f"{PATH}/doctor").json()
    names = {one["name"] for one in said["findings"]}
    assert {"versions", "key", "migrations", "audit.anchor", "backup", "nights"} <= names
    assert said["ill"] == sum(not one["well"] for one in said["findings"]) > 0  # nobody has made a backup
    assert [one["well"] for one in said["findings"]] == sorted(one["well"] for one in said["findings"])
    assert said["status"] == "done"
    assert all(one["zh"] and one["en"] for one in said["findings"])


def test_the_doctor_looks_every_morning_by_the_timetable() -> None:
    assert "doctor" in timetable.read()
    assert catalogue.known("doctor") == "doctor"


@pytest.mark.parametrize(("role", "may"), [("caseworker", 200), ("auditor", 403), ("department", 403)])
def test_the_doctor_answers_who_may_read_runs(service: Service, role: str, may: int) -> None:
    somebody = signed_in(service, "某人", role=role, department="医保" if role == "department" else None)
    assert somebody.get(f"{PATH}/doctor").status_code == may
