"""The desk: alerts taken, given, put off, noted on and handed on, each change on the version it says."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from desks import OTHER_COUNTY, OTHER_VILLAGE, due, raised, signed_in, stored, worker_id
from factories import FIRES, VILLAGE
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from monitor import database
from monitor.lifecycle import moving
from monitor.service import Service, today
from monitor.tables import AlertEvent, AuditEntry, Note
from monitor.work import reminding

PATH = "/api/v1/alerts"
RED = {"illness": FIRES}


def change(client: TestClient, alert: uuid.UUID, what: str, body: Any = None, *, version: int | None = 1) -> Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return client.post(f"{PATH}/{alert}/{what}", json=body, headers=headers)


def later(days: int = 7) -> str:
    return (today() + timedelta(days=days)).isoformat()


def steps(service: Service, alert: uuid.UUID) -> list[str]:
    with database.reading(service.engine) as session:
        chosen = select(AlertEvent.kind).where(AlertEvent.alert_id == alert).order_by(AlertEvent.id)
        return list(session.scalars(chosen))


def test_whoever_claims_an_alert_has_it_and_nobody_else_gets_it(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    taken = change(lin, alert, "claim")
    assert (taken.status_code, taken.headers["ETag"], taken.json()["owner_name"]) == (200, '"2"', "林干事")
    assert taken.json()["status"] == "assigned"
    late = change(fang, alert, "claim", version=2)
    assert (late.status_code, stored(service, alert).owner_id) == (409, worker_id(service, "林干事"))
    assert change(lin, alert, "release", version=2).json()["owner"] is None
    assert change(fang, alert, "claim", version=3).json()["owner_name"] == "方干事"
    assert steps(service, alert) == ["raised", "claimed", "released", "claimed"]


def test_a_change_without_a_version_or_on_an_old_one_does_nothing(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    bodies: dict[str, Any] = {
        "claim": None, "release": None, "snooze": {"until": later(), "why": "AWAY"}, "resume": None,
        "assign": {"to": str(uuid.uuid4())}, "hand-over": {"region": OTHER_COUNTY, "why": "MOVED"}, "take-over": None,
        "decline": {"why": "WRONG_PLACE"}, "suspend": {"until": later(), "why": "AWAIT_REPORT"},
    }  # fmt: skip
    change(lin, alert, "claim")
    for what, body in bodies.items():
        assert change(lin, alert, what, body, version=None).status_code == 428, what
    for what in ("claim", "release", "snooze", "suspend", "hand-over"):
        stale = change(lin, alert, what, bodies[what], version=1)
        assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"'), what
    assert stored(service, alert).version == 2


def test_a_suspended_alert_waits_for_what_it_names_and_comes_back(service: Service) -> None:
    alert, other = raised(service, [RED, RED])
    lin, village = signed_in(service, "林干事"), signed_in(service, "协理员", role="assistant", region=VILLAGE)
    body = {"until": later(), "why": "AWAIT_COMPARISON"}
    assert change(village, alert, "suspend", body).status_code == 403
    assert change(lin, alert, "suspend", body | {"why": "AWAY"}).status_code == 422
    assert change(lin, alert, "suspend", body | {"until": later(181)}).status_code == 422
    said = change(lin, alert, "suspend", body).json()
    assert (said["status"], said["paused_until"]) == ("suspended", later())
    assert [one["id"] for one in lin.get(PATH).json()["items"]] == [str(other)]
    assert change(lin, alert, "resume", version=2).json()["status"] == "open"
    assert change(lin, alert, "suspend", body, version=3).status_code == 200
    with database.transaction(service.engine) as session:
        assert reminding.wake(session, today=today() + timedelta(days=6)) == 0
        assert reminding.wake(session, today=today() + timedelta(days=7)) == 1
    assert (stored(service, alert).status, stored(service, alert).paused_until) == ("open", None)
    assert steps(service, alert) == ["raised", "suspended", "resumed", "suspended", "resumed"]


def test_of_eight_who_edit_one_alert_at_once_no_acknowledged_edit_is_lost(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    turns = 4

    def edit(_: int) -> tuple[int, int]:
        acknowledged = refused = 0
        while acknowledged < turns:
            seen = lin.get(f"{PATH}/{alert}").headers["ETag"]
            owned = stored(service, alert).owner_id is not None
            answer = lin.post(f"{PATH}/{alert}/{'release' if owned else 'claim'}", headers={"If-Match": seen})
            acknowledged += answer.status_code == 200
            refused += answer.status_code in (409, 412)
            assert answer.status_code in (200, 409, 412), answer.text
        return acknowledged, refused

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(edit, range(8)))
    edits = sum(acknowledged for acknowledged, _ in done)
    assert edits == 8 * turns
    assert stored(service, alert).version == 1 + edits
    assert len(steps(service, alert)) == 1 + edits


def test_two_who_ask_for_the_next_at_once_get_two_different_alerts(service: Service) -> None:
    raised(service, [RED] * 12)
    clients = [signed_in(service, f"干事{number}") for number in range(6)]
    start = threading.Barrier(6)

    def take(client: TestClient) -> str:
        start.wait(timeout=60)
        return str(client.post(f"{PATH}/next", json={}).json()["alert"]["id"])

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(take, clients))
    assert len(set(found)) == 6


def test_the_next_is_the_most_urgent_that_is_mine_or_nobodys_and_can_be_passed_over(service: Service) -> None:
    yellow, red, orange = raised(service, [{"elder": FIRES}, RED, {"income": FIRES}])
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    ask: Callable[..., Any] = lambda client, *skip: client.post(  # noqa: E731
        f"{PATH}/next", json={"skip": list(map(str, skip)), "why": "TOO_FAR"}
    )
    assert ask(lin).json()["alert"]["id"] == str(red)
    assert ask(lin).json()["alert"]["id"] == str(red)
    assert ask(fang).json()["alert"]["id"] == str(orange)
    assert ask(lin, red).json()["alert"]["id"] == str(yellow)
    nothing = ask(fang, orange)
    assert (nothing.status_code, nothing.json()["alert"]) == (200, None)
    narrowed = lin.post(f"{PATH}/next", json={"narrow": {"level": "yellow"}}).json()
    assert narrowed["alert"]["id"] == str(yellow)


def test_an_alert_is_given_only_to_who_may_see_it_and_on_leave_to_who_stands_in(service: Service) -> None:
    alert = raised(service, [RED])[0]
    boss = signed_in(service, "陈主任", role="reviewer")
    for name, region in (("林干事", "340299001"), ("方干事", "340299001"), ("外地干事", "340203")):
        signed_in(service, name, region=region)
    lin, fang, stranger = (str(worker_id(service, name)) for name in ("林干事", "方干事", "外地干事"))
    for nobody in (stranger, str(uuid.uuid4()), str(worker_id(service, "陈主任"))[:-4] + "0000"):
        assert change(boss, alert, "assign", {"to": nobody}).status_code == 422
    leave = {"away_from": today().isoformat(), "away_until": later(3), "cover": fang}
    arranged = boss.put(f"/api/v1/colleagues/{lin}/duty", json=leave, headers={"If-Match": '"0"'})
    assert (arranged.status_code, arranged.headers["ETag"]) == (200, '"1"')
    assert change(boss, alert, "assign", {"to": lin}).json()["owner"] == fang
    gone = boss.put(f"/api/v1/colleagues/{fang}/duty", json=leave | {"cover": lin}, headers={"If-Match": '"0"'})
    assert gone.status_code == 200
    refused = change(boss, alert, "assign", {"to": lin}, version=2)
    assert (refused.status_code, "代班" in refused.json()["detail_zh"]) == (422, True)


def test_what_is_put_off_leaves_the_queue_until_it_is_brought_back(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    put_off = change(lin, alert, "snooze", {"until": later(), "why": "APPOINTED"})
    assert (put_off.json()["status"], put_off.json()["paused_until"]) == ("snoozed", later())
    assert lin.get(PATH).json()["count"] == "0"
    assert lin.get(PATH, params={"status": "snoozed"}).json()["count"] == "1"
    assert change(lin, alert, "resume", version=2).json()["status"] == "open"
    for body in ({"until": later(0), "why": "AWAY"}, {"until": later(200), "why": "AWAY"}, {"until": later()}):
        assert change(lin, alert, "snooze", body, version=3).status_code == 422


def test_a_household_that_lives_elsewhere_is_handed_over_taken_or_sent_back(service: Service) -> None:
    alert = raised(service, [RED])[0]
    here = signed_in(service, "林干事", region="340299001")
    there = signed_in(service, "方干事", region="340203002")
    given = change(here, alert, "hand-over", {"region": OTHER_COUNTY, "why": "LIVES_ELSEWHERE"})
    assert (given.status_code, given.json()["status"], given.json()["region"]) == (200, "transferred", OTHER_COUNTY)
    assert here.get(f"{PATH}/{alert}").status_code == 404
    assert change(there, alert, "decline", {"why": "WRONG_PLACE"}, version=2).json()["region"] == VILLAGE
    change(here, alert, "hand-over", {"region": OTHER_COUNTY, "why": "LIVES_ELSEWHERE"}, version=3)
    assert change(there, alert, "take-over", version=4).json()["status"] == "open"
    assert steps(service, alert) == ["raised", "handed_over", "declined", "handed_over", "taken_over"]


def test_a_note_is_kept_once_encrypted_and_shown_in_the_row(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    note = {"id": str(uuid.uuid4()), "text": "户主住院，约周三上门"}
    first, second = (lin.post(f"{PATH}/{alert}/notes", json=note) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, second.json())
    assert lin.post(f"{PATH}/{alert}/notes", json=note | {"text": "别的"}).status_code == 409
    assert lin.post(f"{PATH}/{alert}/notes", json=note | {"id": str(uuid.uuid4()), "text": "  "}).status_code == 422
    row = lin.get(PATH).json()["items"][0]
    assert row["note"] == {"by": "林干事", "on": today().isoformat(), "text": "户主住院，约周三上门"}
    assert [one["text"] for one in lin.get(f"{PATH}/{alert}/notes").json()] == ["户主住院，约周三上门"]
    with database.reading(service.engine) as session:
        assert "住院".encode() not in session.scalars(select(Note)).one().text


def test_who_is_mentioned_finds_the_note_until_they_have_seen_it(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    signed_in(service, "外地干事", region="340203")
    note = {"id": str(uuid.uuid4()), "text": "请协助", "mentions": [str(worker_id(service, "外地干事"))]}
    assert lin.post(f"{PATH}/{alert}/notes", json=note).status_code == 422
    lin.post(f"{PATH}/{alert}/notes", json=note | {"mentions": [str(worker_id(service, "方干事"))]})
    called = fang.get("/api/v1/desk/mentions").json()
    assert [one["text"] for one in called] == ["请协助"]
    assert lin.get("/api/v1/desk/mentions").json() == []
    for _ in range(2):
        assert fang.post(f"/api/v1/desk/mentions/{note['id']}/seen").status_code == 204
    assert fang.get("/api/v1/desk/mentions").json() == []


def test_what_is_not_in_my_region_is_not_there_for_any_change(service: Service) -> None:
    alert = raised(service, [RED])[0]
    stranger = signed_in(service, "外地干事", region="340203")
    bodies: dict[str, Any] = {
        "claim": None, "snooze": {"until": later(), "why": "AWAY"},
        "hand-over": {"region": OTHER_COUNTY, "why": "MOVED"},
        "notes": {"id": str(uuid.uuid4()), "text": "x"},
    }  # fmt: skip
    for what, body in bodies.items():
        theirs = change(stranger, alert, what, body)
        nobodys = change(stranger, uuid.uuid4(), what, body)
        assert (theirs.status_code, nobodys.status_code) == (404, 404), what
        assert theirs.json() == nobodys.json()
    assert stored(service, alert).version == 1


def test_many_are_assigned_together_and_each_that_cannot_be_is_named(service: Service) -> None:
    mine = raised(service, [RED] * 3)
    theirs = raised(service, [RED], region=OTHER_COUNTY, start=10)[0]
    boss = signed_in(service, "陈主任", role="reviewer")
    signed_in(service, "林干事", region="340299001")
    change(boss, mine[1], "hand-over", {"region": OTHER_VILLAGE, "why": "MOVED"})
    listed = [{"id": str(id_)} for id_ in (mine[0], mine[1], theirs, uuid.uuid4())] + [
        {"id": str(mine[2]), "version": 9}
    ]
    body = {"alerts": listed, "to": str(worker_id(service, "林干事"))}
    answer = boss.post(f"{PATH}/bulk/assign", json=body)
    said = answer.json()
    assert (answer.status_code, said["done"], said["not_done"], said["ids"]) == (200, 1, 4, [str(mine[0])])
    refused = {one["id"]: one["status"] for one in said["refused"]}
    assert [refused[one["id"]] for one in listed[1:]] == [409, 404, 404, 412]
    assert all(one["zh"] and one["en"] for one in said["refused"])
    assert (stored(service, theirs).owner_id, stored(service, mine[2]).owner_id) == (None, None)


def test_many_are_chosen_by_what_the_queue_shows_or_listed_and_never_both(service: Service) -> None:
    raised(service, [RED, RED, {"elder": FIRES}])
    boss = signed_in(service, "陈主任", role="reviewer")
    signed_in(service, "林干事", region="340299001")
    to = str(worker_id(service, "林干事"))
    assert boss.post(f"{PATH}/bulk/assign", json={"all_of": {"level": "red"}, "to": to}).json()["done"] == 2
    for body in ({"to": to}, {"to": to, "all_of": {}, "alerts": []}):
        assert boss.post(f"{PATH}/bulk/assign", json=body).status_code == 422
    pause = {"all_of": {}, "until": later(), "why": "WEATHER"}
    assert boss.post(f"{PATH}/bulk/snooze", json=pause).json()["done"] == 3
    assert boss.get(PATH).json()["count"] == "0"


def test_there_is_no_closing_of_many(service: Service) -> None:
    paths = signed_in(service, "林干事").get("/openapi.json").json()["paths"]
    together = sorted(path for path in paths if "/bulk/" in path)
    assert [path.rsplit("/", 1)[1] for path in together] == [
        "assign", "assign-by-village", "claim", "release", "snooze", "undo",
    ]  # fmt: skip


def test_what_was_done_to_many_is_taken_back_of_many_row_by_row(service: Service) -> None:
    alerts = raised(service, [RED] * 4)
    boss, lin = signed_in(service, "陈主任", role="supervisor"), signed_in(service, "林干事", region="340299001")
    fang = signed_in(service, "方干事", region="340299001")
    listed = {"alerts": [{"id": str(one)} for one in alerts]}
    body = listed | {"to": str(worker_id(service, "林干事"))}
    assert boss.post(f"{PATH}/bulk/assign", json=body).json()["done"] == 4
    assert lin.post(f"{PATH}/bulk/undo", json=listed).json()["done"] == 0, "it was not theirs"
    change(lin, alerts[3], "release", version=2)
    back = boss.post(f"{PATH}/bulk/undo", json=listed).json()
    assert (back["ids"], [one["status"] for one in back["refused"]]) == ([str(one) for one in alerts[:3]], [409])
    assert all(one["zh"] and one["en"] for one in back["refused"])
    standing = [stored(service, one) for one in alerts]
    assert [(one.status, one.owner_id, one.version) for one in standing] == [("open", None, 3)] * 4
    timeline = lin.get(f"{PATH}/{alerts[0]}").json()["timeline"]
    assert [one["kind"] for one in timeline][-2:] == ["assigned", "undone"]
    assert boss.post(f"{PATH}/bulk/undo", json=listed).json()["done"] == 0, "an undo is not taken back"
    assert lin.post(f"{PATH}/bulk/claim", json=listed).json()["done"] == 4
    assert fang.post(f"{PATH}/bulk/claim", json=listed).json()["done"] == 0
    assert fang.post(f"{PATH}/bulk/release", json=listed).json()["done"] in (0, 4)


def test_of_many_nothing_is_taken_back_after_its_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = raised(service, [RED] * 2)
    lin = signed_in(service, "林干事", region="340299001")
    listed = {"alerts": [{"id": str(one)} for one in alerts]}
    assert lin.post(f"{PATH}/bulk/claim", json=listed).json()["done"] == 2
    assert moving.UNDO_WITHIN.total_seconds() == 30
    monkeypatch.setattr(moving, "UNDO_WITHIN", timedelta(0))
    late = lin.post(f"{PATH}/bulk/undo", json=listed).json()
    assert (late["done"], [one["status"] for one in late["refused"]]) == (0, [409, 409])


def test_passing_over_a_red_alert_wants_a_reason_once_a_day(service: Service) -> None:
    red, plain = raised(service, [RED, {"elder": FIRES}])
    lin = signed_in(service, "林干事", region="340299001")
    assert lin.post(f"{PATH}/next", json={"skip": [str(plain)]}).json()["alert"]["id"] == str(red)
    refused = lin.post(f"{PATH}/next", json={"skip": [str(red)]})
    assert (refused.status_code, "NOT_HOME" in refused.json()["detail"]) == (422, True)
    said = lin.post(f"{PATH}/next", json={"skip": [str(red)], "why": "NOT_HOME"})
    assert said.json()["alert"]["id"] == str(plain)
    assert lin.post(f"{PATH}/next", json={"skip": [str(red), str(uuid.uuid4())]}).json()["alert"]["id"] == str(plain)
    (kept,) = [one for one in lin.get(f"{PATH}/{red}").json()["timeline"] if one["kind"] == "passed_over"]
    assert (kept["by"], kept["detail"]["why"]) == ("林干事", "NOT_HOME")
    assert stored(service, red).version == 2, "only its claiming changed it"


def test_by_village_each_alert_goes_to_who_has_it_in_their_care_and_least_to_do(service: Service) -> None:
    raised(service, [RED] * 4)
    other = raised(service, [RED], region=OTHER_VILLAGE, start=10)[0]
    boss = signed_in(service, "陈主任", role="reviewer")
    names = ("林干事", "方干事", "吴干事")
    for name in names:
        signed_in(service, name, region="340299001")
    lin, fang, wu = (str(worker_id(service, name)) for name in names)
    away = {"away_from": today().isoformat(), "away_until": later(2), "cover": wu}
    for worker, duty in ((lin, {"visits_a_day": 6}), (fang, {"visits_a_day": 2} | away)):
        body = {"villages": [VILLAGE]} | duty
        assert boss.put(f"/api/v1/colleagues/{worker}/duty", json=body, headers={"If-Match": '"0"'}).status_code == 200
    said = boss.post(f"{PATH}/bulk/assign-by-village", json={}).json()
    assert (said["done"], [one["id"] for one in said["refused"]]) == (4, [str(other)])
    loads = {one["id"]: one["open"] for one in boss.get("/api/v1/colleagues").json()}
    assert (loads[fang], loads[lin] + loads[wu], loads[lin] >= loads[wu] > 0) == (0, 4, True)


def test_who_stands_in_finds_the_others_work_in_their_own_queue(service: Service) -> None:
    alert = raised(service, [RED])[0]
    boss, lin = signed_in(service, "陈主任", role="reviewer"), signed_in(service, "林干事", region="340299001")
    fang = signed_in(service, "方干事", region="340299001")
    change(lin, alert, "claim")
    assert fang.get(PATH, params={"owner": "me"}).json()["count"] == "0"
    leave = {"away_from": today().isoformat(), "cover": str(worker_id(service, "方干事"))}
    worker = worker_id(service, "林干事")
    boss.put(f"/api/v1/colleagues/{worker}/duty", json=leave, headers={"If-Match": '"0"'})
    assert fang.get(PATH, params={"owner": "me"}).json()["count"] == "1"
    assert fang.get("/api/v1/desk/worklist").json()["waiting"] == 1


@pytest.mark.parametrize(
    "duty",
    [
        {"visits_a_day": 51}, {"villages": ["340203002003"]}, {"away_from": "2026-03-05", "away_until": "2026-03-01"},
        {"cover": "00000000-0000-0000-0000-000000000009"},
    ],
)  # fmt: skip
def test_a_duty_that_makes_no_sense_is_refused(service: Service, duty: dict[str, Any]) -> None:
    boss = signed_in(service, "陈主任", role="reviewer")
    signed_in(service, "林干事", region="340299001")
    worker = worker_id(service, "林干事")
    answer = boss.put(f"/api/v1/colleagues/{worker}/duty", json=duty, headers={"If-Match": '"0"'})
    assert answer.status_code in (404, 422)


def test_views_are_ones_own_or_shared_in_a_region(service: Service) -> None:
    boss, lin = signed_in(service, "陈主任", role="reviewer"), signed_in(service, "林干事", region="340299001")
    stranger = signed_in(service, "外地干事", region="340203002")
    view = {"name": "红色逾期", "narrow": {"level": "red", "group": "overdue"}}
    own = lin.post("/api/v1/views", json=view)
    assert (own.status_code, own.json()["mine"], own.headers["ETag"]) == (201, True, '"1"')
    assert lin.post("/api/v1/views", json=view).status_code == 409
    shared = boss.post("/api/v1/views", json=view | {"name": "全县", "shared_in": "340299"}).json()
    assert boss.post("/api/v1/views", json=view | {"name": "越界", "shared_in": "3402"}).status_code == 403
    assert [(one["name"], one["mine"]) for one in lin.get("/api/v1/views").json()] == [
        ("全县", False),
        ("红色逾期", True),
    ]
    assert stranger.get("/api/v1/views").json() == []
    tag = {"If-Match": '"1"'}
    assert lin.delete(f"/api/v1/views/{shared['id']}", headers=tag).status_code == 404
    path = f"/api/v1/views/{own.json()['id']}"
    assert lin.put(path, json=view | {"name": "红"}).status_code == 428
    assert lin.put(path, json=view | {"name": "红"}, headers=tag).json()["name"] == "红"
    assert lin.delete(path, headers=tag).status_code == 412
    assert lin.delete(path, headers={"If-Match": '"2"'}).status_code == 204


def test_the_calendar_is_read_and_arranged_and_deadlines_follow(service: Service) -> None:
    raised(service, [RED], on=today())
    chief = signed_in(service, "市主管", role="supervisor", region="3402")
    path = f"/api/v1/calendar/{today().year}"
    shown = chief.get(path)
    assert (shown.headers["ETag"], shown.json()["published"]) == ('"0"', True)
    body = {"title": "市政府办公室通知", "worked": shown.json()["worked"]}
    free = sorted({*shown.json()["off"], *((today() + timedelta(days=day)).isoformat() for day in range(1, 8))})
    free = [day for day in free if day.startswith(str(today().year)) and day not in body["worked"]]
    changed = chief.put(path, json=body | {"off": free}, headers={"If-Match": '"0"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["recounted"]) == (200, 1, 1)
    assert chief.put(path, json=body | {"off": free}, headers={"If-Match": '"0"'}).status_code == 412
    lin = signed_in(service, "林干事")
    assert lin.put(path, json=body | {"off": free}, headers={"If-Match": '"1"'}).status_code == 403


def test_the_day_is_filled_by_deadline_and_the_supervisor_sees_what_will_be_late(service: Service) -> None:
    alerts = raised(service, [RED] * 9, on=today())
    lin = signed_in(service, "林干事", region="340299001")
    boss = signed_in(service, "陈主任", role="reviewer")
    lin_id = str(worker_id(service, "林干事"))
    boss.post(f"{PATH}/bulk/assign", json={"all_of": {}, "to": lin_id})
    due(service, alerts[5], today() - timedelta(days=3))
    duty = {"visits_a_day": 1}
    boss.put(f"/api/v1/colleagues/{lin_id}/duty", json=duty, headers={"If-Match": '"0"'})
    mine = lin.get("/api/v1/desk/worklist").json()
    assert (mine["waiting"], len(mine["today"]) == mine["visits"], mine["visits"] <= 1) == (9, True, True)
    assert [one["id"] for one in mine["today"]] in ([], [str(alerts[5])])
    assert mine["late"] >= 7
    loads = {one["worker"]: one for one in boss.get("/api/v1/desk/worklists").json()}
    assert (loads[lin_id]["late"], loads[lin_id]["waiting"]) == (mine["late"], 9)
    assert boss.get(f"/api/v1/desk/worklists/{lin_id}").json() == mine
    assert boss.get(f"/api/v1/desk/worklists/{uuid.uuid4()}").status_code == 404


def test_every_act_at_the_desk_leaves_its_audit_entry(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    change(lin, alert, "claim")
    change(lin, alert, "snooze", {"until": later(), "why": "AWAY"}, version=2)
    with database.reading(service.engine) as session:
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(alert))).all()
    assert acts == ["alert.claimed", "alert.snoozed"]
