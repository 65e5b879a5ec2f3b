"""Visits done on paper over HTTP: looked at first, columns remembered, what is wrong told by row, taken back."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, Home, judge, register, scan
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from test_api_sheets import ROW, bearer, lines, sheet

from api.app import create_app
from monitor import audit, database, imports
from monitor.alerts import raise_alerts
from monitor.service import Service
from monitor.tables import Alert, AuditEntry, Case, FollowUp, VisitSheet, utc_now

TWO = (ROW, ROW | {"户编号": "H000002", "结论": "情况属实", "原因代码": ""})
OWN = f"编号,哪天去的,怎么去的,结果,代码,说法\nH000001,{DAY.isoformat()},入户,核实无需帮扶,NE_SHORT,好\n"
OWN_PLACES = ["household_no:0", "visited_on:1", "way:2", "finding:3", "reason_code:4", "note:5"]


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with database.transaction(service.engine) as session:
        homes = register(session, 3)
        raise_alerts(session, judge({home.id: Home({"illness": FIRES}) for home in homes}), scan=scan(session))
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = bearer(service, "林干事")
        yield opened


def look(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/v1/visits/preview", content=data, params=query)


def take(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/v1/visits/import", content=data, params=query)


def counted(service: Service) -> dict[str, int]:
    with database.reading(service.engine) as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in (FollowUp, VisitSheet, AuditEntry)
        }


def test_a_look_says_what_would_become_of_every_row_and_records_nothing(client: TestClient, service: Service) -> None:
    before = counted(service)
    data = sheet(*TWO, ROW | {"户编号": "H999999"})
    said = look(client, data).json()
    assert (said["would"]["recorded"], said["would"]["repeated"], said["count"]) == (2, 0, 3)
    assert [(one["row"], "no such household" in one["en"]) for one in said["would"]["errors"]] == [(4, True)]
    assert said["would"]["sheet"] is None
    assert [one["place"] for one in said["columns"]] == list(range(len(imports.COLUMNS)))
    assert (said["encoding"], said["remembered"]) == (None, False)
    assert counted(service) == before
    assert take(client, data).json()["recorded"] == 2
    assert look(client, data).json()["would"]["repeated"] == 2


def test_a_look_shows_twenty_rows_and_how_a_text_file_is_encoded(client: TestClient) -> None:
    data = sheet(*[ROW] * 30, ending="csv")
    said = look(client, data, ending="csv").json()
    assert (len(said["rows"]), said["count"], said["encoding"]) == (20, 30, "GB18030")
    assert (said["rows"][0]["row"], said["rows"][0]["cells"][0]) == (2, "H000001")
    utf8 = data.decode("gb18030")
    assert look(client, utf8.encode(), ending="csv").json()["encoding"] == "UTF-8"
    assert look(client, utf8.encode("utf-16"), ending="csv").json()["encoding"] == "UTF-16"


def test_columns_of_other_titles_are_named_once_and_remembered(client: TestClient, service: Service) -> None:
    asked = {"ending": "csv"}
    first = look(client, OWN.encode(), **asked).json()
    assert (first["would"], first["header"][:2]) == (None, ["编号", "哪天去的"])
    assert take(client, OWN.encode(), **asked).status_code == 422
    assert look(client, OWN.encode(), **asked, columns=OWN_PLACES).json()["would"]["recorded"] == 1
    assert take(client, OWN.encode(), **asked, columns=OWN_PLACES).json()["recorded"] == 1
    again = look(client, OWN.replace("H000001", "H000002").encode(), **asked).json()
    assert (again["remembered"], again["would"]["recorded"]) == (True, 1)
    assert {one["name"]: one["place"] for one in again["columns"]}["note"] == 5
    other = {"Authorization": bearer(service, "方干事")}
    theirs = client.post("/api/v1/visits/preview", content=OWN.encode(), params=asked, headers=other).json()
    assert (theirs["remembered"], theirs["would"]) == (False, None)
    with database.reading(service.engine) as session:
        kept = session.scalars(select(VisitSheet)).one()
        assert "编号" not in f"{kept.header}{kept.places}"


@pytest.mark.parametrize(
    "places",
    [
        ["household_no:0"],
        [*OWN_PLACES[:4], "note:9"],
        ["household_no:0", "visited_on:0", "way:2", "finding:3"],
        ["x:1"],
    ],
)
def test_a_mapping_that_cannot_be_is_refused_and_one_that_lacks_columns_records_nothing(
    client: TestClient, places: list[str]
) -> None:
    assert take(client, OWN.encode(), ending="csv", columns=places).status_code == 422


def test_what_a_look_refuses_comes_as_a_workbook_too(client: TestClient) -> None:
    book = look(client, sheet(ROW, ROW | {"户编号": "H999999"}), answer="errors")
    headings, *refused = lines(book.content)
    assert (headings[-1], len(refused)) == ("未导入原因", 1)
    assert refused[0][0] == "H999999"
    assert "第3行" in refused[0][-1]


def test_a_sheet_is_taken_back_whole_and_its_rows_can_be_sent_again(client: TestClient, service: Service) -> None:
    done = take(client, sheet(*TWO)).json()
    (mine,) = client.get("/api/v1/visits/sheets").json()
    assert (mine["id"], mine["recorded"], mine["undone_at"]) == (done["sheet"], 2, None)
    undone = client.post(f"/api/v1/visits/sheets/{done['sheet']}/undo").json()
    assert (undone["sheet"]["undone"], undone["kept"]) == (2, [])
    with database.reading(service.engine) as session:
        assert set(session.scalars(select(Alert.status))) == {"open"}
        assert all(session.scalars(select(FollowUp.undone_at)))
        assert session.scalars(select(Case.status)).all() == ["annulled"]
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("visits.")).order_by(AuditEntry.id)
        ).all()
        assert actions == ["visits.imported", "visits.import_undone"]
        assert list(audit.broken_links(session)) == []
    assert client.post(f"/api/v1/visits/sheets/{done['sheet']}/undo").status_code == 409
    again = take(client, sheet(*TWO)).json()
    assert (again["recorded"], again["repeated"]) == (2, 0)
    assert take(client, sheet(*TWO)).json()["repeated"] == 2


def test_a_visit_after_which_something_was_done_stays_and_is_named(client: TestClient, service: Service) -> None:
    done = take(client, sheet(*TWO)).json()
    with database.reading(service.engine) as session:
        visited = session.scalars(select(Alert).where(Alert.status == "visited")).one()
    body = {
        "id": str(uuid.uuid4()), "visited_on": DAY.isoformat(), "way": "phone", "finding": "unreachable",
    }  # fmt: skip
    later = client.post(
        f"/api/v1/alerts/{visited.id}/follow-ups", json=body, headers={"If-Match": f'"{visited.version}"'}
    )
    assert later.status_code in (200, 201), later.text
    undone = client.post(f"/api/v1/visits/sheets/{done['sheet']}/undo").json()
    assert undone["sheet"]["undone"] == 1
    assert [(one["household_no"], "stays" in one["en"]) for one in undone["kept"]] == [("H000002", True)]


def test_nobody_takes_back_anothers_sheet_nor_one_of_the_day_before(client: TestClient, service: Service) -> None:
    done = take(client, sheet(*TWO)).json()
    path = f"/api/v1/visits/sheets/{done['sheet']}/undo"
    other = {"Authorization": bearer(service, "方干事")}
    assert client.post(path, headers=other).status_code == 404
    assert client.get("/api/v1/visits/sheets", headers=other).json() == []
    with database.transaction(service.engine) as session:
        session.execute(update(VisitSheet).values(sent_at=utc_now() - timedelta(hours=25)))
    answer = client.post(path)
    assert (answer.status_code, "older than a day" in answer.json()["detail"]) == (409, True)


def test_the_server_keeps_the_sheets_of_nobody_who_may_not_import(client: TestClient, service: Service) -> None:
    village = {"Authorization": bearer(service, "协理员", role="assistant")}
    for path in ("preview", "import"):
        assert client.post(f"/api/v1/visits/{path}", content=sheet(ROW), headers=village).status_code == 403
    assert client.get("/api/v1/visits/sheets", headers=village).status_code == 403
