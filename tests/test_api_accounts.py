"""Accounts: one person one, invited once, a role from somebody else, the three administrators apart."""

import uuid
from pathlib import Path

import pytest
from people import OWN, PASSWORD, Office, sign_in
from sqlalchemy import select, update
from typer.testing import CliRunner

from jobs.__main__ import app
from monitor import database
from monitor.access import accounts, passwords
from monitor.service import Service
from monitor.settings import Settings
from monitor.tables import Credential, Grant, ServiceToken, utc_now


@pytest.fixture
def office(service: Service) -> Office:
    return Office(service)


def first_invitation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOWINCOME_HOME", str(settings.home))
    monkeypatch.setenv("LOWINCOME_DATABASE_URL", settings.database_url)
    said = CliRunner().invoke(app, ["account", "bootstrap"])
    assert said.exit_code == 0, said.output
    address, invitation = said.output.strip().splitlines()[-1].split("#")
    assert address == "http://127.0.0.1:8000/welcome"
    return invitation


def test_the_first_administrator_comes_by_an_invitation_good_once(
    office: Office, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    void, invitation = (first_invitation(settings, monkeypatch) for _ in range(2))
    browser = office.browser()
    sent = {"invitation": void, "password": PASSWORD, "login": "chief"}
    assert browser.post("/api/v1/invitations", json=sent).status_code == 401
    sent["invitation"] = invitation
    nameless = {key: value for key, value in sent.items() if key != "login"}
    assert browser.post("/api/v1/invitations", json=nameless).status_code == 422
    assert browser.post("/api/v1/invitations", json=sent).status_code == 204
    assert browser.post("/api/v1/invitations", json=sent).status_code == 401
    assert office.signed_in("chief").get("/api/v1/session").json()["role"] == "administrator"
    assert CliRunner().invoke(app, ["account", "bootstrap"]).exit_code == 3


def test_an_office_comes_about_from_one_administrator_and_nobody_holds_two_of_three(office: Office) -> None:
    office.account("chief", "administrator")
    chief = office.signed_in("chief")

    def opened(login: str, **more: str) -> dict[str, object]:
        answer = chief.post("/api/v1/accounts", json={"name": f"n {login}", "login": login, **more})
        assert answer.status_code == 201, answer.text
        sent = {"invitation": answer.json()["invitation"], "password": PASSWORD}
        assert office.browser().post("/api/v1/invitations", json=sent).status_code == 204
        return answer.json()["account"]

    opened("sec", first="security")
    opened("aud", first="auditor")
    again = chief.post("/api/v1/accounts", json={"name": "x", "login": "sec2", "first": "security"})
    assert again.status_code == 403
    lin = opened("lin")
    assert sign_in(office.browser(), "lin").status_code == 403, "no role yet"
    sec = office.signed_in("sec")

    def give(account: object, role: str, region: str = "340203001", version: int = 1) -> int:
        path, tag = f"/api/v1/accounts/{account}/role", {"If-Match": f'"{version}"'}
        return sec.put(path, json={"role": role, "region": region, "why": "duty"}, headers=tag).status_code

    assert give(lin["id"], "caseworker") == 200
    shown = {one["name"]: one["region_name"] for one in sec.get("/api/v1/accounts").json()["items"]}
    assert (shown[lin["name"]] != "", shown["n sec"]) == (True, "")
    assert office.signed_in("lin").get("/api/v1/alerts").status_code == 200
    assert give(office.worker("sec").id, "auditor") == 403, "nobody gives to themselves"
    assert give(office.worker("aud").id, "administrator") == 409, "nobody holds two of three"
    assert give(office.worker("chief").id, "auditor") == 409
    assert give(office.worker("chief").id, "supervisor") == 409, "the last administrator stays"
    assert give(lin["id"], "king", version=2) == 422
    assert give(lin["id"], "reviewer", "34", version=2) == 422, "wider than a county"
    assert give(uuid.uuid4(), "caseworker") == 404
    assert give(lin["id"], "department", "340203", version=2) == 422, "of which department?"
    path, tag = f"/api/v1/accounts/{lin['id']}/role", {"If-Match": '"2"'}
    clerk = {"role": "department", "region": "340203", "department": "县医保局", "why": "duty"}
    assert sec.put(path, json=clerk | {"role": "caseworker"}, headers=tag).status_code == 422
    assert sec.put(path, json=clerk, headers=tag).json()["department"] == "县医保局"
    assert give(lin["id"], "caseworker", version=3) == 200
    assert give(lin["id"], "service", version=4) == 409, "a person is no machine"
    assert chief.put(f"/api/v1/accounts/{lin['id']}/role", json={}, headers={"If-Match": '"2"'}).status_code in (
        403,
        422,
    )


def test_who_once_was_one_of_the_three_is_never_another(office: Office) -> None:
    office.account("sec", "security")
    office.account("old", "auditor")
    office.account("new", "auditor")
    sec, path = office.signed_in("sec"), f"/api/v1/accounts/{office.worker('old').id}/role"
    role = {"role": "caseworker", "region": "340203001", "why": "left the audit"}
    assert sec.put(path, json=role, headers={"If-Match": '"1"'}).status_code == 200
    role |= {"role": "administrator"}
    assert sec.put(path, json=role, headers={"If-Match": '"2"'}).status_code == 409
    with database.reading(office.service.engine) as session:
        held = session.scalars(select(Grant.role).where(Grant.worker_id == office.worker("old").id)).all()
    assert held == ["auditor", "caseworker"]


def test_one_person_has_one_account_and_nobody_disables_themselves_or_the_last(office: Office) -> None:
    office.account("chief", "administrator")
    office.account("sec", "security")
    chief = office.signed_in("chief")
    one = {"name": "a", "login": "a1", "staff_no": "0071"}
    assert chief.post("/api/v1/accounts", json=one).status_code == 201
    for twin in (one | {"name": "b"}, one | {"name": "b", "login": "b1"}, one | {"login": "b1", "staff_no": "0072"}):
        assert chief.post("/api/v1/accounts", json=twin).status_code == 409
    for login, status in (("chief", 403), ("sec", 409)):
        path = f"/api/v1/accounts/{office.worker(login).id}/active"
        assert chief.put(path, json={"active": False}).status_code == status
        assert chief.put(path, json={"active": True}).status_code == 200


def test_an_invitation_ends_after_a_day_and_a_new_one_replaces_it(office: Office) -> None:
    office.account("chief", "administrator")
    lin = office.account("lin", "caseworker")
    chief, path = office.signed_in("chief"), f"/api/v1/accounts/{lin.id}/invitation"
    old, new = (chief.post(path).json()["invitation"] for _ in range(2))
    sent = {"password": "Zai-Lai-Yici-99"}
    assert office.browser().post("/api/v1/invitations", json=sent | {"invitation": old}).status_code == 401
    with database.transaction(office.service.engine) as session:
        session.execute(update(Credential).where(Credential.worker_id == lin.id).values(invited_until=utc_now()))
    assert office.browser().post("/api/v1/invitations", json=sent | {"invitation": new}).status_code == 401
    signed_in = office.signed_in("lin")
    new = chief.post(path).json()["invitation"]
    assert office.browser().post("/api/v1/invitations", json=sent | {"invitation": new}).status_code == 204
    assert signed_in.get("/api/v1/session").status_code == 401, "a new password ends every session"


def test_accounts_are_listed_page_by_page_and_show_nothing_secret(office: Office) -> None:
    office.account("aud", "auditor")
    for login in ("a1", "b1", "c1"):
        office.account(login, "caseworker")
    browser, names, after = office.signed_in("aud"), [], None
    while True:
        page = browser.get("/api/v1/accounts", params={"limit": 2} | ({"after": after} if after else {})).json()
        names += [item["login"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(names) == ["a1", "aud", "b1", "c1"]
    one = browser.get(f"/api/v1/accounts/{office.worker('a1').id}")
    assert one.headers["ETag"] == '"1"'
    assert not {"password", "totp", "hash", "invitation"} & set(one.json())
    assert {role["role"] for role in browser.get("/api/v1/roles").json()} >= {"assistant", "auditor", "service"}


def test_a_machine_gets_a_token_for_named_actions_that_ends(office: Office) -> None:
    office.account("chief", "administrator")
    office.account("sec", "security")
    chief, sec = office.signed_in("chief"), office.signed_in("sec")
    made = chief.post("/api/v1/accounts", json={"name": "hospital feed"}).json()
    assert made["invitation"] is None
    tokens = f"/api/v1/accounts/{made['account']['id']}/tokens"
    assert sec.post(tokens, json={"scopes": ["feed.read"]}).status_code == 422, "no machine yet"
    role, tag = {"role": "service", "region": "3402", "why": "feed"}, {"If-Match": '"1"'}
    assert sec.put(f"/api/v1/accounts/{made['account']['id']}/role", json=role, headers=tag).status_code == 200
    for scopes in (["role.grant"], ["alert.raed"]):
        assert sec.post(tokens, json={"scopes": scopes}).status_code == 422
    issued = sec.post(tokens, json={"scopes": ["feed.read"], "days": 30}).json()
    machine = office.browser(Authorization=f"Bearer {issued['text']}")
    assert machine.get("/api/v1/feeds").status_code == 200
    assert machine.get("/api/v1/alerts").status_code == 403, "not what it was issued for"
    assert machine.get("/api/v1/session").status_code == 403
    assert issued["text"] not in sec.get(tokens).text
    assert sec.delete(f"/api/v1/tokens/{issued['token']['id']}").json()["revoked_at"]
    assert machine.get("/api/v1/feeds").status_code == 401
    assert sec.delete(f"/api/v1/tokens/{uuid.uuid4()}").status_code == 404
    late = sec.post(tokens, json={"scopes": ["feed.read"]}).json()["text"]
    with database.transaction(office.service.engine) as session:
        session.execute(update(ServiceToken).values(expires_at=utc_now()))
    assert office.browser(Authorization=f"Bearer {late}").get("/api/v1/feeds").status_code == 401


def test_a_token_of_a_person_is_nobody_elses_to_issue(office: Office) -> None:
    office.account("sec", "security")
    lin = office.account("lin", "supervisor")
    sent = office.signed_in("sec").post(f"/api/v1/accounts/{lin.id}/tokens", json={"scopes": ["alert.read"]})
    assert (sent.status_code, "machines" in sent.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("profile", "password", "said"),
    [
        ("gb", "Kurz-7a", "10 to"), ("gb", "abcdefghijkl7", "three of"), ("gb", "Password123!", "tried first"),
        ("gb", "Lowincome-2026", "tried first"), ("gb", "Lintianming-9", "tried first"), ("gb", "Aa1" * 50, "10 to"),
        ("asvs", "nur-vierzehn-z", "15 to"), ("asvs", "qwertyuiop12345", "tried first"),
        ("asvs", "aaaaaaaaaaaaaaaa", "tried"),
    ],
)  # fmt: skip
def test_a_password_is_held_to_its_profile(office: Office, profile: str, password: str, said: str) -> None:
    strict = office.with_settings(passwords=profile)
    with database.transaction(office.service.engine) as session:
        _, invitation = accounts.open_account(session, "n", login="lintianming", staff_no=None, by="test")
    sent = {"invitation": invitation, "password": password}
    answer = strict.browser().post("/api/v1/invitations", json=sent)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert password not in answer.text
    good = {"gb": "Shui-Ye-Xiang-Budao-1", "asvs": "four plain words here"}[profile]
    assert strict.browser().post("/api/v1/invitations", json=sent | {"password": good}).status_code == 204


def test_signing_in_and_accepting_need_our_own_page(office: Office) -> None:
    office.account("lin", "caseworker")
    stranger = office.browser()
    del stranger.headers[next(iter(OWN))]
    assert sign_in(stranger, "lin").status_code == 403
    assert stranger.post("/api/v1/invitations", json={"invitation": "x", "password": "y"}).status_code == 403


def test_a_password_is_kept_by_argon2id_at_the_cost_that_was_decided() -> None:
    source = Path(passwords.__file__).read_text(encoding="utf-8")
    assert "PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)" in source
    assert passwords._NOBODYS.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert passwords.keep(PASSWORD).startswith("$argon2id$")
    assert passwords._PLACES._value == 2  # type: ignore[attr-defined]
