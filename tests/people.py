"""People who sign in, for tests: an administrator by the first invitation, and the others as they come about."""

from dataclasses import dataclass, replace
from typing import Any

from argon2 import PasswordHasher
from browsing import Browser
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from monitor import access, database
from monitor.access import accounts, passwords
from monitor.service import Service
from monitor.tables import Worker

PASSWORD = "Meiyou-Ren-Zhidao-7"  # noqa: S105
passwords._HASHER = PasswordHasher(
    time_cost=1, memory_cost=64, parallelism=1
)  # the real cost, 1,000 times over, is hours
OWN = {"X-Lowincome": "1"}


@dataclass
class Office:
    """An installation behind https, and who works in it."""

    service: Service

    def browser(self, **headers: str) -> TestClient:
        """A browser at the service's own pages, not signed in."""
        app = create_app(self.service)
        return Browser(app, base_url="https://testserver", headers=OWN | headers, raise_server_exceptions=False)

    def account(self, login: str, role: str | None = None, region: str = "3402", password: str = PASSWORD) -> Worker:
        """An account with a password, and a role unless None."""
        with database.transaction(self.service.engine) as session:
            worker, invitation = accounts.open_account(
                session, f"name of {login}", login=login, staff_no=None, by="test"
            )
            if role is not None:
                accounts._give(session, worker, role=role, region=region, by="test", why="worker.added")
        answer = self.browser().post("/api/v1/invitations", json={"invitation": invitation, "password": password})
        assert answer.status_code == 204, answer.text
        return worker

    def signed_in(self, login: str, password: str = PASSWORD, **more: Any) -> TestClient:
        """A browser in which ``login`` has signed in."""
        browser = self.browser()
        answer = sign_in(browser, login, password, **more)
        assert answer.status_code == 204, answer.text
        return browser

    def worker(self, login: str) -> Worker:
        """The account as it stands."""
        with database.reading(self.service.engine) as session:
            return session.scalars(select(Worker).where(Worker.login == login)).one()

    def token(self, name: str, **options: Any) -> str:
        """A bearer token of a new worker."""
        with database.transaction(self.service.engine) as session:
            return access.add_worker(session, name, by="test", **options)[1]

    def with_settings(self, **changes: Any) -> "Office":
        """The same installation, set otherwise."""
        return Office(replace(self.service, settings=replace(self.service.settings, **changes)))


def sign_in(browser: TestClient, login: str, password: str = PASSWORD, **more: Any) -> Any:
    """Send a sign-in and return the answer."""
    return browser.post("/api/v1/session", json={"login": login, "password": password, **more})
