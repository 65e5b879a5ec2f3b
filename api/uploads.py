"""A delivery sent over HTTP: streamed to disk, taken in whole, answered with its receipt."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import seats
from api.deps import WholeServing, may
from api.errands import Errand
from api.guard import LIMITS
from api.problems import MEDIA_TYPE, RESPONSES, Fault, Problem, members
from monitor import database, feeds
from monitor.errors import Invalid
from monitor.feeds.files import MANIFEST
from monitor.feeds.receipts import receipt_of
from monitor.service import Service
from monitor.tables import Delivery

router = APIRouter(
    prefix="/api/v1", tags=["feeds"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
MOST_BYTES = LIMITS["/api/v1/deliveries"]
LEFT_OVER = 24 * 3600
_STATES = Literal["committed", "held", "refused", "rejected"]


class Said(BaseModel):
    """One thing found in the delivery, in both languages; a column where it is one's."""

    code: str
    column: str | None
    zh: str
    en: str


class ReceiptOut(BaseModel):
    """What became of a delivery; sending the same bytes again gives the same answer."""

    delivery: UUID
    feed: str
    status: _STATES = Field(description="committed 已入库; held 待人工处理; refused 拒收; rejected 已退回")
    received_on: date
    known_on: date | None
    mode: str
    rows: int
    good: int
    errors: int
    unmatched: int
    superseded: int
    problems: list[Said]


class TurnedAway(Problem):
    """A refusal; of a file that was read and found wanting, with its receipt."""

    receipt: ReceiptOut | None = None


class Sent(BaseModel):
    """What the sender says of the file."""

    feed: str = Field(pattern=r"^[a-z_]{1,64}$", description="部门数据名 / the feed")
    ending: Literal["csv", "txt", "tsv", "xlsx", "xls", "parquet", "zip"] = "csv"
    received_on: date | None = None
    mode: Literal["full", "append", "withdraw"] | None = None
    rows: int | None = Field(default=None, ge=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")


@router.post(
    "/deliveries",
    status_code=201,
    summary="上报数据 / Send a delivery",
    dependencies=[may("delivery.send")],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    response_model=ReceiptOut,
    responses={
        200: {"model": ReceiptOut, "description": "Known already: the same answer / 已收到过"},
        422: RESPONSES[422] | {"model": TurnedAway},
    },
)
async def send_delivery(
    request: Request, response: Response, service: WholeServing, sent: Annotated[Sent, Query()]
) -> ReceiptOut | Response:
    """Take in one file, at most 512 MiB, whole or not at all, and return its receipt.

    For supervisors and services only. 201 says that it was committed or is held for a person. A file cut off on the
    way, or without the SHA-256 that was stated, is refused and changes nothing; without a SHA-256 a file must end with
    the end of a line, for it may be cut off. What is refused is answered with 422, what was found in it as ``faults``,
    and its ``receipt``. The same file sent again is answered as the first time, with 200 instead of 201; one that was
    sent back by a person is looked at anew.
    """
    folder = service.settings.received
    await run_in_threadpool(_sweep, folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".upload-") as aside:
        path = Path(aside) / f"{sent.feed}.{sent.ending}"
        digest = await _stream(request, path)
        if sent.sha256 is not None and sent.sha256.lower() != digest:
            raise Invalid(
                zh="内容与所述 SHA-256 不符，请重新发送", en="the body has not the SHA-256 stated: send it again"
            )
        # Only what the sender states vouches for the file: a digest of ours says nothing of whether it is whole.
        said = sent.model_dump(mode="json", exclude={"ending"}, exclude_none=True)
        path.with_name(path.name + MANIFEST).write_text(json.dumps(said), encoding="utf-8")
        receipt = await run_in_threadpool(seats.anywhere, feeds.ingest, service, path)
    if receipt.status == "duplicate":
        response.status_code = 200
    answer = await run_in_threadpool(stored, service, receipt.delivery_id)
    return _refused(answer) if answer.status == "refused" else answer


def _refused(answer: ReceiptOut) -> Response:
    """Nothing of it was taken in: what is wrong comes as faults, each column where there is one."""
    faults = [
        Fault(where=f"body.{one.column}" if one.column else "body", code=one.code, zh=one.zh, en=one.en)
        for one in answer.problems
    ]
    zh, en = f"文件未入库：{faults[0].zh}", f"nothing of the file was taken in: {faults[0].en}"
    said = TurnedAway(**members(422, zh=zh, en=en, kind="delivery"), faults=faults, receipt=answer)
    return JSONResponse(said.model_dump(mode="json"), 422, media_type=MEDIA_TYPE)


def _sweep(folder: Path) -> None:
    """Make the folder ready, and destroy what a killed process left of an upload: it is in the clear."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in folder.glob(".upload-*"):
        if time.time() - path.stat().st_mtime > LEFT_OVER:
            shutil.rmtree(path, ignore_errors=True)


async def _stream(request: Request, path: Path) -> str:
    """Write the body as it comes, never holding it; returns its SHA-256."""
    digest, taken = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        async for piece in _pieces(request):
            taken += len(piece)
            if taken > MOST_BYTES:
                raise HTTPException(413)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """A sender that breaks off is no failure of ours."""
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise HTTPException(400) from None


def stored(service: Service, delivery_id: UUID) -> ReceiptOut:
    """Return what became of a delivery."""
    with database.reading(service.engine) as session:
        stored = receipt_of(session.get_one(Delivery, delivery_id))
    problems = [Said(code=one.code, column=one.column, zh=one.zh, en=one.en) for one in stored.problems]
    return ReceiptOut(
        delivery=stored.delivery_id, feed=stored.feed, status=stored.status, received_on=stored.received_on,  # type: ignore[arg-type]
        known_on=stored.known_on, mode=stored.mode, rows=stored.rows, good=stored.good, errors=stored.errors,
        unmatched=stored.unmatched, superseded=stored.superseded, problems=problems,
    )  # fmt: skip
