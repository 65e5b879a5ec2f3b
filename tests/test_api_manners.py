"""HTTP manners of every route: what each answer carries, what a refusal says, what the description promises."""

import gzip
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from factories import FIRES, Home, judge, register, scan
from fastapi import APIRouter
from fastapi.testclient import TestClient
from jsonschema_rs import validator_for
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.description import example
from api.guard import MOST_BYTES, guards
from api.problems import _NEXT, _TITLES
from monitor import access, database
from monitor.alerts import raise_alerts
from monitor.service import Service

ORIGIN = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}


@pytest.fixture
def client(sqlite_service: Service) -> Iterator[TestClient]:
    app = create_app(sqlite_service)
    broken = APIRouter()

    @broken.get("/broken")
    def fail() -> None:
        """Break for a reason that must stay inside."""
        raise RuntimeError("340299196001019999")

    @broken.get("/away")
    def away() -> None:
        """Find the database gone."""
        raise OperationalError("SELECT '340299196001019999'", {}, Exception("gone"))

    app.include_router(broken)
    with database.transaction(sqlite_service.engine) as session:
        token = access.add_worker(session, "林干事", region="00", by="test")[1]
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token}"}) as opened:
        yield opened


def operations(client: TestClient) -> list[tuple[str, str, dict[str, Any]]]:
    said = client.get("/openapi.json").json()
    return [(path, verb, one) for path, verbs in said["paths"].items() for verb, one in verbs.items()]


def test_every_answer_of_every_route_carries_the_guards_and_its_own_id(client: TestClient) -> None:
    wanted = {name.decode() for name, _ in guards("x")}
    seen = set()
    asked = [(verb, path.replace("{", "").replace("}", "")) for path, verb, _ in operations(client)]
    for verb, path in [*asked, ("get", "/nowhere"), ("put", "/healthz"), ("get", "/broken"),
                       ("get", "/away"), ("options", "/api/v1/alerts")]:  # fmt: skip
        answer = client.request(verb, path)
        assert wanted <= set(answer.headers), (path, wanted - set(answer.headers))
        of_policy = path.startswith("/api/v1/policy/") and "etag" in answer.headers  # law names nobody
        assert answer.headers["cache-control"] == ("private, no-cache" if of_policy else "no-store"), path
        assert len(answer.headers.get_list("x-request-id")) == 1
        seen.add(answer.headers["x-request-id"])
    assert len(seen) == len(asked) + 5


def test_no_other_origin_is_ever_let_in(client: TestClient) -> None:
    for verb in ("OPTIONS", "GET"):
        for path in ("/api/v1/alerts", "/healthz", "/openapi.json"):
            answer = client.request(verb, path, headers=ORIGIN)
            assert not [name for name in answer.headers if name.startswith("access-control")]
    assert client.options("/api/v1/alerts", headers=ORIGIN).status_code == 405


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("get", "/nowhere", 404), ("put", "/healthz", 405), ("get", "/broken", 500), ("get", "/away", 503),
        ("get", "/api/v1/alerts?limit=x", 422), ("get", "/api/v1/alerts/00000000-0000-4000-8000-000000000000", 404),
        ("post", "/api/v1/deliveries?feed=x", 403),
    ],
)  # fmt: skip
def test_every_refusal_is_a_problem_in_two_languages_that_says_what_to_do(
    client: TestClient, verb: str, path: str, status: int
) -> None:
    answer = client.request(verb, path)
    said = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said["status"] == status
    assert all(said[field] for field in ("type", "title", "title_zh", "detail", "detail_zh", "next", "next_zh"))
    assert "340299196001019999" not in answer.text


def test_what_may_be_well_in_a_moment_says_when_to_ask_again(client: TestClient) -> None:
    assert client.get("/away").headers["retry-after"] == "5"


def test_every_title_has_its_next_step() -> None:
    assert set(_TITLES) == set(_NEXT)


def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client: TestClient) -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1024
            yield b"x" * 1024

    path = f"/api/v1/alerts/{uuid.uuid4()}/follow-ups"
    answer = client.post(path, content=pieces(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")
    assert client.post(path, content=b"x" * (MOST_BYTES + 1)).status_code == 413


def test_a_long_answer_is_compressed_for_who_can_read_it(client: TestClient, sqlite_service: Service) -> None:
    with database.transaction(sqlite_service.engine) as session:
        homes = register(session, 30)
        raise_alerts(session, judge({home.id: Home({"illness": FIRES}) for home in homes}), scan=scan(session))
    with client.stream("GET", "/api/v1/alerts", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) < len(gzip.decompress(raw)) / 4
    plain = client.get("/api/v1/alerts", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_the_description_tells_every_refusal_what_for_and_gives_an_example_of_every_body(client: TestClient) -> None:
    said = client.get("/openapi.json").json()
    for path, verb, one in operations(client):
        assert one.get("summary"), path
        assert one.get("description"), path
        wanted = {"500", "503"} | ({"401", "403"} if "x-action" in one else set())
        wanted |= {"400", "413", "422"} if "requestBody" in one else set()
        assert wanted <= set(one["responses"]), (verb, path)
        for status, answer in one["responses"].items():
            assert answer["description"]
            if status[0] in "45" and path != "/readyz":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
        for body in [one.get("requestBody", {}), *one["responses"].values()]:
            shown = body.get("content", {}).get("application/json")
            if shown is not None and "$ref" in shown["schema"]:
                schema = said["components"]["schemas"][shown["schema"]["$ref"].rsplit("/", 1)[1]]
                assert shown["example"] is not None, path
                assert set(shown["example"]) >= set(schema.get("required", ())), path


def test_the_example_of_what_a_route_takes_is_valid_by_its_schema(client: TestClient) -> None:
    said = client.get("/openapi.json").json()
    tried = 0
    for path, _, one in operations(client):
        shown = one.get("requestBody", {}).get("content", {}).get("application/json")
        if shown is not None:
            check = validator_for({**shown["schema"], "components": said["components"]}, validate_formats=True)
            assert [str(error) for error in check.iter_errors(shown["example"])] == [], path
            tried += 1
    assert tried > 0


def test_an_example_prefers_what_the_page_says_and_follows_references() -> None:
    known = {"A": {"type": "object", "properties": {"on": {"type": "string", "format": "date"}}}}
    assert example({"$ref": "#/components/schemas/A"}, known) == {"on": "2026-03-02"}
    assert example({"type": "array", "items": {"enum": ["red"]}}, known) == ["red"]
    assert example({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}, known) == 3
    assert example({"type": "string", "examples": ["张*"]}, known) == "张*"
    assert example({"const": "ok"}, known) == "ok"


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", "/api/v1/alerts/search", "POST"), ("OPTIONS", "/api/v1/alerts/search", "POST"),
        ("OPTIONS", "/api/v1/households/search", "POST"), ("GET", "/api/v1/alerts/next", "POST"),
        ("DELETE", "/api/v1/alerts", "GET"),
    ],
)  # fmt: skip
def test_an_address_takes_what_its_description_says_and_tells_it(
    client: TestClient, verb: str, path: str, allowed: str
) -> None:
    answer = client.request(verb, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("day", ["0", "1772409600", "2026-3-1", "20260301", "2026-03-01T00:00:00"])
def test_a_day_in_a_query_is_written_one_way(client: TestClient, day: str) -> None:
    for path in ("/api/v1/reports", "/api/v1/feeds", "/api/v1/missed"):
        name = "as_of" if path.endswith("feeds") else "until"
        answer = client.get(path, params={name: day})
        assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, "not_a_date"), path


@pytest.mark.parametrize("flag", [0, 1, "0", "yes", "", []])
def test_a_truth_is_written_one_way(client: TestClient, flag: Any) -> None:
    answer = client.post("/api/v1/alerts/bulk/assign-by-village", json={"all_of": {"recurring": flag}})
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, "not_a_flag")
    for said in ("true", "false"):
        assert client.get("/api/v1/alerts", params={"recurring": said}).status_code == 200
