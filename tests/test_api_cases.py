"""Casework over HTTP: review, undo, a case from its plan to its removal, referrals, photos, one household's story."""

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drops import drop, number, people
from factories import FIRES, Home, judge, register, scan
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select, update

from api.app import create_app
from monitor import access, database, feeds
from monitor.alerts import people as people_of
from monitor.alerts import raise_alerts
from monitor.cases import photos
from monitor.cases.codes import CASE_WHYS, REASON_CODES
from monitor.errors import Invalid
from monitor.lifecycle import CASE
from monitor.service import Service, today
from monitor.tables import Alert, AuditEntry, Case, Household, LaterCheck, Measure, Person, Reason, utc_now

TODAY = today()
BEGAN = TODAY - timedelta(days=3)
Clients = dict[str, TestClient]


@pytest.fixture
def clients(service: Service) -> Iterator[Clients]:
    app = create_app(service)
    with TestClient(app, raise_server_exceptions=False):
        made: Clients = {}
        for name, role, region in (
            ("village", "assistant", "340299001001"), ("town", "caseworker", "340299001"),
            ("second", "caseworker", "340299001"), ("county", "reviewer", "340299"), ("other", "caseworker", "340203"),
            ("city", "reviewer", "3402"),
        ):  # fmt: skip
            with database.transaction(service.engine) as session:
                token = access.add_worker(session, name, region=region, role=role, by="test")[1]
            made[name] = TestClient(app, raise_server_exceptions=False)
            made[name].headers["Authorization"] = f"Bearer {token}"
        yield made


def alerted(service: Service) -> str:
    with database.transaction(service.engine) as session:
        home = register(session)[0]
        for person in session.scalars(select(Person)):
            person.name = service.keyring.encrypt("张三丰", about="people.name")
            person.phone = service.keyring.encrypt("19900001234", about="people.phone")
        raise_alerts(session, judge({home.id: Home({"illness": FIRES})}, as_of=BEGAN), scan=scan(session, BEGAN))
        return str(session.scalars(select(Alert.id)).one())


def visit(client: TestClient, alert: str, finding: str = "confirmed", code: str | None = None, **more: Any) -> Any:
    body = {"id": str(uuid.uuid4()), "visited_on": str(TODAY), "way": "home", "finding": finding, "reason_code": code}
    answer = changed(client, f"/api/v1/alerts/{alert}", "follow-ups", body | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def changed(client: TestClient, path: str, what: str, body: dict[str, Any]) -> Any:
    """Send a change that rests on what the client reads now."""
    seen = client.get(path).headers.get("ETag", '"1"')
    return client.post(f"{path}/{what}", json=body, headers={"If-Match": seen})


def picture(kind: str = "JPEG", size: tuple[int, int] = (2000, 1000)) -> bytes:
    """A photo as a telephone takes it: turned on its side, with place, time and maker."""
    image, written, exif = Image.new("RGB", size, (200, 30, 30)), io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "Maker-of-telephones", "2026:03:01 10:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 20.0, 0.0)})
    image.save(written, kind, exif=exif)
    return written.getvalue()


def send(client: TestClient, follow_up: str, data: bytes, id_: uuid.UUID | None = None) -> Any:
    query = {"id": str(id_ or uuid.uuid4()), "follow_up": follow_up}
    headers = {"Content-Type": "application/octet-stream"}
    return client.post("/api/v1/photos", params=query, content=data, headers=headers)


def test_what_one_did_by_mistake_is_taken_back(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    visit(clients["town"], alert, "no_need", "NE_INC")
    assert clients["town"].post(f"/api/v1/alerts/{alert}/undo").status_code == 428
    stale = clients["town"].post(f"/api/v1/alerts/{alert}/undo", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    done = clients["town"].post(f"/api/v1/alerts/{alert}/undo", headers={"If-Match": '"2"'})
    assert (done.status_code, done.json()["status"], done.json()["version"]) == (200, "open", 3)
    assert "assign" in done.json()["may"]
    shown = clients["town"].get(f"/api/v1/alerts/{alert}").json()
    assert shown["follow_ups"][0]["undone_at"] is not None
    assert [step["kind"] for step in shown["timeline"]] == ["raised", "closed", "undone"]
    again = clients["town"].post(f"/api/v1/alerts/{alert}/undo", headers={"If-Match": '"3"'})
    assert again.status_code == 409


def test_the_county_opens_an_alert_again_and_nobody_below_it(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    visit(clients["town"], alert, "no_need", "NE_INC")
    body, headers = {"edge": "reopen", "why": "NEW_EVIDENCE"}, {"If-Match": '"2"'}
    told = {who: clients[who].get(f"/api/v1/alerts/{alert}").json()["may"] for who in ("village", "town", "county")}
    assert told == {"village": ["undo"], "town": ["undo"], "county": ["reopen", "undo"]}
    said = [
        clients[who].post(f"/api/v1/alerts/{alert}/reopening", json=body, headers=headers).status_code
        for who in ("village", "town", "other", "county")
    ]
    assert said == [403, 403, 404, 200]
    shown = clients["county"].get(f"/api/v1/alerts/{alert}").json()
    assert {"suspend", "annul", "close"} <= set(shown["may"])
    assert "reopen" not in shown["may"]
    story = clients["county"].get(f"/api/v1/households/{shown['household_no']}/timeline").json()["entries"]
    assert "重新打开：有新情况或新证据" in [one["zh"] for one in story]


def test_a_review_needs_a_reason_to_send_back(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    answer = clients["town"].post(
        f"/api/v1/alerts/{alert}/review", json={"verdict": "send_back"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 422
    nothing = clients["town"].post(
        f"/api/v1/alerts/{alert}/review", json={"verdict": "approve"}, headers={"If-Match": '"1"'}
    )
    assert nothing.status_code == 409


def test_a_case_goes_from_its_plan_through_its_notice_to_help(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    case = visit(clients["town"], alert, present=["户主"], proposed=["LS_J"])["case_id"]
    path = f"/api/v1/cases/{case}"
    assert clients["other"].get(path).status_code == 404
    body = {"id": str(uuid.uuid4()), "code": "LS_J", "responsible": "王主任", "due_on": str(TODAY), "note": "每月送药"}
    for _ in range(2):
        answer = changed(clients["town"], path, "measures", body)
        assert (answer.status_code, answer.json()["note"]) == (201, "每月送药")
    assert changed(clients["village"], path, "measures", body).status_code == 403
    unshown = changed(clients["town"], path, "notice", {"category": "rigid"})
    assert (unshown.status_code, "公示" in unshown.json()["detail_zh"]) == (422, True)
    assert changed(clients["town"], path, "notice", {"category": "dibao"}).json()["status"] == "notice"
    early = changed(clients["town"], path, "acts", {"edge": "adopt"})
    assert (early.status_code, early.json()["detail_zh"]) == (409, "公示期未满")
    for edge, why, said in (
        ("object", "NEIGHBOUR", "OBJ_NEED"), ("object", "YEAR_OVER", "OBJ_NEED"), ("end", "OBJ_NEED", "DEAD"),
        ("adopt", "OBJ_NEED", "不需要"),
    ):  # fmt: skip
        amiss = changed(clients["town"], path, "acts", {"edge": edge, "why": why})
        assert (amiss.status_code, said in amiss.json()["detail_zh"]) == (422, True)
    assert "is contested" in changed(clients["town"], path, "acts", {"edge": "object", "why": "XX"}).json()["detail"]
    changed(clients["town"], path, "acts", {"edge": "object", "why": "OBJ_NEED"})
    assert changed(clients["town"], path, "acts", {"edge": "adopt"}).json()["status"] == "helping"
    done = changed(clients["town"], path, f"measures/{body['id']}/end", {"status": "done"}).json()
    assert (done["status"], done["done_on"]) == ("done", str(TODAY))
    shown = clients["county"].get(path).json()
    assert [step["kind"] for step in shown["timeline"]] == [
        "opened", "planned", "published", "objected", "adopted", "planned",
    ]  # fmt: skip
    assert "question" in shown["may"]


def test_cases_are_listed_by_region_state_and_what_waits(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    case = visit(clients["town"], alert)["case_id"]

    def listed(who: str = "town", **query: str) -> list[str]:
        answer = clients[who].get("/api/v1/cases", params=query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert listed() == listed("city") == listed(status="planning") == listed(region="340299001") == [case]
    assert listed("other") == listed(status="helping") == listed(region="340203") == listed(waits="check_due") == []
    (line,) = clients["town"].get("/api/v1/cases").json()["items"]
    assert (line["name"], line["version"], line["region"]) == ("张*", 1, "340299001001")
    changed(clients["town"], f"/api/v1/cases/{case}", "notice", {"category": "dibao"})
    assert listed(waits="notice_over") == []
    with database.transaction(service.engine) as session:
        session.execute(update(Case).values(notice_until=TODAY - timedelta(days=1)))
        late = {"code": "LS_J", "responsible": "x", "due_on": TODAY - timedelta(days=1), "made_by": "t"}
        session.add(Measure(id=uuid.uuid4(), case_id=uuid.UUID(case), **late))
    assert listed(waits="notice_over") == listed(waits="measure_overdue") == [case]
    with database.transaction(service.engine) as session:
        session.execute(update(Case).values(status="removed"))
        session.add(LaterCheck(case_id=uuid.UUID(case), months=3, due_on=TODAY))
    assert listed(waits="check_due") == [case]
    assert clients["town"].get("/api/v1/cases", params={"after": f"waits_2026-02-30_{'0' * 32}"}).status_code == 422


def test_what_waits_is_counted_and_said_of_each_case(clients: Clients, service: Service) -> None:
    case = visit(clients["town"], alerted(service))["case_id"]
    nothing = {"check_due": 0, "measure_overdue": 0, "notice_over": 0}
    asked = "/api/v1/cases/waiting"
    assert clients["town"].get(asked).json() == nothing
    with database.transaction(service.engine) as session:
        session.execute(update(Case).values(status="notice", notice_until=TODAY - timedelta(days=1)))
        late = {"code": "LS_J", "responsible": "x", "due_on": TODAY - timedelta(days=1), "made_by": "t"}
        session.add(Measure(id=uuid.uuid4(), case_id=uuid.UUID(case), **late))
    both = nothing | {"measure_overdue": 1, "notice_over": 1}
    assert clients["city"].get(asked).json() == both
    within = [clients["city"].get(asked, params={"region": one}).json() for one in ("340299", "340203")]
    assert within == [both, nothing]
    assert clients["other"].get(asked).json() == nothing
    (line,) = clients["town"].get("/api/v1/cases").json()["items"]
    assert line["waits"] == ["measure_overdue", "notice_over"]
    with database.transaction(service.engine) as session:
        session.execute(update(Case).values(status="ended", closed_at=utc_now()))
    assert clients["town"].get(asked).json() == nothing
    (line,) = clients["town"].get("/api/v1/cases", params={"status": "ended"}).json()["items"]
    assert line["waits"] == []


def test_a_case_says_whose_it_is_what_may_be_done_and_for_which_reasons(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    assert clients["town"].get(f"/api/v1/alerts/{alert}").json()["case_id"] is None
    case = visit(clients["town"], alert)["case_id"]
    assert clients["town"].get(f"/api/v1/alerts/{alert}").json()["case_id"] == case
    shown = clients["town"].get(f"/api/v1/cases/{case}").json()
    assert (shown["name"], shown["region"], shown["mine"]) == ("张*", "340299001001", False)
    assert shown["region_name"] != ""
    assert set(shown["whys"]) == {"end"}
    assert [one["code"] for one in shown["whys"]["end"]] == ["DEAD", "LOST", "MOVED", "PRISON", "REFUSE"]
    reviewer = clients["county"].get(f"/api/v1/cases/{case}").json()
    assert set(reviewer["whys"]) == {"end", "question", "annul"}
    doubt = reviewer["whys"]["question"][0]
    body = {"edge": "question", "why": doubt["code"]}
    said = changed(clients["county"], f"/api/v1/cases/{case}", "county-acts", body)
    assert said.json()["timeline"][-1]["zh"] == f"存疑：{doubt['zh']}"


def test_every_step_of_a_case_that_wants_a_reason_has_some_to_choose_from_in_words() -> None:
    wanting = [edge for edge in CASE.edges.values() if edge.needs_why and edge.name != "propose"]
    assert len(wanting) == 8
    for edge in wanting:
        words = {code: REASON_CODES[code] for code in edge.codes} or CASE_WHYS[edge.name]
        assert words, edge.name
        assert all(zh and en for zh, en in words.values()), edge.name


def test_what_was_done_to_the_plan_is_told_in_words(clients: Clients, service: Service) -> None:
    case = visit(clients["town"], alerted(service))["case_id"]
    path = f"/api/v1/cases/{case}"
    body = {"id": str(uuid.uuid4()), "code": "LS_J", "responsible": "王主任", "due_on": str(TODAY)}
    changed(clients["town"], path, "measures", body)
    changed(clients["town"], path, "notice", {"category": "dibao"})
    changed(clients["town"], path, f"measures/{body['id']}/end", {"status": "dropped"})
    told = clients["town"].get(path).json()["timeline"]
    assert [one["zh"] for one in told] == [
        "建立帮扶个案", "增加措施：临时救助（急难型）", "公示：低保对象", "取消措施：临时救助（急难型）",
    ]  # fmt: skip
    assert [one["en"] for one in told][1] == "measure planned: temporary assistance, emergency"
    assert {(one["by"], one["role"]) for one in told} == {("town", "caseworker")}


def test_the_visits_a_case_may_rest_on_are_listed_and_no_other_is_taken(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    found = visit(clients["town"], alert)
    path = f"/api/v1/cases/{found['case_id']}"
    visit(clients["town"], alert, "unreachable")
    listed = clients["town"].get(f"{path}/visits").json()
    assert ([one["id"] for one in listed["items"]], listed["ended"]) == ([found["id"]], False)
    assert (listed["items"][0]["by"], listed["items"][0]["finding"]) == ("town", "confirmed")
    assert clients["other"].get(f"{path}/visits").status_code == 404
    visit(clients["town"], alert, "helped", "LS_J")
    late = {"id": str(uuid.uuid4()), "visited_on": str(TODAY), "way": "home", "finding": "confirmed", "why": "ended"}
    assert clients["town"].post(f"/api/v1/alerts/{alert}/supplements", json=late).status_code == 201
    listed = clients["village"].get(f"{path}/visits").json()
    assert (listed["items"][0]["id"], listed["ended"], listed["alert_id"]) == (late["id"], True, alert)
    with database.transaction(service.engine) as session:
        gone = {"status": "removed", "removed_on": TODAY, "opened_on": BEGAN}
        session.execute(update(Case).values(**gone))
        checks = [LaterCheck(case_id=uuid.UUID(found["case_id"]), months=each, due_on=TODAY) for each in (3, 6)]
        session.add_all(checks)
    said = {"follow_up": late["id"], "holds": True}
    assert [changed(clients["town"], path, "checks", said).status_code for _ in range(2)] == [200, 422]
    assert late["id"] not in {one["id"] for one in clients["town"].get(f"{path}/visits").json()["items"]}
    with database.transaction(service.engine) as session:
        session.execute(update(Case).values(removed_on=TODAY + timedelta(days=1)))
    assert clients["town"].get(f"{path}/visits").json()["items"] == []
    assert changed(clients["town"], path, "checks", said | {"follow_up": found["id"]}).status_code == 422


def test_pages_of_cases_hold_each_once_and_begin_with_what_waits(service: Service, clients: Clients) -> None:
    with database.transaction(service.engine) as session:
        homes = register(session, 9)
        raise_alerts(
            session, judge({home.id: Home({"illness": FIRES}) for home in homes}, as_of=BEGAN),
            scan=scan(session, BEGAN),
        )  # fmt: skip
        alerts = session.scalars(select(Alert.id)).all()
    made = {visit(clients["town"], str(alert))["case_id"] for alert in alerts}
    waits = {uuid.UUID(one) for one in sorted(made)[1:8:3]}
    ended = uuid.UUID(min(made))
    with database.transaction(service.engine) as session:
        for case in waits | {ended}:
            late = {"code": "LS_J", "responsible": "x", "due_on": TODAY - timedelta(days=1), "made_by": "t"}
            session.add(Measure(id=uuid.uuid4(), case_id=case, **late))
        session.execute(update(Case).where(Case.id == ended).values(status="ended", closed_at=utc_now()))

    def read(limit: int, **query: str) -> list[str]:
        seen, after = [], {}
        while True:
            page = clients["town"].get("/api/v1/cases", params={"limit": limit} | query | after).json()
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                return seen
            after = {"after": page["next"]}

    whole = read(200)
    assert set(whole) == made - {str(ended)}
    assert set(whole[: len(waits)]) == {str(one) for one in waits}
    assert whole[: len(waits)] == sorted(whole[: len(waits)], reverse=True)
    assert [read(limit) for limit in (1, 2, 3, 4)] == [whole] * 4
    assert read(2, waits="measure_overdue") == whole[: len(waits)]
    assert read(2, status="ended") == [str(ended)]


def test_work_done_while_a_page_is_read_lets_the_next_skip_no_case(
    service: Service, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction(service.engine) as session:
        homes = register(session, 5)
        raise_alerts(
            session, judge({home.id: Home({"illness": FIRES}) for home in homes}, as_of=BEGAN),
            scan=scan(session, BEGAN),
        )  # fmt: skip
        alerts = session.scalars(select(Alert.id)).all()
    made = sorted((visit(clients["town"], str(alert))["case_id"] for alert in alerts), reverse=True)
    with database.transaction(service.engine) as session:
        for case in made[:3]:
            late = {"code": "LS_J", "responsible": "x", "due_on": TODAY - timedelta(days=1), "made_by": "t"}
            session.add(Measure(id=uuid.uuid4(), case_id=uuid.UUID(case), **late))
    read, first = people_of.titles, update(Measure).where(Measure.case_id == uuid.UUID(made[0]))

    def meanwhile(*asked: Any, **how: Any) -> dict[int, str]:
        with database.transaction(service.engine) as session:
            session.execute(first.values(status="done"))
        return read(*asked, **how)

    monkeypatch.setattr(people_of, "titles", meanwhile)
    seen: list[str] = []
    after: dict[str, str] = {}
    while after.get("after", "") is not None:
        page = clients["town"].get("/api/v1/cases", params={"limit": 1} | after).json()
        seen += [one["id"] for one in page["items"]]
        after = {"after": page["next"]}
    assert seen == [*made[:3], made[0], *made[3:]]


def test_a_removal_says_in_words_what_it_misses(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    found = visit(clients["town"], alert)
    path = f"/api/v1/cases/{found['case_id']}"
    body = {"id": str(uuid.uuid4()), "code": "LS_J", "responsible": "王主任", "due_on": str(TODAY)}
    changed(clients["town"], path, "measures", body)
    changed(clients["town"], path, "acts", {"edge": "adopt"})
    firm = dict.fromkeys(("food_and_clothing", "education", "medical", "housing", "water"), True)
    said = firm | {"way": "natural", "follow_up": found["id"], "income_yuan": 20_000, "first_risk_gone": True}
    refused = changed(clients["town"], path, "removal", said)
    assert (refused.status_code, "first_risk_gone" in refused.json()["detail"]) == (409, True)
    assert refused.json()["type"] == "urn:lowincome:problem:unmet"
    ((code, zh),) = ((one["code"], one["zh"]) for one in refused.json()["faults"])
    assert (code, "建档时的预警原因还在" in zh) == ("first_risk_gone", True)
    poor = changed(clients["town"], path, "removal", said | {"income_yuan": 500, "water": False}).json()["faults"]
    assert [one["code"] for one in poor] == ["income_above_line", "guarantees_firm", "first_risk_gone"]
    assert ["500 元" in poor[0]["zh"], "饮水安全" in poor[1]["zh"], "safe water" in poor[1]["en"]] == [True] * 3
    with database.transaction(service.engine) as session:
        session.execute(update(Reason).values(status="cleared"))
    proposed = changed(clients["town"], path, "removal", said).json()
    assert (proposed["status"], proposed["removal"]["contradictions"]) == ("removal", [])
    assert all(proposed["removal"]["checks"].values())
    assert [proposed["mine"], clients["county"].get(path).json()["mine"]] == [True, False]
    noticed = changed(clients["town"], path, "appraisal", {"present": 9, "agreed": 8}).json()
    assert noticed["status"] == "removal_notice"
    assert changed(clients["town"], path, "county-acts", {"edge": "remove"}).status_code == 403
    assert changed(clients["county"], path, "county-acts", {"edge": "remove"}).status_code == 409
    assert changed(clients["county"], path, "county-acts", {"edge": "refuse", "why": "REF_FACTS"}).status_code == 200
    assert changed(clients["town"], path, "checks", {"follow_up": found["id"], "holds": True}).status_code == 409


def test_a_referral_waits_for_the_department(clients: Clients, service: Service) -> None:
    alert = alerted(service)
    due = str(TODAY + timedelta(days=5))
    body = {"id": str(uuid.uuid4()), "code": "RF_MED", "department": "县医保局", "due_on": due, "note": "请核"}
    path = f"/api/v1/alerts/{alert}/referrals"
    seen = {"If-Match": '"1"'}
    assert clients["village"].post(path, json=body, headers=seen).status_code == 403
    assert clients["other"].post(path, json=body, headers=seen).status_code == 404
    assert clients["town"].post(path, json=body).status_code == 428
    assert [clients["town"].post(path, json=body, headers=seen).status_code for _ in range(2)] == [201, 201]
    stale = clients["town"].post(path, json=body | {"id": str(uuid.uuid4())}, headers=seen)
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    assert [one["id"] for one in clients["county"].get("/api/v1/referrals").json()] == [body["id"]]
    assert clients["other"].get("/api/v1/referrals").json() == []
    assert clients["county"].get("/api/v1/referrals", params={"overdue": True}).json() == []
    one = f"/api/v1/referrals/{body['id']}"
    assert clients["town"].get(one).json()["note"] == "请核"
    assert clients["town"].post(f"{one}/answers", json={"act": "accept"}).status_code == 428
    assert changed(clients["town"], one, "answers", {"act": "finish"}).status_code == 422
    assert changed(clients["county"], one, "answers", {"act": "accept"}).headers["ETag"] == '"2"'
    stale = clients["town"].post(f"{one}/answers", json={"act": "refuse", "why": "NE_PROG"}, headers=seen)
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    done = changed(clients["town"], one, "answers", {"act": "finish", "receipt_no": "医7号"}).json()
    assert (done["status"], clients["town"].get(f"/api/v1/alerts/{alert}").json()["status"]) == ("done", "open")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_made_anew_sealed_and_shown_in_scope_with_an_audit_entry(
    clients: Clients, service: Service, kind: str
) -> None:
    found, id_, sent = visit(clients["town"], alerted(service))["id"], uuid.uuid4(), picture(kind)
    kept = [send(clients["town"], found, sent, id_) for _ in range(2)]
    assert [one.status_code for one in kept] == [201, 201]
    assert (kept[0].json()["width"], kept[0].json()["height"]) == (800, 1600)
    lies = photos.Album(service.settings.home, service.keyring).path(id_)
    assert b"JFIF" not in lies.read_bytes()
    assert lies.stat().st_mode & 0o077 == 0
    shown = clients["village"].get(f"/api/v1/photos/{id_}")
    assert (shown.status_code, shown.headers["content-type"], shown.headers["cache-control"]) == (
        200, "image/jpeg", "no-store",
    )  # fmt: skip
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (800, 1600), {})
    assert b"Maker-of-telephones" not in shown.content
    assert clients["other"].get(f"/api/v1/photos/{id_}").status_code == 404
    assert clients["other"].get(f"/api/v1/follow-ups/{found}/photos").status_code == 404
    assert [one["id"] for one in clients["town"].get(f"/api/v1/follow-ups/{found}/photos").json()] == [str(id_)]
    with database.reading(service.engine) as session:
        seen = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(id_))).all()
    assert list(seen) == ["photo.added", "photo.shown"]
    lies.unlink()
    assert clients["town"].get(f"/api/v1/photos/{id_}").status_code == 404


def test_what_is_no_photo_is_refused_in_words_and_leaves_nothing(clients: Clients, service: Service) -> None:
    found = visit(clients["town"], alerted(service))["id"]
    whole = picture(size=(64, 64))
    for wrong in (b"", b"not a picture", whole[: len(whole) // 2], b"GIF89a" + whole, picture("TIFF", (8, 8))):
        answer = send(clients["town"], found, wrong)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wrong[:10]
    huge = Image.new("1", (9_000, 9_000))
    written = io.BytesIO()
    huge.save(written, "PNG")
    assert send(clients["town"], found, written.getvalue()).status_code == 422
    assert send(clients["town"], found, b"\0" * (photos.MOST_BYTES + 1)).status_code == 413
    assert not (service.settings.home / "photos").exists()
    with pytest.raises(Invalid, match="8 MiB"):
        photos.made_anew(b"\0" * (photos.MOST_BYTES + 1))


def test_a_visit_has_six_photos_and_an_id_means_one(clients: Clients, service: Service) -> None:
    found, id_, one = visit(clients["town"], alerted(service))["id"], uuid.uuid4(), picture(size=(40, 20))
    assert send(clients["town"], found, one, id_).status_code == 201
    assert send(clients["town"], found, picture(size=(20, 40)), id_).status_code == 409
    assert send(clients["other"], found, one).status_code == 404
    said = [send(clients["town"], found, one).status_code for _ in range(6)]
    assert said == [201] * 5 + [409]


def test_one_household_has_one_story_with_the_benefits_it_received(
    clients: Clients, service: Service, tmp_path: Path
) -> None:
    drop(tmp_path / "in", "household_register", people(2, region="340299001001"), day=BEGAN)
    month = BEGAN.replace(day=1)
    paid = [
        {"payment_id": f"P{place}", "id_no": number(0), "month": str(month)[:7], "program": "dibao", "amount": 690,
         "result": "paid"}
        for place in range(2)
    ]  # fmt: skip
    drop(tmp_path / "in", "benefit_payments", paid, day=BEGAN)
    assert [one.status for one in feeds.ingest_folder(service, tmp_path / "in")] == ["committed"] * 2
    with database.transaction(service.engine) as session:
        home = session.scalars(select(Household).order_by(Household.id)).first()
        assert home is not None
        shown = Home({"illness": FIRES}, region=home.region)
        raise_alerts(session, judge({home.id: shown}, as_of=BEGAN), scan=scan(session, BEGAN))
        alert = str(session.scalars(select(Alert.id)).one())
        household_no = home.household_no
    visit(clients["city"], alert, note="秘密")
    story = clients["city"].get(f"/api/v1/households/{household_no}/timeline").json()
    kinds = [one["kind"] for one in story["entries"]]
    assert {"alert.raised", "alert.followed_up", "visit", "case.opened", "benefit"} <= set(kinds)
    assert kinds.count("benefit") == 2
    benefit = next(one for one in story["entries"] if one["kind"] == "benefit")
    assert (benefit["on"], benefit["member"], benefit["detail"]["program"]) == (str(month), 1, "dibao")
    assert (benefit["zh"], benefit["en"]) == ("发放：最低生活保障金", "paid: subsistence allowance (dibao)")
    assert story["entries"] == sorted(story["entries"], key=lambda one: one["on"], reverse=True)
    assert "秘密" not in str(story)
    assert clients["other"].get(f"/api/v1/households/{household_no}/timeline").status_code == 404
    before = (
        clients["city"]
        .get(f"/api/v1/households/{household_no}/timeline", params={"as_of": str(month - timedelta(days=1))})
        .json()
    )
    assert before["entries"] == []
