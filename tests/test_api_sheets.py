"""Sheets out and in: text only, watermarked, masked, audited; nothing carried out, nothing recorded twice."""

import csv
import io
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from factories import DAY, FIRES, Home, judge, register, scan
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from test_monitor_reports import world

from api.app import create_app
from monitor import access, database, exports, imports
from monitor.alerts import raise_alerts
from monitor.service import Service
from monitor.sheets import MEDIA_TYPE, Watermark, harmless, workbook
from monitor.tables import Alert, AuditEntry, ExportRequest, FollowUp, Person, utc_now

MARK = Watermark("林干事", "2026-03-02 09:00", "例会", "n-1")
ROW = {
    "户编号": "H000001",
    "核查日期": DAY.isoformat(),
    "方式": "入户",
    "结论": "核实无需帮扶",
    "原因代码": "NE_SHORT",
    "说明": "好",
}


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with database.transaction(service.engine) as session:
        homes = register(session, 3)
        for person in session.scalars(select(Person)):
            person.name = service.keyring.encrypt("张三丰", about="people.name")
        raise_alerts(session, judge({home.id: Home({"illness": FIRES}) for home in homes}), scan=scan(session))
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = bearer(service, "林干事")
        yield opened


def bearer(service: Service, name: str, *, region: str = "00", role: str = "caseworker") -> str:
    with database.transaction(service.engine) as session:
        return f"Bearer {access.add_worker(session, name, region=region, role=role, by='test')[1]}"


def lines(data: bytes) -> list[list[Any]]:
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)]


def sheet(*rows: dict[str, str], ending: str = "xlsx") -> bytes:
    table = [[row.get(name) or "" for name in imports.COLUMNS] for row in rows]
    if ending == "xlsx":
        return workbook("x", list(imports.COLUMNS), table, watermark=None)
    held = io.StringIO()
    csv.writer(held).writerows([list(imports.COLUMNS), *table])
    return held.getvalue().encode("gb18030")


def send(client: TestClient, data: bytes, **query: str) -> Any:
    return client.post("/api/v1/visits/import", content=data, params=query)


@given(st.text(alphabet=st.characters() | st.sampled_from("=+-@\t\r\n\x00'＝ "), max_size=40))
def test_no_text_becomes_a_formula_or_a_number_in_a_workbook(text: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook("表", ["列"], [[text, 340299196001019999]], watermark=MARK)))
    cell, number = book.worksheets[0][3][0], book.worksheets[0][3][1]
    assert cell.value is None or isinstance(cell.value, str)
    assert not re.match(r"^[\s\x00]*[=+\-@＝＋－＠\t\r\n]", cell.value or "")
    assert (number.value, number.number_format) == ("340299196001019999", "@")


def test_what_a_cell_shows_is_the_text_itself_where_it_is_harmless() -> None:
    assert [harmless(value) for value in ("张*", None, 7, "a=b", "")] == ["张*", "", "7", "a=b", ""]
    assert harmless("=1+1") == "'=1+1"
    assert harmless("\x08@sum") == "'@sum", "what a workbook may not hold goes, and does not hide a formula"
    assert len(harmless("字" * 40_000)) < 32_768


def test_alerts_go_out_masked_under_a_watermark_and_the_audit_knows_the_number(
    client: TestClient, service: Service
) -> None:
    answer = client.post("/api/v1/exports/alerts", json={"why": "例会材料"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    mark, headings, *rows = lines(answer.content)
    assert mark[0].count("林干事") == mark[0].count("例会材料") == 1
    assert headings[:2] == ["户编号", "户主（隐去）"]
    assert [row[:2] for row in rows] == [[f"H00000{number}", "张*"] for number in (1, 2, 3)]
    with database.reading(service.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alerts.exported")).one()
        assert entry.subject in mark[0]
        assert entry.detail["rows"] == 3


def test_a_large_export_is_agreed_to_by_another_and_taken_once_they_did(client: TestClient, service: Service) -> None:
    small = replace(service, settings=replace(service.settings, export_rows_alone=2))
    client = TestClient(create_app(small), headers=client.headers, raise_server_exceptions=False)
    boss, far = ({"Authorization": bearer(service, who, region=region, role="supervisor")}
                 for who, region in (("主管", "00"), ("外县", "340203")))  # fmt: skip
    asked = client.post("/api/v1/exports/alerts", json={"why": "例会材料", "level": "orange"})
    assert asked.status_code == 200, "no row is no export to agree to"
    asked = client.post("/api/v1/exports/alerts", json={"why": "例会材料"})
    assert (asked.status_code, asked.json()["rows"], asked.json()["status"]) == (202, 3, "asked")
    path, seen = f"/api/v1/exports/requests/{asked.json()['id']}", {"If-Match": '"1"'}
    assert client.post(f"{path}/file").status_code == 409
    assert client.post(f"{path}/decision", json={"verdict": "agree"}, headers=seen).status_code == 403
    assert client.post(f"{path}/decision", json={"verdict": "agree"}, headers=boss).status_code == 428
    assert client.get(path, headers=far).status_code == 404
    assert client.post(f"{path}/decision", json={"verdict": "agree"}, headers=far | seen).status_code == 404
    assert client.get("/api/v1/exports/requests", headers=far).json() == []
    (waiting,) = client.get("/api/v1/exports/requests", headers=boss).json()
    assert (waiting["why"], waiting["asked_by"]) == ("例会材料", "林干事")
    agreed = client.post(f"{path}/decision", json={"verdict": "agree"}, headers=boss | seen)
    assert (agreed.json()["status"], agreed.json()["decided_by"], agreed.headers["ETag"]) == ("agreed", "主管", '"2"')
    assert client.post(f"{path}/decision", json={"verdict": "refuse"}, headers=boss | seen).status_code == 412
    again = client.post(f"{path}/decision", json={"verdict": "refuse"}, headers=boss | {"If-Match": '"2"'})
    assert again.status_code == 409
    assert client.post(f"{path}/file", headers=boss).status_code == 403
    assert len(lines(client.post(f"{path}/file").content)) == 5
    assert client.get(path).json()["status"] == "taken"
    kept_exports = select(AuditEntry.action).where(AuditEntry.action.contains("export")).order_by(AuditEntry.id)
    with database.transaction(service.engine) as session:
        kept = session.scalars(kept_exports).all()
        session.execute(update(ExportRequest).values(decided_at=utc_now() - timedelta(hours=25)))
    assert list(kept) == ["alerts.exported", "export.asked", "export.agreed", "alerts.exported"]
    assert client.post(f"{path}/file").status_code == 409


def test_only_what_was_ticked_goes_out_of_what_the_queue_shows_alone_and_by_two(
    client: TestClient, service: Service
) -> None:
    small = replace(service, settings=replace(service.settings, export_rows_alone=1))
    client = TestClient(create_app(small), headers=client.headers, raise_server_exceptions=False)
    first, second, _ = (one["id"] for one in client.get("/api/v1/alerts").json()["items"])
    alone = client.post("/api/v1/exports/alerts", json={"why": "例会材料", "alerts": [second]})
    assert [row[0] for row in lines(alone.content)[2:]] == ["H000002"]
    beyond = {"why": "例会材料", "level": "orange", "alerts": [first]}
    assert len(lines(client.post("/api/v1/exports/alerts", json=beyond).content)) == 2, "ticked, but not shown so"
    asked = client.post("/api/v1/exports/alerts", json={"why": "例会材料", "alerts": [first, second]})
    assert (asked.status_code, asked.json()["rows"], asked.json()["narrowed"]) == (202, 2, {"alerts": [first, second]})
    boss = {"Authorization": bearer(service, "主管", role="supervisor"), "If-Match": '"1"'}
    path = f"/api/v1/exports/requests/{asked.json()['id']}"
    assert client.post(f"{path}/decision", json={"verdict": "agree"}, headers=boss).status_code == 200
    assert [row[0] for row in lines(client.post(f"{path}/file").content)[2:]] == ["H000001", "H000002"]
    assert client.post("/api/v1/exports/alerts", json={"why": "例会材料", "alerts": []}).status_code == 422


def test_many_small_exports_of_a_day_are_a_large_one(client: TestClient, service: Service) -> None:
    small = replace(service, settings=replace(service.settings, export_rows_alone=5))
    client = TestClient(create_app(small), headers=client.headers, raise_server_exceptions=False)
    said = [client.post("/api/v1/exports/alerts", json={"why": "例会材料"}).status_code for _ in range(3)]
    assert said == [200, 202, 202]


def test_an_export_is_cut_to_the_region_and_refused_without_a_reason_or_a_role(
    client: TestClient, service: Service
) -> None:
    mine = {"Authorization": bearer(service, "方干事", region="340203")}
    assert len(lines(client.post("/api/v1/exports/alerts", json={"why": "例会材料"}, headers=mine).content)) == 2
    assert client.post("/api/v1/exports/alerts", json={"why": "无"}).status_code == 422
    village = {"Authorization": bearer(service, "协理员", role="assistant")}
    assert client.post("/api/v1/exports/alerts", json={"why": "例会材料"}, headers=village).status_code == 403


def test_an_export_holds_what_the_queue_shows_and_in_its_order(client: TestClient) -> None:
    """Each narrowing of the queue is one of the export, and a request keeps it until it is taken."""
    asked = (
        {"rule": "illness"}, {"direction": "leave"}, {"group": "later"}, {"owner": "nobody"}, {"owner": "me"},
        {"recurring": "false"}, {"cleared": "true"}, {"status": "open"}, {"factor": "illness"},
    )  # fmt: skip
    for narrow in asked:
        shown = client.get("/api/v1/alerts", params=narrow).json()["items"]
        answer = client.post("/api/v1/exports/alerts", json={"why": "例会材料", **narrow})
        rows = [row[0] for row in lines(answer.content)[2:]]
        assert rows == [one["household_no"] for one in shown], narrow
    assert client.post("/api/v1/exports/alerts", json={"why": "例会材料", "factor": "nix"}).status_code == 422


def test_more_rows_than_one_export_may_hold_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    answer = client.post("/api/v1/exports/alerts", json={"why": "例会材料"})
    assert (answer.status_code, "narrow it down" in answer.json()["detail"]) == (422, True)


def test_a_report_goes_out_by_whole_quarters_with_small_cells_starred(service: Service) -> None:
    world(service, 1, homes=100)
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = bearer(service, "主管", role="supervisor")
        said = {"why": "季度通报", "figure": "raised", "by": "town", "since": "2026-01-01", "until": "2026-03-31"}
        mark, headings, *rows = lines(opened.post("/api/v1/exports/report", json=said).content)
        assert "季度通报" in mark[0]
        assert headings == ["键", "名称", "数值", "计入", "总数"]
        assert [row[0] for row in rows] == ["340202001", "340202002", "340207001"]
        shown = [int(row[3]) for row in rows if row[3] != "*"]
        assert all(count >= 10 for count in shown)
        for wrong in ({"since": "2026-02-01"}, {"until": "2026-03-30"}, {"since": None}):
            refused = opened.post("/api/v1/exports/report", json=said | wrong)
            assert (refused.status_code, "quarter" in refused.json()["detail"]) == (422, True)
        assert opened.post("/api/v1/exports/report", json={"why": "季度通报", "figure": "open"}).status_code == 200


def test_no_exported_split_lets_a_small_number_be_had_by_subtraction(service: Service) -> None:
    world(service, 9, homes=40)
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        opened.headers["Authorization"] = bearer(service, "主管", role="supervisor")
        tables: dict[str, dict[str, int | None]] = {}
        for by in ("county", "town", "village"):
            said = {"why": "季度通报", "figure": "raised", "by": by, "since": "2026-01-01", "until": "2026-03-31"}
            rows = lines(opened.post("/api/v1/exports/report", json=said).content)[2:]
            tables[by] = {row[0]: None if row[3] == "*" else int(row[3]) for row in rows}
        for upper, lower, length in (("county", "town", 6), ("town", "village", 9)):
            for parent, count in tables[upper].items():
                below = {key: value for key, value in tables[lower].items() if key[:length] == parent}
                unseen = [key for key, value in below.items() if value is None]
                if count is None:
                    assert not [value for value in below.values() if value]
                elif unseen:
                    assert len(unseen) >= 2
                    assert count - sum(value or 0 for value in below.values()) >= 10


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_sheet_of_visits_is_recorded_once_however_often_it_is_sent(
    client: TestClient, service: Service, ending: str
) -> None:
    data = sheet(ROW, ROW | {"户编号": "H000002", "结论": "情况属实", "原因代码": ""}, ending=ending)
    first = send(client, data, ending=ending).json()
    assert first == {"recorded": 2, "repeated": 0, "errors": [], "sheet": first["sheet"]}
    nothing = {"recorded": 0, "repeated": 2, "errors": [], "sheet": None}
    assert send(client, data, ending=ending).json() == nothing
    other = {"Authorization": bearer(service, "方干事")}
    again = client.post("/api/v1/visits/import", content=data, params={"ending": ending}, headers=other)
    assert again.json() == nothing
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 2
        assert sorted(session.scalars(select(Alert.status))) == ["closed", "open", "visited"]
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "visits.imported")).all()) == 3


FAULTS = [
    ({"户编号": "H999999"}, "no such household"), ({"核查日期": "昨天"}, "2026-03-02"),
    ({"方式": "书信"}, "way is one of"),
    ({"结论": "不清楚"}, "finding is one of"), ({"原因代码": ""}, "reason code"), ({"说明": "字" * 2001}, "2000"),
    ({"核查日期": (date.today() + timedelta(days=9)).isoformat()}, "lies between"),  # noqa: DTZ011
]  # fmt: skip


def test_a_bad_row_costs_itself_and_comes_back_in_a_workbook_that_can_be_mended_and_sent(
    client: TestClient, service: Service
) -> None:
    rows = [ROW, *(ROW | {"户编号": "H000002"} | wrong for wrong, _ in FAULTS)]
    said = send(client, sheet(*rows)).json()
    assert (said["recorded"], [one["row"] for one in said["errors"]]) == (1, list(range(3, 3 + len(FAULTS))))
    for one, (_, words) in zip(said["errors"], FAULTS, strict=True):
        assert words in one["en"], one
        assert one["zh"]
    book = send(client, sheet(*rows), answer="errors")
    headings, *refused = lines(book.content)
    assert headings == [*imports.COLUMNS, "未导入原因"]
    assert len(refused) == len(FAULTS)
    mended = sheet(dict(zip(imports.COLUMNS, refused[0], strict=False)) | ROW | {"户编号": "H000002"})
    assert send(client, mended).json()["recorded"] == 1


def test_a_household_of_another_region_is_as_absent_as_one_that_never_was(client: TestClient, service: Service) -> None:
    other = {"Authorization": bearer(service, "方干事", region="340203")}
    said = client.post("/api/v1/visits/import", content=sheet(ROW, ROW | {"户编号": "H9"}), headers=other).json()
    assert (said["recorded"], len({one["en"] for one in said["errors"]}), len(said["errors"])) == (0, 1, 2)


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"", "xlsx"),
        (b"not a workbook", "xlsx"),
        (b"\xff\xfe\x00", "csv"),
        ("户编号\nH1\n".encode(), "csv"),
        (b"x", "xls"),
    ],
)
def test_what_is_no_sheet_or_lacks_a_column_is_refused_whole(client: TestClient, data: bytes, ending: str) -> None:
    answer = send(client, data, ending=ending)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_the_template_has_the_columns_that_the_import_reads(client: TestClient) -> None:
    assert lines(client.get("/api/v1/visits/template").content) == [list(imports.COLUMNS)]
    assert send(client, client.get("/api/v1/visits/template").content).json()["recorded"] == 0


def test_too_large_a_sheet_is_refused_before_it_is_read(client: TestClient) -> None:
    assert send(client, b"x" * ((8 << 20) + 1)).status_code == 413


def test_a_visit_without_an_open_alert_is_refused(client: TestClient, service: Service) -> None:
    send(client, sheet(ROW))
    later = ROW | {"说明": f"第二次 {uuid.uuid4()}"}
    assert "no open alert" in send(client, sheet(later)).json()["errors"][0]["en"]
