"""What is told outside: who may hear which events, how a message is signed, which message goes to whom when.

The receivers are a page that the administrator keeps (``LOWINCOME_WEBHOOKS``), the only addresses ever called. A
message says which alert or referral by id and what became of it; who it is about, a receiver asks the API.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.errors import Invalid
from monitor.tables import Outbox, WebhookSend

EVENTS: Mapping[str, tuple[str, ...]] = {
    "alert.raised": ("alert_raised",),
    "alert.escalated": ("alert_escalated",),
    "alert.closed": ("alert_closed",),
    "referral.made": ("alert_referred", "alert_disputed"),
}
_BY_KIND = {kind: event for event, kinds in EVENTS.items() for kind in kinds}
_WAITS = (1, 5, 15, 60, 180, 360, 720, 1440)  # minutes before each further attempt: two days in all
MOST = 500
KEPT_SECRETS = 2


@dataclass(frozen=True)
class Receiver:
    """One address that may hear some events; of its secrets the first signs, the second is still taken."""

    name: str
    url: str
    events: frozenset[str]
    secrets: tuple[bytes, ...]


@dataclass(frozen=True)
class Message:
    """One message on its way: its send's key, the receiver's name, its id, and the bytes that go."""

    send: int
    receiver: str
    id: str
    attempts: int
    body: bytes


def receivers(page: Path | None) -> Mapping[str, Receiver]:
    """Read the receivers from their page; none without one.

    Refuses an address that is not https (plain http only on this machine), carries a name or password, or an event
    that there is not; each message names the receiver.
    """
    if page is None:
        return {}
    said = yaml.safe_load(page.read_text(encoding="utf-8")) or {}
    return {name: _receiver(name, one, page.parent) for name, one in said.items()}


def prepare(session: Session, known: Mapping[str, Receiver]) -> int:
    """Write down, for each new message of the outbox, to whom it goes; a message for nobody is done with at once.

    In the caller's transaction; a second call finds nothing new. Returns how many sends were written.
    """
    begun = select(WebhookSend.id).where(WebhookSend.outbox_id == Outbox.id).exists()
    fresh = select(Outbox).where(Outbox.sent_at.is_(None), ~begun).order_by(Outbox.id).limit(MOST)
    made = 0
    for row in session.scalars(fresh):
        event = _BY_KIND.get(row.kind)
        wanted = [name for name, one in known.items() if event in one.events]
        session.add_all(WebhookSend(outbox_id=row.id, receiver=name) for name in wanted)
        made += len(wanted)
        if not wanted:
            row.sent_at = row.made_at
    session.flush()
    return made


def waiting(session: Session, known: Mapping[str, Receiver], *, now: datetime) -> list[Message]:
    """Return the messages whose time has come, oldest first, at most 500; each to be tried once."""
    chosen = (
        select(WebhookSend, Outbox)
        .join(Outbox, Outbox.id == WebhookSend.outbox_id)
        .where(WebhookSend.ended_at.is_(None), WebhookSend.next_at <= now, WebhookSend.receiver.in_(list(known)))
        .order_by(WebhookSend.outbox_id, WebhookSend.id)
        .limit(MOST)
    )
    return [
        Message(send.id, send.receiver, f"{row.id}", send.attempts, _body(row)) for send, row in session.execute(chosen)
    ]


def settle(session: Session, message: Message, *, problem: str | None, now: datetime) -> None:
    """Note how an attempt ended: delivered, to be tried again later, or given up after the last wait."""
    send = session.get_one(WebhookSend, message.send)
    send.attempts, send.problem = message.attempts + 1, problem
    if problem is None:
        send.ended, send.ended_at = "delivered", now
    elif send.attempts > len(_WAITS):
        send.ended, send.ended_at = "given_up", now
    else:
        send.next_at = now + timedelta(minutes=_WAITS[send.attempts - 1])
    session.flush()
    if send.ended is not None:
        left = select(WebhookSend.id).where(WebhookSend.outbox_id == send.outbox_id, WebhookSend.ended_at.is_(None))
        done = update(Outbox).where(Outbox.id == send.outbox_id, ~left.exists())
        session.execute(done.values(sent_at=now))


def sign(receiver: Receiver, message: Message, *, at: int) -> dict[str, str]:
    """Return the headers of a message: its id, the second it is sent, and a signature by each secret in use.

    The signature is HMAC-SHA256 over "<id>.<second>.<body>"; a receiver takes the message if one of them is its own,
    and each id once.
    """
    signed = f"{message.id}.{at}.".encode() + message.body
    signatures = " ".join(f"v1={hmac.new(secret, signed, sha256).hexdigest()}" for secret in receiver.secrets)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Webhook-Id": message.id,
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": signatures,
    }


def _body(row: Outbox) -> bytes:
    """Ids, codes and days only: what a payload holds beyond them stays in the house."""
    told = {"level": row.payload.get("to"), **row.payload} if row.kind == "alert_escalated" else row.payload
    kept = {key: told[key] for key in ("level", "finding", "reason_code", "department", "code") if key in told}
    said = {"id": str(row.id), "event": _BY_KIND[row.kind], "subject": row.subject, "at": row.made_at.isoformat()}
    return json.dumps(said | {"detail": kept}, ensure_ascii=False, sort_keys=True).encode()


def _receiver(name: str, said: Any, folder: Path) -> Receiver:
    try:
        url, events, files = str(said["url"]), frozenset(said["events"]), list(said["secrets"])
    except (KeyError, TypeError):
        raise Invalid(zh=f"{name}：须有 url、events、secrets", en=f"{name}: it takes url, events and secrets") from None
    place = urlsplit(url)
    local = place.hostname in ("127.0.0.1", "::1", "localhost")
    if place.scheme not in ("https", "http") or (place.scheme == "http" and not local) or place.username is not None:
        raise Invalid(zh=f"{name}：地址须为不含账号的 https", en=f"{name}: an address is https, without a name in it")
    if not events <= EVENTS.keys():
        raise Invalid(zh=f"{name}：事件只能是 {'、'.join(EVENTS)}", en=f"{name}: events are {', '.join(EVENTS)}")
    return Receiver(name, url, events, _secrets(name, files, folder))


def _secrets(name: str, files: Sequence[str], folder: Path) -> tuple[bytes, ...]:
    if not 1 <= len(files) <= KEPT_SECRETS:
        raise Invalid(zh=f"{name}：密钥文件为一至两个", en=f"{name}: one secret file, or two while it changes")
    held = []
    for file in files:
        path = folder / file
        if not path.is_file() or path.stat().st_mode & 0o077:
            raise Invalid(
                zh=f"{name}：密钥文件缺失或权限过宽", en=f"{name}: a secret file is missing or open to others"
            )
        held.append(path.read_bytes().strip())
    if any(len(secret) < 24 for secret in held):
        raise Invalid(zh=f"{name}：密钥至少24字节", en=f"{name}: a secret has at least 24 bytes")
    return tuple(held)
