"""Who there is: accounts opened by the administrator, invited once, given a role by the security administrator."""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import sessions, tokens
from monitor.access.policy import ACTIONS, ROLES, SEPARATE, TITLES, relation
from monitor.access.reach import DEPARTMENT, NATION, Viewer, shorten
from monitor.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from monitor.privacy import hash_token
from monitor.tables import Credential, Grant, Worker, utc_now

NO_ROLE, MACHINE = "none", "service"
INVITATION_LASTS = timedelta(hours=24)
_LEAST_DIGITS = {"assistant": 9, "caseworker": 6, "reviewer": 6, DEPARTMENT: 4}


def add_worker(
    session: Session,
    name: str,
    *,
    region: str,
    role: str = "caseworker",
    by: str,
    scopes: Iterable[str] | None = None,
) -> tuple[Worker, str]:
    """Return a new worker and a token of theirs for ``scopes``, by default all that the role may do.

    The token is shown this once and never kept. Refuses a name that is blank or taken, an unknown role, and a region
    that is no official code (``00``: the whole).
    """
    if role not in ROLES:
        raise Invalid(zh=f"角色只能是 {', '.join(ROLES)}", en=f"a role is one of {', '.join(ROLES)}")
    worker = _new(session, name, by=by)
    _give(session, worker, role=role, region=region, by=by, why="worker.added")
    wanted = [action for action in ACTIONS if relation(role, action)] if scopes is None else scopes
    return worker, tokens.issue(session, worker, scopes=wanted, days=tokens.MOST_DAYS, note="", by=by)[1]


def open_account(
    session: Session, name: str, *, login: str | None, staff_no: str | None, by: str
) -> tuple[Worker, str | None]:
    """Return a new account without a role, and the invitation by which its owner sets a password, shown once.

    Without a login it is a machine's account, which nobody is invited to. ``staff_no`` is the person's: one person has
    one account, so that nobody holds two roles under two names. Refuses a login, a number or a name that is taken.
    """
    folded = None if login is None else fold(login)
    for column, value in ((Worker.login, folded), (Worker.staff_no, staff_no)):
        if value is not None and session.scalar(select(Worker.id).where(column == value)) is not None:
            raise Conflict(
                zh="账号名或工号已有人使用；一人只能有一个账号",
                en="that login or staff number is taken: one person, one account",
            )
    worker = _new(session, name, by=by)
    worker.login, worker.staff_no = folded, staff_no
    return worker, None if folded is None else invite(session, worker, by=by)


def invite(session: Session, worker: Worker, *, by: str) -> str:
    """Return a new invitation, good once and for a day; an earlier one is worth nothing from here on."""
    text = secrets.token_urlsafe(32)
    credential = session.get(Credential, worker.id) or Credential(worker_id=worker.id)
    credential.invitation, credential.invited_until = hash_token(text), utc_now() + INVITATION_LASTS
    session.add(credential)
    session.flush()
    audit.record(session, by=by, action="account.invited", subject=str(worker.id))
    return text


def bootstrap(session: Session, *, by: str) -> str | None:
    """Return the one-time invitation of the first administrator; None once an administrator has a password.

    Called again before that, it makes a new invitation for the same account.
    """
    heads = select(Worker, Credential).join(Credential).where(Worker.role == "administrator", Worker.active)
    for worker, credential in session.execute(heads).all():
        return None if credential.password or worker.subject else invite(session, worker, by=by)
    worker = _new(session, "系统管理员 / administrator", by=by)
    _give(session, worker, role="administrator", region=NATION, by=by, why="bootstrap")
    return invite(session, worker, by=by)


def found(session: Session, worker: Worker, role: str, *, by: Viewer) -> None:
    """Give a new account the role of first security administrator or first auditor, as long as there is none.

    The one role an administrator ever gives: afterwards roles are the security administrator's to give.
    """
    if role not in ("security", "auditor") or _count(session, role) > 0:
        raise Forbidden(
            zh="角色由安全管理员授予；系统管理员只能指定首位安全管理员和首位审计管理员",
            en="roles are the security administrator's to give; an administrator names only the first of them and of"
            " the auditors",
        )
    _give(session, worker, role=role, region=NATION, by=by.name, why="first")


@dataclass(frozen=True)
class Appointment:
    """A role, the region it holds in (an official code) and why it is given; of a department's clerk, whose."""

    role: str
    region: str
    why: str
    department: str | None = None


def appoint(session: Session, worker_id: uuid.UUID, appointment: Appointment, *, by: Viewer, expected: int) -> Worker:
    """Give a worker a role and a region; their sessions end, so that it holds at once.

    Refuses a role to oneself, a second of the three administrators' roles to whoever has or had one, a region wider
    than the role's level, and a change that rests on another version than ``expected``.
    """
    role, worker = appointment.role, get(session, worker_id)
    if worker.version != expected:
        raise Stale(worker.version)
    if worker.id == by.worker:
        raise Forbidden(zh="不能给自己授予角色", en="nobody gives a role to themselves")
    if role not in ROLES:
        raise Invalid(zh=f"角色只能是 {', '.join(ROLES)}", en=f"a role is one of {', '.join(ROLES)}")
    if (role == MACHINE) != (worker.login is None):
        raise Conflict(
            zh="数据服务角色只给没有登录名的账号，人员角色只给人员账号",
            en="a machine's role is for an account without a login only",
        )
    held = set(session.scalars(select(Grant.role).where(Grant.worker_id == worker.id))) & set(SEPARATE)
    if role in SEPARATE and held - {role}:
        raise Conflict(
            zh=f"该账号曾任{'、'.join(TITLES[one][0] for one in sorted(held))}：三员分立，不能兼任",
            en="the account has held another of the three administrators' roles: nobody holds two",
        )
    if (role == DEPARTMENT) != bool(appointment.department):
        raise Invalid(
            zh="协同部门经办人须写明所属部门，其他角色不写",
            en="a clerk of another department says which department; no other role does",
        )
    _keep_one(session, worker, role)
    worker.department = appointment.department
    _give(session, worker, role=role, region=appointment.region, by=by.name, why=appointment.why)
    worker.version += 1
    sessions.end(session, worker.id, why="role", now=utc_now())
    return worker


def set_active(session: Session, worker_id: uuid.UUID, active: bool, *, by: Viewer) -> Worker:
    """Let an account in or keep it out; kept out, its sessions end and its tokens are worth nothing.

    A second call changes nothing. Refuses to keep out oneself and the last of an administrator's role.
    """
    worker = get(session, worker_id)
    if worker.active == active:
        return worker
    if worker.id == by.worker:
        raise Forbidden(zh="不能停用自己的账号", en="nobody disables themselves")
    if not active:
        _keep_one(session, worker, NO_ROLE)
        sessions.end(session, worker.id, why="disabled", now=utc_now())
    worker.active, worker.version = active, worker.version + 1
    audit.record(session, by=by.name, action=f"account.{'enabled' if active else 'disabled'}", subject=str(worker.id))
    return worker


def get(session: Session, worker_id: uuid.UUID) -> Worker:
    """Return an account."""
    worker = session.get(Worker, worker_id)
    if worker is None:
        raise NotFound(zh="没有这个账号", en="there is no such account")
    return worker


def fold(login: str) -> str:
    """Return a login as it is kept and compared: small letters."""
    return login.strip().lower()


def _new(session: Session, name: str, *, by: str) -> Worker:
    if not name.strip():
        raise Invalid(zh="须写明姓名或岗位", en="say the worker's name or post")
    if session.scalar(select(Worker.id).where(Worker.name == name)) is not None:
        raise Conflict(zh="已有同名工作人员", en="there is a worker of that name")
    worker = Worker(name=name, role=NO_ROLE, region=NATION)
    session.add(worker)
    session.flush()
    audit.record(session, by=by, action="worker.added", subject=str(worker.id))
    return worker


def _give(session: Session, worker: Worker, *, role: str, region: str, by: str, why: str) -> None:
    code = NATION if role in SEPARATE else shorten(region)
    if why != "worker.added" and len(code) < _LEAST_DIGITS.get(role, 0):
        raise Invalid(
            zh=f"{TITLES[role][0]}的区划代码至少{_LEAST_DIGITS[role]}位",
            en=f"the region of a {TITLES[role][1]} has at least {_LEAST_DIGITS[role]} digits",
        )
    worker.role, worker.region = role, code
    session.add(Grant(worker_id=worker.id, role=role, region=code, by=by, why=why))
    session.flush()
    detail = {"role": role, "region": code} | ({"department": worker.department} if worker.department else {})
    audit.record(session, by=by, action="role.granted", subject=str(worker.id), detail=detail)


def _keep_one(session: Session, worker: Worker, role: str) -> None:
    """An installation without one of its three administrators could never be put right again."""
    if worker.role in SEPARATE and worker.active and role != worker.role and _count(session, worker.role) == 1:
        raise Conflict(
            zh=f"这是最后一名{TITLES[worker.role][0]}，请先指定接任者",
            en=f"this is the last {TITLES[worker.role][1]}: name a successor first",
        )


def _count(session: Session, role: str) -> int:
    return session.scalar(select(func.count()).select_from(Worker).where(Worker.role == role, Worker.active)) or 0
