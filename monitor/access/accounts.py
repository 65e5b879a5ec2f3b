"""Who there is: workers, their role and region, and the tokens of machines."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access.policy import ROLES
from monitor.access.reach import Viewer, shorten
from monitor.errors import Conflict, Invalid
from monitor.privacy import hash_token
from monitor.tables import Worker


def add_worker(session: Session, name: str, *, region: str, role: str = "caseworker", by: str) -> tuple[Worker, str]:
    """Return a new worker and the token to sign in with, which is shown this once and never kept.

    Refuses a name that is blank or taken, an unknown role, and a region that is no official code (``00``: the whole).
    """
    if role not in ROLES:
        raise Invalid(zh=f"角色只能是 {', '.join(ROLES)}", en=f"a role is one of {', '.join(ROLES)}")
    if not name.strip():
        raise Invalid(zh="须写明姓名或岗位", en="say the worker's name or post")
    if session.scalar(select(Worker.id).where(Worker.name == name)) is not None:
        raise Conflict(zh="已有同名工作人员", en="there is a worker of that name")
    token = secrets.token_urlsafe(32)
    worker = Worker(name=name, role=role, region=shorten(region), token_hash=hash_token(token))
    session.add(worker)
    session.flush()
    detail = {"role": role, "region": worker.region}
    audit.record(session, by=by, action="worker.added", subject=str(worker.id), detail=detail)
    return worker, token


def sign_in(session: Session, token: str) -> Viewer | None:
    """Return the active worker whose token this is; None for any other token."""
    worker = session.scalar(select(Worker).where(Worker.token_hash == hash_token(token), Worker.active))
    return None if worker is None else Viewer(worker.id, worker.name, worker.role, worker.region)
