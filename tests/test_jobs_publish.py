"""Webhooks: signed, tried again, told once per id, to nobody but the addresses on the page."""

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from factories import DAY, FIRES, Home, judge, register, scan, viewer
from sqlalchemy import insert, select, update

from jobs.publish import publish
from monitor import database, webhooks
from monitor.alerts import raise_alerts
from monitor.errors import Invalid
from monitor.lifecycle import Step, move
from monitor.service import Service, today
from monitor.tables import Alert, Outbox, WebhookSend, utc_now

SECRET, NEXT = b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210"


@dataclass
class Hearing:
    """A receiver on this machine: what it heard, and what it answers next."""

    url: str
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append((dict(self.headers), body))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Location", f"{found.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Hearing(f"http://127.0.0.1:{server.server_port}/in")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


Listening = Callable[..., Service]


@pytest.fixture
def listening(service: Service, tmp_path: Path, hearing: Hearing) -> Listening:
    def with_page(**said: object) -> Service:
        for name, secret in (("now.key", SECRET), ("next.key", NEXT)):
            (tmp_path / name).write_bytes(secret)
            (tmp_path / name).chmod(0o600)
        one = {"url": hearing.url, "events": ["alert.raised", "referral.made"], "secrets": ["now.key"]} | said
        page = tmp_path / "webhooks.yaml"
        page.write_text(yaml.safe_dump({"office": one}), encoding="utf-8")
        return replace(service, settings=replace(service.settings, webhooks=page))

    return with_page


def tell(service: Service, *kinds: str) -> None:
    with database.transaction(service.engine) as session:
        payload = {"level": "red", "household": 7, "note": "340299196001019999"}
        rows = [{"kind": kind, "subject": "s", "payload": payload, "made_at": utc_now()} for kind in kinds]
        session.execute(insert(Outbox), rows)


def later(service: Service, **much: int) -> None:
    """Let the waiting time of what failed pass."""
    with database.transaction(service.engine) as session:
        session.execute(update(WebhookSend).values(next_at=utc_now() - timedelta(**much)))


def test_an_alert_that_a_scan_raises_is_told_once_signed_and_without_anything_personal(
    listening: Listening, hearing: Hearing
) -> None:
    service = listening()
    with database.transaction(service.engine) as session:
        homes = register(session, 2)
        raise_alerts(session, judge({home.id: Home({"illness": FIRES}) for home in homes}), scan=scan(session))
    assert publish(service, today()) == {"prepared": 2, "delivered": 2, "failed": 0}
    assert publish(service, today()) == {"prepared": 0, "delivered": 0, "failed": 0}
    assert len(hearing.heard) == 2
    for headers, body in hearing.heard:
        said = json.loads(body)
        assert said["event"] == "alert.raised"
        assert set(said) == {"id", "event", "subject", "at", "detail"}
        assert set(said["detail"]) <= {"level"}
        signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
        assert headers["Webhook-Signature"] == f"v1={hmac.new(SECRET, signed, sha256).hexdigest()}"
    assert len({headers["Webhook-Id"] for headers, _ in hearing.heard}) == 2
    with database.reading(service.engine) as session:
        assert session.scalars(select(Outbox).where(Outbox.sent_at.is_(None))).all() == []


def test_a_life_that_rises_is_referred_and_ends_is_told_step_by_step(listening: Listening, hearing: Hearing) -> None:
    told = ["alert.raised", "alert.escalated", "referral.made", "alert.closed"]
    service = listening(events=told)
    with database.transaction(service.engine) as session:
        home = register(session)[0].id
        for days, shown in enumerate(({"elder": FIRES}, {"elder": FIRES, "illness": FIRES})):
            night = DAY + timedelta(days=days)
            raise_alerts(session, judge({home: Home(shown)}, as_of=night), scan=scan(session, night))
        alert = session.scalars(select(Alert)).one()
        move(session, alert, "refer", by=viewer(), step=Step("RF_MED", night))
        move(session, alert, "close", by=viewer(), step=Step("NE_INC", night))
    assert publish(service, today())["delivered"] == 4
    said = [json.loads(body) for _, body in hearing.heard]
    assert [one["event"] for one in said] == told
    assert {one["subject"] for one in said} == {str(alert.id)}
    assert [one["detail"].get("level") for one in said[:2]] == ["yellow", "red"]


def test_only_the_events_asked_for_go_and_only_ids_and_codes_of_them(listening: Listening, hearing: Hearing) -> None:
    service = listening()
    tell(service, "alert_closed", "alert_referred", "alert_annulled", "case_opened")
    assert publish(service, today())["delivered"] == 1
    assert [json.loads(body)["event"] for _, body in hearing.heard] == ["referral.made"]
    assert b"340299196001019999" not in hearing.heard[0][1]
    assert b"household" not in hearing.heard[0][1]


def test_what_fails_is_tried_again_under_the_same_id_until_it_is_taken(listening: Listening, hearing: Hearing) -> None:
    service = listening()
    hearing.answers += [500, 302, 429]
    tell(service, "alert_raised")
    for _ in range(3):
        assert publish(service, today())["failed"] == 1
        assert publish(service, today()) == {"prepared": 0, "delivered": 0, "failed": 0}, "not before its time"
        later(service, seconds=1)
    assert publish(service, today())["delivered"] == 1
    assert len({headers["Webhook-Id"] for headers, _ in hearing.heard}) == 1
    assert len(hearing.heard) == 4, "no redirection was followed"
    with database.reading(service.engine) as session:
        send = session.scalars(select(WebhookSend)).one()
        assert (send.attempts, send.ended, send.problem) == (4, "delivered", None)


def test_each_wait_is_longer_and_the_last_ends_it(listening: Listening, hearing: Hearing) -> None:
    service = listening()
    hearing.answers += [503] * 20
    tell(service, "alert_raised")
    waits = []
    for _ in range(9):
        began = utc_now()
        publish(service, today())
        with database.reading(service.engine) as session:
            send = session.scalars(select(WebhookSend)).one()
        waits.append((send.next_at - began).total_seconds())
        later(service, seconds=1)
    assert waits[:8] == sorted(waits[:8])
    assert (send.ended, send.attempts, send.problem) == ("given_up", 9, "HTTP 503")
    assert publish(service, today()) == {"prepared": 0, "delivered": 0, "failed": 0}


def test_a_receiver_that_cannot_be_reached_holds_up_nobody(listening: Listening, hearing: Hearing) -> None:
    service = listening(url="http://127.0.0.1:9/in")
    tell(service, "alert_raised", "alert_raised")
    assert publish(service, today()) == {"prepared": 2, "delivered": 0, "failed": 2}
    with database.reading(service.engine) as session:
        assert {send.problem for send in session.scalars(select(WebhookSend))} == {"ConnectionRefusedError"}
    assert hearing.heard == []


def test_while_a_secret_changes_both_sign(listening: Listening, hearing: Hearing) -> None:
    service = listening(secrets=["next.key", "now.key"])
    tell(service, "alert_raised")
    publish(service, today())
    headers, body = hearing.heard[0]
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    wanted = [f"v1={hmac.new(secret, signed, sha256).hexdigest()}" for secret in (NEXT, SECRET)]
    assert headers["Webhook-Signature"].split(" ") == wanted


def test_a_process_killed_before_it_noted_sends_again_under_the_same_id(listening: Listening, hearing: Hearing) -> None:
    service = listening()
    tell(service, "alert_raised")
    known = webhooks.receivers(service.settings.webhooks)
    with database.transaction(service.engine) as session:
        webhooks.prepare(session, known)
        first = webhooks.waiting(session, known, now=utc_now())
    with database.transaction(service.engine) as session:
        assert webhooks.waiting(session, known, now=utc_now()) == first
    assert publish(service, today())["delivered"] == 1
    assert hearing.heard[0][0]["Webhook-Id"] == first[0].id


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "http://example.org/in"}, "https"), ({"url": "file:///etc/passwd"}, "https"),
        ({"url": "https://name:word@example.org/"}, "https"), ({"url": "gopher://127.0.0.1/"}, "https"),
        ({"events": ["everything"]}, "events are"), ({"secrets": []}, "secret"), ({"secrets": ["none.key"]}, "missing"),
        ({"secrets": ["now.key", "next.key", "now.key"]}, "secret"), ({"secrets": None}, "takes url"),
    ],
)  # fmt: skip
def test_a_page_that_names_another_kind_of_address_or_no_secret_is_refused(
    listening: Listening, wrong: dict[str, object], words: str
) -> None:
    service = listening(**wrong)
    tell(service, "alert_raised")
    with pytest.raises(Invalid, match=words):
        publish(service, today())


def test_a_secret_that_others_can_read_or_that_is_short_is_refused(listening: Listening, tmp_path: Path) -> None:
    service = listening()
    (tmp_path / "now.key").chmod(0o644)
    with pytest.raises(Invalid, match="open to others"):
        publish(service, today())
    (tmp_path / "now.key").chmod(0o600)
    (tmp_path / "now.key").write_bytes(b"short")
    with pytest.raises(Invalid, match="24 bytes"):
        publish(service, today())


def test_without_a_page_nothing_is_sent_and_nothing_waits(service: Service) -> None:
    tell(service, "alert_raised")
    assert publish(service, today()) == {"prepared": 0, "delivered": 0, "failed": 0}
    with database.reading(service.engine) as session:
        assert session.scalars(select(Outbox)).one().sent_at is not None
