"""Signing in by a real identity provider: it says who, we say what; nothing forged, late or borrowed is believed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from identity import CLIENT, SECRET, Provider, provided
from joserfc.jwk import RSAKey
from people import Office
from sqlalchemy import select

from monitor import database
from monitor.access.provider import CALLBACK
from monitor.service import Service
from monitor.tables import SignIn, Worker


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with provided(f"https://testserver{CALLBACK}") as running:
        yield running


@pytest.fixture
def office(service: Service, provider: Provider, tmp_path: Path) -> Office:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    made = Office(service).with_settings(oidc_issuer=provider.issuer, oidc_client=CLIENT, oidc_secret=secret)
    made.account("lin", "caseworker", "340203001")
    return made


def there(browser: Any) -> httpx.URL:
    """Go to the provider and return the address it sends back to."""
    answer = browser.get("/api/v1/session/oidc", follow_redirects=False)
    assert answer.status_code == 303
    assert "httponly" in answer.headers["Set-Cookie"].lower()
    sent = httpx.get(answer.headers["Location"])
    assert sent.status_code == 302, sent.text
    return httpx.URL(sent.headers["Location"])


def test_whom_the_provider_knows_is_signed_in_with_the_role_given_here(office: Office, provider: Provider) -> None:
    browser = office.browser()
    answer = browser.get(str(there(browser)))
    assert (answer.status_code, "refresh" in answer.text) == (200, True)
    who = browser.get("/api/v1/session").json()
    assert (who["role"], who["region"], who["how"]) == ("caseworker", "340203001", "oidc")
    assert office.worker("lin").subject == f"{provider.issuer}#u-7"
    with database.reading(office.service.engine) as session:
        assert [(one.how, one.second) for one in session.scalars(select(SignIn))] == [("oidc", True)]


def test_an_account_is_bound_to_one_person_of_the_provider_for_good(office: Office, provider: Provider) -> None:
    browser = office.browser()
    browser.get(str(there(browser)))
    provider.person = "u-8"
    again = office.browser()
    assert again.get(str(there(again))).status_code == 401
    provider.person, provider.login = "u-7", "renamed"
    again = office.browser()
    assert again.get(str(there(again))).status_code == 200


def test_who_has_no_account_or_a_disabled_one_stays_out(office: Office, provider: Provider) -> None:
    provider.person, provider.login = "u-9", "stranger"
    browser = office.browser()
    answer = browser.get(str(there(browser)))
    assert (answer.status_code, "no account" in answer.json()["detail"]) == (401, True)
    provider.login = "lin"
    with database.transaction(office.service.engine) as session:
        session.scalars(select(Worker).where(Worker.login == "lin")).one().active = False
    browser = office.browser()
    assert browser.get(str(there(browser))).status_code == 401


def test_an_answer_is_good_once_and_only_in_the_browser_that_asked(office: Office) -> None:
    browser, other = office.browser(), office.browser()
    back = there(browser)
    assert other.get(str(back)).status_code == 401
    there(other)
    assert other.get(str(back)).status_code == 401, "another browser's state"
    assert browser.get(str(back.copy_set_param("state", "x"))).status_code == 401
    assert browser.get(str(back.copy_set_param("code", "x"))).status_code == 401
    assert browser.get(str(back)).status_code == 200
    assert office.browser().get(str(back)).status_code == 401


@pytest.mark.parametrize("twist", [{"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}, {"nonce": "x"}])
def test_a_token_that_says_something_else_is_refused(office: Office, provider: Provider, twist: dict[str, Any]) -> None:
    provider.twist = twist
    browser = office.browser()
    assert browser.get(str(there(browser))).status_code == 401
    assert browser.get("/api/v1/session").status_code == 401


def test_a_token_signed_by_another_key_is_refused(office: Office, provider: Provider) -> None:
    provider.shown = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    browser = office.browser()
    assert browser.get(str(there(browser))).status_code == 401


def test_without_a_provider_the_way_there_says_so(service: Service) -> None:
    answer = Office(service).browser().get("/api/v1/session/oidc")
    assert (answer.status_code, "LOWINCOME_OIDC_ISSUER" in answer.json()["detail"]) == (422, True)
