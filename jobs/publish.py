"""Messages on their way out: each sent to each receiver until it says yes, at least once, under one id."""

import http.client
import ssl
from collections import Counter
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from monitor import database, webhooks
from monitor.service import Service
from monitor.tables import utc_now
from monitor.webhooks import Message, Receiver

SECONDS = 10
MOST_ANSWER = 64 * 1024


def publish(service: Service, as_of: date) -> dict[str, Any]:
    """Send every message whose time has come, once; what fails is tried again later, for two days.

    ``as_of`` is the logical date only. Only the addresses on the receivers' page are called, no redirection is
    followed, and what a receiver answers is not kept. A process killed between sending and noting sends again under
    the same id. Returns the counts for the ledger.
    """
    del as_of
    known = webhooks.receivers(service.settings.webhooks)
    with database.transaction(service.engine) as session:
        counts = Counter(prepared=webhooks.prepare(session, known), delivered=0, failed=0)
        messages = webhooks.waiting(session, known, now=utc_now())
    for message in messages:
        problem = send(known[message.receiver], message)
        with database.transaction(service.engine) as session:
            webhooks.settle(session, message, problem=problem, now=utc_now())
        counts["delivered" if problem is None else "failed"] += 1
    return dict(counts)


def send(receiver: Receiver, message: Message) -> str | None:
    """Send one message and return None when it was taken (2xx), else in a few words why not; nothing is followed."""
    place = urlsplit(receiver.url)
    path = (place.path or "/") + (f"?{place.query}" if place.query else "")
    line = _line(place.scheme, place.hostname or "", place.port)
    try:
        headers = webhooks.sign(receiver, message, at=int(utc_now().timestamp()))
        line.request("POST", path, body=message.body, headers=headers)
        answer = line.getresponse()
        answer.read(MOST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        line.close()
    return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"


def _line(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=SECONDS)
