"""The API: who may see what, the queue, one alert, follow-ups; nothing personal, nothing half done."""

import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, SILENT, UNKNOWN, Home, judge, register, scan
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select, update

from api.app import create_app
from monitor import access, database
from monitor.alerts import mark_seen, raise_alerts
from monitor.cases import FINDINGS, WAYS
from monitor.service import Service
from monitor.tables import Alert, Delivery, FollowUp, Person, Worker, utc_now

VISIT = {
    "id": str(uuid.UUID(int=5)), "visited_on": DAY.isoformat(), "way": "home", "finding": "no_need",
    "reason_code": "NE_SHORT", "note": "一切安好",
}  # fmt: skip
NUMBER = "340299195001010013"  # of an area that was never issued
OTHER_VILLAGE = "340203002003"


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = f"Bearer {token(service, '林干事', '00')}"
        opened.headers["If-Match"] = '"1"'
        yield opened


def token(service: Service, name: str, region: str) -> str:
    with database.transaction(service.engine) as session:
        return access.add_worker(session, name, region=region, by="test")[1]


def raise_some(
    service: Service, verdicts: list[dict[str, Any]], *, region: str = "340299001001", start: int = 1
) -> None:
    with database.transaction(service.engine) as session:
        homes = register(session, len(verdicts), region=region, start=start)
        for person in session.scalars(select(Person)):
            person.name = service.keyring.encrypt("张三丰", about="people.name")
        shown = {home.id: Home(said, region=region) for home, said in zip(homes, verdicts, strict=True)}
        raise_alerts(session, judge(shown), scan=scan(session))


def only_alert(service: Service) -> Alert:
    with database.reading(service.engine) as session:
        return session.scalars(select(Alert)).one()


def test_without_a_token_only_health_and_the_description_answer(service: Service) -> None:
    with TestClient(create_app(service)) as nobody:
        for path in ("/", "/healthz", "/readyz", "/openapi.json"):
            assert nobody.get(path).status_code == 200
        paths = ["/metrics", "/api/v1/alerts", "/api/v1/feeds", "/api/v1/runs", "/api/v1/households/H1/explanation"]
        paths.append(f"/api/v1/alerts/{uuid.uuid4()}")
        for path in paths:
            answer = nobody.get(path, headers={"Authorization": "Bearer wrong"})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_worker_who_left_is_signed_out(client: TestClient, service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.scalars(select(Worker)).one().active = False
    assert client.get("/api/v1/alerts").status_code == 401


def test_the_queue_comes_most_urgent_first_with_masked_names(client: TestClient, service: Service) -> None:
    raise_some(service, [{"elder": FIRES}, {"illness": FIRES, "elder": FIRES}, {"income": FIRES, "illness": UNKNOWN}])
    page = client.get("/api/v1/alerts").json()
    assert [item["level"] for item in page["items"]] == ["red", "orange", "yellow"]
    assert page["items"][0]["rules"] == ["illness", "elder"]
    assert {item["name"] for item in page["items"]} == {"张*"}
    assert (page["count"], page["next"], page["items"][1]["unseen"]) == ("3", None, 1)


def test_pages_hold_every_alert_once_though_new_ones_come_between(client: TestClient, service: Service) -> None:
    raise_some(service, [{"elder": FIRES}] * 7)
    seen, after = [], None
    while True:
        page = client.get("/api/v1/alerts", params={"limit": 3} | ({"after": after} if after else {})).json()
        seen += [item["household_no"] for item in page["items"]]
        if len(seen) == 3:
            raise_some(service, [{"illness": FIRES}], start=100)
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == [f"H{number:06}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "red"}, {"H000001"}),
        ({"rule": "elder"}, {"H000002"}),
        ({"direction": "help"}, {"H000001", "H000002", "H000003"}),
        ({"direction": "leave"}, set()),
        ({"status": "closed"}, set()),
        ({"status": "open"}, {"H000001", "H000002", "H000003"}),
        ({"cleared": "true"}, set()),
        ({"region": "340203"}, {"H000003"}),
        ({"region": "340203002003"}, {"H000003"}),
        ({"region": "340299001000"}, {"H000001", "H000002"}),
        ({"region": "3402"}, {"H000001", "H000002", "H000003"}),
        ({"region": "33"}, set()),
    ],
)
def test_filters_narrow_the_queue(
    client: TestClient, service: Service, query: dict[str, str], expected: set[str]
) -> None:
    raise_some(service, [{"illness": FIRES}, {"elder": FIRES}])
    raise_some(service, [{"income": FIRES}], region=OTHER_VILLAGE, start=3)
    page = client.get("/api/v1/alerts", params=query).json()
    assert {item["household_no"] for item in page["items"]} == expected
    assert page["count"] == str(len(expected))


def test_a_worker_sees_their_region_and_nothing_else(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES}])
    raise_some(service, [{"illness": FIRES}], region=OTHER_VILLAGE, start=2)
    headers = {"Authorization": f"Bearer {token(service, '方干事', '340203')}"}
    items = client.get("/api/v1/alerts", headers=headers).json()["items"]
    assert [item["household_no"] for item in items] == ["H000002"]
    assert client.get("/api/v1/alerts", params={"region": "340299"}, headers=headers).json()["count"] == "0"
    with database.reading(service.engine) as session:
        theirs = session.scalars(select(Alert.id).where(Alert.county == "340299")).one()
    hidden = client.get(f"/api/v1/alerts/{theirs}", headers=headers)
    absent = client.get(f"/api/v1/alerts/{uuid.uuid4()}", headers=headers)
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    refused = client.post(f"/api/v1/alerts/{theirs}/follow-ups", json=VISIT, headers=headers)
    assert (refused.status_code, refused.content) == (404, absent.content)


def test_one_alert_says_everything_it_rests_on(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": (FIRES, 15_000), "income": UNKNOWN}])
    with database.transaction(service.engine) as session:
        arrived = {"received_on": DAY, "mode": "full", "status": "committed", "sha256": "0" * 64}
        session.add(Delivery(seq=1, feed="medical_settlements", file_name="a.csv", **arrived))
    answer = client.get(f"/api/v1/alerts/{only_alert(service).id}")
    alert = answer.json()
    reason = alert["reasons"][0]
    assert (reason["observed"], reason["limit"], reason["excess"]) == (15_000, 10_000, 1.5)
    assert reason["evidence"] == [
        {"feed": "medical_settlements", "delivery": 1, "row": 1, "on": "2026-02-01", "amount": 1.0, "member": 1,
         "received_on": DAY.isoformat()}
    ]  # fmt: skip
    assert (reason["before"], reason["before_on"]) == (None, None)
    assert (reason["data_on"], reason["parameters"][0]["status"]) == ("2026-03-01", "sample")
    assert alert["could_not_see"][0]["rule"] == "income"
    assert [step["kind"] for step in alert["timeline"]] == ["raised"]
    assert alert["members"] == [{"place": 1, "relation": "02", "name": "张*", "sex": "1", "born_in": None}]
    assert answer.headers["ETag"] == '"1"'


def test_a_reason_says_what_was_measured_last_time_in_this_alert_or_in_the_one_before(
    client: TestClient, service: Service
) -> None:
    raise_some(service, [{"illness": (FIRES, 12_000), "income": FIRES}])
    first, home = only_alert(service).id, only_alert(service).household_id
    with database.transaction(service.engine) as session:
        seen = DAY + timedelta(days=9)  # nights on which nothing was new
        session.execute(update(Alert).values(status="closed", closed_at=utc_now(), seen_on=seen))
        on = DAY + timedelta(days=40)
        raise_alerts(session, judge({home: Home({"illness": (FIRES, 15_000)})}, as_of=on), scan=scan(session, on))
    with database.reading(service.engine) as session:
        second = session.scalars(select(Alert.id).where(Alert.previous_id == first)).one()
    reason = client.get(f"/api/v1/alerts/{second}").json()["reasons"][0]
    assert (reason["observed"], reason["before"], reason["before_on"]) == (15_000, 12_000, seen.isoformat())
    with database.transaction(service.engine) as session:
        on = DAY + timedelta(days=41)
        raise_alerts(session, judge({home: Home({"illness": (FIRES, 16_000)})}, as_of=on), scan=scan(session, on))
    reason = client.get(f"/api/v1/alerts/{second}").json()["reasons"][0]
    assert (reason["before"], reason["before_on"]) == (15_000, (DAY + timedelta(days=40)).isoformat())


def test_a_reason_says_the_first_and_the_last_night_on_which_it_fired(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": (FIRES, 12_000), "income": FIRES}])
    alert, home = only_alert(service).id, only_alert(service).household_id
    for days, income in ((1, FIRES), (2, FIRES), (3, SILENT), (4, SILENT)):
        night = DAY + timedelta(days=days)
        judged = judge({home: Home({"illness": (FIRES, 12_000), "income": income})}, as_of=night)
        with database.transaction(service.engine) as session:
            raise_alerts(session, judged, scan=scan(session, night))
            mark_seen(session, "340299", home, home, as_of=night)
    said = {one["rule"]: one for one in client.get(f"/api/v1/alerts/{alert}").json()["reasons"]}
    last = {rule: date.fromisoformat(one["last_on"]) - DAY for rule, one in said.items()}
    assert {rule: one.days for rule, one in last.items()} == {"illness": 4, "income": 2}
    assert {one["first_on"] for one in said.values()} == {DAY.isoformat()}


def test_a_line_of_the_queue_holds_the_heads_number_with_its_middle_taken_out(
    client: TestClient, service: Service
) -> None:
    raise_some(service, [{"illness": FIRES}])
    assert client.get("/api/v1/alerts").json()["items"][0]["id_masked"] == ""
    with database.transaction(service.engine) as session:
        session.scalars(select(Person)).one().id_no = service.keyring.encrypt(NUMBER, about="people.id_no")
    answer = client.get("/api/v1/alerts")
    assert answer.json()["items"][0]["id_masked"] == f"{NUMBER[:6]}********{NUMBER[-4:]}"
    assert NUMBER not in answer.text


def test_no_answer_holds_a_full_name_or_the_key_of_a_person(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES}])
    for path in ("/api/v1/alerts", f"/api/v1/alerts/{only_alert(service).id}"):
        text = client.get(path).text
        assert "张三丰" not in text
        assert '"person"' not in text


def test_a_follow_up_is_recorded_and_closes_the_alert(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES}])
    path = f"/api/v1/alerts/{only_alert(service).id}"
    answer = client.post(f"{path}/follow-ups", json=VISIT)
    assert (answer.status_code, answer.json()["note"]) == (201, "一切安好")
    alert = client.get(path).json()
    assert (alert["status"], alert["closed_why"]) == ("closed", "NE_SHORT")
    assert [quiet["rule"] for quiet in alert["quiet"]] == ["illness"]
    assert [one["finding"] for one in alert["follow_ups"]] == ["no_need"]


def test_the_same_follow_up_again_gets_the_same_answer_and_a_changed_one_a_conflict(
    client: TestClient, service: Service
) -> None:
    raise_some(service, [{"illness": FIRES}])
    path = f"/api/v1/alerts/{only_alert(service).id}/follow-ups"
    first, second = client.post(path, json=VISIT), client.post(path, json=VISIT)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert client.post(path, json=VISIT | {"note": "变了"}).status_code == 409
    another = VISIT | {"id": str(uuid.uuid4())}
    ended = client.post(path, json=another)
    assert (ended.status_code, ended.json()["type"]) == (409, "urn:lowincome:problem:ended")
    assert client.post(path, json=another, headers={"If-Match": '"2"'}).status_code == 409
    assert client.post(path, json=another, headers={"If-Match": ""}).status_code == 422
    client.headers.pop("If-Match")
    assert client.post(path, json=another).status_code == 428
    assert client.post(path, json=VISIT).status_code == 428


def test_a_commit_that_fails_is_never_a_created(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES}])
    path = f"/api/v1/alerts/{only_alert(service).id}/follow-ups"

    def fail(_: Any) -> None:
        raise OSError("disk full")

    event.listen(service.engine, "commit", fail)
    answer = client.post(path, json=VISIT)
    event.remove(service.engine, "commit", fail)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "disk full" not in answer.text
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 0


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"visited_on": "340299196001019999"}, "body.visited_on"),
        ({"id": "340299196001019999"}, "body.id"),
        ({"finding": "340299196001019999"}, "body.finding"),
        ({"reason_code": "340299196001019999"}, "body.reason_code"),
        ({"note": "340299196001019999" * 200}, "body.note"),
        ({"340299196001019999": 1}, "body.?"),
        ({"way": ["340299196001019999"]}, "body.way"),
    ],
)
def test_what_cannot_be_read_is_refused_without_repeating_it(
    client: TestClient, service: Service, change: dict[str, Any], where: str
) -> None:
    raise_some(service, [{"illness": FIRES}])
    answer = client.post(f"/api/v1/alerts/{only_alert(service).id}/follow-ups", json=VISIT | change)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, where)
    assert "340299196001019999" not in answer.text
    assert answer.json()["detail_zh"]


@pytest.mark.parametrize(
    ("change", "code", "zh", "en"),
    [
        ({"visited_on": "31/12/2026"}, "not_a_date", "YYYY-MM-DD", "YYYY-MM-DD"),
        ({"id": 5}, "not_an_id", "UUID", "UUID"),
        ({"finding": "maybe"}, "not_one_of", "confirmed, partly", "confirmed, partly"),
        ({"note": "很" * 5000}, "too_long", "个字符", "characters"),
        ({"note": 5}, "not_a_text", "文字", "text"),
        ({"wrong": 1}, "unknown_field", "没有这个字段", "no such field"),
        ({"way": None}, "not_one_of", "home, phone", "home, phone"),
    ],
)
def test_a_refused_field_is_named_with_what_is_expected_of_it(
    client: TestClient, service: Service, change: dict[str, Any], code: str, zh: str, en: str
) -> None:
    raise_some(service, [{"illness": FIRES}])
    answer = client.post(f"/api/v1/alerts/{only_alert(service).id}/follow-ups", json=VISIT | change).json()
    (fault,) = answer["faults"]
    assert (fault["code"], zh in fault["zh"], en in fault["en"]) == (code, True, True)
    assert (fault["where"] in answer["detail_zh"], fault["zh"] in answer["detail_zh"]) == (True, True)
    assert fault["en"] in answer["detail"]


def test_no_answer_names_a_code_of_the_validating_library(client: TestClient) -> None:
    for query in ({"limit": 0}, {"limit": "x"}, {"level": "purple"}, {"region": "x"}, {"rule": "a'b"}):
        text = client.get("/api/v1/alerts", params=query).text
        words = ("literal_error", "pattern_mismatch", "greater_than", "parsing", "_type", "{0,63}")
        assert [word for word in words if word in text] == []


def test_what_makes_no_sense_is_refused_in_both_languages(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES}])
    path = f"/api/v1/alerts/{only_alert(service).id}/follow-ups"
    said = client.post(path, json=VISIT | {"finding": "false_alarm", "reason_code": None}).json()
    assert (said["status"], "ERR_ID" in said["detail"], "原因代码" in said["detail_zh"]) == (422, True, True)


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 201}, {"level": "purple"}, {"after": "nonsense"}, {"after": "WzEsMl0="}, {"region": "x"},
     {"region": "123"}, {"who": "me"}, {"rule": "a'b"}],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_a_problem(client: TestClient, query: dict[str, Any]) -> None:
    answer = client.get("/api/v1/alerts", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post(f"/api/v1/alerts/{uuid.uuid4()}/follow-ups", content=b" " * 70_000)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_every_answer_carries_its_guards(client: TestClient) -> None:
    for path in ("/healthz", "/api/v1/alerts", "/api/v1/nowhere", "/openapi.json", "/metrics"):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Request-Id"]


def test_what_is_not_there_is_a_problem_too(client: TestClient) -> None:
    for answer in (client.get("/api/v1/nowhere"), client.delete("/api/v1/alerts")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title_zh"]


def test_the_number_of_queries_does_not_grow_with_the_page(client: TestClient, service: Service) -> None:
    raise_some(service, [{"illness": FIRES, "elder": FIRES}] * 20)

    def queries(limit: int) -> int:
        asked: list[str] = []

        def note(*said: Any) -> None:
            asked.append(said[2])

        event.listen(service.engine, "before_cursor_execute", note)
        assert len(client.get("/api/v1/alerts", params={"limit": limit}).json()["items"]) == limit
        event.remove(service.engine, "before_cursor_execute", note)
        return len(asked)

    queries(1)
    assert queries(2) == queries(20)


def test_the_description_names_every_finding_and_reads_nothing_from_elsewhere(client: TestClient) -> None:
    said = client.get("/openapi.json").json()
    assert said["components"]["schemas"]["FollowUpIn"]["properties"]["finding"]["enum"] == list(FINDINGS)
    assert said["components"]["schemas"]["FollowUpIn"]["properties"]["way"]["enum"] == list(WAYS)
    undescribed = [
        (path, verb)
        for path, verbs in said["paths"].items()
        for verb, operation in verbs.items()
        if not operation.get("summary") or not operation.get("description")
    ]
    assert undescribed == []
    assert "cdn" not in json.dumps(said)
    assert client.get("/docs").status_code == 404
