"""Signing in: by password and code, by invitation, by a provider; and proving again who one is."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.access import passwords, second_factor, sessions, throttle
from monitor.access.accounts import NO_ROLE, fold
from monitor.access.passwords import PROFILES, Profile
from monitor.access.sessions import Manner
from monitor.errors import CodeNeeded, Conflict, Forbidden, Invalid, Unproven
from monitor.privacy import hash_token
from monitor.service import Service
from monitor.tables import Credential, Worker


@dataclass(frozen=True)
class Proof:
    """What a person shows: a password and, where they have a second factor, its code."""

    password: str
    code: str | None = None


def by_password(service: Service, login: str, proof: Proof, *, source: str, now: datetime) -> str:
    """Return the token of a new session; every refusal of name or password is the same and takes as long.

    The attempt is counted first, in its own transaction, and the hash is worked out outside of any.
    """
    keys = throttle.keys_of(service.keyring, fold(login), source)
    with database.transaction(service.engine) as session:
        throttle.sweep(session, now=now)
        worker, credential = _find(session, fold(login))
        known = worker is not None and sessions.known_source(session, worker.id, keys.source, now=now)
        throttle.reserve(session, keys, known=known, now=now)
        kept = credential.password if credential is not None else None
    right = passwords.verify(kept, proof.password)
    if not right or worker is None or not worker.active:
        _note_failure(service, worker)
        raise _refused()
    with database.transaction(service.engine) as session:
        worker, credential = _own(session, worker.id)
        second = _spend_code(session, service, credential, proof.code, now)
        throttle.forgive(session, keys)
        return _begin(session, service, worker, Manner("password", second, keys.source), now)


def by_provider(service: Service, subject: str, login: str, *, second: bool, source: str, now: datetime) -> str:
    """Return the token of a new session of the account that ``subject`` (issuer and its name for the person) means.

    The first time, the account whose login the provider gives is bound to that subject, for good. Refuses whoever has
    no account here: the provider says who somebody is, not what they may see.
    """
    with database.transaction(service.engine) as session:
        worker = session.scalar(select(Worker).where(Worker.subject == subject))
        if worker is None:
            worker = session.scalar(select(Worker).where(Worker.login == fold(login), Worker.subject.is_(None)))
            if worker is not None:
                worker.subject = subject
                audit.record(session, by=worker.name, action="account.bound", subject=str(worker.id))
        if worker is None or not worker.active:
            raise Unproven(
                zh="统一身份认证成功，但本系统没有对应账号，请联系系统管理员",
                en="the provider knows you, but there is no account of yours here: ask the administrator",
            )
        key = throttle.keys_of(service.keyring, fold(login), source).source
        return _begin(session, service, worker, Manner("oidc", second, key), now)


def prove(
    service: Service, worker_id: uuid.UUID, sign_in: uuid.UUID, proof: Proof, *, source: str, now: datetime
) -> str:
    """Note a fresh proof of who the session's owner is and return the session's new token."""
    with database.transaction(service.engine) as session:
        worker, credential = _own(session, worker_id)
        keys = throttle.keys_of(service.keyring, worker.login or str(worker.id), source)
        throttle.reserve(session, keys, known=True, now=now)
        kept = credential.password
    if not passwords.verify(kept, proof.password):
        _note_failure(service, worker)
        raise _refused()
    with database.transaction(service.engine) as session:
        worker, credential = _own(session, worker_id)
        second = _spend_code(session, service, credential, proof.code, now)
        throttle.forgive(session, keys)
        audit.record(session, by=worker.name, action="session.proved", subject=str(worker.id))
        return sessions.renew(session, sign_in, second=second, now=now)


def accept(service: Service, invitation: str, password: str, *, login: str | None, now: datetime) -> None:
    """Set the first password, or a new one, by an invitation, which is used up.

    The first administrator, whose account has no login yet, says one. Other sessions of the account end.
    """
    with database.transaction(service.engine) as session:
        credential = session.scalar(select(Credential).where(Credential.invitation == hash_token(invitation)))
        if credential is None or credential.invited_until is None or credential.invited_until <= now:
            raise Unproven(
                zh="邀请无效、已使用或已过期，请系统管理员重新发出",
                en="no such invitation, used or past its day: ask for another",
            )
        worker = session.get_one(Worker, credential.worker_id)
        _name(session, worker, login)
        _set_password(credential, worker, password, profile=PROFILES[service.settings.passwords], now=now)
        credential.invitation = credential.invited_until = None
        sessions.end(session, worker.id, why="password", now=now)
        audit.record(session, by=worker.name, action="password.set", subject=str(worker.id))


def change_password(service: Service, worker_id: uuid.UUID, new: str, *, now: datetime) -> None:
    """Set another password for somebody who has just proved who they are; their sessions end."""
    with database.transaction(service.engine) as session:
        worker, credential = _own(session, worker_id)
        _set_password(credential, worker, new, profile=PROFILES[service.settings.passwords], now=now)
        sessions.end(session, worker.id, why="password", now=now)
        audit.record(session, by=worker.name, action="password.set", subject=str(worker.id))


def _find(session: Session, login: str) -> tuple[Worker | None, Credential | None]:
    worker = session.scalar(select(Worker).where(Worker.login == login))
    return worker, session.get(Credential, worker.id) if worker else None


def _own(session: Session, worker_id: uuid.UUID) -> tuple[Worker, Credential]:
    credential = session.get(Credential, worker_id) or Credential(worker_id=worker_id, recovery=[], earlier=[])
    return session.get_one(Worker, worker_id), credential


def _spend_code(session: Session, service: Service, credential: Credential, code: str | None, now: datetime) -> bool:
    if credential.totp is None:
        return False
    if code is None:
        raise CodeNeeded(zh="请输入动态码（或恢复码）", en="give the code of your second factor, or a recovery code")
    if not second_factor.spend(session, credential, code, keyring=service.keyring, now=now):
        raise _refused()
    return True


def _begin(session: Session, service: Service, worker: Worker, manner: Manner, now: datetime) -> str:
    if worker.role == NO_ROLE:
        raise Forbidden(
            zh="账号尚未授予角色，请联系安全管理员", en="the account has no role yet: ask the security administrator"
        )
    most = PROFILES[service.settings.passwords].sessions
    return sessions.begin(session, worker, manner, now=now, most=most)


def _name(session: Session, worker: Worker, login: str | None) -> None:
    if worker.login is not None:
        return
    if not login:
        raise Invalid(zh="请为该账号起一个账号名（login）", en="choose a login for this account")
    if session.scalar(select(Worker.id).where(Worker.login == fold(login))) is not None:
        raise Conflict(zh="账号名已有人使用", en="that login is taken")
    worker.login = fold(login)


def _set_password(credential: Credential, worker: Worker, new: str, *, profile: Profile, now: datetime) -> None:
    used = [kept for kept in (credential.password, *(credential.earlier or [])) if kept]
    about = [worker.login or "", worker.name, worker.staff_no or ""]
    passwords.check(new, profile, about=about, earlier=used, with_code=credential.totp is not None)
    credential.password, credential.password_at = passwords.keep(new), now
    credential.earlier = used[: profile.remembered]


def _note_failure(service: Service, worker: Worker | None) -> None:
    with database.transaction(service.engine) as session:
        audit.record(session, by="unknown", action="session.refused", subject=str(worker.id) if worker else "unknown")


def _refused() -> Unproven:
    return Unproven(zh="账号、密码或动态码不正确", en="wrong login, password or code")
