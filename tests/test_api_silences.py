"""What is kept quiet can be looked through; one rule is paused for one household, and spoken of again."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from desks import OTHER_COUNTY, household_no, raised, signed_in, stored
from factories import FIRES, Home, judge, scan, viewer
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from monitor import audit, database
from monitor.alerts import annul_for_facts, raise_alerts
from monitor.alerts.annulment import Fallen
from monitor.cases import doubts
from monitor.lifecycle import Step, move
from monitor.service import Service, today
from monitor.tables import Alert, AuditEntry, Quiet, Reason

BOTH = {"illness": FIRES, "elder": FIRES}


def found_no_need(client: TestClient, service: Service, **where: Any) -> str:
    """An alert of a household that turned out to need nothing: its two rules are quiet from today."""
    alert = raised(service, [BOTH], on=today(), **where)[0]
    said = {"id": str(uuid.uuid4()), "visited_on": str(today()), "way": "home", "finding": "no_need"}
    path = f"/api/v1/alerts/{alert}"
    tag = {"If-Match": client.get(path).headers["ETag"]}
    answer = client.post(f"{path}/follow-ups", json=said | {"reason_code": "NE_SHORT"}, headers=tag)
    assert answer.status_code == 201, answer.text
    return str(client.get(path).json()["household_no"])


def test_quiet_rules_are_listed_within_the_region_with_who_until_and_why(service: Service) -> None:
    chief = signed_in(service, "陈主任", role="reviewer", region="34")
    mine, theirs = found_no_need(chief, service), found_no_need(chief, service, region=OTHER_COUNTY, start=50)
    boss, lin = signed_in(service, "王主任", role="reviewer"), signed_in(service, "林干事", region="340299001")
    shown = lin.get("/api/v1/quiets").json()
    assert {(one["household_no"], one["rule"]) for one in shown["items"]} == {(mine, "illness"), (mine, "elder")}
    assert {(one["found_by"], one["why"], one["since_on"]) for one in shown["items"]} == {
        ("陈主任", "NE_SHORT", str(today()))
    }
    assert all(one["until_on"] > str(today() + timedelta(days=29)) for one in shown["items"])
    pages = [chief.get("/api/v1/quiets", params={"limit": 3}).json()]
    pages.append(chief.get("/api/v1/quiets", params={"limit": 3, "after": pages[0]["next"]}).json())
    walked = [(one["household_no"], one["rule"]) for page in pages for one in page["items"]]
    assert sorted(walked) == sorted((home, rule) for home in (mine, theirs) for rule in BOTH)
    assert pages[1]["next"] is None
    narrowed = chief.get("/api/v1/quiets", params={"region": OTHER_COUNTY[:6], "rule": "elder"}).json()
    assert [(one["household_no"], one["rule"]) for one in narrowed["items"]] == [(theirs, "elder")]
    assert boss.get("/api/v1/quiets", params={"region": OTHER_COUNTY[:6]}).json()["items"] == []
    of_one = boss.get("/api/v1/quiets", params={"household_no": mine}).json()["items"]
    assert sorted(one["rule"] for one in of_one) == ["elder", "illness"]
    assert boss.get("/api/v1/quiets", params={"household_no": theirs}).json()["items"] == []


def test_one_rule_is_spoken_of_again_with_a_reason_and_no_other(service: Service) -> None:
    boss = signed_in(service, "陈主任", role="reviewer")
    home = found_no_need(boss, service)
    path = f"/api/v1/households/{home}/quiets/illness/end"
    village = signed_in(service, "协理员", role="assistant")
    far = signed_in(service, "外县", role="reviewer", region="340203")
    assert village.post(path, json={"why": "ASKED"}).status_code == 403
    assert far.post(path, json={"why": "ASKED"}).status_code == 404
    assert boss.post(path, json={"why": "BECAUSE"}).status_code == 422
    lifted = boss.post(path, json={"why": "ASKED"})
    assert (lifted.status_code, lifted.json()["ended_on"]) == (200, str(today()))
    assert boss.post(path, json={"why": "ASKED"}).status_code == 404
    assert [one["rule"] for one in boss.get("/api/v1/quiets").json()["items"]] == ["elder"]
    with database.reading(service.engine) as session:
        held = session.scalars(select(Quiet).where(Quiet.rule == "illness")).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "quiet.lifted")).one()
        assert (held.ended_why, entry.subject, entry.detail["rule"]) == ("lifted:ASKED", str(held.id), "illness")
        assert list(audit.broken_links(session)) == []


def a_pause(**other: Any) -> dict[str, Any]:
    return {"until_on": str(today() + timedelta(days=60)), "why": "KNOWN_CAUSE"} | other


def night(service: Service, alert: uuid.UUID, days: int, observed: float) -> None:
    day, home = today() + timedelta(days=days), stored(service, alert).household_id
    shown = judge({home: Home({"illness": (FIRES, observed), "elder": FIRES})}, as_of=day)
    with database.transaction(service.engine) as session:
        raise_alerts(session, shown, scan=scan(session, day))


def standing(service: Service) -> list[list[str]]:
    """The rules of each alert that was ever raised, the first alert first."""
    with database.reading(service.engine) as session:
        alerts = session.scalars(select(Alert).order_by(Alert.episode)).all()
        return [sorted(reason.rule for reason in one.reasons) for one in alerts]


def test_a_rule_paused_for_a_household_is_raised_no_more_until_its_facts_worsen(service: Service) -> None:
    lin = signed_in(service, "林干事")
    alert = raised(service, [BOTH], on=today())[0]
    answer = lin.post(f"/api/v1/households/{household_no(service, alert)}/quiets/illness", json=a_pause())
    assert (answer.status_code, answer.json()["since_on"]) == (201, str(today()))
    night(service, alert, 1, 13_000)
    with database.transaction(service.engine) as session:
        kept = session.scalars(select(Reason).where(Reason.rule == "illness")).one()
        assert (kept.status, kept.observed) == ("active", 12_000)
        move(session, session.get_one(Alert, alert), "annul", by="scan", step=Step("ERR_STALE", today()))
    night(service, alert, 2, 15_599)
    assert standing(service) == [["elder", "illness"], ["elder"]]
    night(service, alert, 3, 15_600)
    assert standing(service) == [["elder", "illness"], ["elder", "illness"]]
    with database.reading(service.engine) as session:
        assert session.scalars(select(Quiet.ended_why)).all() == ["worse"]


def test_a_pause_is_on_the_timeline_in_the_audit_and_on_the_list_that_supervisors_read(service: Service) -> None:
    lin = signed_in(service, "林干事")
    chief = signed_in(service, "王局长", role="supervisor", region="3402")
    alert = raised(service, [BOTH], on=today())[0]
    home = household_no(service, alert)
    visited = found_no_need(lin, service, start=50)
    path, key = f"/api/v1/households/{home}/quiets/illness", {"Idempotency-Key": "pause-0001"}
    first, again = (lin.post(path, json=a_pause(), headers=key) for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    (told,) = [one for one in lin.get(f"/api/v1/alerts/{alert}").json()["timeline"] if one["kind"] == "rule_paused"]
    assert (told["by"], told["detail"]["why"], told["detail"]["rule"]) == ("林干事", "KNOWN_CAUSE", "illness")
    said = [one["zh"] for one in lin.get(f"/api/v1/households/{home}/timeline").json()["entries"]]
    assert "暂停规则：原因已知，短期内不会变化" in said
    seen = {
        paused: {(one["household_no"], one["rule"], one["found_by"]) for one in
                 chief.get("/api/v1/quiets", params={"paused": paused}).json()["items"]}
        for paused in ("true", "false")
    }  # fmt: skip
    assert seen["true"] == {(home, "illness", "林干事")}
    assert {one[0] for one in seen["false"]} == {visited}
    assert chief.post(f"{path}/end", json={"why": "CHECK_AGAIN"}).status_code == 200
    assert chief.get("/api/v1/quiets", params={"paused": "true"}).json()["items"] == []
    with database.reading(service.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "quiet.paused")).one()
        assert (entry.detail["rule"], entry.detail["why"]) == ("illness", "KNOWN_CAUSE")
        assert list(audit.broken_links(session)) == []


def test_what_may_not_be_paused_is_refused_and_changes_nothing(service: Service) -> None:
    lin, village = signed_in(service, "林干事"), signed_in(service, "协理员", role="assistant")
    far = signed_in(service, "外县", region="340203")
    alert = raised(service, [BOTH], on=today())[0]
    path = f"/api/v1/households/{household_no(service, alert)}/quiets"
    with database.transaction(service.engine) as session:
        session.execute(update(Reason).where(Reason.rule == "elder").values(quiet_days=0))
    tried = (
        (village, "illness", a_pause(), 403), (far, "illness", a_pause(), 404), (lin, "income", a_pause(), 409),
        (lin, "elder", a_pause(), 409), (lin, "illness", a_pause(until_on=str(today())), 422),
        (lin, "illness", a_pause(until_on=str(today() + timedelta(days=181))), 422),
        (lin, "illness", a_pause(why="BORED"), 422), (lin, "illness", {"until_on": "2026-12-31"}, 422),
    )  # fmt: skip
    for client, rule, said, status in tried:
        assert client.post(f"{path}/{rule}", json=said).status_code == status, (rule, said)
    assert lin.get("/api/v1/quiets").json()["items"] == []
    longest = a_pause(until_on=str(today() + timedelta(days=180)))
    assert lin.post(f"{path}/illness", json=longest).status_code == 201
    refused = lin.post(f"{path}/illness", json=a_pause())
    assert refused.status_code == 409
    assert longest["until_on"] in refused.json()["detail_zh"]


def test_of_many_who_pause_a_rule_at_once_one_does(service: Service) -> None:
    alert = raised(service, [BOTH], on=today())[0]
    path = f"/api/v1/households/{household_no(service, alert)}/quiets/illness"
    clients = [signed_in(service, f"干事{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: client.post(path, json=a_pause()).status_code, clients))
    assert sorted(answers) == [201, 409, 409, 409]


@pytest.mark.parametrize("ended", [False, True])
def test_a_pause_that_rests_on_facts_of_somebody_else_ends_with_them(service: Service, *, ended: bool) -> None:
    lin = signed_in(service, "林干事")
    alert = raised(service, [BOTH], on=today())[0]
    assert lin.post(
        f"/api/v1/households/{household_no(service, alert)}/quiets/illness", json=a_pause()
    ).status_code == 201  # fmt: skip
    with database.transaction(service.engine) as session:
        found = session.get_one(Alert, alert)
        rows = {(row["feed"], row["delivery"], row["row"]) for row in found.reasons[0].evidence}
        if ended:
            move(session, found, "close", by=viewer(), step=Step("NE_INC", today()))
            doubts.follow(session, rows, person=1, code="ERR_ID", by="scan", as_of=today())
        else:
            annul_for_facts(session, Fallen(1, rows), code="ERR_ID", by="scan", as_of=today())
    with database.reading(service.engine) as session:
        assert session.scalars(select(Quiet.ended_why)).all() == ["ERR_ID"]
