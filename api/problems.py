"""Refusals over HTTP: RFC 9457 problems in Chinese and in English, never quoting what was sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from monitor.errors import Conflict, Forbidden, InFlight, Invalid, NotFound, Refused, Stale, Unconditional

MEDIA_TYPE = "application/problem+json"
_STATUS: Mapping[type[Refused], int] = {
    NotFound: 404, Forbidden: 403, Conflict: 409, Stale: 412, Invalid: 422, Unconditional: 428,
}  # fmt: skip
_TITLES: Mapping[int, tuple[str, str]] = {
    401: ("请先登录", "Sign in first"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持这种操作", "Method not allowed"),
    409: ("与现状冲突", "In conflict with what is there"),
    412: ("已被他人更新", "Changed by somebody else meanwhile"),
    413: ("内容不得超过64KB", "A request holds at most 64 KiB"),
    422: ("内容有误", "Cannot be read or makes no sense"),
    428: ("须写明所依据的版本", "Say which version it rests on"),
    500: ("系统内部错误", "Something broke on our side"),
}
_OFFENDED: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", "required"),
    "extra_forbidden": ("没有这个字段", "no such field"),
    "json_invalid": ("不是有效的 JSON", "not valid JSON"),
}


class Fault(BaseModel):
    """One thing wrong in a request, by its place; what was sent is not repeated."""

    where: str = Field(description="Place of the fault, as body.visited_on or query.limit")
    code: str = Field(description="Kind of the fault, a closed word")
    zh: str
    en: str


class Problem(BaseModel):
    """A refusal as RFC 9457 has it, with its words in Chinese too."""

    type: str = Field(description="urn:lowincome:problem:<status>")
    title: str
    title_zh: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in English")
    detail_zh: str = Field(description="问题与处理办法")
    faults: list[Fault] = []


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": f"{_TITLES[status][1]} / {_TITLES[status][0]}"}
    for status in (401, 404, 422)
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals with ``statuses`` as a route declares them."""
    return {one: {"model": Problem, "description": " / ".join(_TITLES[one][::-1])} for one in statuses}


CONFLICT = described(409)


def forbidden() -> dict[str, Any]:
    """Return how the description tells of a 403."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": " / ".join(_TITLES[403][::-1]), "content": {"application/json": {"schema": schema}}}


def problem(
    status: int,
    *,
    zh: str | None = None,
    en: str | None = None,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem as the response; without words of its own it says what the status means."""
    phrase = HTTPStatus(status).phrase
    title_zh, title = _TITLES.get(status, (phrase, phrase))
    said = Problem(
        type=f"urn:lowincome:problem:{status}", title=title, title_zh=title_zh, status=status,
        detail=en or title, detail_zh=zh or title_zh, faults=faults or [],
    )  # fmt: skip
    return JSONResponse(said.model_dump(), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Turn every refusal and failure of ``app`` into a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _broken)


def _refused(_: Request, refusal: Exception) -> JSONResponse:
    if not isinstance(refusal, Refused):
        raise refusal
    status = next(_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS)
    headers = {"ETag": f'"{refusal.version}"'} if isinstance(refusal, Stale) else {}
    if isinstance(refusal, InFlight):
        headers["Retry-After"] = "1"
    return problem(status, zh=refusal.zh, en=refusal.en, headers=headers)


def _http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, headers=error.headers)


def _unreadable(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [_fault(said) for said in error.errors()]
    zh, en = "请按 faults 逐项改正后重发", "mend what faults lists, then send it again"
    return problem(422, zh=zh, en=en, faults=faults)


def _broken(_: Request, __: Exception) -> JSONResponse:
    return problem(
        500, zh="请稍后再试；如反复出现请联系管理员", en="try again later; if it persists, tell the administrator"
    )


def _fault(said: Mapping[str, Any]) -> Fault:
    """An unknown field's name is the sender's text and is not repeated."""
    code, place = str(said["type"]), [str(part) for part in said["loc"]]
    if code == "extra_forbidden":
        place[-1] = "?"
    expected = said.get("ctx", {}).get("expected") if code in ("literal_error", "enum") else None
    zh, en = _OFFENDED.get(code, (f"不符合要求（{code}）", f"not as required ({code})"))
    if expected:
        zh, en = f"应为 {expected}", f"expected {expected}"
    return Fault(where=".".join(place), code=code, zh=zh, en=en)
