"""What a verified "no need" keeps quiet can be looked through, and one rule spoken of again for one household."""

import uuid
from datetime import timedelta
from typing import Any

from desks import OTHER_COUNTY, raised, signed_in
from factories import FIRES
from fastapi.testclient import TestClient
from sqlalchemy import select

from monitor import audit, database
from monitor.service import Service, today
from monitor.tables import AuditEntry, Quiet

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
