"""The API beside the queue: why and why not for a household, feeds, runs, health and metrics."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from installed import receive, small_pack
from sqlalchemy import event, select, update
from test_jobs_scan import APRIL, FIRST, MARCH, RULES

from api.app import create_app
from jobs.scan import scan
from monitor import access, database
from monitor.service import Service
from monitor.tables import AuditEntry, Scan, utc_now

PATH = "/api/v1/households/{}/explanation"


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


@pytest.fixture
def city(sqlite_service: Service, pack: Path) -> Service:
    installed = replace(sqlite_service, pack=pack)
    receive(installed, FIRST)
    scan(installed, MARCH)
    return installed


@pytest.fixture
def client(city: Service) -> Iterator[TestClient]:
    with TestClient(create_app(city)) as opened:
        opened.headers["Authorization"] = f"Bearer {token(city, '00')}"
        yield opened


def token(service: Service, region: str) -> str:
    with database.transaction(service.engine) as session:
        return access.add_worker(session, f"worker of {region}", region=region, by="test")[1]


def test_an_auditor_is_told_why_not_without_a_name_and_it_stands_in_the_audit(
    client: TestClient, city: Service
) -> None:
    with database.transaction(city.engine) as session:
        worker, text = access.add_worker(session, "审计", region="00", role="auditor", by="test")
        who = str(worker.id)
    auditor = {"Authorization": f"Bearer {text}"}
    ours, theirs = (client.get(PATH.format("H000002"), headers=headers).json() for headers in ({}, auditor))
    assert theirs == ours | {"name": "—"}
    assert client.get(PATH.format("H999999"), headers=auditor).status_code == 404
    assert client.get("/api/v1/households/H000002", headers=auditor).status_code == 403
    with database.reading(city.engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "household.why")).all()
    assert [(one.by, one.subject) for one in noted] == [(who, "H000002")]


def test_an_auditor_learns_of_no_household_without_an_entry_though_it_was_not_there_that_day(
    client: TestClient, city: Service
) -> None:
    with database.transaction(city.engine) as session:
        text = access.add_worker(session, "审计", region="00", role="auditor", by="test")[1]
    auditor = {"Authorization": f"Bearer {text}"}
    for household_no in ("H000002", "H999999"):
        before = client.get(PATH.format(household_no), params={"as_of": "2026-01-01"}, headers=auditor)
        assert before.status_code == 404, before.text
    with database.reading(city.engine) as session:
        noted = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "household.why")).all()
    assert noted == ["H000002"]


def test_what_an_auditor_reads_is_noted_on_the_connection_that_read_it(client: TestClient, city: Service) -> None:
    with database.transaction(city.engine) as session:
        text = access.add_worker(session, "审计", region="00", role="auditor", by="test")[1]
    auditor = {"Authorization": f"Bearer {text}"}
    paths = (PATH.format("H000002"), "/api/v1/reports/missed", "/api/v1/missed")
    client.get(paths[0])  # the tree of regions is read once, by whoever comes first
    held = most = 0

    def taken(*_: object) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)

    def given_back(*_: object) -> None:
        nonlocal held
        held -= 1

    event.listen(city.engine, "checkout", taken)
    event.listen(city.engine, "checkin", given_back)
    assert [client.get(path, headers=auditor).status_code for path in paths] == [200, 200, 200]
    assert (held, most) == (0, 1)
    with database.reading(city.engine) as session:
        noted = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(3)).all()
    assert noted == ["report.missed", "report.missed", "household.why"]


def test_a_household_is_told_why_with_the_rows_behind_it(client: TestClient) -> None:
    said = client.get(PATH.format("H000002")).json()
    assert (said["as_of"], said["name"], said["category"]) == ("2026-03-31", "张*", "near_dibao")
    first = said["answers"][0]
    assert (first["rule"], first["verdict"], first["observed"], first["limit"]) == (
        "medical_self_pay", "fires", 25_000.0, 10_000.0,
    )  # fmt: skip
    assert first["evidence"] == [
        {"feed": "medical_settlements", "delivery": 3, "row": 2, "on": "2026-03-10", "amount": 25000.0, "member": 1}
    ]
    assert first["parameters"][0]["name"] == "medical.self_pay_limit"
    assert said["alert"]


def test_a_household_is_told_why_not_with_the_nearest_limit(client: TestClient) -> None:
    answers = {answer["rule"]: answer for answer in client.get(PATH.format("H000001")).json()["answers"]}
    step = answers["medical_self_pay"]["nearest"][0]
    assert (step["observed"], step["limit"], step["distance"]) == (0.0, 10_000.0, 10_000.0)
    assert step["zh"]
    assert answers["medical_self_pay"]["verdict"] == "silent"


def test_a_stale_feed_is_an_unknown_answer_that_names_what_is_missing(client: TestClient) -> None:
    late = APRIL + timedelta(days=60)
    said = client.get(PATH.format("H000000"), params={"as_of": late.isoformat()}).json()
    answer = next(answer for answer in said["answers"] if answer["rule"] == "medical_self_pay")
    assert (answer["verdict"], answer["unknown"]) == ("unknown", ["medical_self_pay_12m"])
    assert "medical_settlements" in said["stale_feeds"]


def test_a_household_elsewhere_and_one_that_is_not_are_the_same_answer(client: TestClient, city: Service) -> None:
    headers = {"Authorization": f"Bearer {token(city, '340203')}"}
    assert client.get(PATH.format("H000001"), headers=headers).status_code == 200
    hidden = client.get(PATH.format("H000002"), headers=headers)
    absent = client.get(PATH.format("H999999"), headers=headers)
    assert (hidden.status_code, hidden.content) == (404, absent.content)


def test_feeds_say_how_fresh_they_are(client: TestClient) -> None:
    feeds = {feed["feed"]: feed for feed in client.get("/api/v1/feeds").json()}
    assert (feeds["medical_settlements"]["fresh"], feeds["medical_settlements"]["last_known_on"]) == (
        True,
        "2026-03-31",
    )
    late = {feed["feed"]: feed for feed in client.get("/api/v1/feeds", params={"as_of": "2026-05-31"}).json()}
    assert (late["medical_settlements"]["fresh"], late["medical_settlements"]["days"]) == (False, 61)


@pytest.mark.parametrize("as_of", ["0001-01-01", "1989-12-31", "2100-01-01", "9999-12-31"])
@pytest.mark.parametrize("path", [PATH.format("H000002"), "/api/v1/feeds"])
def test_a_date_outside_our_times_is_refused_in_both_languages(client: TestClient, path: str, as_of: str) -> None:
    said = client.get(path, params={"as_of": as_of})
    assert said.status_code == 422
    assert "2099-12-31 之间" in said.json()["detail_zh"]
    assert "lies between 1990-01-01 and 2099-12-31" in said.json()["detail"]


def test_the_last_date_of_our_times_is_answered(client: TestClient) -> None:
    assert client.get(PATH.format("H000002"), params={"as_of": "2099-12-31"}).status_code == 200


def test_runs_say_what_was_done(client: TestClient) -> None:
    runs = client.get("/api/v1/runs").json()
    assert [(run["job"], run["status"], run["counts"]["raised"]) for run in runs] == [("scan", "done", 3)]


def test_ready_turns_when_no_scan_ended_for_a_day_and_a_half(client: TestClient, city: Service) -> None:
    assert client.get("/readyz").json()["status"] == "ready"
    with database.transaction(city.engine) as session:
        session.execute(update(Scan).values(finished_at=utc_now() - timedelta(hours=37)))
    late = client.get("/readyz")
    assert (late.status_code, late.json()["status"], late.json()["last_scan_as_of"]) == (
        503, "scan_overdue", "2026-03-31",
    )  # fmt: skip


def test_metrics_remember_the_last_scan_over_a_restart(city: Service) -> None:
    long_ago = utc_now() - timedelta(days=3)
    with database.transaction(city.engine) as session:
        session.execute(update(Scan).values(finished_at=long_ago))
        token = access.add_worker(session, "scraper", region="00", role="service", by="test")[1]
    with TestClient(create_app(city), headers={"Authorization": f"Bearer {token}"}) as again:
        lines = again.get("/metrics").text.splitlines()
    name = "lowincome_scan_last_success_timestamp_seconds"
    value = float(next(line for line in lines if line.startswith(name)).split()[-1])
    assert value == pytest.approx(long_ago.timestamp(), abs=1)


def test_a_date_before_any_law_is_refused_and_breaks_nothing(client: TestClient) -> None:
    answer = client.get(PATH.format("H1"), params={"as_of": "1999-01-01"})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
