"""Who works in the made-up city: accounts that one can sign in with, opened as a real office opens them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import access, database
from monitor.access import accounts, signing_in
from monitor.access.accounts import Appointment
from monitor.access.policy import TITLES
from monitor.errors import Conflict
from monitor.service import Service
from monitor.tables import Alert, Worker, utc_now

_TOWNSHIP, _COUNTY, _CITY = 9, 6, 4
_POSTS = (
    ("village", "assistant", 12), ("town", "caseworker", _TOWNSHIP), ("county", "reviewer", _COUNTY),
    ("city", "supervisor", _CITY), ("auditor", "auditor", 2),
)  # fmt: skip


@dataclass(frozen=True)
class Post:
    """One account: how to sign in, as what, and where. The password is random, and shown this once."""

    login: str
    password: str
    title: str
    region: str


def staff(service: Service) -> Sequence[Post]:
    """Open an account of each kind where the most alerts wait, and return them.

    The first administrator comes by the one-time invitation, opens the accounts and names the security
    administrator, who gives the roles. A second call is refused: there is an administrator.
    """
    with database.transaction(service.engine) as session:
        invitation = accounts.bootstrap(session, by="demo")
        busiest = _busiest(session)
    if invitation is None:
        raise Conflict(zh="已有系统管理员", en="there is an administrator already")
    chief = _accepted(service, invitation, "admin", "administrator", access.NATION, first=True)
    security = _opened(service, "security", "security", access.NATION)
    with database.transaction(service.engine) as session:
        by = _viewer(session, "admin")
        accounts.found(session, _account(session, "security"), "security", by=by)
    posts = [chief, security]
    for login, role, digits in _POSTS:
        region = busiest[:digits] if digits > 2 else access.NATION
        posts.append(_opened(service, login, role, region))
        with database.transaction(service.engine) as session:
            worker = _account(session, login)
            appointment = Appointment(role, region, "demo")
            by = _viewer(session, "security")
            accounts.appoint(session, worker.id, appointment, by=by, expected=worker.version)
    return posts


def _busiest(session: Session) -> str:
    """Return the village where the most alerts are open."""
    counted = select(Alert.region).where(Alert.status == "open").group_by(Alert.region)
    found = session.scalar(counted.order_by(func.count().desc(), Alert.region).limit(1))
    if found is None:
        raise Conflict(zh="没有预警，无处设岗", en="there are no alerts, so nobody's post")
    return str(found)


def _opened(service: Service, login: str, role: str, region: str) -> Post:
    with database.transaction(service.engine) as session:
        name = f"{TITLES[role][0]}（演示）"
        _, invitation = accounts.open_account(session, name, login=login, staff_no=None, by="admin")
    return _accepted(service, str(invitation), login, role, region)


def _accepted(service: Service, invitation: str, login: str, role: str, region: str, *, first: bool = False) -> Post:
    password = f"Da-{secrets.token_hex(7)}"
    signing_in.accept(service, invitation, password, login=login if first else None, now=utc_now())
    return Post(login, password, " / ".join(TITLES[role]), region)


def _account(session: Session, login: str) -> Worker:
    return session.scalars(select(Worker).where(Worker.login == login)).one()


def _viewer(session: Session, login: str) -> access.Viewer:
    worker = _account(session, login)
    return access.Viewer(worker.id, worker.name, worker.role, access.NATION)
