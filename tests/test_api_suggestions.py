"""The model's suggestions over HTTP: a person decides, and the web never learns."""

import subprocess
import sys
from pathlib import Path

import pytest
from desks import signed_in
from factories import DAY, register
from fastapi.testclient import TestClient
from sqlalchemy import select

from monitor import database
from monitor.service import Service
from monitor.tables import Alert, Scan, Suggestion, utc_now

PATH = "/api/v1/suggestions"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def waiting(service: Service) -> Service:
    with database.transaction(service.engine) as session:
        for place, home in enumerate(register(session, 3), start=1):
            session.add(
                Suggestion(
                    household_id=home.id, as_of=DAY, model="m1", score=0.9 / place, place=place, capacity=200,
                    reasons=[{"feature": "wages", "added": 0.5, "zh": "工资下降", "en": "wages fell"}],
                    county=home.county, town=home.town, village=home.village,
                )
            )  # fmt: skip
    return service


def reviewer(service: Service) -> TestClient:
    return signed_in(service, "复核", role="reviewer", region="340299")


def test_what_waits_is_listed_by_score_and_says_that_no_rule_fires(waiting: Service) -> None:
    said = reviewer(waiting).get(PATH).json()
    assert [one["place"] for one in said] == [1, 2, 3]
    assert {one["says"] for one in said} == {"模型建议，非规则命中"}
    assert said[0]["reasons"] == [{"feature": "wages", "added": 0.5, "zh": "工资下降", "en": "wages fell"}]
    assert {one["region_name"] for one in said} == {"芜湖市 340299001001"}


def test_another_county_sees_none_and_an_assistant_decides_none(waiting: Service) -> None:
    assert signed_in(waiting, "他县", role="reviewer", region="340203").get(PATH).json() == []
    one = reviewer(waiting).get(PATH).json()[0]
    path = f"{PATH}/{one['id']}/confirmation"
    helper = signed_in(waiting, "协理", role="assistant", region="340299001001")
    assert helper.post(path, headers={"If-Match": '"1"'}).status_code == 403
    stranger = signed_in(waiting, "邻县", role="reviewer", region="340203")
    assert stranger.post(path, headers={"If-Match": '"1"'}).status_code == 404


def test_a_person_makes_an_alert_of_it_once(waiting: Service) -> None:
    client = reviewer(waiting)
    one = client.get(PATH).json()[0]
    path = f"{PATH}/{one['id']}/confirmation"
    assert client.post(path).status_code == 428
    made = client.post(path, headers={"If-Match": '"1"'}).json()
    assert made["status"] == "confirmed"
    assert client.post(path, headers={"If-Match": '"1"'}).status_code == 412
    with database.reading(waiting.engine) as session:
        assert [str(alert.id) for alert in session.scalars(select(Alert))] == [made["alert_id"]]


def test_one_is_set_aside_with_a_reason_code_and_no_other_way(waiting: Service) -> None:
    client = reviewer(waiting)
    one = client.get(PATH).json()[1]
    path, seen = f"{PATH}/{one['id']}/dismissal", {"If-Match": '"1"'}
    assert client.post(path, json={"why": "NOT_A_CODE"}, headers=seen).status_code == 422
    assert client.post(path, json={"why": "NE_INC"}, headers=seen).json()["status"] == "dismissed"
    assert len(client.get(PATH).json()) == 2


def test_without_a_champion_the_banner_says_that_rules_alone_order_the_queue(waiting: Service) -> None:
    client = reviewer(waiting)
    first = client.get("/api/v1/model").json()
    assert (first["mode"], first["model"]) == ("rules_only", None)
    assert "规则" in first["banner_zh"]
    with database.transaction(waiting.engine) as session:
        told = {"score": {"mode": "champion", "model": "abc"}}
        session.add(Scan(as_of=DAY, policy_version="p", manifest="m", counts=told, finished_at=utc_now()))
    assert client.get("/api/v1/model").json()["banner_zh"] is None


def test_missed_cases_are_not_estimated_without_evidence(waiting: Service) -> None:
    said = reviewer(waiting).get("/api/v1/missed").json()
    assert (said["enough"], said["estimate"], said["drawn"]) == (False, None, 0)


def test_the_web_process_never_imports_what_learns() -> None:
    learns = "{'sklearn', 'skops', 'models'} & {name.split('.')[0] for name in sys.modules}"
    asks = f"import sys, api.app; print(sorted({learns}))"
    told = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
