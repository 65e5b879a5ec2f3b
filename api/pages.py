"""The console as the browser gets it: its one page under its own addresses, its assets, and the rules it is held to."""

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.guard import instead

DIST = Path(__file__).parent / "console" / "dist"
NONCE = "__NONCE__"
FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "no-cache"
_KINDS = {
    ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png",
    ".json": "application/json", ".webmanifest": "application/manifest+json", ".ico": "image/x-icon",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
WORKER = "sw.js"
_OF_WORKER = "default-src 'none'; connect-src 'self'"
_ROOT_FILES = (WORKER, "manifest.webmanifest", "favicon.ico", "icon.svg")
_UNBUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>低收入人口动态监测</title>
<h1>前端未构建</h1><p>接口照常可用，见 <a href="/openapi.json">/openapi.json</a>。</p>
<p>在源码目录运行 ./lowincome serve 会构建界面。</p>
<p lang="en">The console is not built; the API works. ./lowincome serve builds the console.</p></html>
"""


def install(app: FastAPI, dist: Path = DIST) -> None:
    """Serve the console that lies in ``dist``; where none was built, a plain page says so and the API goes on."""
    console = _Console(dist)
    app.router.routes += [
        Route("/", console.front, methods=["GET"], include_in_schema=False),
        Route("/assets/{name}", console.asset, methods=["GET"], include_in_schema=False),
        *(Route(f"/{name}", console.file, methods=["GET"], include_in_schema=False) for name in _ROOT_FILES),
        *(Route(path, console.page, methods=["GET"], include_in_schema=False) for path in console.paths),
    ]


def policy(nonce: str) -> str:
    """Return what the console's page may load: everything from here, styles made at run time by their nonce alone."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


class _Console:
    """What was built, found once when the service starts."""

    def __init__(self, dist: Path) -> None:
        self._dist = dist
        page = dist / "index.html"
        self._page = page.read_text(encoding="utf-8") if page.exists() else None
        said: Mapping[str, str] = json.loads((dist / "paths.json").read_text("utf-8")) if self._page else {}
        self.paths = sorted({re.sub(r":([a-z]+)", r"{\1}", path) for path in said.values()})

    def front(self, _: Request) -> Response:
        """Lead whoever comes without an address to the queue, which leads on to signing in."""
        return self._unbuilt() if self._page is None else RedirectResponse("/queue", 302)

    def page(self, request: Request) -> Response:
        """Return the one page, with a nonce of this answer's own."""
        if self._page is None:
            return self._unbuilt()
        nonce = secrets.token_urlsafe(16)
        instead(request.scope, cache_control=ANEW, content_security_policy=policy(nonce))
        return HTMLResponse(self._page.replace(NONCE, nonce))

    def asset(self, request: Request) -> Response:
        """Return a file whose name holds the digest of its contents; it may be kept for ever."""
        return self._sent(request, Path("assets") / request.path_params["name"], FOR_EVER)

    def file(self, request: Request) -> Response:
        """Return a file whose name stays while its contents change."""
        name = Path(request.url.path.lstrip("/"))
        if name.name == WORKER:  # what it may fetch is by its own answer's policy
            instead(request.scope, content_security_policy=_OF_WORKER)
        return self._sent(request, name, ANEW)

    def _sent(self, request: Request, name: Path, kept: str) -> Response:
        path, kind = self._dist / name, _KINDS.get(name.suffix)
        if kind is None or not _NAME.fullmatch(name.name) or not path.is_file():
            raise HTTPException(404)
        instead(request.scope, cache_control=kept)
        packed = path.with_name(f"{path.name}.gz")
        headers = {"Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", "") and packed.is_file():
            return FileResponse(packed, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
        return FileResponse(path, media_type=kind, headers=headers)

    def _unbuilt(self) -> Response:
        return HTMLResponse(_UNBUILT)
