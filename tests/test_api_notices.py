"""What has come for somebody: digests of deadlines with their alerts as they stand now, and how much is new today."""

import uuid
from datetime import timedelta

from desks import OTHER_COUNTY, OTHER_VILLAGE, due, raised, signed_in, worker_id
from factories import FIRES, VILLAGE
from sqlalchemy import select, update

from jobs.remind import remind
from monitor import database
from monitor.service import Service, today
from monitor.tables import Alert, Digest, Referral, utc_now

DESK = "/api/v1/desk"
RED = {"illness": FIRES}
TOWN, COUNTY = VILLAGE[:9], VILLAGE[:6]


def own(service: Service, alert: uuid.UUID, worker: uuid.UUID) -> None:
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id == alert).values(owner_id=worker, status="assigned"))


def test_a_digest_is_read_by_whom_it_was_told_to_with_its_alerts_as_they_stand_now(service: Service) -> None:
    mine, nobodys, long_late = raised(service, [RED] * 3, on=today())
    lin, chief = signed_in(service, "林干事", region=TOWN), signed_in(service, "陈主任", role="reviewer", region=COUNTY)
    fang = signed_in(service, "方干事", region=TOWN)
    own(service, mine, worker_id(service, "林干事"))
    for alert, late in ((mine, 1), (nobodys, 1), (long_late, 40)):
        due(service, alert, today() - timedelta(days=late))
    remind(service, today())
    both = lin.get(f"{DESK}/digests").json()
    (told,), (region,) = ([one for one in both if (one["region_name"] == "") == own] for own in (True, False))
    assert (told["contents"]["counts"], told["contents"]["left_out"]) == ({"overdue": 1}, 0)
    assert [one["alert"] for one in region["contents"]["alerts"]] == [str(long_late), str(nobodys)]
    assert fang.get(f"{DESK}/digests").json() == [region]
    assert fang.get(f"{DESK}/digests/{told['id']}").status_code == 404
    sheet = lin.get(f"{DESK}/digests/{told['id']}").json()
    assert [(one["alert"], one["step"]) for one in sheet["contents"]["alerts"]] == [(str(mine), "overdue")]
    assert [(one["id"], one["status"], one["urgency"]) for one in sheet["alerts"]] == [
        (str(mine), "assigned", "overdue")
    ]
    own(service, mine, worker_id(service, "方干事"))
    assert lin.get(f"{DESK}/digests/{told['id']}").json()["alerts"][0]["owner_name"] == "方干事"
    (escalated,) = chief.get(f"{DESK}/digests").json()
    assert escalated["contents"]["counts"] == {"escalate": 1}
    assert escalated["region"] == COUNTY
    assert escalated["region_name"] != ""
    assert [one["id"] for one in chief.get(f"{DESK}/digests/{escalated['id']}").json()["alerts"]] == [str(long_late)]


def test_a_clerk_reads_what_their_department_was_asked_as_it_stands_now_and_no_alert(service: Service) -> None:
    (alert,) = raised(service, [RED], on=today())
    due(service, alert, today() + timedelta(days=90))
    asked = {
        one: Referral(
            id=uuid.uuid4(), household_id=1, alert_id=alert, code="RF_MED", department="医保局", due_on=today(),
            digest="0", sent_by="x",
        )
        for one in ("waits", "done")
    }  # fmt: skip
    with database.transaction(service.engine) as session:
        home = session.get_one(Alert, alert).household_id
        for one in asked.values():
            one.household_id = home
        session.add_all(asked.values())
        ids = {name: str(one.id) for name, one in asked.items()}
    mine = signed_in(service, "医保干事", role="department", region=COUNTY, department="医保局")
    other = signed_in(service, "教育干事", role="department", region=COUNTY, department="教育局")
    remind(service, today())
    with database.transaction(service.engine) as session:
        done = session.get_one(Referral, uuid.UUID(ids["done"]))
        done.status, done.ended_at = "done", utc_now()
    assert mine.get(f"{DESK}/awaited").json() == {"mentions": 0, "digests": 1}
    assert (other.get(f"{DESK}/awaited").json(), other.get(f"{DESK}/digests").json()) == (
        {"mentions": 0, "digests": 0},
        [],
    )
    (told,) = mine.get(f"{DESK}/digests").json()
    assert told["contents"]["counts"] == {"referral_remind": 2}
    sheet = mine.get(f"{DESK}/digests/{told['id']}").json()
    assert (sheet["alerts"], {one["level"] for one in sheet["contents"]["referrals"]}) == ([], {None})
    assert {one["id"]: one["status"] for one in sheet["referrals"]} == {ids["waits"]: "sent", ids["done"]: "done"}
    assert other.get(f"{DESK}/digests/{told['id']}").status_code == 404
    assert mine.get(f"{DESK}/mentions").status_code == 403


def test_an_alert_that_has_gone_to_another_county_is_counted_but_not_shown(service: Service) -> None:
    here, gone = raised(service, [RED] * 2, on=today())
    lin = signed_in(service, "林干事", region=TOWN)
    for alert in (here, gone):
        own(service, alert, worker_id(service, "林干事"))
        due(service, alert, today() - timedelta(days=1))
    remind(service, today())
    place = {"county": OTHER_COUNTY[:6], "town": OTHER_COUNTY[:9], "village": OTHER_COUNTY}
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id == gone).values(place))
    (told,) = lin.get(f"{DESK}/digests").json()
    sheet = lin.get(f"{DESK}/digests/{told['id']}").json()
    assert {one["alert"] for one in sheet["contents"]["alerts"]} == {str(here), str(gone)}
    assert [one["id"] for one in sheet["alerts"]] == [str(here)]


def test_a_digest_of_before_referrals_were_told_is_still_read(service: Service) -> None:
    (alert,) = raised(service, [RED], on=today())
    lin = signed_in(service, "林干事", region=TOWN)
    own(service, alert, worker_id(service, "林干事"))
    due(service, alert, today())
    remind(service, today())
    with database.transaction(service.engine) as session:
        one = session.scalars(select(Digest)).one()
        one.contents = {name: said for name, said in one.contents.items() if name != "referrals"}
    (told,) = lin.get(f"{DESK}/digests").json()
    assert told["contents"]["referrals"] == []
    assert lin.get(f"{DESK}/digests/{told['id']}").json()["alerts"][0]["id"] == str(alert)


def test_what_has_come_today_is_counted_until_it_is_seen_and_for_nobody_else(service: Service) -> None:
    (alert,) = raised(service, [RED], on=today())
    lin, fang = signed_in(service, "林干事", region=TOWN), signed_in(service, "方干事", region=TOWN)
    elsewhere = signed_in(service, "外村干事", region=OTHER_VILLAGE)
    own(service, alert, worker_id(service, "方干事"))
    due(service, alert, today())
    assert fang.get(f"{DESK}/awaited").json() == {"mentions": 0, "digests": 0}
    remind(service, today())
    note = {"id": str(uuid.uuid4()), "text": "请协助", "mentions": [str(worker_id(service, "方干事"))]}
    assert lin.post(f"/api/v1/alerts/{alert}/notes", json=note).status_code == 201
    assert fang.get(f"{DESK}/awaited").json() == {"mentions": 1, "digests": 1}
    fang.post(f"{DESK}/mentions/{note['id']}/seen")
    assert fang.get(f"{DESK}/awaited").json() == {"mentions": 0, "digests": 1}
    for other in (lin, elsewhere):
        assert other.get(f"{DESK}/awaited").json() == {"mentions": 0, "digests": 0}
    with database.transaction(service.engine) as session:
        session.execute(update(Digest).values(as_of=today() - timedelta(days=1)))
    assert fang.get(f"{DESK}/awaited").json() == {"mentions": 0, "digests": 0}
