"""家庭档案 over HTTP: found by what a worker types, alerted or not; what is known, what is unknown, what came of it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from installed import receive, small_pack
from sqlalchemy import event, update
from test_api_households import token
from test_jobs_scan import APRIL, FIRST, MARCH, RULES

from api.app import create_app
from jobs.scan import scan
from monitor import database
from monitor.matching.finding import index_people
from monitor.service import Service
from monitor.tables import Alert, utc_now

SEARCH, PATH = "/api/v1/households/search", "/api/v1/households/{}"


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


@pytest.fixture
def city(service: Service, pack: Path) -> Service:
    installed = replace(service, pack=pack)
    receive(installed, FIRST)
    index_people(installed.engine, installed.keyring)
    scan(installed, MARCH)
    return installed


@pytest.fixture
def client(city: Service) -> Iterator[TestClient]:
    with TestClient(create_app(city)) as opened:
        opened.headers["Authorization"] = f"Bearer {token(city, '00')}"
        yield opened


def found(client: TestClient, text: str) -> list[str]:
    return [one["household_no"] for one in client.post(SEARCH, json={"text": text}).json()["items"]]


def test_a_household_is_found_whether_or_not_it_is_alerted(client: TestClient) -> None:
    everybody = found(client, "张三")
    assert {"H000001", "H000002"} <= set(everybody)
    assert found(client, "H000001") == ["H000001"]
    said = {one["household_no"]: one for one in client.post(SEARCH, json={"text": "zs"}).json()["items"]}
    assert set(said) == set(everybody)
    assert [said[number]["alert"]["level"] for number in ("H000001", "H000002")] == ["yellow", "red"]
    assert (said["H000002"]["name"], said["H000002"]["members"] >= 1, said["H000002"]["registered"]) == (
        "张*",
        True,
        True,
    )


def test_a_household_without_an_alert_is_found_as_well(client: TestClient, city: Service) -> None:
    with database.transaction(city.engine) as session:
        session.execute(update(Alert).values(status="closed", closed_at=utc_now(), closed_why="NE_INC"))
    assert {one["alert"] for one in client.post(SEARCH, json={"text": "张三"}).json()["items"]} == {None}


def test_nobody_is_found_beyond_ones_region_and_nothing_is_sought_by_one_letter(
    client: TestClient, city: Service
) -> None:
    client.headers["Authorization"] = f"Bearer {token(city, '340203')}"
    assert (found(client, "H000001"), found(client, "H000002")) == (["H000001"], [])
    short = client.post(SEARCH, json={"text": "z"})
    assert (short.status_code, "两个" in short.json()["detail_zh"]) == (422, True)


def test_what_is_known_says_its_value_and_its_datas_date_and_the_unknown_is_null(client: TestClient) -> None:
    said = client.get(PATH.format("H000002")).json()
    known = {one["indicator"]: one for one in said["known"]}
    cost = known["medical_self_pay_12m"]
    assert (cost["value"], cost["unit"], cost["heard_on"], cost["stale"]) == (25_000.0, "yuan", "2026-03-31", [])
    late = client.get(PATH.format("H000002"), params={"as_of": (APRIL + timedelta(days=60)).isoformat()}).json()
    cost = {one["indicator"]: one for one in late["known"]}["medical_self_pay_12m"]
    assert (cost["value"], "medical_settlements" in cost["stale"]) == (None, True)


def test_a_page_that_asks_for_no_indicators_is_told_all_else_without_a_look_into_the_lake(
    client: TestClient, city: Service
) -> None:
    whole = client.get(PATH.format("H000002")).json()
    shutil.rmtree(city.lake)
    said = client.get(PATH.format("H000002"), params={"known": "false"}).json()
    assert (said["known"], len(whole["known"]) > 0) == ([], True)
    assert said | {"known": None} == whole | {"known": None}


def test_a_dossier_names_members_by_place_and_what_came_of_the_household(client: TestClient) -> None:
    said = client.get(PATH.format("H000002")).json()
    assert [one["place"] for one in said["members"]] == list(range(1, len(said["members"]) + 1))
    assert {one["name"] for one in said["members"]} == {"张*"}
    (alert,) = said["alerts"]
    assert (alert["status"], alert["opened_on"], alert["closed_on"]) == ("open", "2026-03-31", None)
    assert said["cases"] == []


def test_elsewhere_and_nowhere_are_the_same_answer(client: TestClient, city: Service) -> None:
    client.headers["Authorization"] = f"Bearer {token(city, '340203')}"
    assert client.get(PATH.format("H000001")).status_code == 200
    hidden, absent = (client.get(PATH.format(number)) for number in ("H000002", "H999999"))
    assert (hidden.status_code, hidden.content) == (404, absent.content)


def test_the_number_of_queries_does_not_grow_with_what_is_found(client: TestClient, city: Service) -> None:
    def asked(text: str) -> int:
        told: list[str] = []
        event.listen(city.engine, "before_cursor_execute", lambda *said: told.append(str(said[2])))
        assert found(client, text)
        return len(told)

    one = asked("H000001")
    assert asked("张三") <= one + 1
