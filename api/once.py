"""Manners of a change: which version it rests on (If-Match), and that sending it twice does it once."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.deps import InTransaction, Serving, Viewing
from api.problems import described
from monitor import answers
from monitor.answers import Asked, Given
from monitor.errors import Unconditional
from monitor.privacy import Keyring

CHANGES: dict[int | str, dict[str, Any]] = described(409, 412, 428)
ONCE: dict[int | str, dict[str, Any]] = described(409)
_TAG = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", pattern=r'^"[0-9]{1,9}"$', description="所依据的版本（ETag）/ the ETag you read"),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{8,128}$",
        description="重发同一请求时不变，保存七天 / the same when the request is sent again; kept seven days",
    ),
]


def expected_version(sent: IfMatch = None) -> int:
    """Return the version that the sender saw; a change that names none is answered with 428."""
    found = _TAG.fullmatch(sent or "")
    if found is None:
        raise Unconditional(
            zh="请在 If-Match 中写明所依据的版本（读取时的 ETag）",
            en="say in If-Match which version you saw: the ETag of your reading",
        )
    return int(found[1])


Expected = Annotated[int, Depends(expected_version)]


async def digest_of(request: Request) -> str:
    """Return the digest of what a request says: its path, its query and its body."""
    said = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode())
    said.update(await request.body())
    return said.hexdigest()


def asked_of(
    request: Request, viewer: Viewing, digest: Annotated[str, Depends(digest_of)], key: Key = None
) -> Iterator[Asked | None]:
    """Yield the request as one that may come twice, or None when it carries no key; held until it is answered."""
    if key is None:
        yield None
        return
    route = f"{request.method} {getattr(request.scope.get('route'), 'path', request.url.path)}"
    asked = Asked(str(viewer.worker), route[:128], key, digest)
    with answers.under_way(asked):
        yield asked


@dataclass(frozen=True)
class Once:
    """One unit of work whose answer is kept with its effect: sent again with its key, it is only told again."""

    session: Session
    keyring: Keyring
    asked: Asked | None

    def answer(self, work: Callable[[], BaseModel], *, status: int = 200) -> Response:
        """Return what ``work`` answers, or what it answered before; its ``version``, if any, is the ETag."""
        before = answers.find(self.session, self.asked, keyring=self.keyring) if self.asked else None
        if before is not None:
            return _response(before, again=True)
        said = work()
        given = Given(status, said.model_dump_json(), getattr(said, "version", None))
        if self.asked:
            answers.keep(self.session, self.asked, given, keyring=self.keyring)
        return _response(given)


def once_of(
    asked: Annotated[Asked | None, Depends(asked_of, scope="function")], session: InTransaction, service: Serving
) -> Iterator[Once]:
    """Yield the unit of work; its route takes no other session, or the key is looked at too late."""
    yield Once(session, service.keyring, asked)


Doing = Annotated[Once, Depends(once_of, scope="function")]


def _response(given: Given, *, again: bool = False) -> Response:
    headers = {"ETag": f'"{given.version}"'} if given.version is not None else {}
    if again:
        headers["Idempotency-Replayed"] = "true"
    return Response(given.body, given.status, headers, media_type="application/json")
