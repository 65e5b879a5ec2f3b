"""A small office for tests: alerts with deadlines, people to work on them, and their tokens."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from browsing import Browser
from factories import DAY, VILLAGE, Home, judge, register, scan
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.app import create_app
from monitor import access, database, policy
from monitor.access import Viewer, sessions
from monitor.access.sessions import Manner
from monitor.alerts import raise_alerts
from monitor.service import Service
from monitor.tables import Alert, Household, Person, SignIn, Worker, utc_now
from monitor.work import deadlines

OTHER_VILLAGE = "340299001002"
OTHER_COUNTY = "340203002003"


def raised(
    service: Service, verdicts: Sequence[Mapping[str, Any]], *, region: str = VILLAGE, on: date = DAY, start: int = 1
) -> list[uuid.UUID]:
    """Alerts received on a day, of a household each, in the order of their numbers."""
    law = policy.load(DAY)
    with database.transaction(service.engine) as session:
        homes = register(session, len(verdicts), region=region, start=start)
        for person in session.scalars(select(Person).where(Person.name.is_(None))):
            person.name = service.keyring.encrypt("王桂兰", about="people.name")
        shown = {home.id: Home(said, region=region) for home, said in zip(homes, verdicts, strict=True)}
        raise_alerts(session, judge(shown), scan=scan(session), due=deadlines.Clock(law).due(session, on=on))
        keys = [home.id for home in homes]
        found = session.execute(select(Alert.household_id, Alert.id).where(Alert.household_id.in_(keys)))
        alerts = {row.household_id: row.id for row in found}
        return [alerts[key] for key in keys]


def due(service: Service, alert: uuid.UUID, on: date) -> None:
    """Make an alert due on a day."""
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id == alert).values(contact_due_on=on))


def hire(service: Service, name: str, *, role: str = "caseworker", region: str = "340299") -> tuple[Viewer, str]:
    """Somebody to do the work, with their token."""
    with database.transaction(service.engine) as session:
        worker, token = access.add_worker(session, name, region=region, role=role, by="test")
        return Viewer(worker.id, worker.name, worker.role, worker.region), token


def signed_in(
    service: Service, name: str, *, role: str = "caseworker", region: str = "340299", department: str | None = None
) -> TestClient:
    """A client that somebody new is signed in with; of a department's clerk, whose."""
    client = Browser(create_app(service), raise_server_exceptions=False)
    viewer, token = hire(service, name, role=role, region=region)
    with database.transaction(service.engine) as session:
        session.get_one(Worker, viewer.worker).department = department
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def as_person(service: Service, name: str, **how: Any) -> tuple[TestClient, uuid.UUID]:
    """Somebody who signed in with a browser, and the id of that session."""
    viewer, _ = hire(service, name, **how)
    with database.transaction(service.engine) as session:
        worker = session.get_one(Worker, viewer.worker)
        cookie = sessions.begin(session, worker, Manner("oidc", True, b"x"), now=utc_now(), most=9)
        sign_in = session.scalars(select(SignIn.id).where(SignIn.worker_id == worker.id)).one()
    client = Browser(create_app(service), base_url="https://testserver", raise_server_exceptions=False)
    client.headers.update({"Cookie": f"__Host-sid={cookie}", "X-Lowincome": "1"})
    return client, sign_in


def worker_id(service: Service, name: str) -> uuid.UUID:
    with database.reading(service.engine) as session:
        return session.scalars(select(Worker.id).where(Worker.name == name)).one()


def stored(service: Service, alert: uuid.UUID) -> Alert:
    with database.reading(service.engine) as session:
        return session.get_one(Alert, alert)


def household_no(service: Service, alert: uuid.UUID) -> str:
    with database.reading(service.engine) as session:
        chosen = select(Household.household_no).join(Alert, Alert.household_id == Household.id)
        return session.scalars(chosen.where(Alert.id == alert)).one()
