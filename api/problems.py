"""Refusals over HTTP: RFC 9457 problems in Chinese and in English, never quoting what was sent."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.faults import expected
from api.guard import REQUEST, guards
from monitor.errors import (
    CodeGone,
    CodeNeeded,
    Conflict,
    Ended,
    Forbidden,
    InFlight,
    Invalid,
    NotFound,
    ProofNeeded,
    QuotaSpent,
    Refused,
    Stale,
    Throttled,
    Unconditional,
    Unmet,
    Unproven,
)

MOST_TOLD = 5
MEDIA_TYPE = "application/problem+json"
_STATUS: Mapping[type[Refused], int] = {
    NotFound: 404, Forbidden: 403, Conflict: 409, Stale: 412, Invalid: 422, Unconditional: 428,
    QuotaSpent: 429, Unproven: 401, Throttled: 429,
}  # fmt: skip
_KINDS: Mapping[type[Refused], str] = {
    CodeNeeded: "code-needed", ProofNeeded: "proof-needed", Ended: "ended", CodeGone: "code-gone",
    Unmet: "unmet",
}  # fmt: skip
_TITLES: Mapping[int, tuple[str, str]] = {
    401: ("请先登录", "Sign in first"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持这种操作", "Method not allowed"),
    409: ("与现状冲突", "In conflict with what is there"),
    412: ("已被他人更新", "Changed by somebody else meanwhile"),
    400: ("请求无法读取", "The request cannot be read"),
    413: ("内容过大", "Too large"),
    415: ("不支持这种格式", "A format that is not taken here"),
    422: ("内容有误", "Cannot be read or makes no sense"),
    428: ("须写明所依据的版本", "Say which version it rests on"),
    429: ("操作过于频繁", "Too often"),
    500: ("系统内部错误", "Something broke on our side"),
    503: ("暂时不可用", "Not available just now"),
}
_NEXT: Mapping[int, tuple[str, str]] = {
    400: ("请检查请求格式（JSON、编码）后重发", "look at the request's form (JSON, encoding) and send it again"),
    401: ("请重新登录后再试；令牌可能已过期或停用", "sign in again: the token may have expired or been disabled"),
    403: (
        "如工作需要，请向安全管理员申请相应角色",
        "if your work needs it, ask the security administrator for the role",
    ),
    404: (
        "请核对编号；不在管辖范围的内容同样显示为没有找到",
        "check the id; what lies outside your region is not found either",
    ),
    405: ("请查阅 /openapi.json 中该地址支持的操作", "see /openapi.json for what this address takes"),
    409: ("请刷新后按最新情况处理", "read it again and act on what is there now"),
    412: ("请重新读取，核对他人的修改后再提交", "read it again, look at the other's change, then send yours"),
    413: ("请缩小内容或分批发送：一般请求64KB，导入文件8MB", "send less, or in parts: 64 KiB, files for import 8 MiB"),
    415: ("请按 /openapi.json 所列格式发送", "send it in a format that /openapi.json lists"),
    422: ("请按提示改正后重发", "mend what is said, then send it again"),
    428: ("请先读取，再以其 ETag 作 If-Match 提交", "read it first, then send its ETag as If-Match"),
    429: ("请按 Retry-After 所示秒数后再试", "wait the seconds that Retry-After says"),
    500: (
        "请稍后再试；如反复出现，请将 X-Request-Id 告知系统管理员",
        "try later; if it persists, tell the administrator the X-Request-Id",
    ),
    503: ("请按 Retry-After 所示秒数后重试；内容未保存", "try again after Retry-After seconds; nothing was saved"),
}
RETRY_SECONDS = 5


class Fault(BaseModel):
    """One thing wrong in a request, by its place; what was sent is not repeated."""

    where: str = Field(description="Place of the fault, as body.visited_on or query.limit")
    code: str = Field(description="Kind of the fault, a closed word")
    zh: str
    en: str


class Problem(BaseModel):
    """A refusal as RFC 9457 has it, with its words in Chinese too."""

    type: str = Field(
        description="urn:lowincome:problem:<status>, or ...:code-needed, proof-needed, ended, code-gone, unmet,"
        " delivery"
    )
    title: str
    title_zh: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in English")
    detail_zh: str = Field(description="问题与处理办法")
    next: str = Field(description="What to do next", examples=["mend what is said, then send it again"])
    next_zh: str = Field(description="下一步", examples=["请按提示改正后重发"])
    faults: list[Fault] = []


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": f"{_TITLES[status][1]} / {_TITLES[status][0]}"}
    for status in (401, 404, 422)
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals with ``statuses`` as a route declares them."""
    return {one: {"model": Problem, "description": " / ".join(_TITLES[one][::-1])} for one in statuses}


def forbidden() -> dict[str, Any]:
    """Return how the description tells of a 403."""
    return told(403)


def told(status: int) -> dict[str, Any]:
    """Return how the description tells of a refusal with ``status``, with what it looks like."""
    (title_zh, title), (then_zh, then) = _TITLES[status], _NEXT[status]
    example = Problem(
        type=f"urn:lowincome:problem:{status}", title=title, title_zh=title_zh, status=status, detail=title,
        detail_zh=title_zh, next=then, next_zh=then_zh,
    )  # fmt: skip
    shown = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example.model_dump()}
    said: dict[str, Any] = {"description": f"{title} / {title_zh}", "content": {MEDIA_TYPE: shown}}
    if status in (429, 503):
        said["headers"] = {"Retry-After": {"description": "seconds / 秒", "schema": {"type": "string"}}}
    return said


def problem(
    status: int,
    *,
    zh: str | None = None,
    en: str | None = None,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
    kind: str | None = None,
) -> JSONResponse:
    """Return a problem as the response; without words of its own it says what the status means and what to do."""
    said = Problem.model_validate(members(status, zh=zh, en=en, kind=kind) | {"faults": faults or []})
    return JSONResponse(said.model_dump(), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def members(status: int, *, zh: str | None, en: str | None, kind: str | None) -> dict[str, Any]:
    """Return what every problem says beside its faults; without words of its own, what the status means."""
    phrase = HTTPStatus(status).phrase
    title_zh, title = _TITLES.get(status, (phrase, phrase))
    then_zh, then = _NEXT.get(status, _NEXT[400])
    return {
        "type": f"urn:lowincome:problem:{kind or status}", "title": title, "title_zh": title_zh, "status": status,
        "detail": en or title, "detail_zh": zh or title_zh, "next": then, "next_zh": then_zh,
    }  # fmt: skip


def install(app: FastAPI) -> None:
    """Turn every refusal and failure of ``app`` into a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(PoolTimeout, _no_database)
    app.add_exception_handler(Exception, _broken)


def status_of(refusal: Refused) -> int:
    """Return the status that a refusal is answered with."""
    return next(_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS)


def _refused(_: Request, refusal: Exception) -> JSONResponse:
    if not isinstance(refusal, Refused):
        raise refusal
    status = status_of(refusal)
    headers = {"ETag": f'"{refusal.version}"'} if isinstance(refusal, Stale) else {}
    if isinstance(refusal, InFlight):
        headers["Retry-After"] = "1"
    if isinstance(refusal, QuotaSpent | Throttled):
        headers["Retry-After"] = str(refusal.seconds)
    faults = [Fault(where="", code=code, zh=zh, en=en) for code, zh, en in getattr(refusal, "lacks", ())]
    kind = _KINDS.get(type(refusal))
    return problem(status, zh=refusal.zh, en=refusal.en, faults=faults, headers=headers, kind=kind)


def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = error.headers
    if error.status_code == 405:  # Starlette names the methods of the first route on the path alone
        headers = {"Allow": ", ".join(sorted(_methods(request)))}
    return problem(error.status_code, headers=headers)


def _methods(request: Request) -> set[str]:
    """What the most plainly written address takes that the request may mean."""
    routes: list[APIRoute] = request.app.state.routes
    meant = [route for route in routes if route.path_regex.match(request.url.path)]
    plainest = min((route.path.count("{") for route in meant), default=0)
    return {verb for route in meant if route.path.count("{") == plainest for verb in route.methods or ()}


def _unreadable(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [_fault(said) for said in error.errors()]
    zh = f"请改正后重发：{'；'.join(f'{one.where} {one.zh}' for one in faults[:MOST_TOLD])}"
    en = f"mend and send again: {'; '.join(f'{one.where} {one.en}' for one in faults[:MOST_TOLD])}"
    return problem(422, zh=zh, en=en, faults=faults)


def _no_database(_: Request, __: Exception) -> JSONResponse:
    """The connection was lost, the disk is full or somebody else writes for too long: it may be well in a moment."""
    zh, en = "数据库暂时无法读写", "the database cannot be read or written just now"
    return problem(503, zh=zh, en=en, headers={"Retry-After": str(RETRY_SECONDS)})


def _broken(request: Request, __: Exception) -> JSONResponse:
    """Outside every wrapper of the application, so it brings along what they would have put on the answer."""
    carried = guards(request.scope.get(REQUEST, uuid.uuid4()))
    return problem(500, headers={name.decode(): value.decode() for name, value in carried})


def _fault(said: Mapping[str, Any]) -> Fault:
    """An unknown field's name is the sender's text and is not repeated."""
    kind, place = str(said["type"]), [str(part) for part in said["loc"]]
    if kind == "extra_forbidden":
        place[-1] = "?"
    code, zh, en = expected(kind, said.get("ctx") or {})
    return Fault(where=".".join(place), code=code, zh=zh, en=en)
