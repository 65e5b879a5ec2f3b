"""What the routes ask for: the service, who is asking, a session that reads or one unit of work."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from time import monotonic
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import cookies
from api.steps import ASKS, HELD
from monitor import access, database, policy
from monitor.access import sessions
from monitor.regions import Tree, read_tree
from monitor.service import Service, judgeable, today
from monitor.tables import Scan, utc_now

_log = logging.getLogger(__name__)
_OPEN = "lowincome.open"
"""Where the session in which somebody signed in stands in a request's scope, until whoever goes on with it takes it."""

bearer = HTTPBearer(
    auto_error=False, description="数据服务的令牌；人员用会话 / a machine's token; people have sessions"
)


def service_of(request: Request) -> Service:
    """Return the installation this application serves."""
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(service_of)]


def whole_service_of(request: Request) -> Service:
    """Return the installation without the wall: for taking in data, which has no viewer and all regions."""
    service: Service = request.app.state.whole
    return service


WholeServing = Annotated[Service, Depends(whole_service_of)]


def viewer_of(
    request: Request, service: Serving, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> access.Viewer:
    """Return who is asking, by a machine's token or a person's session; without either the answer is 401.

    A change by a session must come from our own pages.
    """
    found, token = None, sent.credentials if sent else cookies.token_of(request)
    if token is not None:
        with _at_the_door(request, service) as session:
            found = access.sign_in(session, token) if sent else _person(request, service, session, token)
    if found is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return found


@contextmanager
def _at_the_door(request: Request, service: Service) -> Iterator[Session]:
    """Yield a session in which to find out who asks; where the route goes on with it, it stays open for that."""
    if not request.scope.get(ASKS, frozenset()).isdisjoint({reading_session, transaction_session}):
        session: Session = request.scope[HELD].enter_context(database.reading(service.engine))
        request.scope[_OPEN] = session
        yield session
        return
    with database.reading(service.engine) as session:
        yield session


def _person(request: Request, service: Service, session: Session, token: str) -> access.Viewer | None:
    now = utc_now()
    found = sessions.find(session, token, settings=service.settings, now=now)
    if found is None:
        return None
    viewer, seen_at = found
    cookies.require_own_page(request, service.settings)
    if viewer.session and cookies.by_a_person(request) and now - seen_at > sessions.NOTED_EVERY:
        with database.instead(session) as changing:
            sessions.note_seen(changing, viewer.session, now=now)
    return viewer


Viewing = Annotated[access.Viewer, Depends(viewer_of)]


class May:
    """The policy row of a route: asks who is asking, and refuses a role that may not do ``action``."""

    def __init__(self, action: str) -> None:
        if action not in access.ACTIONS:
            raise LookupError(action)
        self.action = action

    def __call__(self, viewer: Viewing) -> access.Viewer:
        """Return the viewer; 403 for a role or a token without the action."""
        access.require(viewer, self.action)
        return viewer


def may(action: str) -> Any:
    """Declare what a route does: ``@router.get(..., dependencies=[may("alert.read")])``.

    The action is a row of ``monitor.access.policy``; the description shows it as ``x-action``, with the 403 it can
    give. It checks the role; what a ``within`` action touches must still be cut by ``access.scope``.
    """
    return Depends(May(action))


def reading_session(request: Request, service: Serving, viewer: Viewing) -> Iterator[Session]:
    """Yield a session that only reads, and only what lies in the viewer's region."""
    session: Session | None = request.scope.pop(_OPEN, None)
    if session is not None:
        database.narrow(session, access.wall(viewer))
        yield session
        return
    with database.reading(service.engine, region=access.wall(viewer)) as session:
        yield session


def transaction_session(request: Request, service: Serving, viewer: Viewing) -> Iterator[Session]:
    """Yield one unit of work in the viewer's region, committed before the answer: a failed commit is no success."""
    session: Session | None = request.scope.pop(_OPEN, None)
    if session is not None:
        with database.instead(session, region=access.wall(viewer)) as changing:
            yield changing
        return
    with database.transaction(service.engine, region=access.wall(viewer)) as changing:
        yield changing


# "function": the exit, and with it the commit, runs before the response goes out.
Reading = Annotated[Session, Depends(reading_session, scope="function")]
InTransaction = Annotated[Session, Depends(transaction_session, scope="function")]


def newest_date(session: Session) -> date:
    """Return the date of the newest finished scan; the city's date when there is none."""
    return session.scalar(select(func.max(Scan.as_of)).where(Scan.finished_at.is_not(None))) or today()


def asked_date(session: Session, as_of: date | None) -> date:
    """Return the date asked about, by default the newest scan's; refuses one outside our times."""
    return newest_date(session) if as_of is None else judgeable(as_of)


class Laws:
    """The policy in force on a date and the tree of regions, each read once.

    A page that somebody spoils while the service runs changes nothing: the pack read before stays until all pages are
    sound again. Only a process that never read a sound one refuses, with file and line. Pages are looked at for a new
    day, at most once in ``rest`` seconds: reading all costs as much as answering twice.
    """

    rest = 60.0

    def __init__(self, service: Service) -> None:
        self.on = lru_cache(maxsize=16)(self._on)
        self._service = service
        self._pack: policy.Pack | None = None
        self._looked = 0.0
        self._tree: Tree | None = None

    def _on(self, day: date) -> policy.Policy:
        pack = self._pack = self._sound()
        return policy.in_force(pack, day, known_on=day, production=self._service.settings.production)

    def _sound(self) -> policy.Pack:
        if self._pack is not None and monotonic() - self._looked < self.rest:
            return self._pack
        self._looked = monotonic()
        try:
            return policy.read_pack(self._service.pack or policy.HERE)
        except policy.PolicyError as fault:
            if self._pack is None:
                raise
            _log.warning("a page of policy cannot be read: the pack before stays", extra={"at": str(fault.place)})
            return self._pack

    @property
    def tree(self) -> Tree:
        """The tree of regions as it was when first asked for."""
        if self._tree is None:
            with database.reading(self._service.engine) as session:
                self._tree = read_tree(session)
        return self._tree


def laws_of(request: Request) -> Laws:
    """Return the application's laws."""
    laws: Laws = request.app.state.laws
    return laws


ByLaw = Annotated[Laws, Depends(laws_of)]
