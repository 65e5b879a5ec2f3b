"""Who may see what: tokens shown once, regions and everything below them."""

import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from factories import register
from sqlalchemy import Engine, select

from monitor import access, audit, database
from monitor.errors import Conflict, Forbidden, Invalid
from monitor.tables import Household, Worker


def test_a_worker_signs_in_with_the_token_shown_once_and_never_kept(engine: Engine) -> None:
    with database.transaction(engine) as session:
        worker, token = access.add_worker(session, "林干事", region="340203000000", by="root")
        assert (worker.region, token in str(vars(worker))) == ("340203", False)
        assert access.sign_in(session, token) == access.Viewer(worker.id, "林干事", "caseworker", "340203")
        assert access.sign_in(session, token + "x") is None
        worker.active = False
        session.flush()
        assert access.sign_in(session, token) is None
        assert list(audit.broken_links(session)) == []


def test_a_name_is_taken_once_and_a_role_is_known(engine: Engine) -> None:
    with database.transaction(engine) as session:
        access.add_worker(session, "林干事", region="34", by="root")
    with pytest.raises(Invalid), database.transaction(engine) as session:
        access.add_worker(session, " ", region="34", by="root")
    for options, refusal in (({"region": "34"}, Conflict), ({"region": "34", "role": "king"}, Invalid)):
        with pytest.raises(refusal), database.transaction(engine) as session:
            access.add_worker(session, "林干事", by="root", **options)
    with database.reading(engine) as session:
        assert len(session.scalars(select(Worker)).all()) == 1


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("340203001002", "340203001002"), ("340203001000", "340203001"), ("340203000000", "340203"),
        ("340200000000", "3402"), ("340000000000", "34"), ("340200", "3402"), ("000000000000", "00"),
        (" 3402 ", "3402"),
    ],
)  # fmt: skip
def test_a_code_loses_the_zeros_of_the_levels_below_it(code: str, short: str) -> None:
    assert access.shorten(code) == short


@pytest.mark.parametrize("code", ["", "3", "340", "34020", "34020300100", "3402x3", "３４０２"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        access.shorten(code)


@pytest.mark.parametrize(
    ("region", "seen"),
    [
        ("00", {"H000001", "H000002", "H000003"}), ("34", {"H000001", "H000002", "H000003"}),
        ("3402", {"H000001", "H000002", "H000003"}), ("340203", {"H000002", "H000003"}),
        ("340203001", {"H000002"}), ("340203001001", {"H000002"}), ("340203001000", {"H000002"}),
        ("35", set()), ("340203001009", set()),
    ],
)  # fmt: skip
def test_a_viewer_sees_what_lies_in_their_region(engine: Engine, region: str, seen: set[str]) -> None:
    with database.transaction(engine) as session:
        for number, village in enumerate(("340202001001", "340203001001", "340203002001"), start=1):
            register(session, region=village, start=number)
        somebody = access.Viewer(uuid.UUID(int=1), "n", "caseworker", region)
        chosen = access.scope(select(Household.household_no), somebody, of=Household)
        assert set(session.scalars(chosen)) == seen


@pytest.mark.parametrize("role", access.SEPARATE)
def test_the_three_administrators_see_no_case_though_their_region_be_everything(engine: Engine, role: str) -> None:
    with database.transaction(engine) as session:
        register(session, region="340202001001")
        somebody = access.Viewer(uuid.UUID(int=1), "n", role, access.NATION)
        assert session.scalars(access.scope(select(Household.household_no), somebody, of=Household)).all() == []


def test_the_table_that_people_approve_is_the_table_that_decides() -> None:
    page = Path(access.__file__).parents[1] / "decisions" / "0020-who-may-see-what.md"
    lines = [line.strip("| ").split(" | ") for line in page.read_text(encoding="utf-8").splitlines() if "|" in line]
    roles = lines[0][2:]
    approved = {
        (role, line[0].strip("`")): cell
        for line in lines[2:]
        for role, cell in zip(roles, line[2:], strict=True)
        if cell != "-"
    }
    assert approved == dict(access.POLICY)
    assert tuple(roles) == access.ROLES


def test_what_the_three_administrators_may_do_is_divided() -> None:
    powers = {
        role: {action for action in access.ACTIONS if access.relation(role, action)} - {"session.own", "policy.read"}
        for role in access.SEPARATE
    }
    assert powers["administrator"] & powers["security"] == {"account.read"} == powers["security"] & powers["auditor"]
    touching = re.compile(r"alert|case|household|person|visit|report|view|doubt|delivery")
    touched = {role: {action for action in powers[role] if touching.match(action)} for role in access.SEPARATE}
    assert touched == {"administrator": set(), "security": set(), "auditor": {"household.why", "report.missed"}}
    assert {access.relation("auditor", action) for action in touched["auditor"]} == {"all"}


def test_a_role_is_refused_what_it_may_not_do_and_a_token_what_it_was_not_issued_for() -> None:
    worker = access.Viewer(uuid.UUID(int=1), "n", "caseworker", "340202001")
    assert access.require(worker, "alert.work") == "within"
    with pytest.raises(Forbidden, match="township caseworker"):
        access.require(worker, "role.grant")
    with pytest.raises(Forbidden):
        access.require(replace(worker, scopes=frozenset({"alert.read"})), "alert.work")
    assert access.require(replace(worker, scopes=frozenset({"household.read"})), "household.why") == "within"
    with pytest.raises(Forbidden):
        access.require(replace(worker, scopes=frozenset({"household.why"})), "household.read")
    with pytest.raises(LookupError):
        access.require(worker, "alert.reda")
