"""Accounts, the roles they hold, the tokens of machines; and the policy by which all of it is decided."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.deps import ByLaw, InTransaction, Laws, Reading, Viewing, may
from api.errands import Errand
from api.once import CHANGES, Expected
from api.problems import RESPONSES, described
from api.written import Truth
from monitor import access, audit
from monitor.access import accounts, second_factor, tokens
from monitor.access.accounts import Appointment
from monitor.service import today
from monitor.tables import Credential, ServiceToken, Worker

router = APIRouter(prefix="/api/v1", tags=["accounts"], responses=RESPONSES, route_class=Errand)


class AccountIn(BaseModel):
    """A new account. Its role comes from the security administrator."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64, description="姓名或岗位 / name or post", examples=["花桥镇林干事"])
    login: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]{1,31}$",
        description="人员账号必填；数据服务省略 / none: a machine's",
        examples=["lin"],
    )
    staff_no: str | None = Field(
        None, pattern=r"^[A-Za-z0-9-]{1,32}$", description="工号，一人一号 / one person, one", examples=["0071"]
    )
    first: str | None = Field(
        None,
        pattern="^(security|auditor)$",
        description="尚无安全/审计管理员时指定首位 / names the first of them",
        examples=["auditor"],
    )


class AccountOut(BaseModel):
    """One account, without anything by which it proves itself."""

    id: UUID
    name: str
    login: str | None
    staff_no: str | None
    role: str = Field(description="none：尚未授予 / none: not given yet")
    region: str
    region_name: str = Field(description="辖区名称；空：全国 / empty: the whole nation")
    department: str | None = Field(description="协同部门 / whose clerk it is")
    active: bool
    version: int
    created_at: datetime


class InvitedOut(BaseModel):
    """An account and its invitation, shown this once."""

    account: AccountOut
    invitation: str | None = Field(
        description="24小时内有效，只能用一次；数据服务无 / good once, for a day; a machine has none"
    )


class AccountPage(BaseModel):
    """A page of accounts, by name."""

    items: list[AccountOut]
    next: str | None


class RoleIn(BaseModel):
    """A role, where it holds and why."""

    model_config = ConfigDict(extra="forbid")
    role: str = Field(max_length=32, examples=["caseworker"])
    region: str = Field(pattern=r"^[0-9]{2,12}$", examples=["340210101"])
    why: str = Field(min_length=2, max_length=200, examples=["到岗"])
    department: str | None = Field(
        None,
        min_length=2,
        max_length=64,
        pattern=r"^[^@]+$",
        description="协同部门经办人必填：转办上所写的部门 / a department's clerk: as referrals name it",
    )


class ActiveIn(BaseModel):
    """Whether an account is let in."""

    model_config = ConfigDict(extra="forbid")
    active: Truth


_KEPT = tuple(name for name in AccountOut.model_fields if name != "region_name")


class TokenIn(BaseModel):
    """What a machine's token is for."""

    model_config = ConfigDict(extra="forbid")
    scopes: list[str] = Field(
        min_length=1, max_length=64, description="操作 / actions of the policy", examples=[["feed.read"]]
    )
    days: int = Field(90, ge=1, le=tokens.MOST_DAYS)
    note: str = Field("", max_length=200)


class TokenOut(BaseModel):
    """A token without its text."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    worker_id: UUID
    scopes: list[str]
    note: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class IssuedOut(BaseModel):
    """A new token and its text, shown this once."""

    token: TokenOut
    text: str


class RoleOut(BaseModel):
    """One role and what it may do: action to relation (within, all, self)."""

    role: str
    zh: str
    en: str
    actions: dict[str, str]


def account_out(worker: Worker, laws: Laws) -> AccountOut:
    """Return an account as it is shown, its region by name."""
    named = "" if worker.region == access.NATION else laws.tree.full_name(worker.region, today())
    return AccountOut(**{name: getattr(worker, name) for name in _KEPT}, region_name=named)


def showing(laws: ByLaw, response: Response) -> Callable[[Worker], AccountOut]:
    """Return what shows one account and sends its version as the ETag, which a change must bring back."""

    def show(worker: Worker) -> AccountOut:
        response.headers["ETag"] = f'"{worker.version}"'
        return account_out(worker, laws)

    return show


Showing = Annotated[Callable[[Worker], AccountOut], Depends(showing)]


@router.get("/roles", summary="角色与权限 / Roles", dependencies=[may("policy.read")])
def list_roles() -> list[RoleOut]:
    """Return every role with the actions it may do and in which relation."""
    return [RoleOut(role=role, zh=zh, en=en, actions=dict(_rows(role))) for role, (zh, en) in access.TITLES.items()]


@router.get("/accounts", summary="账号 / Accounts", dependencies=[may("account.read")])
def list_accounts(
    session: Reading,
    laws: ByLaw,
    after: Annotated[
        str | None, Query(max_length=64, description="上一页最后的 name / last name of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AccountPage:
    """Return accounts by name, those kept out among them."""
    chosen = select(Worker).order_by(Worker.name).limit(limit + 1)
    found = session.scalars(chosen if after is None else chosen.where(Worker.name > after)).all()
    items = [account_out(one, laws) for one in found[:limit]]
    return AccountPage(items=items, next=items[-1].name if len(found) > limit else None)


@router.get("/accounts/{account_id}", summary="一个账号 / One account", dependencies=[may("account.read")])
def get_account(account_id: UUID, session: Reading, show: Showing) -> AccountOut:
    """Return one account; its ETag is what a change of role rests on."""
    return show(accounts.get(session, account_id))


@router.post(
    "/accounts", status_code=201, summary="建账号 / Open an account", responses=described(409),
    dependencies=[may("account.write")],
)  # fmt: skip
def open_account(sent: AccountIn, viewer: Viewing, session: InTransaction, laws: ByLaw) -> InvitedOut:
    """Open an account without a role and return its invitation, shown this once; a machine's account has none."""
    worker, invitation = accounts.open_account(
        session, sent.name, login=sent.login, staff_no=sent.staff_no, by=viewer.name
    )
    if sent.first is not None:
        accounts.found(session, worker, sent.first, by=viewer)
    return InvitedOut(account=account_out(worker, laws), invitation=invitation)


@router.post(
    "/accounts/{account_id}/invitation", status_code=201, summary="重新邀请 / Invite again",
    dependencies=[may("account.write")],
)  # fmt: skip
def invite(account_id: UUID, viewer: Viewing, session: InTransaction, laws: ByLaw) -> InvitedOut:
    """Return a new invitation for a forgotten password; the old one is worth nothing from here on."""
    worker = accounts.get(session, account_id)
    text = accounts.invite(session, worker, by=viewer.name)
    return InvitedOut(account=account_out(worker, laws), invitation=text)


@router.put(
    "/accounts/{account_id}/active", summary="启用、停用 / Let in, keep out", responses=described(409),
    dependencies=[may("account.write")],
)  # fmt: skip
def set_active(account_id: UUID, sent: ActiveIn, viewer: Viewing, session: InTransaction, show: Showing) -> AccountOut:
    """Let an account in or keep it out; kept out, its sessions end at once. Sending it again changes nothing."""
    return show(accounts.set_active(session, account_id, sent.active, by=viewer))


@router.put(
    "/accounts/{account_id}/role", summary="授予角色 / Give a role", responses=CHANGES, dependencies=[may("role.grant")]
)
def appoint(
    account_id: UUID, sent: RoleIn, expected: Expected, viewer: Viewing, session: InTransaction, show: Showing
) -> AccountOut:
    """Give a role and a region, within five minutes of a proof; the account's sessions end, so it holds at once."""
    given = Appointment(sent.role, sent.region, sent.why, sent.department)
    return show(accounts.appoint(session, account_id, given, by=viewer, expected=expected))


@router.delete(
    "/accounts/{account_id}/second-factor", status_code=204, summary="解绑动态码 / Take the second factor away",
    dependencies=[may("role.grant")],
)  # fmt: skip
def remove_factor(account_id: UUID, viewer: Viewing, session: InTransaction) -> None:
    """Take away the second factor of somebody who lost telephone and recovery codes."""
    worker = accounts.get(session, account_id)
    credential = session.get(Credential, worker.id)
    if credential is not None:
        second_factor.remove(credential)
    audit.record(session, by=viewer.name, action="second_factor.removed", subject=str(worker.id))


@router.get("/accounts/{account_id}/tokens", summary="令牌 / Tokens", dependencies=[may("account.read")])
def list_tokens(account_id: UUID, session: Reading) -> list[TokenOut]:
    """Return the tokens of an account, the newest first, never their text."""
    worker = accounts.get(session, account_id)
    chosen = select(ServiceToken).where(ServiceToken.worker_id == worker.id)
    found = session.scalars(chosen.order_by(ServiceToken.made_at.desc(), ServiceToken.id).limit(200))
    return [TokenOut.model_validate(one) for one in found]


@router.post(
    "/accounts/{account_id}/tokens", status_code=201, summary="发令牌 / Issue a token",
    dependencies=[may("token.issue")],
)  # fmt: skip
def issue_token(account_id: UUID, sent: TokenIn, viewer: Viewing, session: InTransaction) -> IssuedOut:
    """Issue a token for named actions and a time; its text is shown this once."""
    worker = accounts.get(session, account_id)
    token, text = tokens.issue_to_machine(
        session, worker, scopes=sent.scopes, days=sent.days, note=sent.note, by=viewer.name
    )
    return IssuedOut(token=TokenOut.model_validate(token), text=text)


@router.delete("/tokens/{token_id}", summary="撤销令牌 / Revoke a token", dependencies=[may("token.issue")])
def revoke_token(token_id: UUID, viewer: Viewing, session: InTransaction) -> TokenOut:
    """End a token at once; a second call changes nothing."""
    return TokenOut.model_validate(tokens.revoke(session, token_id, by=viewer.name))


def _rows(role: str) -> list[tuple[str, str]]:
    return [(one, found) for one in access.ACTIONS if (found := access.relation(role, one)) is not None]
