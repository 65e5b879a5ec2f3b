"""Pictures taken on a visit: made anew without what cameras write into them, and kept encrypted in the home."""

import hashlib
import io
import os
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope
from monitor.errors import Conflict, Invalid, NotFound
from monitor.privacy import Keyring
from monitor.tables import Alert, FollowUp, Photo

MOST_BYTES = 8 << 20
MOST_PHOTOS = 6
MOST_PIXELS = 50_000_000
EDGE = 1600
FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_BROKEN = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Album:
    """Where the pictures lie, and the keys they are sealed with."""

    home: Path
    keyring: Keyring

    def path(self, photo: uuid.UUID) -> Path:
        """Return where a picture lies."""
        return self.home / "photos" / photo.hex[:2] / photo.hex


def add(session: Session, album: Album, sent: bytes, *, photo_id: uuid.UUID, follow_up: uuid.UUID, by: Viewer) -> Photo:
    """Keep a picture of a follow-up, at most six of them; the same bytes under the same id again change nothing.

    It is decoded and written anew as JPEG, at most 1,600 pixels long, turned upright, without place, time or maker.
    What is no JPEG, PNG or WebP picture is refused, and so is one of more than 50 million pixels, before it is read.
    """
    found = _follow_up(session, follow_up, by)
    digest = hashlib.sha256(sent).hexdigest()
    if (before := session.get(Photo, photo_id)) is not None:
        if (before.sent_sha256, before.follow_up_id) != (digest, found.id):
            raise Conflict(zh="同一编号的照片已存在且内容不同", en="a photo with this id exists and is another")
        return before
    held = select(func.count()).select_from(Photo).where(Photo.follow_up_id == found.id)
    if (session.scalar(held) or 0) >= MOST_PHOTOS:
        raise Conflict(zh=f"每次核查最多{MOST_PHOTOS}张照片", en=f"a follow-up has at most {MOST_PHOTOS} photos")
    data, width, height = made_anew(sent)
    photo = Photo(
        id=photo_id, follow_up_id=found.id, sent_sha256=digest, sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data), width=width, height=height, added_by=str(by.worker),
    )  # fmt: skip
    session.add(photo)
    session.flush()
    _keep(album.path(photo_id), album.keyring.encrypt_bytes(data, about=_about(photo_id)))
    detail = {"follow_up": str(found.id), "sha256": photo.sha256}
    audit.record(session, by=str(by.worker), action="photo.added", subject=str(photo_id), detail=detail)
    return photo


def show(session: Session, album: Album, photo_id: uuid.UUID, *, by: Viewer) -> bytes:
    """Return the picture as JPEG; who saw it is in the audit before it leaves. Refuses one of another region."""
    photo = session.get(Photo, photo_id)
    if photo is None:
        raise _absent()
    _follow_up(session, photo.follow_up_id, by, hold=False)
    try:
        data = album.keyring.decrypt_bytes(album.path(photo_id).read_bytes(), about=_about(photo_id))
    except FileNotFoundError:
        raise NotFound(
            zh="照片文件缺失，请联系管理员", en="the picture's file is missing: tell the administrator"
        ) from None
    audit.record(session, by=str(by.worker), action="photo.shown", subject=str(photo_id))
    return data


def of_follow_up(session: Session, follow_up: uuid.UUID, *, by: Viewer) -> list[Photo]:
    """Return the photos of a follow-up, oldest first; one of another region is refused like one that is not there."""
    _follow_up(session, follow_up, by, hold=False)
    return list(session.scalars(select(Photo).where(Photo.follow_up_id == follow_up).order_by(Photo.added_at)))


def made_anew(sent: bytes) -> tuple[bytes, int, int]:
    """Return the picture as a new JPEG with its width and height; nothing of the old file but its pixels is left."""
    if len(sent) > MOST_BYTES:
        raise Invalid(zh="照片不得超过8MB", en="a photo has at most 8 MiB")
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid(zh="照片像素过大（不超过5000万）", en="a photo has at most 50 million pixels")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except _BROKEN:
        raise Invalid(
            zh="不是可读取的照片（支持 JPEG、PNG、WebP），请重新拍摄或另选",
            en="this is no picture we can read (JPEG, PNG, WebP): take it again or choose another",
        ) from None
    upright.thumbnail((EDGE, EDGE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue(), bare.width, bare.height


def _follow_up(session: Session, follow_up: uuid.UUID, by: Viewer, *, hold: bool = True) -> FollowUp:
    chosen = select(FollowUp).join(Alert, Alert.id == FollowUp.alert_id).where(FollowUp.id == follow_up)
    chosen = scope(chosen, by)
    found = session.scalar(chosen.with_for_update(of=FollowUp) if hold else chosen)
    if found is None:
        raise _absent()
    return found


def _keep(path: Path, sealed: bytes) -> None:
    """Write the file whole before the row is committed; one that no row names is never shown."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(".part")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _about(photo: uuid.UUID) -> str:
    return f"photos.{photo}"


def _absent() -> NotFound:
    return NotFound(
        zh="没有这张照片或核查记录，或不在您的管辖范围", en="there is no such photo or follow-up in your region"
    )
