"""Sessions of people: opened, kept short, renewed, ended; nothing another site can ride on."""

import statistics
import time
import uuid
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from people import PASSWORD, Office, sign_in
from sqlalchemy import func, select, update

from monitor import audit, database
from monitor.access import passwords, throttle
from monitor.errors import Throttled
from monitor.service import Service
from monitor.tables import Attempt, AuditEntry, Credential, SignIn, utc_now


@pytest.fixture
def office(service: Service) -> Office:
    made = Office(service)
    made.account("lin", "caseworker", "340203001")
    return made


def age(office: Office, **values: object) -> None:
    with database.transaction(office.service.engine) as session:
        session.execute(update(SignIn).values(**values))


def test_a_session_is_an_opaque_cookie_that_no_script_reads_and_no_table_holds(office: Office) -> None:
    browser = office.browser()
    said = sign_in(browser, "LIN ").headers["Set-Cookie"].lower()
    assert said.startswith("__host-sid=")
    assert all(word in said for word in ("secure", "httponly", "samesite=strict", "path=/"))
    assert "domain" not in said
    who = browser.get("/api/v1/session").json()
    assert (who["role"], who["region"], who["how"], who["unfinished"]) == ("caseworker", "340203001", "password", [])
    assert who["region_name"]
    assert "alert.work" in who["actions"]
    assert "role.grant" not in who["actions"]
    token = browser.cookies["__Host-sid"]
    with database.reading(office.service.engine) as session:
        kept = session.scalars(select(SignIn)).one()
        assert (len(token) >= 43, token in str(vars(kept))) == (True, False)


def test_signing_out_ends_it_in_the_browser_and_on_the_server(office: Office) -> None:
    browser = office.signed_in("lin")
    token = browser.cookies["__Host-sid"]
    answer = browser.delete("/api/v1/session")
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (204, '"cache", "cookies", "storage"')
    browser.cookies.set("__Host-sid", token)
    assert browser.get("/api/v1/session").status_code == 401
    left = office.signed_in("lin").delete("/api/v1/session", headers={"X-Lowincome": "left"})
    assert left.headers["Clear-Site-Data"] == '"cache", "cookies"', "what it owes the server stays in its storage"


@pytest.mark.parametrize(("idle", "old", "status"), [(29, 60, 200), (31, 60, 401), (1, 599, 200), (1, 601, 401)])
def test_a_session_rests_half_an_hour_and_lives_ten_hours(office: Office, idle: int, old: int, status: int) -> None:
    browser, now = office.signed_in("lin"), utc_now()
    age(office, seen_at=now - timedelta(minutes=idle), began_at=now - timedelta(minutes=old))
    assert browser.get("/api/v1/alerts").status_code == status


def test_use_keeps_a_session_awake_and_is_written_at_most_once_a_minute(office: Office) -> None:
    browser = office.signed_in("lin")
    age(office, seen_at=utc_now() - timedelta(minutes=20))
    browser.get("/api/v1/alerts")
    with database.reading(office.service.engine) as session:
        first = session.scalars(select(SignIn.seen_at)).one()
    assert utc_now() - first < timedelta(minutes=1)
    browser.get("/api/v1/alerts")
    with database.reading(office.service.engine) as session:
        assert session.scalars(select(SignIn.seen_at)).one() == first


def test_what_a_page_asks_by_itself_keeps_no_session_awake_and_is_still_our_own(office: Office) -> None:
    browser, by_itself = office.signed_in("lin"), {"X-Lowincome": "background"}
    before = utc_now() - timedelta(minutes=20)
    age(office, seen_at=before)
    alone = browser.put(f"/api/v1/alerts/{uuid.uuid4()}/presence", json={"doing": "looking"}, headers=by_itself)
    assert (alone.status_code, browser.get("/api/v1/nights", headers=by_itself).status_code) == (404, 200)
    with database.reading(office.service.engine) as session:
        assert session.scalars(select(SignIn.seen_at)).one() == before
    age(office, seen_at=utc_now() - timedelta(minutes=31))
    assert browser.get("/api/v1/nights", headers=by_itself).status_code == 401


def test_a_disabled_account_is_out_at_once(office: Office) -> None:
    office.account("root", "administrator")
    browser, root = office.signed_in("lin"), office.signed_in("root")
    path = f"/api/v1/accounts/{office.worker('lin').id}/active"
    assert root.put(path, json={"active": False}).json()["active"] is False
    assert browser.get("/api/v1/session").status_code == 401
    assert sign_in(office.browser(), "lin").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
        {"Origin": "null"}, {"X-Lowincome": ""},
    ],
)  # fmt: skip
def test_a_change_that_another_site_sends_is_refused(office: Office, headers: dict[str, str]) -> None:
    browser = office.signed_in("lin")
    if "X-Lowincome" in headers:
        del browser.headers["X-Lowincome"]
        headers = {}
    assert browser.delete("/api/v1/session", headers=headers).status_code == 403
    assert browser.get("/api/v1/session", headers=headers).status_code == 200
    assert sign_in(browser, "lin").status_code == (403 if not headers else 204)
    assert (
        browser.delete("/api/v1/session", headers={"X-Lowincome": "1", "Origin": "https://testserver"}).status_code
        == 204
    )


def test_on_a_plain_connection_only_the_machine_itself_gets_a_session(office: Office) -> None:
    for address, status in (("http://127.0.0.1:8000", 204), ("http://localhost", 204), ("http://lowincome.local", 403)):
        browser = office.browser()
        browser.base_url = address
        answer = sign_in(browser, "lin")
        assert answer.status_code == status
        assert ("sid=" in answer.headers.get("Set-Cookie", ""), "Secure" in answer.headers.get("Set-Cookie", "")) == (
            status == 204, False
        )  # fmt: skip


def test_a_proof_renews_the_session_and_lasts_five_minutes(office: Office) -> None:
    office.account("sec", "security")
    browser = office.signed_in("sec")
    old, lin = browser.cookies["__Host-sid"], office.worker("lin")
    age(office, proved_at=utc_now() - timedelta(minutes=6))
    role = {"role": "reviewer", "region": "340203", "why": "promoted"}
    path = f"/api/v1/accounts/{lin.id}/role"
    refused = browser.put(path, json=role, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:lowincome:problem:proof-needed")
    assert browser.post("/api/v1/session/proof", json={"password": "wrong"}).status_code == 401
    assert browser.post("/api/v1/session/proof", json={"password": PASSWORD}).status_code == 204
    assert browser.cookies["__Host-sid"] != old
    assert browser.put(path, json=role, headers={"If-Match": '"1"'}).json()["role"] == "reviewer"
    browser.cookies.set("__Host-sid", old)
    again = office.browser()
    again.cookies.set("__Host-sid", old)
    assert again.get("/api/v1/session").status_code == 401


def test_a_change_of_role_ends_the_sessions_that_stood_on_the_old_one(office: Office) -> None:
    office.account("sec", "security")
    worker, sec = office.signed_in("lin"), office.signed_in("sec")
    role = {"role": "assistant", "region": "340203001001", "why": "moved"}
    path = f"/api/v1/accounts/{office.worker('lin').id}/role"
    assert sec.put(path, json=role, headers={"If-Match": '"1"'}).status_code == 200
    assert worker.get("/api/v1/session").status_code == 401
    assert sec.put(path, json=role, headers={"If-Match": '"1"'}).status_code == 412
    assert sec.put(path, json=role).status_code == 428


def test_of_three_sessions_the_oldest_ends(office: Office) -> None:
    browsers = [office.signed_in("lin") for _ in range(3)]
    assert [browser.get("/api/v1/session").status_code for browser in browsers] == [401, 200, 200]


def test_a_second_factor_is_asked_for_and_each_code_is_good_once(office: Office) -> None:
    browser = office.signed_in("lin")
    address = browser.post("/api/v1/session/second-factor").json()["address"]
    code = pyotp.parse_uri(address).now()  # type: ignore[union-attr]
    assert browser.put("/api/v1/session/second-factor", json={"code": "000000"}).status_code == 422
    recovery = browser.put("/api/v1/session/second-factor", json={"code": code}).json()["codes"]
    assert len(set(recovery)) == 10
    asked = sign_in(office.browser(), "lin")
    assert (asked.status_code, asked.json()["type"]) == (401, "urn:lowincome:problem:code-needed")
    assert sign_in(office.browser(), "lin", code=code).status_code == 401
    with database.transaction(office.service.engine) as session:
        session.execute(update(Credential).values(totp_step=0))
    assert sign_in(office.browser(), "lin", code=pyotp.parse_uri(address).now()).status_code == 204  # type: ignore[union-attr]
    assert sign_in(office.browser(), "lin", code=recovery[0]).status_code == 204
    assert sign_in(office.browser(), "lin", code=recovery[0]).status_code == 401
    with database.reading(office.service.engine) as session:
        kept = str([vars(one) for one in session.scalars(select(Credential))])
        assert not any(one in kept for one in [*recovery, pyotp.parse_uri(address).secret])


def test_where_everybody_must_have_a_second_factor_nothing_else_can_be_done_first(office: Office) -> None:
    strict = office.with_settings(second_factor=True)
    browser = strict.signed_in("lin")
    assert browser.get("/api/v1/session").json()["unfinished"] == ["second_factor"]
    assert browser.get("/api/v1/alerts").status_code == 403
    address = browser.post("/api/v1/session/second-factor").json()["address"]
    code = pyotp.parse_uri(address).now()  # type: ignore[union-attr]
    assert browser.put("/api/v1/session/second-factor", json={"code": code}).status_code == 200
    assert browser.get("/api/v1/alerts").status_code == 200


def test_after_ninety_days_a_password_is_changed_before_anything_else(office: Office) -> None:
    with database.transaction(office.service.engine) as session:
        session.execute(update(Credential).values(password_at=utc_now() - timedelta(days=91)))
    browser = office.signed_in("lin")
    assert browser.get("/api/v1/session").json()["unfinished"] == ["password"]
    assert browser.get("/api/v1/alerts").status_code == 403
    assert browser.put("/api/v1/session/password", json={"password": PASSWORD}).status_code == 422
    assert browser.put("/api/v1/session/password", json={"password": "Lingwai-Yige-8"}).status_code == 204
    assert office.signed_in("lin", "Lingwai-Yige-8").get("/api/v1/alerts").status_code == 200
    assert office.with_settings(passwords="asvs").signed_in("lin", "Lingwai-Yige-8") is not None


def test_five_failures_lock_the_account_whether_it_exists_or_not(office: Office) -> None:
    for login in ("lin", "nobody"):
        answers = []
        for _ in range(7):
            answers.append(sign_in(office.browser(), login, "wrong").status_code)
            with database.transaction(office.service.engine) as session:  # the short delays pass, the lock does not
                soon = utc_now() + timedelta(minutes=1)
                session.execute(update(Attempt).where(Attempt.blocked_until < soon).values(blocked_until=None))
        assert answers == [401] * 5 + [429] * 2
    locked = sign_in(office.browser(), "lin")
    assert (locked.status_code, int(locked.headers["Retry-After"]) > 1700) == (429, True)


def test_others_cannot_lock_out_who_signed_in_from_their_own_place_before(office: Office) -> None:
    office.signed_in("lin")
    with database.transaction(office.service.engine) as session:
        theirs = throttle.keys_of(office.service.keyring, "lin", "203.0.113.9")
        for _ in range(throttle.ACCOUNT_FAILURES):
            throttle.reserve(
                session, theirs, known=False, now=utc_now() - timedelta(seconds=20) + timedelta(seconds=_ * 4)
            )
    assert sign_in(office.browser(), "lin").status_code == 204


def test_a_thousand_guesses_get_five_looks(office: Office) -> None:
    looked, now = 0, utc_now()
    for _ in range(1000):
        now += timedelta(milliseconds=100)
        try:
            with database.transaction(office.service.engine) as session:
                keys = throttle.keys_of(office.service.keyring, "victim", "203.0.113.9")
                throttle.reserve(session, keys, known=False, now=now)
            looked += 1
        except Throttled:
            continue
    assert looked == throttle.ACCOUNT_FAILURES


def test_an_unknown_name_is_answered_as_a_wrong_password_is(office: Office) -> None:
    wrong, unknown = (sign_in(office.browser(), login, "wrong") for login in ("lin", "nobody"))
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    kept = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1).hash("right")
    spans: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(5):
        for known, hashed in ((True, kept), (False, None)):
            began = time.process_time()
            assert passwords.verify(hashed, "wrong") is False
            spans[known].append(time.process_time() - began)
    known, unknown = (statistics.median(spans[which]) for which in (True, False))
    assert abs(known - unknown) < 0.3 * known


def test_every_sign_in_and_every_refusal_is_in_the_audit(office: Office) -> None:
    office.signed_in("lin")
    sign_in(office.browser(), "lin", "wrong")
    with database.reading(office.service.engine) as session:
        count = dict(session.execute(select(AuditEntry.action, func.count()).group_by(AuditEntry.action)).all())
        assert (count["session.begun"], count["session.refused"]) == (1, 1)
        assert list(audit.broken_links(session)) == []
        assert PASSWORD not in str([vars(one) for one in session.scalars(select(AuditEntry))])
