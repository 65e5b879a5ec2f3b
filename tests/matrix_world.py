"""The world of the matrix: one household in every state at every place, and who asks."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from monitor import access, database, outgoing, regions
from monitor.access import sessions
from monitor.access.sessions import Manner
from monitor.service import Service
from monitor.tables import (
    Alert,
    Case,
    ExportRequest,
    FollowUp,
    Household,
    Measure,
    Member,
    Person,
    Photo,
    Reason,
    Referral,
    SignIn,
    Suggestion,
    Worker,
    utc_now,
)

DAY = date(2026, 3, 1)
# Every place with those that manage it: what the oracle goes by, and nothing of the application's.
PLACES = {
    "340202001001": ("340202001", "340202", "3402", "34"),
    "340202001002": ("340202001", "340202", "3402", "34"),
    "340202002001": ("340202002", "340202", "3402", "34"),
    "340202009001": ("340202009", "340271", "3402", "34"),
    "340298001001": ("340298001", "340298", "3402", "34"),
    "340297001001": ("340297001", "340297", "3414", "34"),
    "350202001001": ("350202001", "350202", "3502", "35"),
}
STATES = ("open", "assigned", "visited", "closed", "annulled")
VIEWERS = {
    "assistant": ("assistant", "340202001001"), "caseworker": ("caseworker", "340202001"),
    "reviewer": ("reviewer", "340202"), "zone reviewer": ("reviewer", "340271"), "supervisor": ("supervisor", "3402"),
    "department": ("department", "340202"), "other department": ("department", "340202"),
    "administrator": ("administrator", "00"), "security": ("security", "00"), "auditor": ("auditor", "00"),
    "service": ("service", "340202"),
}  # fmt: skip
DEPARTMENTS = {"department": "医保", "other department": "教育"}
STRANGERS = ("anonymous", "expired", "disabled")


@dataclass
class Target:
    """One household and everything that hangs on it; None for a place: there is no such household."""

    place: str | None
    state: str
    ids: dict[str, str] = field(default_factory=dict)


def build(service: Service) -> list[Target]:
    """Make the world and return its households, with one that does not exist at the end."""
    with database.transaction(service.engine) as session:
        sealed = service.keyring.encrypt("例会材料", about="export_requests.why")
        asker, _ = access.add_worker(session, "who asks", region="00", by="test")
        moved = [regions.Place("340202009", "某街", under="340271"), regions.Place("340297", "某县", under="3414")]
        regions.load_regions(session, moved)
        found = [_target(session, place, state, (asker, sealed)) for place in PLACES for state in STATES]
        for model in (Household, Alert, Suggestion):
            session.execute(update(model).where(model.town == "340202009").values(county="340271"))
    return [*found, Target(None, "absent", {name: str(uuid.uuid4()) for name in found[0].ids} | {"household_no": "H0"})]


def sign_everybody_in(service: Service) -> dict[str, str]:
    """Make the viewers and return what each one's cookie holds."""
    cookies, later = {}, utc_now() + timedelta(hours=1)
    with database.transaction(service.engine) as session:
        for name, (role, region) in {
            **VIEWERS,
            "expired": VIEWERS["reviewer"],
            "disabled": VIEWERS["reviewer"],
        }.items():
            worker, _ = access.add_worker(session, name, region=region, role=role, by="test")
            worker.department = DEPARTMENTS.get(name)
            cookies[name] = sessions.begin(session, worker, Manner("oidc", True, b"x"), now=utc_now(), most=9)
            # On a slow machine the matrix lasts longer than a proof does.
            session.execute(update(SignIn).where(SignIn.worker_id == worker.id).values(proved_at=later, seen_at=later))
            if name == "expired":
                values = {"seen_at": utc_now() - timedelta(minutes=31)}
                session.execute(update(SignIn).where(SignIn.worker_id == worker.id).values(values))
            if name == "disabled":
                session.execute(update(Worker).where(Worker.id == worker.id).values(active=False))
    return cookies


def _target(session: Any, place: str, state: str, asked_by: tuple[Worker, bytes]) -> Target:
    number, ended = f"H{place}{state}", utc_now() if state in ("closed", "annulled") else None
    home = Household(
        household_no=number, category="dibao", region=place, county=place[:6], town=place[:9], village=place
    )
    person = Person(sex="1")
    session.add_all([home, person])
    session.flush()
    alert = Alert(
        household_id=home.id, status=state, level="red", level_since_on=DAY, region=place, county=place[:6],
        town=place[:9], village=place, opened_on=DAY, seen_on=DAY, closed_at=ended,
        closed_why="NE_INC" if ended else None,
    )  # fmt: skip
    session.add_all([alert, Member(household_id=home.id, person_id=person.id, relation="02", from_on=DAY)])
    session.flush()
    visit = FollowUp(
        id=uuid.uuid4(), alert_id=alert.id, visited_on=DAY, way="home", finding="confirmed", reason_code="IN_DB",
        digest="x", recorded_by="n",
    )  # fmt: skip
    case = Case(household_id=home.id, alert_id=alert.id, follow_up_id=visit.id, opened_on=DAY)
    reason = Reason(
        alert_id=alert.id, rule="elder", rule_version="1", direction="help", level="red", sentence_zh=f"见{number}",
        sentence_en=number, first_on=DAY, last_on=DAY,
    )  # fmt: skip
    session.add_all([visit, case, reason])
    session.flush()
    measure = Measure(id=uuid.uuid4(), case_id=case.id, code="LS_J", responsible=number, made_by="n")
    referral = Referral(
        id=uuid.uuid4(), household_id=home.id, alert_id=alert.id, case_id=case.id, code="RF_MED", department="医保",
        due_on=DAY, digest="x", sent_by="n",
    )  # fmt: skip
    photo = Photo(
        id=uuid.uuid4(),
        follow_up_id=visit.id,
        sent_sha256="x",
        sha256="x",
        size_bytes=1,
        width=1,
        height=1,
        added_by="n",
    )
    asked = ExportRequest(
        id=uuid.uuid4(),
        asked_by=asked_by[0].id,
        path=outgoing.path_of(session, place),
        rows=1,
        why=asked_by[1],
        status="refused" if ended else "asked",
    )
    suggestion = Suggestion(
        household_id=home.id, as_of=DAY, model="m", score=0.5, place=1, capacity=9, reasons=[], county=place[:6],
        town=place[:9], village=place,
    )  # fmt: skip
    session.add_all([measure, referral, photo, asked, suggestion])
    session.flush()
    ids = {
        "alert_id": alert.id, "case_id": case.id, "measure_id": measure.id, "referral_id": referral.id,
        "photo_id": photo.id, "follow_up": visit.id, "export_id": asked.id,
        "suggestion_id": suggestion.id,
    }  # fmt: skip
    return Target(place, state, {name: str(one) for name, one in ids.items()} | {"household_no": number})
