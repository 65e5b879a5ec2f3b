"""Pictures taken on a visit: sent once, kept encrypted, shown only in scope and never without an audit entry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict

from api.deps import InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES, described
from monitor.cases import photos
from monitor.service import Service

router = APIRouter(prefix="/api/v1", tags=["cases"], responses=RESPONSES, route_class=Errand)
PICTURE = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}, "description": "JPEG"}


class PhotoOut(BaseModel):
    """A picture as it was kept."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    follow_up_id: UUID
    sha256: str
    size_bytes: int
    width: int
    height: int


@router.post(
    "/photos", status_code=201, dependencies=[may("alert.work")], summary="上传照片 / Add a photo",
    responses=described(409, 413),
)  # fmt: skip
def add_photo(
    service: Serving, viewer: Viewing, session: InTransaction,
    sent: Annotated[bytes, Body(media_type="application/octet-stream", description="JPEG, PNG, WebP，不超过8MB")],
    id: Annotated[UUID, Query(description="由设备生成 / made by the device")],  # noqa: A002 - its name outside
    follow_up: Annotated[UUID, Query(description="所属核查 / the follow-up it belongs to")],
) -> PhotoOut:  # fmt: skip
    """Keep a picture of a follow-up, at most six; it is written anew, without place, time or maker of the camera."""
    made = photos.add(session, _album(service), sent, photo_id=id, follow_up=follow_up, by=viewer)
    return PhotoOut.model_validate(made)


@router.get(
    "/photos/{photo_id}", dependencies=[may("alert.read")], summary="查看照片 / Show a photo",
    response_class=Response, responses={200: PICTURE},
)  # fmt: skip
def show_photo(photo_id: UUID, service: Serving, viewer: Viewing, session: InTransaction) -> Response:
    """Return the picture; that it was seen, and by whom, is in the audit before it leaves."""
    return Response(photos.show(session, _album(service), photo_id, by=viewer), media_type="image/jpeg")


@router.get("/follow-ups/{follow_up}/photos", dependencies=[may("alert.read")], summary="核查照片 / Photos of a visit")
def list_photos(follow_up: UUID, viewer: Viewing, session: Reading) -> list[PhotoOut]:
    """Return what pictures a follow-up has, without showing them."""
    return [PhotoOut.model_validate(one) for one in photos.of_follow_up(session, follow_up, by=viewer)]


def _album(service: Service) -> photos.Album:
    return photos.Album(service.settings.home, service.keyring)
