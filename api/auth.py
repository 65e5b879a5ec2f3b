"""Signing in and out, proving again who one is, one's own password and second factor."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import cookies
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import described
from monitor import access
from monitor.access import second_factor, sessions, signing_in
from monitor.access.signing_in import Proof
from monitor.errors import Forbidden
from monitor.service import today
from monitor.tables import Credential, SignIn, utc_now

router = APIRouter(prefix="/api/v1", tags=["session"], responses=described(401, 403, 422), route_class=Errand)
OWN = [may("session.own")]
Secret = Annotated[str, Field(min_length=1, max_length=256, examples=["Shui-Ye-Budao-1"])]
Code = Annotated[
    str,
    Field(min_length=6, max_length=32, description="动态码或恢复码 / code, or a recovery code", examples=["123456"]),
]


class SignInIn(BaseModel):
    """What a person shows to be let in."""

    model_config = ConfigDict(extra="forbid")
    login: str = Field(min_length=1, max_length=64, examples=["lin"])
    password: Secret
    code: Code | None = Field(None, examples=["123456"])


class ProofIn(BaseModel):
    """What a person shows to prove again who they are."""

    model_config = ConfigDict(extra="forbid")
    password: Secret
    code: Code | None = Field(None, examples=["123456"])


class InvitationIn(BaseModel):
    """An invitation, used up by setting a password."""

    model_config = ConfigDict(extra="forbid")
    invitation: Secret
    password: Secret
    login: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]{1,31}$",
        description="仅首位系统管理员须填 / the first administrator's",
        examples=["lin"],
    )


class PasswordIn(BaseModel):
    """A new password for somebody who has just proved who they are."""

    model_config = ConfigDict(extra="forbid")
    password: Secret


class CodeIn(BaseModel):
    """The first code of a new second factor."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[0-9]{6}$", examples=["123456"])


class SessionOut(BaseModel):
    """Who is signed in, what they may do, what they must do first."""

    name: str
    role: str
    role_zh: str
    region: str
    region_name: str = Field(description="辖区名称；空：全国 / empty: the whole nation")
    actions: list[str]
    how: Literal["password", "oidc", "token"]
    unfinished: list[str] = Field(description="须先完成：password、second_factor / to be done before anything else")
    proved_at: datetime | None
    began_at: datetime | None


class SecondFactorOut(BaseModel):
    """The address that an authenticator app reads; shown once."""

    address: str


class RecoveryOut(BaseModel):
    """Ten codes for a lost telephone, each good once; shown once."""

    codes: list[str]


def own_page(request: Request, service: Serving) -> None:
    """Refuse what another site's page made a browser send."""
    cookies.require_own_page(request, service.settings)


def signed_in(viewer: Viewing) -> access.Viewer:
    """Return the person; a machine's token has no session of its own."""
    if viewer.session is None:
        raise Forbidden(zh="令牌没有会话", en="a token has no session")
    return viewer


Person = Annotated[access.Viewer, Depends(signed_in)]


@router.post(
    "/session", status_code=204, summary="登录 / Sign in", responses=described(429), dependencies=[Depends(own_page)]
)
def sign_in(sent: SignInIn, request: Request, response: Response, service: Serving) -> None:
    """Open a session, held by a cookie that scripts cannot read.

    401 ``code-needed`` asks for the code of the second factor. Five failures lock the account for half an hour.
    """
    proof, source = Proof(sent.password, sent.code), cookies.source_of(request)
    token = signing_in.by_password(service, sent.login, proof, source=source, now=utc_now())
    cookies.give(request, response, token)


@router.get("/session", summary="我是谁 / Who am I", dependencies=OWN)
def who_am_i(viewer: Viewing, session: Reading, service: Serving, laws: ByLaw) -> SessionOut:
    """Return who is signed in and every action of the policy that is theirs."""
    sign_in = session.get(SignIn, viewer.session) if viewer.session else None
    credential = session.get(Credential, viewer.worker)
    undone = sessions.unfinished(sign_in, credential, service.settings, utc_now()) if sign_in else []
    mine = [one for one in access.ACTIONS if access.relation(viewer.role, one)]
    return SessionOut(
        name=viewer.name, role=viewer.role, role_zh=access.TITLES[viewer.role][0], region=viewer.region,
        region_name="" if viewer.region == access.NATION else laws.tree.name(viewer.region, today()),
        actions=[one for one in mine if viewer.scopes is None or one in viewer.scopes],
        how=_how(sign_in), unfinished=undone, proved_at=viewer.proved_at,
        began_at=sign_in.began_at if sign_in else None,
    )  # fmt: skip


@router.delete("/session", status_code=204, summary="退出 / Sign out", dependencies=OWN)
def sign_out(request: Request, response: Response, viewer: Person, session: InTransaction) -> None:
    """End the session here and in the browser."""
    sessions.end(session, viewer.worker, why="signed_out", now=utc_now(), only=viewer.session)
    cookies.take(request, response)


@router.post(
    "/session/proof", status_code=204, summary="再次验证 / Prove again", responses=described(429), dependencies=OWN
)
def prove(sent: ProofIn, request: Request, response: Response, viewer: Person, service: Serving) -> None:
    """Show password and code again: good for five minutes of reveals, exports and roles. The cookie changes."""
    if viewer.session is None:
        raise HTTPException(401)
    proof, source = Proof(sent.password, sent.code), cookies.source_of(request)
    token = signing_in.prove(service, viewer.worker, viewer.session, proof, source=source, now=utc_now())
    cookies.give(request, response, token)


@router.put("/session/password", status_code=204, summary="改密码 / Change the password", dependencies=OWN)
def change_password(sent: PasswordIn, request: Request, response: Response, viewer: Person, service: Serving) -> None:
    """Set another password, within five minutes of a proof; every session of the account ends."""
    access.require_proof(viewer)
    signing_in.change_password(service, viewer.worker, sent.password, now=utc_now())
    cookies.take(request, response)


@router.post(
    "/session/second-factor", status_code=201, summary="申请动态码 / Ask for a second factor", dependencies=OWN
)
def propose_factor(viewer: Person, session: InTransaction, service: Serving) -> SecondFactorOut:
    """Make a secret for an authenticator app, within five minutes of a proof; in force from its first code."""
    access.require_proof(viewer)
    credential = session.get(Credential, viewer.worker) or Credential(worker_id=viewer.worker, recovery=[])
    session.add(credential)
    return SecondFactorOut(address=second_factor.propose(credential, name=viewer.name, keyring=service.keyring))


@router.put("/session/second-factor", summary="启用动态码 / Put it in force", dependencies=OWN)
def confirm_factor(sent: CodeIn, viewer: Person, session: InTransaction, service: Serving) -> RecoveryOut:
    """Put the second factor in force by its first code and return recovery codes, shown this once."""
    access.require_proof(viewer)
    credential = session.get_one(Credential, viewer.worker)
    codes = second_factor.confirm(session, credential, sent.code, keyring=service.keyring, now=utc_now())
    return RecoveryOut(codes=codes)


@router.post(
    "/invitations",
    status_code=204,
    summary="接受邀请 / Accept an invitation",
    responses=described(409, 429),
    dependencies=[Depends(own_page)],
)
def accept(sent: InvitationIn, service: Serving) -> None:
    """Set a password by an invitation, which is used up; then sign in."""
    signing_in.accept(service, sent.invitation, sent.password, login=sent.login, now=utc_now())


def _how(sign_in: SignIn | None) -> Any:
    return sign_in.how if sign_in else "token"
