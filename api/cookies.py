"""The cookie of a session, and whether a request comes from our own pages.

Over TLS the cookie is ``__Host-sid``: Secure, HttpOnly, SameSite=Strict. On plain http a browser on the same machine (a
loopback address) gets ``sid`` without Secure, so that the service can be tried without a proxy; anybody else on plain
http is refused, because their session could be read on the way.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request, Response

from monitor.errors import Forbidden
from monitor.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_HEADER = "X-Lowincome"
UNATTENDED, LEFT = "background", "left"
_OVER_TLS, _LOOPBACK = "__Host-sid", "sid"


def token_of(request: Request) -> str | None:
    """Return what the session's cookie holds."""
    return request.cookies.get(_name(request))


def give(request: Request, response: Response, token: str) -> None:
    """Set the session's cookie; it ends with the browser, and on the server before."""
    name = _name(request)
    if name == _LOOPBACK and not _on_loopback(request):
        raise Forbidden(
            zh="请通过 https 访问：明文连接上的登录会被窃听",
            en="come by https: on a plain connection a session can be stolen",
        )
    response.set_cookie(name, token, secure=name == _OVER_TLS, httponly=True, samesite="strict", path="/")


def take(request: Request, response: Response) -> None:
    """Remove the cookie and what the browser kept.

    A page that left without a network has emptied itself: in its storage lies only what it still owes the server.
    """
    name = _name(request)
    response.delete_cookie(name, secure=name == _OVER_TLS, httponly=True, samesite="strict", path="/")
    emptied = request.headers.get(OWN_HEADER) == LEFT
    response.headers["Clear-Site-Data"] = '"cache", "cookies"' + ("" if emptied else ', "storage"')


def require_own_page(request: Request, settings: Settings) -> None:
    """Refuse a change that another site's page made the browser send: its origin, and a header no form can set."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    here = settings.public_url or f"{request.url.scheme}://{request.headers.get('Host', '')}"
    if site != "same-origin" or (origin is not None and origin != here) or OWN_HEADER not in request.headers:
        raise Forbidden(
            zh=f"请求须来自本系统页面，并带有 {OWN_HEADER} 头",
            en=f"a change comes from this service's own pages and carries the header {OWN_HEADER}",
        )


def by_a_person(request: Request) -> bool:
    """Return whether somebody did something: what a page asks by itself, by a clock, keeps no session awake."""
    return request.headers.get(OWN_HEADER) != UNATTENDED


def source_of(request: Request) -> str:
    """Return the address that the request came from, as the proxy in front says."""
    return request.client.host if request.client else "unknown"


def _name(request: Request) -> str:
    return _OVER_TLS if request.url.scheme == "https" else _LOOPBACK


def _on_loopback(request: Request) -> bool:
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
