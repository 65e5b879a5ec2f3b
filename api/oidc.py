"""The way to the identity provider and back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api import cookies
from api.deps import Serving
from api.errands import Errand
from api.problems import described
from monitor.access import provider, signing_in
from monitor.tables import utc_now

router = APIRouter(
    prefix="/api/v1/session/oidc", tags=["session"], responses=described(401, 403, 422), route_class=Errand
)
_KEPT = "oidc"
# The browser comes from another site, so a Strict cookie set on a redirect would not be sent along with it.
_ON = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><p>登录成功 / signed in</p>'


@router.get("", status_code=303, summary="统一身份认证登录 / Sign in by the provider", response_class=Response)
def begin(request: Request, service: Serving) -> Response:
    """Send the browser to the identity provider; 422 where none is set."""
    address, kept = provider.begin(service.settings, service.keyring, here=_here(request, service))
    answer = RedirectResponse(address, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(_KEPT, kept, max_age=int(provider.LASTS), secure=secure, httponly=True, samesite="lax")
    return answer


@router.get("/callback", summary="认证返回 / Back from the provider", response_class=HTMLResponse)
def finish(
    request: Request,
    service: Serving,
    code: Annotated[str, Query(max_length=2048)] = "",
    state: Annotated[str, Query(max_length=512)] = "",
) -> Response:
    """Open a session for the account that the provider vouches for, and lead on to the pages."""
    known = provider.finish(
        service.settings, service.keyring, here=_here(request, service), cookie=request.cookies.get(_KEPT, ""),
        answer={"code": code, "state": state},
    )  # fmt: skip
    source = cookies.source_of(request)
    token = signing_in.by_provider(
        service, known.subject, known.login, second=known.second, source=source, now=utc_now()
    )
    answer = HTMLResponse(_ON)
    answer.delete_cookie(_KEPT)
    cookies.give(request, answer, token)
    return answer


def _here(request: Request, service: Serving) -> str:
    return service.settings.public_url or f"{request.url.scheme}://{request.headers.get('Host', '')}"
