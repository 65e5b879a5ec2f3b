"""The nights as the operator sees them: what each took and brought, and how one that stood still is let go."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from desks import signed_in, worker_id
from factories import register
from sqlalchemy import select

from jobs import ledger
from monitor import database
from monitor.service import Service
from monitor.tables import AuditEntry, Household, Quarantine, Run, RunEvent, Scan, utc_now

FIRST = date(2026, 3, 1)


def night(service: Service, after: int, *, raised: int | None, status: str = "done") -> uuid.UUID:
    """A scan some nights after the first, ten minutes long; without ``raised`` it came to no end."""
    as_of, began = FIRST + timedelta(days=after), utc_now() - timedelta(days=30 - after)
    with database.transaction(service.engine) as session:
        ended = began + timedelta(minutes=10)
        run = Run(job="scan", as_of=as_of, status=status, started_at=began, finished_at=ended, problem=None)
        session.add(run)
        session.flush()
        if raised is not None:
            counts = {"households": 500, "raised": raised, "reasons_cleared": 3, "quarantined": 1}
            session.add(
                Scan(run_id=run.id, as_of=as_of, policy_version="p" * 64, manifest=f"m{after}", counts=counts,
                     made_at=began, finished_at=ended)
            )  # fmt: skip
        return run.id


def test_a_night_tells_what_it_took_brought_and_went_by(service: Service) -> None:
    run = night(service, 0, raised=7)
    operator = signed_in(service, "运维", role="administrator", region="00")
    said = operator.get("/api/v1/nights").json()
    assert len(said) == 1
    assert said[0] | {"started_at": 0, "finished_at": 0} == {
        "run": str(run), "as_of": "2026-03-01", "scope": "", "status": "done", "attempt": 1, "problem": None,
        "started_at": 0, "finished_at": 0, "seconds": 600.0, "households": 500, "set_aside": 1, "raised": 7,
        "cleared": 3, "policy_version": "p" * 64, "model": None, "usual": None, "spike": False, "can_release": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("usual", "last", "spike"), [(50, 100, True), (50, 99, False), (2, 21, False), (2, 22, True), (0, 20, True)]
)
def test_a_night_of_twice_the_usual_and_twenty_more_is_to_be_looked_at(
    sqlite_service: Service, usual: int, last: int, spike: bool
) -> None:
    for after in range(7):
        night(sqlite_service, after, raised=usual)
    night(sqlite_service, 7, raised=None, status="failed")
    night(sqlite_service, 8, raised=last)
    operator = signed_in(sqlite_service, "运维", role="administrator", region="00")
    newest, failed, *_ = operator.get("/api/v1/nights").json()
    assert (newest["usual"], newest["spike"]) == (usual, spike)
    assert (failed["raised"], failed["seconds"], failed["can_release"]) == (None, 600.0, True)


def test_the_nights_before_the_page_count_for_what_was_usual(sqlite_service: Service) -> None:
    for after, raised in enumerate([1000, 1, 1, 1, 1, 1, 1, 1, 30]):
        night(sqlite_service, after, raised=raised)
    operator = signed_in(sqlite_service, "运维", role="administrator", region="00")
    said = operator.get("/api/v1/nights", params={"limit": 1}).json()
    assert [(one["usual"], one["spike"]) for one in said] == [(1.0, True)]


@pytest.mark.parametrize("status", ["held", "missed", "failed"])
def test_what_stood_still_is_asked_for_anew_audited_and_taken_by_who_works(service: Service, status: str) -> None:
    run = night(service, 0, raised=None, status=status)
    operator = signed_in(service, "运维", role="administrator", region="00")
    answer = operator.post(f"/api/v1/runs/{run}/release")
    assert (answer.status_code, answer.json()["status"], answer.json()["finished_at"]) == (200, "requested", None)
    with database.reading(service.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "run.released")).one()
        assert (entry.by, entry.subject) == (str(worker_id(service, "运维")), str(run))
        assert entry.detail == {"job": "scan", "as_of": "2026-03-01", "was": status}
        assert list(session.scalars(select(RunEvent.kind).where(RunEvent.run_id == run))) == ["requested"]
    lease = ledger.take(service.engine, "scan", as_of=FIRST)
    assert lease.run == run
    ledger.broken_off(lease, "failed", "OSError")


@pytest.mark.parametrize("status", ["done", "running", "requested"])
def test_what_does_not_stand_still_is_not_let_go(service: Service, status: str) -> None:
    run = night(service, 0, raised=1 if status == "done" else None, status=status)
    operator = signed_in(service, "运维", role="administrator", region="00")
    refused = operator.post(f"/api/v1/runs/{run}/release")
    assert (refused.status_code, "没有被搁置" in refused.json()["detail_zh"]) == (409, True)
    with database.reading(service.engine) as session:
        assert session.get_one(Run, run).status == status
    assert operator.post(f"/api/v1/runs/{uuid.uuid4()}/release").status_code == 404


@pytest.mark.parametrize(
    ("role", "reads", "lets_go"), [("caseworker", 200, 403), ("supervisor", 200, 200), ("auditor", 403, 403)]
)
def test_who_reads_the_nights_and_who_lets_a_run_go(service: Service, role: str, reads: int, lets_go: int) -> None:
    run = night(service, 0, raised=None, status="held")
    somebody = signed_in(service, "某人", role=role, region="3402")
    assert somebody.get("/api/v1/nights").status_code == reads
    assert somebody.post(f"/api/v1/runs/{run}/release").status_code == lets_go


def aside(service: Service, run: uuid.UUID, household: int, *, after: int) -> None:
    with database.transaction(service.engine) as session:
        said = {"as_of": FIRST + timedelta(days=after), "stage": "judge", "error": "KeyError", "place": "rules.py:41"}
        session.add(Quarantine(run_id=run, household_id=household, **said))


def test_who_could_not_be_judged_is_told_with_since_when_and_named_only_to_who_manages_them(service: Service) -> None:
    with database.transaction(service.engine) as session:
        here, there = (home.id for home in register(session, 2))
        session.get_one(Household, there).county = "340203"
        session.get_one(Household, there).region = "340203001001"
        number = session.get_one(Household, here).household_no
    runs = [night(service, after, raised=1, status="done_with_quarantine") for after in range(3)]
    for after in (0, 1, 2):
        aside(service, runs[after], here, after=after)
    for after in (0, 2):
        aside(service, runs[after], there, after=after)
    operator, boss = (
        signed_in(service, who, role=role, region=region)
        for who, role, region in (("运维", "administrator", "00"), ("主管", "supervisor", "340299"))
    )
    shown = operator.get("/api/v1/nights/aside").json()
    assert [(one["since"], one["nights"]) for one in shown] == [("2026-03-01", 3), ("2026-03-03", 1)]
    assert {(one["household_no"], one["region_name"], one["error"], one["place"]) for one in shown} == {
        (None, None, "KeyError", "rules.py:41")
    }
    assert [one["household_no"] for one in boss.get("/api/v1/nights/aside").json()] == [number, None]
    night(service, 3, raised=1)
    assert boss.get("/api/v1/nights/aside").json() == [], "the newest night could judge them"


def test_who_was_set_aside_is_for_who_can_run_the_night_again(service: Service) -> None:
    lin, auditor = (signed_in(service, who, role=role) for who, role in (("林", "caseworker"), ("审", "auditor")))
    assert [one.get("/api/v1/nights/aside").status_code for one in (lin, auditor)] == [403, 403]


def test_a_night_at_work_has_no_end_and_no_seconds(sqlite_service: Service) -> None:
    with database.transaction(sqlite_service.engine) as session:
        session.add(Run(job="scan", as_of=FIRST, status="running", started_at=utc_now()))
    operator = signed_in(sqlite_service, "运维", role="administrator", region="00")
    said = operator.get("/api/v1/nights").json()[0]
    assert (said["seconds"], said["households"], said["spike"]) == (None, None, False)
    assert datetime.fromisoformat(said["started_at"]).tzinfo is not None
