"""Reports over HTTP: every figure and its list agree, cut to the viewer, open to no role without case data."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from test_monitor_reports import world

from api.app import create_app
from jobs.follow import follow
from monitor import access, database, reports
from monitor.reports import weeks as reports_weeks
from monitor.service import Service, today
from monitor.tables import Alert, AuditEntry, Choice, Worker


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    world(service, 1)
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = bearer(service, "主管", role="supervisor")
        yield opened


def bearer(service: Service, name: str, *, region: str = "00", role: str = "caseworker") -> str:
    with database.transaction(service.engine) as session:
        return f"Bearer {access.add_worker(session, name, region=region, role=role, by='test')[1]}"


def test_each_cell_opens_to_exactly_the_alerts_it_counts(client: TestClient) -> None:
    for name, figure in reports.FIGURES.items():
        for by in (None, *figure.dimensions):
            params = {} if by is None else {"by": by}
            table = client.get(f"/api/v1/reports/{name}", params=params).json()
            cells = table["cells"] if by else [table["total"]]
            assert cells, (name, by)
            for cell in cells[:4]:
                asked = params | {"key": cell["key"] if cell["key"] is not None else "-"}
                behind = client.get(f"/api/v1/reports/{name}/alerts", params=asked | {"limit": 200}).json()
                assert behind["count"] == len(behind["items"]) == cell["counted"], (name, by, cell)


def test_the_overview_tells_every_figure_with_its_meaning_and_when_it_was_known(client: TestClient) -> None:
    said = client.get("/api/v1/reports").json()
    assert [one["figure"]["name"] for one in said] == list(reports.FIGURES)
    assert all(one["figure"]["zh"] and one["figure"]["en"] and one["as_known_at"] for one in said)
    opened = {one["figure"]["name"]: one["total"]["value"] for one in said}
    queue = client.get("/api/v1/alerts", params={"limit": 200}).json()
    assert opened["open"] == len(queue["items"])


def test_a_worker_counts_what_is_theirs_and_a_wider_region_adds_nothing(client: TestClient, service: Service) -> None:
    headers = {"Authorization": bearer(service, "方干事", region="340207")}
    mine = client.get("/api/v1/reports/raised", params={"by": "county"}, headers=headers).json()
    assert [cell["key"] for cell in mine["cells"]] == ["340207"]
    other = client.get("/api/v1/reports/raised", params={"region": "340202"}, headers=headers).json()
    assert other["total"]["counted"] == 0
    behind = client.get("/api/v1/reports/raised/alerts", params={"region": "340202"}, headers=headers).json()
    assert behind == {"count": 0, "items": [], "next": None}


@pytest.mark.parametrize("role", ["administrator", "security", "auditor", "service"])
def test_a_role_without_case_data_is_told_no_number(client: TestClient, service: Service, role: str) -> None:
    headers = {"Authorization": bearer(service, role, role=role)}
    for path in ("/api/v1/reports", "/api/v1/reports/open", "/api/v1/reports/open/alerts"):
        assert client.get(path, headers=headers).status_code == 403


def test_an_unknown_figure_or_split_is_refused_with_what_there_is(client: TestClient) -> None:
    assert client.get("/api/v1/reports/everything").status_code == 404
    refused = client.get("/api/v1/reports/open", params={"by": "rule"})
    assert (refused.status_code, "split by" in refused.json()["detail"]) == (422, True)
    assert client.get("/api/v1/reports/open", params={"by": "owner"}).status_code == 422


def test_the_job_that_follows_may_run_twice(service: Service) -> None:
    world(service, 2)
    with database.reading(service.engine) as session:
        before = reports.cells(session, reports.Asked("raised", "village"), viewer=access.Viewer(**WHO))
    assert follow(service, today()) == follow(service, today())
    with database.reading(service.engine) as session:
        assert reports.cells(session, reports.Asked("raised", "village"), viewer=access.Viewer(**WHO)) == before


WHO = {"worker": uuid.UUID(int=1), "name": "t", "role": "supervisor", "region": "00"}


def test_the_weeks_count_what_the_figures_count_of_their_days(client: TestClient, service: Service) -> None:
    with database.reading(service.engine) as session:
        viewer = access.Viewer(uuid.uuid4(), "主管", "supervisor", "00")
        found = reports_weeks(session, until=date(2026, 4, 29), many=20, viewer=viewer)
        none = reports_weeks(session, until=date(2024, 4, 29), many=2, viewer=viewer)
    assert [(week.since.weekday(), (week.until - week.since).days) for week in found] == [(0, 6)] * 20
    assert found[-1].since <= date(2026, 4, 29) <= found[-1].until
    assert sum(week.raised for week in found) > sum(week.closed for week in found) > 0
    assert [(week.raised, week.closed) for week in none] == [(0, 0), (0, 0)]
    for week in found[-6:]:
        for name, count in (("raised", week.raised), ("closed", week.closed)):
            asked = {"since": week.since.isoformat(), "until": week.until.isoformat()}
            assert client.get(f"/api/v1/reports/{name}/alerts", params=asked).json()["count"] == count
    said = client.get("/api/v1/reports/weeks", params={"weeks": 3, "region": "340202"}).json()
    assert [one["since"] for one in said] == sorted({one["since"] for one in said})
    assert len(said) == 3


def test_the_estimate_of_missed_cases_gives_no_number_on_too_few_visits(client: TestClient) -> None:
    said = client.get("/api/v1/reports/missed").json()
    assert (said["drawn"], said["enough"], said["estimate"], said["low"]) == (0, False, None, None)
    asked = {"since": "2026-01-01", "until": "2026-03-31"}
    assert client.get("/api/v1/reports/missed", params=asked).json()["until"] == "2026-03-31"


def test_an_auditor_reads_how_many_were_missed_everywhere_and_it_stands_in_the_audit(
    client: TestClient, service: Service
) -> None:
    with database.transaction(service.engine) as session:
        alert = session.scalars(select(Alert).order_by(Alert.id).limit(1)).one()
        drawn = {"as_of": today(), "week": "2026-W01", "reason": "audit", "capacity": 9, "propensity": 0.5}
        place = {"county": alert.county, "town": alert.town, "village": alert.village}
        session.add(Choice(household_id=alert.household_id, alert_id=alert.id, **drawn, **place))
    auditor = {"Authorization": bearer(service, "审计", role="auditor")}
    for path in ("/api/v1/reports/missed", "/api/v1/missed"):
        asked = {"since": (today() - timedelta(days=1)).isoformat(), "until": today().isoformat()}
        theirs, ours = (client.get(path, params=asked, headers=who).json() for who in (auditor, {}))
        assert theirs == ours
        assert ours["drawn"] == 1
    assert client.get("/api/v1/reports", headers=auditor).status_code == 403
    with database.reading(service.engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "report.missed")).all()
        who = session.scalar(select(Worker.id).where(Worker.name == "审计"))
    assert [(one.by, one.subject) for one in noted] == [(str(who), "00")] * 2
