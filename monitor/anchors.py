"""The audit chain anchored outside the database: signed lines in a file that only grows, and the check of the two.

A chain alone cannot tell that its end was cut off or that all of it was made anew; the head as it was, kept where
whoever can change the database cannot write, can. Lines are signed with Ed25519, so an auditor needs the public
key only, and each holds the hash of the line before it.
"""

import fcntl
import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Conflict
from monitor.service import Service
from monitor.tables import AuditEntry, utc_now


@dataclass(frozen=True)
class Break:
    """One thing that does not hold: its kind, the audit entry or the anchor's line it is about, in words."""

    kind: str
    at: int
    zh: str
    en: str


@dataclass(frozen=True)
class Checked:
    """What a check of chain and anchor found, and how far each goes."""

    breaks: tuple[Break, ...]
    entries: int
    anchored: int
    public_key: str

    @property
    def well(self) -> bool:
        """Whether everything holds."""
        return not self.breaks


@dataclass(frozen=True)
class Anchored:
    """The newest line of the anchor: the entry it holds and when it was written."""

    entry: int
    at: datetime


def newest(path: Path) -> Anchored | None:
    """Return what the newest line of the anchor at ``path`` says, unchecked; None without one that can be read."""
    line = _last_line(path)
    try:
        said = json.loads(line or b"")
        return Anchored(int(said["id"]), datetime.fromisoformat(said["at"]))
    except (ValueError, KeyError, TypeError):
        return None


def write(service: Service, *, why: str) -> dict[str, Any] | None:
    """Add a signed line with the head of the chain; returns it, or None when the newest line says it already.

    The line is on the disk when this returns. Two that write at once write one after the other.
    """
    path = service.settings.anchor
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _opened(path) as descriptor, database.reading(service.engine) as session:
        head = session.execute(select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)).first()
        last = _last_line(path)
        if head is None or (last is not None and json.loads(last)["hash"] == head.hash):
            return None
        count = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        line = _signed(service, {"id": head.id, "hash": head.hash, "count": count, "why": why}, last)
        os.write(descriptor, line + b"\n")
        os.fsync(descriptor)
    return dict(json.loads(line))


def require(service: Service) -> None:
    """Refuse unless the anchor can be written: what must be anchored is not done without it."""
    path = service.settings.anchor
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _opened(path):
            return
    except OSError:
        raise Conflict(
            zh="审计锚定文件不可写，敏感操作暂停：请联系系统管理员检查磁盘与权限",
            en="the audit anchor cannot be written, so this is refused: ask the administrator to look at disk and mode",
        ) from None


def check(service: Service) -> Checked:
    """Hold every entry against its hash, its predecessor and the anchor's lines; nothing is changed."""
    key = _private(service).public_key()
    lines, faults = _read(service.settings.anchor, key)
    with database.reading(service.engine) as session:
        count = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        faults += _walk(session, lines)
    if count and not lines and not faults:
        faults.append(Break("unanchored", 0, "审计链从未锚定", "the chain was never anchored"))
    return Checked(tuple(faults), count, max(lines, default=0), key.public_bytes_raw().hex())


def _walk(session: Session, lines: Mapping[int, str]) -> list[Break]:
    faults = [_chain_break(*found) for found in audit.breaks(session)]
    held = dict(session.execute(select(AuditEntry.id, AuditEntry.hash).where(AuditEntry.id.in_(lines))).all())
    for place, said in sorted(lines.items()):
        if place not in held:
            faults.append(Break("missing", place, f"锚定的第 {place} 条已不存在", f"anchored entry {place} is gone"))
        elif held[place] != said:
            faults.append(Break("rewritten", place, f"第 {place} 条与锚定不符", f"entry {place} is not as anchored"))
    return faults


def _chain_break(place: int, kind: str) -> Break:
    zh, en = {
        "altered": ("内容与其哈希不符", "is not what its hash says"),
        "unlinked": ("与前一条不相连", "does not follow the one before it"),
    }[kind]
    return Break(kind, place, f"第 {place} 条{zh}", f"entry {place} {en}")


def _read(path: Path, key: Ed25519PublicKey) -> tuple[dict[int, str], list[Break]]:
    """The anchored heads by entry, as far as the lines hold; the first that does not ends the reading."""
    lines: dict[int, str] = {}
    before = b""
    for number, line in enumerate(_lines(path), start=1):
        said = _held(line, before, key)
        if said is None:
            zh, en = f"锚定文件第 {number} 行被改动", f"line {number} of the anchor was altered"
            return lines, [Break("anchor", number, zh, en)]
        lines[int(said["id"])] = str(said["hash"])
        before = line
    return lines, []


def _held(line: bytes, before: bytes, key: Ed25519PublicKey) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        signature = bytes.fromhex(said.pop("signature"))
        key.verify(signature, _canonical(said))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
        return None
    return dict(said) if said["previous"] == hashlib.sha256(before).hexdigest() else None


def _signed(service: Service, said: dict[str, Any], last: bytes | None) -> bytes:
    said |= {"at": utc_now().isoformat(), "previous": hashlib.sha256(last or b"").hexdigest()}
    signature = _private(service).sign(_canonical(said)).hex()
    return _canonical(said | {"signature": signature})


def _canonical(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _private(service: Service) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(service.keyring.anchor_key)


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as file:
            yield from (line.rstrip(b"\n") for line in file)


def _last_line(path: Path) -> bytes | None:
    return next(iter(deque(_lines(path), maxlen=1)), None)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file open for appending, locked against other writers of this machine."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
