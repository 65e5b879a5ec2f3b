"""Visits from the field: the catalogue, a wrong clock, what came too late, the pack that is taken along and wiped."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from desks import as_person, hire, household_no, raised, stored, worker_id
from factories import FIRES
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from monitor import access, database
from monitor.access import accounts, sessions
from monitor.cases import FINDINGS, codes
from monitor.service import CITY_TIME, Service, today
from monitor.tables import (
    COUNTS,
    Alert,
    AuditEntry,
    FollowUp,
    Household,
    Member,
    Person,
    Reveal,
    SignIn,
    VisitPack,
    Worker,
    utc_now,
)

ALERTS, PACKS = "/api/v1/alerts", "/api/v1/packs"
RED = {"illness": FIRES}
NUMBER = "340299194910018322"
PHONE = "19900001234"


def at(hours: float = 0) -> str:
    """An instant by a clock that is so many hours ahead of ours."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.fixture
def lin(service: Service) -> Iterator[TestClient]:
    with as_person(service, "林干事")[0] as client:
        yield client


def mine(service: Service, count: int = 1, *, name: str = "林干事") -> list[uuid.UUID]:
    """Alerts in somebody's hands, of households with a number and a phone."""
    alerts = raised(service, [RED] * count)
    with database.transaction(service.engine) as session:
        for number, person in enumerate(session.scalars(select(Person).order_by(Person.id))):
            person.id_no = service.keyring.encrypt(NUMBER, about="people.id_no")
            person.id_index = service.keyring.blind_index(NUMBER if number == 0 else f"{NUMBER}{number}")
            person.phone = service.keyring.encrypt(PHONE, about="people.phone")
    give(service, alerts, name)
    return alerts


def give(service: Service, alerts: list[uuid.UUID], name: str) -> None:
    owner = worker_id(service, name)
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id.in_(alerts)).values(owner_id=owner, status="assigned"))


def body(**more: Any) -> dict[str, Any]:
    said = {"id": str(uuid.uuid4()), "visited_on": str(today()), "way": "home", "finding": "confirmed"}
    return said | {"device": {"filled_at": at(), "sent_at": at()}, "catalogue": codes.version()} | more


def visit(client: TestClient, alert: uuid.UUID, sent: dict[str, Any], *, version: int = 1) -> Any:
    return client.post(f"{ALERTS}/{alert}/follow-ups", json=sent, headers={"If-Match": f'"{version}"'})


def acts(service: Service, name: str) -> list[dict[str, Any]]:
    with database.reading(service.engine) as session:
        chosen = select(AuditEntry).where(AuditEntry.action == name).order_by(AuditEntry.id)
        return [one.detail for one in session.scalars(chosen)]


def test_the_catalogue_holds_every_word_and_changes_its_version_with_any(lin: TestClient) -> None:
    answer = lin.get("/api/v1/visits/catalogue")
    said = answer.json()
    assert (answer.headers["ETag"], said["version"]) == (f'"{codes.version()}"', codes.version())
    assert [one["code"] for one in said["findings"]] == list(FINDINGS)
    wrong = next(one for one in said["findings"] if one["code"] == "false_alarm")
    assert (wrong["required"], wrong["closes"], "ERR_STALE" in wrong["codes"]) == (True, True, True)
    known = {one["code"] for one in said["codes"]}
    assert {code for one in said["findings"] for code in one["codes"]} | set(said["measures"]) <= known


def test_the_versions_of_two_catalogues_differ_when_one_word_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = codes.version()
    monkeypatch.setitem(codes.WAYS, "home", ("上门", "home visit"))  # type: ignore[arg-type]
    codes.version.cache_clear()
    try:
        assert codes.version() != before
    finally:
        codes.version.cache_clear()


def test_the_sheet_of_a_household_has_masked_numbers_reasons_and_what_to_confirm(
    lin: TestClient, service: Service
) -> None:
    alert = mine(service)[0]
    answer = lin.get(f"{ALERTS}/{alert}/sheet")
    said = answer.json()
    head = said["members"][0]
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert (head["id_masked"], head["phone_masked"]) == ("340299********8322", "199****1234")
    assert (head["name"], said["reasons"][0]["rule"], said["phone"]) == ("王*", "illness", None)
    assert NUMBER not in answer.text
    assert PHONE not in answer.text


@pytest.mark.parametrize("hours", [24, -24, 30])
def test_a_clock_that_is_a_day_off_is_told_and_both_days_are_kept(
    lin: TestClient, service: Service, hours: int
) -> None:
    alert = mine(service)[0]
    theirs = (datetime.now(CITY_TIME) + timedelta(hours=hours)).date()
    sent = body(visited_on=str(theirs), device={"filled_at": at(hours), "sent_at": at(hours)})
    answer = visit(lin, alert, sent)
    said = answer.json()
    assert (answer.status_code, said["visited_on"], said["said_on"]) == (201, str(today()), str(theirs)), answer.text
    assert abs(said["ahead_seconds"] - hours * 3600) < 60
    again = visit(lin, alert, sent | {"device": {"filled_at": at(hours), "sent_at": at()}})
    assert (again.status_code, again.json()["id"], again.json()["visited_on"]) == (201, said["id"], str(today()))


def test_a_visit_that_waited_on_a_phone_keeps_its_day_and_when_it_came(lin: TestClient, service: Service) -> None:
    alert = mine(service)[0]
    yesterday = today() - timedelta(days=1)
    said = visit(lin, alert, body(visited_on=str(yesterday), device={"filled_at": at(-24), "sent_at": at()})).json()
    assert (said["visited_on"], said["said_on"], abs(said["ahead_seconds"]) < 60) == (str(yesterday), None, True)
    assert said["recorded_at"][:10] == str(datetime.now(UTC).date())
    assert datetime.fromisoformat(said["device_at"]) < datetime.now(UTC) - timedelta(hours=23)


def test_without_a_device_tomorrow_is_refused_as_before(lin: TestClient, service: Service) -> None:
    alert = mine(service)[0]
    sent = body(visited_on=str(today() + timedelta(days=1)), device=None)
    assert visit(lin, alert, sent).status_code == 422
    assert visit(lin, alert, body(device={"filled_at": 17, "sent_at": at()})).status_code == 422


def test_a_visit_to_an_alert_that_ended_meanwhile_says_so_and_is_kept_as_a_supplement(
    lin: TestClient, service: Service
) -> None:
    alert = mine(service)[0]
    assert visit(lin, alert, body(finding="no_need", reason_code="NE_INC")).status_code == 201
    late = body(note="老人在家，儿子外出", reason_code=None)
    refused = visit(lin, alert, late, version=1)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lowincome:problem:ended")
    kept = lin.post(f"{ALERTS}/{alert}/supplements", json=late | {"why": "ended"})
    assert (kept.status_code, kept.json()["supplement"], kept.json()["note"]) == (201, "ended", "老人在家，儿子外出")
    again = lin.post(f"{ALERTS}/{alert}/supplements", json=late | {"why": "ended"})
    assert (again.status_code, again.json()) == (201, kept.json())
    other = lin.post(f"{ALERTS}/{alert}/supplements", json=late | {"why": "ended", "note": "另一句"})
    assert other.status_code == 409
    assert (stored(service, alert).status, len(acts(service, "visit.supplemented"))) == ("closed", 1)


def test_a_supplement_stands_on_the_timeline_and_decides_nothing(lin: TestClient, service: Service) -> None:
    alert = mine(service)[0]
    sent = body(finding="unreachable") | {"why": "changed"}
    for _ in range(3):
        assert lin.post(f"{ALERTS}/{alert}/supplements", json=sent | {"id": str(uuid.uuid4())}).status_code == 201
    seen = stored(service, alert)
    assert (seen.status, seen.version, seen.contacted_on) == ("assigned", 1, None)
    lost = visit(lin, alert, body(finding="unreachable", reason_code="LOST"))
    assert (lost.status_code, "三次" in lost.json()["detail_zh"]) == (422, True)
    shown = lin.get(f"{ALERTS}/{alert}").json()
    assert [one["kind"] for one in shown["timeline"]] == ["raised", "supplemented", "supplemented", "supplemented"]
    with database.reading(service.engine) as session:
        number = session.scalars(select(Household.household_no)).one()
    told = lin.get(f"/api/v1/households/{number}/timeline").json()["entries"]
    assert [one["zh"] for one in told if one["kind"] == "supplement"] == [
        "补充记录：未联系上（登记时预警已有他人处理）"
    ] * 3


def test_a_code_that_is_gone_is_answered_clearly_and_can_be_kept(lin: TestClient, service: Service) -> None:
    alert = mine(service)[0]
    fault = visit(lin, alert, body(finding="half_true")).json()["faults"][0]
    assert (fault["where"], fault["code"], "confirmed" in fault["en"]) == ("body.finding", "not_one_of", True)
    for gone in ({"reason_code": "OLD_CODE"}, {"proposed": ["OLD_HELP"]}):
        refused = visit(lin, alert, body(**gone))
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:lowincome:problem:code-gone"), gone
    wrong = visit(lin, alert, body(reason_code="NE_INC"))
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:lowincome:problem:422")
    kept = lin.post(f"{ALERTS}/{alert}/supplements", json=body(finding="half_true") | {"why": "code_gone"})
    assert (kept.status_code, kept.json()["finding"]) == (201, "half_true")


def test_a_supplement_that_was_recorded_after_all_stays_as_recorded(lin: TestClient, service: Service) -> None:
    alert, sent = mine(service)[0], body()
    assert visit(lin, alert, sent).status_code == 201
    kept = lin.post(f"{ALERTS}/{alert}/supplements", json=sent | {"why": "changed"})
    assert (kept.status_code, kept.json()["supplement"]) == (201, None)
    tomorrow = body(visited_on=str(today() + timedelta(days=1)), device=None) | {"why": "ended"}
    assert lin.post(f"{ALERTS}/{alert}/supplements", json=tomorrow).status_code == 422


def take(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post(PACKS, json=more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def state(client: TestClient, pack: dict[str, Any]) -> tuple[bool, str | None]:
    """What a device is told that has no session any more."""
    bare = TestClient(client.app, base_url="https://testserver")
    said = bare.post(f"{PACKS}/state", json={"id": pack["id"], "token": pack["token"]}).json()
    return said["living"], said["why"]


def test_a_pack_holds_what_is_mine_for_some_hours_and_is_written_down(lin: TestClient, service: Service) -> None:
    alerts = mine(service, 3)
    hire(service, "方干事")
    theirs = raised(service, [RED], start=9)
    give(service, theirs, "方干事")
    pack = take(lin, alerts=[str(alerts[0]), str(theirs[0])])
    assert [one["alert"]["id"] for one in pack["sheets"]] == [str(alerts[0])]
    assert [one["id"] for one in pack["left_out"]] == [str(theirs[0])]
    whole = take(lin)
    assert {one["alert"]["id"] for one in whole["sheets"]} == {str(one) for one in alerts}
    hours = (datetime.fromisoformat(whole["expires_at"]) - datetime.fromisoformat(whole["made_at"])) / timedelta(
        hours=1
    )
    assert (hours, whole["catalogue"]["version"], whole["day"]) == (48, codes.version(), str(today()))
    assert state(lin, pack) == (False, "replaced")
    assert state(lin, whole) == (True, None)
    assert [one["households"] for one in acts(service, "pack.made")] == [1, 3]
    assert "340299********8322" in str(whole)
    assert NUMBER not in str(whole)


def test_more_than_fifty_are_never_taken_along(lin: TestClient, service: Service) -> None:
    mine(service, 53)
    pack = take(lin)
    assert (len(pack["sheets"]), pack["count"]) == (50, 53)
    assert lin.post(PACKS, json={"alerts": [str(uuid.uuid4()) for _ in range(51)]}).status_code == 422


def test_a_days_packs_are_numbered_and_the_next_says_whom_to_ask(service: Service) -> None:
    limited = replace(service, settings=replace(service.settings, packs_a_day=2, pack_hours=24))
    client, _ = as_person(limited, "林干事")
    mine(limited)
    assert [client.post(PACKS, json={}).status_code for _ in range(3)] == [201, 201, 429]
    answer = client.post(PACKS, json={})
    assert ("走访包已达2次" in answer.json()["detail_zh"], int(answer.headers["Retry-After"]) > 0) == (True, True)
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(VisitPack)) == 2


def test_phones_come_along_as_reveals_and_never_for_who_may_not_see_them(lin: TestClient, service: Service) -> None:
    mine(service, 2)
    pack = take(lin, phones=True)
    assert [one["phone"] for one in pack["sheets"]] == [PHONE, PHONE]
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Reveal)) == 2
    assert len(acts(service, "person.revealed")) == 2
    helper, _ = as_person(service, "协理员", role="assistant", region="340299001001")
    assert helper.post(PACKS, json={"phones": True}).status_code == 403
    assert helper.post(PACKS, json={}).status_code == 201


def test_phones_beyond_the_days_reveals_take_nothing_along(service: Service) -> None:
    limited = replace(service, settings=replace(service.settings, reveals_a_day=1))
    client, _ = as_person(limited, "林干事")
    mine(limited, 2)
    assert client.post(PACKS, json={"phones": True}).status_code == 429
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Reveal)) == 0
        assert session.scalar(select(func.count()).select_from(VisitPack)) == 0


def test_a_pack_is_over_when_its_worker_is_suspended_moved_signed_out_or_late(service: Service) -> None:
    admin, _ = hire(service, "管理员", role="administrator", region="00")
    for why in ("suspended", "moved", "signed_out", "expired"):
        client, sign_in = as_person(service, f"{why}干事")
        pack = take(client)
        assert state(client, pack) == (True, None), why
        worker = worker_id(service, f"{why}干事")
        with database.transaction(service.engine) as session:
            if why == "suspended":
                accounts.set_active(session, worker, False, by=admin)
            elif why == "moved":
                session.execute(update(Worker).where(Worker.id == worker).values(region="340203"))
            elif why == "signed_out":
                sessions.end(session, worker, why="password", now=utc_now(), only=sign_in)
            else:
                session.execute(update(VisitPack).values(expires_at=utc_now()))
        assert [state(client, pack) for _ in range(2)] == [(False, why)] * 2
        assert acts(service, "pack.ended")[-1] == {"why": why}


def test_a_session_that_only_ran_out_leaves_the_pack_good(service: Service) -> None:
    client, _ = as_person(service, "林干事")
    mine(service)
    pack = take(client)
    with database.transaction(service.engine) as session:
        session.execute(update(SignIn).values(seen_at=utc_now() - timedelta(hours=2)))
    assert client.get(ALERTS).status_code == 401
    assert state(client, pack) == (True, None)


def test_what_was_given_to_another_or_ended_is_named_to_be_taken_out(lin: TestClient, service: Service) -> None:
    first, second, third = mine(service, 3)
    hire(service, "方干事")
    pack = take(lin)
    give(service, [first], "方干事")
    visit(lin, second, body(finding="no_need", reason_code="NE_INC"))
    said = lin.post(f"{PACKS}/state", json={"id": pack["id"], "token": pack["token"]}).json()
    assert (said["living"], set(said["dropped"])) == (True, {str(first), str(second)})
    assert str(third) not in said["dropped"]


def test_a_device_says_that_it_wiped_its_pack_and_a_stranger_cannot(lin: TestClient, service: Service) -> None:
    mine(service)
    pack = take(lin)
    bare = TestClient(lin.app, base_url="https://testserver")
    wrong = {"id": pack["id"], "token": "x" * 43}
    assert bare.post(f"{PACKS}/wiped", json=wrong).status_code == 204
    assert bare.post(f"{PACKS}/state", json=wrong).json()["why"] == "unknown"
    assert state(lin, pack) == (True, None)
    for _ in range(2):
        assert bare.post(f"{PACKS}/wiped", json={"id": pack["id"], "token": pack["token"]}).status_code == 204
    assert state(lin, pack) == (False, "wiped")
    assert len(acts(service, "pack.wiped")) == 1


def test_a_supervisor_sees_packs_that_are_out_and_ends_one(lin: TestClient, service: Service) -> None:
    mine(service)
    pack = take(lin)
    near, _ = as_person(service, "县审核", role="reviewer", region="340299")
    far, _ = as_person(service, "外县审核", role="reviewer", region="340203")
    assert [(one["name"], one["households"]) for one in near.get(PACKS).json()] == [("林干事", 1)]
    assert far.get(PACKS).json() == []
    assert far.post(f"{PACKS}/{pack['id']}/revocation").status_code == 404
    ended = near.post(f"{PACKS}/{pack['id']}/revocation")
    assert (ended.status_code, ended.json()["ended_why"]) == (200, "revoked")
    assert state(lin, pack) == (False, "revoked")
    helper, _ = as_person(service, "协理员", role="assistant", region="340299001001")
    assert helper.get(PACKS).status_code == 403


def test_who_lost_a_telephone_ends_their_own_packs(lin: TestClient, service: Service) -> None:
    mine(service)
    pack = take(lin)
    assert [lin.delete(f"{PACKS}/mine").status_code for _ in range(2)] == [204, 204]
    assert state(lin, pack) == (False, "revoked")


def test_a_follow_up_counts_only_when_it_decides(lin: TestClient, service: Service) -> None:
    alert = mine(service)[0]
    lin.post(f"{ALERTS}/{alert}/supplements", json=body() | {"why": "changed"})
    visit(lin, alert, body())
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 2
        assert session.scalar(select(func.count()).select_from(FollowUp).where(COUNTS)) == 1


def test_what_a_pack_is_asked_for_is_a_row_of_the_policy() -> None:
    assert access.relation("assistant", "visit.pack") == "self"
    assert access.relation("administrator", "visit.pack") is None
    assert access.relation("department", "lead.register") is None


def test_a_household_page_tells_money_by_year_property_and_who_may_stand_twice(
    lin: TestClient, service: Service
) -> None:
    first, second = mine(service, 2)
    born = date(1949, 10, 1)
    with database.transaction(service.engine) as session:
        for person in session.scalars(select(Person)):
            person.birth_on, person.sex = born, "2"
    number, other = household_no(service, first), household_no(service, second)
    said = lin.get(f"/api/v1/households/{number}/means").json()
    assert (said["flows"], said["owned"]) == ([], [])
    assert {one["kind"] for one in said["sources"]} == {"income", "expense", "property"}
    assert all(one["heard_on"] is None for one in said["sources"])
    assert said["twins"] == [{"household_no": other, "member": 1, "how": "alike"}]
    with database.transaction(service.engine) as session:
        theirs, ours = session.scalars(select(Member).order_by(Member.id)).all()
        ours.person_id = theirs.person_id
    twins = lin.get(f"/api/v1/households/{number}/means").json()["twins"]
    assert twins == [{"household_no": other, "member": 1, "how": "same"}]
    far, _ = as_person(service, "外县干事", region="340203")
    assert far.get(f"/api/v1/households/{number}/means").status_code == 404
